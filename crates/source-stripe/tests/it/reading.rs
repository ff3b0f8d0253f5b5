//! What is read: disputes, events and movements, object by object.

use chargebook_domain::ports::{
    Cursor, Detail, DisputeReader, Listing, MovementKind, MovementReading, Origin, Period, Read, ReadError, Reading,
};
use chargebook_domain::{AccountId, Basis, ChargeId, DisputeId, DisputeKey, OrderRef};
use chargebook_source_stripe::read_kept;
use serde_json::Value;

use crate::server::{DATE_UNIX, Server, answer, list, ok};
use crate::support::{at, fixture, fixtures, observation, reason, receive};

fn listing(account: &str) -> Listing {
    let account = AccountId::parse(account).unwrap();
    Listing { account, period: Period { from: at(0), until: at(1) }, after: None }
}

fn own() -> Listing {
    listing("default")
}

async fn disputes(answer: String, listing: &Listing) -> Vec<Read> {
    let server = Server::answering([answer]).await;
    server.api().disputes(listing, Detail::Dispute).await.unwrap().items
}

/// The dispute in a fixture, as Stripe's lists show it.
fn dispute_of(fixture_name: &str) -> String {
    let event: Value = serde_json::from_str(&fixture(fixture_name)).unwrap();
    event["data"]["object"].to_string()
}

