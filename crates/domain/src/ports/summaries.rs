use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{Found, LedgerError, RequestId, SendOutcome};
use crate::AccountId;
use crate::summary::DayBooks;

/// How far sealing has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sealed {
    /// The last day that is sealed.
    pub last: Option<NaiveDate>,
    /// The business date on which anything was first recorded; it is said only while nothing is sealed.
    pub first_recorded: Option<NaiveDate>,
}

impl Sealed {
    /// The day that is to be sealed next: the one after the last or, while nothing is sealed, the first day of the books, where
    /// that is set, or else that on which anything was first recorded. `None` where there is nothing to seal yet.
    #[must_use]
    pub fn next(&self, books_start: Option<NaiveDate>) -> Option<NaiveDate> {
        self.last.map_or(books_start.or(self.first_recorded), |last| last.succ_opt())
    }
}

/// Whether a day goes in one mail, or each book in its own. Days are sealed for all books at once either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mails {
    /// One mail for all books.
    #[default]
    Together,
    /// One mail for each book: of a day without anything too, for silence must mean failure.
    Apart,
}

/// One mail: of a day, and of one book or of all together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DayMail {
    /// The day.
    pub date: NaiveDate,
    /// The book; `None` for all together.
    pub book: Option<AccountId>,
}

impl DayMail {
    /// The mail of all books.
    #[must_use]
    pub fn together(date: NaiveDate) -> Self {
        Self { date, book: None }
    }

    /// The mail of one book.
    #[must_use]
    pub fn of(date: NaiveDate, book: AccountId) -> Self {
        Self { date, book: Some(book) }
    }

    /// The name of the mail for ever, such as `summary/2026-11-21`, with the book behind it where it is one's own.
    #[must_use]
    pub fn reference(&self) -> String {
        let of_book = self.book.as_ref().map_or_else(String::new, |book| format!("/{book}"));
        format!("summary/{}{of_book}", self.date)
    }

    /// The name of the mail in which the days from `first` to this one's go as one, such as
    /// `summary/2026-11-20..2026-11-21`; the same as [`reference`](Self::reference) where that is one day.
    #[must_use]
    pub fn reference_since(&self, first: NaiveDate) -> String {
        if first == self.date {
            return self.reference();
        }
        self.reference().replacen(&self.date.to_string(), &format!("{first}..{}", self.date), 1)
    }

    /// Whether both are of one day and some figure is in both: who got one does not get the other by itself.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.date == other.date && (self.book.is_none() || other.book.is_none() || self.book == other.book)
    }
}

/// Where a mail stands on one channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryState {
    /// It is to be sent.
    Pending,
    /// A process is sending it.
    Sending,
    /// The other side took it.
    Accepted,
    /// The other side did not take it, and a person must change something first.
    Failed,
    /// Nobody can know whether the other side took it.
    Unknown,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sending, Self::Accepted, Self::Failed, Self::Unknown];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A mail that is still to be sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Due {
    /// The mail.
    pub mail: DayMail,
    /// The channel on which it goes.
    pub channel: String,
    /// What its last attempt was sent as, if there was one: the days that went as one then go as one again, under the same
    /// reference, by which whoever took them knows them.
    pub sent_as: Option<String>,
}

/// The right to send one mail, once: of a day, or of several that go as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The days' mails that it stands for, in order, each with its count of attempts; settling must name the present ones.
    pub attempts: Vec<(DayMail, i32)>,
    /// The channel.
    pub channel: String,
    /// What the mail is [called](super::Mail::reference).
    pub reference: String,
    /// When it was handed out.
    pub begun_at: DateTime<Utc>,
}

impl Claim {
    /// What this attempt is called.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        let attempt = self.attempts.first().map_or(0, |(_, attempt)| *attempt);
        RequestId::of(&self.channel, &self.reference, attempt, self.begun_at)
    }
}

/// When what may have gone is looked for, by the ledger's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookTimes {
    /// How long after the attempt ended: what was taken can be hidden that long.
    pub after: Duration,
    /// How long after a look that could not tell.
    pub again_after: Duration,
    /// How long after the attempt it is given up.
    pub until: Duration,
}

