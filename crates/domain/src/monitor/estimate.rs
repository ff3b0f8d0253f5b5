//! How near a month's counts are to a programme's threshold.

use super::{
    AlertKey, Counted, Counts, Month, MonthCounts, Network, PaymentBasis, Programme, Programmes, Ratio, Region,
};
use crate::Money;

/// From which share of a threshold nearness is a warning, unless the operator says otherwise, in percent.
pub const WARN_PERCENT: u64 = 70;

/// How many events a warning needs, unless the operator says otherwise.
pub const WARN_EVENTS_MIN: u64 = 5;

/// How a month stands in a programme.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Far from the threshold.
    Below,
    /// Near it, or beyond it with a floor that is not met.
    Warning,
    /// The ratio is at the threshold or beyond it, and no floor speaks against it.
    Reached,
}

impl Level {
    /// Every level, from the lowest.
    pub const ALL: [Self; 3] = [Self::Below, Self::Warning, Self::Reached];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Warning => "warning",
            Self::Reached => "reached",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// Whether there is enough for a network to identify a merchant at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Floor {
    /// There is.
    Met,
    /// There is not.
    NotMet,
    /// Not to be said: part of the amount is in another currency, or that of fraud warnings, which is not known. It is
    /// taken as met.
    Unknown,
}

impl Floor {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Met, Self::NotMet, Self::Unknown];

    /// As it is shown and kept.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the kept word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|floor| floor.as_str() == word)
    }
}

/// A programme's figures for a month, as far as they can be known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// The month.
    pub month: Month,
    /// The programme, with the numbers that are valid in the month.
    pub programme: Programme,
    /// What the programme counts, per the payments it divides by.
    pub ratio: Ratio,
    /// Where the number of payments is from; `None` when it is not known.
    pub payment_basis: Option<PaymentBasis>,
    /// Whether the programme's floors are met.
    pub floor: Floor,
    /// How the month stands; `None` without payments, where nothing can be said.
    pub level: Option<Level>,
}

/// An estimate as the mail of a day says it, and as it is kept with the day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkRatio {
    /// Whose programme.
    pub network: Network,
    /// Which programme, as people call it.
    pub programme: String,
    /// The ratio from which a merchant is identified, in basis points; above zero.
    pub threshold_bps: u64,
    /// What the programme counts, per the payments it divides by.
    pub ratio: Ratio,
    /// Whether the programme's floors are met.
    pub floor: Floor,
    /// How the month stands; `None` without payments, where nothing can be said.
    pub level: Option<Level>,
}

impl NetworkRatio {
    /// How much of the threshold the ratio is, in percent, rounded down; `None` without payments.
    #[must_use]
    pub fn percent_of_threshold(&self) -> Option<u64> {
        self.ratio.percent_of(self.threshold_bps)
    }
}

impl From<Estimate> for NetworkRatio {
    fn from(estimate: Estimate) -> Self {
        let Estimate { programme, ratio, floor, level, .. } = estimate;
        let Programme { network, name, threshold_bps, .. } = programme;
        Self { network, programme: name, threshold_bps, ratio, floor, level }
    }
}

impl Estimate {
    /// How much of the threshold the ratio is, in percent, rounded down; `None` without payments.
    #[must_use]
    pub fn percent_of_threshold(&self) -> Option<u64> {
        self.ratio.percent_of(self.programme.threshold_bps)
    }

    /// What an alert of this estimate is known by; `None` when there is nothing to tell.
    #[must_use]
    pub fn alert_key(&self) -> Option<AlertKey> {
        let level = self.level.filter(|level| *level > Level::Below)?;
        let Programme { network, name, .. } = &self.programme;
        Some(AlertKey { network: *network, programme: name.clone(), month: self.month, level })
    }
}

/// What is watched for, and from where on a person is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MonitorRules {
    /// The programmes.
    pub programmes: Programmes,
    /// Where the merchant's acquirer is.
    pub region: Region,
    /// From which share of a threshold nearness is a warning, in percent.
    pub warn_percent: u64,
    /// A warning needs so many events: the first dispute of a month, on a handful of payments, says nothing.
    pub warn_events_min: u64,
}

impl MonitorRules {
    /// Watches with the usual warnings.
    #[must_use]
    pub fn new(programmes: Programmes, region: Region) -> Self {
        Self { programmes, region, warn_percent: WARN_PERCENT, warn_events_min: WARN_EVENTS_MIN }
    }

    /// One estimate for each programme that is valid in the month, by network and name.
    #[must_use]
    pub fn estimates(&self, counts: &Counts, month: Month) -> Vec<Estimate> {
        let valid = self.programmes.valid(month, self.region);
        valid.map(|programme| self.estimate(programme, counts, month)).collect()
    }

    fn estimate(&self, programme: &Programme, counts: &Counts, month: Month) -> Estimate {
        let of_month = counts.of(programme.network, month);
        let payments = counts.of(programme.network, programme.month_of_payments(month)).payments();
        let warnings = match programme.counted {
            Counted::Disputes => 0,
            Counted::DisputesAndFraudWarnings => of_month.fraud_warnings,
        };
        let ratio = Ratio {
            events: of_month.disputes_filed.saturating_add(warnings),
            payments: payments.map(|(count, _)| count),
        };
        let floor = if ratio.events < programme.count_floor {
            Floor::NotMet
        } else {
            programme.amount_floor.map_or(Floor::Met, |least| amount_floor(least, &of_month, warnings))
        };
        Estimate {
            month,
            programme: programme.clone(),
            ratio,
            payment_basis: payments.map(|(_, basis)| basis),
            floor,
            level: self.level(programme, ratio, floor),
        }
    }

    fn level(&self, programme: &Programme, ratio: Ratio, floor: Floor) -> Option<Level> {
        ratio.bps()?;
        let threshold = programme.threshold_bps;
        let is_near = ratio.reaches_percent_of(self.warn_percent, threshold);
        Some(if ratio.reaches(threshold) && floor != Floor::NotMet {
            Level::Reached
        } else if is_near && ratio.events >= self.warn_events_min {
            Level::Warning
        } else {
            Level::Below
        })
    }
}

/// Amounts are never converted, so that a floor in one currency says little where there are others.
fn amount_floor(least: Money, counts: &MonthCounts, warnings: u64) -> Floor {
    let comparable = counts.disputed.get(&least.currency()).copied().unwrap_or(0);
    let others = counts.disputed.iter().any(|(currency, minor)| *currency != least.currency() && *minor > 0);
    if comparable >= least.minor() {
        Floor::Met
    } else if others || warnings > 0 {
        Floor::Unknown
    } else {
        Floor::NotMet
    }
}
