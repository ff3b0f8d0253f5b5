//! What a rule can ask of the facts.

use std::fmt;

use crate::monitor::{Level, Network};
use crate::{Bucket, Money, Outcome};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fact_doc:meta])* $fact:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$fact_doc])* $fact,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$fact,)*];

            /// The word in rules.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$fact => $word,)* }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// A fact that is a word, or several.
    TextFact {
        /// The book.
        DisputeAccount = "dispute.account",
        /// The source's word for the cardholder's reason.
        DisputeReason = "dispute.reason",
        /// The three letters of the disputed amount.
        DisputeCurrency = "dispute.currency",
        /// The card's brand.
        DisputeCardBrand = "dispute.card_brand",
        /// The source's word for the status.
        DisputeStatus = "dispute.status",
        /// What the status means.
        DisputeOutcome = "dispute.outcome",
        /// The source's word for the kind of case.
        DisputeCaseType = "dispute.case_type",
        /// Where finance puts the dispute.
        DisputeBucket = "dispute.bucket",
        /// All tags of the customer.
        CustomerTags = "customer.tags",
        /// The network.
        RatioNetwork = "ratio.network",
        /// The programme of the network.
        RatioProgramme = "ratio.programme",
        /// The level that was reached.
        RatioLevel = "ratio.level",
    }
    /// A fact that is a whole number.
    NumberFact {
        /// Orders that the customer placed.
        CustomerOrders = "customer.orders",
        /// Orders of these that have a formal dispute.
        CustomerDisputedOrders = "customer.disputed_orders",
        /// Formal disputes.
        CustomerDisputes = "customer.disputes",
        /// Formal disputes that are open.
        CustomerOpen = "customer.open",
        /// Won disputes.
        CustomerWon = "customer.won",
        /// Lost disputes.
        CustomerLost = "customer.lost",
        /// Disputes closed as refunded or prevented.
        CustomerOtherClosed = "customer.other_closed",
        /// Inquiries.
        CustomerInquiries = "customer.inquiries",
        /// Orders with a dispute per 10,000 orders; not known without orders.
        CustomerDisputeRate = "customer.dispute_rate_bps",
        /// The score, from 0 to 100.
        CustomerScore = "customer.score",
        /// The score before it changed.
        CustomerScoreBefore = "customer.score_before",
        /// Whole days from the order to the filing of the dispute; negative when the order came later.
        OrderDaysBeforeDispute = "order.days_before_dispute",
        /// Events per 10,000 payments.
        RatioBps = "ratio.bps",
    }
    /// A fact that is money.
    AmountFact {
        /// What the cardholder disputes.
        DisputeAmount = "dispute.amount",
        /// What the customer's formal disputes are for, by currency.
        CustomerDisputed = "customer.disputed",
    }
    /// A fact that is true or false.
    YesNoFact {
        /// Whether the books are of live mode.
        Livemode = "livemode",
        /// Whether the customer is known.
        CustomerKnown = "customer.known",
        /// Whether the customer is blocked.
        CustomerBlocked = "customer.blocked",
        /// Whether the order is known.
        OrderKnown = "order.known",
    }
    /// How a number or an amount is compared.
    Comparison {
        /// The same.
        Is = "is",
        /// Another.
        IsNot = "is_not",
        /// The same or more.
        AtLeast = "at_least",
        /// The same or less.
        AtMost = "at_most",
        /// More.
        Above = "above",
        /// Less.
        Below = "below",
    }
}

impl Comparison {
    /// Whether `found` compares with `wanted` like this.
    #[must_use]
    pub fn holds<T: Ord>(self, found: &T, wanted: &T) -> bool {
        match self {
            Self::Is => found == wanted,
            Self::IsNot => found != wanted,
            Self::AtLeast => found >= wanted,
            Self::AtMost => found <= wanted,
            Self::Above => found > wanted,
            Self::Below => found < wanted,
        }
    }
}

impl TextFact {
    /// All words that it can be, where they are the domain's own; `None` where others choose them.
    #[must_use]
    pub fn known_words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::DisputeOutcome => Some(Outcome::ALL.map(Outcome::as_str).to_vec()),
            Self::DisputeBucket => Some(Bucket::ALL.map(Bucket::as_str).to_vec()),
            Self::RatioNetwork => Some(Network::ALL.map(Network::as_str).to_vec()),
            Self::RatioLevel => Some([Level::Warning, Level::Reached].map(Level::as_str).to_vec()),
            Self::DisputeAccount
            | Self::DisputeReason
            | Self::DisputeCurrency
            | Self::DisputeCardBrand
            | Self::DisputeStatus
            | Self::DisputeCaseType
            | Self::CustomerTags
            | Self::RatioProgramme => None,
        }
    }
}

/// What a word must be. Case does not matter. Of several words, such as tags, one must be it, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextTest {
    /// This one.
    Is(String),
    /// Any but this one.
    IsNot(String),
    /// One of these.
    OneOf(Vec<String>),
}

