//! The networks' programmes and their thresholds, as they were and are.

use super::{Month, Network, Region};
use crate::{Currency, Money};

/// The programmes that come with Chargebook, for [`Programmes::parse`]. The file's head explains its columns.
pub const NETWORK_PROGRAMMES: &str = include_str!("../../data/network_programmes.txt");

/// What a programme counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Counted {
    /// Disputes that were filed in the month.
    Disputes,
    /// These and early fraud warnings; a payment with both counts twice.
    DisputesAndFraudWarnings,
}

/// Which month's payments a programme divides by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PaymentsOf {
    /// The same month's.
    SameMonth,
    /// Those of the month before.
    MonthBefore,
}

/// One programme with the numbers of a stretch of time: one row of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Programme {
    /// As people call it, such as `VAMP`.
    pub name: String,
    /// Whose it is.
    pub network: Network,
    /// Where it is valid.
    pub regions: Vec<Region>,
    /// The first month in which the row is valid; `None` when none is known.
    pub from: Option<Month>,
    /// The last one; `None` while the row is valid.
    pub to: Option<Month>,
    /// What is counted.
    pub counted: Counted,
    /// What it is divided by.
    pub payments_of: PaymentsOf,
    /// The ratio from which a merchant is identified, in basis points; above zero.
    pub threshold_bps: u64,
    /// A merchant with fewer disputes (and warnings) in the month is not identified.
    pub count_floor: u64,
    /// Nor one whose disputes are for less than this.
    pub amount_floor: Option<Money>,
    /// Public pages that say so.
    pub source: String,
}

impl Programme {
    /// Whether the row is valid in a month and a region.
    #[must_use]
    pub fn is_valid(&self, month: Month, region: Region) -> bool {
        let started = self.from.is_none_or(|from| from <= month);
        let goes_on = self.to.is_none_or(|to| month <= to);
        started && goes_on && self.regions.contains(&region)
    }

    /// The month whose payments are divided by.
    #[must_use]
    pub fn month_of_payments(&self, month: Month) -> Month {
        match self.payments_of {
            PaymentsOf::SameMonth => month,
            PaymentsOf::MonthBefore => month.before(),
        }
    }

    fn contradicts(&self, other: &Self) -> bool {
        let starts_in_time = |one: &Self, two: &Self| match (one.from, two.to) {
            (Some(from), Some(to)) => from <= to,
            _ => true,
        };
        let same = self.network == other.network && self.name == other.name;
        let meet = starts_in_time(self, other) && starts_in_time(other, self);
        same && meet && self.regions.iter().any(|region| other.regions.contains(region))
    }
}

/// All rows of a file of programmes. No two of one programme are valid in the same month and region.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Programmes(Vec<Programme>);

/// A line of a file of programmes can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ProgrammesError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Programmes {
    /// Reads a file like [`NETWORK_PROGRAMMES`]: a row a line, its columns parted by `|`. Empty lines and those that begin
    /// with `#` are for people.
    ///
    /// # Errors
    /// [`ProgrammesError`] for the first line that is not understood in full, or contradicts a line before it.
    pub fn parse(text: &str) -> Result<Self, ProgrammesError> {
        let mut rows: Vec<Programme> = Vec::new();
        for (line, row) in (1..).zip(text.lines()) {
            if row.trim().is_empty() || row.starts_with('#') {
                continue;
            }
            let row = programme(row).map_err(|what| ProgrammesError { line, what })?;
            if rows.iter().any(|before| before.contradicts(&row)) {
                let what = "a row before is valid in the same month and region for this programme: end that one first";
                return Err(ProgrammesError { line, what });
            }
            rows.push(row);
        }
        // The order of the file means nothing.
        rows.sort_by(|a, b| (a.network, &a.name, a.from).cmp(&(b.network, &b.name, b.from)));
        Ok(Self(rows))
    }

    /// Every row, by network, name and time.
    pub fn rows(&self) -> impl Iterator<Item = &Programme> {
        self.0.iter()
    }

    /// The rows that are valid in a month and a region: one a programme.
    pub fn valid(&self, month: Month, region: Region) -> impl Iterator<Item = &Programme> {
        self.rows().filter(move |row| row.is_valid(month, region))
    }
}

fn programme(row: &str) -> Result<Programme, &'static str> {
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let [name, network, regions, from, to, counted, payments_of, threshold, count, amount, source] = cells[..] else {
        return Err("a row has eleven columns, parted by |");
    };
    if name.is_empty() || source.is_empty() {
        return Err("a programme has a name and a source");
    }
    let (from, to) = (month(from)?, month(to)?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err("the last month is before the first");
    }
    Ok(Programme {
        name: name.to_owned(),
        network: Network::parse(network).ok_or("the network is visa, mastercard, amex, discover or other")?,
        regions: regions_of(regions)?,
        from,
        to,
        counted: match counted {
            "disputes" => Counted::Disputes,
            "disputes+fraud_warnings" => Counted::DisputesAndFraudWarnings,
            _ => return Err("what is counted is disputes or disputes+fraud_warnings"),
        },
        payments_of: match payments_of {
            "month" => PaymentsOf::SameMonth,
            "month_before" => PaymentsOf::MonthBefore,
            _ => return Err("the payments are those of the month or the month_before"),
        },
        threshold_bps: number(threshold)
            .filter(|bps| (1..=10_000).contains(bps))
            .ok_or("a threshold has 1 to 10000 basis points")?,
        count_floor: number(count).ok_or("the count floor is a whole number, 0 for none")?,
        amount_floor: amount_floor(amount)?,
        source: source.to_owned(),
    })
}

