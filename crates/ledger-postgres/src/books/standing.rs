//! How the disputes stand beside a day: the windows up to it, what is open, what needs a person.

use chargebook_domain::ports::LedgerError;
use chargebook_domain::summary::{Attention, DayBooks, OpenBalance, Window};
use chargebook_domain::{AccountId, Outcome};
use chrono::{Datelike as _, Days, NaiveDate};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use super::received::received;
use super::{Day, currency, recent};
use crate::count;
use crate::error::{corrupt, read_error};
use crate::reading::money_questions;

/// Adds what is told beside the day.
pub(super) async fn add(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    known_books: &[String],
    books: &mut DayBooks,
) -> Result<(), LedgerError> {
    let month = day.date.with_day(1).unwrap_or(day.date);
    let ninety = day.date.checked_sub_days(Days::new(89)).unwrap_or(day.date);
    [books.month_to_date, books.ninety_days] = windows(&mut *snapshot, day, [month, ninety]).await?;
    books.trend = recent::trend(&mut *snapshot, day).await?;
    books.reasons = recent::reasons(&mut *snapshot, day, ninety).await?;
    books.open = open(&mut *snapshot, day).await?;
    books.attention = attention(&mut *snapshot, day, known_books).await?;
    books.received = Some(received(&mut *snapshot, day, known_books).await?);
    Ok(())
}

