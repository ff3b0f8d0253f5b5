use async_trait::async_trait;
use chargebook_domain::ports::{KeptMovement, LedgerError, Movements};
use chargebook_domain::{AccountId, Attributed, Attribution, DisputeId, DisputeKey, MovementId};
use chrono::{DateTime, NaiveDate, Utc};

use super::rows::KeptEntry;
use super::{InMemoryLedger, State, writes};

/// A tie as it is kept.
#[derive(Clone, Debug)]
pub(super) struct KeptTie {
    pub(super) dispute: DisputeId,
    /// When the movement was made.
    pub(super) occurred_at: DateTime<Utc>,
    /// The day that it was sealed in.
    pub(super) sealed_in: Option<NaiveDate>,
}

#[async_trait]
impl Movements for InMemoryLedger {
    async fn movement(&self, account: &AccountId, id: &MovementId) -> Result<Option<KeptMovement>, LedgerError> {
        let state = self.state();
        let place = (account.clone(), id.clone());
        let is_its_own = |key: &DisputeKey, kept: &super::KeptDispute| {
            key.account == *account && kept.facts.movements().iter().any(|movement| movement.id == *id)
        };
        let own = state.disputes.iter().find(|(key, kept)| is_its_own(key, kept));
        Ok(state.movements.get(&place).map(|movement| KeptMovement {
            movement: movement.clone(),
            dispute: own.map(|(key, _)| key.dispute.clone()),
            tied_to: state.ties.get(&place).map(|tie| tie.dispute.clone()),
        }))
    }
}

impl State {
    pub(super) fn keep_attribution(&mut self, key: &DisputeKey, said: &Attribution) -> Result<(), LedgerError> {
        let Attributed::Tie(movement) = &said.what else { return Ok(()) };
        let place = (key.account.clone(), movement.id.clone());
        if !self.movements.contains_key(&place) || self.ties.contains_key(&place) {
            return Err(writes::refused("a movement that is tied is in the books, and tied once"));
        }
        let dispute = key.dispute.clone();
        self.ties.insert(place, KeptTie { dispute, occurred_at: movement.occurred_at, sealed_in: None });
        Ok(())
    }

    /// The dispute that the movement of an entry of the account was tied to, and the day that this was sealed in, if it was.
    pub(super) fn tied(&self, kept: &KeptEntry) -> Option<&KeptTie> {
        let tied = |((account, movement), _): &(&(AccountId, MovementId), &KeptTie)| {
            *account == kept.account && chargebook_domain::EntryId::of_movement(movement) == *kept.entry.id()
        };
        self.ties.iter().find(tied).map(|(_, tie)| tie)
    }
}
