//! The work that tells of the networks' thresholds.

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, LedgerError};
use chargebook_domain::service::Watch;
use tracing::warn;

use super::Worker;

const WATCH_EVERY: Duration = Duration::from_mins(5);

impl Worker {
    /// Tells once of each level that the present month or the one before has reached.
    pub(crate) fn watching(watch: Watch, clock: Arc<dyn Clock>) -> Self {
        Self::new("monitor", WATCH_EVERY, move || {
            let (watch, now) = (watch.clone(), clock.now());
            async move {
                for alert in watch.run(now).await? {
                    warn!(monitor.alert = %alert, "a level of a network's programme was reached: a mail is owed");
                }
                Ok::<_, LedgerError>(())
            }
        })
    }
}
