//! The client against the fake of Stripe's API that all tests share: paging, permissions, the rate, and each fault.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{
    Detail, DisputeReader, Listing, MovementKind, MovementReading, Period, Read, ReadError, Reading,
};
use chargebook_domain::{AccountId, DisputeId, DisputeKey};
use chargebook_port_contracts::CapturedLog;
use chargebook_port_contracts::fake_stripe::{ERROR_TEXT, FakeStripe, Fault, KEY, Resource, busiest_second};
use chargebook_source_stripe::{Patience, PermissionState, StripeApi};
use serde_json::{Value, json};

use crate::server::{api_with_key, hasty};
use crate::support::{at, fixture, seconds_ago};

/// As many as make three pages.
const DISPUTES: usize = 230;

/// A fake with disputes of which each has a movement and an event, some of them within one second.
async fn fake() -> FakeStripe {
    let fake = FakeStripe::start(at(1_790_000_000)).await.unwrap();
    let event: Value = serde_json::from_str(&fixture("funds_withdrawn")).unwrap();
    for number in 0..DISPUTES {
        let created = seconds_ago(i64::try_from(number / 7).unwrap()).timestamp();
        let (dispute_id, charge_id, intent_id) =
            (format!("du_{number:03}"), format!("ch_{number:03}"), format!("pi_{number:03}"));
        let mut event = event.clone();
        event["id"] = json!(format!("evt_{number:03}"));
        event["created"] = json!(created);
        let dispute = &mut event["data"]["object"];
        for (field, value) in [("id", &dispute_id), ("charge", &charge_id), ("payment_intent", &intent_id)] {
            dispute[field] = json!(value);
        }
        dispute["created"] = json!(created);
        dispute["metadata"] = json!({});
        let row = &mut dispute["balance_transactions"][0];
        row["id"] = json!(format!("txn_{number:03}"));
        row["created"] = json!(created);
        row["source"] = json!(dispute_id);
        let own = fake.own();
        own.put(row);
        own.put(dispute);
        own.put(&event);
        let metadata = json!({"order_id": format!("SO-{number}")});
        own.put(&json!({"object": "charge", "id": charge_id, "created": created, "metadata": metadata}));
        own.put(&json!({"object": "payment_intent", "id": intent_id, "created": created, "metadata": {}}));
    }
    fake
}

fn api(fake: &FakeStripe) -> StripeApi {
    api_with_key(KEY, &fake.base())
}

fn all() -> Listing {
    Listing { account: AccountId::own(), period: Period { from: at(0), until: at(2_000_000_000) }, after: None }
}

fn key(number: usize) -> DisputeKey {
    DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(&format!("du_{number:03}")).unwrap() }
}

/// All pages of disputes.
async fn disputes(api: &StripeApi, detail: Detail) -> Result<Vec<Read>, ReadError> {
    let (mut listing, mut found) = (all(), Vec::new());
    loop {
        let page = api.disputes(&listing, detail).await?;
        assert!(page.items.len() <= 100);
        found.extend(page.items);
        match page.next {
            None => return Ok(found),
            next => listing.after = next,
        }
    }
}

/// The disputes among what was read, and how much of it was not understood.
fn understood(read: &[Read]) -> (BTreeSet<String>, usize) {
    let ids: BTreeSet<_> = read
        .iter()
        .filter_map(|read| match &read.event.reading {
            Reading::Dispute(observation) => Some(observation.key.dispute.to_string()),
            Reading::FraudWarning(_)
            | Reading::Order(_)
            | Reading::OrderNotUnderstood { .. }
            | Reading::NotADispute
            | Reading::NotUnderstood { .. } => None,
        })
        .collect();
    let others = read.iter().filter(|read| matches!(read.event.reading, Reading::NotUnderstood { .. })).count();
    (ids, others)
}

