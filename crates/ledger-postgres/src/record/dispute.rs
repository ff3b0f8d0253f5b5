//! The rows of disputes: how they stand, their history, resolutions, discrepancies and what they mean for orders.

use std::collections::BTreeSet;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{CardHash, Change, Convention, CustomerId, DisputeKey};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::keys;
use crate::column;
use crate::error::ledger_error;
use crate::load::key;

/// Writes how each dispute stands, on top of exactly the version it was decided from. Who is not among the answers is
/// stale: another wrote meanwhile.
pub(super) async fn take(
    connection: &mut PgConnection,
    changes: &[&Change],
) -> Result<BTreeSet<DisputeKey>, LedgerError> {
    if changes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut rows = changes.to_vec();
    rows.sort_by_key(|change| &change.key);
    let (accounts, disputes) = keys(&rows);
    let facts = |change: &Change| change.facts.disputed();
    let written = sqlx::query!(
        r#"INSERT INTO chargebook.disputes AS d
               (account, dispute_id, charge_id, payment_intent_id, order_hint, amount_minor, currency, reason, case_type,
                card_brand, card_last4, status, status_as_of, outcome, bucket, opened_at, closed_at, evidence_due_by,
                evidence_submitted, order_match, convention, version, card_hash, customer, same_as_account,
                same_as_dispute_id, filed_at, paid_at, is_counted)
           SELECT *, true FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::text[],
                $15::text[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::boolean[], $20::text[],
                $21::text[], $22::bigint[], $23::text[], $24::text[], $25::text[], $26::text[],
                $27::timestamptz[], $28::timestamptz[])
           ON CONFLICT (account, dispute_id) DO UPDATE SET
                charge_id = EXCLUDED.charge_id, payment_intent_id = EXCLUDED.payment_intent_id,
                order_hint = EXCLUDED.order_hint, amount_minor = EXCLUDED.amount_minor, currency = EXCLUDED.currency,
                reason = EXCLUDED.reason, case_type = EXCLUDED.case_type, card_brand = EXCLUDED.card_brand,
                card_last4 = EXCLUDED.card_last4, status = EXCLUDED.status, status_as_of = EXCLUDED.status_as_of,
                outcome = EXCLUDED.outcome, bucket = EXCLUDED.bucket, opened_at = EXCLUDED.opened_at,
                closed_at = EXCLUDED.closed_at, evidence_due_by = EXCLUDED.evidence_due_by,
                evidence_submitted = EXCLUDED.evidence_submitted, order_match = EXCLUDED.order_match,
                convention = EXCLUDED.convention, match_due = false, version = EXCLUDED.version, is_counted = true,
                card_hash = EXCLUDED.card_hash, customer = EXCLUDED.customer,
                same_as_account = EXCLUDED.same_as_account, same_as_dispute_id = EXCLUDED.same_as_dispute_id,
                filed_at = EXCLUDED.filed_at, paid_at = EXCLUDED.paid_at
           WHERE d.version = EXCLUDED.version - 1
           RETURNING account, dispute_id"#,
        &accounts as _,
        &disputes as _,
        &column(&rows, |c| c.facts.first(|f| f.charge.as_ref().map(ToString::to_string))) as _,
        &column(&rows, |c| c.facts.first(|f| f.payment_intent.as_ref().map(ToString::to_string))) as _,
        &column(&rows, |c| c.facts.first(|f| f.order_hint.as_ref().map(ToString::to_string))) as _,
        &column(&rows, |c| facts(c).map(|money| money.minor())) as _,
        &column(&rows, |c| facts(c).map(|money| money.currency().code().to_owned())) as _,
        &column(&rows, |c| c.facts.first(|f| f.reason.clone())) as _,
        &column(&rows, |c| c.facts.first(|f| f.case_type.clone())) as _,
        &column(&rows, |c| c.facts.first(|f| f.card_brand.clone())) as _,
        &column(&rows, |c| c.facts.first(|f| f.card_last4.clone())) as _,
        &column(&rows, |c| c.dispute.status.as_str()) as _,
        &column(&rows, |c| c.dispute.status_as_of),
        &column(&rows, |c| c.dispute.outcome.as_str()) as _,
        &column(&rows, |c| c.dispute.bucket.as_str()) as _,
        &column(&rows, |c| c.facts.opened_at()) as _,
        &column(&rows, |c| c.dispute.closed_at) as _,
        &column(&rows, |c| c.facts.last(|f| f.evidence_due_by)) as _,
        &column(&rows, |c| c.facts.last(|f| f.evidence_submitted)) as _,
        &column(&rows, |c| c.dispute.order_match.as_str()) as _,
        &column(&rows, |c| c.dispute.convention.map(Convention::as_str)) as _,
        &column(&rows, |c| c.expected + 1),
        &column(&rows, |c| c.facts.first(|f| f.card_hash.as_ref().map(ToString::to_string))) as _,
        &column(&rows, |c| c.dispute.customer.as_ref().map(CustomerId::as_str)) as _,
        &column(&rows, |c| c.dispute.same_as.as_ref().map(|same| same.account.as_str())) as _,
        &column(&rows, |c| c.dispute.same_as.as_ref().map(|same| same.dispute.as_str())) as _,
        &column(&rows, |c| c.dispute.filed_at) as _,
        &column(&rows, |c| c.dispute.paid_at) as _
    )
    .fetch_all(connection)
    .await
    .map_err(ledger_error)?;
    written.into_iter().map(|row| key(&row.account, &row.dispute_id)).collect()
}

