//! How far a customer can be trusted, from 0 to 100. docs/scoring.md publishes the formula.

use std::fmt;

use crate::CustomerFigures;

/// The highest score.
const SCORE_MAX: u8 = 100;

/// What each fact counts. Every weight is an amount; whether it is given or taken is the formula's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScoreWeights {
    /// The score of a customer of whom nothing is known.
    pub start: u32,
    /// Given for each order without a dispute.
    pub good_order: u32,
    /// The most that is given for orders without a dispute.
    pub good_orders_max: u32,
    /// Taken for each lost dispute.
    pub lost: u32,
    /// Taken for each open dispute.
    pub open: u32,
    /// Taken for each won dispute.
    pub won: u32,
    /// Taken for each dispute that was closed as refunded or prevented.
    pub other_closed: u32,
    /// Taken for each inquiry.
    pub inquiry: u32,
    /// Taken where every order is disputed; of it, the share that the disputed orders have.
    pub dispute_rate: u32,
    /// How many orders a customer is taken to have at least, in that share: a first order says little.
    pub dispute_rate_orders_min: u32,
}

impl ScoreWeights {
    /// The largest weight that settings may give, so that no count of disputes comes near the limits of a sum.
    pub const MAX: u32 = 1000;

    /// Every weight by its name, to be set.
    pub fn by_name(&mut self) -> [(&'static str, &mut u32); 10] {
        [
            ("start", &mut self.start),
            ("good_order", &mut self.good_order),
            ("good_orders_max", &mut self.good_orders_max),
            ("lost", &mut self.lost),
            ("open", &mut self.open),
            ("won", &mut self.won),
            ("other_closed", &mut self.other_closed),
            ("inquiry", &mut self.inquiry),
            ("dispute_rate", &mut self.dispute_rate),
            ("dispute_rate_orders_min", &mut self.dispute_rate_orders_min),
        ]
    }
}

impl Default for ScoreWeights {
    /// The weights of docs/scoring.md.
    fn default() -> Self {
        Self {
            start: 50,
            good_order: 2,
            good_orders_max: 30,
            lost: 20,
            open: 5,
            won: 5,
            other_closed: 5,
            inquiry: 2,
            dispute_rate: 40,
            dispute_rate_orders_min: 10,
        }
    }
}

/// A fact that gives or takes points.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ScoreFact {
    /// Orders without a dispute.
    GoodOrders,
    /// Lost disputes.
    Lost,
    /// Open disputes.
    Open,
    /// Won disputes.
    Won,
    /// Disputes closed as refunded or prevented.
    OtherClosed,
    /// Inquiries.
    Inquiries,
    /// The share of orders that are disputed.
    DisputeRate,
}

impl ScoreFact {
    /// The stored word, such as `good_orders`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GoodOrders => "good_orders",
            Self::Lost => "lost",
            Self::Open => "open",
            Self::Won => "won",
            Self::OtherClosed => "other_closed",
            Self::Inquiries => "inquiries",
            Self::DisputeRate => "dispute_rate",
        }
    }
}

/// Why a score is what it is, in part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The fact.
    pub fact: ScoreFact,
    /// What it adds to the score: negative when it takes, never zero.
    pub points: i64,
    /// The same for people, such as `2 lost disputes: -40`.
    pub sentence: String,
}

/// A customer's score, with its reasons.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    /// From 0, not to be trusted, to 100.
    pub value: u8,
    /// Where it started.
    pub start: u32,
    /// All that moved it from there, what gives before what takes. `start` and their points, held between 0 and 100, are
    /// the value.
    pub reasons: Vec<Reason>,
}

impl Score {
    /// `start` and all points, before they are held between 0 and 100.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.reasons.iter().fold(i64::from(self.start), |sum, reason| sum.saturating_add(reason.points))
    }
}

impl fmt::Display for Score {
    /// `50 at the start; 9 orders without a dispute: +18; 2 lost disputes: -40; together 28`, and where the sum had to be
    /// held, `together -12, held at 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at the start; ", self.start)?;
        for reason in &self.reasons {
            write!(f, "{}; ", reason.sentence)?;
        }
        write!(f, "together {}", self.sum())?;
        if self.sum() == i64::from(self.value) { Ok(()) } else { write!(f, ", held at {}", self.value) }
    }
}

/// The score of a customer: one more lost dispute never raises it, one more order without a dispute never lowers it,
/// whatever the weights.
#[must_use]
pub fn score(figures: &CustomerFigures, weights: &ScoreWeights) -> Score {
    let mut reasons = Vec::new();
    let mut add = |fact, points: i64, what: String| {
        if points != 0 {
            reasons.push(Reason { fact, points, sentence: format!("{what}: {points:+}") });
        }
    };
    let good_orders = figures.orders.saturating_sub(figures.disputed_orders);
    let given = times(good_orders, weights.good_order).min(i64::from(weights.good_orders_max));
    add(ScoreFact::GoodOrders, given, counted(good_orders, "order without a dispute", "orders without a dispute"));
    for (fact, count, weight, one, many) in [
        (ScoreFact::Lost, figures.lost, weights.lost, "lost dispute", "lost disputes"),
        (ScoreFact::Open, figures.open, weights.open, "open dispute", "open disputes"),
        (ScoreFact::Won, figures.won, weights.won, "won dispute", "won disputes"),
        (
            ScoreFact::OtherClosed,
            figures.other_closed,
            weights.other_closed,
            "dispute refunded or prevented",
            "disputes refunded or prevented",
        ),
        (ScoreFact::Inquiries, figures.inquiries, weights.inquiry, "inquiry", "inquiries"),
    ] {
        add(fact, times(count, weight).saturating_neg(), counted(count, one, many));
    }
    let (taken, what) = dispute_rate(figures, weights);
    add(ScoreFact::DisputeRate, taken.saturating_neg(), what);
    let mut score = Score { value: 0, start: weights.start, reasons };
    score.value = u8::try_from(score.sum().max(0)).unwrap_or(SCORE_MAX).min(SCORE_MAX);
    score
}

