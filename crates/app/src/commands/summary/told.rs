//! What a person is told of a mail that was to be sent.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{DayMail, DeliveryState, Due, SendOutcome};
use chargebook_domain::service::By;
use chargebook_ledger_postgres::reading::SummaryLine;

use crate::commands::Done;
use crate::commands::screen::Screen;

/// A mail on its channel.
pub(super) struct Told<'a> {
    pub(super) due: &'a Due,
    /// Whether there is no other channel, so that it goes without saying.
    pub(super) is_only: bool,
}

impl Told<'_> {
    /// What the mail is called.
    fn name(&self) -> String {
        let DayMail { date, book } = &self.due.mail;
        let of = book.as_ref().map_or_else(String::new, |book| format!(" of {book}"));
        let on = if self.is_only { String::new() } else { format!(" on {}", self.due.channel) };
        format!("The summary of {date}{of}{on}")
    }

    pub(super) fn sent(&self, by: By, outcome: SendOutcome) -> (String, Done) {
        let name = self.name();
        match outcome {
            SendOutcome::Accepted { receipt } => (format!("{name} was accepted{}", ending(receipt)), Done::Well),
            SendOutcome::Refused { reason, retry_after } => {
                let then = match (by, retry_after) {
                    (By::Schedule, Some(_)) => "A running server tries again by itself.".to_owned(),
                    (By::Schedule, None) | (By::Person, _) => format!("Then {}.", self.resend()),
                };
                (format!("{name} was not accepted: {reason} {then}"), Done::NeedsAttention)
            }
            SendOutcome::Unknown { reason } => {
                let text = format!("{name}: nobody can know whether it arrived: {reason} {}", self.look(by));
                (text, Done::NeedsAttention)
            }
        }
    }

    /// What has the mail sent again.
    fn resend(&self) -> String {
        let DayMail { date, book } = &self.due.mail;
        let of = book.as_ref().map_or_else(String::new, |book| format!(" --account {book}"));
        let on = if self.is_only { String::new() } else { format!(" --channel {}", self.due.channel) };
        format!("`chargebook summary resend {date}{of}{on}` sends it again")
    }

    /// What to do where nobody knows whether it arrived. Only what goes by itself is looked for.
    fn look(&self, by: By) -> String {
        let looks = match by {
            By::Schedule => "A running server looks for it after ten minutes, where it may. ",
            By::Person => "",
        };
        format!("{looks}Look into the mailbox; if it is not there, {}.", self.resend())
    }

    /// Why the mail was not sent now.
    pub(super) fn not_sent(&self, days: &[SummaryLine], screen: Screen) -> (String, Done) {
        let DayMail { date, book } = &self.due.mail;
        let state = |day: &SummaryLine| day.delivery.as_deref().and_then(DeliveryState::parse);
        let is_this = |day: &SummaryLine| {
            day.channel.as_deref() == Some(&self.due.channel)
                && day.account.as_deref() == book.as_ref().map(AccountId::as_str)
        };
        // What stands in the way on the channel itself says more than what went on another.
        let rank = |day: &SummaryLine| match (is_this(day), state(day)) {
            (true, Some(state)) if state != DeliveryState::Pending => 0,
            (false, Some(DeliveryState::Accepted)) => 1,
            (false, Some(DeliveryState::Sending)) => 2,
            (false, Some(DeliveryState::Unknown)) => 3,
            (true, _) => 4,
            (false, _) => 5,
        };
        let is_of = |day: &&SummaryLine| {
            let book = day.account.as_deref().and_then(|account| AccountId::parse(account).ok());
            self.due.mail.overlaps(&DayMail { date: day.business_date, book })
        };
        let day = days.iter().filter(is_of).min_by_key(|day| rank(day));
        let Some(day) = day.filter(|day| day.state != "opening") else {
            return (format!("{date} is before the books: it has no mail."), Done::NeedsAttention);
        };
        let elsewhere = day.channel.as_deref().filter(|channel| self.is_only || **channel != self.due.channel);
        let on = elsewhere.map_or_else(String::new, |channel| format!(" ({channel})"));
        let reason = day.reason.as_deref().unwrap_or("the reason is not known.");
        let (name, resend) = (self.name(), self.resend());
        let text = match state(day) {
            Some(DeliveryState::Accepted) => {
                let receipt = ending(day.receipt.clone());
                return (format!("{name} was accepted before{on}, and is not sent twice{receipt}"), Done::Well);
            }
            Some(DeliveryState::Sending) => format!("{name} is being sent right now{on}."),
            Some(DeliveryState::Failed) => format!("{name} failed{on}: {reason} {resend}."),
            Some(DeliveryState::Unknown) => {
                format!("{name} went, and whether it arrived is unknown{on}: {reason} {}", self.look(By::Person))
            }
            Some(DeliveryState::Pending) | None => format!(
                "{name} is to be sent later{on}: {reason} A running server tries again by itself ({}); {resend} now.",
                screen.maybe_time(day.retry_at)
            ),
        };
        (text, Done::NeedsAttention)
    }
}

/// A receipt at the end of a sentence, where there is one.
fn ending(receipt: Option<String>) -> String {
    receipt.map_or_else(|| ".".to_owned(), |receipt| format!(": {receipt}"))
}
