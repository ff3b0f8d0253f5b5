//! A month as it is shown. Every figure of the networks' is an estimate, and is called one.

use std::collections::BTreeSet;

use chargebook_domain::Money;
use chargebook_domain::monitor::{
    Estimate, Level, Month, MonthCounts, Network, PaymentBasis, Ratio, Tally, months, spark,
};
use chargebook_domain::service::{Monitor, Monitored};
use chrono_tz::Tz;
use serde::Serialize;

use crate::monitoring::{self, percent};
use crate::tables::{Columns, counted, grouped};

#[derive(Serialize)]
pub(super) struct Shown {
    month: String,
    zone: String,
    region: &'static str,
    /// A running month is counted so far.
    is_running: bool,
    /// What all figures of programmes are.
    figures: &'static str,
    programmes: Vec<Programme>,
    networks: Vec<InNetwork>,
    trustlens: Trustlens,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Programme {
    #[serde(rename = "programme")]
    name: String,
    network: &'static str,
    events: u64,
    payments: Option<u64>,
    payments_from: Option<&'static str>,
    ratio_bps: Option<u64>,
    threshold_bps: u64,
    count_floor: u64,
    floor: &'static str,
    percent_of_threshold: Option<u64>,
    level: Option<&'static str>,
    /// The ratio up to the end of each day of the month.
    days_bps: Vec<Option<u64>>,
    /// The ratios of the twelve months up to this one, where they were asked for.
    months_bps: Option<Vec<Option<u64>>>,
    #[serde(skip)]
    words: [String; 3],
}

#[derive(Serialize)]
struct InNetwork {
    network: &'static str,
    disputes_filed: u64,
    disputed: Vec<String>,
    fraud_warnings: u64,
    payments: Option<u64>,
    payments_from: Option<&'static str>,
    activity_bps: Option<u64>,
    disputes_of_payments: u64,
    rate_bps: Option<u64>,
    #[serde(skip)]
    name: String,
}

/// The store-wide ratio as `TrustLens` has it.
#[derive(Serialize)]
struct Trustlens {
    disputes: u64,
    orders: u64,
    ratio_bps: Option<u64>,
}

impl Shown {
    /// `days` is the month, which may be running, up to the end of each day; `year` the twelve months up to it.
    pub(super) fn new(
        monitor: &Monitor,
        (month, is_running): (Month, bool),
        days: &[Monitored],
        year: Option<&Monitored>,
        zone: Tz,
    ) -> Self {
        let rules = monitor.rules();
        let whole = days.last().cloned().unwrap_or_default();
        let tally = whole.tallies.get(&month).cloned().unwrap_or_default();
        let by_day: Vec<_> = days.iter().map(|day| rules.estimates(&day.counts(), month)).collect();
        let estimates = by_day.last().cloned().unwrap_or_default();
        let by_month = year.map(|year| {
            let first = (1..12).fold(month, |month, _| month.before());
            let counts = year.counts();
            months(first, month).into_iter().map(|month| rules.estimates(&counts, month)).collect::<Vec<_>>()
        });
        let programmes = estimates.iter().map(|estimate| programme(estimate, &by_day, by_month.as_deref())).collect();
        let counts = whole.counts();
        let networks = Network::ALL.into_iter().filter_map(|network| in_network(network, &counts.of(network, month)));
        let trustlens = tally.trustlens();
        Self {
            month: month.to_string(),
            zone: zone.to_string(),
            region: rules.region.as_str(),
            is_running,
            figures: "estimate",
            programmes,
            networks: networks.collect(),
            trustlens: Trustlens { disputes: tally.opened, orders: tally.orders, ratio_bps: trustlens.bps() },
            notes: notes(month, &tally, &estimates, is_running),
        }
    }

    pub(super) fn is_reached(&self) -> bool {
        self.programmes.iter().any(|programme| programme.level == Some(Level::Reached.as_str()))
    }

    pub(super) fn told(&self) -> String {
        let so_far = if self.is_running { " so far" } else { "" };
        let mut parts = vec![format!(
            "{}{so_far} ({}), acquirer in {}. Estimates: what counts is what the networks count.",
            self.month, self.zone, self.region
        )];
        parts.push(self.programme_table());
        if !self.networks.is_empty() {
            parts.push(self.network_table());
        }
        parts.extend(self.charts());
        let Trustlens { disputes, orders, ratio_bps } = &self.trustlens;
        parts.push(format!(
            "Store-wide ratio as TrustLens defines it: {} ({} of {})",
            share(*ratio_bps),
            counted(*disputes, "dispute, inquiries included,", "disputes, inquiries included,"),
            counted(*orders, "order", "orders"),
        ));
        if !self.notes.is_empty() {
            parts.push(self.notes.iter().map(|note| format!("- {note}")).collect::<Vec<_>>().join("\n"));
        }
        parts.join("\n\n")
    }

    fn programme_table(&self) -> String {
        let words = |row: &Programme, nth: usize| row.words.get(nth).cloned().unwrap_or_default();
        let columns = Columns::of(&self.programmes)
            .left("Programme", |row| words(row, 0))
            .right("Ratio (events of payments)", |row| words(row, 1))
            .left("Payments from", |row| row.payments_from.unwrap_or("-").to_owned())
            .right("Threshold", |row| share(Some(row.threshold_bps)))
            .right("Of it", |row| row.percent_of_threshold.map_or("n/a".to_owned(), |percent| format!("{percent} %")))
            .left("Floor", |row| format!("{} of {}", row.floor, grouped(row.count_floor)))
            .left("Level", |row| words(row, 2));
        columns.table().to_string()
    }

