use std::cmp::Reverse;
use std::collections::BTreeMap;

use chargebook_domain::ports::Seal;
use chargebook_domain::summary::{REASONS_MAX, ReasonCount, TrendDay};
use chargebook_domain::{AccountId, Outcome};
use chrono::{Days, NaiveDate};

use super::State;
use super::rows::KeptDispute;

impl State {
    pub(super) fn trend(&self, seal: &Seal, book: Option<&AccountId>) -> Vec<TrendDay> {
        let mut counts: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
        for (closed_on, KeptDispute { dispute, .. }) in self.decided(seal, book) {
            let (won, lost) = counts.entry(closed_on).or_default();
            *if dispute.outcome == Outcome::Won { won } else { lost } += 1;
        }
        TrendDay::up_to(seal.date, &counts)
    }

    pub(super) fn reasons(&self, seal: &Seal, book: Option<&AccountId>) -> Vec<ReasonCount> {
        let mut counts: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
        let from = seal.date - Days::new(89);
        for (_, KeptDispute { dispute, facts, .. }) in self.decided(seal, book).filter(|(on, _)| *on >= from) {
            let (won, lost) = counts.entry(facts.first(|claims| claims.reason.clone())).or_default();
            *if dispute.outcome == Outcome::Won { won } else { lost } += 1;
        }
        let counts = counts.into_iter();
        let mut reasons: Vec<_> = counts.map(|(reason, (won, lost))| ReasonCount { reason, won, lost }).collect();
        reasons.sort_by_key(|of| (Reverse(of.won + of.lost), of.reason.is_none(), of.reason.clone()));
        reasons.truncate(REASONS_MAX);
        reasons
    }

    /// The disputes that are won or lost, each with the date of its close, up to the day.
    fn decided(&self, seal: &Seal, book: Option<&AccountId>) -> impl Iterator<Item = (NaiveDate, &KeptDispute)> {
        let decided = self.disputes_in(book).map(|(_, kept)| kept).filter(|kept| {
            kept.dispute.same_as.is_none() && matches!(kept.dispute.outcome, Outcome::Won | Outcome::Lost)
        });
        let closed = decided.filter_map(|kept| {
            let closed_at = kept.dispute.closed_at?;
            Some((closed_at.with_timezone(&seal.zone).date_naive(), kept))
        });
        closed.filter(|(closed_on, _)| *closed_on <= seal.date)
    }
}
