//! `report disputes`.

use chargebook_domain::summary::Ratio;
use chargebook_domain::{AccountId, Currency};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{GroupBy, ReportFilter, ReportLine};
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Table;

use super::disputes::account;
use super::screen::Screen;
use super::{Done, Failure};
use crate::tables::{Columns, amount, currency};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Closed disputes: how many were won, what came back, what it cost and how long it took
    Disputes(Disputes),
}

#[derive(Args)]
pub(super) struct Disputes {
    /// What they are grouped by, beside the currency in which their money moved
    #[arg(long, value_enum)]
    by: By,
    /// Only those closed on this day or later, in the zone of the books
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Only those closed on this day or before
    #[arg(long)]
    to: Option<NaiveDate>,
    /// Only this book, such as default or acct_...
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The cardholder's reason
    Reason,
    /// The card's brand
    Brand,
    /// The month in which they were closed
    Month,
    /// Nothing else
    Currency,
}

pub(super) async fn run(command: Command, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let Command::Disputes(Disputes { by, from, to, account }) = command;
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(Failure::Usage("--to is before --from".to_owned()));
    }
    let (group, title) = match by {
        By::Reason => (GroupBy::Reason, Some("Reason")),
        By::Brand => (GroupBy::Brand, Some("Brand")),
        By::Month => (GroupBy::Month, Some("Month")),
        By::Currency => (GroupBy::Currency, None),
    };
    let filter = ReportFilter { by: group, zone: screen.zone, from, to, account };
    let lines = ledger.report(&filter).await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No closed disputes.".to_owned();
        }
        let zone = screen.zone;
        format!(
            "{}\nWin rate: won of won and lost; contested: of those for which evidence was submitted; by value: recovered of\n\
             recovered and lost. Others that are closed are in neither. Days: from filing to verdict, the one in the middle.\n\
             Days and months are those of {zone}.",
            table(lines, title)
        )
    })?;
    Ok(Done::Well)
}

fn table(lines: &[ReportLine], title: Option<&'static str>) -> Table {
    let money = |line: &ReportLine, minor| amount(minor, &line.currency);
    let columns = Columns::of(lines);
    let columns = match title {
        Some(title) => columns.left(title, |line| known(&line.group)),
        None => columns,
    };
    columns
        .left("Currency", |line| currency(&line.currency))
        .right("Closed", |line| line.closed.to_string())
        .right("Win rate", |line| rate(line.won, line.lost))
        .right("Contested", |line| rate(line.won_contested, line.lost_contested))
        .right("By value", by_value)
        .right("Recovered", |line| money(line, line.recovered_minor))
        .right("Lost", |line| money(line, line.lost_minor))
        .right("Fees", |line| money(line, line.fee_minor))
        .right("Net", |line| money(line, line.net_minor))
        .right("Days", |line| line.days_to_verdict.map_or_else(|| "-".to_owned(), |days| days.to_string()))
        .table()
}

fn known(group: &str) -> String {
    if group.is_empty() { "not known".to_owned() } else { group.replace('_', " ") }
}

/// Such as `75.0 % (3/4)`, and `n/a (0/0)` where there is nothing to divide.
fn rate(part: i64, other: i64) -> String {
    let ratio = ratio(part, other);
    format!("{} ({}/{})", percent(ratio), ratio.part, ratio.whole)
}

/// The amounts that are divided stand beside it.
fn by_value(line: &ReportLine) -> String {
    let whole = line.recovered_minor.saturating_add(line.lost_minor);
    let of = Currency::parse(&line.currency).map_or_else(|_| whole.to_string(), |_| amount(whole, &line.currency));
    format!("{} (of {of})", percent(ratio(line.recovered_minor, line.lost_minor)))
}

/// None where a side is negative, as when more was taken again than had come back.
fn ratio(part: i64, other: i64) -> Ratio {
    match (u64::try_from(part), u64::try_from(other)) {
        (Ok(part), Ok(other)) => Ratio { part, whole: part.saturating_add(other) },
        _ => Ratio::default(),
    }
}

fn percent(ratio: Ratio) -> String {
    ratio.permille().map_or_else(|| "n/a".to_owned(), |permille| format!("{}.{} %", permille / 10, permille % 10))
}
