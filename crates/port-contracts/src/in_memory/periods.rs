use async_trait::async_trait;
use chargebook_domain::ports::{Closed, Closing, LedgerError, Periods};
use chrono::NaiveDate;

use super::{InMemoryLedger, State, writes};

#[async_trait]
impl Periods for InMemoryLedger {
    async fn close_period(&self, closing: &Closing) -> Result<Closed, LedgerError> {
        let mut state = self.state();
        writes::refuse_nul([closing.closed_by.as_str(), closing.reason.as_str()])?;
        if let Some(through) = state.closed_through().filter(|through| *through >= closing.through) {
            return Ok(Closed::Before(through));
        }
        state.closings.push(closing.clone());
        Ok(Closed::Kept)
    }

    async fn closings(&self) -> Result<Vec<Closing>, LedgerError> {
        Ok(self.state().closings.iter().rev().cloned().collect())
    }
}

impl State {
    /// The last day that is closed.
    pub(super) fn closed_through(&self) -> Option<NaiveDate> {
        self.closings.last().map(|closing| closing.through)
    }
}
