//! The sentences of [`Monitoring`](chargebook_domain::ports::Monitoring).

use std::collections::BTreeMap;
use std::time::Duration;

use chargebook_domain::monitor::{AlertKey, Level, Month, MonthCounts, Network, Ratio, Tally, TypedCount};
use chargebook_domain::ports::{Alias, Content, Entry, Joined, LoggedRule, OutboxMessage, Way};
use chargebook_domain::rules::RuleName;
use chargebook_domain::{Claims, FraudWarning, Money, Observation, OrderPayment, WarningId};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::{Books, match_again, observe, record};
use crate::samples::{cause, charge, claims, currency, day, dispute_key, intent, observation, payment};

const RACERS: usize = 8;

/// What was counted from noon of one day up to noon of another.
async fn tally(books: &dyn Books, from: i64, until: i64) -> Tally {
    let mut tallies = books.tally(&[day(from), day(until)]).await.unwrap();
    assert_eq!(tallies.len(), 1);
    tallies.remove(0)
}

fn branded(brand: &str, minor: i64, opened_at: DateTime<Utc>) -> Claims {
    Claims {
        card_brand: Some(brand.to_owned()),
        disputed: Money::new(minor, currency("usd")),
        opened_at: Some(opened_at),
        ..claims()
    }
}

/// An event about a dispute of a brand, which was filed then.
fn filed(id: &str, brand: &str, status: &str, at: DateTime<Utc>) -> Observation {
    let sample = observation(&format!("evt_{id}_{status}"), status, at);
    Observation { key: dispute_key(id), claims: branded(brand, 1_000, at), ..sample }
}

fn networks<const N: usize>(of: [(Network, MonthCounts); N]) -> BTreeMap<Network, MonthCounts> {
    of.into_iter().collect()
}

async fn warn(books: &dyn Books, warning: FraudWarning) {
    let content = Content::FraudWarning(Box::new(warning.clone()));
    record(books, Entry { causes: vec![cause(&format!("evt_{}", warning.id.as_str()))], content }, day(60)).await;
}

fn warning(id: &str) -> FraudWarning {
    FraudWarning {
        id: WarningId::parse(id).unwrap(),
        charge: None,
        payment_intent: None,
        fraud_type: None,
        card_brand: None,
        occurred_at: day(1),
        actionable: None,
    }
}

fn april() -> Month {
    Month::parse("2026-04").unwrap()
}

fn alert(level: Level) -> AlertKey {
    AlertKey { network: Network::Visa, programme: "VAMP".to_owned(), month: april(), level }
}

fn mail(id: &str) -> OutboxMessage {
    OutboxMessage { id: id.to_owned(), way: Way::Mail, subject: "A level".to_owned(), body: "An estimate".to_owned() }
}

fn looked_at() -> LoggedRule {
    LoggedRule { rule: RuleName::parse("tell-us").unwrap(), fired: true, why: "it fired".to_owned() }
}

/// The ids of all messages that are owed.
async fn owed(books: &dyn Books) -> Vec<String> {
    let claims = books.claim_messages(day(1_000), Duration::from_hours(1), 100).await.unwrap();
    claims.into_iter().map(|claim| claim.message.id).collect()
}

/// Where nothing is, nothing is counted; and there is a tally for each stretch.
pub async fn nothing_is_counted_at_first(books: &dyn Books) {
    assert_eq!(books.tally(&[day(0), day(1), day(9)]).await.unwrap(), vec![Tally::default(); 2]);
    assert_eq!(books.tally(&[day(0)]).await.unwrap(), []);
    assert_eq!(books.payments(day(0), day(1)).await.unwrap(), Tally::default());
    assert_eq!(books.typed_in().await.unwrap(), []);
    assert!(books.alerted(april()).await.unwrap().is_empty());
}

