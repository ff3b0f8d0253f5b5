//! What tells the time.

use std::fmt;
use std::sync::Arc;

use chargebook_domain::ports::Clock;
use chrono::{DateTime, Utc};

/// The clock that was given, in a form that can be shown.
#[derive(Clone)]
pub(crate) struct GivenClock(pub(crate) Arc<dyn Clock>);

impl GivenClock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

impl fmt::Debug for GivenClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenClock")
    }
}
