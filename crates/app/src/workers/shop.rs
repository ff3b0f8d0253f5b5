//! Asks a shop for what its webhooks lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chargebook_domain::ports::Clock;
use chargebook_domain::service::{Ingest, Occasion, ReadShop};
use tracing::info;

use super::asking::LOOK_EVERY;
use super::{Attempt, Worker};
use crate::shops::AskingShop;

impl Worker {
    /// Reads the shop of this name again and again. It only reads there, so that it may be broken off at any moment.
    pub(crate) fn shop(name: &str, asking: &AskingShop, ingest: &Ingest, clock: Arc<dyn Clock>) -> Self {
        let AskingShop { reader, sweeps, known_as } = asking.clone();
        let read = ReadShop { shop: reader, ingest: ingest.clone(), clock };
        let (shop, has_started) = (name.to_owned(), Arc::new(AtomicBool::new(false)));
        Self::asking(format!("shop: {name}"), LOOK_EVERY, move || {
            let (read, sweeps) = (read.clone(), Arc::clone(&sweeps));
            let (shop, known_as) = (shop.clone(), known_as.clone());
            let has_started = Arc::clone(&has_started);
            async move {
                let occasion = if has_started.load(Ordering::Relaxed) { Occasion::Regular } else { Occasion::Start };
                let swept = read.sweep(sweeps.as_ref(), &known_as, occasion).await?;
                has_started.store(true, Ordering::Relaxed);
                let Some(count) = swept else { return Ok(Attempt::NothingToDo) };
                if count.new > 0 || count.quarantined > 0 {
                    info!(
                        shop,
                        found.new = count.new,
                        found.quarantined = count.quarantined,
                        "read from a shop what its webhooks had not told"
                    );
                }
                Ok(Attempt::Worked)
            }
        })
    }
}
