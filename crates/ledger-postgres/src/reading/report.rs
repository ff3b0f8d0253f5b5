use chargebook_domain::AccountId;
use chargebook_domain::ports::LedgerError;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;

use crate::PostgresLedger;
use crate::error::read_error;

/// What closed disputes are grouped by, beside the currency in which their money moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupBy {
    /// The source's word for the cardholder's reason.
    Reason,
    /// The card's brand.
    Brand,
    /// The month in which they were closed.
    Month,
    /// Nothing else.
    Currency,
}

/// Which disputes a report is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportFilter {
    /// What they are grouped by.
    pub by: GroupBy,
    /// The zone of the days.
    pub zone: Tz,
    /// Closed on this day or later.
    pub from: Option<NaiveDate>,
    /// Closed on this day or before.
    pub to: Option<NaiveDate>,
    /// Of this book.
    pub account: Option<AccountId>,
}

/// A group of closed disputes in one settlement currency. A dispute whose money moved in several is counted with the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportLine {
    /// The reason, brand or month; empty where it is not known, or where nothing is grouped.
    pub group: String,
    /// The settlement currency.
    pub currency: String,
    /// Disputes that are closed.
    pub closed: i64,
    /// Of them, won.
    pub won: i64,
    /// Of them, lost.
    pub lost: i64,
    /// Of the won, those for which evidence was submitted.
    pub won_contested: i64,
    /// The same of the lost.
    pub lost_contested: i64,
    /// Principal that came back to the won and the lost.
    pub recovered_minor: i64,
    /// Principal that they lost.
    pub lost_minor: i64,
    /// Fees of all that are closed.
    pub fee_minor: i64,
    /// What all of them did to the balance.
    pub net_minor: i64,
    /// Days from filing to verdict, of the won or lost one in the middle.
    pub days_to_verdict: Option<i32>,
}

impl PostgresLedger {
    /// Closed disputes in groups, by group and currency.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn report(&self, filter: &ReportFilter) -> Result<Vec<ReportLine>, LedgerError> {
        let by = match filter.by {
            GroupBy::Reason => "reason",
            GroupBy::Brand => "brand",
            GroupBy::Month => "month",
            GroupBy::Currency => "currency",
        };
        sqlx::query_as!(
            ReportLine,
            r#"WITH closed AS (
                   SELECT *, CASE $1::text WHEN 'reason' THEN coalesce(reason, '') WHEN 'brand' THEN coalesce(card_brand, '')
                                  WHEN 'month' THEN to_char(closed_at AT TIME ZONE $2, 'YYYY-MM') ELSE '' END AS "group",
                          outcome IN ('won', 'lost') AS is_decided,
                          (closed_at AT TIME ZONE $2)::date AS closed_on, (opened_at AT TIME ZONE $2)::date AS opened_on
                   FROM chargebook.closed_disputes WHERE $5::text IS NULL OR account = $5
               )
               SELECT "group" AS "group!", settlement_currency AS "currency!",
                      count(*) FILTER (WHERE is_counted) AS "closed!",
                      count(*) FILTER (WHERE is_counted AND outcome = 'won') AS "won!",
                      count(*) FILTER (WHERE is_counted AND outcome = 'lost') AS "lost!",
                      count(*) FILTER (WHERE is_counted AND outcome = 'won' AND evidence_submitted) AS "won_contested!",
                      count(*) FILTER (WHERE is_counted AND outcome = 'lost' AND evidence_submitted) AS "lost_contested!",
                      coalesce(sum(recovered_minor) FILTER (WHERE is_decided), 0)::bigint AS "recovered_minor!",
                      coalesce(sum(loss_minor) FILTER (WHERE is_decided), 0)::bigint AS "lost_minor!",
                      sum(fee_minor)::bigint AS "fee_minor!", sum(net_minor)::bigint AS "net_minor!",
                      (percentile_disc(0.5) WITHIN GROUP (ORDER BY closed_on - opened_on)
                          FILTER (WHERE is_counted AND is_decided))::int AS days_to_verdict
               FROM closed
               WHERE ($3::date IS NULL OR closed_on >= $3) AND ($4::date IS NULL OR closed_on <= $4)
               GROUP BY "group", settlement_currency ORDER BY "group", settlement_currency"#,
            by,
            filter.zone.name(),
            filter.from,
            filter.to,
            filter.account.as_ref().map(AccountId::as_str)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
