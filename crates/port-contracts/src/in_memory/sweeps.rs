use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Period, Sweep, SweepRequest, Sweeps};
use chrono::{DateTime, Utc};

use super::InMemoryLedger;

/// Where a sweep stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeptSweep {
    attempt: i32,
    /// Until when the present attempt may take; `None` when nobody sweeps.
    leased_until: Option<DateTime<Utc>>,
    /// When the last one that was finished was begun.
    pub(super) last: Option<DateTime<Utc>>,
}

#[async_trait]
impl Sweeps for InMemoryLedger {
    async fn begin_sweep(&self, request: &SweepRequest) -> Result<Option<Sweep>, LedgerError> {
        let SweepRequest { account, kind, now, every, lease } = request;
        let mut state = self.state();
        let kept = state.sweeps.entry((account.clone(), *kind)).or_default();
        let is_anothers = kept.leased_until.is_some_and(|until| *now < until);
        let is_too_soon = kept.last.is_some_and(|last| *now < last + *every);
        if is_anothers || is_too_soon {
            return Ok(None);
        }
        kept.attempt += 1;
        kept.leased_until = Some(*now + *lease);
        Ok(Some(Sweep { account: account.clone(), kind: *kind, attempt: kept.attempt, last: kept.last }))
    }

    async fn finish_sweep(&self, sweep: &Sweep, begun: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut state = self.state();
        let is_present = |kept: &&mut KeptSweep| kept.attempt == sweep.attempt && kept.leased_until.is_some();
        if let Some(kept) = state.sweeps.get_mut(&(sweep.account.clone(), sweep.kind)).filter(is_present) {
            (kept.leased_until, kept.last) = (None, Some(begun));
        }
        Ok(())
    }

    async fn whole(&self, account: &AccountId) -> Result<Option<Period>, LedgerError> {
        Ok(self.state().whole.get(account).copied())
    }

    async fn note_whole(&self, account: &AccountId, period: Period) -> Result<(), LedgerError> {
        let mut state = self.state();
        let whole = state.whole.get(account).map_or(period, |known| together(*known, period));
        state.whole.insert(account.clone(), whole);
        Ok(())
    }
}

/// Both as one where they meet or overlap, else the one that ends later.
fn together(a: Period, b: Period) -> Period {
    if a.until >= b.from && b.until >= a.from {
        Period { from: a.from.min(b.from), until: a.until.max(b.until) }
    } else if a.until > b.until {
        a
    } else {
        b
    }
}
