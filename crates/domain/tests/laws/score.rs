//! A score moves as its facts do, whatever the weights.

use chargebook_domain::{CustomerFigures, Score, ScoreWeights, score};
use proptest::prelude::*;

use crate::cases;

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..30, 1 => any::<u64>()]
}

/// Disputed orders are some of the orders.
fn any_figures() -> impl Strategy<Value = CustomerFigures> {
    let outcomes = (any_count(), any_count(), any_count(), any_count(), any_count());
    (any_count(), any_count(), outcomes).prop_map(|(orders, disputed, (open, won, lost, other_closed, inquiries))| {
        let disputed_orders = disputed.min(orders);
        CustomerFigures { orders, disputed_orders, open, won, lost, other_closed, inquiries, ..Default::default() }
    })
}

fn any_weights() -> impl Strategy<Value = ScoreWeights> {
    let chosen = prop::array::uniform10(0..=ScoreWeights::MAX).prop_map(|chosen| {
        let mut weights = ScoreWeights::default();
        for ((_, weight), chosen) in weights.by_name().into_iter().zip(chosen) {
            *weight = chosen;
        }
        weights
    });
    prop_oneof![Just(ScoreWeights::default()), chosen]
}

/// One more, where there can be one.
fn more(count: u64) -> u64 {
    count.saturating_add(1)
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn the_reasons_and_the_start_are_the_score(figures in any_figures(), weights in any_weights()) {
        let Score { value, start, reasons } = score(&figures, &weights);
        let sum = reasons.iter().map(|reason| i128::from(reason.points)).sum::<i128>() + i128::from(start);
        prop_assert_eq!(i128::from(value), sum.clamp(0, 100));
        for reason in reasons {
            prop_assert!(reason.points != 0);
            prop_assert!(reason.sentence.ends_with(&format!(": {:+}", reason.points)), "{}", reason.sentence);
        }
    }

    #[test]
    fn one_more_lost_dispute_never_raises_it(figures in any_figures(), weights in any_weights()) {
        let before = score(&figures, &weights).value;
        let lost = CustomerFigures { lost: more(figures.lost), ..figures.clone() };
        let of_a_good_order = CustomerFigures {
            disputed_orders: more(figures.disputed_orders).min(figures.orders),
            ..lost.clone()
        };
        let of_a_new_order = CustomerFigures {
            orders: more(figures.orders),
            disputed_orders: more(figures.disputed_orders),
            ..lost.clone()
        };
        for after in [lost, of_a_good_order, of_a_new_order] {
            prop_assert!(score(&after, &weights).value <= before, "{:?}", after);
        }
    }

    #[test]
    fn one_more_good_order_never_lowers_it(figures in any_figures(), weights in any_weights()) {
        let more = CustomerFigures { orders: more(figures.orders), ..figures.clone() };
        prop_assert!(score(&more, &weights).value >= score(&figures, &weights).value);
    }
}
