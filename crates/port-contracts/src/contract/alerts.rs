//! The sentences of [`Alerts`](chargebook_domain::ports::Alerts).

use std::time::Duration;

use chargebook_domain::Observation;
use chargebook_domain::alerts::{AlertBounds, AlertKind, Wrong};
use chargebook_domain::ports::{Content, Entry, OutboxMessage, Seal, SendOutcome, Way};
use chargebook_domain::{Claims, Status};
use chrono_tz::Tz;
use futures_util::future::join_all;

use super::deliveries::{accepted, refused, request_on, sealed_at};
use super::{Books, match_again, observe, record, sealing};
use crate::samples::{cause, date, day, observation, payment, sample_key, withdrawal};

/// Nothing is wrong by these.
fn bounds() -> AlertBounds {
    AlertBounds {
        now: day(5),
        summaries_through: None,
        channels: vec!["outlook".to_owned()],
        zone: Tz::UTC,
        books_start: None,
        silent_since: None,
        quarantined: false,
        won_before: None,
        evidence_until: None,
        filed_before: None,
    }
}

fn message(id: &str) -> OutboxMessage {
    OutboxMessage { id: id.to_owned(), way: Way::Mail, subject: "wrong".to_owned(), body: "It is.".to_owned() }
}

/// What is wrong, by kind and subject.
async fn untold(books: &dyn Books, bounds: &AlertBounds) -> Vec<(AlertKind, String)> {
    let wrong = books.untold(bounds).await.unwrap();
    wrong.iter().map(|wrong| (wrong.kind(), wrong.subject())).collect()
}

/// What was told of is told no more, and its message is owed once.
pub async fn what_is_wrong_is_told_once(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(1))).await;
    let bounds = AlertBounds { filed_before: Some(day(2)), ..bounds() };
    let subject = format!("{}/{}", sample_key().account, sample_key().dispute);
    assert_eq!(untold(books, &bounds).await, [(AlertKind::Orphaned, subject.clone())]);
    let subjects = [subject];
    let told = join_all((0..4).map(|_| async {
        books.tell(AlertKind::Orphaned, &subjects, &message("alert/orphaned/1"), day(5)).await.unwrap()
    }));
    assert_eq!(told.await.into_iter().filter(|told| *told).count(), 1);
    assert_eq!(untold(books, &bounds).await, []);
    let owed = books.claim_messages(day(5), Duration::from_mins(1), 10).await.unwrap();
    assert_eq!(owed.iter().map(|claim| claim.message.id.as_str()).collect::<Vec<_>>(), ["alert/orphaned/1"]);
    let with_another = [subjects[0].clone(), "default/du_9".to_owned()];
    let told = books.tell(AlertKind::Orphaned, &with_another, &message("alert/orphaned/2"), day(5)).await.unwrap();
    assert!(!told, "one of them was told of");
    assert!(books.claim_messages(day(5), Duration::from_mins(1), 10).await.unwrap().is_empty());
    let fresh = ["default/du_9".to_owned()];
    assert!(books.tell(AlertKind::Orphaned, &fresh, &message("alert/orphaned/3"), day(5)).await.unwrap());
}

/// A dispute without an order is told of when it was filed long enough ago, and one with an order never.
pub async fn a_dispute_without_an_order_is_wrong_after_a_while(books: &dyn Books) {
    let seen = observation("evt_1", "needs_response", day(1));
    let claims = Claims { opened_at: Some(day(1)), ..seen.claims.clone() };
    observe(books, &Observation { claims, ..seen }).await;
    let before = |filed_before| AlertBounds { filed_before: Some(filed_before), ..bounds() };
    assert_eq!(untold(books, &before(day(1))).await, []);
    assert_eq!(untold(books, &before(day(2))).await.len(), 1);
    assert_eq!(untold(books, &bounds()).await, [], "nobody asked");
    books.import(&[payment("#1")]).await.unwrap();
    match_again(books, &sample_key()).await;
    assert_eq!(untold(books, &before(day(2))).await, []);
}

/// Evidence is told of while it can still be given.
pub async fn evidence_that_is_due_is_wrong_while_it_can_be_given(books: &dyn Books) {
    let due = Observation {
        claims: Claims { evidence_due_by: Some(day(7)), ..observation("evt_1", "needs_response", day(1)).claims },
        ..observation("evt_1", "needs_response", day(1))
    };
    observe(books, &due).await;
    let until = |days| AlertBounds { evidence_until: Some(day(days)), ..bounds() };
    assert_eq!(untold(books, &until(6)).await, []);
    assert_eq!(untold(books, &until(7)).await.len(), 1);
    assert_eq!(untold(books, &AlertBounds { now: day(8), ..until(9) }).await, [], "it is too late");
    let submitted = Observation {
        claims: Claims { evidence_submitted: Some(true), ..due.claims.clone() },
        ..observation("evt_2", "under_review", day(2))
    };
    observe(books, &submitted).await;
    assert_eq!(untold(books, &until(7)).await, []);
}

