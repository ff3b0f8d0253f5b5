use chargebook_domain::AccountId;
use chargebook_domain::ports::{Disposition, Seal, SweepKind};
use chargebook_domain::summary::Received;
use chrono::{DateTime, Utc};

use super::State;

impl State {
    /// The book for which an event counts.
    pub(super) fn home(&self, account: &AccountId) -> AccountId {
        if self.known_books().contains(account) { account.clone() } else { AccountId::own() }
    }

    /// What arrived on a day, and how far the record is compared.
    pub(super) fn received(&self, seal: &Seal, book: Option<&AccountId>) -> Received {
        let is_in = |account: &AccountId| book.is_none_or(|book| book == account);
        let arrived = self.causes.iter().filter(|((account, _), kept)| {
            kept.cause.received_at.with_timezone(&seal.zone).date_naive() == seal.date && is_in(&self.home(account))
        });
        let arrived: Vec<_> = arrived.map(|(_, kept)| kept.disposition).collect();
        let count = |disposition| arrived.iter().filter(|of| **of == disposition).count().try_into().unwrap();
        let compared = self.sweeps.iter().filter(|((account, kind), _)| *kind == SweepKind::Money && is_in(account));
        let compared: Option<Vec<_>> = compared.map(|(_, kept)| kept.last).collect();
        let whole = self.whole.iter().filter(|(account, _)| is_in(account));
        let before = |at: &DateTime<Utc>| at.with_timezone(&seal.zone).date_naive() <= seal.date;
        let last_at = self.causes.values().map(|kept| kept.cause.received_at).filter(before).max();
        Received {
            recorded: count(Disposition::Recorded),
            ignored: count(Disposition::Ignored),
            quarantined: count(Disposition::Quarantined),
            last_at: last_at.filter(|_| book.is_none()),
            whole_until: whole.map(|(_, period)| period.until).min(),
            money_compared_at: compared.and_then(|times| times.into_iter().min()),
        }
    }
}
