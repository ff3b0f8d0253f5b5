use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::ports::{Answer, Content, Entry, Ledger, LedgerError, Lookup, OrderBook};
use crate::{BookRules, DisputeKey, decide};

/// How many disputes are matched in one transaction.
const PAGE: u32 = 200;

/// Links disputes to orders that appeared, changed or were chosen after the dispute was recorded.
#[derive(Clone)]
pub struct MatchOrders {
    ledger: Arc<dyn Ledger>,
    orders: Arc<dyn OrderBook>,
    rules: BookRules,
}

/// What a sweep did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Disputes that were decided again.
    pub disputes: u64,
    /// Disputes that could not be: what is stored of them, or of their orders, is not what can be booked.
    pub failed: u64,
}

impl MatchOrders {
    /// Matches the disputes of `ledger` with `orders`.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, orders: Arc<dyn OrderBook>, rules: BookRules) -> Self {
        Self { ledger, orders, rules }
    }

    /// Decides every dispute again that is due. One that is changed by others meanwhile is left to the next sweep.
    ///
    /// # Errors
    /// [`LedgerError`]; what was matched before stays matched.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<Swept, LedgerError> {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let keys = self.orders.due(after.take(), PAGE).await?;
            let Some(last) = keys.last().cloned() else { return Ok(swept) };
            match self.match_again(&keys, now).await {
                Ok(matched) => swept.disputes = swept.disputes.saturating_add(matched),
                Err(LedgerError::Refused { .. } | LedgerError::Corrupt { .. }) => {
                    self.match_apart(&keys, now, &mut swept).await?;
                }
                Err(away @ LedgerError::Unavailable(_)) => return Err(away),
            }
            after = Some(last);
        }
    }

    /// Matches each by itself, so that one which can't be booked keeps no other back.
    async fn match_apart(&self, keys: &[DisputeKey], now: DateTime<Utc>, swept: &mut Swept) -> Result<(), LedgerError> {
        for key in keys {
            match self.match_again(std::slice::from_ref(key), now).await {
                Ok(matched) => swept.disputes = swept.disputes.saturating_add(matched),
                Err(LedgerError::Refused { .. } | LedgerError::Corrupt { .. }) => {
                    swept.failed = swept.failed.saturating_add(1);
                }
                Err(away @ LedgerError::Unavailable(_)) => return Err(away),
            }
        }
        Ok(())
    }

    /// Decides these disputes again; answers how many could be recorded.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was recorded.
    pub async fn match_again(&self, keys: &[DisputeKey], now: DateTime<Utc>) -> Result<u64, LedgerError> {
        let lookups: Vec<_> = keys.iter().cloned().map(Lookup::recorded).collect();
        let mut entries = Vec::new();
        for (key, stored) in keys.iter().zip(self.ledger.load(&lookups).await?) {
            if let Ok(change) = decide(key, &stored, &[], self.rules) {
                entries.push(Entry { causes: Vec::new(), content: Content::Change(Box::new(change)) });
            }
        }
        let answers = self.ledger.record(&entries, now).await?;
        let recorded = answers.iter().filter(|answer| matches!(answer, Answer::Recorded { .. })).count();
        Ok(u64::try_from(recorded).unwrap_or(u64::MAX))
    }
}