fn regions_of(words: &str) -> Result<Vec<Region>, &'static str> {
    if words == "all" {
        return Ok(Region::ALL.to_vec());
    }
    let regions: Option<Vec<_>> = words.split_whitespace().map(Region::parse).collect();
    regions.filter(|regions| !regions.is_empty()).ok_or("regions are all, or some of us ca eu ap lac cemea")
}

fn month(text: &str) -> Result<Option<Month>, &'static str> {
    if text == "-" {
        return Ok(None);
    }
    Month::parse(text).map(Some).ok_or("a month is written 2026-04, or - for none")
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn amount_floor(text: &str) -> Result<Option<Money>, &'static str> {
    if text == "-" {
        return Ok(None);
    }
    let money = text.split_once(' ').and_then(|(amount, code)| {
        let money = Money::from_major(amount, Currency::parse(code).ok()?).ok()?;
        (money.minor() > 0).then_some(money)
    });
    money.map(Some).ok_or("the amount floor is written 75000.00 usd, or - for none")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "VAMP | visa | us ca | 2026-04 | 2026-06 | disputes | month | 150 | 1500 | 75000.00 usd | a page";

    fn what(text: &str) -> &'static str {
        Programmes::parse(text).unwrap_err().what
    }

    #[test]
    fn a_row_is_read_in_full() {
        let programmes = Programmes::parse(&format!("# for people\n\n{ROW}\n")).unwrap();
        let [row] = &programmes.0[..] else { panic!("one row") };
        assert_eq!((row.name.as_str(), row.network, row.source.as_str()), ("VAMP", Network::Visa, "a page"));
        assert_eq!(row.regions, [Region::UnitedStates, Region::Canada]);
        assert_eq!((row.counted, row.payments_of), (Counted::Disputes, PaymentsOf::SameMonth));
        assert_eq!((row.threshold_bps, row.count_floor), (150, 1_500));
        assert_eq!(row.amount_floor, Some(Money::new(7_500_000, Currency::parse("usd").unwrap())));
        let valid = |text: &str, region| row.is_valid(Month::parse(text).unwrap(), region);
        assert!(valid("2026-04", Region::Canada) && valid("2026-06", Region::UnitedStates));
        assert!(!valid("2026-03", Region::Canada) && !valid("2026-07", Region::Canada));
        assert!(!valid("2026-05", Region::Cemea));
    }

    #[test]
    fn each_cell_is_checked() {
        for (cell, bad) in [
            ("VAMP", ""),
            ("a page", ""),
            ("visa", "Visa"),
            ("us ca", ""),
            ("us ca", "us mars"),
            ("2026-04", "2026-4"),
            ("2026-06", "2026-03"),
            ("disputes", "chargebacks"),
            ("month", "year"),
            ("150", "0"),
            ("150", "10001"),
            ("150", "1.5"),
            ("1500", "+1500"),
            ("1500", ""),
            ("75000.00 usd", "75000.00"),
            ("75000.00 usd", "75000.001 usd"),
            ("75000.00 usd", "0 usd"),
            ("| a page", ""),
            ("a page", "a page | more"),
        ] {
            // Each cell is found between its bars, so that `150` is not found in `1500`.
            let text = format!(" {ROW} ").replacen(&format!(" {cell} "), &format!(" {bad} "), 1);
            assert_ne!(text.trim(), ROW, "{cell}");
            let found = Programmes::parse(&format!("#\n{}", text.trim_end()));
            assert_eq!(found.map_err(|error| error.line), Err(2), "{cell:?} as {bad:?}");
        }
    }

    #[test]
    fn two_rows_of_one_programme_are_never_valid_at_once() {
        let other = |from: &str, to: &str| ROW.replacen("2026-04", from, 1).replacen("2026-06", to, 1);
        for (from, to) in [("2026-06", "-"), ("-", "2026-04"), ("-", "-"), ("2026-05", "2026-05")] {
            let text = format!("{ROW}\n{}", other(from, to));
            assert!(what(&text).starts_with("a row before is valid"), "{from} to {to}");
        }
        for row in
            [other("2026-07", "-"), other("-", "2026-03"), ROW.replace("us ca", "cemea"), ROW.replace("VAMP", "X")]
        {
            assert!(Programmes::parse(&format!("{ROW}\n{row}")).is_ok(), "{row}");
        }
    }
}
