//! Law 5: sealed + unsealed = ledger, with days sealed at any moment; and what is composed of the days is proven.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use chargebook_domain::ports::{LedgerError, Summaries};
use chargebook_domain::summary::{DayBooks, compose};
use chargebook_domain::{Currency, Deltas, LedgerAccount};
use chargebook_ledger_postgres::reading::JournalLine;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::date;
use chrono::{Days, NaiveDate};
use sqlx::PgPool;

use crate::case::{AFTER, Case, Happening, cases_with_asides, empty};

/// What days did to the books.
#[derive(Default, PartialEq, Debug)]
struct Sums {
    /// What the resolution rows of the days sum to.
    resolved: BTreeMap<Currency, Deltas>,
    /// What their entries moved.
    moved: BTreeMap<(LedgerAccount, Currency), i64>,
    /// Every row, so that none is there twice.
    rows: BTreeSet<(String, u32, Currency)>,
}

impl Sums {
    fn add(&mut self, books: &DayBooks, number: usize) {
        let summary = compose(books).unwrap();
        assert!(summary.proven(), "case {number}, {}: {:?}", books.date, summary.proof);
        for (currency, deltas) in &summary.totals {
            let sum = self.resolved.entry(*currency).or_default();
            *sum = sum.plus(deltas).unwrap();
        }
        for moved in &books.moves {
            *self.moved.entry((moved.account, moved.currency)).or_default() += moved.debit_minor + moved.credit_minor;
        }
        for row in &books.rows {
            let fresh = self.rows.insert((row.key.to_string(), row.revision, row.currency));
            assert!(fresh, "case {number}, {}: {} is in two days", books.date, row.key);
        }
    }

    /// Adds what is the opening balance, and so in no day.
    async fn add_opening(&mut self, pool: &PgPool, opening: NaiveDate) {
        let all = all(pool, Some(opening)).await;
        for (currency, deltas) in all.resolved {
            let sum = self.resolved.entry(currency).or_default();
            *sum = sum.plus(&deltas).unwrap();
        }
        for (key, minor) in all.moved {
            *self.moved.entry(key).or_default() += minor;
        }
        self.rows.extend(all.rows);
    }

    fn without_zeros(mut self) -> Self {
        self.resolved.retain(|_, sum| !sum.is_zero());
        self.moved.retain(|_, sum| *sum != 0);
        self
    }
}

/// A dispute, a revision, a currency, and the deltas.
type Row = (String, i32, String, Vec<i64>);

/// Deltas in the order of the columns.
pub(crate) fn deltas_of(columns: &[i64]) -> Deltas {
    Deltas {
        recovered: columns[0],
        loss: columns[1],
        fee: columns[2],
        fx: columns[3],
        pending: columns[4],
        suspense: columns[5],
        net: columns[6],
        closed: columns[7],
        won: columns[8],
        lost: columns[9],
    }
}

/// All rows and postings of the ledger, or only those that are sealed in a day.
async fn all(pool: &PgPool, sealed_in: Option<NaiveDate>) -> Sums {
    let mut sums = Sums::default();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT account || '/' || dispute_id, revision, currency,
                ARRAY[recovered_delta_minor, loss_delta_minor, fee_delta_minor, fx_delta_minor, pending_delta_minor,
                      suspense_delta_minor, net_delta_minor, closed_delta, won_delta, lost_delta]
         FROM chargebook.resolutions WHERE $1::date IS NULL OR sealed_in = $1",
    )
    .bind(sealed_in)
    .fetch_all(pool)
    .await
    .unwrap();
    for (key, revision, code, deltas) in rows {
        let deltas = deltas_of(&deltas);
        let currency = Currency::parse(&code).unwrap();
        let sum = sums.resolved.entry(currency).or_default();
        *sum = sum.plus(&deltas).unwrap();
        sums.rows.insert((key, u32::try_from(revision).unwrap(), currency));
    }
    let moved: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT p.ledger_account, p.currency, sum(p.amount_minor)::bigint
         FROM chargebook.postings p JOIN chargebook.journal_entries e USING (account, entry_id)
         WHERE $1::date IS NULL OR e.sealed_in = $1 GROUP BY 1, 2",
    )
    .bind(sealed_in)
    .fetch_all(pool)
    .await
    .unwrap();
    for (account, code, minor) in moved {
        let key = (LedgerAccount::parse(&account).unwrap(), Currency::parse(&code).unwrap());
        *sums.moved.entry(key).or_default() += minor;
    }
    sums
}

