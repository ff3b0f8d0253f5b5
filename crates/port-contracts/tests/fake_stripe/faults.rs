//! Scripted faults and the limiter. Where time matters it stands still, and passes when nothing else happens.

use std::io::ErrorKind;
use std::time::Duration;

use chargebook_port_contracts::fake_stripe::{Endpoint, FakeStripe, Fault, Resource, busiest_second};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::client::Client;
use crate::{at_the_end_of, told};

const LIST: &str = "/v1/disputes?limit=5";
const AN_HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn each_fault_meets_one_request_and_the_next_is_answered() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    let right = client.page(LIST).await;
    fake.script([
        Fault::TooMany { retry_after: None },
        Fault::TooMany { retry_after: Some("7".into()) },
        Fault::LockTimeout,
        Fault::ServerError,
        Fault::BadGatewayHtml,
        Fault::PageInsteadOfJson,
        Fault::Redirect { location: "http://127.0.0.1:9/".into() },
        Fault::NoDate,
    ]);
    let mut seen = Vec::new();
    for _ in 0..8 {
        let answer = client.get(LIST).await;
        let header = |name| answer.header(name).unwrap_or("-").to_owned();
        let is_json = serde_json::from_str::<Value>(&answer.body).is_ok();
        seen.push((answer.status, is_json, header("retry-after"), header("location"), header("date") != "-"));
    }
    let (none, wait, elsewhere) = ("-".to_owned(), "7".to_owned(), "http://127.0.0.1:9/".to_owned());
    let plain = |status, is_json| (status, is_json, none.clone(), none.clone(), true);
    let expected = [
        plain(429, true),
        (429, true, wait, none.clone(), true),
        plain(409, true),
        plain(500, true),
        plain(502, false),
        plain(200, false),
        (307, false, none.clone(), elsewhere, true),
        (200, true, none.clone(), none.clone(), false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(client.page(LIST).await, right);
}

#[tokio::test]
async fn a_fault_can_be_kept_for_one_endpoint() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    fake.script_at(Endpoint::List(Resource::Charges), [Fault::ServerError]);
    fake.script_at(Endpoint::Retrieve(Resource::Disputes), [Fault::LockTimeout]);
    let disputes = client.page(LIST).await;
    let one = format!("/v1/disputes/{}", disputes[0]["id"].as_str().unwrap());
    assert_eq!(client.get(&one).await.error(), "lock_timeout");
    assert_eq!(client.get(&one).await.status, 200);
    assert_eq!(client.get("/v1/charges").await.status, 500);
    assert_eq!(client.get("/v1/charges").await.status, 200);
}

#[tokio::test]
async fn an_answer_can_break_off() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    let right = client.page(LIST).await;
    for (fault, kind) in [
        (Fault::Reset, ErrorKind::ConnectionReset),
        (Fault::ResetMidway, ErrorKind::ConnectionReset),
        (Fault::CutOff, ErrorKind::UnexpectedEof),
    ] {
        fake.script([fault]);
        let mut client = Client::of(&fake).await;
        assert_eq!(client.send("GET", LIST).await.unwrap_err().kind(), kind);
    }
    fake.script([Fault::LengthTooShort]);
    let short = client.get(LIST).await;
    assert_eq!(short.status, 200);
    assert!(serde_json::from_str::<Value>(&short.body).is_err());
    assert_eq!(Client::of(&fake).await.page(LIST).await, right);
    let statuses: Vec<_> = fake.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(200), None, Some(200), Some(200), Some(200), Some(200)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_come_late_or_never() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    let right = client.page(LIST).await;
    fake.script([Fault::Slow(AN_HOUR), Fault::Hang]);
    let asked = Instant::now();
    assert_eq!(client.page(LIST).await, right);
    assert!(asked.elapsed() >= AN_HOUR);
    assert!(timeout(AN_HOUR, client.get(LIST)).await.is_err());
    fake.has_read(3).await;
    assert!(timeout(AN_HOUR, fake.has_read(4)).await.is_err());
    assert_eq!(Client::of(&fake).await.page(LIST).await, right);
}

#[tokio::test]
async fn one_object_of_a_page_can_be_odd() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    let right = client.page(LIST).await;
    let odd = json!({"object": "dispute", "amount": "ten"});
    for (at, place) in [(0, 0), (2, 2), (99, 4)] {
        fake.script([Fault::OddObject { at, object: odd.clone() }]);
        let mut expected = right.clone();
        expected[place] = odd.clone();
        assert_eq!(client.page(LIST).await, expected);
    }
    fake.script([Fault::OddObject { at: 0, object: odd.clone() }]);
    assert_eq!(client.get(&format!("/v1/disputes/{}", right[0]["id"].as_str().unwrap())).await.json(), odd);
    assert_eq!(client.page(LIST).await, right);
}

#[tokio::test(start_paused = true)]
async fn the_limiter_refuses_what_is_over_the_rate_of_its_endpoint() {
    let (fake, mut client) = at_the_end_of(&told()[..20]).await;
    fake.connected("acct_1");
    fake.limit_to(Some(3));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(client.get(LIST).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(client.get("/v1/charges").await.status, 200);
    client.account = Some("acct_1");
    assert_eq!(client.get(LIST).await.status, 200);
    client.account = None;
    tokio::time::advance(Duration::from_millis(999)).await;
    let limited = client.get(LIST).await;
    assert_eq!((limited.status, limited.error().as_str()), (429, "rate_limit"));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(client.get(LIST).await.status, 200);
    fake.limit_to(None);
    for _ in 0..5 {
        assert_eq!(client.get(LIST).await.status, 200);
    }
    let disputes: Vec<_> = of_the_key(&fake).collect();
    assert_eq!((disputes.len(), busiest_second(&disputes)), (12, 7));
}

/// The lists of disputes that the account of the key was asked for.
fn of_the_key(fake: &FakeStripe) -> impl Iterator<Item = chargebook_port_contracts::fake_stripe::Request> {
    let disputes = Endpoint::List(Resource::Disputes);
    let requests = fake.requests().into_iter();
    requests.filter(move |request| request.endpoint == Some(disputes) && request.account.is_none())
}
