//! Writes the mail of a business day. Every word that a reader sees stands in `templates/mail`; here are the figures.

mod accounts;
mod amounts;
mod by_book;
mod filters;
mod lines;
mod message;
mod networks;
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
use amounts::Column;
pub use message::of_message;
use view::{Need, View};

/// Writes the mail of a summary; with a time, one that a person had sent then, although it may be the second.
#[must_use]
pub fn write(summary: &Summary, accounts: &AccountNames, sent_again: Option<DateTime<Utc>>) -> Mail {
    let view = View::new(summary, accounts, sent_again);
    Mail {
        reference: DayMail { date: summary.date, book: summary.book.clone() }.reference(),
        subject: written(&Subject { view: &view }),
        html: written(&Html { view: &view }),
        text: written(&Text { view: &view }),
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
