//! One dispute through two doors is counted once, whichever came first.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chargebook_domain::ports::{Alias, Joined, OrderBook, Reading, SourceEvent};
use chargebook_domain::service::{Ingest, Join, MatchOrders, Received};
use chargebook_domain::{
    AccountId, Admission, Basis, BookRules, Bucket, CauseId, ChargeId, Currency, Deltas, DisputeKey, LedgerAccount,
    Observation, OrderMatch, OrderPayment, OrderRef,
};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::histories::arriving_of;
use chargebook_port_contracts::samples::{cause_id, day, dispute_key, observation, payment, withdrawal};
use chrono::{DateTime, Utc};
use proptest::prelude::*;

/// A deployment over a ledger in memory.
struct Books {
    ledger: InMemoryLedger,
    ingest: Ingest,
    matching: MatchOrders,
    join: Join,
}

impl Books {
    fn new() -> Self {
        let ledger = InMemoryLedger::default();
        let (shared, rules) = (Arc::new(ledger.clone()), BookRules::default());
        let admission = Admission { livemode: true, accounts: BTreeSet::new() };
        let matching = MatchOrders::new(shared.clone(), shared.clone(), rules);
        let join = Join::new(shared.clone(), shared.clone(), matching.clone(), rules);
        Self { ledger, ingest: Ingest::new(shared, rules, admission), matching, join }
    }

    async fn deliver(&self, account: &AccountId, observation: &Observation) {
        let key = DisputeKey { account: account.clone(), ..observation.key.clone() };
        let event = SourceEvent {
            account: account.clone(),
            id: observation.cause.clone(),
            event_type: "charge.dispute.updated".to_owned(),
            livemode: Some(true),
            reading: Reading::Dispute(Box::new(Observation { key, ..observation.clone() })),
        };
        self.ingest.ingest(&[Received { event, body: b"{}".to_vec(), received_at: day(9) }], day(9)).await.unwrap();
    }

    async fn settle(&self) {
        self.join.sweep(day(9)).await.unwrap();
        self.matching.sweep(day(9)).await.unwrap();
    }

    /// What all books together hold, by day: of a double nothing may be left.
    fn posted(&self) -> BTreeMap<(DateTime<Utc>, LedgerAccount, Currency), i64> {
        let mut sums = BTreeMap::new();
        for kept in self.ledger.entries() {
            for posting in kept.entry.postings() {
                let key = (kept.entry.occurred_at(), posting.account, posting.currency);
                *sums.entry(key).or_default() += posting.amount_minor;
            }
        }
        sums.retain(|_, sum| *sum != 0);
        sums
    }

    fn resolved(&self) -> BTreeMap<(DateTime<Utc>, Currency), Deltas> {
        let mut sums: BTreeMap<_, Deltas> = BTreeMap::new();
        for row in self.ledger.resolutions() {
            let sum = sums.entry((row.resolution.occurred_at, row.resolution.currency)).or_default();
            *sum = sum.plus(&row.resolution.deltas).unwrap();
        }
        sums.retain(|_, deltas| !deltas.is_zero());
        sums
    }

    fn counted(&self) -> Vec<DisputeKey> {
        let disputes = self.ledger.disputes().into_iter();
        disputes.filter(|(_, kept)| kept.dispute.same_as.is_none()).map(|(key, _)| key).collect()
    }
}

