//! Who sends a mail, how that ended, and what a look for it has shown.

use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Claim, ClaimRequest, DayMail, Found, LedgerError, LookTimes, Mails, SendOutcome};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use super::MAIL_LOCK;
use super::due::{of_slot, slot};
use crate::error::ledger_error;
use crate::{PostgresLedger, lock};

/// An interval of the database's. None is longer than a day, which is exact in it.
fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}

/// An attempt that was begun, and what the delivery was before.
struct Begun {
    attempt: i32,
    before: Option<String>,
}

/// Hands out the mail of one day or book, unless it is another's, or done, or not due.
async fn begin(
    transaction: &mut PgConnection,
    request: &ClaimRequest,
    mail: &DayMail,
) -> Result<Option<Begun>, LedgerError> {
    let slot = slot(&request.channel, mail);
    let before = sqlx::query!(
        "SELECT state, beside FROM chargebook.summary_deliveries WHERE business_date = $1 AND channel = $2 FOR UPDATE",
        mail.date,
        slot
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(ledger_error)?;
    let beside = before.as_ref().is_some_and(|before| before.beside);
    // The lease is by the clock of the database, which all processes share.
    let attempt = sqlx::query_scalar!(
        r#"INSERT INTO chargebook.summary_deliveries AS d
               (business_date, channel, state, attempt, claimed_until, updated_at)
           SELECT business_date, $2, 'sending', 1, clock_timestamp() + $3::interval, $4 FROM chargebook.summaries
           WHERE business_date = $1 AND state = 'sealed'
             AND ($5 OR NOT EXISTS (SELECT FROM chargebook.summary_deliveries o WHERE o.business_date = $1
                                    AND o.channel <> $2 AND o.state IN ('accepted', 'sending', 'unknown')
                                    AND (NOT $7 OR NOT o.beside OR split_part(o.channel, '/', 1) = $8)
                                    AND ($6 <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE))
           ON CONFLICT (business_date, channel) DO UPDATE SET
               state = 'sending', attempt = d.attempt + 1, claimed_until = EXCLUDED.claimed_until, retry_at = NULL,
               reason = NULL, receipt = NULL, updated_at = EXCLUDED.updated_at
           WHERE (d.state = 'pending' AND ($5 OR coalesce(d.retry_at, $4) <= $4))
              OR ($5 AND d.state <> 'sending')
           RETURNING attempt"#,
        mail.date,
        slot,
        interval(request.lease),
        request.now,
        request.by_person,
        mail.book.as_ref().map(AccountId::as_str),
        beside,
        request.channel
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(ledger_error)?;
    let before = before.map(|before| before.state).filter(|before| before != "pending");
    Ok(attempt.map(|attempt| Begun { attempt, before }))
}

impl PostgresLedger {
    pub(super) async fn claim_mails(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        for mail in request.mails.iter().filter(|mail| mail.book.is_some()) {
            let channels = std::slice::from_ref(&request.channel);
            self.tell(channels, Mails::Apart, request.now, Some(mail.date)).await?;
        }
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, MAIL_LOCK).await?;
        let mut begun = Vec::new();
        for mail in &request.mails {
            // Dropped, the transaction undoes those before.
            let Some(one) = begin(&mut transaction, request, mail).await? else { return Ok(None) };
            begun.push((mail, one));
        }
        let claim = Claim {
            attempts: begun.iter().map(|(mail, one)| ((*mail).clone(), one.attempt)).collect(),
            channel: request.channel.clone(),
            reference: request.reference.clone(),
            begun_at: request.now,
        };
        for (mail, one) in begun {
            sqlx::query!(
                r#"INSERT INTO chargebook.summary_attempts
                       (business_date, channel, attempt, request_id, by_person, begun_at, state_before, reference,
                        place)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
                mail.date,
                slot(&request.channel, mail),
                one.attempt,
                claim.request_id().to_string(),
                request.by_person,
                request.now,
                one.before,
                request.reference,
                request.place
            )
            .execute(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        }
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Some(claim))
    }

    pub(super) async fn settle_claim(
        &self,
        claim: &Claim,
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
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        for (mail, attempt) in &claim.attempts {
            sqlx::query!(
                r#"WITH before AS (
                       SELECT state_before AS state FROM chargebook.summary_attempts
                       WHERE business_date = $1 AND channel = $2 AND attempt = $3 AND $9 = 'refused'
                         AND state_before IS NOT NULL
                   ), settled AS (
                       UPDATE chargebook.summary_deliveries
                       SET state = coalesce((SELECT state FROM before), $4), claimed_until = NULL, receipt = $5,
                           reason = $6, updated_at = $8,
                           retry_at = CASE WHEN EXISTS (SELECT FROM before) THEN NULL ELSE $7::timestamptz END
                       WHERE business_date = $1 AND channel = $2 AND attempt = $3 AND state = 'sending'
                       RETURNING business_date, channel, attempt
                   )
                   UPDATE chargebook.summary_attempts a
                   SET ended_at = clock_timestamp(), outcome = $9, receipt = $5, reason = $6
                   FROM settled s
                   WHERE a.business_date = s.business_date AND a.channel = s.channel AND a.attempt = s.attempt"#,
                mail.date,
                slot(&claim.channel, mail),
                attempt,
                state,
                receipt,
                reason,
                retry_at,
                now,
                outcome
            )
            .execute(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        }
        transaction.commit().await.map_err(ledger_error)
    }

    /// A claim that ran out was never settled: its process died, and nobody can know whether the mail went. An attempt is
    /// under way only while its delivery says so; a server of an earlier version ends deliveries alone.
    pub(super) async fn expire(&self, now: DateTime<Utc>) -> Result<(), LedgerError> {
        sqlx::query!(
            r#"UPDATE chargebook.summary_deliveries
               SET state = 'unknown', claimed_until = NULL, updated_at = $1,
                   reason = 'The process that was sending it ended before it knew how that went.'
               WHERE state = 'sending' AND claimed_until < clock_timestamp()"#,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        sqlx::query!(
            r#"UPDATE chargebook.summary_attempts a
               SET ended_at = clock_timestamp(), outcome = 'unknown', reason = d.reason
               FROM chargebook.summary_deliveries d
               WHERE a.business_date = d.business_date AND a.channel = d.channel AND a.ended_at IS NULL
                 AND (d.state, d.attempt) IS DISTINCT FROM ('sending', a.attempt)"#
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }

    pub(super) async fn claims_in_doubt(
        &self,
        channel: &str,
        place: &str,
        times: &LookTimes,
    ) -> Result<Vec<Claim>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT d.business_date, d.channel, d.attempt, a.begun_at, a.reference AS "reference!"
               FROM chargebook.summary_deliveries d
               JOIN chargebook.summary_attempts a USING (business_date, channel, attempt)
               WHERE d.state = 'unknown' AND split_part(d.channel, '/', 1) = $1
                 AND a.reference IS NOT NULL AND a.place = $5 AND a.state_before IS NULL
                 AND a.ended_at <= clock_timestamp() - $2::interval
                 AND a.ended_at > clock_timestamp() - $4::interval
                 AND coalesce(a.looked_at <= clock_timestamp() - $3::interval, true)
               ORDER BY d.business_date, d.channel"#,
            channel,
            interval(times.after),
            interval(times.again_after),
            interval(times.until),
            place
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        let mut claims = Vec::<Claim>::new();
        for row in rows {
            let attempt = (of_slot(row.business_date, &row.channel)?.mail, row.attempt);
            let of_one = |claim: &&mut Claim| claim.reference == row.reference && claim.begun_at == row.begun_at;
            match claims.iter_mut().find(of_one) {
                Some(claim) => claim.attempts.push(attempt),
                None => claims.push(Claim {
                    attempts: vec![attempt],
                    channel: channel.to_owned(),
                    reference: row.reference,
                    begun_at: row.begun_at,
                }),
            }
        }
        Ok(claims)
    }

    pub(super) async fn keep_look(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        let (word, state, note) = match found {
            Found::There => ("there", "accepted", None),
            Found::NotThere => ("not_there", "pending", None),
            Found::CannotTell { reason } => ("cannot_tell", "unknown", Some(reason)),
        };
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        for (mail, attempt) in &claim.attempts {
            sqlx::query!(
                r#"WITH kept AS (
                       UPDATE chargebook.summary_attempts a SET looked_at = clock_timestamp(), found = $5
                       FROM chargebook.summary_deliveries d
                       WHERE (d.business_date, d.channel, d.attempt) = ($1, $2, $3) AND d.state = 'unknown'
                         AND (a.business_date, a.channel, a.attempt) = ($1, $2, $3)
                       RETURNING a.business_date, a.channel, a.attempt, a.reason
                   )
                   UPDATE chargebook.summary_deliveries d SET
                       state = $4,
                       reason = CASE $5 WHEN 'cannot_tell' THEN concat_ws(' ', k.reason, $6::text)
                                        WHEN 'not_there'
                                        THEN 'It is not where it went, or would be known again there.' END,
                       receipt = CASE $5 WHEN 'there' THEN 'found where it went' END
                   FROM kept k
                   WHERE (d.business_date, d.channel, d.attempt) = (k.business_date, k.channel, k.attempt)
                     AND d.state = 'unknown'"#,
                mail.date,
                slot(&claim.channel, mail),
                attempt,
                state,
                word,
                note
            )
            .execute(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        }
        transaction.commit().await.map_err(ledger_error)
    }
}
