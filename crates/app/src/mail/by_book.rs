//! What the day did to each book, where several are in one mail.

use chargebook_domain::summary::{Summary, Totals};
use chargebook_domain::{AccountId, Currency};

use super::NumberFormat;
use super::amounts::Column;
use super::numbers::Amount;
use super::shown;

/// As many books are shown one by one.
const BOOKS_MAX: usize = 50;

/// The books of a mail that is of several.
#[derive(Default)]
pub(super) struct ByBook {
    pub(super) shown: Vec<BookFigures>,
    /// How many books have figures that are not shown.
    pub(super) more: usize,
    /// How many books have nothing on this day.
    pub(super) quiet: usize,
}

/// One book, with decisions and changes together.
pub(super) struct BookFigures {
    pub(super) account: String,
    pub(super) rows: Vec<BookRow>,
}

/// What the day did to a book in one currency.
pub(super) struct BookRow {
    pub(super) currency: Currency,
    /// In the order of [`Column::COUNTS`].
    pub(super) counts: [i64; 3],
    /// Recovered, lost, fees, net.
    pub(super) amounts: [Amount; 4],
}

impl ByBook {
    /// Nothing where there is one book only: it is what the whole mail is of.
    pub(super) fn of(summary: &Summary, numbers: NumberFormat) -> Self {
        if summary.book.is_some() || summary.books.len() < 2 {
            return Self::default();
        }
        let all = summary.books.iter().map(|(book, totals)| BookFigures::new(book, totals, numbers));
        let mut shown: Vec<_> = all.filter(|book| !book.rows.is_empty()).collect();
        let quiet = summary.books.len().saturating_sub(shown.len());
        let more = shown.len().saturating_sub(BOOKS_MAX);
        shown.truncate(BOOKS_MAX);
        Self { shown, more, quiet }
    }
}

impl BookFigures {
    fn new(book: &AccountId, totals: &Totals, numbers: NumberFormat) -> Self {
        let row = |(currency, deltas): (&Currency, _)| BookRow {
            currency: *currency,
            counts: Column::COUNTS.map(|column| column.of(deltas)),
            amounts: [Column::Recovered, Column::Lost, Column::Fees, Column::Net]
                .map(|column| numbers.amount(column.money(deltas, *currency))),
        };
        let moved = totals.iter().filter(|(_, deltas)| !deltas.is_zero());
        Self { account: shown::identifier(book.as_str()), rows: moved.map(row).collect() }
    }
}
