//! Sums over all that was sealed, from those that were carried to a day and the rows that were sealed since.

use std::collections::BTreeMap;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{Currency, Deltas, LedgerAccount};
use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{Day, currency, ledger_account};
use crate::error::{ledger_error, read_error};

/// Carries the sums to a day that is being sealed, once its rows bear the seal: from the last day to which they were
/// carried, or from nowhere, so that neither a migration nor a day without them needs to be filled in.
pub(crate) async fn carry(sealing: &mut PgConnection, date: NaiveDate) -> Result<(), LedgerError> {
    let base = sqlx::query_scalar!(
        "SELECT max(business_date) FROM chargebook.summaries WHERE is_carried AND business_date < $1",
        date
    )
    .fetch_one(&mut *sealing)
    .await
    .map_err(ledger_error)?;
    sqlx::query!(
        r#"INSERT INTO chargebook.carried_balances (account, business_date, ledger_account, currency, balance_minor)
               SELECT account, $1, ledger_account, currency, sum(amount_minor)
               FROM (SELECT account, ledger_account, currency, balance_minor AS amount_minor
                     FROM chargebook.carried_balances WHERE business_date = $2
                     UNION ALL
                     SELECT account, p.ledger_account, p.currency, p.amount_minor
                     FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
                     WHERE e.sealed_in > coalesce($2, '-infinity'::date) AND e.sealed_in <= $1) s
               GROUP BY account, ledger_account, currency"#,
        date,
        base
    )
    .execute(&mut *sealing)
    .await
    .map_err(ledger_error)?;
    carry_figures(sealing, date, base).await
}

async fn carry_figures(
    sealing: &mut PgConnection,
    date: NaiveDate,
    base: Option<NaiveDate>,
) -> Result<(), LedgerError> {
    sqlx::query!(
        r#"INSERT INTO chargebook.carried_figures (account, business_date, currency, recovered_minor, loss_minor,
                   fee_minor, fx_minor, pending_minor, suspense_minor, net_minor, closed_count, won_count, lost_count,
                   account_fee_minor, account_suspense_minor)
               SELECT account, $1, currency, sum(recovered_minor), sum(loss_minor),
                      sum(fee_minor), sum(fx_minor), sum(pending_minor), sum(suspense_minor), sum(net_minor),
                      sum(closed_count), sum(won_count), sum(lost_count), sum(account_fee_minor),
                      sum(account_suspense_minor)
               FROM (SELECT account, currency, recovered_minor, loss_minor, fee_minor, fx_minor, pending_minor,
                            suspense_minor, net_minor, closed_count, won_count, lost_count, account_fee_minor,
                            account_suspense_minor
                     FROM chargebook.carried_figures WHERE business_date = $2
                     UNION ALL
                     SELECT account, currency, recovered_delta_minor, loss_delta_minor, fee_delta_minor,
                            fx_delta_minor, pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta,
                            won_delta, lost_delta, NULL, NULL
                     FROM chargebook.resolutions
                     WHERE sealed_in > coalesce($2, '-infinity'::date) AND sealed_in <= $1
                     UNION ALL
                     SELECT m.account, m.currency, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                            m.fee_minor::numeric - CASE WHEN m.category = 'fee' THEN m.amount_minor ELSE 0 END,
                            m.amount_minor::numeric - m.fee_minor - m.net_minor
                              - CASE WHEN m.category = 'other' THEN m.amount_minor ELSE 0 END
                     FROM chargebook.journal_entries e
                     JOIN chargebook.movements m
                       ON m.account = e.account AND m.movement_id = substr(e.entry_id, length('movement:') + 1)
                     WHERE e.sealed_in > coalesce($2, '-infinity'::date) AND e.sealed_in <= $1
                       AND e.dispute_id IS NULL AND e.entry_id LIKE 'movement:%' AND m.dispute_id IS NULL) s
               GROUP BY account, currency"#,
        date,
        base
    )
    .execute(sealing)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// What every ledger account of the journal stood at before the day.
