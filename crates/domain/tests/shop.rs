//! A shop: its orders are landed and leave no body behind, and what its webhooks lost is read again.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chargebook_domain::ports::{
    Cursor, Disposition, Imported, LedgerError, MockOrderBook, MockShopReader, OrderBook, Page, Read, ReadError,
    Reading, SourceEvent,
};
use chargebook_domain::service::{AskError, Ingest, Occasion, ReadShop, Receipt, Received, ShopCount};
use chargebook_domain::{AccountId, Admission, BookRules, OrderPayment};
use chargebook_port_contracts::samples::{cause_id, day, observation, payment};
use chargebook_port_contracts::{FixedClock, InMemoryLedger, read_of};
use chrono::{DateTime, TimeDelta, Utc};

const EMAIL: &str = "pia@example.test";

fn shop() -> AccountId {
    AccountId::woo("shop").unwrap()
}

fn ingest(ledger: &InMemoryLedger) -> Ingest {
    let admission = Admission { livemode: true, accounts: BTreeSet::new() };
    Ingest::new(Arc::new(ledger.clone()), BookRules::default(), admission)
}

fn order(reference: &str) -> OrderPayment {
    OrderPayment { customer_email: Some(EMAIL.to_owned()), ..payment(reference) }
}

fn of_shop(id: &str, livemode: Option<bool>, reading: Reading) -> SourceEvent {
    let event_type = "woocommerce.order".to_owned();
    SourceEvent { account: shop(), id: cause_id(id), event_type, livemode, reading }
}

fn received(event: SourceEvent) -> Received {
    Received { event, body: EMAIL.as_bytes().to_vec(), received_at: day(9) }
}

fn placed(id: &str, livemode: Option<bool>, reference: &str) -> Received {
    received(of_shop(id, livemode, Reading::Order(vec![order(reference)])))
}

#[tokio::test]
async fn an_order_is_landed_once_and_its_body_is_kept_nowhere() {
    let ledger = InMemoryLedger::default();
    let ingest = ingest(&ledger).landing_orders(Arc::new(ledger.clone()));
    let reason = "total: expected an amount".to_owned();
    let batch = [
        placed("evt_1", Some(true), "1"),
        placed("evt_2", None, "2"),
        placed("evt_3", Some(false), "3"),
        received(of_shop("evt_4", None, Reading::OrderNotUnderstood { reason })),
        placed("evt_1", Some(true), "1"),
    ];
    let receipts = ingest.ingest(&batch, day(9)).await.unwrap();
    let expected = [Receipt::Recorded, Receipt::Recorded, Receipt::Ignored, Receipt::Quarantined, Receipt::Duplicate];
    assert_eq!(receipts, expected);
    assert_eq!(ingest.ingest(&batch[..1], day(9)).await.unwrap(), [Receipt::Duplicate]);
    let landed = ledger.import(&[order("1"), order("2"), order("3")]).await.unwrap();
    assert_eq!((landed.same, landed.new), (2, 1), "the order of the other mode was not landed");
    let causes = ledger.causes();
    assert_eq!(causes.len(), 2, "a landed order is no event");
    assert!(causes.iter().all(|kept| kept.cause.body.is_none()));
}

#[tokio::test]
async fn an_order_that_is_refused_keeps_no_other_back() {
    let ledger = InMemoryLedger::default();
    let mut orders = MockOrderBook::new();
    orders.expect_import().returning(|payments| match payments[0].order_ref.as_str() {
        "1" => Err(LedgerError::Refused { reason: "it can't be".to_owned() }),
        _ => Ok(Imported { changed: 1, ..Imported::default() }),
    });
    let batch = [placed("evt_1", None, "1"), placed("evt_2", None, "2")];
    let receipts = ingest(&ledger).landing_orders(Arc::new(orders)).ingest(&batch, day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Quarantined, Receipt::Recorded]);
    let kept = ledger.causes();
    assert!(kept.len() == 1 && kept[0].disposition == Disposition::Quarantined && kept[0].cause.body.is_none());
}

