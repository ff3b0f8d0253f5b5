//! Every target reads its corpus, and as many changed inputs as are quick.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook_fuzz_targets::mutate::Mutator;
use chargebook_fuzz_targets::run::{execute, shown, smallest};
use chargebook_fuzz_targets::{TARGETS, target};

/// Every run of the tests tries the same inputs, so that a failure can be looked into.
const SEED: u64 = 4;

fn check(name: &str, changed: usize) {
    let target = target(name).unwrap();
    let mut mutator = Mutator::new(target, SEED);
    let changed = (0..changed).map(|_| mutator.next_input());
    for input in (target.corpus)().into_iter().chain(changed) {
        if execute(target, &input).is_err() {
            let input = smallest(target, &input);
            let message = execute(target, &input).unwrap_err();
            panic!("{name} panics at \"{}\": {message}", shown(&input));
        }
    }
}

macro_rules! short_runs {
    ($($test:ident: $name:literal, $changed:literal;)*) => {
        $(#[test]
        fn $test() {
            check($name, $changed);
        })*

        #[test]
        fn every_target_has_a_short_run() {
            assert_eq!(TARGETS.map(|target| target.name), [$($name),*]);
        }
    };
}

short_runs! {
    stripes_signatures_are_accepted_only_if_they_are_right: "stripe-signature", 20_000;
    a_shops_signatures_are_accepted_only_if_they_are_right: "shop-signature", 20_000;
    any_signed_body_of_stripes_is_read: "stripe-body", 3_000;
    any_dispute_is_read_or_its_fault_named: "dispute-json", 5_000;
    any_signed_body_of_a_shop_is_read: "shop-body", 3_000;
    any_file_of_orders_is_read_or_its_lines_named: "orders-csv", 3_000;
    any_report_is_read_or_its_line_named: "report-csv", 4_000;
    any_settings_are_read_or_their_problems_named: "settings", 1_500;
    any_rules_are_read_or_their_problems_named: "rules", 3_000;
    any_amount_is_exact_or_refused: "money", 100_000;
    any_deliveries_end_in_the_same_books_at_once_and_one_by_one: "batches", 500;
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let inputs = |seed| {
        let mut mutator = Mutator::new(&TARGETS[2], seed);
        (0..50).map(|_| mutator.next_input()).collect::<Vec<_>>()
    };
    assert!(inputs(1) == inputs(1) && inputs(1) != inputs(2));
}
