//! Which sweeps are due, who makes them, and how far the record of events is known to be whole.

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Period, Sweep, SweepRequest, Sweeps};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{ledger_error, read_error};
use crate::{PostgresLedger, lease_end};

#[async_trait]
impl Sweeps for PostgresLedger {
    async fn begin_sweep(&self, request: &SweepRequest) -> Result<Option<Sweep>, LedgerError> {
        let SweepRequest { account, kind, now, every, lease } = request;
        // `None` is an interval longer than all of time: then what was swept once is never due.
        let begun_by = TimeDelta::from_std(*every).ok().and_then(|every| now.checked_sub_signed(every));
        let begun = sqlx::query!(
            r#"INSERT INTO chargebook.sweeps AS s (account, kind, attempt, claimed_until) VALUES ($1, $2, 1, $4)
               ON CONFLICT (account, kind) DO UPDATE SET
                   attempt = s.attempt + 1, claimed_until = EXCLUDED.claimed_until
               WHERE (s.claimed_until IS NULL OR s.claimed_until <= $3)
                 AND (s.last_begun_at IS NULL OR s.last_begun_at <= $5)
               RETURNING attempt, last_begun_at"#,
            account.as_str(),
            kind.as_str(),
            now,
            lease_end(*now, *lease),
            begun_by
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(begun.map(|row| Sweep {
            account: account.clone(),
            kind: *kind,
            attempt: row.attempt,
            last: row.last_begun_at,
        }))
    }

    async fn finish_sweep(&self, sweep: &Sweep, begun: DateTime<Utc>) -> Result<(), LedgerError> {
        sqlx::query!(
            r#"UPDATE chargebook.sweeps SET last_begun_at = $4, claimed_until = NULL
               WHERE account = $1 AND kind = $2 AND attempt = $3 AND claimed_until IS NOT NULL"#,
            sweep.account.as_str(),
            sweep.kind.as_str(),
            sweep.attempt,
            begun
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }

    async fn whole(&self, account: &AccountId) -> Result<Option<Period>, LedgerError> {
        let row = sqlx::query!(
            "SELECT from_at, until_at FROM chargebook.whole_stretches WHERE account = $1",
            account.as_str()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(read_error)?;
        Ok(row.map(|row| Period { from: row.from_at, until: row.until_at }))
    }

    async fn note_whole(&self, account: &AccountId, period: Period) -> Result<(), LedgerError> {
        // Of two stretches that do not meet, the one that ends later begins later.
        sqlx::query!(
            r#"INSERT INTO chargebook.whole_stretches AS w (account, from_at, until_at) VALUES ($1, $2, $3)
               ON CONFLICT (account) DO UPDATE SET
                   from_at = CASE WHEN w.from_at <= EXCLUDED.until_at AND EXCLUDED.from_at <= w.until_at
                                  THEN least(w.from_at, EXCLUDED.from_at) ELSE greatest(w.from_at, EXCLUDED.from_at) END,
                   until_at = greatest(w.until_at, EXCLUDED.until_at)"#,
            account.as_str(),
            period.from,
            period.until
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}
