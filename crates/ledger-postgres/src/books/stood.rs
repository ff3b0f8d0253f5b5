//! How disputes stood at an earlier moment: by what was recorded by then.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::LedgerError;
use chargebook_domain::summary::{DayBooks, DayRow, Standing, Stands};
use chargebook_domain::{Currency, Deltas, DisputeKey, Facts};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{Day, currency};
use crate::error::read_error;
use crate::load::{Keys, LineRow, key};

/// Says of the rows' disputes, and of all beside the day, what was known by then. Which order a dispute was found to be of is
/// not kept of the past, so that none is named.
pub(super) async fn add(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    moment: DateTime<Utc>,
    books: &mut DayBooks,
) -> Result<(), LedgerError> {
    let disputes = disputes(&mut *snapshot, day, moment, &mut books.rows).await?;
    let mut sums = sums(&mut *snapshot, &disputes, moment).await?;
    let disputes = disputes.into_iter().map(|(key, stands)| (stands, sums.remove(&key).unwrap_or_default()));
    let standing = Standing::of(disputes, books.date, books.zone)
        .map_err(|_| LedgerError::Corrupt { what: "sums that exceed 64 bits".to_owned() })?;
    books.month_to_date = standing.month_to_date;
    books.ninety_days = standing.ninety_days;
    books.trend = standing.trend;
    books.reasons = standing.reasons;
    books.open = standing.open;
    Ok(())
}

/// Those that may be told of beside the day: that closed in its 90 days, that are open, or that something was said of since.
async fn disputes(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    moment: DateTime<Utc>,
    rows: &mut [DayRow],
) -> Result<BTreeMap<DisputeKey, Stands>, LedgerError> {
    let of_rows: BTreeSet<_> = rows.iter().map(|row| row.key.clone()).collect();
    let keys = Keys::of(of_rows.iter());
    let mut stated = sqlx::query!(
        r#"SELECT d.account, d.dispute_id, h.lines AS "lines!: Json<Vec<LineRow>>",
                  EXISTS (SELECT FROM chargebook.dispute_aliases a WHERE a.account = d.account
                          AND a.dispute_id = d.dispute_id AND a.joined_at <= $3) AS "is_double!"
           FROM chargebook.disputes d
           CROSS JOIN (SELECT ($1::date - 89)::timestamp AT TIME ZONE $2 AS at) begins
           CROSS JOIN LATERAL (SELECT json_agg(h) AS lines FROM (
                SELECT status, as_of, cause, basis, amount_minor, currency, charge_id, payment_intent_id, order_hint,
                       reason, case_type, card_brand, card_last4, opened_at, evidence_due_by, evidence_submitted,
                       latest_movement_at, card_hash
                FROM chargebook.dispute_history
                WHERE account = d.account AND dispute_id = d.dispute_id AND recorded_at <= $3) h) h
           WHERE ($4::text IS NULL OR d.account = $4) AND h.lines IS NOT NULL
             AND (d.closed_at IS NULL OR d.closed_at >= begins.at OR d.opened_at >= begins.at
                  OR (d.account, d.dispute_id) IN (SELECT * FROM unnest($5::text[], $6::text[]))
                  OR EXISTS (SELECT FROM chargebook.dispute_history l
                             WHERE l.account = d.account AND l.dispute_id = d.dispute_id
                               AND (l.recorded_at > $3 OR l.as_of >= begins.at)))"#,
        day.date,
        day.zone,
        moment,
        day.book,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch(snapshot);
    let mut disputes = BTreeMap::new();
    while let Some(row) = stated.try_next().await.map_err(read_error)? {
        let key = key(&row.account, &row.dispute_id)?;
        let lines: Result<Vec<_>, _> = row.lines.0.into_iter().map(|line| line.line(&key)).collect();
        let facts = Facts::from_parts(lines?, []);
        if of_rows.contains(&key) {
            rows.iter_mut().filter(|row| row.key == key).for_each(|row| state(row, &facts));
        }
        disputes.extend(Stands::of(&facts).filter(|_| !row.is_double).map(|stands| (key, stands)));
    }
    Ok(disputes)
}

fn state(row: &mut DayRow, facts: &Facts) {
    row.order = None;
    row.disputed = facts.disputed().unwrap_or(row.disputed);
    row.reason = facts.first(|claims| claims.reason.clone());
    row.card_brand = facts.first(|claims| claims.card_brand.clone());
    row.evidence_submitted = facts.last(|claims| claims.evidence_submitted);
}

/// What the resolution rows of the decided ones sum to.
async fn sums(
    snapshot: &mut PgConnection,
    disputes: &BTreeMap<DisputeKey, Stands>,
    moment: DateTime<Utc>,
) -> Result<BTreeMap<DisputeKey, BTreeMap<Currency, Deltas>>, LedgerError> {
    let decided = disputes.iter().filter(|(_, stands)| stands.closed_at.is_some());
    let keys = Keys::of(decided.map(|(key, _)| key));
    let rows = sqlx::query!(
        r#"SELECT r.account, r.dispute_id, r.currency, sum(r.recovered_delta_minor)::bigint AS "recovered!",
                  sum(r.loss_delta_minor)::bigint AS "loss!"
           FROM unnest($1::text[], $2::text[]) AS k(account, dispute_id)
           JOIN chargebook.resolutions r USING (account, dispute_id)
           WHERE r.recorded_at <= $3
           GROUP BY r.account, r.dispute_id, r.currency"#,
        &keys.accounts as _,
        &keys.disputes as _,
        moment
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let mut sums = BTreeMap::<_, BTreeMap<_, _>>::new();
    for row in rows {
        let of_dispute = sums.entry(key(&row.account, &row.dispute_id)?).or_default();
        let deltas = Deltas { recovered: row.recovered, loss: row.loss, ..Deltas::default() };
        of_dispute.insert(currency(&row.currency, "resolutions")?, deltas);
    }
    Ok(sums)
}
