//! Movements of money: what Stripe's balance transactions say.

use chrono::{DateTime, NaiveDate, Utc};

use crate::money::sub;
use crate::ports::Origin;
use crate::{Currency, Meaning, MoneyError, MovementId, Reclassification};

/// What a movement is for. It follows from the source's reporting category, never from the sign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Category {
    /// Disputed money that was taken back (`dispute`).
    Withdrawal,
    /// Disputed money that was returned (`dispute_reversal`).
    Reinstatement,
    /// A fee on its own (`fee`, `network_cost`).
    Fee,
    /// Anything else. Its money waits in suspense until a person reclassifies it.
    Other,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 4] = [Self::Withdrawal, Self::Reinstatement, Self::Fee, Self::Other];

    /// Reads Stripe's `reporting_category` (docs.stripe.com/reports/reporting-categories). Rows from before it existed
    /// have none: there, an `adjustment` is told by its sign.
    #[must_use]
    pub fn of(reporting_category: Option<&str>, stripe_type: &str, amount_minor: i64) -> Self {
        match reporting_category {
            Some("dispute") => Self::Withdrawal,
            Some("dispute_reversal") => Self::Reinstatement,
            Some("fee" | "network_cost") => Self::Fee,
            None if stripe_type == "adjustment" && amount_minor < 0 => Self::Withdrawal,
            None if stripe_type == "adjustment" && amount_minor > 0 => Self::Reinstatement,
            _ => Self::Other,
        }
    }

    /// Whether it moves the disputed money itself.
    #[must_use]
    pub fn is_principal(self) -> bool {
        matches!(self, Self::Withdrawal | Self::Reinstatement)
    }

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Reinstatement => "reinstatement",
            Self::Fee => "fee",
            Self::Other => "other",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == word)
    }
}

/// One movement of settled money, as the source states it. Amounts are minor units of the settlement currency.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Movement {
    /// The balance transaction.
    pub id: MovementId,
    /// What it is for.
    pub category: Category,
    /// Before fees; negative when money leaves.
    pub amount_minor: i64,
    /// Positive when charged, negative when returned.
    pub fee_minor: i64,
    /// What the balance changed by. Meant to be amount less fee; where it is not, the difference is kept in suspense.
    pub net_minor: i64,
    /// The settlement currency, which may differ from the dispute's.
    pub currency: Currency,
    /// When the source made it.
    pub occurred_at: DateTime<Utc>,
    /// When it can be paid out.
    pub available_on: Option<NaiveDate>,
    /// The source's words, kept as they are.
    pub reporting_category: Option<String>,
    /// The source's type, such as `adjustment`.
    pub stripe_type: String,
    /// The source's description.
    pub description: Option<String>,
    /// What the source says it came from, such as the dispute's id.
    pub source: Option<String>,
}

