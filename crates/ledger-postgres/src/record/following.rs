//! What is written beside a dispute for those who act on it: its customer, the follow-up, and early fraud warnings.

use chargebook_domain::ports::{Content, Entry, LedgerError};
use chargebook_domain::{Change, ChargeId, CustomerId, CustomerKey, PaymentIntentId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::column;
use crate::error::ledger_error;

/// Makes the customers known that are named for the first time.
pub(super) async fn customers(
    connection: &mut PgConnection,
    changes: &[&Change],
    key: &CustomerKey,
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut customers: Vec<_> =
        changes.iter().filter_map(|change| change.dispute.customer.as_ref().map(CustomerId::as_str)).collect();
    if customers.is_empty() {
        return Ok(());
    }
    customers.sort_unstable();
    customers.dedup();
    sqlx::query!(
        r#"INSERT INTO chargebook.customers (customer, key_id, known_since)
           SELECT c, $2, $3 FROM UNNEST($1::text[]) AS c ON CONFLICT (customer) DO NOTHING"#,
        &customers as _,
        key.id(),
        recorded_at
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Queues what the changes trigger.
pub(super) async fn queue(
    connection: &mut PgConnection,
    changes: &[&Change],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<_> = changes.iter().filter(|change| !change.triggers.is_empty()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let words =
        |change: &&&Change| change.triggers.iter().map(|trigger| trigger.as_str()).collect::<Vec<_>>().join(",");
    sqlx::query!(
        r#"INSERT INTO chargebook.follow_ups
               (account, dispute_id, version, triggers, state, attempt, queued_at, due_at)
           SELECT account, dispute_id, version, string_to_array(triggers, ','), 'queued', 0, $5, $5
           FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[]) AS f(account, dispute_id, version, triggers)"#,
        &column(&rows, |change| change.key.account.as_str()) as _,
        &column(&rows, |change| change.key.dispute.as_str()) as _,
        &column(&rows, |change| change.expected + 1),
        &column(&rows, words),
        recorded_at
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Keeps the warnings that are not known.
pub(super) async fn fraud_warnings(
    connection: &mut PgConnection,
    entries: &[&Entry],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let warning = |entry: &&Entry| match (&entry.content, entry.causes.first()) {
        (Content::FraudWarning(warning), Some(cause)) => Some((cause.account.to_string(), (**warning).clone())),
        _ => None,
    };
    let mut rows: Vec<_> = entries.iter().filter_map(warning).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by(|(one_account, one), (other_account, other)| (one_account, &one.id).cmp(&(other_account, &other.id)));
    sqlx::query!(
        r#"INSERT INTO chargebook.fraud_warnings
               (account, warning_id, charge_id, payment_intent_id, fraud_type, card_brand, occurred_at, actionable,
                recorded_at)
           SELECT *, $9 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::timestamptz[], $8::boolean[])
           ON CONFLICT (account, warning_id) DO NOTHING"#,
        &column(&rows, |(account, _)| account.as_str()) as _,
        &column(&rows, |(_, warning)| warning.id.as_str()) as _,
        &column(&rows, |(_, warning)| warning.charge.as_ref().map(ChargeId::as_str)) as _,
        &column(&rows, |(_, warning)| warning.payment_intent.as_ref().map(PaymentIntentId::as_str)) as _,
        &column(&rows, |(_, warning)| warning.fraud_type.as_deref()) as _,
        &column(&rows, |(_, warning)| warning.card_brand.as_deref()) as _,
        &column(&rows, |(_, warning)| warning.occurred_at),
        &column(&rows, |(_, warning)| warning.actionable) as _,
        recorded_at
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
