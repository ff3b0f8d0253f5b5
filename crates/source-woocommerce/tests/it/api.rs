//! The REST API of a shop, over a fake of it.

use chargebook_domain::ports::{ReadError, Reading, ShopReader};
use chargebook_domain::{Basis, DisputeId};
use chargebook_source_woocommerce::{WooApi, WooApiSettingsError};
use serde_json::{Value, json};

use crate::server::{CONSUMER_SECRET, DATE, DATE_UNIX, ERROR, KEY, Server, answer, ok};
use crate::support::{at, fixture, observation, payment, reason, shop, with};

fn dispute(id: &str) -> Value {
    with(&fixture("event_closed")["data"]["object"], "/id", json!(id))
}

fn listed(rows: &[(&str, &str)]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, created)| json!({"dispute_id": id, "created": created, "customer_email": "pia@example.test"}))
        .collect();
    ok(&json!({ "data": rows }).to_string())
}

fn id(text: &str) -> DisputeId {
    DisputeId::parse(text).unwrap()
}

#[tokio::test]
async fn one_dispute_is_read_with_its_money() {
    let body = dispute("dp_1Woo").to_string();
    let server = Server::answering([ok(&body)]).await;
    let read = server.api().dispute(&id("dp_1Woo")).await.unwrap();
    assert_eq!(read.body, body.as_bytes());
    assert_eq!((&read.event.account, read.event.event_type.as_str()), (&shop(), "read.dispute"));
    let said = observation(&read.event);
    assert_eq!((said.basis, said.as_of), (Basis::Read, at(DATE_UNIX - 1)));
    assert_eq!((said.movements.len(), &said.cause), (1, &read.event.id));
    assert_eq!(server.targets(), ["/blog/wp-json/wc/v3/payments/disputes/dp_1Woo"]);
    // The user and the password of the header are the key and the secret: "ck_hidden:cs_hidden" in base64.
    let request = server.requests()[0].to_lowercase();
    assert!(request.contains(&"authorization: Basic Y2tfaGlkZGVuOmNzX2hpZGRlbg==".to_lowercase()), "{request}");
    // Read again without a change, it is the same.
    assert_eq!(server.api().dispute(&id("dp_1Woo")).await.unwrap().event.id, read.event.id);
}

#[tokio::test]
async fn the_list_is_read_page_by_page_down_to_the_time_that_is_asked_for() {
    let from = at(1_788_253_200);
    let server = Server::answering([
        listed(&[("dp_3", "2026-09-03 08:00:00"), ("dp_2", "whenever")]),
        ok(&dispute("dp_3").to_string()),
        ok(&dispute("dp_2").to_string()),
        listed(&[("dp_1", "2026-09-01 09:00:00"), ("dp_0", "2026-09-01 08:59:59")]),
        ok(&dispute("dp_1").to_string()),
    ])
    .await;
    let api = server.api();
    let first = api.disputes(from, None).await.unwrap();
    let second = api.disputes(from, first.next.clone()).await.unwrap();
    let ids: Vec<_> =
        first.items.iter().chain(&second.items).map(|read| observation(&read.event).key.dispute.to_string()).collect();
    assert_eq!(ids, ["dp_3", "dp_2", "dp_1"]);
    assert_eq!(second.next, None);
    let targets = server.targets();
    assert_eq!(targets[0], "/blog/wp-json/wc/v3/payments/disputes?page=1&pagesize=25&sort=created&direction=desc");
    assert!(targets[3].contains("?page=2&"), "{targets:?}");
}

