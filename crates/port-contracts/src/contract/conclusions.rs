//! The sentences of [`FollowUps`](chargebook_domain::ports::FollowUps) about what is found and what is kept.

use std::collections::BTreeSet;

use chargebook_domain::ports::{Conclusion, Deed, FollowUp, FollowedUp, LoggedRule, Lookup};
use chargebook_domain::rules::{CooldownPer, CustomerSubject, OrderSubject, RuleName, Tag};
use chargebook_domain::{
    BookRules, Bucket, CustomerFigures, CustomerId, CustomerKey, Money, Observation, OrderPayment, Outcome, Score,
    ScoreWeights, Status, decide, score,
};
use chrono::{DateTime, Utc};

use super::follow_ups::{LEASE, claim, claim_one, happen, nothing};
use super::{Books, match_again, record, recorded};
use crate::samples::{
    alias, change_entry, charge, customer_key, day, dispute_key, intent, observation, order, payment, usd, withdrawal,
};

fn rule(name: &str) -> RuleName {
    RuleName::parse(name).unwrap()
}

/// The key by which the ledgers that this suite is run on know customers.
#[must_use]
pub fn key() -> CustomerKey {
    customer_key("follow-ups")
}

fn jo() -> CustomerId {
    key().customer("jo@example.com").unwrap()
}

fn scored() -> Score {
    score(&CustomerFigures { lost: 1, ..CustomerFigures::default() }, &ScoreWeights::default())
}

fn decision(is_blocked: bool) -> Deed {
    Deed::Decide { customer: jo(), is_blocked, rule: rule("a"), reason: "two lost disputes".to_owned() }
}

/// That Jo was scored and blocked and tagged by rule `a`, which fired; `b` did not.
fn acted(follow_up: FollowUp) -> Conclusion {
    let log = |name, fired| LoggedRule { rule: rule(name), fired, why: "because".to_owned() };
    Conclusion {
        follow_up,
        customer: Some(jo()),
        score: Some(scored()),
        rules: vec![log("a", true), log("b", false)],
        deeds: vec![decision(true), Deed::Tag { customer: jo(), tag: Tag::parse("risk").unwrap(), rule: rule("a") }],
    }
}

/// A payment of one of Jo's orders, by a charge.
fn jos(order: &str, by: &str) -> OrderPayment {
    OrderPayment {
        charge: Some(charge(by)),
        customer_email: Some(" Jo@Example.com".to_owned()),
        placed_at: Some(day(-10)),
        ..payment(order)
    }
}

/// Records a status, by the rules by which customers are known.
async fn happen_to_jo(books: &dyn Books, dispute: &str, status: &str, at: DateTime<Utc>) {
    let cause = format!("evt_{dispute}_{}", at.timestamp());
    let mut seen = Observation { key: dispute_key(dispute), ..observation(&cause, status, at) };
    (seen.claims.charge, seen.claims.payment_intent) =
        (Some(charge(&format!("ch_{dispute}"))), Some(intent(&format!("pi_{dispute}"))));
    seen.claims.reason = Some("fraudulent".to_owned());
    seen.movements = vec![withdrawal(&format!("txn_{dispute}"), at, 10_000, 1_500)];
    let stored = books.load(&[Lookup::of(&seen)]).await.unwrap().pop().unwrap();
    let rules = BookRules { customer_key: Some(key()), ..BookRules::default() };
    let change = decide(&seen.key, &stored, &[seen.clone()], rules).unwrap();
    assert_eq!(record(books, change_entry(change, &[&cause]), at).await, recorded(&[false]));
}

/// Jo's first dispute, with its order.
async fn jos_dispute(books: &dyn Books) -> FollowUp {
    books.import(&[jos("#1", "ch_du_1")]).await.unwrap();
    happen_to_jo(books, "du_1", "lost", day(0)).await;
    claim_one(books, day(0)).await
}

async fn subject(books: &dyn Books, follow_up: &FollowUp) -> FollowedUp {
    let found = books.followed_up(std::slice::from_ref(follow_up)).await.unwrap().pop().flatten().unwrap();
    assert_eq!(books.subject_of(&follow_up.key, &follow_up.triggers).await.unwrap().as_ref(), Some(&found));
    found
}

