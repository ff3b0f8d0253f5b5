//! What a rule's messages say: text for people in a mail, JSON for programs in a webhook. Customers are named by their
//! hashes.

use chargebook_domain::ports::Way;
use chargebook_domain::rules::{CustomerSubject, DisputeSubject, OrderSubject, RatioSubject, Tag};
use chargebook_domain::service::Notice;
use chargebook_domain::{Money, Trigger};
use serde_json::{Value, json};

/// The body of a message.
pub(super) fn body(notice: &Notice<'_>) -> String {
    match notice.way {
        Way::Mail => text(notice),
        Way::Webhook(_) => document(notice).to_string(),
    }
}

fn triggers(notice: &Notice<'_>) -> Vec<&'static str> {
    notice.subject.triggers.iter().copied().map(Trigger::as_str).collect()
}

fn text(notice: &Notice<'_>) -> String {
    let subject = notice.subject;
    let happened = triggers(notice).join(", ").replace('_', " ");
    let mut lines = vec![format!("The rule {} fired: {}.", notice.rule, notice.why.trim_end_matches('.'))];
    lines.push(format!("What happened: {happened}, {}.", notice.at.format("%Y-%m-%d %H:%M UTC")));
    lines.extend(subject.dispute.as_ref().map(dispute_line));
    lines.extend(subject.order.as_ref().map(|order| format!("Order: {}.", order.order_ref)));
    lines.extend(subject.customer.as_ref().map(customer_line));
    lines.extend(subject.ratio.as_ref().map(ratio_line));
    if !subject.livemode {
        lines.push("These are books of test mode.".to_owned());
    }
    lines.push(format!("Message {}: it may come twice, and is one.", notice.id));
    lines.join("\n\n")
}

fn major(money: Money) -> String {
    let code = money.currency().code().to_uppercase();
    money
        .to_major()
        .map_or_else(|| format!("{} minor units of {code}", money.minor()), |major| format!("{major} {code}"))
}

fn dispute_line(dispute: &DisputeSubject) -> String {
    let mut parts = vec![major(dispute.amount), dispute.outcome.as_str().replace('_', " ")];
    parts.extend(dispute.reason.as_ref().map(|reason| reason.replace('_', " ")));
    parts.extend(dispute.card_brand.clone());
    let filed = dispute.opened_at.map(|at| format!("filed on {}", at.format("%Y-%m-%d")));
    parts.extend(filed);
    format!("Dispute {} in the book {}: {}.", dispute.key.dispute, dispute.key.account, parts.join(", "))
}

fn customer_line(customer: &CustomerSubject) -> String {
    let figures = &customer.figures;
    let score = match (customer.score, customer.score_before) {
        (Some(score), Some(before)) if score != before => format!("score {score}, before {before}"),
        (Some(score), _) => format!("score {score}"),
        (None, _) => "no score".to_owned(),
    };
    let blocked = if customer.blocked { ", blocked" } else { "" };
    format!(
        "Customer {}: {score}{blocked}; {} disputes ({} open, {} won, {} lost), {} inquiries, {} orders.",
        customer.id, figures.disputes, figures.open, figures.won, figures.lost, figures.inquiries, figures.orders
    )
}

fn ratio_line(ratio: &RatioSubject) -> String {
    let level = ratio.level.as_str();
    let RatioSubject { network, programme, month, bps, .. } = ratio;
    format!("{network}, {programme}, {month}: an estimated {bps} per 10,000 payments, which is the level {level}.")
}

fn document(notice: &Notice<'_>) -> Value {
    let subject = notice.subject;
    json!({
        "id": notice.id,
        "rule": notice.rule.as_str(),
        "why": notice.why,
        "triggers": triggers(notice),
        "at": notice.at,
        "livemode": subject.livemode,
        "dispute": subject.dispute.as_ref().map(dispute),
        "order": subject.order.as_ref().map(order),
        "customer": subject.customer.as_ref().map(customer),
        "ratio": subject.ratio.as_ref().map(ratio),
    })
}

fn dispute(dispute: &DisputeSubject) -> Value {
    json!({
        "account": dispute.key.account.as_str(),
        "id": dispute.key.dispute.as_str(),
        "amount_minor": dispute.amount.minor(),
        "currency": dispute.amount.currency().code(),
        "reason": dispute.reason,
        "card_brand": dispute.card_brand,
        "status": dispute.status.as_str(),
        "outcome": dispute.outcome.as_str(),
        "bucket": dispute.bucket.as_str(),
        "case_type": dispute.case_type,
        "opened_at": dispute.opened_at,
        "closed_at": dispute.closed_at,
    })
}

fn order(order: &OrderSubject) -> Value {
    json!({ "order_ref": order.order_ref.as_str(), "placed_at": order.placed_at })
}

fn customer(customer: &CustomerSubject) -> Value {
    let figures = &customer.figures;
    json!({
        "customer": customer.id.as_str(),
        "score": customer.score,
        "score_before": customer.score_before,
        "blocked": customer.blocked,
        "tags": customer.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "orders": figures.orders,
        "disputed_orders": figures.disputed_orders,
        "disputes": figures.disputes,
        "open": figures.open,
        "won": figures.won,
        "lost": figures.lost,
        "other_closed": figures.other_closed,
        "inquiries": figures.inquiries,
    })
}

fn ratio(ratio: &RatioSubject) -> Value {
    json!({
        "network": ratio.network.as_str(),
        "programme": ratio.programme,
        "month": ratio.month.to_string(),
        "level": ratio.level.as_str(),
        "bps": ratio.bps,
        "is_estimate": true,
    })
}
