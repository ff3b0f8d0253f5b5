//! Law: what is shown of an earlier moment is what was shown at that moment.

use std::collections::BTreeMap;

use chargebook_domain::ports::{LedgerError, Seal, Summaries};
use chargebook_domain::summary::{Attention, DayBooks, Unresolved, compose};
use chargebook_domain::{AccountId, Currency, LedgerAccount};
use chargebook_ledger_postgres::reading::JournalLine;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::{date, day};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use sqlx::PgPool;

use crate::apart::of_two_books;
use crate::carried::{join, move_money_of_account};
use crate::case::{AFTER, Case, Happening, cases_with_asides, empty};

/// What was shown of a day.
struct Shown {
    /// Any moment from that on at which it was shown, before anything else happened.
    moment: DateTime<Utc>,
    date: NaiveDate,
    book: Option<AccountId>,
    books: DayBooks,
}

/// The parts that are shown of an earlier moment; a currency in which nothing is unresolved is not.
fn kept_of_the_past(books: &DayBooks) -> DayBooks {
    if books.sealed {
        return books.clone();
    }
    let mut books = DayBooks { as_of: None, attention: Attention::default(), received: None, ..books.clone() };
    books.rows.iter_mut().for_each(|row| row.order = None);
    books.unresolved.retain(|_, sums| *sums != Unresolved::default());
    books
}

/// What is shown of the first day that is not sealed, the one before, and one after everything: of each book and of all.
async fn look(case: &Case, ledger: &PostgresLedger, moment: DateTime<Utc>) -> Vec<Shown> {
    let next = case.next_day(ledger).await;
    let mut shown = Vec::new();
    for date in [next.pred_opt().unwrap(), next, date(AFTER)] {
        let of_all = ledger.books(&case.seal(date), None).await.unwrap();
        for book in [None].into_iter().chain(of_all.books.iter().cloned().map(Some)) {
            let books = ledger.books(&case.seal(date), book.clone()).await.unwrap();
            let books = ledger.keep(&case.seal(date), books).await.unwrap();
            shown.push(Shown { moment, date, book, books });
        }
    }
    shown
}

/// Books the case, one thing a minute, and answers what was shown between.
async fn play_and_look(case: &mut Case, ledger: &PostgresLedger) -> Vec<Shown> {
    let mut shown = Vec::new();
    let happenings = case.happenings.clone();
    for (step, happening) in (0..).zip(&happenings) {
        case.now = day(AFTER) + Duration::minutes(step);
        case.let_happen(ledger, happening).await;
        move_money_of_account(case, ledger, step).await;
        if step % 3 == 2 {
            join(case, ledger).await;
        }
        if step % 2 == 1 && case.next_day(ledger).await <= date(AFTER) {
            case.let_happen(ledger, &Happening::SealNextDay).await;
        }
        let moment = case.now + Duration::seconds(7 * step % 60);
        shown.extend(look(case, ledger, moment).await);
    }
    case.now += Duration::minutes(1);
    case.sweep(ledger.clone()).await;
    while case.next_day(ledger).await <= date(AFTER) {
        case.let_happen(ledger, &Happening::SealNextDay).await;
    }
    shown
}

type Moved = BTreeMap<(LedgerAccount, Currency), i64>;

fn moved(books: &DayBooks) -> Moved {
    let mut moved = Moved::new();
    for of in &books.moves {
        *moved.entry((of.account, of.currency)).or_default() += of.debit_minor + of.credit_minor;
    }
    moved
}

/// What the entries that are told of a day sum to.
async fn told(ledger: &PostgresLedger, seal: &Seal, books: &DayBooks) -> Moved {
    let mut moved = Moved::new();
    let add = |line: JournalLine| -> Result<(), LedgerError> {
        assert!(books.as_of.is_none() || line.order_ref.is_none(), "{line:?}");
        let account = LedgerAccount::parse(&line.ledger_account).unwrap();
        *moved.entry((account, Currency::parse(&line.currency).unwrap())).or_default() += line.amount_minor;
        Ok(())
    };
    ledger.day_journal(seal, books.book.as_ref(), books.as_of, add).await.unwrap();
    moved
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_day_as_of_a_moment_is_what_was_shown_of_it_at_that_moment(pool: PgPool) {
    let (mut of_the_past, mut with_rows, mut was_sealed) = (0, 0, 0);
    for mut case in cases_with_asides().map(of_two_books) {
        empty(&pool).await;
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
        for Shown { moment, date, book, books } in play_and_look(&mut case, &ledger).await {
            let then = ledger.books_as_of(&case.seal(date), book.clone(), moment).await.unwrap();
            let what = format!("case {}, {date} as of {moment}, {book:?}", case.number);
            assert_eq!(then.as_of, (!books.sealed).then_some(moment), "{what}");
            assert_eq!(kept_of_the_past(&then), kept_of_the_past(&books), "{what}");
            let summary = compose(&then).unwrap();
            assert!(summary.proven(), "{what}: {:?}", summary.proof);
            assert_eq!(told(&ledger, &case.seal(date), &then).await, moved(&then), "{what}");
            let count = if books.sealed { &mut was_sealed } else { &mut of_the_past };
            *count += 1;
            with_rows += usize::from(!books.sealed && !books.rows.is_empty());
        }
    }
    let counts = [of_the_past, with_rows, was_sealed];
    assert!(counts.into_iter().all(|count| count > 100), "{counts:?}");
}
