//! The estimates of the networks' programmes: a worked year, and laws.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::Currency;
use chargebook_domain::monitor::{
    AlertKey, Counted, Counts, Estimate, Floor, Level, MonitorRules, Month, MonthCounts, NETWORK_PROGRAMMES, Network,
    PaymentsOf, Programmes, Ratio, Region, alerts_due,
};
use proptest::prelude::*;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn rules(region: Region) -> MonitorRules {
    MonitorRules::new(Programmes::parse(NETWORK_PROGRAMMES).unwrap(), region)
}

/// The rows of one part of the worked year, without its head.
fn part(name: &str) -> Vec<Vec<&'static str>> {
    let text = include_str!("fixtures/monitor_year.csv");
    let mut lines = text.lines().skip_while(|line| *line != name).skip(2);
    let rows: Vec<_> =
        lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.split(',').collect()).collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn shown(value: Option<u64>) -> String {
    value.map_or("n/a".to_owned(), |value| value.to_string())
}

fn disputed(text: &str) -> BTreeMap<Currency, i64> {
    let words: Vec<_> = text.split(' ').collect();
    words.chunks(2).map(|pair| (Currency::parse(pair[1]).unwrap(), pair[0].parse().unwrap())).collect()
}

/// A row of the counts, as a worker would count them.
fn counted(row: &[&str]) -> (Network, Month, MonthCounts) {
    let counts = MonthCounts {
        disputes_filed: number(row[2]),
        disputed: disputed(row[3]),
        disputes_of_payments: number(row[4]),
        fraud_warnings: number(row[5]),
        payments_from_orders: number(row[6]),
        payments_typed_in: (!row[7].is_empty()).then(|| number(row[7])),
    };
    (Network::parse(row[1]).unwrap(), month(row[0]), counts)
}

fn year() -> Counts {
    part("[counts]").iter().map(|row| counted(row)).collect()
}

/// The months of which the worked year says what is expected.
fn months() -> BTreeSet<Month> {
    part("[expected]").iter().map(|row| month(row[0])).collect()
}

fn level(estimate: &Estimate) -> &'static str {
    estimate.level.map_or("n/a", Level::as_str)
}

#[test]
fn the_programmes_of_a_worked_year_come_out_as_worked_out_by_hand() {
    let (counts, rows) = (year(), part("[expected]"));
    assert_eq!((months().len(), rows.len()), (12, 52));
    for row in &rows {
        let region = Region::parse(row[1]).unwrap();
        let estimates = rules(region).estimates(&counts, month(row[0]));
        let estimate = estimates.iter().find(|estimate| estimate.programme.name == row[2]).unwrap();
        let said = [
            estimate.ratio.events.to_string(),
            shown(estimate.ratio.payments),
            shown(estimate.ratio.bps()),
            estimate.programme.threshold_bps.to_string(),
            estimate.floor.as_str().to_owned(),
            shown(estimate.percent_of_threshold()),
            level(estimate).to_owned(),
        ];
        assert_eq!(said, row[3..10], "{row:?}");
    }
}

#[test]
fn activity_and_rate_of_a_worked_year_come_out_as_worked_out_by_hand() {
    for row in part("[counts]") {
        let (_, _, counts) = counted(&row);
        assert_eq!([shown(counts.activity().bps()), shown(counts.rate().bps())], row[8..10], "{row:?}");
    }
}

#[test]
fn the_file_of_programmes_has_a_source_and_one_row_a_month_and_region() {
    let programmes = Programmes::parse(NETWORK_PROGRAMMES).unwrap();
    assert!(programmes.rows().all(|row| row.source.contains('.')));
    for region in Region::ALL {
        let names = |text: &str| {
            let valid: Vec<_> = programmes.valid(month(text), region).collect();
            valid.into_iter().map(|row| (row.name.as_str(), row.threshold_bps)).collect::<BTreeMap<_, _>>()
        };
        let always = [("ECM", 150), ("HECM", 300), ("Excessive Chargeback Fee", 100)];
        let with_vamp = |bps| always.into_iter().chain([("VAMP", bps)]).collect::<BTreeMap<_, _>>();
        let after = if region == Region::Cemea { 220 } else { 150 };
        assert_eq!(names("2025-05"), always.into_iter().collect());
        assert_eq!(names("2025-06"), with_vamp(220), "{region:?}");
        assert_eq!(names("2026-03"), with_vamp(220), "{region:?}");
        assert_eq!(names("2026-04"), with_vamp(after), "{region:?}");
    }
    let ecm_in = |region| programmes.valid(month("2020-08"), region).any(|row| row.name == "ECM");
    assert!(ecm_in(Region::Europe) && !ecm_in(Region::Canada));
}

