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
use chargebook_domain::ports::Mail;
use chargebook_domain::summary::Summary;
use chargebook_domain::{Outcome, ResolutionKind};

pub use accounts::AccountNames;
use amounts::Column;
pub use message::of_message;
use view::{Need, View};

/// Writes the mail of a summary.
#[must_use]
pub fn write(summary: &Summary, accounts: &AccountNames) -> Mail {
    let view = View::new(summary, accounts);
    Mail {
        reference: reference(summary),
        subject: written(&Subject { view: &view }),
        html: written(&Html { view: &view }),
        text: written(&Text { view: &view }),
    }
}

/// The name of a summary's mail for ever.
fn reference(summary: &Summary) -> String {
    let of_book = summary.book.as_ref().map_or_else(String::new, |book| format!("/{book}"));
    format!("summary/{}{of_book}", summary.date)
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
