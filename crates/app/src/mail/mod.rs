//! Writes the mail of a business day. Every word that a reader sees stands in `templates/mail`; here are the figures.

mod accounts;
mod alarms;
mod amounts;
mod arrived;
mod bars;
mod by_book;
mod dashboard;
mod file;
mod filters;
mod lines;
mod message;
mod networks;
mod numbers;
mod recent;
mod shown;
mod view;

#[cfg(test)]
mod tests;

use askama::Template;
use chargebook_domain::ports::{DayMail, Mail};
use chargebook_domain::summary::Summary;
use chargebook_domain::{Outcome, ResolutionKind};
use chrono::{DateTime, Utc};

pub use accounts::AccountNames;
pub(crate) use alarms::alarm;
use amounts::Column;
pub use dashboard::Dashboard;
pub use file::CsvSeparator;
pub(crate) use file::day_file;
pub use message::of_message;
pub use numbers::NumberFormat;
use recent::{ReasonNamed, Trend};
use view::{Need, View};

/// No mail is larger as it goes to Graph, where its files are base64 in JSON. Graph takes four times as much; mailboxes
/// and whoever waits for a mail on a telephone take less.
pub(crate) const BYTES_MAX: usize = 1_000_000;

/// What the operator decides of how mails are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MailStyle {
    /// How accounts are called.
    pub accounts: AccountNames,
    /// How numbers are written, but for those of the file.
    pub numbers: NumberFormat,
    /// How the file of the day's disputes is written.
    pub csv: CsvSeparator,
    /// Where disputes are linked to.
    pub dashboard: Dashboard,
}

/// Writes the mail of a summary; with a time, one that a person had sent then, although it may be the second.
#[must_use]
pub fn write(summary: &Summary, style: &MailStyle, sent_again: Option<DateTime<Utc>>) -> Mail {
    let mut view = View::new(summary, style, sent_again);
    let (disputes, journal) = (file::of_day(summary, style.csv), file::of_journal(summary));
    for (disputes, journal) in [(&disputes, &journal), (&disputes, &None), (&None, &journal)] {
        view.file = disputes.as_ref().map(|file| file.name.clone());
        view.journal = journal.as_ref().map(|file| file.name.clone());
        let attachments: Vec<_> = [disputes, journal].into_iter().flatten().cloned().collect();
        if !attachments.is_empty() {
            let mail = Mail { attachments, ..without_files(&view, sent_again) };
            if bytes(&mail) <= BYTES_MAX {
                return mail;
            }
        }
    }
    (view.file, view.journal) = (None, None);
    without_files(&view, sent_again)
}

/// About how large it is as JSON.
fn bytes(mail: &Mail) -> usize {
    let files = mail.attachments.iter().map(|file| file.content.len().div_ceil(3).saturating_mul(4));
    let escaped = mail.html.matches(['"', '\\', '\n']).count();
    files.fold(mail.html.len().saturating_add(escaped), usize::saturating_add)
}

fn without_files(view: &View<'_>, sent_again_at: Option<DateTime<Utc>>) -> Mail {
    Mail {
        reference: DayMail { date: view.summary.date, book: view.summary.book.clone() }
            .reference_since(view.summary.from),
        subject: written(&Subject { view }),
        html: written(&Html { view }),
        text: written(&Text { view }),
        attachments: Vec::new(),
        sent_again_at,
    }
}

#[derive(Template)]
#[template(path = "mail/subject.txt")]
struct Subject<'a> {
    view: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "mail/body.html")]
struct Html<'a> {
    view: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "mail/body.txt")]
struct Text<'a> {
    view: &'a View<'a>,
}

/// Writing to memory does not fail; if it ever does, the mail says so rather than say nothing.
fn written(template: &impl Template) -> String {
    template.render().unwrap_or_else(|why| format!("This part of the mail could not be written: {why}"))
}