/// From each moment up to the next one, which is the next one's; by network, with what they are for.
pub async fn a_dispute_counts_when_it_was_filed(books: &dyn Books) {
    for (id, brand, at) in [("du_1", "visa", 0), ("du_2", "Visa", 4), ("du_3", "mastercard", 5), ("du_4", "visa", 10)] {
        observe(books, &filed(id, brand, "needs_response", day(at))).await;
    }
    let counts = |disputes_filed, minor| MonthCounts {
        disputes_filed,
        disputed: [(currency("usd"), minor)].into(),
        ..MonthCounts::default()
    };
    let expected = [
        Tally { networks: networks([(Network::Visa, counts(2, 2_000))]), undated: 2, opened: 2, ..Tally::default() },
        Tally {
            networks: networks([(Network::Mastercard, counts(1, 1_000))]),
            undated: 1,
            opened: 1,
            ..Tally::default()
        },
    ];
    assert_eq!(books.tally(&[day(0), day(5), day(10)]).await.unwrap(), expected);
}

/// An inquiry is opened and not filed; what it becomes is filed when it becomes it.
pub async fn an_inquiry_counts_when_it_becomes_a_dispute(books: &dyn Books) {
    let inquiry = filed("du_1", "visa", "warning_needs_response", day(0));
    observe(books, &inquiry).await;
    let (before, opened) = (tally(books, 0, 9).await.networks, tally(books, 0, 9).await.opened);
    assert_eq!((before.len(), opened), (0, 1));
    let escalated = observation("evt_later", "needs_response", day(20));
    observe(books, &Observation { key: inquiry.key, claims: inquiry.claims, ..escalated }).await;
    let (inquired, filed) = (tally(books, 0, 9).await, tally(books, 9, 30).await);
    assert_eq!((inquired.networks.len(), inquired.opened), (0, 1));
    assert_eq!((filed.networks[&Network::Visa].disputes_filed, filed.opened), (1, 0));
}

/// A verdict takes nothing away, and what was prevented never was a dispute.
pub async fn winning_takes_nothing_away_and_a_prevented_dispute_never_counts(books: &dyn Books) {
    for (id, status) in [("du_1", "won"), ("du_2", "lost"), ("du_3", "prevented"), ("du_4", "warning_closed")] {
        observe(books, &filed(id, "visa", status, day(0))).await;
    }
    let tally = tally(books, 0, 9).await;
    assert_eq!((tally.networks[&Network::Visa].disputes_filed, tally.opened), (2, 4));
}

/// A dispute of no brand is of no network that is known.
pub async fn what_names_no_brand_is_counted_apart(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(0))).await;
    books.import(&[OrderPayment { placed_at: Some(day(0)), ..payment("#1") }]).await.unwrap();
    warn(books, FraudWarning { occurred_at: day(0), ..warning("issfr_1") }).await;
    let tally = tally(books, 0, 9).await;
    assert!(tally.networks.is_empty());
    let MonthCounts { disputes_filed, fraud_warnings, payments_from_orders, .. } = tally.unbranded;
    assert_eq!((disputes_filed, fraud_warnings, payments_from_orders), (1, 1, 1));
}

/// Orders and their payments count when the order was placed, also after that was corrected.
pub async fn payments_count_when_their_order_was_placed(books: &dyn Books) {
    let visa = |order, placed_at, id| OrderPayment {
        charge: Some(charge(id)),
        placed_at,
        card_brand: Some("visa".to_owned()),
        ..payment(order)
    };
    let first = visa("#1", Some(day(0)), "ch_a");
    let rest = [visa("#1", Some(day(0)), "ch_b"), visa("#2", Some(day(5)), "ch_c"), visa("#3", None, "ch_d")];
    books.import(std::slice::from_ref(&first)).await.unwrap();
    books.import(&rest).await.unwrap();
    let seen = |tallies: Vec<Tally>| -> Vec<(u64, u64, u64)> {
        let of = |tally: &Tally, network| tally.networks.get(&network).map_or(0, |counts| counts.payments_from_orders);
        let seen = |tally: &Tally| (of(tally, Network::Visa), of(tally, Network::Amex), tally.orders);
        tallies.iter().map(seen).collect()
    };
    let bounds = [day(0), day(5), day(10)];
    assert_eq!(seen(books.tally(&bounds).await.unwrap()), [(2, 0, 1), (1, 0, 1)]);
    let moved = OrderPayment { placed_at: Some(day(6)), card_brand: Some("amex".to_owned()), ..rest[0].clone() };
    let moved = [OrderPayment { placed_at: Some(day(6)), ..first }, moved];
    books.import(&moved).await.unwrap();
    assert_eq!(seen(books.tally(&bounds).await.unwrap()), [(0, 0, 0), (2, 1, 2)]);
    assert_eq!(seen(vec![books.payments(day(5), day(10)).await.unwrap()]), [(2, 1, 2)]);
}

