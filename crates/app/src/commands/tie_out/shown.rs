//! How a comparison is shown: the days, then what differs, movement by movement.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chargebook_domain::service::Found;
use chargebook_domain::{Currency, Difference, Movement, MovementId, Sums, Tied};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use comfy_table::Table;
use serde_json::{Value, json};

use super::Compared;
use crate::tables::{Columns, amount, counted, currency, len, maybe, word};

/// All books, as they are after all.
pub(super) struct Shown {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    /// Where the other side's movements were found: `at Stripe`, or `in the report`.
    pub(super) there: &'static str,
    pub(super) compared: Vec<Compared>,
}

impl Shown {
    pub(super) fn differences(&self) -> u64 {
        self.compared.iter().map(|compared| len(&compared.tied.differences)).sum()
    }

    /// For people; the last line says whether everything agrees.
    pub(super) fn told(&self) -> String {
        let mut text = String::new();
        // Writing to a String can't fail.
        for Compared { book, tied, repaired, found } in &self.compared {
            if self.compared.len() > 1 {
                let _ = writeln!(text, "The book {book}");
            }
            if tied.days.is_empty() {
                text.push_str("No disputed money moved.\n");
            } else {
                let _ = writeln!(text, "{}", days(tied));
            }
            if !tied.differences.is_empty() {
                let _ = writeln!(text, "\nWhat differs\n{}", differences(&tied.differences, self.there));
            }
            if !repaired.is_empty() {
                let ids: Vec<_> = repaired.iter().map(MovementId::as_str).collect();
                let what = counted(
                    len(repaired),
                    "movement was missing, and is booked",
                    "movements were missing, and are booked",
                );
                let _ = writeln!(text, "repaired: {what}: {}", ids.join(", "));
            }
            if let Some(found) = found {
                let _ = writeln!(text, "{}", booked(*found));
            }
        }
        text + &self.last_line()
    }

