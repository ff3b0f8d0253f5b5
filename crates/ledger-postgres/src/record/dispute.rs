//! The rows of disputes: how they stand, their history, resolutions, discrepancies and what they mean for orders.

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{
    CardHash, Change, ChargeId, Convention, CustomerId, Discrepancy, DisputeKey, Line, OrderRef, OrderResolution,
    PaymentIntentId, Resolution,
};
use chrono::{DateTime, Utc};

use super::writes::Writes;
use crate::column;

/// What each change has several of, with the dispute that it is of.
fn each<'a, T: 'a>(changes: &[&'a Change], of: impl Fn(&'a Change) -> &'a [T]) -> Vec<(&'a DisputeKey, &'a T)> {
    changes.iter().flat_map(|change| of(change).iter().map(|one| (&change.key, one))).collect()
}

/// Writes how each dispute stands, on top of exactly the version it was decided from. Who is not among what the part
/// returns is stale: another wrote meanwhile.
pub(super) fn take(writes: &mut Writes, changes: &[&Change]) -> Result<(), LedgerError> {
    let mut rows = changes.to_vec();
    rows.sort_by_key(|change| &change.key);
    let disputed = |change: &Change| change.facts.disputed();
    let same_as = |change: &'_ &Change| change.dispute.same_as.clone();
    writes
        .insert("disputes", &rows)
        .column("account", |c| c.key.account.as_str())?
        .column("dispute_id", |c| c.key.dispute.as_str())?
        .column("charge_id", |c| c.facts.first(|f| f.charge.as_ref().map(ToString::to_string)))?
        .column("payment_intent_id", |c| c.facts.first(|f| f.payment_intent.as_ref().map(ToString::to_string)))?
        .column("order_hint", |c| c.facts.first(|f| f.order_hint.as_ref().map(ToString::to_string)))?
        .column("amount_minor", |c| disputed(c).map(|money| money.minor()))?
        .column("currency", |c| disputed(c).map(|money| money.currency().code().to_owned()))?
        .column("reason", |c| c.facts.first(|f| f.reason.clone()))?
        .column("case_type", |c| c.facts.first(|f| f.case_type.clone()))?
        .column("card_brand", |c| c.facts.first(|f| f.card_brand.clone()))?
        .column("card_last4", |c| c.facts.first(|f| f.card_last4.clone()))?
        .column("card_hash", |c| c.facts.first(|f| f.card_hash.as_ref().map(ToString::to_string)))?
        .column("status", |c| c.dispute.status.as_str())?
        .column("status_as_of", |c| c.dispute.status_as_of)?
        .column("outcome", |c| c.dispute.outcome.as_str())?
        .column("bucket", |c| c.dispute.bucket.as_str())?
        .column("opened_at", |c| c.facts.opened_at())?
        .column("closed_at", |c| c.dispute.closed_at)?
        .column("evidence_due_by", |c| c.facts.last(|f| f.evidence_due_by))?
        .column("evidence_submitted", |c| c.facts.last(|f| f.evidence_submitted))?
        .column("order_match", |c| c.dispute.order_match.as_str())?
        .column("convention", |c| c.dispute.convention.map(Convention::as_str))?
        .column("version", |c| c.expected + 1)?
        .column("customer", |c| c.dispute.customer.as_ref().map(CustomerId::as_str))?
        .column("same_as_account", |c| same_as(c).map(|same| same.account.to_string()))?
        .column("same_as_dispute_id", |c| same_as(c).map(|same| same.dispute.to_string()))?
        .column("filed_at", |c| c.dispute.filed_at)?
        .column("paid_at", |c| c.dispute.paid_at)?
        .column("is_counted", |_| true)?
        .or_replace(
            &["account", "dispute_id"],
            ", match_due = false",
            "t.version = EXCLUDED.version - 1 RETURNING account, dispute_id",
        );
    Ok(())
}