async fn customer(books: &dyn Books, follow_up: &FollowUp) -> CustomerSubject {
    subject(books, follow_up).await.subject.customer.unwrap()
}

/// Rules see the dispute, its one order and whose it is.
pub async fn a_subject_is_the_dispute_its_order_and_its_customer(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    let FollowedUp { subject, fired } = subject(books, &filed).await;
    assert_eq!((&subject.triggers, subject.livemode, subject.ratio), (&filed.triggers, true, None));
    let dispute = subject.dispute.unwrap();
    assert_eq!((&dispute.key, dispute.amount), (&filed.key, Money::new(10_000, usd())));
    assert_eq!((dispute.reason.as_deref(), dispute.card_brand), (Some("fraudulent"), None));
    assert_eq!((dispute.status, dispute.outcome, dispute.bucket), (Status::Lost, Outcome::Lost, Bucket::ConfirmedLoss));
    assert_eq!((dispute.opened_at, dispute.closed_at), (Some(day(0)), Some(day(0))));
    assert_eq!(subject.order, Some(OrderSubject { order_ref: order("#1"), placed_at: Some(day(-10)) }));
    let customer = subject.customer.unwrap();
    assert_eq!((customer.id, customer.score, customer.score_before), (jo(), None, None));
    assert_eq!((customer.tags.len(), customer.blocked, fired.len()), (0, false, 0));
}

/// Where no order is known, or several are, there is nobody; of what was never seen there is nothing.
pub async fn an_orphan_has_no_customer(books: &dyn Books) {
    happen_to_jo(books, "du_1", "lost", day(0)).await;
    let filed = claim_one(books, day(0)).await;
    let FollowedUp { subject, .. } = subject(books, &filed).await;
    assert_eq!((subject.customer, subject.order), (None, None));
    assert_eq!(subject.dispute.map(|dispute| dispute.key), Some(filed.key));
    assert_eq!(books.subject_of(&dispute_key("du_never"), &filed.triggers).await.unwrap(), None);
}

/// A customer's figures are counted from all their disputes and orders.
pub async fn the_figures_of_a_customer_are_counted(books: &dyn Books) {
    let statuses = ["lost", "won", "needs_response", "charge_refunded", "warning_closed", "under_review"];
    let orders = (1..).map(|n| (format!("#{n}"), format!("ch_du_{n}")));
    let mut payments: Vec<_> = orders.take(8).map(|(order, by)| jos(&order, &by)).collect();
    payments[7].customer_email = Some("ana@example.com".to_owned());
    payments.push(OrderPayment { charge: Some(charge("ch_more")), ..payments[0].clone() });
    books.import(&payments).await.unwrap();
    for (n, status) in (1..).zip(statuses) {
        happen_to_jo(books, &format!("du_{n}"), status, day(n)).await;
    }
    happen_to_jo(books, "du_8", "lost", day(8)).await;
    let claims = claim(books, day(9)).await;
    let expected = CustomerFigures {
        orders: 7,
        disputed_orders: 5,
        disputes: 5,
        open: 2,
        won: 1,
        lost: 1,
        other_closed: 1,
        inquiries: 1,
        disputed: vec![Money::new(50_000, usd())],
        first_at: Some(day(0)),
        last_at: Some(day(0)),
    };
    let found = books.followed_up(&claims).await.unwrap();
    let customers: Vec<_> = found.into_iter().map(|found| found.unwrap().subject.customer.unwrap()).collect();
    assert_eq!(customers.len(), 7);
    assert!(customers.iter().take(6).all(|customer| customer.figures == expected), "{customers:?}");
    let ana = &customers[6];
    assert_eq!((ana.figures.orders, ana.figures.lost, ana.figures.disputes), (1, 1, 1));
}

/// A double is not looked at, and counts for nobody.
pub async fn of_a_double_there_is_no_subject(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    books.import(&[jos("#2", "ch_du_2")]).await.unwrap();
    happen_to_jo(books, "du_2", "lost", day(1)).await;
    books.conclude(&[nothing(filed.clone())], day(1)).await.unwrap();
    let double = claim_one(books, day(1)).await;
    assert_eq!(customer(books, &filed).await.figures.lost, 2);
    books.join(&alias(&double.key, &filed.key)).await.unwrap();
    match_again(books, &double.key).await;
    let found = books.followed_up(&[filed.clone(), double.clone()]).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(books.subject_of(&double.key, &double.triggers).await.unwrap(), None);
    assert_eq!(customer(books, &filed).await.figures.lost, 1);
}