/// A dispute is one of the payments of the day on which its order was paid; one whose order is not known is of none.
pub async fn the_rate_is_by_the_day_of_the_payment(books: &dyn Books) {
    observe(books, &filed("du_1", "visa", "needs_response", day(30))).await;
    assert_eq!(tally(books, 30, 31).await.undated, 1);
    books.import(&[OrderPayment { placed_at: Some(day(2)), ..payment("#1") }]).await.unwrap();
    match_again(books, &dispute_key("du_1")).await;
    let (paid, filed) = (tally(books, 0, 9).await, tally(books, 30, 31).await);
    let Tally { networks, undated, .. } = &paid;
    let counts = &networks[&Network::Visa];
    assert_eq!((counts.disputes_of_payments, counts.disputes_filed, *undated), (1, 0, 0));
    let counts = &filed.networks[&Network::Visa];
    assert_eq!((counts.disputes_of_payments, counts.disputes_filed, filed.undated), (0, 1, 0));
}

/// A warning is of its own brand, else of that of a dispute of its payment, else of that of the order's payment.
pub async fn a_fraud_warning_is_of_the_brand_of_its_payment(books: &dyn Books) {
    observe(books, &filed("du_1", "mastercard", "needs_response", day(0))).await;
    let paid = |id: &str, brand: &str| OrderPayment {
        charge: Some(charge(id)),
        payment_intent: Some(intent(&id.replace("ch", "pi"))),
        card_brand: Some(brand.to_owned()),
        ..payment(&format!("#{id}"))
    };
    books.import(&[paid("ch_2", "amex"), paid("ch_3", "discover")]).await.unwrap();
    let own = FraudWarning { card_brand: Some("visa".to_owned()), charge: Some(charge("ch_1")), ..warning("issfr_1") };
    let of_dispute = FraudWarning { charge: Some(charge("ch_1")), ..warning("issfr_2") };
    let of_dispute_intent = FraudWarning { payment_intent: Some(intent("pi_1")), ..warning("issfr_3") };
    let of_order = FraudWarning { charge: Some(charge("ch_2")), ..warning("issfr_4") };
    let of_order_intent = FraudWarning { payment_intent: Some(intent("pi_3")), ..warning("issfr_5") };
    let unknown = FraudWarning { charge: Some(charge("ch_9")), ..warning("issfr_6") };
    let another_day = FraudWarning { occurred_at: day(20), ..own.clone() };
    let another_day = FraudWarning { id: warning("issfr_7").id, ..another_day };
    for warning in [own, of_dispute, of_dispute_intent, of_order, of_order_intent, unknown, another_day] {
        warn(books, warning).await;
    }
    let tally = tally(books, 0, 9).await;
    let warnings: Vec<_> = tally.networks.iter().map(|(network, counts)| (*network, counts.fraud_warnings)).collect();
    let expected = [(Network::Visa, 1), (Network::Mastercard, 2), (Network::Amex, 1), (Network::Discover, 1)];
    assert_eq!((warnings.as_slice(), tally.unbranded.fraud_warnings), (expected.as_slice(), 1));
}