/// The windows from each of two dates on, of which the second begins earlier: in one look at the longer.
async fn windows(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    [later, earlier]: [NaiveDate; 2],
) -> Result<[Window; 2], LedgerError> {
    let counts = sqlx::query!(
        r#"SELECT outcome, count(*) AS "count!", count(*) FILTER (WHERE evidence_submitted) AS "challenged!",
                  closed_at >= $5::date::timestamp AT TIME ZONE $3 AS "in_both!"
               FROM chargebook.disputes
               WHERE closed_at >= $1::date::timestamp AT TIME ZONE $3
                 AND closed_at < ($2::date + 1)::timestamp AT TIME ZONE $3 AND same_as_dispute_id IS NULL
                 AND ($4::text IS NULL OR account = $4)
               GROUP BY 1, 4"#,
        earlier,
        day.date,
        day.zone,
        day.book,
        later
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    // OFFSET 0 keeps the rows apart from the join: those of the window's disputes are looked up, and not all of history read.
    let principal = sqlx::query!(
        r#"SELECT r.currency, sum(r.recovered_delta_minor)::bigint AS "recovered!",
                      sum(r.loss_delta_minor)::bigint AS "loss!",
                      d.closed_at >= $5::date::timestamp AT TIME ZONE $3 AS "in_both!"
               FROM chargebook.disputes d
               CROSS JOIN LATERAL (SELECT * FROM chargebook.resolutions r
                    WHERE r.account = d.account AND r.dispute_id = d.dispute_id OFFSET 0) r
               WHERE d.closed_at >= $1::date::timestamp AT TIME ZONE $3
                 AND d.closed_at < ($2::date + 1)::timestamp AT TIME ZONE $3 AND d.outcome IN ('won', 'lost')
                 AND d.same_as_dispute_id IS NULL
                 AND ($4::text IS NULL OR d.account = $4)
               GROUP BY 1, 4"#,
        earlier,
        day.date,
        day.zone,
        day.book,
        later
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    let mut windows = [Window::default(), Window::default()];
    for (window, only_both) in windows.iter_mut().zip([true, false]) {
        for row in counts.iter().filter(|row| row.in_both || !only_both) {
            let outcome = Outcome::parse(&row.outcome).ok_or_else(|| corrupt("disputes", "outcome", &row.outcome))?;
            window.count(outcome, count(row.count), count(row.challenged));
        }
        for row in principal.iter().filter(|row| row.in_both || !only_both) {
            let added = window.add_principal(currency(&row.currency, "resolutions")?, row.recovered, row.loss);
            added.map_err(|_| LedgerError::Corrupt { what: "sums that exceed 64 bits".to_owned() })?;
        }
    }
    Ok(windows)
}

async fn open(snapshot: &mut PgConnection, day: &Day<'_>) -> Result<OpenBalance, LedgerError> {
    let week = PgInterval { months: 0, days: 8, microseconds: 0 };
    let rows = sqlx::query!(
        r#"SELECT currency, count(*) FILTER (WHERE outcome = 'open') AS "disputes!",
                      count(*) FILTER (WHERE outcome = 'inquiry_open') AS "inquiries!",
                      coalesce(sum(amount_minor) FILTER (WHERE outcome = 'open'), 0)::bigint AS "at_risk!",
                      min(opened_at) AS oldest,
                      count(*) FILTER (WHERE NOT coalesce(evidence_submitted, false)
                          AND evidence_due_by >= ($1::date + 1)::timestamp AT TIME ZONE $2
                          AND evidence_due_by < ($1::date::timestamp + $3) AT TIME ZONE $2) AS "due!"
               FROM chargebook.disputes WHERE closed_at IS NULL AND same_as_dispute_id IS NULL
                 AND ($4::text IS NULL OR account = $4)
               GROUP BY currency"#,
        day.date,
        day.zone,
        week,
        day.book
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    let filed = sqlx::query!(
        r#"SELECT currency, count(*) AS "filed!", sum(amount_minor)::bigint AS "amount!"
           FROM chargebook.disputes
           WHERE opened_at >= $1::date::timestamp AT TIME ZONE $2 AND opened_at < ($1::date + 1)::timestamp AT TIME ZONE $2
             AND same_as_dispute_id IS NULL AND ($3::text IS NULL OR account = $3)
           GROUP BY currency"#,
        day.date,
        day.zone,
        day.book
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    let mut open = OpenBalance::default();
    for row in rows {
        open.disputes += count(row.disputes);
        open.inquiries += count(row.inquiries);
        open.evidence_due_soon += count(row.due);
        open.oldest_opened_at = [open.oldest_opened_at, row.oldest].into_iter().flatten().min();
        if row.at_risk != 0 {
            open.at_risk.insert(currency(&row.currency, "disputes")?, row.at_risk);
        }
    }
    for row in filed {
        open.filed += count(row.filed);
        open.filed_amounts.insert(currency(&row.currency, "disputes")?, row.amount);
    }
    Ok(open)
}

async fn attention(
    snapshot: &mut PgConnection,
    day: &Day<'_>,
    known_books: &[String],
) -> Result<Attention, LedgerError> {
    let own = AccountId::own();
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM chargebook.disputes
                       WHERE order_match = 'orphan' AND same_as_dispute_id IS NULL
                         AND ($3::text IS NULL OR account = $3)) AS "orphans!",
                      (SELECT count(*) FROM chargebook.disputes
                       WHERE order_match = 'ambiguous' AND same_as_dispute_id IS NULL
                         AND ($3::text IS NULL OR account = $3)) AS "ambiguous!",
                      (SELECT count(*) FROM chargebook.disputes
                       WHERE bucket = 'recovery_pending' AND ($3::text IS NULL OR account = $3)) AS "recovery_pending!",
                      (SELECT count(DISTINCT (account, dispute_id)) FROM chargebook.discrepancies
                       WHERE kind = ANY($2) AND ($3::text IS NULL OR account = $3)) AS "money_questions!",
                      (SELECT count(*) FROM chargebook.source_events WHERE disposition = 'quarantined'
                         AND ($3::text IS NULL OR account = $3 OR ($3 = $4 AND account <> ALL($5)))) AS "quarantined!",
                      (SELECT count(*) FROM chargebook.summary_deliveries
                       WHERE state IN ('failed', 'unknown') AND business_date < $1
                         AND ($3 <> substring(channel FROM '/(.*)$')) IS NOT TRUE) AS "undelivered!""#,
        day.date,
        &money_questions() as _,
        day.book,
        own.as_str(),
        known_books
    )
    .fetch_one(&mut *snapshot)
    .await
    .map_err(read_error)?;
    Ok(Attention {
        orphans: count(row.orphans),
        ambiguous: count(row.ambiguous),
        recovery_pending: count(row.recovery_pending),
        money_questions: count(row.money_questions),
        quarantined: count(row.quarantined),
        undelivered: count(row.undelivered),
    })
}