fn woo() -> AccountId {
    AccountId::woo("shop").unwrap()
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// By which door an observation comes. Some events have no id at the second door, and are named by their content there.
#[derive(Clone, Copy, Debug)]
enum Door {
    Stripe,
    Woo,
    WooWithoutId,
    Both,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_doors_end_as_one(
        arriving in arriving_of("du_1"),
        doors in prop::collection::vec(
            prop::sample::select(vec![Door::Stripe, Door::Woo, Door::WooWithoutId, Door::Both]), 1..8),
        settles in prop::collection::vec(any::<bool>(), 1..8),
    ) {
        now(async {
            let (one, two) = (Books::new(), Books::new());
            one.ledger.import(&arriving.history.payments).await.unwrap();
            two.ledger.import(&arriving.history.payments).await.unwrap();
            let arrivals = arriving.arrivals.iter().map(|seen| Observation { basis: Basis::Event, ..seen.clone() });
            for ((seen, door), settle) in arrivals.zip(doors.iter().cycle()).zip(settles.iter().cycle()) {
                one.deliver(&AccountId::own(), &seen).await;
                if let Door::Stripe | Door::Both = door {
                    two.deliver(&AccountId::own(), &seen).await;
                }
                if let Door::Woo | Door::Both = door {
                    two.deliver(&woo(), &seen).await;
                }
                if let Door::WooWithoutId = door {
                    // It sorts where the event does, also among `evt_1` and `evt_10`, so that the filing facts are those of the
                    // same statement.
                    let cause = CauseId::parse(&format!("{}-content", seen.cause)).unwrap();
                    two.deliver(&woo(), &Observation { cause, ..seen.clone() }).await;
                }
                if *settle {
                    two.settle().await;
                }
            }
            one.settle().await;
            two.settle().await;
            assert_eq!(two.posted(), one.posted());
            assert_eq!(two.resolved(), one.resolved());
            let (through_one, counted) = (one.ledger.disputes(), two.counted());
            assert_eq!(counted.len(), through_one.len());
            for key in counted {
                let kept = &two.ledger.disputes()[&key];
                let expected = &through_one[&DisputeKey { account: AccountId::own(), ..key }];
                assert_eq!(&kept.dispute, &expected.dispute);
                assert_eq!(&kept.discrepancies, &expected.discrepancies);
                assert_eq!(&kept.order_resolutions, &expected.order_resolutions);
            }
        });
    }
}

#[test]
fn what_names_a_payment_of_several_orders_is_told_with_all_of_them() {
    now(async {
        let charge = Some(ChargeId::parse("ch_2").unwrap());
        let books = Books::new();
        let paid = |of: &str| OrderPayment { charge: charge.clone(), ..payment(of) };
        books.ledger.import(&[paid("#1"), paid("#2")]).await.unwrap();
        let mut by_charge = observation("evt_1", "won", day(4));
        by_charge.claims.charge = charge.clone();
        let mut by_order = observation("evt_0", "needs_response", day(2));
        (by_order.claims.charge, by_order.claims.payment_intent) = (None, None);
        by_order.claims.order_hint = Some(OrderRef::parse("#1").unwrap());
        books.deliver(&woo(), &by_charge).await;
        books.deliver(&AccountId::own(), &by_order).await;
        books.settle().await;
        let kept = &books.ledger.disputes()[&dispute_key("du_1")];
        let both = ["#1", "#2"].map(|of| OrderRef::parse(of).unwrap());
        assert_eq!(kept.dispute.order_match, OrderMatch::Ambiguous(both.to_vec()));
    });
}

fn alias(key: &DisputeKey, same_as: &DisputeKey) -> Alias {
    let (joined_by, reason) = ("Ana".to_owned(), "the old gateway's case".to_owned());
    Alias { key: key.clone(), same_as: same_as.clone(), joined_by, reason, joined_at: day(9) }
}

fn manual(dispute: &str) -> DisputeKey {
    DisputeKey { account: AccountId::parse("manual:paypal").unwrap(), ..dispute_key(dispute) }
}

#[test]
fn a_double_that_a_person_names_counts_as_nothing_from_then_on() {
    now(async {
        let books = Books::new();
        books.ledger.import(&[payment("#1")]).await.unwrap();
        let lost = Observation {
            movements: vec![withdrawal("txn_1", day(1), 10_000, 1_500)],
            ..observation("evt_1", "lost", day(4))
        };
        let (real, double) = (dispute_key("du_1"), manual("case-7"));
        books.deliver(&real.account, &lost).await;
        let alone = (books.posted(), books.resolved());
        let told = Observation { key: dispute_key("case-7"), ..lost.clone() };
        books.deliver(&double.account, &told).await;
        assert_ne!(books.posted(), alone.0);

        assert_eq!(books.join.join(&alias(&double, &real)).await.unwrap(), Joined::Kept);
        assert_eq!((books.posted(), books.resolved()), alone);
        assert_eq!(books.join.join(&alias(&double, &real)).await.unwrap(), Joined::KnownBefore);

        let more = withdrawal("txn_2", day(5), 700, 0);
        let later = Observation { cause: cause_id("evt_2"), as_of: day(5), movements: vec![more], ..told };
        books.deliver(&double.account, &later).await;
        assert_eq!((books.posted(), books.resolved()), alone);
        let kept = &books.ledger.disputes()[&double];
        assert_eq!((kept.facts.lines().count(), kept.facts.movements().len()), (2, 2));
        assert_eq!((kept.dispute.same_as.as_ref(), kept.order_resolutions.len()), (Some(&real), 0));
        assert_ne!(kept.dispute.bucket, Bucket::ConfirmedLoss);
    });
}

#[test]
fn no_double_has_doubles_and_nothing_is_a_double_twice() {
    now(async {
        let books = Books::new();
        let (a, b, c) = (manual("a"), manual("b"), manual("c"));
        for (nth, key) in [&a, &b, &c].into_iter().enumerate() {
            let seen = Observation { key: key.clone(), ..observation(&format!("evt_{nth}"), "needs_response", day(2)) };
            books.deliver(&key.account, &seen).await;
        }
        let join = async |key: &DisputeKey, same_as: &DisputeKey| books.join.join(&alias(key, same_as)).await.unwrap();
        assert_eq!(join(&a, &manual("x")).await, Joined::NoSuchDispute(manual("x")));
        assert_eq!(join(&a, &b).await, Joined::Kept);
        assert_eq!(join(&a, &c).await, Joined::IsADouble { key: a.clone(), of: b.clone() });
        assert_eq!(join(&c, &a).await, Joined::IsADouble { key: a.clone(), of: b.clone() });
        assert_eq!(join(&b, &c).await, Joined::HasDoubles(b.clone()));
        assert_eq!(books.counted(), [b, c]);
    });
}