/// What a follow-up came to is what the next one finds.
pub async fn what_was_concluded_is_found_by_the_next(books: &dyn Books) {
    let first = jos_dispute(books).await;
    books.conclude(&[acted(first.clone())], day(1)).await.unwrap();
    assert_eq!(claim(books, day(100)).await, []);
    let FollowedUp { subject, fired } = subject(books, &first).await;
    let customer = subject.customer.unwrap();
    assert_eq!((customer.score, customer.score_before), (None, Some(scored().value)));
    assert_eq!((customer.tags, customer.blocked), (BTreeSet::from([Tag::parse("risk").unwrap()]), true));
    let both = [CooldownPer::Customer, CooldownPer::Dispute].map(|per| ((rule("a"), per), day(1)));
    assert_eq!(fired, both.into_iter().collect());

    books.import(&[jos("#2", "ch_du_2")]).await.unwrap();
    happen_to_jo(books, "du_2", "lost", day(2)).await;
    let other = claim_one(books, day(2)).await;
    books.conclude(&[acted(other.clone())], day(2)).await.unwrap();
    let last = books.subject_of(&first.key, &other.triggers).await.unwrap().unwrap().fired;
    assert_eq!(last[&(rule("a"), CooldownPer::Customer)], day(2));
    assert_eq!(last[&(rule("a"), CooldownPer::Dispute)], day(1));
}

/// Of several decisions of one batch the last counts.
pub async fn the_last_decision_counts(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    let deeds = vec![decision(true), decision(false), decision(true), decision(false)];
    books.conclude(&[Conclusion { deeds, ..acted(filed.clone()) }], day(1)).await.unwrap();
    assert!(!customer(books, &filed).await.blocked);
}

/// Concluding again changes nothing, whatever it says.
pub async fn what_was_concluded_stays(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    books.conclude(&[acted(filed.clone())], day(1)).await.unwrap();
    let expected = subject(books, &filed).await;
    let deeds = vec![decision(false)];
    books.conclude(&[Conclusion { deeds, ..acted(filed.clone()) }], day(2)).await.unwrap();
    books.put_off(&filed, "too late", Some(day(2)), day(2)).await.unwrap();
    assert_eq!(subject(books, &filed).await, expected);
    assert_eq!(claim(books, day(100)).await, []);
}

/// A claim that is not the present one keeps nothing, and the others of its batch are kept.
pub async fn a_claim_that_is_not_the_present_one_keeps_nothing(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    let present = claim_one(books, day(0) + LEASE).await;
    happen(books, "du_other", "lost", day(0)).await;
    books.conclude(&[acted(filed.clone())], day(1)).await.unwrap();
    books.put_off(&filed, "too late", None, day(1)).await.unwrap();
    let found = subject(books, &filed).await;
    let customer = found.subject.customer.unwrap();
    assert_eq!((customer.score_before, customer.blocked, found.fired.len()), (None, false, 0));
    let never = FollowUp { key: dispute_key("du_never"), ..present.clone() };
    books.conclude(&[acted(never), acted(present)], day(1)).await.unwrap();
    assert_eq!(claim_one(books, day(100)).await.key, dispute_key("du_other"));
    assert_eq!(self::customer(books, &filed).await.score_before, Some(scored().value));
}

/// All of a batch is kept or nothing, and then it is handed out again.
pub async fn a_batch_that_cannot_be_stored_keeps_nothing(books: &dyn Books) {
    let filed = jos_dispute(books).await;
    let bad = LoggedRule { rule: rule("c"), fired: true, why: "a\0b".to_owned() };
    let mut conclusion = acted(filed.clone());
    conclusion.rules.push(bad);
    assert!(books.conclude(&[conclusion], day(0)).await.is_err());
    assert_eq!(customer(books, &filed).await.score_before, None);
    assert_eq!(claim_one(books, day(1)).await, FollowUp { attempt: 2, ..filed });
}
