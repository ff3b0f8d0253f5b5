//! The work that tells of what is wrong.

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, LedgerError};
use chargebook_domain::service::Alarm;
use tracing::warn;

use super::Worker;

const LOOK_EVERY: Duration = Duration::from_mins(5);

impl Worker {
    /// Tells once of each thing that is wrong.
    pub(crate) fn alarm(alarm: Alarm, clock: Arc<dyn Clock>) -> Self {
        Self::new("alerts", LOOK_EVERY, move || {
            let (alarm, now) = (alarm.clone(), clock.now());
            async move {
                for (kind, count) in alarm.run(now).await? {
                    warn!(alert.kind = kind.as_str(), alert.count = count, "something is wrong: a mail is owed");
                }
                Ok::<_, LedgerError>(())
            }
        })
    }
}
