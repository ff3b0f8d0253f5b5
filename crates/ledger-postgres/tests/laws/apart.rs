//! Law: what the mails of the books say adds up to what one mail of all would say.

use chargebook_domain::AccountId;
use chargebook_domain::ports::Summaries;
use chargebook_ledger_postgres::MIGRATOR;
use chargebook_port_contracts::check_day_parts;
use chargebook_port_contracts::samples::date;
use sqlx::PgPool;

use crate::case::{AFTER, Case, cases};

/// The same case with one of its two disputes in a connected account.
pub(crate) fn of_two_books(case: Case) -> Case {
    case.with_each(|seen| {
        if seen.key.dispute.as_str() == "du_2" {
            seen.key.account = AccountId::parse("acct_1").unwrap();
        }
    })
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_days_of_the_books_add_up_to_the_day_of_all(pool: PgPool) {
    let mut of_several = 0;
    for case in cases().map(of_two_books) {
        let ledger = case.play(&pool).await;
        let first = case.books_start.unwrap_or(date(0));
        let next = case.next_day(&ledger).await;
        for day in first.iter_days().take_while(|day| *day < next).chain([date(AFTER)]) {
            let seal = case.seal(day);
            let whole = ledger.books(&seal, None).await.unwrap();
            let mut parts = Vec::new();
            for book in &whole.books {
                parts.push(ledger.books(&seal, Some(book.clone())).await.unwrap());
            }
            of_several += usize::from(parts.iter().filter(|part| !part.rows.is_empty()).count() > 1);
            check_day_parts(&whole, &parts);
        }
    }
    assert!(of_several > 0, "some day has rows of both books");
}