/// Appends the statements that are new.
pub(super) async fn history(
    connection: &mut PgConnection,
    changes: &[&Change],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<_> =
        changes.iter().flat_map(|change| change.lines.iter().map(move |line| (&change.key, line))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.dispute_history
               (account, dispute_id, status, as_of, cause, basis, recorded_at, amount_minor, currency, charge_id,
                payment_intent_id, order_hint, reason, case_type, card_brand, card_last4, opened_at, evidence_due_by,
                evidence_submitted, latest_movement_at, card_hash)
           SELECT account, dispute_id, status, as_of, cause, basis, $7, amount_minor, currency, charge_id,
                payment_intent_id, order_hint, reason, case_type, card_brand, card_last4, opened_at, evidence_due_by,
                evidence_submitted, latest_movement_at, card_hash
           FROM UNNEST($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $8::bigint[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
                $17::timestamptz[], $18::timestamptz[], $19::boolean[], $20::timestamptz[],
                $21::text[])
             AS l(account, dispute_id, status, as_of, cause, basis, amount_minor, currency, charge_id,
                payment_intent_id, order_hint, reason, case_type, card_brand, card_last4, opened_at, evidence_due_by,
                evidence_submitted, latest_movement_at, card_hash)"#,
        &column(&rows, |(key, _)| key.account.as_str()) as _,
        &column(&rows, |(key, _)| key.dispute.as_str()) as _,
        &column(&rows, |(_, line)| line.status.as_str()) as _,
        &column(&rows, |(_, line)| line.as_of),
        &column(&rows, |(_, line)| line.cause.as_str()) as _,
        &column(&rows, |(_, line)| line.basis.as_str()) as _,
        recorded_at,
        &column(&rows, |(_, line)| line.claims.disputed.minor()),
        &column(&rows, |(_, line)| line.claims.disputed.currency().code().to_owned()),
        &column(&rows, |(_, line)| line.claims.charge.as_ref().map(chargebook_domain::ChargeId::as_str)) as _,
        &column(&rows, |(_, line)| line.claims.payment_intent.as_ref().map(chargebook_domain::PaymentIntentId::as_str))
            as _,
        &column(&rows, |(_, line)| line.claims.order_hint.as_ref().map(chargebook_domain::OrderRef::as_str)) as _,
        &column(&rows, |(_, line)| line.claims.reason.as_deref()) as _,
        &column(&rows, |(_, line)| line.claims.case_type.as_deref()) as _,
        &column(&rows, |(_, line)| line.claims.card_brand.as_deref()) as _,
        &column(&rows, |(_, line)| line.claims.card_last4.as_deref()) as _,
        &column(&rows, |(_, line)| line.claims.opened_at) as _,
        &column(&rows, |(_, line)| line.claims.evidence_due_by) as _,
        &column(&rows, |(_, line)| line.claims.evidence_submitted) as _,
        &column(&rows, |(_, line)| line.latest_movement_at) as _,
        &column(&rows, |(_, line)| line.claims.card_hash.as_ref().map(CardHash::as_str)) as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Appends the resolution rows that are missing.
pub(super) async fn resolutions(
    connection: &mut PgConnection,
    changes: &[&Change],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<_> =
        changes.iter().flat_map(|change| change.resolutions.iter().map(move |row| (&change.key, row))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.resolutions
               (account, dispute_id, revision, currency, kind, outcome, recovered_delta_minor, loss_delta_minor, fee_delta_minor,
                fx_delta_minor, pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta, won_delta,
                lost_delta, occurred_at, recorded_at)
           SELECT *, $18 FROM UNNEST($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[],
                $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                $14::bigint[], $15::bigint[], $16::bigint[], $17::timestamptz[])"#,
        &column(&rows, |(key, _)| key.account.as_str()) as _,
        &column(&rows, |(key, _)| key.dispute.as_str()) as _,
        &column(&rows, |(_, row)| i32::try_from(row.revision).unwrap_or(i32::MAX)),
        &column(&rows, |(_, row)| row.currency.code().to_owned()),
        &column(&rows, |(_, row)| row.kind.as_str()) as _,
        &column(&rows, |(_, row)| row.outcome.as_str()) as _,
        &column(&rows, |(_, row)| row.deltas.recovered),
        &column(&rows, |(_, row)| row.deltas.loss),
        &column(&rows, |(_, row)| row.deltas.fee),
        &column(&rows, |(_, row)| row.deltas.fx),
        &column(&rows, |(_, row)| row.deltas.pending),
        &column(&rows, |(_, row)| row.deltas.suspense),
        &column(&rows, |(_, row)| row.deltas.net),
        &column(&rows, |(_, row)| row.deltas.closed),
        &column(&rows, |(_, row)| row.deltas.won),
        &column(&rows, |(_, row)| row.deltas.lost),
        &column(&rows, |(_, row)| row.occurred_at),
        recorded_at
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Replaces what is odd: what stays keeps the time at which it was first noticed.
pub(super) async fn discrepancies(
    connection: &mut PgConnection,
    changes: &[&Change],
    noticed_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<_> =
        changes.iter().flat_map(|change| change.discrepancies.iter().map(move |odd| (&change.key, odd))).collect();
    let (accounts, disputes) = keys(changes);
    let of_account = column(&rows, |(key, _)| key.account.as_str());
    let of_dispute = column(&rows, |(key, _)| key.dispute.as_str());
    let kinds = column(&rows, |(_, odd)| odd.kind.as_str());
    let details = column(&rows, |(_, odd)| odd.detail.as_str());
    sqlx::query!(
        r#"DELETE FROM chargebook.discrepancies d
           USING UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           WHERE d.account = k.account AND d.dispute_id = k.dispute_id AND (d.account, d.dispute_id, d.kind, d.detail)
                 NOT IN (SELECT * FROM UNNEST($3::text[], $4::text[], $5::text[], $6::text[]))"#,
        &accounts as _,
        &disputes as _,
        &of_account as _,
        &of_dispute as _,
        &kinds as _,
        &details as _
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.discrepancies (account, dispute_id, kind, detail, noticed_at)
           SELECT *, $5 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING"#,
        &of_account as _,
        &of_dispute as _,
        &kinds as _,
        &details as _,
        noticed_at
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Replaces what the disputes mean for their orders.
pub(super) async fn order_resolutions(connection: &mut PgConnection, changes: &[&Change]) -> Result<(), LedgerError> {
    let (accounts, disputes) = keys(changes);
    sqlx::query!(
        r#"DELETE FROM chargebook.order_resolutions o
           USING UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           WHERE o.account = k.account AND o.dispute_id = k.dispute_id"#,
        &accounts as _,
        &disputes as _
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let rows: Vec<_> =
        changes.iter().flat_map(|change| change.order_resolutions.iter().map(move |row| (&change.key, row))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.order_resolutions
               (account, dispute_id, order_ref, settlement_currency, outcome, bucket, disputed_minor, disputed_currency,
                recovered_minor, loss_minor, fee_minor, net_minor, closed_at, ambiguous)
           SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[],
                $14::boolean[])"#,
        &column(&rows, |(key, _)| key.account.as_str()) as _,
        &column(&rows, |(key, _)| key.dispute.as_str()) as _,
        &column(&rows, |(_, row)| row.order.as_str()) as _,
        &column(&rows, |(_, row)| row.settlement_currency.code().to_owned()),
        &column(&rows, |(_, row)| row.outcome.as_str()) as _,
        &column(&rows, |(_, row)| row.bucket.as_str()) as _,
        &column(&rows, |(_, row)| row.disputed.minor()),
        &column(&rows, |(_, row)| row.disputed.currency().code().to_owned()),
        &column(&rows, |(_, row)| row.recovered_minor),
        &column(&rows, |(_, row)| row.loss_minor),
        &column(&rows, |(_, row)| row.fee_minor),
        &column(&rows, |(_, row)| row.net_minor),
        &column(&rows, |(_, row)| row.closed_at) as _,
        &column(&rows, |(_, row)| row.ambiguous)
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