/// Appends the statements that are new.
pub(super) fn history(writes: &mut Writes, changes: &[&Change], recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
    let rows: Vec<(&DisputeKey, &Line)> = each(changes, |change| &change.lines);
    writes
        .insert("dispute_history", &rows)
        .column("account", |(key, _)| key.account.as_str())?
        .column("dispute_id", |(key, _)| key.dispute.as_str())?
        .column("status", |(_, line)| line.status.as_str())?
        .column("as_of", |(_, line)| line.as_of)?
        .column("cause", |(_, line)| line.cause.as_str())?
        .column("basis", |(_, line)| line.basis.as_str())?
        .column("recorded_at", |_| recorded_at)?
        .column("amount_minor", |(_, line)| line.claims.disputed.minor())?
        .column("currency", |(_, line)| line.claims.disputed.currency().code().to_owned())?
        .column("charge_id", |(_, line)| line.claims.charge.as_ref().map(ChargeId::as_str))?
        .column("payment_intent_id", |(_, line)| line.claims.payment_intent.as_ref().map(PaymentIntentId::as_str))?
        .column("order_hint", |(_, line)| line.claims.order_hint.as_ref().map(OrderRef::as_str))?
        .column("reason", |(_, line)| line.claims.reason.as_deref())?
        .column("case_type", |(_, line)| line.claims.case_type.as_deref())?
        .column("card_brand", |(_, line)| line.claims.card_brand.as_deref())?
        .column("card_last4", |(_, line)| line.claims.card_last4.as_deref())?
        .column("opened_at", |(_, line)| line.claims.opened_at)?
        .column("evidence_due_by", |(_, line)| line.claims.evidence_due_by)?
        .column("evidence_submitted", |(_, line)| line.claims.evidence_submitted)?
        .column("latest_movement_at", |(_, line)| line.latest_movement_at)?
        .column("card_hash", |(_, line)| line.claims.card_hash.as_ref().map(CardHash::as_str))?
        .end("");
    Ok(())
}

/// Appends the resolution rows that are missing.
pub(super) fn resolutions(
    writes: &mut Writes,
    changes: &[&Change],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<(&DisputeKey, &Resolution)> = each(changes, |change| &change.resolutions);
    writes
        .insert("resolutions", &rows)
        .column("account", |(key, _)| key.account.as_str())?
        .column("dispute_id", |(key, _)| key.dispute.as_str())?
        .column("revision", |(_, row)| i32::try_from(row.revision).unwrap_or(i32::MAX))?
        .column("currency", |(_, row)| row.currency.code().to_owned())?
        .column("kind", |(_, row)| row.kind.as_str())?
        .column("outcome", |(_, row)| row.outcome.as_str())?
        .column("recovered_delta_minor", |(_, row)| row.deltas.recovered)?
        .column("loss_delta_minor", |(_, row)| row.deltas.loss)?
        .column("fee_delta_minor", |(_, row)| row.deltas.fee)?
        .column("fx_delta_minor", |(_, row)| row.deltas.fx)?
        .column("pending_delta_minor", |(_, row)| row.deltas.pending)?
        .column("suspense_delta_minor", |(_, row)| row.deltas.suspense)?
        .column("net_delta_minor", |(_, row)| row.deltas.net)?
        .column("closed_delta", |(_, row)| row.deltas.closed)?
        .column("won_delta", |(_, row)| row.deltas.won)?
        .column("lost_delta", |(_, row)| row.deltas.lost)?
        .column("occurred_at", |(_, row)| row.occurred_at)?
        .column("recorded_at", |_| recorded_at)?
        .end("");
    Ok(())
}

