//! The other side of the proof: the movements that no resolution row carries, and not the journal that they are compared with.

use std::collections::BTreeMap;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::summary::Unresolved;
use chargebook_domain::{Currency, LedgerAccount};
use sqlx::PgConnection;

use super::{Day, currency, ledger_account};
use crate::error::read_error;

pub(super) async fn unresolved(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
) -> Result<BTreeMap<Currency, Unresolved>, LedgerError> {
    let mut unresolved: BTreeMap<_, Unresolved> = BTreeMap::new();
    for of in undecided(snapshot, day).await? {
        let sums = unresolved.entry(currency(&of.currency, "movements")?).or_default();
        sums.undecided_fee_minor = of.fee;
        sums.undecided_principal_minor = of.principal;
        sums.undecided_suspense_minor = of.suspense;
    }
    add_of_account(snapshot, day, &mut unresolved).await?;
    Ok(unresolved)
}

/// The movements of undecided disputes in one currency, summed.
struct Undecided {
    currency: String,
    fee: i64,
    principal: i64,
    suspense: i64,
}

/// The movements of the disputes that are undecided as of the day.
///
/// The rows of a dispute sum to whether it is closed. So of those that are closed only the ones can be undecided then that
/// have rows which are not sealed through the day, and doubles, whose rows sum to nothing: those whose reversal is not sealed
/// through the day, or to which something is tied, which nothing reverses. The ranges of dates have two ends because for one
/// end, planned without its date, a third of all rows is expected.
async fn undecided(snapshot: &mut PgConnection, day: &Day<'_>) -> Result<Vec<Undecided>, LedgerError> {
    sqlx::query_as!(
        Undecided,
        r#"WITH doubtful AS (
                   SELECT account, dispute_id FROM chargebook.disputes WHERE closed_at IS NULL
                   UNION SELECT account, dispute_id FROM chargebook.resolutions WHERE sealed_in IS NULL
                   UNION SELECT account, dispute_id FROM chargebook.resolutions
                   WHERE sealed_in > least($1::date, $5::date) AND sealed_in <= 'infinity'::date
                   UNION SELECT account, dispute_id FROM chargebook.journal_entries
                   WHERE sealed_in IS NULL AND entry_id LIKE 'reversal:%'
                   UNION SELECT account, dispute_id FROM chargebook.journal_entries
                   WHERE sealed_in > least($1::date, $5::date) AND sealed_in <= 'infinity'::date AND entry_id LIKE 'reversal:%'
                   UNION SELECT account, dispute_id FROM chargebook.movement_ties
               ), undecided AS MATERIALIZED (
                   SELECT d.account, d.dispute_id FROM doubtful d
                   WHERE ($4::text IS NULL OR d.account = $4)
                     AND coalesce((SELECT sum(r.closed_delta) FROM chargebook.resolutions r
                          WHERE r.account = d.account AND r.dispute_id = d.dispute_id
                            AND CASE WHEN r.sealed_in <= $5 THEN r.sealed_in <= $1
                                     ELSE NOT $3 AND (r.occurred_at AT TIME ZONE $2)::date <= $1
                                       AND r.recorded_at <= coalesce($6, 'infinity'::timestamptz) END
                         ), 0) <= 0
               ), moved AS (
                   SELECT m.account, 'movement:' || m.movement_id AS entry_id, 1 AS times, m.currency, m.category,
                          m.amount_minor, m.fee_minor, m.net_minor
                   FROM undecided JOIN chargebook.movements m USING (account, dispute_id)
                   UNION ALL
                   SELECT m.account, 'movement:' || m.movement_id, 1, m.currency, m.category, m.amount_minor,
                          m.fee_minor, m.net_minor
                   FROM undecided JOIN chargebook.movement_ties t USING (account, dispute_id)
                   JOIN chargebook.movements m ON m.account = t.account AND m.movement_id = t.movement_id
                   WHERE CASE WHEN t.sealed_in <= $5 THEN t.sealed_in <= $1
                              ELSE NOT $3 AND (m.occurred_at AT TIME ZONE $2)::date <= $1
                                AND t.tied_at <= coalesce($6, 'infinity'::timestamptz) END
                   UNION ALL
                   SELECT account, entry || movement_id, times, currency, meaning,
                          CASE WHEN meaning = 'fee' THEN 0 ELSE -amount_minor END,
                          CASE WHEN meaning = 'fee' THEN amount_minor ELSE 0 END, 0
                   FROM undecided JOIN chargebook.reclassifications USING (account, dispute_id)
                   CROSS JOIN (VALUES ('reclassification:', 1), ('reversal:reclassification:', -1)) AS v(entry, times)
                   UNION ALL
                   SELECT m.account, 'reversal:' || m.movement_id, -1, m.currency, m.category, m.amount_minor,
                          m.fee_minor, m.net_minor
                   FROM undecided JOIN chargebook.dispute_aliases USING (account, dispute_id)
                   JOIN chargebook.movements m USING (account, dispute_id)
               )
               SELECT currency AS "currency!",
                      sum(times * (fee_minor - CASE WHEN category = 'fee' THEN amount_minor ELSE 0 END))::bigint
                        AS "fee!",
                      sum(times * CASE WHEN category IN ('withdrawal', 'reinstatement', 'principal') THEN -amount_minor
                                       ELSE 0 END)::bigint AS "principal!",
                      sum(times * (amount_minor - fee_minor - net_minor
                        - CASE WHEN category = 'other' THEN amount_minor ELSE 0 END))::bigint AS "suspense!"
               FROM moved m
               WHERE (SELECT CASE WHEN e.sealed_in <= $5 THEN e.sealed_in <= $1
                                  ELSE NOT $3 AND (e.occurred_at AT TIME ZONE $2)::date <= $1
                                    AND e.recorded_at <= coalesce($6, 'infinity'::timestamptz) END
                      FROM chargebook.journal_entries e WHERE e.account = m.account AND e.entry_id = m.entry_id)
               GROUP BY currency"#,
        day.date,
        day.zone,
        day.sealed,
        day.book,
        day.last,
        day.as_of
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)
}

