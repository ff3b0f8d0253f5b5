//! What somebody is told of before anybody asks.

use std::time::Duration;

use chargebook_domain::alerts::AlertRules;

use super::reader::Reader;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A whole number of hours or days; 0 is never.
fn span(reader: &mut Reader, key: &str, unit: Duration, default: u32) -> Option<Duration> {
    let number = reader.parse(key, "write a whole number from 0, which is never, to 365", |text| {
        text.parse().ok().filter(|number: &u32| *number <= 365)
    });
    Some(number.unwrap_or(default)).filter(|number| *number > 0).map(|number| unit.saturating_mul(number))
}

pub(super) fn alerts(reader: &mut Reader) -> AlertRules {
    AlertRules {
        summary_after: span(reader, "alerts.summary_hours", HOUR, 2),
        silence: span(reader, "alerts.silence_hours", HOUR, 0),
        quarantined: reader
            .parse("alerts.quarantined", "write true or false", |text| text.parse().ok())
            .unwrap_or(true),
        reinstated_within: span(reader, "alerts.reinstatement_days", DAY, 10),
        evidence_within: span(reader, "alerts.evidence_days", DAY, 3),
        order_within: span(reader, "alerts.orphan_days", DAY, 3),
    }
}