/// The store-wide ratio is over all orders.
pub async fn the_store_wide_ratio_is_over_all_orders(books: &dyn Books) {
    observe(books, &filed("du_1", "visa", "prevented", day(1))).await;
    let order = |name: &str| OrderPayment {
        charge: Some(charge(&name.replace('#', "ch_9"))),
        placed_at: Some(day(1)),
        ..payment(name)
    };
    books.import(&[order("#1"), order("#2"), order("#3"), order("#4")]).await.unwrap();
    assert_eq!(tally(books, 0, 9).await.trustlens(), Ratio { events: 1, payments: Some(4) });
}

/// Of two disputes that are the same one counts.
pub async fn a_double_counts_as_nothing(books: &dyn Books) {
    for id in ["du_1", "du_2"] {
        observe(books, &filed(id, "visa", "needs_response", day(0))).await;
    }
    let alias = Alias {
        key: dispute_key("du_2"),
        same_as: dispute_key("du_1"),
        joined_by: "ana".to_owned(),
        reason: "the gateway moved".to_owned(),
        joined_at: day(1),
    };
    assert_eq!(books.join(&alias).await.unwrap(), Joined::Kept);
    match_again(books, &alias.key).await;
    let tally = tally(books, 0, 9).await;
    assert_eq!((tally.networks[&Network::Visa].disputes_filed, tally.opened, tally.undated), (1, 1, 1));
}

/// What was typed in last counts, also where it is less.
pub async fn what_was_typed_in_last_counts(books: &dyn Books) {
    let typed = |network, payments, at| TypedCount {
        network,
        month: april(),
        payments,
        by: "ana".to_owned(),
        reason: "the processor's report".to_owned(),
        at,
    };
    for count in [
        typed(Network::Visa, 900, day(1)),
        typed(Network::Visa, 700, day(3)),
        typed(Network::Visa, 800, day(2)),
        typed(Network::Amex, 0, day(1)),
    ] {
        books.type_in(&count).await.unwrap();
    }
    let known = books.typed_in().await.unwrap();
    let by_network: BTreeMap<_, _> = known.iter().map(|(network, _, payments)| (*network, *payments)).collect();
    assert_eq!(by_network, [(Network::Visa, 700), (Network::Amex, 0)].into());
    assert!(known.len() == 2 && known.iter().all(|(_, month, _)| *month == april()));
}

/// An alert is kept with what it owes, once.
pub async fn an_alert_is_kept_once_with_what_it_owes(books: &dyn Books) {
    let warning = alert(Level::Warning);
    assert!(books.keep_alert(&warning, &[looked_at()], &[mail("alert/1"), mail("alert/1/2")], day(0)).await.unwrap());
    assert!(!books.keep_alert(&warning, &[looked_at()], &[mail("alert/other")], day(1)).await.unwrap());
    assert!(books.keep_alert(&alert(Level::Reached), &[], &[mail("alert/2")], day(2)).await.unwrap());
    assert_eq!(books.alerted(april()).await.unwrap(), [warning, alert(Level::Reached)].into());
    assert!(books.alerted(april().before()).await.unwrap().is_empty());
    assert_eq!(owed(books).await, ["alert/1", "alert/1/2", "alert/2"]);
}

/// Nothing of an alert is kept that can't be kept whole.
pub async fn an_alert_that_cannot_be_kept_whole_is_not_kept(books: &dyn Books) {
    let broken = OutboxMessage { body: "\0".to_owned(), ..mail("alert/1") };
    books.keep_alert(&alert(Level::Warning), &[], &[mail("alert/0"), broken], day(0)).await.unwrap_err();
    assert!(books.alerted(april()).await.unwrap().is_empty());
    assert_eq!(owed(books).await, [""; 0]);
}

/// However many keep one alert at once, one of them owes what it says.
pub async fn of_racing_alerts_one_is_kept(books: &dyn Books) {
    let warning = alert(Level::Warning);
    let ids: Vec<_> = (0..RACERS).map(|racer| mail(&format!("alert/{racer}"))).collect();
    let racing = ids.iter().map(|message| books.keep_alert(&warning, &[], std::slice::from_ref(message), day(0)));
    let kept: Vec<_> = join_all(racing).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
    assert_eq!(owed(books).await.len(), 1);
}
