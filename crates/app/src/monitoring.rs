//! What is said of how near a month is to a programme of a card network.

use chargebook_domain::monitor::{Counted, Estimate, Floor, Level, PaymentsOf, Ratio};

use crate::tables::grouped;

/// Basis points as a percentage, such as `1.50`.
pub(crate) fn percent(bps: u64) -> String {
    format!("{}.{:02}", bps / 100, bps % 100)
}

/// The ratio with what it is made of, such as `1.80 % (1,800 of 100,000)`.
pub(crate) fn ratio(of: Ratio) -> String {
    let events = grouped(of.events);
    match (of.bps(), of.payments) {
        (Some(bps), Some(payments)) => format!("{} % ({events} of {})", percent(bps), grouped(payments)),
        (_, payments) => format!("n/a ({events} of {})", payments.map_or("n/a".to_owned(), grouped)),
    }
}

/// What a level means, where the ratio reaches the threshold or does not.
pub(crate) fn level(level: Option<Level>, floor: Floor, is_beyond: bool) -> &'static str {
    match (level, floor) {
        (None, _) => "n/a: no payments are counted",
        (Some(Level::Below), _) => "below",
        (Some(Level::Warning), Floor::NotMet) if is_beyond => {
            "warning: beyond the threshold, and too few to be identified"
        }
        (Some(Level::Warning), _) => "warning: near the threshold",
        (Some(Level::Reached), Floor::Unknown) => "reached, if the floor is met",
        (Some(Level::Reached), _) => "reached",
    }
}

/// The subject and the text of the mail about a level.
pub(crate) fn alert(estimate: &Estimate) -> (String, String) {
    let programme = &estimate.programme;
    let name = format!("{} {}", programme.network, programme.name);
    let share = estimate.percent_of_threshold().unwrap_or_default();
    let subject = match estimate.level {
        Some(Level::Reached) => format!("{name}: the threshold is reached in {} (estimate)", estimate.month),
        _ => format!("{name}: {share} % of the threshold in {} (estimate)", estimate.month),
    };
    let counted = match programme.counted {
        Counted::Disputes => "disputes",
        Counted::DisputesAndFraudWarnings => "disputes and fraud warnings",
    };
    let payments = match programme.payments_of {
        PaymentsOf::SameMonth => "payments of the month",
        PaymentsOf::MonthBefore => "payments of the month before",
    };
    let basis = estimate.payment_basis.map_or("not known", |basis| basis.as_str());
    let body = [
        format!(
            "{name}, {}: {}.",
            estimate.month,
            level(estimate.level, estimate.floor, estimate.ratio.reaches(programme.threshold_bps))
        ),
        format!(
            "{counted} per {payments}: {}. The threshold is {} %, and this is {share} % of it. The floor of {} {counted} is \
             {}. The number of payments is from: {basis}.",
            ratio(estimate.ratio),
            percent(programme.threshold_bps),
            grouped(programme.count_floor),
            floor(estimate),
        ),
        "This is Chargebook's estimate: what counts is what the network counts. Each level is told once a month."
            .to_owned(),
        "Look closer with: chargebook monitor".to_owned(),
    ];
    (subject, body.join("\n\n"))
}

/// Whether there is enough to be identified.
pub(crate) fn floor(estimate: &Estimate) -> &'static str {
    estimate.floor.as_str()
}