#[test]
fn the_document_has_the_rows_of_the_file_of_programmes() {
    let document = include_str!("../../../docs/monitoring.md");
    let (_, part) = document.split_once("## The programmes").unwrap();
    let (part, _) = part.split_once("## ").unwrap();
    let told: BTreeSet<_> = part.lines().filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect();
    let or_none = |month: Option<Month>| month.map_or("-".to_owned(), |month| month.to_string());
    let programmes = Programmes::parse(NETWORK_PROGRAMMES).unwrap();
    let rows = programmes.rows().map(|row| {
        let regions: Vec<_> = row.regions.iter().map(|region| region.as_str()).collect();
        let counted = match row.counted {
            Counted::Disputes => "disputes",
            Counted::DisputesAndFraudWarnings => "disputes and fraud warnings",
        };
        let payments_of = match row.payments_of {
            PaymentsOf::SameMonth => "the month",
            PaymentsOf::MonthBefore => "the month before",
        };
        let cells = [
            row.name.clone(),
            row.network.to_string(),
            regions.join(" "),
            or_none(row.from),
            or_none(row.to),
            counted.to_owned(),
            payments_of.to_owned(),
            row.threshold_bps.to_string(),
            row.count_floor.to_string(),
            row.amount_floor.map_or("-".to_owned(), |floor| floor.to_string()),
        ];
        format!("| {} |", cells.join(" | "))
    });
    assert_eq!(told, rows.collect());
}

#[test]
fn a_programme_without_counts_says_that_nothing_is_known() {
    let estimates = rules(Region::Europe).estimates(&Counts::default(), month("2026-05"));
    assert_eq!(estimates.len(), 4);
    for estimate in &estimates {
        assert_eq!((estimate.ratio, estimate.level), (Ratio { events: 0, payments: None }, None));
        assert_eq!((estimate.payment_basis, estimate.alert_key()), (None, None));
    }
}

/// What was alerted over the year, when every month is looked at so often.
fn alerts_of_the_year(looks: usize) -> Vec<String> {
    let (counts, rules) = (year(), rules(Region::UnitedStates));
    let mut sent = BTreeSet::new();
    let mut told = Vec::new();
    for month in months() {
        for _ in 0..looks {
            for (key, _) in alerts_due(&rules.estimates(&counts, month), &sent) {
                told.push(key.to_string());
                assert!(sent.insert(key));
            }
        }
    }
    told
}