/// Adds the movements that name no dispute: those that were carried and those since, but for those that were tied to one by then.
async fn add_of_account(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    unresolved: &mut BTreeMap<Currency, Unresolved>,
) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"WITH entries AS (
                   SELECT account, entry_id, 1 AS times FROM chargebook.journal_entries
                   WHERE sealed_in > coalesce($5, '-infinity'::date) AND sealed_in <= $1 AND sealed_in <= $6
                     AND dispute_id IS NULL
                   UNION ALL
                   SELECT account, entry_id, 1 FROM chargebook.journal_entries
                   WHERE (sealed_in IS NULL OR sealed_in > $6 AND sealed_in <= 'infinity'::date)
                     AND NOT $3 AND (occurred_at AT TIME ZONE $2)::date <= $1
                     AND recorded_at <= coalesce($7, 'infinity'::timestamptz) AND dispute_id IS NULL
                   UNION ALL
                   SELECT t.account, 'movement:' || t.movement_id, -1
                   FROM chargebook.movement_ties t JOIN chargebook.movements m USING (account, movement_id)
                   WHERE CASE WHEN t.sealed_in <= $6 THEN t.sealed_in <= $1
                              ELSE NOT $3 AND (m.occurred_at AT TIME ZONE $2)::date <= $1
                                AND t.tied_at <= coalesce($7, 'infinity'::timestamptz) END
               ), sums AS (
                   SELECT m.account, m.currency,
                          e.times * (m.fee_minor - CASE WHEN m.category = 'fee' THEN m.amount_minor ELSE 0 END) AS fee,
                          e.times * (m.amount_minor - m.fee_minor - m.net_minor
                            - CASE WHEN m.category = 'other' THEN m.amount_minor ELSE 0 END) AS suspense
                   FROM entries e
                   JOIN chargebook.movements m
                     ON m.account = e.account AND m.movement_id = substr(e.entry_id, length('movement:') + 1)
                   WHERE e.entry_id LIKE 'movement:%' AND m.dispute_id IS NULL
                   UNION ALL
                   SELECT account, currency, account_fee_minor, account_suspense_minor
                   FROM chargebook.carried_figures WHERE business_date = $5 AND account_fee_minor IS NOT NULL
               )
               SELECT currency AS "currency!", sum(fee)::bigint AS "fee!", sum(suspense)::bigint AS "suspense!"
               FROM sums WHERE $4::text IS NULL OR account = $4 GROUP BY currency"#,
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
    for row in rows {
        let sums = unresolved.entry(currency(&row.currency, "movements")?).or_default();
        sums.account_fee_minor = row.fee;
        sums.account_suspense_minor = row.suspense;
    }
    Ok(())
}

/// What people adjusted, of all that is sealed through the day.
pub(super) async fn adjusted(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
) -> Result<BTreeMap<(LedgerAccount, Currency), i64>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT p.ledger_account, p.currency, sum(p.amount_minor)::bigint AS "balance!"
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE e.kind = 'adjustment' AND ($4::text IS NULL OR e.account = $4)
                 AND CASE WHEN e.sealed_in <= $5 THEN e.sealed_in <= $1
                          ELSE NOT $3 AND (e.occurred_at AT TIME ZONE $2)::date <= $1
                            AND e.recorded_at <= coalesce($6, 'infinity'::timestamptz) END
               GROUP BY 1, 2"#,
        day.date,
        day.zone,
        day.sealed,
        day.book,
        day.last,
        day.as_of
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let balance =
        |account: &str, code: &str, minor| Ok(((ledger_account(account)?, currency(code, "postings")?), minor));
    rows.iter().map(|row| balance(&row.ledger_account, &row.currency, row.balance)).collect()
}