#[tokio::test]
async fn an_empty_list_is_the_end() {
    let server = Server::answering([listed(&[])]).await;
    let page = server.api().disputes(at(0), None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[tokio::test]
async fn a_shop_without_woopayments_has_no_disputes() {
    let no_route = answer("404 Not Found", &[], r#"{"code":"rest_no_route"}"#);
    let page = Server::answering([no_route]).await.api().disputes(at(0), None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[tokio::test]
async fn a_list_that_does_not_end_is_refused() {
    let again = listed(&[("dp_1", "2026-09-03 08:00:00")]);
    let server = Server::answering([again.clone(), ok(&dispute("dp_1").to_string()), again]).await;
    let api = server.api();
    let first = api.disputes(at(0), None).await.unwrap();
    let refused = api.disputes(at(0), first.next.clone()).await.unwrap_err();
    assert!(matches!(&refused, ReadError::Refused { reason } if reason.contains("does not end")), "{refused}");
}

#[tokio::test]
async fn a_dispute_that_the_shop_cannot_give_hides_no_other() {
    let failing = answer("500 Internal Server Error", &[], ERROR);
    let server = Server::answering([
        listed(&[("dp_2", "2026-09-03 08:00:00"), ("dp/../1", "2026-09-03 08:00:00"), ("dp_0", "2026-09-03 08:00:00")]),
        failing.clone(),
        failing.clone(),
        failing.clone(),
        failing,
        ok(&dispute("dp_0").to_string()),
    ])
    .await;
    let page = server.api().disputes(at(0), None).await.unwrap();
    assert!(reason(&page.items[0].event).contains("expected"));
    assert!(reason(&page.items[1].event).contains("expected"));
    assert_ne!(page.items[0].event.id, page.items[1].event.id);
    assert_eq!(observation(&page.items[2].event).key.dispute, id("dp_0"));
    assert!(!String::from_utf8_lossy(&page.items[0].body).contains("pia"));
}

#[tokio::test]
async fn orders_are_read_page_by_page() {
    let order = |id: u32| with(&fixture("order_woopayments"), "/number", json!(id)).to_string();
    let page = |orders: &[String]| {
        answer("200 OK", &[&format!("date: {DATE}"), "X-WP-TotalPages: 2"], &format!("[{}]", orders.join(",")))
    };
    let unpaid = with(&fixture("order_woopayments"), "/date_paid_gmt", Value::Null).to_string();
    let server = Server::answering([page(&[order(1), unpaid, "7".to_owned()]), page(&[order(2)])]).await;
    let api = server.api();
    let first = api.orders(at(1_788_253_200), None).await.unwrap();
    let second = api.orders(at(1_788_253_200), first.next.clone()).await.unwrap();
    assert_eq!(payment(&first.items[0].event).order_ref.as_str(), "1");
    assert_eq!(first.items[0].event.event_type, "read.order");
    assert_eq!(first.items[1].event.reading, Reading::NotADispute);
    assert!(reason(&first.items[2].event).starts_with("the body: expected one JSON object"));
    assert_eq!(payment(&second.items[0].event).order_ref.as_str(), "2");
    assert_eq!(second.next, None);
    assert_eq!(
        server.targets()[0],
        "/blog/wp-json/wc/v3/orders?modified_after=2026-09-01T08:59:59&dates_are_gmt=true&per_page=100&orderby=id&order=asc&page=1"
    );
    assert!(server.targets()[1].ends_with("&page=2"));
}

#[tokio::test]
async fn without_a_count_of_pages_a_full_one_has_another_behind_it() {
    let order = fixture("order_woopayments").to_string();
    let full = vec![order.as_str(); 100].join(",");
    let server = Server::answering([ok(&format!("[{full}]")), ok(&format!("[{order}]"))]).await;
    let api = server.api();
    let first = api.orders(at(0), None).await.unwrap();
    assert_eq!(first.items.len(), 100);
    assert_eq!(api.orders(at(0), first.next.clone()).await.unwrap().next, None);
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    let body = dispute("dp_1").to_string();
    let busy = answer("429 Too Many Requests", &["Retry-After: 0"], ERROR);
    let html = ok("<html>maintenance</html>");
    let server = Server::answering([busy, answer("503 Service Unavailable", &[], ""), html, ok(&body)]).await;
    assert!(server.api().dispute(&id("dp_1")).await.is_ok());
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_begun() {
    let later = format!("date: {DATE}");
    for retry_after in ["Retry-After: 3600", "Retry-After: Tue, 01 Sep 2026 10:00:00 GMT"] {
        let server = Server::answering([answer("429 Too Many Requests", &[&later, retry_after], ERROR)]).await;
        let error = server.api().dispute(&id("dp_1")).await.unwrap_err();
        assert!(matches!(error, ReadError::Unavailable { .. }), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{retry_after}");
    }
}

#[tokio::test]
async fn each_failure_says_what_to_do_and_nothing_of_the_answer() {
    let no_route = r#"{"code":"rest_no_route","message":"pia@example.test"}"#;
    let dated = |body: &str| ok(body);
    for (answer, attempts, words) in [
        (answer("401 Unauthorized", &[], ERROR), 1, "does not accept the consumer key"),
        (answer("403 Forbidden", &[], ERROR), 1, "may not read"),
        (answer("404 Not Found", &[], no_route), 1, "WooPayments is active"),
        (answer("404 Not Found", &[], "<html>ck_hidden</html>"), 1, "not an answer of WooCommerce"),
        (answer("301 Moved Permanently", &["Location: http://moved.test/"], ""), 1, "redirect"),
        (answer("418 I'm a teapot", &[], ERROR), 1, "418"),
        (answer("500 Internal Server Error", &[], ERROR), 4, "500"),
        (answer("429 Too Many Requests", &[], ERROR), 4, "limits"),
        (dated("<html>pia@example.test</html>"), 4, "not an answer of WooCommerce"),
        (dated(r#"{"id":"dp_other"}"#), 1, "not an answer of WooCommerce"),
        (answer("200 OK", &[], r#"{"id":"dp_1"}"#), 1, "the header Date"),
        (String::new(), 4, "did not answer in time"),
    ] {
        let server = Server::answering([answer.clone()]).await;
        let error = server.api().dispute(&id("dp_1")).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("hidden") && !told.contains("pia") && !told.contains("moved.test"), "{told}");
        assert_eq!(server.requests().len(), attempts, "{told}");
    }
    let server = Server::answering([answer("404 Not Found", &[], ERROR)]).await;
    assert_eq!(server.api().dispute(&id("dp_1")).await, Err(ReadError::NotFound));
}

#[tokio::test]
async fn an_answer_has_a_bound() {
    let server = Server::answering([ok(&"x".repeat((32 << 20) + 1))]).await;
    let error = server.api().dispute(&id("dp_1")).await.unwrap_err();
    assert!(error.to_string().contains("32 MiB"), "{error}");
}

#[test]
fn settings_that_cannot_be_right_are_refused_and_none_is_printed() {
    let new = |base: &str, key: &str, secret: &str| {
        WooApi::new(shop(), base, &key.into(), &secret.into()).map(|api| format!("{api:?}"))
    };
    let good = "https://shop.example";
    for (base, key, secret, expected) in [
        (good, "sk_1", CONSUMER_SECRET, WooApiSettingsError::Key),
        (good, "ck_ 1", CONSUMER_SECRET, WooApiSettingsError::Key),
        (good, KEY, "ck_1", WooApiSettingsError::Secret),
        ("shop.example", KEY, CONSUMER_SECRET, WooApiSettingsError::Base),
        ("ftp://shop.example", KEY, CONSUMER_SECRET, WooApiSettingsError::Base),
        ("https://user:pass@shop.example", KEY, CONSUMER_SECRET, WooApiSettingsError::Base),
        ("https://shop.example/?page=1", KEY, CONSUMER_SECRET, WooApiSettingsError::Base),
        ("http://shop.example", KEY, CONSUMER_SECRET, WooApiSettingsError::BaseInsecure),
    ] {
        assert_eq!(new(base, key, secret), Err(expected), "{base}");
    }
    let printed = new(good, KEY, CONSUMER_SECRET).unwrap();
    assert!(!printed.contains("hidden"), "{printed}");
}
