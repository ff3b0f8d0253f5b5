//! What arrived on a day, and how far the record is compared with the source.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Period, SweepKind};
use chargebook_domain::summary::Received;
use sqlx::PgConnection;

use super::Day;
use crate::count;
use crate::error::read_error;

pub(super) async fn received(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    known_books: &[String],
) -> Result<Received, LedgerError> {
    let own = AccountId::own();
    let row = sqlx::query!(
        r#"WITH events AS (
               SELECT disposition, count(*) AS events FROM chargebook.source_events
               WHERE event_type NOT LIKE 'read.%' AND event_type NOT LIKE 'manual.%' AND received_at >= $1::date::timestamp AT TIME ZONE $2
                 AND received_at < ($1::date + 1)::timestamp AT TIME ZONE $2
                 AND ($3::text IS NULL OR account = $3 OR ($3 = $4 AND account <> ALL($5)))
               GROUP BY disposition
           ), money AS (
               SELECT min(last_begun_at) AS compared_at, bool_and(last_begun_at IS NOT NULL) AS all_were
               FROM chargebook.sweeps WHERE kind = $6 AND ($3 IS NULL OR account = $3)
           ), whole AS (
               SELECT max(w.from_at) AS from_at, min(w.until_at) AS until_at, bool_and(w.until_at IS NOT NULL) AS all_are
               FROM chargebook.sweeps s LEFT JOIN chargebook.whole_stretches w USING (account)
               WHERE s.kind = $6 AND ($3 IS NULL OR s.account = $3)
           )
           SELECT coalesce((SELECT events FROM events WHERE disposition = 'recorded'), 0) AS "recorded!",
                  coalesce((SELECT events FROM events WHERE disposition = 'ignored'), 0) AS "ignored!",
                  coalesce((SELECT events FROM events WHERE disposition = 'quarantined'), 0) AS "quarantined!",
                  (SELECT from_at FROM whole WHERE all_are AND from_at <= until_at) AS whole_from,
                  (SELECT until_at FROM whole WHERE all_are AND from_at <= until_at) AS whole_until,
                  (SELECT compared_at FROM money WHERE all_were) AS money_compared_at"#,
        day.date,
        day.zone,
        day.book,
        own.as_str(),
        known_books,
        SweepKind::Money.as_str()
    )
    .fetch_one(snapshot)
    .await
    .map_err(read_error)?;
    Ok(Received {
        recorded: count(row.recorded),
        ignored: count(row.ignored),
        quarantined: count(row.quarantined),
        whole: row.whole_from.zip(row.whole_until).map(|(from, until)| Period { from, until }),
        money_compared_at: row.money_compared_at,
    })
}