#[tokio::test]
async fn all_pages_hold_everything_once() {
    let fake = fake().await;
    let api = api(&fake);
    let read = disputes(&api, Detail::WithPayment).await.unwrap();
    assert_eq!((read.len(), understood(&read).0.len()), (DISPUTES, DISPUTES));
    for read in &read {
        let Reading::Dispute(observation) = &read.event.reading else { panic!("{:?}", read.event) };
        let number: usize = observation.key.dispute.as_str().trim_start_matches("du_").parse().unwrap();
        let hint = observation.claims.order_hint.as_ref().map(ToString::to_string);
        assert_eq!(hint, Some(format!("SO-{number}")));
        assert_eq!(observation.as_of, at(1_789_999_999));
        assert_eq!(api.dispute(&key(number)).await.as_ref(), Ok(read));
    }
    let (mut listing, mut events, mut rows) = (all(), BTreeSet::new(), BTreeSet::new());
    loop {
        let page = api.events(&listing).await.unwrap();
        events.extend(page.items.into_iter().map(|read| read.event.id));
        listing.after = page.next;
        if listing.after.is_none() {
            break;
        }
    }
    loop {
        let page = api.movements(&listing, MovementKind::Adjustment).await.unwrap();
        rows.extend(page.items.into_iter().filter_map(|read| match read.reading {
            MovementReading::Movement(movement, _) => Some(movement.id),
            MovementReading::NotUnderstood { .. } => None,
        }));
        listing.after = page.next;
        if listing.after.is_none() {
            break;
        }
    }
    assert_eq!((events.len(), rows.len()), (DISPUTES, DISPUTES));
    assert_eq!(api.movements(&all(), MovementKind::Fee).await.unwrap().items.len(), 0);
    assert!(fake.requests().iter().all(|request| request.version.as_deref() == Some("2026-09-30.endive")));
}

#[tokio::test]
async fn a_period_is_from_its_first_second_until_before_its_last() {
    let fake = fake().await;
    let period = Period { from: seconds_ago(2), until: seconds_ago(1) };
    let page = api(&fake).disputes(&Listing { period, ..all() }, Detail::Dispute).await.unwrap();
    assert_eq!(understood(&page.items).0, (14..21).map(|number| format!("du_{number:03}")).collect());
}

#[tokio::test]
async fn a_connected_account_is_read_by_its_name() {
    let fake = fake().await;
    let dispute: Value = serde_json::from_str(&fixture("connected_account")).unwrap();
    fake.connected("acct_1").put(&dispute["data"]["object"]);
    let account = AccountId::parse("acct_1").unwrap();
    let page = api(&fake).disputes(&Listing { account: account.clone(), ..all() }, Detail::Dispute).await.unwrap();
    let accounts: Vec<_> = page.items.iter().map(|read| read.event.account.clone()).collect();
    assert_eq!(accounts, [account]);
    let strange = Listing { account: AccountId::parse("acct_2").unwrap(), ..all() };
    let error = api(&fake).disputes(&strange, Detail::WithPayment).await.unwrap_err();
    assert!(matches!(&error, ReadError::Refused { reason } if reason.contains("stripe.accounts")), "{error}");
}

/// Each fault that passes, and how often the page is asked for because of it.
fn passing_faults() -> Vec<Fault> {
    vec![
        Fault::TooMany { retry_after: None },
        Fault::TooMany { retry_after: Some("0".into()) },
        Fault::LockTimeout,
        Fault::ServerError,
        Fault::BadGatewayHtml,
        Fault::PageInsteadOfJson,
        Fault::Hang,
        Fault::Reset,
        Fault::Slow(Duration::from_millis(5)),
        Fault::ResetMidway,
        Fault::CutOff,
        Fault::LengthTooShort,
    ]
}

#[tokio::test]
async fn no_fault_that_passes_loses_an_object() {
    for fault in passing_faults() {
        let fake = fake().await;
        let patience = Patience { page_within: Duration::from_millis(800), ..hasty() };
        let api = api(&fake).with_patience(patience);
        fake.script([fault.clone(), fault.clone()]);
        let read = disputes(&api, Detail::Dispute).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!((read.len(), understood(&read).0.len()), (DISPUTES, DISPUTES), "{fault:?}");
        let asked = if matches!(fault, Fault::Slow(_)) { 3 } else { 5 };
        assert_eq!(fake.requests().len(), asked, "{fault:?}");
    }
}