/// Replaces what is odd: what stays keeps the time at which it was first noticed.
pub(super) fn discrepancies(
    writes: &mut Writes,
    changes: &[&Change],
    noticed_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<(&DisputeKey, &Discrepancy)> = each(changes, |change| &change.discrepancies);
    let kept = |of: fn(&(&DisputeKey, &Discrepancy)) -> String| column(&rows, of);
    replaced(
        writes,
        changes,
        "discrepancies",
        &[("kind", kept(|(_, odd)| odd.kind.as_str().to_owned())), ("detail", kept(|(_, odd)| odd.detail.clone()))],
        &rows,
    )?;
    writes
        .insert("discrepancies", &rows)
        .column("account", |(key, _)| key.account.as_str())?
        .column("dispute_id", |(key, _)| key.dispute.as_str())?
        .column("kind", |(_, odd)| odd.kind.as_str())?
        .column("detail", |(_, odd)| odd.detail.as_str())?
        .column("noticed_at", |_| noticed_at)?
        .end("ON CONFLICT DO NOTHING");
    Ok(())
}

/// Replaces what the disputes mean for their orders.
pub(super) fn order_resolutions(writes: &mut Writes, changes: &[&Change]) -> Result<(), LedgerError> {
    let rows: Vec<(&DisputeKey, &OrderResolution)> = each(changes, |change| &change.order_resolutions);
    let kept = |of: fn(&(&DisputeKey, &OrderResolution)) -> String| column(&rows, of);
    replaced(
        writes,
        changes,
        "order_resolutions",
        &[
            ("order_ref", kept(|(_, row)| row.order.to_string())),
            ("settlement_currency", kept(|(_, row)| row.settlement_currency.code().to_owned())),
        ],
        &rows,
    )?;
    writes
        .insert("order_resolutions", &rows)
        .column("account", |(key, _)| key.account.as_str())?
        .column("dispute_id", |(key, _)| key.dispute.as_str())?
        .column("order_ref", |(_, row)| row.order.as_str())?
        .column("settlement_currency", |(_, row)| row.settlement_currency.code().to_owned())?
        .column("outcome", |(_, row)| row.outcome.as_str())?
        .column("bucket", |(_, row)| row.bucket.as_str())?
        .column("disputed_minor", |(_, row)| row.disputed.minor())?
        .column("disputed_currency", |(_, row)| row.disputed.currency().code().to_owned())?
        .column("recovered_minor", |(_, row)| row.recovered_minor)?
        .column("loss_minor", |(_, row)| row.loss_minor)?
        .column("fee_minor", |(_, row)| row.fee_minor)?
        .column("net_minor", |(_, row)| row.net_minor)?
        .column("closed_at", |(_, row)| row.closed_at)?
        .column("ambiguous", |(_, row)| row.ambiguous)?
        .or_replace(
            &["account", "dispute_id", "order_ref", "settlement_currency"],
            "",
            "(t.*) IS DISTINCT FROM (EXCLUDED.*)",
        );
    Ok(())
}

/// Deletes a table's rows of disputes that were recorded before, but for those that stay. A dispute's row is told from its
/// others by the two `columns`, which `rows` has the values of.
fn replaced<T>(
    writes: &mut Writes,
    changes: &[&Change],
    table: &'static str,
    columns: &[(&'static str, Vec<String>); 2],
    rows: &[(&DisputeKey, T)],
) -> Result<(), LedgerError> {
    let before: Vec<_> = changes.iter().filter(|change| change.expected > 0).collect();
    if before.is_empty() {
        return Ok(());
    }
    let [(one, ones), (other, others)] = columns;
    let accounts = writes.bind(column(&before, |change| change.key.account.as_str()))?;
    let disputes = writes.bind(column(&before, |change| change.key.dispute.as_str()))?;
    let kept = [
        writes.bind(column(rows, |(key, _)| key.account.as_str()))?,
        writes.bind(column(rows, |(key, _)| key.dispute.as_str()))?,
        writes.bind(ones)?,
        writes.bind(others)?,
    ];
    let sql = format!(
        "DELETE FROM chargebook.{table} t USING UNNEST({accounts}, {disputes}) AS k(account, dispute_id)
         WHERE t.account = k.account AND t.dispute_id = k.dispute_id
           AND (t.account, t.dispute_id, t.{one}, t.{other}) NOT IN (SELECT * FROM UNNEST({}))",
        kept.join(", ")
    );
    writes.part(&format!("no_{table}"), &sql);
    Ok(())
}
