use async_trait::async_trait;
use chargebook_domain::ports::{Completeness, LedgerError, Period};
use chargebook_domain::{AccountId, CauseId, ChargeId, DisputeId, DisputeKey, Movement, MovementId};
use chrono::{DateTime, Utc};

use super::rows::KeptDispute;
use super::{InMemoryLedger, State};

#[async_trait]
impl Completeness for InMemoryLedger {
    async fn unknown_events(&self, account: &AccountId, events: &[CauseId]) -> Result<Vec<CauseId>, LedgerError> {
        let state = self.state();
        let unknown = |event: &&CauseId| !state.causes.contains_key(&(account.clone(), (*event).clone()));
        Ok(events.iter().filter(unknown).cloned().collect())
    }

    async fn unknown_movements(
        &self,
        account: &AccountId,
        movements: &[MovementId],
    ) -> Result<Vec<MovementId>, LedgerError> {
        let state = self.state();
        let unknown = |movement: &&MovementId| !state.movements.contains_key(&(account.clone(), (*movement).clone()));
        Ok(movements.iter().filter(unknown).cloned().collect())
    }

    async fn disputes_of_charge(&self, account: &AccountId, charge: &ChargeId) -> Result<Vec<DisputeId>, LedgerError> {
        let state = self.state();
        let of_charge = state
            .disputes_of(account)
            .filter(|(_, kept)| kept.facts.first(|claims| claims.charge.clone()).as_ref() == Some(charge));
        Ok(of_charge.map(|(key, _)| key.dispute.clone()).collect())
    }

    async fn oldest_open(
        &self,
        account: &AccountId,
        unchanged_since: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let state = self.state();
        let open = state.disputes_of(account).filter(|(_, KeptDispute { dispute, .. })| {
            !dispute.outcome.is_decided() && dispute.status_as_of < unchanged_since
        });
        Ok(open.filter_map(|(_, kept)| kept.facts.opened_at()).min())
    }

    async fn principal(&self, account: &AccountId, period: Period) -> Result<Vec<Movement>, LedgerError> {
        let state = self.state();
        let is_meant = |movement: &Movement| {
            movement.category.is_principal()
                && period.from <= movement.occurred_at
                && movement.occurred_at < period.until
        };
        let movements = state.movements.iter().filter(|((of, _), movement)| of == account && is_meant(movement));
        let mut principal: Vec<_> = movements.map(|(_, movement)| movement.clone()).collect();
        principal.sort_by(|a, b| (a.occurred_at, &a.id).cmp(&(b.occurred_at, &b.id)));
        Ok(principal)
    }
}

impl State {
    fn disputes_of(&self, account: &AccountId) -> impl Iterator<Item = (&DisputeKey, &KeptDispute)> {
        self.disputes.iter().filter(move |(key, _)| key.account == *account)
    }
}
