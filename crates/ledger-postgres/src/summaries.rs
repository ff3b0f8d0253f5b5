//! Sealing business days, and who sends their mails.

mod claims;
mod due;

pub(crate) use self::due::of_slot;

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{
    Claim, ClaimRequest, Due, Found, LedgerError, LookTimes, Mails, Seal, Sealed, SendOutcome, Summaries,
};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::books::carry;
use crate::error::ledger_error;
use crate::{PostgresLedger, lock};

/// The lock under which days are sealed, one at a time in a database. Any number that nothing else uses.
const SEAL_LOCK: i64 = 0x6368_6172_6765;

/// The lock under which it is settled which mails there are and who sends them: a mail on one channel can stand in the way of
/// another on another, which no row tells. Any number that nothing else uses.
const MAIL_LOCK: i64 = 0x6368_6172_6768;

/// Lets a transaction that goes through a day, or through a backlog of years, take longer than any other may.
pub(crate) async fn allow_time(transaction: &mut PgConnection) -> Result<(), LedgerError> {
    sqlx::query!("SET LOCAL statement_timeout = '15min'").execute(transaction).await.map_err(ledger_error)?;
    Ok(())
}

#[async_trait]
impl Summaries for PostgresLedger {
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError> {
        // The first record is looked for only while nothing is sealed: later it would be a walk through all of history.
        let row = sqlx::query!(
            r#"SELECT s.last, CASE WHEN s.last IS NULL THEN
                      (SELECT (min(recorded_at) AT TIME ZONE $1)::date FROM chargebook.dispute_history) END AS first
               FROM (SELECT max(business_date) AS last FROM chargebook.summaries) s"#,
            zone.name()
        )
        .fetch_one(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(Sealed { last: row.last, first_recorded: row.first })
    }

    #[tracing::instrument(name = "summaries.seal", skip_all, fields(summary.date = %seal.date))]
    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        allow_time(&mut transaction).await?;
        lock(&mut transaction, SEAL_LOCK).await?;
        let last = sqlx::query_scalar!("SELECT max(business_date) FROM chargebook.summaries")
            .fetch_one(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        if last.is_some_and(|last| last.succ_opt() != Some(seal.date)) {
            return Ok(false);
        }
        // Only the first seal opens the books. What becomes known later of the time before them is late, like anything
        // else: the closing balance that was mailed stays the opening balance of the next day.
        let start = seal.books_start.filter(|_| last.is_none());
        let opening = start.and_then(|start| start.pred_opt()).filter(|opening| *opening < seal.date);
        sqlx::query!(
            r#"INSERT INTO chargebook.summaries (business_date, time_zone, state, sealed_at, is_carried)
               SELECT $1, $2, 'sealed', $3::timestamptz, true
               UNION ALL SELECT $4::date, $2, 'opening', $3, false WHERE $4::date IS NOT NULL
               ON CONFLICT DO NOTHING"#,
            seal.date,
            seal.zone.name(),
            seal.now,
            opening
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        // One statement has one snapshot: a batch that commits meanwhile is sealed in all tables or in none.
        sqlx::query!(
            r#"WITH sealed_entries AS (
                   UPDATE chargebook.journal_entries SET sealed_in =
                       CASE WHEN (occurred_at AT TIME ZONE $2)::date <= $3::date THEN $3::date ELSE $1::date END
                   WHERE sealed_in IS NULL AND (occurred_at AT TIME ZONE $2)::date <= $1
               ), sealed_ties AS (
                   UPDATE chargebook.movement_ties t SET sealed_in =
                       CASE WHEN (m.occurred_at AT TIME ZONE $2)::date <= $3::date THEN $3::date ELSE $1::date END
                   FROM chargebook.movements m
                   WHERE m.account = t.account AND m.movement_id = t.movement_id
                     AND t.sealed_in IS NULL AND (m.occurred_at AT TIME ZONE $2)::date <= $1
               )
               UPDATE chargebook.resolutions SET sealed_in =
                   CASE WHEN (occurred_at AT TIME ZONE $2)::date <= $3::date THEN $3::date ELSE $1::date END
               WHERE sealed_in IS NULL AND (occurred_at AT TIME ZONE $2)::date <= $1"#,
            seal.date,
            seal.zone.name(),
            opening
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        carry(&mut transaction, seal.date).await?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(true)
    }

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        self.day_books(seal, book).await
    }

    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        let kept = self.keep_day(seal, books).await;
        kept.inspect_err(|error| tracing::warn!(%error, "a sealed day could not be kept; it is when its mail is sent"))
    }

    async fn undelivered(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        self.expire(now).await?;
        self.due(channels, mails, now).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.expire(request.now).await?;
        self.claim_mails(request).await
    }

    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError> {
        self.settle_claim(claim, outcome, now).await
    }

    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError> {
        self.claims_in_doubt(channel, place, times).await
    }

    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        self.keep_look(claim, found).await
    }
}
