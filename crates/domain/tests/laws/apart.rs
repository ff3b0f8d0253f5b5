//! Law: what the mails of the books say adds up to what one mail of all would say.

use chargebook_domain::ports::{Seal, Summaries};
use chargebook_domain::{AccountId, BookRules};
use chargebook_port_contracts::check_day_parts;
use chargebook_port_contracts::samples::day;
use chrono_tz::Tz;
use proptest::prelude::*;

use crate::sealing::{Course, Ended, courses, run};
use crate::{any_rules, cases, now};

/// A course whose disputes are of three books, one of them the own.
fn courses_of_books() -> impl Strategy<Value = Course> {
    courses().prop_map(|mut course| {
        for seen in &mut course.arrivals {
            let account = match seen.key.dispute.as_str() {
                "du_1" => "default",
                "du_2" => "acct_1",
                _ => "acct_2",
            };
            seen.key.account = AccountId::parse(account).unwrap();
        }
        course
    })
}

async fn check(course: &Course, rules: BookRules) {
    let Ended { days, preview, ledger } = run(course, rules).await;
    for known in days.iter().chain([&preview]) {
        let seal = Seal { date: known.date, zone: Tz::UTC, books_start: course.books_start, now: day(9) };
        let whole = ledger.books(&seal, None).await.unwrap();
        let mut parts = Vec::new();
        for book in &whole.books {
            parts.push(ledger.books(&seal, Some(book.clone())).await.unwrap());
        }
        check_day_parts(&whole, &parts);
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_days_of_the_books_add_up_to_the_day_of_all(course in courses_of_books(), rules in any_rules()) {
        now(check(&course, rules));
    }
}