/// A won dispute is told of when its money is not back after a while.
pub async fn money_that_was_won_and_is_not_back_is_wrong_after_a_while(books: &dyn Books) {
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    observe(books, &Observation { movements, ..observation("evt_1", "needs_response", day(1)) }).await;
    observe(books, &observation("evt_2", Status::Won.as_str(), day(2))).await;
    let before = |days| AlertBounds { won_before: Some(day(days)), ..bounds() };
    assert_eq!(untold(books, &before(2)).await, []);
    let wrong = books.untold(&before(3)).await.unwrap();
    assert!(matches!(&wrong[..], [Wrong::NotReinstated(alert)] if alert.at == day(2)), "{wrong:?}");
}

/// Every event that is quarantined is told of.
pub async fn what_is_quarantined_is_wrong(books: &dyn Books) {
    let content = Content::Quarantined { reason: "not understood".to_owned() };
    record(books, Entry { causes: vec![cause("evt_q")], content }, day(1)).await;
    let bounds = AlertBounds { quarantined: true, ..bounds() };
    assert_eq!(untold(books, &bounds).await, [(AlertKind::Quarantined, "default/evt_q".to_owned())]);
}

/// A summary is late until it was accepted, on each channel; and so is a day that is not sealed.
pub async fn a_summary_that_was_not_accepted_is_late(books: &dyn Books) {
    let through = |days| AlertBounds { summaries_through: Some(date(days)), ..bounds() };
    assert_eq!(untold(books, &through(9)).await, [], "there are no books yet");
    let now = sealed_at(books).await;
    assert_eq!(untold(books, &through(2)).await, []);
    let late = |subject: String| (AlertKind::SummaryLate, subject);
    let day_3 = format!("summary/{}", date(3));
    assert_eq!(untold(books, &through(3)).await, [late(day_3.clone())]);
    let claim = books.claim(&request_on("outlook", &[3], now)).await.unwrap().unwrap();
    books.settle(&claim, &refused(None), now).await.unwrap();
    assert_eq!(untold(books, &through(3)).await, [late(format!("outlook/{day_3} takes a person"))]);
    let again = chargebook_domain::ports::ClaimRequest { by_person: true, ..request_on("outlook", &[3], now) };
    let claim = books.claim(&again).await.unwrap().unwrap();
    let taken: SendOutcome = accepted();
    books.settle(&claim, &taken, now).await.unwrap();
    assert_eq!(untold(books, &through(3)).await, []);
    assert_eq!(untold(books, &through(4)).await, [late(format!("summary/{}", date(4)))], "it is not sealed");
    assert!(books.seal(&sealing::seal_of(4)).await.unwrap());
    assert_eq!(untold(books, &through(4)).await, [late(format!("summary/{}", date(4)))], "it is not sent");
}

/// Where sealing fails from the first day on, somebody is told of each day once: from the first day of the books, where that is
/// set, and else from that on which anything was first recorded.
pub async fn a_day_is_late_although_none_was_ever_sealed(books: &dyn Books) {
    let through = |days| AlertBounds { summaries_through: Some(date(days)), ..bounds() };
    let since = |start, days| AlertBounds { books_start: Some(date(start)), ..through(days) };
    let late = |days: &[i64]| -> Vec<_> {
        days.iter().map(|days| (AlertKind::SummaryLate, format!("summary/{}", date(*days)))).collect()
    };
    assert_eq!(untold(books, &through(9)).await, [], "there are no books yet");
    assert_eq!(untold(books, &since(2, 3)).await, [], "nor is there anything in them");

    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    observe(books, &Observation { movements, ..observation("evt_1", "needs_response", day(3)) }).await;
    assert_eq!(untold(books, &through(2)).await, []);
    assert_eq!(untold(books, &through(4)).await, late(&[3, 4]));
    assert_eq!(untold(books, &since(5, 4)).await, [], "the books begin later");
    assert_eq!(untold(books, &since(1, 4)).await, late(&[3, 4]), "they were empty before");
    let in_the_east = |days| AlertBounds { zone: Tz::Pacific__Kiritimati, ..through(days) };
    assert_eq!(untold(books, &in_the_east(3)).await, []);
    assert_eq!(untold(books, &in_the_east(4)).await, late(&[4]), "it was the next day there");

    let (_, subjects): (Vec<_>, Vec<_>) = late(&[3, 4]).into_iter().unzip();
    assert!(books.tell(AlertKind::SummaryLate, &subjects, &message("alert/summary_late/1"), day(5)).await.unwrap());
    assert_eq!(untold(books, &through(4)).await, []);
    assert_eq!(untold(books, &through(5)).await, late(&[5]), "each day is told once");
    assert!(books.seal(&sealing::seal_of(3)).await.unwrap());
    assert_eq!(untold(books, &through(4)).await, [], "that it is sealed at last is no other thing");
}

/// Somebody is told of thirty days and the last, whether they are sealed or not.
pub async fn nobody_is_told_of_a_summary_that_was_due_long_ago(books: &dyn Books) {
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    observe(books, &Observation { movements, ..observation("evt_1", "needs_response", day(1)) }).await;
    let through = |days| AlertBounds { summaries_through: Some(date(days)), books_start: Some(date(1)), ..bounds() };
    assert_eq!(untold(books, &through(31)).await.len(), 31);
    assert_eq!(untold(books, &through(100)).await.len(), 31);
    assert!(books.seal(&Seal { books_start: Some(date(1)), ..sealing::seal_of(1) }).await.unwrap());
    assert_eq!(untold(books, &through(31)).await.len(), 31);
    assert_eq!(untold(books, &through(32)).await.len(), 31);
}
