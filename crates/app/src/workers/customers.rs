//! Hashes customers again after their key was set or changed.

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::CustomerKey;
use chargebook_domain::ports::{Clock, Customers};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::info;

use super::{Attempt, Attempted, Worker};

/// How often it is looked whether there is anything to do.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl Worker {
    /// Makes every customer known by the hash under `key`, a step at a time. When the server stops, no further step is
    /// begun; the next server goes on from there.
    pub(crate) fn customers(customers: Arc<dyn Customers>, key: CustomerKey, clock: Arc<dyn Clock>) -> Self {
        let work = move |stop: watch::Receiver<bool>| -> BoxFuture<'static, Attempted> {
            let (customers, clock) = (Arc::clone(&customers), Arc::clone(&clock));
            Box::pin(async move {
                let (mut orders, mut moved) = (0_u64, 0_u64);
                while !*stop.borrow() {
                    let step = customers.rehash(key, clock.now()).await?;
                    orders = orders.saturating_add(step.orders);
                    moved = moved.saturating_add(step.customers);
                    if step.is_done {
                        break;
                    }
                }
                if orders > 0 || moved > 0 {
                    info!(orders, customers = moved, "hashed customers again");
                }
                Ok(Attempt::Worked)
            })
        };
        Self { name: "customers".to_owned(), every: LOOK_EVERY, work: Box::new(work) }
    }
}

#[cfg(test)]
mod tests {
    use chargebook_domain::ports::{LedgerError, MockClock, MockCustomers, Rehashed};

    use super::*;

    fn worker(customers: MockCustomers) -> Worker {
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| "2026-03-10T12:00:00Z".parse().unwrap());
        Worker::customers(Arc::new(customers), CustomerKey::new(&[7; 16]).unwrap(), Arc::new(clock))
    }

    #[tokio::test]
    async fn steps_are_made_until_all_is_done() {
        let mut customers = MockCustomers::new();
        let mut steps = 0;
        customers.expect_rehash().times(3).returning(move |_, _| {
            steps += 1;
            Ok(Rehashed { orders: 2, customers: 1, is_done: steps == 3 })
        });
        let (_stop, stopped) = watch::channel(false);
        assert_eq!((worker(customers).work)(stopped).await.unwrap(), Attempt::Worked);
    }

    #[tokio::test]
    async fn no_step_is_begun_after_the_word_to_stop() {
        let (stop, stopped) = watch::channel(false);
        let mut customers = MockCustomers::new();
        customers.expect_rehash().times(1).returning(move |_, _| {
            stop.send_replace(true);
            Ok(Rehashed::default())
        });
        assert_eq!((worker(customers).work)(stopped).await.unwrap(), Attempt::Worked);
    }

    #[tokio::test]
    async fn a_step_that_fails_ends_the_attempt() {
        let mut customers = MockCustomers::new();
        customers.expect_rehash().times(1).returning(|_, _| Err(LedgerError::Unavailable("away".into())));
        let (_stop, stopped) = watch::channel(false);
        assert!((worker(customers).work)(stopped).await.is_err());
    }
}