    fn network_table(&self) -> String {
        let columns = Columns::of(&self.networks)
            .left("Network", |row| row.name.clone())
            .right("Disputes filed", |row| grouped(row.disputes_filed))
            .left("For", |row| if row.disputed.is_empty() { "-".to_owned() } else { row.disputed.join(", ") })
            .right("Fraud warnings", |row| grouped(row.fraud_warnings))
            .right("Payments", |row| row.payments.map_or("n/a".to_owned(), grouped))
            .left("From", |row| row.payments_from.unwrap_or("-").to_owned())
            .right("Activity", |row| share(row.activity_bps))
            .right("Rate", |row| share(row.rate_bps));
        columns.table().to_string()
    }

    /// The ratio of each programme as it ran through the month, and through the year.
    fn charts(&self) -> Vec<String> {
        let width = self.programmes.iter().map(|programme| programme.name.chars().count()).max().unwrap_or(0);
        let chart = |title: &str, values: &dyn Fn(&Programme) -> Option<Vec<Option<u64>>>| {
            let line = |programme: &Programme| {
                let values = values(programme)?;
                let last = values.iter().flatten().last().copied()?;
                let name = &programme.name;
                Some(format!("  {name:width$}  {}  {}", spark(&values), share(Some(last))))
            };
            let lines: Vec<_> = self.programmes.iter().filter_map(line).collect();
            (!lines.is_empty()).then(|| format!("{title}\n{}", lines.join("\n")))
        };
        let days = chart("Ratio up to each day of the month", &|programme| Some(programme.days_bps.clone()));
        let months = chart("Ratio of each of the twelve months", &|programme| programme.months_bps.clone());
        [days, months].into_iter().flatten().collect()
    }
}

fn share(bps: Option<u64>) -> String {
    bps.map_or("n/a".to_owned(), |bps| format!("{} %", percent(bps)))
}

/// The ratios of one programme, in estimates of several times; `None` where it was not valid.
fn ratios(of: &Estimate, estimates: &[Vec<Estimate>]) -> Vec<Option<u64>> {
    let same = |estimate: &&Estimate| {
        (estimate.programme.network, &estimate.programme.name) == (of.programme.network, &of.programme.name)
    };
    estimates.iter().map(|then| then.iter().find(same)?.ratio.bps()).collect()
}

fn programme(estimate: &Estimate, by_day: &[Vec<Estimate>], by_month: Option<&[Vec<Estimate>]>) -> Programme {
    let of = &estimate.programme;
    let Ratio { events, payments } = estimate.ratio;
    Programme {
        name: of.name.clone(),
        network: of.network.as_str(),
        events,
        payments,
        payments_from: estimate.payment_basis.map(PaymentBasis::as_str),
        ratio_bps: estimate.ratio.bps(),
        threshold_bps: of.threshold_bps,
        count_floor: of.count_floor,
        floor: estimate.floor.as_str(),
        percent_of_threshold: estimate.percent_of_threshold(),
        level: estimate.level.map(Level::as_str),
        days_bps: ratios(estimate, by_day),
        months_bps: by_month.map(|by_month| ratios(estimate, by_month)),
        words: [
            format!("{} {}", of.network, of.name),
            monitoring::ratio(estimate.ratio),
            monitoring::level(estimate.level, estimate.floor, estimate.ratio.reaches(of.threshold_bps)).to_owned(),
        ],
    }
}

fn in_network(network: Network, counts: &MonthCounts) -> Option<InNetwork> {
    if *counts == MonthCounts::default() {
        return None;
    }
    let payments = counts.payments();
    Some(InNetwork {
        network: network.as_str(),
        disputes_filed: counts.disputes_filed,
        disputed: counts.disputed.iter().map(|(code, minor)| Money::new(*minor, *code).to_string()).collect(),
        fraud_warnings: counts.fraud_warnings,
        payments: payments.map(|(count, _)| count),
        payments_from: payments.map(|(_, basis)| basis.as_str()),
        activity_bps: counts.activity().bps(),
        disputes_of_payments: counts.disputes_of_payments,
        rate_bps: counts.rate().bps(),
        name: network.to_string(),
    })
}

/// What can't be said, and what to do about it.
fn notes(month: Month, tally: &Tally, estimates: &[Estimate], is_running: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let unknown = estimates.iter().filter(|estimate| estimate.level.is_none() && estimate.ratio.events > 0);
    let unknown: BTreeSet<_> =
        unknown.map(|estimate| (estimate.programme.network, estimate.programme.month_of_payments(month))).collect();
    notes.extend(unknown.into_iter().map(|(network, month)| {
        let word = network.as_str();
        format!(
            "No payments of {network} are counted in {month}: orders must say card_brand and placed_at (docs/orders.md), or \
             type the number in: chargebook monitor payments {word} {month} COUNT --by YOU --reason REPORT"
        )
    }));
    let MonthCounts { disputes_filed, fraud_warnings, payments_from_orders, .. } = &tally.unbranded;
    let mut say = |count: u64, one: &str, many: &str, of: &str| {
        if count > 0 {
            notes.push(format!("{} {of}", counted(count, one, many)));
        }
    };
    say(
        *fraud_warnings,
        "fraud warning",
        "fraud warnings",
        "of an unknown network: no dispute or order of the payment \
        is here that says its card's brand",
    );
    say(*disputes_filed, "dispute", "disputes", "of an unknown network: the source did not say the card's brand");
    say(*payments_from_orders, "payment", "payments", "of an unknown network: the orders do not say card_brand");
    say(tally.undated, "dispute", "disputes", "in no dispute rate: the order is not known, or not when it was placed");
    if is_running {
        notes.push("The month has not ended: disputes and payments are counted so far.".to_owned());
    }
    notes
}
