//! Orders are no events: they are landed where orders are kept, and nothing else is recorded of them.

use chrono::{DateTime, Utc};

use super::{Booked, Ingest, Outcomes, Placed, Receipt};
use crate::OrderPayment;
use crate::ports::{Imported, LedgerError, OrderBook, Reading};

impl Ingest {
    /// Lands the orders among `batch`; answers what became of them, and what else there is. Each by itself, so that one
    /// that can't be landed keeps no other back, and those that were landed are known when they are delivered again.
    pub(super) async fn land<'a>(
        &self,
        batch: Vec<Placed<'a>>,
        now: DateTime<Utc>,
    ) -> Result<(Outcomes, Vec<Placed<'a>>), LedgerError> {
        let mut outcomes = Outcomes::new();
        let mut others = Vec::with_capacity(batch.len());
        for placed in batch {
            let event = &placed.received.event;
            match (&self.orders, &event.reading) {
                (Some(orders), Reading::Order(payments)) if self.admission.takes_order(event) => {
                    match receipt(orders.as_ref(), payments).await {
                        Ok(receipt) => {
                            outcomes.insert(placed.index, Booked { receipt, seen: None });
                        }
                        Err(LedgerError::Refused { reason }) => {
                            outcomes.extend(self.quarantine(placed, reason, now).await?);
                        }
                        Err(error) => return Err(error),
                    }
                }
                _ => others.push(placed),
            }
        }
        Ok((outcomes, others))
    }
}

async fn receipt(orders: &dyn OrderBook, payments: &[OrderPayment]) -> Result<Receipt, LedgerError> {
    let Imported { new, changed, .. } = orders.import(payments).await?;
    Ok(if new == 0 && changed == 0 { Receipt::Duplicate } else { Receipt::Recorded })
}
