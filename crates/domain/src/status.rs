//! What a source says of a dispute, and what that means for it.

use std::fmt;

/// The status of a dispute in Stripe's words.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// `warning_needs_response`: an inquiry that can be answered.
    WarningNeedsResponse,
    /// `warning_under_review`: an inquiry that was answered.
    WarningUnderReview,
    /// `needs_response`: a dispute that can be answered.
    NeedsResponse,
    /// `under_review`: a dispute that was answered.
    UnderReview,
    /// `warning_closed`: an inquiry that ended without becoming a dispute.
    WarningClosed,
    /// `charge_refunded`: closed by a refund. Stripe dropped it in 2023; old events have it.
    ChargeRefunded,
    /// `prevented`: stopped or refunded before it became a dispute.
    Prevented,
    /// `lost`.
    Lost,
    /// `won`.
    Won,
    /// A word that this version does not know. It is shown and flagged, and decides nothing.
    Unrecognised(String),
}

/// The words, in the order of their rank: of two statuses in the same second the later one here counts.
const WORDS: [(&str, Status); 9] = [
    ("warning_needs_response", Status::WarningNeedsResponse),
    ("warning_under_review", Status::WarningUnderReview),
    ("needs_response", Status::NeedsResponse),
    ("under_review", Status::UnderReview),
    ("warning_closed", Status::WarningClosed),
    ("charge_refunded", Status::ChargeRefunded),
    ("prevented", Status::Prevented),
    ("lost", Status::Lost),
    ("won", Status::Won),
];

impl Status {
    /// Reads Stripe's word. Every text is a status; one that is not known is [`Status::Unrecognised`].
    #[must_use]
    pub fn parse(word: &str) -> Self {
        WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map_or_else(|| Self::Unrecognised(word.to_owned()), |(_, status)| status.clone())
    }

    /// Stripe's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Unrecognised(word) = self {
            return word;
        }
        WORDS.iter().find(|(_, status)| status == self).map_or("", |(word, _)| word)
    }

    /// Where the status stands among others of the same second: unrecognised first, won last.
    #[must_use]
    pub fn rank(&self) -> usize {
        WORDS.iter().position(|(_, status)| status == self).map_or(0, |index| index.saturating_add(1))
    }

    /// What the status means, or `None` for one that is not recognised.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::WarningNeedsResponse | Self::WarningUnderReview => Outcome::InquiryOpen,
            Self::NeedsResponse | Self::UnderReview => Outcome::Open,
            Self::WarningClosed => Outcome::InquiryClosed,
            Self::ChargeRefunded => Outcome::Refunded,
            Self::Prevented => Outcome::Prevented,
            Self::Lost => Outcome::Lost,
            Self::Won => Outcome::Won,
            Self::Unrecognised(_) => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a status means for the books.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// A dispute that is not decided yet.
    Open,
    /// An inquiry that is not decided yet; no money has moved for it.
    InquiryOpen,
    /// Decided for the merchant.
    Won,
    /// Decided against the merchant.
    Lost,
    /// An inquiry that ended without becoming a dispute.
    InquiryClosed,
    /// Closed by a refund.
    Refunded,
    /// Stopped before it became a dispute.
    Prevented,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::InquiryOpen, Self::Won, Self::Lost, Self::InquiryClosed, Self::Refunded, Self::Prevented];

    /// Whether the dispute is closed.
    #[must_use]
    pub fn is_decided(self) -> bool {
        match self {
            Self::Open | Self::InquiryOpen => false,
            Self::Won | Self::Lost | Self::InquiryClosed | Self::Refunded | Self::Prevented => true,
        }
    }

    /// The stored word, such as `inquiry_open`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InquiryOpen => "inquiry_open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::InquiryClosed => "inquiry_closed",
            Self::Refunded => "refunded",
            Self::Prevented => "prevented",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// Where finance puts a dispute. It is a label for people: totals are summed by column, never by bucket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bucket {
    /// Open: nothing is decided.
    Undecided,
    /// Won, and the money is back.
    Recovered,
    /// Won, and money is still to come.
    RecoveryPending,
    /// Closed with a loss.
    ConfirmedLoss,
    /// Closed without a loss.
    NoLoss,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 5] =
        [Self::Undecided, Self::Recovered, Self::RecoveryPending, Self::ConfirmedLoss, Self::NoLoss];

    /// The stored word, such as `confirmed_loss`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Recovered => "recovered",
            Self::RecoveryPending => "recovery_pending",
            Self::ConfirmedLoss => "confirmed_loss",
            Self::NoLoss => "no_loss",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for (word, status) in WORDS {
            assert_eq!(Status::parse(word), status);
            assert_eq!((status.as_str(), status.to_string().as_str()), (word, word));
        }
        let future = Status::parse("in_arbitration");
        assert_eq!(future, Status::Unrecognised("in_arbitration".to_owned()));
        assert_eq!((future.as_str(), future.outcome()), ("in_arbitration", None));
        assert!(Outcome::ALL.into_iter().all(|o| Outcome::parse(o.as_str()) == Some(o)));
        assert!(Bucket::ALL.into_iter().all(|b| Bucket::parse(b.as_str()) == Some(b)));
    }

    #[test]
    fn ranks_rise_from_unknown_to_won() {
        assert_eq!(Status::parse("in_arbitration").rank(), 0);
        assert_eq!(Status::WarningNeedsResponse.rank(), 1);
        assert!(Status::WarningUnderReview.rank() < Status::NeedsResponse.rank());
        assert!(Status::Lost.rank() < Status::Won.rank());
    }
}
