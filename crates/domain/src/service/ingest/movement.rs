//! Movements that come as rows of the account's, and not inside their dispute.

use chrono::{DateTime, Utc};

use super::{ATTEMPTS_MAX, Ingest, Receipt, always_changed};
use crate::ports::{Answer, Cause, Content, Entry, LedgerError, Lookup, ReadMovement};
use crate::{Admission, DisputeId, DisputeKey, Movement, Observation, account_entry, decide};

/// The word for the kind of event that such a row is.
const EVENT_TYPE: &str = "read.balance_transaction";

/// What a row is booked as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    /// A movement of a dispute that is in the books.
    OfDispute(&'a Movement, &'a DisputeId),
    /// A movement of the account.
    OfAccount(&'a Movement),
    /// Kept whole, for this reason.
    Quarantined(&'a str),
}

impl Ingest {
    /// Books a row that is not in the books.
    ///
    /// # Errors
    /// [`LedgerError`]; then the row is either booked or not, and booking it again settles it.
    pub(crate) async fn book_row(
        &self,
        read: &ReadMovement,
        row: Row<'_>,
        now: DateTime<Utc>,
    ) -> Result<Receipt, LedgerError> {
        for _ in 0..ATTEMPTS_MAX {
            let content = self.content(read, row).await?;
            let answer = match self.record_row(read, content, now).await {
                Err(LedgerError::Refused { reason }) => {
                    self.record_row(read, Content::Quarantined { reason }, now).await?
                }
                answered => answered?,
            };
            if let Some(receipt) = answer {
                return Ok(receipt);
            }
        }
        Err(always_changed())
    }

    async fn content(&self, read: &ReadMovement, row: Row<'_>) -> Result<Content, LedgerError> {
        let quarantined = |reason: String| Content::Quarantined { reason };
        let (movement, dispute) = match row {
            Row::OfDispute(movement, dispute) => (movement, Some(dispute)),
            Row::OfAccount(movement) => (movement, None),
            Row::Quarantined(reason) => return Ok(quarantined(reason.to_owned())),
        };
        if let Some(reason) = Admission::objection_to_amounts([movement]) {
            return Ok(quarantined(reason));
        }
        let booked = if let Some(dispute) = dispute {
            let key = DisputeKey { account: read.account.clone(), dispute: dispute.clone() };
            let stored = self.ledger.load(&[Lookup::recorded(key.clone())]).await?.pop().unwrap_or_default();
            let Some(present) = stored.facts.present() else {
                return Ok(quarantined("its dispute is not in the books".to_owned()));
            };
            let more = Observation { movements: vec![movement.clone()], ..present.restated(&key) };
            decide(&key, &stored, &[more], self.rules).map(|change| Content::Change(Box::new(change)))
        } else {
            let entry = account_entry(movement, self.rules);
            entry.map(|entry| Content::AccountMovement(Box::new(movement.clone()), entry))
        };
        Ok(booked.unwrap_or_else(|error| quarantined(error.to_string())))
    }

    /// `None` when it is stale.
    async fn record_row(
        &self,
        read: &ReadMovement,
        content: Content,
        now: DateTime<Utc>,
    ) -> Result<Option<Receipt>, LedgerError> {
        let cause = Cause {
            account: read.account.clone(),
            id: read.cause.clone(),
            event_type: EVENT_TYPE.to_owned(),
            received_at: now,
            body: Some(read.body.clone()),
        };
        let is_quarantined = matches!(content, Content::Quarantined { .. });
        let answers = self.ledger.record(&[Entry { causes: vec![cause], content }], now).await?;
        Ok(match answers.first() {
            Some(Answer::Recorded { known_before }) => Some(match known_before.as_slice() {
                [true] => Receipt::Duplicate,
                _ if is_quarantined => Receipt::Quarantined,
                _ => Receipt::Recorded,
            }),
            Some(Answer::Stale) | None => None,
        })
    }
}
