//! Early fraud warnings, which seldom name a brand themselves.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{ChargeId, PaymentIntentId};
use sqlx::PgConnection;

use super::{Tallies, count};
use crate::PostgresLedger;
use crate::error::read_error;

/// Warnings that name no brand and whose payment no dispute names one for.
pub(super) struct Unbranded {
    bucket: i32,
    charge: Option<ChargeId>,
    payment_intent: Option<PaymentIntentId>,
}

/// Counts the warnings whose brand they name, or a dispute of their payment; answers the others, which are counted when
/// their orders are known.
pub(super) async fn count_branded(
    snapshot: &mut PgConnection,
    tallies: &mut Tallies<'_>,
) -> Result<Vec<Unbranded>, LedgerError> {
    let rows = sqlx::query!(
        r#"WITH known AS MATERIALIZED (
               SELECT width_bucket(w.occurred_at, $1::timestamptz[]) AS bucket, w.charge_id, w.payment_intent_id,
                      coalesce(nullif(w.card_brand, ''),
                          (SELECT d.card_brand FROM chargebook.disputes d
                           WHERE d.charge_id = w.charge_id AND d.card_brand IS NOT NULL LIMIT 1),
                          CASE WHEN w.charge_id IS NULL THEN
                              (SELECT d.card_brand FROM chargebook.disputes d
                               WHERE d.payment_intent_id = w.payment_intent_id AND d.card_brand IS NOT NULL LIMIT 1)
                          END) AS brand
               FROM chargebook.fraud_warnings w WHERE w.occurred_at >= $2 AND w.occurred_at < $3
           )
           SELECT bucket AS "bucket!", brand, NULL AS charge_id, NULL AS payment_intent_id, count(*) AS "warnings!"
           FROM known WHERE brand IS NOT NULL GROUP BY 1, 2
           UNION ALL
           SELECT bucket, NULL, charge_id, payment_intent_id, 1 FROM known WHERE brand IS NULL"#,
        tallies.bounds,
        tallies.first,
        tallies.end
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let mut unbranded = Vec::new();
    for row in rows {
        if row.brand.is_some() {
            tallies.nth(row.bucket)?.of_brand(row.brand.as_deref()).fraud_warnings += count(row.warnings);
            continue;
        }
        unbranded.push(Unbranded {
            bucket: row.bucket,
            charge: row.charge_id.as_deref().and_then(|id| ChargeId::parse(id).ok()),
            payment_intent: row.payment_intent_id.as_deref().and_then(|id| PaymentIntentId::parse(id).ok()),
        });
    }
    Ok(unbranded)
}

impl PostgresLedger {
    /// Counts warnings by the brands of their orders; those whose order tells none as of no brand.
    pub(super) async fn count_by_orders(
        &self,
        unbranded: Vec<Unbranded>,
        tallies: &mut Tallies<'_>,
    ) -> Result<(), LedgerError> {
        if unbranded.is_empty() {
            return Ok(());
        }
        let charges: BTreeSet<_> = unbranded.iter().filter_map(|warning| warning.charge.clone()).collect();
        let intents: BTreeSet<_> = unbranded.iter().filter_map(|warning| warning.payment_intent.clone()).collect();
        let mut payments = self.orders.payments(&self.pool, &charges, &intents, &BTreeSet::new()).await?;
        payments.retain(|payment| payment.card_brand.as_deref().is_some_and(|brand| !brand.is_empty()));
        let by_charge: BTreeMap<_, _> =
            payments.iter().filter_map(|payment| Some((payment.charge.as_ref()?, payment))).collect();
        let by_intent: BTreeMap<_, _> =
            payments.iter().filter_map(|payment| Some((payment.payment_intent.as_ref()?, payment))).collect();
        for warning in &unbranded {
            let of_charge = warning.charge.as_ref().and_then(|charge| by_charge.get(charge));
            let payment = of_charge.or_else(|| by_intent.get(warning.payment_intent.as_ref()?));
            let brand = payment.and_then(|payment| payment.card_brand.as_deref());
            tallies.nth(warning.bucket)?.of_brand(brand).fraud_warnings += 1;
        }
        Ok(())
    }
}