/// Seals business days, and keeps who sends their mails.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Summaries: Send + Sync {
    /// How far sealing has come; dates are business dates in `zone`.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError>;

    /// Seals every unsealed resolution row and journal entry whose business date is `date` or earlier. The first seal
    /// also opens the books: what is dated before `books_start` is sealed as the opening balance, under the day before
    /// it. What becomes known later of the time before the books is late, like anything else.
    ///
    /// Days are sealed strictly in order, under one lock. Answers whether this call sealed the day; `false` when it was
    /// sealed before, or when it is not the day after the last.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was sealed.
    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError>;

    /// What a summary of `date` is composed from: the rows that were sealed in it or, when it is not sealed yet, those
    /// that would be. A day that was [kept](Self::keep) is as it was then. With `book`, every part is narrowed to it; the parts
    /// of all [`DayBooks::books`] add up to the whole, but for `undelivered`, where the mails together count for each, and for
    /// the times of `received`.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError>;

    /// Keeps what a sealed day is shown from, so that it is shown the same for ever, and answers it as it is kept. The first that
    /// is kept stays. Nothing is kept, and the answer is what was given, where the day is not sealed, where its seal is older
    /// than a day, as what stands beside the figures would not be of that time, and by who may not write.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError>;

    /// The mails of sealed days that are still to be sent on `channels`, by day. What went, or may have gone, on a channel
    /// that is not among them or in an [overlapping](DayMail::overlaps) mail is not to be sent: who changes the channels, or
    /// `mails`, does not mail the past again. On which of `channels` a mail goes is fixed when it is first asked for here with
    /// several, and, until some of it went, when one is added; then each goes by itself.
    ///
    /// Apart, a day goes to the books that are known when its mails are first asked for here: a book that appears later
    /// gets no mails of the time before it.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn undelivered(&self, channels: &[String], mails: Mails, now: DateTime<Utc>)
    -> Result<Vec<Due>, LedgerError>;

    /// Takes the right to send, for as long as `lease`, and keeps that this attempt was begun and what it is called; `None`
    /// when some of it is another's, or done, or not due. A claim whose lease ran out without being settled makes the
    /// delivery unknown, and is never handed out again. Leases run by the ledger's clock: a process whose own is wrong ends
    /// nobody's claim.
    ///
    /// With `by_person` it is `None` only while it is another's, or where the day has no mail: a person decides whether
    /// what went, here or elsewhere, goes once more.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError>;

    /// Keeps how an attempt ended. A claim that is not the present one changes nothing. Where a person had it sent although it
    /// went or may have gone, or had failed, a refusal leaves it as it was: nothing of it is sent again by itself.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError>;

    /// The attempts on `channel` whose end is unknown, that can be looked for in `place`, and that it is time to. What a person had sent beside an
    /// earlier mail is not among them: that mail would be found.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError>;

    /// Keeps what a look has shown: what is there was accepted, what is not there is to be sent again, and what can't be told
    /// stays unknown. An attempt that is not the present one, or whose end is known, is left as it is.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError>;
}

/// A business day to be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The day.
    pub date: NaiveDate,
    /// The zone whose days are meant.
    pub zone: Tz,
    /// The first day of the books.
    pub books_start: Option<NaiveDate>,
    /// When it is sealed.
    pub now: DateTime<Utc>,
}

/// A wish to send a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimRequest {
    /// The days' mails that go as one, in order.
    pub mails: Vec<DayMail>,
    /// The channel.
    pub channel: String,
    /// What the mail is called.
    pub reference: String,
    /// Where it can be looked for later, if it can.
    pub place: Option<String>,
    /// When.
    pub now: DateTime<Utc>,
    /// How long sending may take.
    pub lease: Duration,
    /// Whether a person wants it now, whatever became of it before.
    pub by_person: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_overlap_where_a_figure_is_in_both() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let [own, other] = [AccountId::own(), AccountId::parse("acct_1").unwrap()];
        let (together, of_own) = (DayMail::together(date(1)), DayMail::of(date(1), own.clone()));
        for (mail, overlaps) in [
            (together.clone(), true),
            (of_own.clone(), true),
            (DayMail::of(date(1), other), false),
            (DayMail::together(date(2)), false),
            (DayMail::of(date(2), own), false),
        ] {
            assert_eq!((of_own.overlaps(&mail), mail.overlaps(&of_own)), (overlaps, overlaps), "{mail:?}");
            assert_eq!(together.overlaps(&mail), mail.date == together.date, "{mail:?}");
        }
        assert_eq!(together.reference(), "summary/2026-11-01");
        assert_eq!(of_own.reference(), "summary/2026-11-01/default");
        assert_eq!(of_own.reference_since(date(1)), "summary/2026-11-01/default");
        let two_days = DayMail::of(date(2), AccountId::own()).reference_since(date(1));
        assert_eq!(two_days, "summary/2026-11-01..2026-11-02/default");
    }
}
