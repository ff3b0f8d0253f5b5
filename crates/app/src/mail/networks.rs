//! How near the month is to the programmes of the card networks.

use chargebook_domain::monitor::NetworkRatio;
use chargebook_domain::summary::Summary;

use super::NumberFormat;
use crate::monitoring::{level, percent, ratio};

/// What is said of the month of the day.
pub(super) struct Networks {
    pub(super) month: String,
    /// Whether it could be counted at all.
    pub(super) is_counted: bool,
    /// The programmes whose payments are known.
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) ratio: String,
    /// How much of the threshold that is, and the threshold.
    pub(super) share: String,
    pub(super) level: &'static str,
}

impl Networks {
    /// `None` where nothing is watched.
    pub(super) fn of(summary: &Summary, numbers: NumberFormat) -> Option<Self> {
        let estimates = summary.networks.as_deref();
        if estimates.is_some_and(<[_]>::is_empty) {
            return None;
        }
        let lines = estimates.unwrap_or_default().iter().filter_map(|of| line(of, numbers)).collect();
        Some(Self { month: summary.date.format("%B %Y").to_string(), is_counted: estimates.is_some(), lines })
    }
}

fn line(of: &NetworkRatio, numbers: NumberFormat) -> Option<Line> {
    let share = of.percent_of_threshold()?;
    Some(Line {
        name: format!("{} {}", of.network, of.programme),
        ratio: numbers.rewrite(&ratio(of.ratio)),
        share: numbers.rewrite(&format!("{share} % of {} %", percent(of.threshold_bps))),
        level: level(of.level, of.floor, of.ratio.reaches(of.threshold_bps)),
    })
}
