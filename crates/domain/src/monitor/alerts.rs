//! Which levels somebody must be told of.

use std::collections::BTreeSet;
use std::fmt;

use super::{Estimate, Level, Month, Network};

/// One alert: a programme's level in a month.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AlertKey {
    /// Whose programme.
    pub network: Network,
    /// Which programme, as people call it.
    pub programme: String,
    /// The month.
    pub month: Month,
    /// The level, above [`Level::Below`].
    pub level: Level,
}

impl fmt::Display for AlertKey {
    /// `visa/VAMP/2026-04/reached`, the same for the same alert.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.network.as_str(), self.programme, self.month, self.level.as_str())
    }
}

/// The estimates that are an alert and were not sent as one: one alert a programme, month and level. Once the threshold was
/// told of, nearness to it is no news in that month.
#[must_use]
pub fn alerts_due(estimates: &[Estimate], sent: &BTreeSet<AlertKey>) -> Vec<(AlertKey, Estimate)> {
    let told = |due: &AlertKey| {
        sent.iter().any(|key| {
            let same = (key.network, &key.programme, key.month) == (due.network, &due.programme, due.month);
            same && key.level >= due.level
        })
    };
    let with_key = |estimate: &Estimate| Some((estimate.alert_key()?, estimate.clone()));
    estimates.iter().filter_map(with_key).filter(|(key, _)| !told(key)).collect()
}