#[tokio::test]
async fn without_a_place_to_land_orders_are_ignored() {
    let receipts = ingest(&InMemoryLedger::default()).ingest(&[placed("evt_1", None, "1")], day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Ignored]);
}

#[test]
fn an_address_is_never_printed() {
    let event = of_shop("evt_1", None, Reading::Order(vec![order("1")]));
    let printed = format!("{event:?}");
    assert!(printed.contains("not shown") && !printed.contains(EMAIL), "{printed}");
}

/// What a shop was asked for: the list, from when on, and after what.
type Asked = Arc<Mutex<Vec<(&'static str, DateTime<Utc>, Option<String>)>>>;

/// A shop with two pages of orders, and a dispute.
fn reader(asked: &Asked) -> MockShopReader {
    let mut reader = MockShopReader::new();
    let read = |event| Read { event, body: Vec::new() };
    let log = Arc::clone(asked);
    reader.expect_orders().returning(move |from, after| {
        let after = after.map(|cursor| cursor.as_str().to_owned());
        log.lock().unwrap().push(("orders", from, after.clone()));
        let (id, reference) = if after.is_none() { ("evt_1", "1") } else { ("evt_2", "2") };
        let items = vec![read(of_shop(id, None, Reading::Order(vec![order(reference)])))];
        Ok(Page { items, next: after.is_none().then(|| Cursor::new("2")) })
    });
    let log = Arc::clone(asked);
    reader.expect_disputes().returning(move |from, _| {
        log.lock().unwrap().push(("disputes", from, None));
        Ok(Page { items: vec![read_of(&observation("read_1", "needs_response", day(99)))], next: None })
    });
    reader
}

#[tokio::test]
async fn a_shop_is_read_page_by_page_orders_first_from_an_hour_before_the_last_time() {
    let (ledger, asked, clock) = (InMemoryLedger::default(), Asked::default(), Arc::new(FixedClock::at(day(200))));
    let ingest = ingest(&ledger).landing_orders(Arc::new(ledger.clone()));
    let read = ReadShop { shop: Arc::new(reader(&asked)), ingest, clock: Arc::clone(&clock) as _ };
    let shop = shop();
    let sweep = || read.sweep(&ledger, &shop, Occasion::Regular);
    let found = sweep().await.unwrap();
    assert_eq!(found, Some(ShopCount { new: 3, ..ShopCount::default() }));
    let first = day(80);
    let expected = [("orders", first, None), ("orders", first, Some("2".to_owned())), ("disputes", first, None)];
    assert_eq!(asked.lock().unwrap().split_off(0), expected);
    assert_eq!(sweep().await.unwrap(), None, "it is not due");
    clock.set(day(201));
    assert_eq!(sweep().await.unwrap(), Some(ShopCount { known: 3, ..ShopCount::default() }));
    let since = day(200) - TimeDelta::hours(1);
    assert_eq!(asked.lock().unwrap()[0], ("orders", since, None));
    assert_eq!(asked.lock().unwrap()[2], ("disputes", day(81), None));
}

#[tokio::test]
async fn a_shop_that_refuses_is_a_failure_and_all_is_read_the_next_time() {
    let (ledger, clock) = (InMemoryLedger::default(), Arc::new(FixedClock::at(day(200))));
    let mut refusing = MockShopReader::new();
    refusing.expect_orders().returning(|_, _| Err(ReadError::Refused { reason: "the key is revoked".to_owned() }));
    let ingest = ingest(&ledger);
    let refused = ReadShop { shop: Arc::new(refusing), ingest: ingest.clone(), clock: Arc::clone(&clock) as _ };
    let failed = refused.sweep(&ledger, &shop(), Occasion::Regular).await.unwrap_err();
    assert!(matches!(&failed, AskError::Source(_)) && failed.to_string() == "the key is revoked", "{failed}");
    clock.set(day(201));
    let asked = Asked::default();
    let read = ReadShop { shop: Arc::new(reader(&asked)), ingest, clock };
    read.sweep(&ledger, &shop(), Occasion::Regular).await.unwrap().unwrap();
    assert_eq!(asked.lock().unwrap()[0], ("orders", day(81), None));
}
