//! Law 8: no money is created by formatting and parsing.

use chargebook_domain::{Currency, Money};
use proptest::prelude::*;

use crate::cases;

/// Every currency whose decimals are known.
fn known() -> Vec<Currency> {
    let letters = || b'a'..=b'z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    let currencies = codes.map(|code| Currency::parse(std::str::from_utf8(&code).unwrap()).unwrap());
    currencies.filter(|currency| currency.exponent().is_some()).collect()
}

/// A currency whose decimals are known: of none, two and three.
fn any_currency() -> impl Strategy<Value = Currency> {
    prop_oneof![Just("jpy"), Just("usd"), Just("kwd")].prop_map(|code| Currency::parse(code).unwrap())
}

fn any_minor() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -100_000_i64..100_000, Just(i64::MIN), Just(i64::MAX)]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_shown_reads_back_exactly(minor in any_minor(), currency in any_currency()) {
        let money = Money::new(minor, currency);
        let plain = money.to_major().unwrap().to_string();
        prop_assert_eq!(Money::from_major(&plain, currency), Ok(money));
        prop_assert_eq!(Money::from_major(&money.grouped().replace(',', ""), currency), Ok(money));
    }

    #[test]
    fn what_is_read_is_shown_with_all_its_decimals(minor in any_minor(), currency in any_currency()) {
        let shown = Money::new(minor, currency).grouped();
        let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        prop_assert_eq!(u32::try_from(decimals).ok(), currency.exponent());
        let groups: Vec<_> = shown.trim_start_matches('-').split('.').next().unwrap().split(',').collect();
        prop_assert!(groups[1..].iter().all(|group| group.len() == 3), "{shown}");
        prop_assert!((1..=3).contains(&groups[0].len()), "{shown}");
    }

    #[test]
    fn text_is_read_exactly_or_not_at_all(text in "-?[0-9]{0,20}(\\.[0-9]{0,4})?", currency in any_currency()) {
        if let Ok(money) = Money::from_major(&text, currency) {
            let shown = money.to_major().unwrap();
            let canonical: rust_decimal::Decimal = text.parse().unwrap();
            prop_assert_eq!(shown, canonical);
        }
    }

    #[test]
    fn adding_and_taking_away_is_nothing(a in any_minor(), b in any_minor(), currency in any_currency()) {
        let (a, b) = (Money::new(a, currency), Money::new(b, currency));
        match (a.checked_add(b), a.minor().checked_add(b.minor())) {
            (Ok(sum), Some(minor)) => prop_assert_eq!(sum, Money::new(minor, currency)),
            (Err(_), None) => {}
            (sum, minor) => prop_assert!(false, "{sum:?} {minor:?}"),
        }
    }
}

#[test]
fn every_known_currency_shows_and_reads_the_smallest_amount() {
    let known = known();
    assert!(known.len() > 135, "Stripe settles and presents in more than 135 currencies, and {known:?} are known");
    for currency in known {
        let exponent = currency.exponent().unwrap();
        let smallest = Money::new(1, currency);
        let shown = smallest.to_major().unwrap();
        assert_eq!((shown.scale(), shown.mantissa()), (exponent, 1), "{currency}");
        assert_eq!(Money::from_major(&shown.to_string(), currency), Ok(smallest), "{currency}");
    }
}
