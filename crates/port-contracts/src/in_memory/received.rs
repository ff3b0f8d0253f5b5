use chargebook_domain::AccountId;
use chargebook_domain::ports::{Disposition, Period, Seal, SweepKind};
use chargebook_domain::summary::Received;

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
            let is_of_source = !["read.", "manual."].iter().any(|kind| kept.cause.event_type.starts_with(kind));
            let is_of_day = kept.cause.received_at.with_timezone(&seal.zone).date_naive() == seal.date;
            is_of_source && is_of_day && (is_in(account) || is_in(&self.home(account)))
        });
        let arrived: Vec<_> = arrived.map(|(_, kept)| kept.disposition).collect();
        let count = |disposition| arrived.iter().filter(|of| **of == disposition).count().try_into().unwrap();
        let compared = self.sweeps.iter().filter(|((account, kind), _)| *kind == SweepKind::Money && is_in(account));
        let compared: Option<Vec<_>> = compared.map(|(_, kept)| kept.last).collect();
        let asked = self.sweeps.keys().filter(|(account, kind)| *kind == SweepKind::Money && is_in(account));
        let whole: Option<Vec<_>> = asked.map(|(account, _)| self.whole.get(account)).collect();
        let whole = whole.and_then(|all| all.into_iter().copied().reduce(shared));
        Received {
            recorded: count(Disposition::Recorded),
            ignored: count(Disposition::Ignored),
            quarantined: count(Disposition::Quarantined),
            whole: whole.filter(|of| of.from <= of.until),
            money_compared_at: compared.and_then(|times| times.into_iter().min()),
        }
    }
}

/// The time that is in both.
fn shared(one: Period, other: Period) -> Period {
    Period { from: one.from.max(other.from), until: one.until.min(other.until) }
}