#[tokio::test]
async fn a_dispute_is_read_as_the_webhook_about_it() {
    for name in fixtures().iter().filter(|name| *name != "v2_thin_event") {
        let (body, event) = (dispute_of(name), receive(&fixture(name)));
        let account = event.account.clone();
        let listing = Listing { account: account.clone(), ..own() };
        let [read] = <[Read; 1]>::try_from(disputes(list(&[&body], false), &listing).await).unwrap();
        let mut expected = observation(&event).clone();
        expected.cause = read.event.id.clone();
        expected.basis = Basis::Read;
        expected.as_of = at(DATE_UNIX - 1);
        assert_eq!(observation(&read.event), &expected, "{name}");
        assert_eq!((read.event.account, read.event.livemode), (account, Some(false)), "{name}");
        assert_eq!((read.event.event_type.as_str(), read.body.as_slice()), ("read.dispute", body.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn a_read_is_named_by_its_bytes_and_keeps_them() {
    // Spaces, the order of fields and escapes are as they came.
    let body = r#"{ "status":"lost",  "object":"dispute", "id":"du_1", "amount":1 , "currency":"usd","livemode":true,
        "reason":"\u0066raudulent" }"#;
    let key = DisputeKey { account: AccountId::own(), dispute: DisputeId::parse("du_1").unwrap() };
    let server = Server::answering([ok(&format!("\n {body} \n")), list(&[body], false)]).await;
    let one = server.api().dispute(&key).await.unwrap();
    let listed = server.api().disputes(&own(), Detail::Dispute).await.unwrap();
    assert_eq!(one.body, body.as_bytes());
    assert_eq!(listed.items, std::slice::from_ref(&one));
    // From sha256sum.
    assert_eq!(one.event.id.as_str(), "sha256:d6cc761a055b6356e17bdc556fabd7a53c0adf1b106a73c0f100b77e02f919f9");
    assert_eq!(observation(&one.event).claims.reason.as_deref(), Some("fraudulent"));
}

#[tokio::test]
async fn what_can_not_be_understood_hides_no_other() {
    let good = r#"{"object":"dispute","id":"du_1","livemode":true,"amount":1,"currency":"usd","status":"lost"}"#;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"object":"dispute","id":"du_deep","x":{deep}}}"#);
    let odd = [
        r#"{"object":"dispute","id":"du_2","livemode":true,"amount":"1","currency":"usd","status":"lost"}"#,
        r#"{"object":"charge","id":"ch_1","livemode":true,"amount":1,"currency":"usd","status":"lost"}"#,
        r#"{"object":"dispute","id":"du_3","amount":1,"currency":"usd","status":"lost"}"#,
        r#"{"object":"dispute","id":"du_4","livemode":true,"amount":1,"currency":"usd","status":"\ud800"}"#,
        "7",
        "null",
        &deep,
    ];
    let mut objects = vec![good];
    objects.extend(odd);
    objects.push(good);
    let read = disputes(list(&objects, false), &own()).await;
    assert_eq!(read.len(), objects.len());
    for (read, body) in read.iter().zip(&objects) {
        assert_eq!(read.body, body.as_bytes());
        assert!(read.event.id.as_str().starts_with("sha256:"), "{}", read.event.id);
    }
    observation(&read[0].event);
    observation(&read[8].event);
    let no_object = "the body: expected one JSON object, nested at most 127 deep";
    let reasons: Vec<_> = read[1..8].iter().map(|read| reason(&read.event)).collect();
    assert_eq!(
        reasons,
        [
            "amount: expected an integer number of minor units",
            "object: expected \"dispute\"",
            "livemode: expected true or false",
            no_object,
            no_object,
            no_object,
            no_object,
        ]
    );
}

#[tokio::test]
async fn a_payment_names_the_order() {
    let body = r#"{"object":"dispute","id":"du_1","livemode":true,"amount":1,"currency":"usd","status":"lost",
        "metadata":{},"charge":{"id":"ch_1","metadata":{}},"payment_intent":{"id":"pi_1","metadata":{"order_id":"SO-7"}}}"#;
    let read = disputes(list(&[body], false), &own()).await;
    let claims = &observation(&read[0].event).claims;
    assert_eq!(claims.order_hint, OrderRef::parse("SO-7").ok());
    assert_eq!(claims.charge.as_ref().map(ChargeId::as_str), Some("ch_1"));
}

#[tokio::test]
async fn without_stripes_time_no_dispute_is_read() {
    let body = r#"{"object":"list","data":[],"has_more":false}"#;
    for headers in [&[][..], &["date: yesterday"], &["date: Mon, 01 Sep 2026 09:00:00 GMT"], &["date: 1788253200"]] {
        let server = Server::answering([answer("200 OK", headers, body)]).await;
        let error = server.api().disputes(&own(), Detail::Dispute).await.unwrap_err();
        assert!(matches!(&error, ReadError::Refused { reason } if reason.contains("header Date")), "{error}");
        // Events and movements say themselves when they were.
        assert!(server.api().events(&own()).await.is_ok());
        assert!(server.api().movements(&own(), MovementKind::Fee).await.is_ok());
    }
}

#[tokio::test]
async fn an_event_that_is_listed_is_the_webhook_and_of_the_account_it_was_listed_for() {
    for name in fixtures() {
        let body: Value = serde_json::from_str(&fixture(&name)).unwrap();
        let body = body.to_string();
        let server = Server::answering([list(&[&body], false)]).await;
        let page = server.api().events(&listing("acct_9")).await.unwrap();
        let mut expected = receive(&body);
        expected.account = AccountId::parse("acct_9").unwrap();
        if let Reading::Dispute(observation) = &mut expected.reading {
            observation.key.account = expected.account.clone();
        }
        assert_eq!(page.items, [Read { event: expected, body: body.into_bytes() }], "{name}");
    }
}

#[tokio::test]
async fn a_movement_says_what_it_came_from() {
    let row = |source: &str| {
        format!(
            r#"{{"object":"balance_transaction","id":"txn_1","amount":-7,"fee":2,"net":-9,"currency":"usd",
            "type":"adjustment","reporting_category":"dispute","created":5,"source":{source}}}"#
        )
    };
    let charge = |id: &str| Origin::Charge(ChargeId::parse(id).unwrap());
    let dispute = |id: &str| Origin::Dispute(DisputeId::parse(id).unwrap());
    for (source, expected) in [
        (r#""du_1""#, dispute("du_1")),
        (r#""dp_1""#, dispute("dp_1")),
        (r#"{"id":"du_2","object":"dispute"}"#, dispute("du_2")),
        (r#""ch_1""#, charge("ch_1")),
        (r#""py_1""#, charge("py_1")),
        (r#""re_1""#, Origin::Other),
        ("null", Origin::Other),
    ] {
        let body = row(source);
        let server = Server::answering([list(&[&body], false)]).await;
        let mut page = server.api().movements(&listing("acct_9"), MovementKind::Adjustment).await.unwrap();
        let read = page.items.remove(0);
        assert_eq!((read.account.as_str(), read.cause.as_str()), ("acct_9", "balance_transaction:txn_1"));
        assert_eq!(read.body, body.as_bytes());
        let MovementReading::Movement(movement, origin) = read.reading else { panic!("{source}") };
        assert_eq!((origin, movement.net_minor, movement.category.as_str()), (expected, -9, "withdrawal"));
    }
}

#[tokio::test]
async fn a_row_that_can_not_be_understood_has_a_name_too() {
    let long = format!(r#"{{"id":"{}","amount":1}}"#, "x".repeat(255));
    let rows = [r#"{"id":"txn_1","amount":1.5}"#, r#"{"amount":1}"#, "[]", &long];
    let server = Server::answering([list(&rows, false)]).await;
    let page = server.api().movements(&own(), MovementKind::Fee).await.unwrap();
    let read: Vec<_> = page
        .items
        .iter()
        .map(|read| match &read.reading {
            MovementReading::NotUnderstood { reason } => {
                (read.cause.as_str().split(':').next().unwrap(), reason.as_str())
            }
            other @ MovementReading::Movement(..) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        read,
        [
            ("balance_transaction", "amount: expected an integer number of minor units"),
            ("sha256", "type: expected text of 1 to 255 printable characters"),
            ("sha256", "the body: expected one JSON object, nested at most 127 deep"),
            ("sha256", "type: expected text of 1 to 255 printable characters"),
        ]
    );
}

#[tokio::test]
async fn a_page_says_where_the_next_begins() {
    for (objects, expected) in [
        (&[r#"{"id":"txn_1"}"#, r#"{"id":"txn_2"}"#][..], Some("txn_2")),
        (&[r#"{"id":"txn_1"}"#, r#"{"id":7}"#, "null", "{}", r#"{"id":""}"#], Some("txn_1")),
        (&[r#"{"id":"txn_1","x":"\ud800"}"#], Some("txn_1")),
        (&["{}", "7"], None),
        (&[], None),
        // The page that was asked for already.
        (&[r#"{"id":"txn_0"}"#], None),
    ] {
        let after = Some(Cursor::new("txn_0"));
        let server = Server::answering([list(objects, true), list(objects, false)]).await;
        let page = server.api().movements(&Listing { after, ..own() }, MovementKind::Fee).await;
        match (page, expected) {
            (Ok(page), Some(expected)) => assert_eq!(page.next, Some(Cursor::new(expected)), "{objects:?}"),
            (Err(ReadError::Refused { reason }), None) => {
                assert!(reason.starts_with("a list that has more"), "{reason}");
            }
            (other, _) => panic!("{objects:?}: {other:?}"),
        }
        // Where there is no more, nothing is needed to go on.
        assert_eq!(server.api().movements(&own(), MovementKind::Fee).await.unwrap().next, None);
    }
    let many = vec![r#"{"id":"txn_1"}"#; 101];
    let server = Server::answering([list(&many, true)]).await;
    assert!(matches!(server.api().events(&own()).await, Err(ReadError::Refused { .. })));
}

#[test]
fn a_kept_event_that_names_no_account_is_of_the_book_that_kept_it() {
    let account = |id: &str| AccountId::parse(id).unwrap();
    let read = read_kept(&account("acct_listed"), &fixture("won_closed"));
    assert_eq!((&read.account, &observation(&read).key.account), (&account("acct_listed"), &account("acct_listed")));
    let named = read_kept(&AccountId::own(), &fixture("connected_account"));
    assert_ne!(named.account, AccountId::own());
    let kept_elsewhere = read_kept(&account("acct_listed"), &fixture("connected_account"));
    assert_eq!(kept_elsewhere, named, "what it names counts");
}