impl TextTest {
    pub(super) fn holds(&self, found: &[impl AsRef<str>]) -> bool {
        let has = |wanted: &String| found.iter().any(|found| same(found.as_ref(), wanted));
        match self {
            Self::Is(wanted) => has(wanted),
            Self::IsNot(wanted) => !has(wanted),
            Self::OneOf(wanted) => wanted.iter().any(has),
        }
    }
}

pub(super) fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// One thing that must hold. A fact that is not known makes none hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Of a word.
    Text {
        /// The fact.
        fact: TextFact,
        /// What it must be.
        test: TextTest,
    },
    /// Of a number.
    Number {
        /// The fact.
        fact: NumberFact,
        /// How it must compare.
        comparison: Comparison,
        /// With what.
        wanted: i64,
    },
    /// Of money. It holds only in the currency of `wanted`: amounts are never converted.
    Amount {
        /// The fact.
        fact: AmountFact,
        /// How it must compare.
        comparison: Comparison,
        /// With what.
        wanted: Money,
    },
    /// Of what is true or false.
    YesNo {
        /// The fact.
        fact: YesNoFact,
        /// What it must be.
        wanted: bool,
    },
}

impl Condition {
    /// The word of its fact.
    #[must_use]
    pub fn fact(&self) -> &'static str {
        match self {
            Self::Text { fact, .. } => fact.as_str(),
            Self::Number { fact, .. } => fact.as_str(),
            Self::Amount { fact, .. } => fact.as_str(),
            Self::YesNo { fact, .. } => fact.as_str(),
        }
    }

    /// What the fact must be, as in `at least 3`.
    #[must_use]
    pub fn wanted(&self) -> String {
        let compared = |comparison: &Comparison, wanted: &dyn fmt::Display| match comparison {
            Comparison::Is => wanted.to_string(),
            Comparison::IsNot => format!("anything but {wanted}"),
            Comparison::AtLeast | Comparison::AtMost | Comparison::Above | Comparison::Below => {
                format!("{} {wanted}", comparison.as_str().replace('_', " "))
            }
        };
        match self {
            Self::Text { test: TextTest::Is(wanted), .. } => wanted.clone(),
            Self::Text { test: TextTest::IsNot(wanted), .. } => format!("anything but {wanted}"),
            Self::Text { test: TextTest::OneOf(wanted), .. } => format!("one of {}", wanted.join(", ")),
            Self::Number { comparison, wanted, .. } => compared(comparison, wanted),
            Self::Amount { comparison, wanted, .. } => compared(comparison, wanted),
            Self::YesNo { wanted, .. } => wanted.to_string(),
        }
    }

    /// What of a subject its fact is a part of; `None` for what is always known.
    pub(super) fn part(&self) -> Option<&'static str> {
        self.fact().split_once('.').map(|(part, _)| part)
    }
}

impl fmt::Display for Condition {
    /// Such as `customer.lost: at least 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fact(), self.wanted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_a_word_of_its_own() {
        let texts = TextFact::ALL.iter().map(|fact| fact.as_str());
        let numbers = NumberFact::ALL.iter().map(|fact| fact.as_str());
        let amounts = AmountFact::ALL.iter().map(|fact| fact.as_str());
        let yes_no = YesNoFact::ALL.iter().map(|fact| fact.as_str());
        let mut words: Vec<_> = texts.chain(numbers).chain(amounts).chain(yes_no).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert_eq!(TextFact::parse("dispute.reason"), Some(TextFact::DisputeReason));
        assert_eq!(NumberFact::parse("dispute.reason"), None);
    }

    #[test]
    fn each_comparison_holds_where_its_word_says() {
        let holding = |comparison: Comparison| [4, 5, 6].map(|found| comparison.holds(&found, &5));
        assert_eq!(holding(Comparison::Is), [false, true, false]);
        assert_eq!(holding(Comparison::IsNot), [true, false, true]);
        assert_eq!(holding(Comparison::AtLeast), [false, true, true]);
        assert_eq!(holding(Comparison::AtMost), [true, true, false]);
        assert_eq!(holding(Comparison::Above), [false, false, true]);
        assert_eq!(holding(Comparison::Below), [true, false, false]);
    }

    #[test]
    fn words_are_compared_in_any_case_and_of_several_one_is_enough() {
        let test =
            |test: &TextTest| [Vec::<&str>::new(), vec!["Visa"], vec!["amex", "VISA"]].map(|found| test.holds(&found));
        assert_eq!(test(&TextTest::Is("visa".into())), [false, true, true]);
        assert_eq!(test(&TextTest::IsNot("visa".into())), [true, false, false]);
        assert_eq!(test(&TextTest::OneOf(vec!["jcb".into(), "AMEX".into()])), [false, false, true]);
    }
}