impl Movement {
    /// What it costs: its fee and, for a fee on its own, its amount too. Negative when returned.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn fee(&self) -> Result<i64, MoneyError> {
        match self.category {
            Category::Fee => sub(self.fee_minor, self.amount_minor),
            Category::Withdrawal | Category::Reinstatement | Category::Other => Ok(self.fee_minor),
        }
    }

    /// Its effect on the receivable: positive when disputed money leaves.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn principal(&self) -> Result<i64, MoneyError> {
        if self.category.is_principal() { sub(0, self.amount_minor) } else { Ok(0) }
    }

    /// What nobody can explain yet: the amount of an unknown category, and any difference of amount less fee to net.
    /// Positive when money is missing.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn suspense(&self) -> Result<i64, MoneyError> {
        let unexplained = self.unexplained_net()?;
        match self.category {
            Category::Other => sub(unexplained, self.amount_minor),
            Category::Withdrawal | Category::Reinstatement | Category::Fee => Ok(unexplained),
        }
    }

    /// Amount less fee less net: zero, unless the source contradicts itself.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn unexplained_net(&self) -> Result<i64, MoneyError> {
        sub(sub(self.amount_minor, self.fee_minor)?, self.net_minor)
    }

    /// What takes its money out of suspense, as a movement by which the balance does not change.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub(crate) fn out_of_suspense(&self, moved: &Reclassification) -> Result<Self, MoneyError> {
        let missing = self.suspense()?;
        let (category, amount_minor, fee_minor) = match moved.meaning {
            Meaning::Fee => (Category::Fee, 0, missing),
            Meaning::Principal if missing > 0 => (Category::Withdrawal, sub(0, missing)?, 0),
            Meaning::Principal => (Category::Reinstatement, sub(0, missing)?, 0),
        };
        Ok(Self {
            id: MovementId::of_reclassification(&self.id),
            category,
            amount_minor,
            fee_minor,
            net_minor: 0,
            currency: self.currency,
            occurred_at: moved.occurred_at,
            available_on: None,
            reporting_category: None,
            stripe_type: "reclassification".to_owned(),
            description: None,
            source: None,
        })
    }

    /// Whether both say the same of the money; texts may differ between API versions, and with them the category of a
    /// movement that has no amount of its own.
    #[must_use]
    pub fn same_money(&self, other: &Self) -> bool {
        let same_category = self.category == other.category || self.amount_minor == 0;
        let of = |movement: &Self| {
            let Self { amount_minor, fee_minor, net_minor, currency, occurred_at, .. } = movement;
            (*amount_minor, *fee_minor, *net_minor, *currency, *occurred_at)
        };
        same_category && of(self) == of(other)
    }

    /// Whether it is about a dispute, as a row of an account's movements that came from `origin`.
    ///
    /// Disputed money is told by its reporting category; on rows from before there was one, by the text that Stripe
    /// gives it. Fees for disputes that Stripe books on the account (countered, compliance, Smart Disputes) have the
    /// category of any fee, and are told by their text alone.
    #[must_use]
    pub fn is_about_disputes(&self, origin: &Origin) -> bool {
        let text = self.description.as_deref().unwrap_or_default().to_lowercase();
        let speaks_of = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match (origin, self.category) {
            (Origin::Dispute(_), _) => true,
            (_, Category::Withdrawal | Category::Reinstatement) => {
                self.reporting_category.is_some() || speaks_of(&["chargeback", "dispute"])
            }
            (_, Category::Fee) => speaks_of(&["dispute", "visa compliance", "mastercard compliance"]),
            (_, Category::Other) => false,
        }
    }

    /// The order in which movements act on a dispute: by time, withdrawals first within a second.
    pub(crate) fn sequence(&self) -> (DateTime<Utc>, bool, &MovementId) {
        (self.occurred_at, self.category != Category::Withdrawal, &self.id)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A movement of US dollars at the epoch, without a fee.
    pub(crate) fn movement(id: &str, category: Category, amount_minor: i64) -> Movement {
        Movement {
            id: MovementId::parse(id).unwrap(),
            category,
            amount_minor,
            fee_minor: 0,
            net_minor: amount_minor,
            currency: Currency::parse("usd").unwrap(),
            occurred_at: DateTime::UNIX_EPOCH,
            available_on: None,
            reporting_category: None,
            stripe_type: "adjustment".to_owned(),
            description: None,
            source: None,
        }
    }

    #[test]
    fn the_reporting_category_decides_and_the_sign_only_where_there_is_none() {
        for (reporting, kind, amount, expected) in [
            (Some("dispute"), "adjustment", -1, Category::Withdrawal),
            (Some("dispute"), "adjustment", 1, Category::Withdrawal),
            (Some("dispute_reversal"), "adjustment", 0, Category::Reinstatement),
            (Some("network_cost"), "stripe_fee", -1, Category::Fee),
            (Some("refund"), "refund", -1, Category::Other),
            (None, "adjustment", -1, Category::Withdrawal),
            (None, "adjustment", 1, Category::Reinstatement),
            (None, "adjustment", 0, Category::Other),
            (None, "refund", -1, Category::Other),
        ] {
            assert_eq!(Category::of(reporting, kind, amount), expected, "{reporting:?} {kind} {amount}");
        }
    }

    #[test]
    fn what_is_taken_out_of_suspense_moves_no_money() {
        for (amount, meaning, category, taken, fee) in [
            (-5, Meaning::Fee, Category::Fee, 0, 5),
            (5, Meaning::Fee, Category::Fee, 0, -5),
            (-5, Meaning::Principal, Category::Withdrawal, -5, 0),
            (5, Meaning::Principal, Category::Reinstatement, 5, 0),
        ] {
            let of = movement("txn_1", Category::Other, amount);
            let occurred_at = DateTime::UNIX_EPOCH;
            let moved =
                of.out_of_suspense(&Reclassification { movement: of.id.clone(), meaning, occurred_at }).unwrap();
            let told = (moved.category, moved.amount_minor, moved.fee_minor, moved.net_minor);
            assert_eq!(told, (category, taken, fee, 0), "{amount} {meaning:?}");
            assert_eq!(of.suspense().unwrap() + moved.suspense().unwrap(), 0, "nothing is left there");
        }
    }

    #[test]
    fn a_category_may_differ_only_where_there_is_no_amount() {
        let of = |category, amount| movement("txn_1", category, amount);
        assert!(of(Category::Withdrawal, -5).same_money(&of(Category::Withdrawal, -5)));
        assert!(!of(Category::Withdrawal, -5).same_money(&of(Category::Other, -5)));
        assert!(of(Category::Withdrawal, 0).same_money(&of(Category::Other, 0)));
        assert!(!of(Category::Withdrawal, 0).same_money(&Movement { fee_minor: 1, ..of(Category::Withdrawal, 0) }));
    }

    #[test]
    fn a_row_is_about_disputes_by_its_category_or_by_what_it_says() {
        let row = |category, reporting: Option<&str>, text: &str| Movement {
            reporting_category: reporting.map(str::to_owned),
            description: Some(text.to_owned()),
            ..movement("txn_1", category, -5)
        };
        for (row, is_about) in [
            (row(Category::Withdrawal, Some("dispute"), ""), true),
            (row(Category::Withdrawal, None, "Chargeback withdrawal for ch_1"), true),
            (row(Category::Reinstatement, None, "a DISPUTE was won"), true),
            (row(Category::Withdrawal, None, "an adjustment"), false),
            (row(Category::Fee, Some("fee"), "Dispute countered fee"), true),
            (row(Category::Fee, Some("fee"), "Visa Compliance"), true),
            (row(Category::Fee, Some("fee"), "Mastercard compliance"), true),
            (row(Category::Fee, Some("fee"), "Radar for chargeback protection"), false),
            (row(Category::Other, Some("other_adjustment"), "a dispute"), false),
        ] {
            assert_eq!(row.is_about_disputes(&Origin::Other), is_about, "{row:?}");
        }
    }
}