pub(super) async fn opening(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
) -> Result<BTreeMap<(LedgerAccount, Currency), i64>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT ledger_account AS "ledger_account!", currency AS "currency!", sum(amount_minor)::bigint AS "balance!"
               FROM (SELECT account, ledger_account, currency, balance_minor AS amount_minor
                     FROM chargebook.carried_balances WHERE business_date = $6
                     UNION ALL
                     SELECT account, p.ledger_account, p.currency, p.amount_minor
                     FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
                     WHERE e.sealed_in > coalesce($6, '-infinity'::date) AND e.sealed_in < $1 AND e.sealed_in <= $7
                     UNION ALL
                     SELECT account, p.ledger_account, p.currency, p.amount_minor
                     FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
                     WHERE (e.sealed_in IS NULL OR e.sealed_in > $7 AND e.sealed_in <= 'infinity'::date)
                       AND NOT $4 AND (e.occurred_at AT TIME ZONE $3)::date < $2
                       AND e.recorded_at <= coalesce($8, 'infinity'::timestamptz)) s
               WHERE $5::text IS NULL OR account = $5
               GROUP BY 1, 2"#,
        day.date,
        day.start,
        day.zone,
        day.sealed,
        day.book,
        day.carried_before,
        day.last,
        day.as_of
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    rows.into_iter()
        .map(|row| Ok(((ledger_account(&row.ledger_account)?, currency(&row.currency, "postings")?), row.balance)))
        .collect()
}

/// What the resolution rows through the day sum to.
pub(super) async fn resolved(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
) -> Result<BTreeMap<Currency, Deltas>, LedgerError> {
    let rows = sqlx::query!(
        r#"WITH through AS (
                   SELECT account, currency, recovered_minor AS recovered, loss_minor AS loss, fee_minor AS fee,
                          fx_minor AS fx, pending_minor AS pending, suspense_minor AS suspense, net_minor AS net,
                          closed_count AS closed, won_count AS won, lost_count AS lost
                   FROM chargebook.carried_figures WHERE business_date = $5 AND closed_count IS NOT NULL
                   UNION ALL
                   SELECT account, currency, recovered_delta_minor, loss_delta_minor, fee_delta_minor, fx_delta_minor,
                          pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta, won_delta, lost_delta
                   FROM chargebook.resolutions
                   WHERE sealed_in > coalesce($5, '-infinity'::date) AND sealed_in <= $1 AND sealed_in <= $6
                   UNION ALL
                   SELECT account, currency, recovered_delta_minor, loss_delta_minor, fee_delta_minor, fx_delta_minor,
                          pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta, won_delta, lost_delta
                   FROM chargebook.resolutions
                   WHERE (sealed_in IS NULL OR sealed_in > $6 AND sealed_in <= 'infinity'::date)
                     AND NOT $3 AND (occurred_at AT TIME ZONE $2)::date <= $1
                     AND recorded_at <= coalesce($7, 'infinity'::timestamptz)
               )
               SELECT currency AS "currency!", sum(recovered)::bigint AS "recovered!", sum(loss)::bigint AS "loss!",
                      sum(fee)::bigint AS "fee!", sum(fx)::bigint AS "fx!", sum(pending)::bigint AS "pending!",
                      sum(suspense)::bigint AS "suspense!", sum(net)::bigint AS "net!", sum(closed)::bigint AS "closed!",
                      sum(won)::bigint AS "won!", sum(lost)::bigint AS "lost!"
               FROM through WHERE $4::text IS NULL OR account = $4 GROUP BY currency"#,
        day.date,
        day.zone,
        day.sealed,
        day.book,
        day.carried,
        day.last,
        day.as_of
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    rows.into_iter()
        .map(|row| {
            let deltas = Deltas {
                recovered: row.recovered,
                loss: row.loss,
                fee: row.fee,
                fx: row.fx,
                pending: row.pending,
                suspense: row.suspense,
                net: row.net,
                closed: row.closed,
                won: row.won,
                lost: row.lost,
            };
            Ok((currency(&row.currency, "resolutions")?, deltas))
        })
        .collect()
}
