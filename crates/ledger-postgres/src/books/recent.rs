//! What closed lately, by its present outcome: date by date, and by reason.

use std::collections::BTreeMap;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::summary::{REASONS_MAX, ReasonCount, TREND_DAYS, TrendDay};
use chrono::{Days, NaiveDate};
use sqlx::PgConnection;

use super::Day;
use crate::count;
use crate::error::read_error;

pub(super) async fn trend(snapshot: &mut PgConnection, day: &Day<'_>) -> Result<Vec<TrendDay>, LedgerError> {
    let from = day.date.checked_sub_days(Days::new(TREND_DAYS.saturating_sub(1))).unwrap_or(day.date);
    let rows = sqlx::query!(
        r#"SELECT (closed_at AT TIME ZONE $3)::date AS "closed_on!", count(*) FILTER (WHERE outcome = 'won') AS "won!",
                      count(*) FILTER (WHERE outcome = 'lost') AS "lost!"
               FROM chargebook.disputes
               WHERE closed_at >= $1::date::timestamp AT TIME ZONE $3
                 AND closed_at < ($2::date + 1)::timestamp AT TIME ZONE $3 AND same_as_dispute_id IS NULL
                 AND outcome IN ('won', 'lost') AND ($4::text IS NULL OR account = $4)
               GROUP BY 1"#,
        from,
        day.date,
        day.zone,
        day.book
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let counts: BTreeMap<_, _> =
        rows.into_iter().map(|row| (row.closed_on, (count(row.won), count(row.lost)))).collect();
    Ok(TrendDay::up_to(day.date, &counts))
}

pub(super) async fn reasons(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    from: NaiveDate,
) -> Result<Vec<ReasonCount>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT reason, count(*) FILTER (WHERE outcome = 'won') AS "won!",
                      count(*) FILTER (WHERE outcome = 'lost') AS "lost!"
               FROM chargebook.disputes
               WHERE closed_at >= $1::date::timestamp AT TIME ZONE $3
                 AND closed_at < ($2::date + 1)::timestamp AT TIME ZONE $3 AND same_as_dispute_id IS NULL
                 AND outcome IN ('won', 'lost') AND ($4::text IS NULL OR account = $4)
               GROUP BY reason
               ORDER BY count(*) DESC, reason COLLATE "C" NULLS LAST
               LIMIT $5"#,
        from,
        day.date,
        day.zone,
        day.book,
        i64::try_from(REASONS_MAX).unwrap_or(i64::MAX)
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let reasons = rows.into_iter();
    Ok(reasons.map(|row| ReasonCount { reason: row.reason, won: count(row.won), lost: count(row.lost) }).collect())
}
