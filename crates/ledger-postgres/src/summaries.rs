//! Sealing business days, and who sends their mails.

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{
    Claim, ClaimRequest, DayMail, LedgerError, Mails, Seal, Sealed, SendOutcome, Summaries,
};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::books::{carry, known_books};
use crate::error::{corrupt, ledger_error};
use crate::{PostgresLedger, lease_end, lock};

/// The key of a mail among those of its day: a book's own has the book behind the channel, whose name has no slash.
fn slot(channel: &str, mail: &DayMail) -> String {
    mail.book.as_ref().map_or_else(|| channel.to_owned(), |book| format!("{channel}/{book}"))
}

/// The lock under which days are sealed, one at a time in a database. Any number that nothing else uses.
const SEAL_LOCK: i64 = 0x6368_6172_6765;

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

    async fn undelivered(&self, channel: &str, mails: Mails, now: DateTime<Utc>) -> Result<Vec<DayMail>, LedgerError> {
        self.expire(now).await?;
        match mails {
            Mails::Together => {
                let days = self.undelivered_together(channel, now).await?;
                Ok(days.into_iter().map(DayMail::together).collect())
            }
            Mails::Apart => {
                self.tell_apart(channel, now, None).await?;
                self.undelivered_apart(channel, now).await
            }
        }
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.expire(request.now).await?;
        let ClaimRequest { mail, channel, .. } = request;
        if mail.book.is_some() {
            self.tell_apart(channel, request.now, Some(mail.date)).await?;
        }
        let slot = slot(channel, mail);
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let before = sqlx::query_scalar!(
            "SELECT state FROM chargebook.summary_deliveries WHERE business_date = $1 AND channel = $2 FOR UPDATE",
            mail.date,
            slot
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        let attempt = sqlx::query_scalar!(
            r#"INSERT INTO chargebook.summary_deliveries AS d
                   (business_date, channel, state, attempt, claimed_until, updated_at)
               SELECT business_date, $2, 'sending', 1, $3, $4 FROM chargebook.summaries
               WHERE business_date = $1 AND state = 'sealed'
                 AND ($5 OR NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = $1
                                        AND o.channel <> $2 AND o.state IN ('accepted', 'sending', 'unknown')
                                        AND ($6 <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE))
               ON CONFLICT (business_date, channel) DO UPDATE SET
                   state = 'sending', attempt = d.attempt + 1, claimed_until = EXCLUDED.claimed_until, retry_at = NULL,
                   reason = NULL, receipt = NULL, updated_at = EXCLUDED.updated_at
               WHERE (d.state = 'pending' AND ($5 OR coalesce(d.retry_at, $4) <= $4))
                  OR ($5 AND d.state <> 'sending')
               RETURNING attempt"#,
            mail.date,
            slot,
            lease_end(request.now, request.lease),
            request.now,
            request.by_person,
            mail.book.as_ref().map(AccountId::as_str)
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        let Some(attempt) = attempt else { return Ok(None) };
        let claim = Claim { mail: mail.clone(), attempt, begun_at: request.now };
        sqlx::query!(
            r#"INSERT INTO chargebook.summary_attempts
                   (business_date, channel, attempt, request_id, by_person, begun_at, state_before)
               VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
            mail.date,
            slot,
            attempt,
            claim.request_id(channel).to_string(),
            request.by_person,
            request.now,
            before.filter(|before| before != "pending")
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Some(claim))
    }

    async fn settle(
        &self,
        claim: &Claim,
        channel: &str,
        outcome: &SendOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let (state, outcome, receipt, reason, retry_after) = match outcome {
            SendOutcome::Accepted { receipt } => ("accepted", "accepted", receipt.as_deref(), None, None),
            SendOutcome::Refused { reason, retry_after: Some(after) } => {
                ("pending", "refused", None, Some(reason), Some(*after))
            }
            SendOutcome::Refused { reason, retry_after: None } => ("failed", "refused", None, Some(reason), None),
            SendOutcome::Unknown { reason } => ("unknown", "unknown", None, Some(reason), None),
        };
        let retry_at = retry_after
            .and_then(|after| TimeDelta::from_std(after).ok())
            .and_then(|after| now.checked_add_signed(after));
        sqlx::query!(
            r#"WITH before AS (
                   SELECT state_before AS state FROM chargebook.summary_attempts
                   WHERE business_date = $1 AND channel = $2 AND attempt = $3 AND $9 = 'refused' AND state_before IS NOT NULL
               ), settled AS (
                   UPDATE chargebook.summary_deliveries
                   SET state = coalesce((SELECT state FROM before), $4), claimed_until = NULL, receipt = $5, reason = $6,
                       retry_at = CASE WHEN EXISTS (SELECT FROM before) THEN NULL ELSE $7::timestamptz END, updated_at = $8
                   WHERE business_date = $1 AND channel = $2 AND attempt = $3 AND state = 'sending'
                   RETURNING business_date, channel, attempt
               )
               UPDATE chargebook.summary_attempts a SET ended_at = $8, outcome = $9, receipt = $5, reason = $6
               FROM settled s
               WHERE a.business_date = s.business_date AND a.channel = s.channel AND a.attempt = s.attempt"#,
            claim.mail.date,
            slot(channel, &claim.mail),
            claim.attempt,
            state,
            receipt,
            reason,
            retry_at,
            now,
            outcome
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}

impl PostgresLedger {
    async fn undelivered_together(&self, channel: &str, now: DateTime<Utc>) -> Result<Vec<NaiveDate>, LedgerError> {
        sqlx::query_scalar!(
            r#"SELECT s.business_date FROM chargebook.summaries s
               LEFT JOIN chargebook.summary_deliveries d ON d.business_date = s.business_date AND d.channel = $1
               WHERE s.state = 'sealed'
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = s.business_date
                                 AND o.channel <> $1 AND o.state IN ('accepted', 'sending', 'unknown'))
                 AND (d.state IS NULL OR (d.state = 'pending' AND coalesce(d.retry_at, $2) <= $2))
               ORDER BY s.business_date"#,
            channel,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)
    }

    /// Fixes the books whose mails there are of each sealed day, or of one, unless that is done or the day went together.
    async fn tell_apart(&self, channel: &str, now: DateTime<Utc>, date: Option<NaiveDate>) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let books = known_books(&mut transaction).await?;
        sqlx::query!(
            r#"INSERT INTO chargebook.summary_deliveries (business_date, channel, state, attempt, updated_at)
               SELECT s.business_date, $1 || '/' || b.account, 'pending', 0, $2
               FROM chargebook.summaries s CROSS JOIN unnest($3::text[]) AS b(account)
               WHERE s.state = 'sealed' AND ($4::date IS NULL OR s.business_date = $4)
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = s.business_date
                                 AND (o.channel LIKE '%/%' OR o.state IN ('accepted', 'sending', 'unknown')))
               ON CONFLICT DO NOTHING"#,
            channel,
            now,
            &books,
            date
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)
    }

    async fn undelivered_apart(&self, channel: &str, now: DateTime<Utc>) -> Result<Vec<DayMail>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT m.business_date AS "date!", m.account AS "account!"
               FROM (SELECT DISTINCT business_date, substring(channel FROM '/(.*)$') AS account
                     FROM chargebook.summary_deliveries WHERE channel LIKE '%/%' AND state IN ('pending', 'failed')) m
               LEFT JOIN chargebook.summary_deliveries d
                 ON d.business_date = m.business_date AND d.channel = $1 || '/' || m.account
               WHERE (d.state IS NULL OR (d.state = 'pending' AND coalesce(d.retry_at, $2) <= $2))
                 AND NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = m.business_date
                                 AND o.channel <> $1 || '/' || m.account
                                 AND o.state IN ('accepted', 'sending', 'unknown')
                                 AND (m.account <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE)
               ORDER BY m.business_date, m.account COLLATE "C""#,
            channel,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        let mail = |date, account: &str| {
            let book = AccountId::parse(account).map_err(|_| corrupt("summary_deliveries", "channel", account))?;
            Ok(DayMail::of(date, book))
        };
        rows.into_iter().map(|row| mail(row.date, &row.account)).collect()
    }

    /// A claim that ran out was never settled: its process died, and nobody can know whether the mail went. An attempt is
    /// under way only while its delivery says so; a server of an earlier version ends deliveries alone.
    async fn expire(&self, now: DateTime<Utc>) -> Result<(), LedgerError> {
        sqlx::query!(
            r#"UPDATE chargebook.summary_deliveries
               SET state = 'unknown', claimed_until = NULL, updated_at = $1,
                   reason = 'The process that was sending it ended before it knew how that went.'
               WHERE state = 'sending' AND claimed_until < $1"#,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        sqlx::query!(
            r#"UPDATE chargebook.summary_attempts a SET ended_at = $1, outcome = 'unknown', reason = d.reason
               FROM chargebook.summary_deliveries d
               WHERE a.business_date = d.business_date AND a.channel = d.channel AND a.ended_at IS NULL
                 AND (d.state, d.attempt) IS DISTINCT FROM ('sending', a.attempt)"#,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}