/// The points that the share of disputed orders takes, rounded down, and that share in words.
fn dispute_rate(figures: &CustomerFigures, weights: &ScoreWeights) -> (i64, String) {
    let (disputed, orders) = (figures.disputed_orders, figures.orders);
    // A floor under the orders, and not a rate that begins to count at some number of them: then one more good order
    // could lower a score.
    let of = orders.max(weights.dispute_rate_orders_min.into());
    let share = u128::from(disputed.min(of)).checked_mul(weights.dispute_rate.into());
    let points = share.and_then(|share| share.checked_div(of.into())).unwrap_or_default();
    let floor = if of > orders { format!(", taken as {disputed} of {of}") } else { String::new() };
    let what = format!("{disputed} of {} disputed{floor}", counted(orders, "order", "orders"));
    (i64::try_from(points).unwrap_or(i64::MAX), what)
}

fn times(count: u64, weight: u32) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(weight.into())
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The customer of the worked example.
    fn example() -> CustomerFigures {
        CustomerFigures {
            orders: 12,
            disputed_orders: 3,
            disputes: 3,
            won: 1,
            lost: 2,
            inquiries: 1,
            ..CustomerFigures::default()
        }
    }

    fn of(figures: &CustomerFigures) -> Score {
        score(figures, &ScoreWeights::default())
    }

    #[test]
    fn a_customer_of_whom_nothing_is_known_has_the_start() {
        let unknown = of(&CustomerFigures::default());
        assert_eq!((unknown.value, unknown.reasons.len()), (50, 0));
        assert_eq!(unknown.to_string(), "50 at the start; together 50");
    }

    #[test]
    fn each_score_says_why() {
        let score = of(&example());
        assert_eq!(score.value, 11);
        assert_eq!(
            score.to_string(),
            "50 at the start; 9 orders without a dispute: +18; 2 lost disputes: -40; 1 won dispute: -5; \
             1 inquiry: -2; 3 of 12 orders disputed: -10; together 11"
        );
    }

    #[test]
    fn a_score_is_held_between_0_and_100() {
        let worst = of(&CustomerFigures { lost: 4, ..CustomerFigures::default() });
        assert_eq!((worst.value, worst.sum()), (0, -30));
        assert!(worst.to_string().ends_with("4 lost disputes: -80; together -30, held at 0"), "{worst}");
        let weights = ScoreWeights { good_orders_max: 1000, ..ScoreWeights::default() };
        let best = score(&CustomerFigures { orders: 40, ..CustomerFigures::default() }, &weights);
        assert_eq!((best.value, best.sum()), (100, 130));
    }

    #[test]
    fn good_orders_give_no_more_than_their_most() {
        let points = |orders| of(&CustomerFigures { orders, ..CustomerFigures::default() }).value;
        assert_eq!([0, 1, 14, 15, 16, u64::MAX].map(points), [50, 52, 78, 80, 80, 80]);
    }

    #[test]
    fn a_first_order_says_little_of_a_rate() {
        let one = of(&CustomerFigures { orders: 1, disputed_orders: 1, ..CustomerFigures::default() });
        assert_eq!(one.reasons[0].sentence, "1 of 1 order disputed, taken as 1 of 10: -4");
        let many = of(&CustomerFigures { orders: 20, disputed_orders: 20, ..CustomerFigures::default() });
        assert_eq!(many.reasons[0].sentence, "20 of 20 orders disputed: -40");
    }

    #[test]
    fn no_count_is_too_large_to_be_scored() {
        let most = u64::MAX;
        let figures = CustomerFigures {
            orders: most,
            disputed_orders: most,
            disputes: most,
            open: most,
            won: most,
            lost: most,
            other_closed: most,
            inquiries: most,
            ..CustomerFigures::default()
        };
        assert_eq!(of(&figures).value, 0);
        let mut weights = ScoreWeights::default();
        for (_, weight) in weights.by_name() {
            *weight = u32::MAX;
        }
        assert_eq!(score(&figures, &weights).value, 0);
        for (_, weight) in weights.by_name() {
            *weight = 0;
        }
        assert_eq!(score(&figures, &weights).to_string(), "0 at the start; together 0");
    }

    #[test]
    fn the_document_has_every_weight_and_the_example() {
        let document = include_str!("../../../docs/scoring.md");
        let mut weights = ScoreWeights::default();
        for (name, weight) in weights.by_name() {
            assert!(
                document.contains(&format!("| `score.{name}` | {weight} |")),
                "{name} = {weight} is not in its table"
            );
        }
        let score = of(&example());
        for reason in &score.reasons {
            let (what, points) = reason.sentence.split_once(": ").unwrap();
            assert!(document.contains(&format!("| {what} | {points} |")), "{}", reason.sentence);
        }
        assert!(document.contains(&format!("| together | {} |", score.value)));
    }
}
