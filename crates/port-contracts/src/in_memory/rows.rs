use chargebook_domain::ports::{Cause, Disposition, LoggedRule, Version};
use chargebook_domain::{
    AccountId, BookedCloseOuts, BookedDeltas, Currency, CustomerId, Discrepancy, Dispute, DisputeKey, EntryKind, Facts,
    JournalEntry, LedgerAccount, OrderResolution, Resolution,
};
use chrono::{DateTime, NaiveDate, Utc};

/// A source event as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptCause {
    /// The event.
    pub cause: Cause,
    /// What became of it.
    pub disposition: Disposition,
    /// Why, where it is quarantined.
    pub reason: Option<String>,
}

/// A dispute as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptDispute {
    /// Which state this is.
    pub version: Version,
    /// What is known.
    pub facts: Facts,
    /// How it stands.
    pub dispute: Dispute,
    /// What is odd.
    pub discrepancies: Vec<Discrepancy>,
    /// What it means for its order.
    pub order_resolutions: Vec<OrderResolution>,
    /// Whether its order must be looked for again.
    pub due: bool,
}

/// A journal entry as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptEntry {
    /// The book.
    pub account: AccountId,
    /// The entry.
    pub entry: JournalEntry,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The day that it was sealed in.
    pub sealed_in: Option<NaiveDate>,
}

impl KeptEntry {
    pub(super) fn is_of(&self, key: &DisputeKey) -> bool {
        self.account == key.account && self.entry.dispute() == Some(&key.dispute)
    }

    pub(super) fn is_close_out_of(&self, key: &DisputeKey) -> bool {
        self.is_of(key) && self.entry.kind() == EntryKind::CloseOut
    }

    pub(super) fn is_adjustment(&self) -> bool {
        self.entry.kind() == EntryKind::Adjustment
    }

    /// The sum of its postings to `account` in `currency`.
    #[must_use]
    pub fn posted(&self, account: LedgerAccount, currency: Currency) -> i64 {
        let postings = self.entry.postings().iter();
        let to_it = postings.filter(|posting| posting.account == account && posting.currency == currency);
        to_it.map(|posting| posting.amount_minor).sum()
    }
}

/// A resolution row as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptResolution {
    /// The dispute.
    pub key: DisputeKey,
    /// The row.
    pub resolution: Resolution,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The day that it was sealed in.
    pub sealed_in: Option<NaiveDate>,
}

/// A rule that was looked at, as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptRule {
    /// The dispute.
    pub key: DisputeKey,
    /// Its customer.
    pub customer: Option<CustomerId>,
    /// What became of the rule.
    pub rule: LoggedRule,
    /// When it was looked at.
    pub evaluated_at: DateTime<Utc>,
}

/// What close-outs sum to at each point. A point whose close-outs cancel out is there all the same, with zeros.
pub(super) fn sum_close_outs(entries: &[&KeptEntry]) -> BookedCloseOuts {
    let mut sums = BookedCloseOuts::new();
    for kept in entries {
        for posting in kept.entry.postings() {
            let sum = sums.entry((kept.entry.occurred_at(), posting.currency)).or_default();
            match posting.account {
                LedgerAccount::ChargebackLosses => sum.loss += posting.amount_minor,
                LedgerAccount::FxDifference => sum.fx += posting.amount_minor,
                _ => {}
            }
        }
    }
    sums
}

/// What resolution rows sum to at each point. A point whose rows cancel out is there all the same, with zeros.
pub(super) fn sum_resolutions(rows: &[&KeptResolution]) -> BookedDeltas {
    let mut sums = BookedDeltas::new();
    for row in rows {
        let sum = sums.entry((row.resolution.occurred_at, row.resolution.currency)).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    sums
}
