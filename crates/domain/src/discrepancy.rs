//! Named facts that a person should know of a dispute.

/// What kind of thing is odd.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DiscrepancyKind {
    /// No order is known for the dispute.
    OrderUnknown,
    /// Several orders match; a person must choose.
    OrderAmbiguous,
    /// More is disputed than was paid for the order.
    AmountExceedsOrder,
    /// The dispute's currency is not the order's.
    CurrencyDiffers,
    /// The order was refunded as well, so that the customer may have been paid twice.
    OrderRefundedAsWell,
    /// Two statements differ in a fact that should not change.
    ContradictingFact,
    /// The source used a status that this version does not know.
    UnrecognisedStatus,
    /// A movement's net is not its amount less its fee.
    NetIsNotAmountLessFee,
    /// Money of an unknown category waits in suspense.
    MoneyInSuspense,
    /// The verdict was found by a read, so that its date is an estimate.
    DecisionDateUnknown,
    /// Won or lost, and no withdrawal was seen.
    NoWithdrawalSeen,
    /// Money moved although the outcome should not move any.
    MoneyWithoutVerdict,
    /// More money came back than was taken.
    OverReinstated,
}

impl DiscrepancyKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::OrderUnknown,
        Self::OrderAmbiguous,
        Self::AmountExceedsOrder,
        Self::CurrencyDiffers,
        Self::OrderRefundedAsWell,
        Self::ContradictingFact,
        Self::UnrecognisedStatus,
        Self::NetIsNotAmountLessFee,
        Self::MoneyInSuspense,
        Self::DecisionDateUnknown,
        Self::NoWithdrawalSeen,
        Self::MoneyWithoutVerdict,
        Self::OverReinstated,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderUnknown => "order_unknown",
            Self::OrderAmbiguous => "order_ambiguous",
            Self::AmountExceedsOrder => "amount_exceeds_order",
            Self::CurrencyDiffers => "currency_differs",
            Self::OrderRefundedAsWell => "order_refunded_as_well",
            Self::ContradictingFact => "contradicting_fact",
            Self::UnrecognisedStatus => "unrecognised_status",
            Self::NetIsNotAmountLessFee => "net_is_not_amount_less_fee",
            Self::MoneyInSuspense => "money_in_suspense",
            Self::DecisionDateUnknown => "decision_date_unknown",
            Self::NoWithdrawalSeen => "no_withdrawal_seen",
            Self::MoneyWithoutVerdict => "money_without_verdict",
            Self::OverReinstated => "over_reinstated",
        }
    }

    /// Whether money needs a person's explanation.
    #[must_use]
    pub fn is_money_question(self) -> bool {
        match self {
            Self::NetIsNotAmountLessFee | Self::MoneyInSuspense | Self::MoneyWithoutVerdict | Self::OverReinstated => {
                true
            }
            Self::OrderUnknown
            | Self::OrderAmbiguous
            | Self::AmountExceedsOrder
            | Self::CurrencyDiffers
            | Self::OrderRefundedAsWell
            | Self::ContradictingFact
            | Self::UnrecognisedStatus
            | Self::DecisionDateUnknown
            | Self::NoWithdrawalSeen => false,
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One odd thing about a dispute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Discrepancy {
    /// What kind of thing.
    pub kind: DiscrepancyKind,
    /// Which fact, movement or order it is about; never a customer's data.
    pub detail: String,
}

impl Discrepancy {
    /// A discrepancy about `detail`.
    #[must_use]
    pub fn new(kind: DiscrepancyKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}
