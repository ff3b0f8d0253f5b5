//! What is kept of each attempt to send a day's mail.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{ClaimRequest, DayMail, Mails, Seal, SendOutcome, Summaries};
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::{date, day};
use chrono::TimeDelta;
use chrono_tz::Tz;
use sqlx::PgPool;

const CHANNEL: &str = "outlook";

fn request(mail: DayMail, by_person: bool) -> ClaimRequest {
    let reference = mail.reference();
    let (mails, channel, lease) = (vec![mail], CHANNEL.to_owned(), Duration::from_mins(1));
    ClaimRequest { mails, channel, reference, place: None, now: day(2), lease, by_person }
}

async fn sealed(pool: &PgPool) -> PostgresLedger {
    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    assert!(ledger.seal(&Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) }).await.unwrap());
    ledger
}

/// The attempts as (account, attempt, by a person, outcome, reason or receipt).
async fn kept(ledger: &PostgresLedger) -> Vec<(Option<String>, i32, bool, Option<String>, Option<String>)> {
    let attempts = ledger.summary_attempts(date(1)).await.unwrap();
    assert!(attempts.iter().all(|attempt| attempt.channel == CHANNEL && attempt.business_date == date(1)));
    assert!(attempts.iter().all(|attempt| attempt.ended_at.is_some() == attempt.outcome.is_some()));
    let told = attempts.into_iter();
    told.map(|kept| (kept.account, kept.attempt, kept.by_person, kept.outcome, kept.reason.or(kept.receipt))).collect()
}

fn attempt(
    number: i32,
    by_person: bool,
    ended: Option<(&str, &str)>,
) -> (Option<String>, i32, bool, Option<String>, Option<String>) {
    let ended = ended.map(|(outcome, note)| (outcome.to_owned(), note.to_owned()));
    let (outcome, note) = ended.unzip();
    (None, number, by_person, outcome, note)
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_attempt_is_kept_before_it_is_made_and_ends_as_it_ended(pool: PgPool) {
    let ledger = sealed(&pool).await;
    let mail = DayMail::together(date(1));
    let first = ledger.claim(&request(mail.clone(), false)).await.unwrap().unwrap();
    assert_eq!(kept(&ledger).await, [attempt(1, false, None)]);
    let named = &ledger.summary_attempts(date(1)).await.unwrap()[0].request_id;
    assert_eq!(*named, first.request_id().to_string());

    let refused = SendOutcome::Refused { reason: "too busy".to_owned(), retry_after: Some(Duration::ZERO) };
    ledger.settle(&first, &refused, day(2)).await.unwrap();
    let second = ledger.claim(&request(mail.clone(), false)).await.unwrap().unwrap();
    let accepted = SendOutcome::Accepted { receipt: Some("req-1".to_owned()) };
    ledger.settle(&second, &accepted, day(2)).await.unwrap();
    let at_once = ClaimRequest { lease: Duration::ZERO, ..request(mail, true) };
    ledger.claim(&at_once).await.unwrap().unwrap();
    let ended = [attempt(1, false, Some(("refused", "too busy"))), attempt(2, false, Some(("accepted", "req-1")))];
    assert_eq!(kept(&ledger).await, [&ended[..], &[attempt(3, true, None)]].concat());

    // The process died: whoever asks next ends what it began.
    ledger.undelivered(&[CHANNEL.to_owned()], Mails::Together, day(2)).await.unwrap();
    let died = "The process that was sending it ended before it knew how that went.";
    assert_eq!(kept(&ledger).await, [&ended[..], &[attempt(3, true, Some(("unknown", died)))]].concat());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_a_server_of_an_earlier_version_ended_is_ended_here_too(pool: PgPool) {
    let ledger = sealed(&pool).await;
    let mail = DayMail::together(date(1));
    ledger.claim(&request(mail.clone(), false)).await.unwrap().unwrap();
    sqlx::raw_sql(
        "UPDATE chargebook.summary_deliveries SET state = 'unknown', claimed_until = NULL, reason = 'it died'",
    )
    .execute(&pool)
    .await
    .unwrap();
    ledger.claim(&request(mail, true)).await.unwrap().unwrap();
    assert_eq!(kept(&ledger).await, [attempt(1, false, Some(("unknown", "it died"))), attempt(2, true, None)]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_attempts_of_a_book_s_own_mail_name_it(pool: PgPool) {
    let ledger = sealed(&pool).await;
    let own = DayMail::of(date(1), AccountId::own());
    ledger.claim(&request(own, false)).await.unwrap().unwrap();
    assert_eq!(kept(&ledger).await, [(Some("default".to_owned()), 1, false, None, None)]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_lease_runs_by_the_clock_of_the_database_whatever_those_of_the_processes_say(pool: PgPool) {
    let ledger = sealed(&pool).await;
    let slow = ClaimRequest { now: day(2) - TimeDelta::hours(3), ..request(DayMail::together(date(1)), false) };
    let claim = ledger.claim(&slow).await.unwrap().unwrap();
    let channels = [CHANNEL.to_owned()];
    assert_eq!(ledger.undelivered(&channels, Mails::Together, day(2) + TimeDelta::hours(3)).await.unwrap(), []);
    assert_eq!(kept(&ledger).await, [attempt(1, false, None)], "nobody has ended it");
    ledger.settle(&claim, &SendOutcome::Accepted { receipt: Some("req-1".to_owned()) }, day(2)).await.unwrap();
    assert_eq!(kept(&ledger).await, [attempt(1, false, Some(("accepted", "req-1")))]);
}