#[test]
fn each_level_is_told_once_however_often_it_is_looked_at() {
    let once = alerts_of_the_year(1);
    assert_eq!(alerts_of_the_year(3), once);
    let expected =
        part("[expected]").into_iter().filter(|row| row[1] == "us" && ["warning", "reached"].contains(&row[9]));
    let expected: BTreeSet<_> = expected
        .map(|row| {
            let network = match row[2] {
                "VAMP" => "visa",
                "ECM" | "HECM" => "mastercard",
                _ => "amex",
            };
            format!("{network}/{}/{}/{}", row[2], row[0], row[9])
        })
        .collect();
    assert_eq!(once.len(), expected.len());
    assert_eq!(once.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// A month of Visa in the United States in April 2026: the threshold is 150, the floor 1,500.
fn april(disputes_filed: u64, payments_from_orders: u64) -> Vec<Estimate> {
    let counts = MonthCounts { disputes_filed, payments_from_orders, ..Default::default() };
    let counts = [(Network::Visa, month("2026-04"), counts)].into_iter().collect();
    rules(Region::UnitedStates).estimates(&counts, month("2026-04"))
}

#[test]
fn a_warning_is_no_news_once_the_threshold_was_told_of() {
    let key = |level| AlertKey { network: Network::Visa, programme: "VAMP".to_owned(), month: month("2026-04"), level };
    let due = |estimates: &[Estimate], sent: &[AlertKey]| -> Vec<Level> {
        alerts_due(estimates, &sent.iter().cloned().collect()).into_iter().map(|(key, _)| key.level).collect()
    };
    let (near, reached) = (april(1_499, 100_000), april(1_500, 100_000));
    assert_eq!(due(&near, &[]), [Level::Warning]);
    assert_eq!(due(&near, &[key(Level::Warning)]), []);
    assert_eq!(due(&reached, &[key(Level::Warning)]), [Level::Reached]);
    assert_eq!(due(&reached, &[key(Level::Reached)]), []);
    assert_eq!(due(&near, &[key(Level::Reached)]), [], "payments came late, and the ratio sank again");
    let march = AlertKey { month: month("2026-03"), ..key(Level::Reached) };
    let other = AlertKey { programme: "ECM".to_owned(), ..key(Level::Reached) };
    assert_eq!(due(&near, &[march, other]), [Level::Warning]);
}

fn some_counts() -> impl Strategy<Value = MonthCounts> {
    let amounts = prop::collection::btree_map(prop::sample::select(vec!["usd", "eur"]), 0..10_000_000_i64, 0..3);
    (0..3_000_u64, amounts, 0..3_000_u64, 0..3_000_u64, 0..200_000_u64, prop::option::of(0..200_000_u64)).prop_map(
        |(disputes_filed, amounts, disputes_of_payments, fraud_warnings, payments_from_orders, payments_typed_in)| {
            let disputed = amounts.into_iter().map(|(code, minor)| (Currency::parse(code).unwrap(), minor)).collect();
            MonthCounts {
                disputes_filed,
                disputed,
                disputes_of_payments,
                fraud_warnings,
                payments_from_orders,
                payments_typed_in,
            }
        },
    )
}

fn some_rows() -> impl Strategy<Value = Vec<(Network, Month, MonthCounts)>> {
    let network = prop::sample::select(Network::ALL.to_vec());
    let month = prop::sample::select(vec![month("2026-03"), month("2026-04")]);
    prop::collection::vec((network, month, some_counts()), 0..8)
}

fn some_region() -> impl Strategy<Value = Region> {
    prop::sample::select(Region::ALL.to_vec())
}

proptest! {
    #[test]
    fn a_threshold_is_reached_exactly_when_the_fraction_is(
        events in any::<u64>(), payments in 1..=u64::MAX, bps in 1..=10_000_u64, percent in 1..=100_u64,
    ) {
        let ratio = Ratio { events, payments: Some(payments) };
        let (events, payments, bps_wide) = (u128::from(events), u128::from(payments), u128::from(bps));
        prop_assert_eq!(ratio.reaches(bps), events * 10_000 >= payments * bps_wide);
        let bound = payments * bps_wide * u128::from(percent);
        prop_assert_eq!(ratio.reaches_percent_of(percent, bps), events * 1_000_000 >= bound);
    }

    #[test]
    fn what_is_shown_never_contradicts_what_is_compared(
        events in 0..100_000_u64, payments in 1..100_000_u64, bps in 1..=10_000_u64, percent in 1..=100_u64,
    ) {
        let ratio = Ratio { events, payments: Some(payments) };
        prop_assert_eq!(ratio.reaches(bps), ratio.bps().unwrap() >= bps);
        prop_assert_eq!(ratio.reaches_percent_of(percent, bps), ratio.percent_of(bps).unwrap() >= percent);
    }

    #[test]
    fn the_order_of_rows_does_not_show(
        (rows, shuffled) in some_rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        file in Just(NETWORK_PROGRAMMES.lines().collect::<Vec<_>>()).prop_shuffle(),
        region in some_region(),
    ) {
        let one = rules(region).estimates(&rows.into_iter().collect(), month("2026-04"));
        let programmes = Programmes::parse(&file.join("\n")).unwrap();
        let two = MonitorRules::new(programmes, region).estimates(&shuffled.into_iter().collect(), month("2026-04"));
        prop_assert_eq!(one, two);
    }

    #[test]
    fn more_disputes_never_lower_a_level(
        rows in some_rows(), more in some_counts(), network in 0..4_usize, region in some_region(),
    ) {
        let network = Network::ALL[network];
        // Only events: payments in the same row would lower a ratio, as they should.
        let more = MonthCounts { payments_from_orders: 0, payments_typed_in: None, ..more };
        let with_more = rows.iter().cloned().chain([(network, month("2026-04"), more)]);
        let before = rules(region).estimates(&rows.iter().cloned().collect(), month("2026-04"));
        let after = rules(region).estimates(&with_more.collect(), month("2026-04"));
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!(&before.programme, &after.programme);
            prop_assert!(after.level >= before.level, "{:?} became {:?}", before, after);
        }
    }

    #[test]
    fn no_merchant_below_a_floor_has_reached_anything(rows in some_rows(), region in some_region()) {
        for estimate in rules(region).estimates(&rows.into_iter().collect(), month("2026-04")) {
            let is_small = estimate.ratio.events < estimate.programme.count_floor;
            prop_assert!(!is_small || estimate.floor == Floor::NotMet);
            prop_assert!(estimate.floor != Floor::NotMet || estimate.level != Some(Level::Reached));
        }
    }
}
