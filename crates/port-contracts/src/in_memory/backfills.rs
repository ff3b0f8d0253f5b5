use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{Backfills, LedgerError, Slice};
use chrono::{DateTime, Utc};

use super::InMemoryLedger;

#[async_trait]
impl Backfills for InMemoryLedger {
    async fn open_backfill(
        &self,
        account: &AccountId,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        slices: &[Slice],
    ) -> Result<Vec<Slice>, LedgerError> {
        let mut state = self.state();
        let unfinished = state.backfills.iter().rev().find(|((of, period), slices)| {
            of == account
                && period.from == since
                && until.is_none_or(|until| period.until == until)
                && slices.iter().any(|slice| !slice.is_done)
        });
        if let Some((_, slices)) = unfinished {
            return Ok(slices.clone());
        }
        let mut slices = slices.to_vec();
        slices.sort_by_key(|slice| slice.period.from);
        if let Some(first) = slices.first() {
            state.backfills.insert((account.clone(), first.backfill), slices.clone());
        }
        Ok(slices)
    }

    async fn advance(&self, slice: &Slice) -> Result<(), LedgerError> {
        let mut state = self.state();
        let backfill = state.backfills.get_mut(&(slice.account.clone(), slice.backfill));
        let kept = backfill.into_iter().flatten().find(|kept| kept.period == slice.period);
        if let Some(kept) = kept {
            *kept = slice.clone();
        }
        Ok(())
    }
}
