//! `summary preview`: a day's mail on the screen, in files, or in a browser.

mod as_of;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Clock as _, DayMail, Mail, Seal};
use chargebook_domain::service::{Daily, Schedule};
use chargebook_domain::summary::{Summary, compose};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use serde::Serialize;

use self::as_of::AsOf;
use super::disputes::account;
use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::export::{Entry, ExportError, Files, Layout as _, Lines, day_entries};
use crate::folder::file_name;
use crate::mail::{AccountNames, day_file};
use crate::settings::Settings;
use crate::wiring;

/// What opens a file in the program that is for it: on Linux, and on macOS.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

#[derive(Args)]
pub(super) struct Preview {
    /// The business date [default: today, or the date of --as-of]
    #[arg(long)]
    date: Option<NaiveDate>,
    /// What it would have said at this moment, such as 2026-11-21T02:30:00Z, or "2026-11-21 02:30" in the summary's zone
    #[arg(long, value_name = "TIME")]
    as_of: Option<AsOf>,
    /// Only this book, such as default or acct_... [default: all together]
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// Writes the mail as HTML to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes the day's disputes as CSV to this file: what goes with the mail where it is not too large
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Writes the entries that are sealed in the day to this file, as `export journal` does: what goes with the mail
    /// where `summary.attach_journal` is set and it is not too large
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Opens the mail as HTML in a browser: the file of --out, or one in the folder for temporary files
    #[arg(long)]
    open: bool,
}

/// A mail for programs.
#[derive(Serialize)]
struct Shown {
    reference: String,
    subject: String,
    text: String,
    html: String,
}

impl Preview {
    /// The summary that is shown: as the day was sealed, or as it would be if it were sealed now, or at another moment.
    pub(super) async fn summary(
        &self,
        daily: &Daily,
        ledger: &PostgresLedger,
        schedule: Schedule,
        now: DateTime<Utc>,
    ) -> Result<Summary, Failure> {
        let moment = self.as_of.map(|as_of| as_of.moment(schedule.zone, now)).transpose()?;
        let today = moment.unwrap_or(now).with_timezone(&schedule.zone).date_naive();
        let mail = DayMail { date: self.date.unwrap_or(today), book: self.account.clone() };
        let Some(moment) = moment else { return daily.summary(&mail, now).await.map_err(Failure::failed) };
        let seal = Seal { date: mail.date, zone: schedule.zone, books_start: schedule.books_start, now };
        let books = ledger.books_as_of(&seal, mail.book, moment).await.map_err(Failure::failed)?;
        compose(&books).map_err(Failure::failed)
    }

    pub(super) async fn show(
        &self,
        summary: &Summary,
        ledger: &PostgresLedger,
        settings: &Settings,
        screen: Screen,
    ) -> Result<Done, Failure> {
        if summary.books.is_empty() {
            return Err(Refused::new("there is no such book: no dispute is in it").into());
        }
        let mail = wiring::write_mail(settings)(summary, None);
        if let Some(path) = &self.csv {
            let lines = day_file(summary, settings.csv_separator).map_err(Failure::failed)?;
            std::fs::write(path, lines).map_err(|error| Refused::unwritable(path, error))?;
            say(&format!("The day's disputes are in {}.", path.display()))?;
        }
        if let Some(path) = &self.journal {
            write_journal(path, summary, ledger, settings).await?;
            say(&format!("The day's journal entries are in {}.", path.display()))?;
        }
        if let Some(path) = self.html_file(&mail)? {
            say(&format!("The mail is in {}.", path.display()))?;
            if self.open && !opened(&OPENERS, &path) {
                say(&format!("Open it in a browser: there is neither {}.", OPENERS.join(" nor ")))?;
            }
        }
        if !self.open && self.csv.is_none() && self.journal.is_none() && self.out.is_none() {
            let shown = Shown { reference: mail.reference, subject: mail.subject, text: mail.text, html: mail.html };
            screen.show(&shown, |mail| format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
        }
        Ok(Done::Well)
    }

    /// Writes the mail as HTML, where a file of it is wanted.
    fn html_file(&self, mail: &Mail) -> Result<Option<PathBuf>, Failure> {
        let html = mail.html.as_bytes();
        let (path, written) = match &self.out {
            Some(path) => (path.clone(), std::fs::write(path, html)),
            None if self.open => {
                let path = std::env::temp_dir().join(format!("chargebook-{}.html", file_name(&mail.reference)));
                let written = write_own(&path, html);
                (path, written)
            }
            None => return Ok(None),
        };
        written.map_err(|error| Refused::unwritable(&path, error))?;
        Ok(Some(path))
    }
}

/// Writes the entries of a day, which need not fit into memory.
async fn write_journal(
    path: &Path,
    summary: &Summary,
    ledger: &PostgresLedger,
    settings: &Settings,
) -> Result<(), Failure> {
    let Schedule { zone, books_start, .. } = settings.schedule;
    let seal = Seal { date: summary.date, zone, books_start, now: SystemClock.now() };
    let lines = Lines(AccountNames::new(settings.account_names.clone()));
    let unwritable = |error| Refused::unwritable(path, error);
    let mut files = Files::create(Some(path), lines.head()).map_err(unwritable)?;
    let write = |entry: &Entry| lines.write(entry, &mut files);
    let written = day_entries(ledger, &seal, summary.book.as_ref(), summary.as_of, write).await;
    written.map_err(|error| match error {
        ExportError::Io(error) => unwritable(error).into(),
        other => Failure::failed(other),
    })?;
    files.finish().map_err(unwritable)?;
    Ok(())
}

/// Writes a file that only this user may read, in a folder where others write too: what is there is not written to, as it
/// could be another's, or a link to somewhere else.
fn write_own(path: &Path, content: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)
}

/// Whether one of the openers, the first that there is, was started with the file. It is not waited for: some end with the
/// browser only.
fn opened(openers: &[&str], path: &Path) -> bool {
    openers.iter().any(|opener| {
        let mut command = Command::new(opener);
        command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.process_group(0).spawn().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// A folder of one test, which goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("chargebook-preview-{}-{test}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_mail_among_the_files_of_others_is_this_users_alone_and_goes_through_no_link() {
        let folder = Folder::new("own");
        let (path, elsewhere) = (folder.0.join("mail.html"), folder.0.join("elsewhere"));
        std::fs::write(&elsewhere, "theirs").unwrap();
        symlink(&elsewhere, &path).unwrap();
        for content in ["first", "second"] {
            write_own(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
            let kept = std::fs::symlink_metadata(&path).unwrap();
            assert!(kept.is_file());
            assert_eq!(kept.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "theirs");
    }

    #[test]
    fn the_first_opener_that_there_is_opens_it() {
        let folder = Folder::new("opener");
        let path = folder.0.join("mail.html");
        assert!(opened(&["chargebook-has-no-such-opener", "true"], &path));
        assert!(!opened(&["chargebook-has-no-such-opener"], &path));
        assert!(!opened(&[], &path));
    }
}