    fn last_line(&self) -> String {
        match self.differences() {
            0 => {
                let days = self.to.signed_duration_since(self.from).num_days().saturating_add(1).unsigned_abs();
                let movements = self.compared.iter().flat_map(|compared| &compared.tied.days);
                let movements = movements.fold(0_u64, |sum, day| sum.saturating_add(day.theirs.count));
                let (days, movements) = (counted(days, "day", "days"), counted(movements, "movement", "movements"));
                format!("tieout: {days}, {movements}, everything agrees")
            }
            differences => format!("tieout: {}", counted(differences, "difference", "differences")),
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let books: Vec<_> = self.compared.iter().map(book_json).collect();
        json!({ "from": self.from, "to": self.to, "differences": self.differences(), "books": books })
    }
}

fn booked(Found { new, quarantined }: Found) -> String {
    let booked = counted(new, "movement was booked", "movements were booked");
    let kept = counted(quarantined, "is quarantined", "are quarantined");
    match quarantined {
        0 => format!("repair: {booked} in all"),
        _ => format!("repair: {booked} in all, and {kept}: see `chargebook events list --quarantined`"),
    }
}

/// A day of a book on one side; on both, where they agree.
struct Line {
    day: String,
    currency: Currency,
    side: &'static str,
    sums: Sums,
    mark: &'static str,
}

fn days(tied: &Tied) -> Table {
    let odd = odd_days(&tied.differences);
    let mut lines = Vec::new();
    for day in &tied.days {
        let line = |side, sums, mark| Line { day: day.day.to_string(), currency: day.currency, side, sums, mark };
        // Differences may cancel out in the sums.
        if odd.contains(&(day.day, day.currency)) || day.ours != day.theirs {
            lines.push(line("Stripe", day.theirs, "differs"));
            lines.push(line("ledger", day.ours, "differs"));
        } else {
            lines.push(line("both", day.ours, ""));
        }
    }
    let money = |line: &Line, minor| amount(minor, line.currency.code());
    Columns::of(&lines)
        .left("Day (UTC)", |line| line.day.clone())
        .left("Currency", |line| currency(line.currency.code()))
        .left("Side", |line| line.side)
        .right("Count", |line| line.sums.count.to_string())
        .right("Amount", |line| money(line, line.sums.amount))
        .right("Fee", |line| money(line, line.sums.fee))
        .right("Net", |line| money(line, line.sums.net))
        .left("", |line| word(line.mark))
        .table()
}

/// The days and currencies of all that differs, on either side.
fn odd_days(differences: &[Difference]) -> BTreeSet<(NaiveDate, Currency)> {
    let day = |movement: &Movement| (movement.occurred_at.date_naive(), movement.currency);
    let both = |difference: &Difference| match difference {
        Difference::MissingHere(movement) | Difference::MissingThere(movement) => [day(movement), day(movement)],
        Difference::Differs { ours, theirs } => [day(ours), day(theirs)],
    };
    differences.iter().flat_map(both).collect()
}

fn differences(differences: &[Difference], there: &str) -> Table {
    let money = |difference: &Difference, of: fn(&Movement) -> i64| {
        let movement = difference.movement();
        amount(of(movement), movement.currency.code())
    };
    Columns::of(differences)
        .left("At (UTC)", |difference| time(difference.movement().occurred_at))
        .left("Movement", |difference| difference.movement().id.as_str().to_owned())
        .left("Of", |difference| maybe(source(difference)).to_owned())
        .left("Currency", |difference| currency(difference.movement().currency.code()))
        .right("Amount", |difference| money(difference, |movement| movement.amount_minor))
        .right("Fee", |difference| money(difference, |movement| movement.fee_minor))
        .right("Net", |difference| money(difference, |movement| movement.net_minor))
        .left("How", |difference| how(difference, there))
        .table()
}

/// What the movement came from, as either side says it: its dispute, or a charge on old ones.
fn source(difference: &Difference) -> Option<&str> {
    match difference {
        Difference::MissingHere(movement) | Difference::MissingThere(movement) => movement.source.as_deref(),
        Difference::Differs { ours, theirs } => ours.source.as_deref().or(theirs.source.as_deref()),
    }
}

fn how(difference: &Difference, there: &str) -> String {
    match difference {
        Difference::MissingHere(_) => "missing in the ledger".to_owned(),
        Difference::MissingThere(_) => format!("missing {there}"),
        Difference::Differs { ours, theirs } => {
            let money = |movement: &Movement, minor| amount(minor, movement.currency.code());
            let both = |of: &dyn Fn(&Movement) -> String| (of(ours), of(theirs));
            let values = [
                ("amount", both(&|movement| money(movement, movement.amount_minor))),
                ("fee", both(&|movement| money(movement, movement.fee_minor))),
                ("net", both(&|movement| money(movement, movement.net_minor))),
                ("currency", both(&|movement| currency(movement.currency.code()))),
                ("category", both(&|movement| movement.category.as_str().to_owned())),
                ("time", both(&|movement| time(movement.occurred_at))),
            ];
            let different = values.into_iter().filter(|(_, (ours, theirs))| ours != theirs);
            let told =
                different.map(|(name, (ours, theirs))| format!("{name}: {ours} in the ledger, {theirs} {there}"));
            told.collect::<Vec<_>>().join("; ")
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn book_json(Compared { book, tied, repaired, found }: &Compared) -> Value {
    let sums = |Sums { count, amount, fee, net }: Sums| json!({ "count": count, "amount_minor": amount, "fee_minor": fee, "net_minor": net });
    let odd = odd_days(&tied.differences);
    let days = tied.days.iter().map(|day| {
        let agrees = day.ours == day.theirs && !odd.contains(&(day.day, day.currency));
        json!({
            "day": day.day,
            "currency": day.currency.code(),
            "stripe": sums(day.theirs),
            "ledger": sums(day.ours),
            "agrees": agrees,
        })
    });
    let differences = tied.differences.iter().map(|difference| {
        let (kind, ours, theirs) = match difference {
            Difference::MissingHere(movement) => ("missing_in_ledger", None, Some(movement)),
            Difference::MissingThere(movement) => ("missing_at_stripe", Some(movement), None),
            Difference::Differs { ours, theirs } => ("differs", Some(ours), Some(theirs)),
        };
        json!({
            "kind": kind,
            "movement_id": difference.movement().id.as_str(),
            "source": source(difference),
            "stripe": theirs.map(|movement| movement_json(movement)),
            "ledger": ours.map(|movement| movement_json(movement)),
        })
    });
    json!({
        "account": book.as_str(),
        "days": days.collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
        "repaired": repaired.iter().map(MovementId::as_str).collect::<Vec<_>>(),
        "found": found.map(|Found { new, quarantined }| json!({ "new": new, "quarantined": quarantined })),
    })
}

fn movement_json(movement: &Movement) -> Value {
    json!({
        "occurred_at": movement.occurred_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "category": movement.category.as_str(),
        "currency": movement.currency.code(),
        "amount_minor": movement.amount_minor,
        "fee_minor": movement.fee_minor,
        "net_minor": movement.net_minor,
    })
}

#[cfg(test)]
mod tests;
