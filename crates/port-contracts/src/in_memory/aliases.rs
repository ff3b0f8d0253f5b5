use async_trait::async_trait;
use chargebook_domain::ports::{Alias, Aliases, Joined, LedgerError};
use chargebook_domain::{AccountId, DisputeKey, MovementId};

use super::attributions::KeptTie;
use super::{InMemoryLedger, State, writes};

#[async_trait]
impl Aliases for InMemoryLedger {
    async fn join(&self, alias: &Alias) -> Result<Joined, LedgerError> {
        let mut state = self.state();
        writes::refuse_nul([alias.joined_by.as_str(), alias.reason.as_str()])?;
        for named in [&alias.key, &alias.same_as] {
            if !state.disputes.contains_key(named) {
                return Ok(Joined::NoSuchDispute(named.clone()));
            }
            if let Some(of) = state.same_as(named) {
                let is_the_same = *named == alias.key && *of == alias.same_as;
                let double = Joined::IsADouble { key: named.clone(), of: of.clone() };
                return Ok(if is_the_same { Joined::KnownBefore } else { double });
            }
        }
        if alias.key == alias.same_as {
            return Err(writes::refused("a dispute is no double of itself"));
        }
        if state.aliases.iter().any(|other| other.same_as == alias.key) {
            return Ok(Joined::HasDoubles(alias.key.clone()));
        }
        let is_tied = |((account, _), tie): (&(AccountId, MovementId), &KeptTie)| {
            *account == alias.key.account && tie.dispute == alias.key.dispute
        };
        if state.ties.iter().any(is_tied) {
            return Ok(Joined::HasTies(alias.key.clone()));
        }
        state.aliases.push(alias.clone());
        if let Some(kept) = state.disputes.get_mut(&alias.key) {
            kept.due = true;
            kept.version += 1;
        }
        Ok(Joined::Kept)
    }

    async fn twins(&self, limit: u32) -> Result<Vec<(DisputeKey, DisputeKey)>, LedgerError> {
        let state = self.state();
        let is_joined = |key: &DisputeKey| state.aliases.iter().any(|alias| alias.key == *key || alias.same_as == *key);
        let open = state.disputes.keys().filter(|key| !is_joined(key));
        let twins = open.filter_map(|key| Some((key.clone(), state.twin(key)?)));
        Ok(twins.take(usize::try_from(limit).unwrap()).collect())
    }
}

impl State {
    /// The dispute that this one was said to be the same as.
    pub(super) fn same_as(&self, key: &DisputeKey) -> Option<&DisputeKey> {
        self.aliases.iter().find(|alias| alias.key == *key).map(|alias| &alias.same_as)
    }

    /// The dispute of the same id in a book of Stripe's, where this book is not one.
    pub(super) fn twin(&self, key: &DisputeKey) -> Option<DisputeKey> {
        if key.account.is_at_stripe() {
            return None;
        }
        let twin = |other: &&DisputeKey| other.account.is_at_stripe() && other.dispute == key.dispute;
        self.disputes.keys().find(twin).cloned()
    }
}
