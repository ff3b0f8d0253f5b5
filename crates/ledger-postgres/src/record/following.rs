//! What is written beside a dispute for those who act on it: its customer, the follow-up, and early fraud warnings.

use chargebook_domain::ports::{Content, Entry, LedgerError};
use chargebook_domain::{AccountId, Change, ChargeId, CustomerId, CustomerKey, FraudWarning, PaymentIntentId};
use chrono::{DateTime, Utc};

use super::writes::Writes;

/// Makes the customers known that are named for the first time.
pub(super) fn customers(
    writes: &mut Writes,
    changes: &[&Change],
    key: &CustomerKey,
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut customers: Vec<_> =
        changes.iter().filter_map(|change| change.dispute.customer.as_ref().map(CustomerId::as_str)).collect();
    customers.sort_unstable();
    customers.dedup();
    writes
        .insert("customers", &customers)
        .column("customer", |customer| *customer)?
        .column("key_id", |_| key.id())?
        .column("known_since", |_| recorded_at)?
        .end("ON CONFLICT (customer) DO NOTHING");
    Ok(())
}

/// Queues what the changes trigger.
pub(super) fn queue(writes: &mut Writes, changes: &[&Change], recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
    let rows: Vec<_> = changes.iter().filter(|change| !change.triggers.is_empty()).collect();
    let words =
        |change: &&&Change| change.triggers.iter().map(|trigger| trigger.as_str()).collect::<Vec<_>>().join(",");
    writes
        .insert("follow_ups", &rows)
        .column("account", |change| change.key.account.as_str())?
        .column("dispute_id", |change| change.key.dispute.as_str())?
        .column("version", |change| change.expected + 1)?
        .column_as("triggers", "string_to_array(triggers, ',')", words)?
        .column("state", |_| "queued")?
        .column("attempt", |_| 0_i32)?
        .column("queued_at", |_| recorded_at)?
        .column("due_at", |_| recorded_at)?
        .end("");
    Ok(())
}

/// Keeps the warnings that are not known.
pub(super) fn fraud_warnings(
    writes: &mut Writes,
    entries: &[&Entry],
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut rows: Vec<(&AccountId, &FraudWarning)> = entries
        .iter()
        .filter_map(|entry| match (&entry.content, entry.causes.first()) {
            (Content::FraudWarning(warning), Some(cause)) => Some((&cause.account, &**warning)),
            _ => None,
        })
        .collect();
    rows.sort_by_key(|(account, warning)| (*account, &warning.id));
    writes
        .insert("fraud_warnings", &rows)
        .column("account", |(account, _)| account.as_str())?
        .column("warning_id", |(_, warning)| warning.id.as_str())?
        .column("charge_id", |(_, warning)| warning.charge.as_ref().map(ChargeId::as_str))?
        .column("payment_intent_id", |(_, warning)| warning.payment_intent.as_ref().map(PaymentIntentId::as_str))?
        .column("fraud_type", |(_, warning)| warning.fraud_type.as_deref())?
        .column("card_brand", |(_, warning)| warning.card_brand.as_deref())?
        .column("occurred_at", |(_, warning)| warning.occurred_at)?
        .column("actionable", |(_, warning)| warning.actionable)?
        .column("recorded_at", |_| recorded_at)?
        .end("ON CONFLICT (account, warning_id) DO NOTHING");
    Ok(())
}
