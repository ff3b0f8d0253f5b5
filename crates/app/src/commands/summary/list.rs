//! The sealed days, how their mails went, and each attempt to send them.

use chargebook_domain::AccountId;
use chargebook_domain::ports::LedgerError;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{AttemptLine, SummaryLine};
use serde::Serialize;

use crate::commands::screen::Screen;
use crate::tables::{Columns, maybe, word};

/// A delivery for programs, with its attempts.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    delivery: SummaryLine,
    attempts: Vec<AttemptLine>,
}

pub(super) async fn with_attempts(
    ledger: &PostgresLedger,
    book: Option<&AccountId>,
    limit: i64,
) -> Result<Vec<Listed>, LedgerError> {
    let days = ledger.summaries(book, limit).await?;
    let Some(first) = days.iter().map(|day| day.business_date).min() else { return Ok(Vec::new()) };
    let attempts = ledger.summary_attempts(first).await?;
    let of = |day: &SummaryLine, attempt: &AttemptLine| {
        let channel = day.channel.as_deref();
        (day.business_date, channel, &day.account)
            == (attempt.business_date, Some(attempt.channel.as_str()), &attempt.account)
    };
    let with = |day: SummaryLine| {
        let attempts = attempts.iter().filter(|attempt| of(&day, attempt)).cloned().collect();
        Listed { delivery: day, attempts }
    };
    Ok(days.into_iter().map(with).collect())
}

pub(super) fn listed(days: &[Listed], screen: Screen) -> String {
    if days.is_empty() {
        return "No day is sealed yet.".to_owned();
    }
    let deliveries: Vec<_> = days.iter().map(|day| &day.delivery).collect();
    let mail = |day: &&SummaryLine| {
        let waiting = if day.state == "opening" { "opening balance" } else { "pending" };
        word(day.delivery.as_deref().unwrap_or(waiting))
    };
    let columns = Columns::of(&deliveries)
        .left("Business date", |day| day.business_date.to_string())
        .left("Zone", |day| day.time_zone.clone())
        .left("Sealed", |day| screen.time(day.sealed_at))
        .left("Book", |day| maybe(day.account.as_deref()).to_owned())
        .left("Mail", mail)
        .left("Channel", |day| maybe(day.channel.as_deref()).to_owned())
        .right("Attempts", |day| day.attempt.unwrap_or_default().to_string())
        .left("Note", |day| maybe(day.reason.as_deref().or(day.receipt.as_deref())).to_owned());
    let is_earlier =
        |day: &Listed, attempt: &AttemptLine| day.delivery.attempt.is_some_and(|last| attempt.attempt < last);
    let earlier: Vec<_> =
        days.iter().flat_map(|day| day.attempts.iter().filter(|attempt| is_earlier(day, attempt))).collect();
    if earlier.is_empty() {
        return columns.table().to_string();
    }
    let attempts = Columns::of(&earlier)
        .left("Business date", |attempt| attempt.business_date.to_string())
        .left("Book", |attempt| maybe(attempt.account.as_deref()).to_owned())
        .left("Channel", |attempt| attempt.channel.clone())
        .right("Attempt", |attempt| attempt.attempt.to_string())
        .left("Begun", |attempt| screen.time(attempt.begun_at))
        .left("Ended", |attempt| word(attempt.outcome.as_deref().unwrap_or("sending")))
        .left("Looked for", |attempt| maybe(attempt.found.as_deref()).replace('_', " "))
        .left("Note", |attempt| maybe(attempt.reason.as_deref().or(attempt.receipt.as_deref())).to_owned());
    format!("{}\n\nEarlier attempts:\n{}", columns.table(), attempts.table())
}
