//! What is said of what is wrong.

use chargebook_domain::alerts::{AlertKind, DisputeAlert, Wrong};
use chargebook_domain::ports::{DayMail, DeliveryState};
use chrono_tz::Tz;

use super::lines::moment;
use super::shown;
use crate::tables::grouped;

/// How many are named; the rest are counted.
const NAMED_MAX: usize = 20;

/// The subject and the text of the mail that tells of what is wrong, all of one kind, with the times of `zone`.
pub(crate) fn alarm(kind: AlertKind, wrong: &[Wrong], zone: Tz) -> (String, String) {
    let (one, several, to_do) = words(kind);
    let count = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    let subject = if count == 1 { format!("1 {one}") } else { format!("{} {several}", grouped(count)) };
    let mut lines: Vec<_> = wrong.iter().take(NAMED_MAX).map(|wrong| line(wrong, zone)).collect();
    if let Some(more) = wrong.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    let body = [format!("{subject}:"), lines.join("\n\n"), to_do.to_owned(), "Each is told once.".to_owned()];
    (format!("Chargebook: {subject}"), body.join("\n\n"))
}

/// What one and several are called, and what to do.
fn words(kind: AlertKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        AlertKind::SummaryLate => (
            "daily summary did not go in time",
            "daily summaries did not go in time",
            "Look closer with: chargebook summary list. What failed, a person sends with: chargebook summary resend DATE (with \
             --channel or --account where there are several). What is unknown is looked for where that can be done: look \
             whether it arrived before you have it sent, or it comes twice.",
        ),
        AlertKind::WebhooksSilent => (
            "webhook endpoint is silent",
            "webhook endpoints are silent",
            "Look in Stripe's dashboard whether the endpoint is enabled and what its deliveries say, then: chargebook doctor. \
             What was missed is found by: chargebook backfill.",
        ),
        AlertKind::Quarantined => (
            "event could not be booked",
            "events could not be booked",
            "Each is kept whole. Why, says: chargebook events list --quarantined. After an upgrade: chargebook events replay.",
        ),
        AlertKind::NotReinstated => (
            "won dispute whose money is not back",
            "won disputes whose money is not back",
            "Ask Stripe where the money is. All of them: chargebook dispute list --bucket recovery_pending.",
        ),
        AlertKind::EvidenceDue => (
            "dispute needs evidence soon",
            "disputes need evidence soon",
            "Submit it in Stripe's dashboard, or accept the dispute there. Closer: chargebook dispute show ID.",
        ),
        AlertKind::Orphaned => (
            "dispute has no order",
            "disputes have no order",
            "They are booked all the same. Import the orders, or say which it is: chargebook dispute link ID ORDER.",
        ),
    }
}

fn line(wrong: &Wrong, zone: Tz) -> String {
    match wrong {
        Wrong::SummaryLate { mail, channel } => {
            let DayMail { date, book } = mail;
            let of = book.as_ref().map_or_else(String::new, |book| format!(" of {}", shown::identifier(book.as_str())));
            match channel {
                None => format!("{date}{of}: it is not on its way"),
                Some((channel, state)) => format!("{date}{of}, {channel}: {}", stands(*state)),
            }
        }
        Wrong::WebhooksSilent { since } => {
            format!("the last webhook from Stripe came on {}", moment(*since, zone))
        }
        Wrong::Quarantined { event } => shown::identifier(event),
        Wrong::NotReinstated(alert) => dispute(alert, "won on", zone),
        Wrong::EvidenceDue(alert) => dispute(alert, "due by", zone),
        Wrong::Orphaned(alert) => dispute(alert, "filed on", zone),
    }
}

fn stands(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "it is tried again",
        DeliveryState::Sending => "it is being sent",
        DeliveryState::Accepted => "it was accepted",
        DeliveryState::Failed => "it was refused, and a person must act",
        DeliveryState::Unknown => "nobody knows whether it arrived",
    }
}

fn dispute(alert: &DisputeAlert, what: &str, zone: Tz) -> String {
    let DisputeAlert { key, order, disputed, at } = alert;
    let order =
        order.as_ref().map_or_else(String::new, |order| format!(", order {}", shown::identifier(order.as_str())));
    let (dispute, account) = (shown::identifier(key.dispute.as_str()), shown::identifier(key.account.as_str()));
    let amount = format!("{} {}", disputed.grouped(), disputed.currency());
    format!("{dispute} ({account}){order}: {amount}, {what} {}", moment(*at, zone))
}

#[cfg(test)]
mod tests {
    use chargebook_domain::{AccountId, Currency, DisputeId, DisputeKey, Money, OrderRef};

    use super::*;

    fn due(number: usize) -> Wrong {
        Wrong::EvidenceDue(DisputeAlert {
            key: DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(&format!("du_{number}")).unwrap() },
            order: Some(OrderRef::parse("jane@example.com").unwrap()),
            disputed: Money::new(124_000, Currency::parse("usd").unwrap()),
            at: "2026-11-25T23:30:00Z".parse().unwrap(),
        })
    }

    #[test]
    fn each_is_named_with_its_time_and_without_a_customer() {
        let (subject, body) = alarm(AlertKind::EvidenceDue, &[due(1)], Tz::Europe__Berlin);
        assert_eq!(subject, "Chargebook: 1 dispute needs evidence soon");
        assert!(body.contains("du_1 (default), order ***: 1,240.00 USD, due by 26 Nov 2026 00:30"), "{body}");
    }

    #[test]
    fn of_many_the_first_are_named() {
        let many: Vec<_> = (0..1_234).map(due).collect();
        let (subject, body) = alarm(AlertKind::EvidenceDue, &many, Tz::UTC);
        assert_eq!(subject, "Chargebook: 1,234 disputes need evidence soon");
        assert!(body.contains("du_19 ") && !body.contains("du_20 ") && body.contains("and 1214 more"), "{body}");
    }

    #[test]
    fn every_kind_says_what_to_do() {
        for kind in AlertKind::ALL {
            let (one, several, to_do) = words(kind);
            assert!(one != several && to_do.contains("chargebook "), "{kind:?}");
        }
    }
}