#[tokio::test]
async fn an_odd_object_hides_no_other_and_stops_no_paging() {
    for (at, object) in [
        (0, json!({"object": "dispute", "id": "du_odd"})),
        (50, json!({"id": 7})),
        (99, json!({"object": "dispute", "amount": 1})),
        (99, json!("a word")),
    ] {
        let fake = fake().await;
        fake.script([Fault::OddObject { at, object: object.clone() }]);
        let read = disputes(&api(&fake), Detail::Dispute).await.unwrap();
        let (ids, others) = understood(&read);
        assert_eq!(others, 1, "{object}");
        // What comes again on the next page, because the last of a page had no id, is the same dispute.
        assert!(ids.len() >= DISPUTES - 1, "{object}: {}", ids.len());
        assert_eq!(ids.len() == DISPUTES, at == 99, "{object}");
    }
}

#[tokio::test]
async fn every_fault_that_stays_ends_in_an_error_that_quotes_nothing() {
    let lasting = [
        Fault::NoDate,
        Fault::Redirect { location: "http://127.0.0.1:9/".into() },
        Fault::TooMany { retry_after: Some("86400".into()) },
    ];
    for fault in passing_faults().into_iter().chain(lasting).filter(|fault| !matches!(fault, Fault::Slow(_))) {
        let fake = fake().await;
        let patience =
            Patience { page_within: Duration::from_millis(200), object_within: Duration::from_millis(200), ..hasty() };
        let api = api(&fake).with_patience(patience);
        fake.script(std::iter::repeat_n(fault.clone(), 12));
        for error in [disputes(&api, Detail::Dispute).await.unwrap_err(), api.dispute(&key(1)).await.unwrap_err()] {
            let told = format!("{error} {error:?}");
            assert!(!told.contains(ERROR_TEXT) && !told.contains(KEY) && !told.contains("127.0.0.1"), "{told}");
            assert!(!matches!(error, ReadError::NotFound), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn each_permission_that_is_missing_is_found() {
    let fake = fake().await;
    fake.deny(&[Resource::Charges, Resource::Events]);
    let permissions = api(&fake).permissions().await;
    let missing: Vec<_> =
        permissions.iter().filter(|it| it.state == PermissionState::Missing).map(|it| it.name).collect();
    assert_eq!(missing, ["Events", "Charges"]);
    let read = disputes(&api(&fake), Detail::WithPayment).await.unwrap();
    assert_eq!(understood(&read).0.len(), DISPUTES);
}

#[tokio::test]
async fn the_rate_stays_under_the_limit_as_stripe_sees_it() {
    let fake = fake().await;
    fake.limit_to(Some(25));
    let api = StripeApi::new(&KEY.into(), Some(&fake.base()), StripeApi::REQUESTS_PER_SECOND).unwrap();
    let api = Arc::new(api.with_patience(hasty()));
    let asking: tokio::task::JoinSet<_> = (0..60)
        .map(|number| {
            let api = api.clone();
            async move { api.dispute(&key(number)).await }
        })
        .collect();
    assert!(asking.join_all().await.iter().all(Result::is_ok));
    assert!(fake.requests().iter().all(|request| request.status == Some(200)));
    assert!(busiest_second(&fake.requests()) <= 25, "{}", busiest_second(&fake.requests()));
}

#[tokio::test]
async fn neither_the_key_nor_any_body_nor_query_is_logged() {
    let log = CapturedLog::start();
    let fake = fake().await;
    fake.deny(&[Resource::Charges]);
    let patience = Patience { page_within: Duration::from_millis(300), ..hasty() };
    let api = api(&fake).with_patience(patience);
    for fault in passing_faults() {
        fake.script([fault]);
        api.disputes(&all(), Detail::WithPayment).await.unwrap();
    }
    api_with_key("rk_test_wrongKey", &fake.base()).permissions().await;
    let logged = log.text();
    for told in ["source.fetch", "source.endpoint=Disputes", "source.attempt=2", "http.status=502", "duration_ms="] {
        assert!(logged.contains(told), "{told}");
    }
    for secret in [KEY, "rk_test", "Bearer", ERROR_TEXT, "du_00", "txn_00", "needs_response", "created%5B", "limit=100"]
    {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
}