/// The books of every sealed day, and of `more` days after them.
async fn days(case: &Case, ledger: &PostgresLedger, more: bool) -> Vec<DayBooks> {
    let first = case.books_start.unwrap_or(date(0));
    let next = case.next_day(ledger).await;
    let sealed = first.iter_days().take_while(|day| *day < next);
    let preview = more.then_some(date(AFTER));
    let mut books = Vec::new();
    for day in sealed.chain(preview) {
        books.push(ledger.books(&case.seal(day), None).await.unwrap());
    }
    books
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_summaries_of_all_sealed_days_and_a_preview_are_the_ledger(pool: PgPool) {
    let mut sealed_days = 0;
    for case in cases_with_asides() {
        let case = Case { books_start: None, ..case };
        let ledger = case.play(&pool).await;
        let mut sums = Sums::default();
        let days = days(&case, &ledger, true).await;
        sealed_days += days.iter().filter(|books| books.sealed).count();
        for books in &days {
            sums.add(books, case.number);
        }
        assert_eq!(sums.without_zeros(), all(&pool, None).await.without_zeros(), "case {}", case.number);
    }
    assert!(sealed_days > 10, "the cases must seal days");
}

/// The entries that an export of all days has.
async fn exported(case: &Case, ledger: &PostgresLedger) -> BTreeSet<String> {
    let (days, start) = (date(-30)..=date(AFTER + 30), (case.books_start, case.rules.time_zone));
    let (mut entries, mut postings) = (BTreeSet::new(), 0);
    let add = |line: JournalLine| -> Result<(), LedgerError> {
        entries.insert(format!("{}/{}", line.account, line.entry_id));
        postings += 1;
        Ok(())
    };
    ledger.journal(&days, start, None, add).await.unwrap();
    assert_eq!(ledger.journal_postings(&days, start, None).await.unwrap(), postings);
    entries
}

/// The entries that are sealed, but in no opening.
async fn sealed_but(pool: &PgPool, opening: Option<NaiveDate>) -> BTreeSet<String> {
    let entries: Vec<String> = sqlx::query_scalar(
        "SELECT account || '/' || entry_id FROM chargebook.journal_entries WHERE sealed_in <> coalesce($1, 'infinity')",
    )
    .bind(opening)
    .fetch_all(pool)
    .await
    .unwrap();
    entries.into_iter().collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_opening_and_the_summaries_of_all_days_are_the_ledger_once_all_is_sealed(pool: PgPool) {
    for case in cases_with_asides() {
        let ledger = case.play(&pool).await;
        let mut next = case.next_day(&ledger).await;
        while next <= date(AFTER) {
            assert!(ledger.seal(&case.seal(next)).await.unwrap());
            next = next + Days::new(1);
        }
        let unsealed: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM chargebook.resolutions WHERE sealed_in IS NULL)
                  + (SELECT count(*) FROM chargebook.journal_entries WHERE sealed_in IS NULL)",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(unsealed, 0, "case {}", case.number);
        let mut sums = Sums::default();
        for books in days(&case, &ledger, false).await {
            sums.add(&books, case.number);
        }
        let opening = case.books_start.and_then(|start| start.pred_opt());
        assert_eq!(exported(&case, &ledger).await, sealed_but(&pool, opening).await, "case {}", case.number);
        if let Some(opening) = opening {
            sums.add_opening(&pool, opening).await;
        }
        assert_eq!(sums.without_zeros(), all(&pool, None).await.without_zeros(), "case {}", case.number);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_day_opens_with_what_the_day_before_closed_with(pool: PgPool) {
    for case in cases_with_asides() {
        let ledger = case.play(&pool).await;
        let mut closing: Option<BTreeMap<(LedgerAccount, Currency), i64>> = None;
        for books in days(&case, &ledger, true).await {
            let mut opening = books.opening.clone();
            opening.retain(|_, minor| *minor != 0);
            if let Some(closing) = &closing {
                assert_eq!(&opening, closing, "case {}, {}", case.number, books.date);
            } else {
                assert!(opening.is_empty() || case.books_start.is_some(), "case {}", case.number);
            }
            for moved in &books.moves {
                *opening.entry((moved.account, moved.currency)).or_default() += moved.debit_minor + moved.credit_minor;
            }
            opening.retain(|_, minor| *minor != 0);
            closing = Some(opening);
        }
    }
}

/// Looks at the day again and again while `play` goes on.
#[sqlx::test(migrator = "MIGRATOR")]
async fn a_preview_is_of_one_moment_while_others_book(pool: PgPool) {
    let mut looks = 0;
    for case in cases_with_asides() {
        let case = Case { books_start: None, happenings: without_seals(&case), ..case };
        empty(&pool).await;
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
        let done = AtomicBool::new(false);
        let play = async {
            case.play_on(&ledger).await;
            done.store(true, Ordering::Relaxed);
        };
        // It ends by itself: a look that was given up would still be reading when the next case empties the tables.
        let look = async {
            while !done.load(Ordering::Relaxed) {
                let books = ledger.books(&case.seal(date(AFTER)), None).await.unwrap();
                let summary = compose(&books).unwrap();
                assert!(summary.proven(), "case {}: {:?}", case.number, summary.proof);
                looks += 1;
            }
        };
        tokio::join!(play, look);
    }
    assert!(looks > 16, "it must look while they book");
}

fn without_seals(case: &Case) -> Vec<Happening> {
    let kept = case.happenings.iter().filter(|happening| !matches!(happening, Happening::SealNextDay));
    kept.cloned().collect()
}
