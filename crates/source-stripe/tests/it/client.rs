//! The client: what it may be set up with, what it sends, and what it says of each refusal.

use chargebook_domain::ports::{Detail, DisputeReader, Listing, MovementKind, Period, ReadError};
use chargebook_domain::{AccountId, DisputeId, DisputeKey};
use chargebook_source_stripe::{ApiSettingsError, PermissionState, StripeApi};

use crate::server::{DATE, ERROR, KEY, Server, answer, list, ok};
use crate::support::at;

fn listing() -> Listing {
    Listing { account: AccountId::own(), period: Period { from: at(100), until: at(200) }, after: None }
}

fn key(account: &str, dispute: &str) -> DisputeKey {
    DisputeKey { account: AccountId::parse(account).unwrap(), dispute: DisputeId::parse(dispute).unwrap() }
}

fn refused(reason: &str) -> ReadError {
    ReadError::Refused { reason: reason.to_owned() }
}

#[tokio::test]
async fn each_request_asks_for_what_its_listing_says() {
    let server = Server::answering([list(&[], false)]).await;
    for path in ["", "/", "/behind/a/proxy", "/behind/a/proxy/"] {
        let api = crate::server::api(&format!("{}{path}", server.base()));
        api.disputes(&listing(), Detail::Dispute).await.unwrap();
        let prefix = path.trim_end_matches('/');
        let expected = format!("{prefix}/v1/disputes?limit=100&created[gte]=100&created[lt]=200");
        assert_eq!(server.targets().last(), Some(&expected));
    }
    let api = server.api();
    api.disputes(&listing(), Detail::WithPayment).await.unwrap();
    api.events(&Listing { after: Some(chargebook_domain::ports::Cursor::new("evt_7&limit=1")), ..listing() })
        .await
        .unwrap();
    // Within a second, a bound means the next one.
    let period = Period { from: at(100) + chrono::TimeDelta::milliseconds(1), until: at(200) };
    let connected = AccountId::parse("acct_1RkConnected").unwrap();
    api.movements(&Listing { account: connected, period, after: None }, MovementKind::Adjustment).await.unwrap();
    api.movements(&listing(), MovementKind::Fee).await.unwrap();
    assert_eq!(
        server.targets()[4..],
        [
            "/v1/disputes?limit=100&created[gte]=100&created[lt]=200&expand[]=data.charge&expand[]=data.payment_intent",
            "/v1/events?limit=100&created[gte]=100&created[lt]=200&type=charge.dispute.*&starting_after=evt_7%26limit%3d1",
            "/v1/balance_transactions?limit=100&created[gte]=101&created[lt]=200&type=adjustment",
            "/v1/balance_transactions?limit=100&created[gte]=100&created[lt]=200&type=stripe_fee",
        ]
    );
    for (index, request) in server.requests().iter().enumerate() {
        assert!(request.contains("authorization: bearer rk_test_hidden\r\n"), "{request}");
        assert!(request.contains("stripe-version: 2026-09-30.endive\r\n"), "{request}");
        assert_eq!(request.contains("stripe-account: acct_1rkconnected\r\n"), index == 6, "{request}");
        assert!(request.starts_with("get ") && !request.contains("referer"), "{request}");
    }
}

#[tokio::test]
async fn one_dispute_is_asked_for_by_its_id_and_with_its_payment() {
    let dispute = r#"{"object":"dispute","id":"du_1","livemode":true,"amount":1,"currency":"usd","status":"lost"}"#;
    let server = Server::answering([ok(dispute)]).await;
    server.api().dispute(&key("acct_1", "du_1")).await.unwrap();
    assert_eq!(server.targets(), ["/v1/disputes/du_1?expand[]=charge&expand[]=payment_intent"]);
    assert!(server.requests()[0].contains("stripe-account: acct_1\r\n"));
    // An id that is not Stripe's is not asked for, so that it can't lead elsewhere.
    for id in ["..", "du_1/close", "du_1?", "du_1#", "du_é", "%2e%2e"] {
        assert_eq!(server.api().dispute(&key("default", id)).await, Err(ReadError::NotFound), "{id}");
    }
    // The answer is about another dispute.
    let not_stripe = "not an answer of Stripe's API: check stripe.api_base, and proxies on the way";
    assert_eq!(server.api().dispute(&key("default", "du_2")).await, Err(refused(not_stripe)));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let account_invalid = r#"{"error":{"code":"account_invalid"}}"#;
    let not_stripe = "not an answer of Stripe's API: check stripe.api_base, and proxies on the way";
    for (status, body, expected) in [
        (
            "401 Unauthorized",
            ERROR,
            "Stripe does not accept the API key: it is mistyped, expired or revoked; set one that is valid",
        ),
        (
            "403 Forbidden",
            ERROR,
            "the API key may not read this: give it the permission to read \"Balance transactions\" in Stripe's dashboard",
        ),
        (
            "403 Forbidden",
            account_invalid,
            "the API key has no access to this connected account: check stripe.accounts, and that it is still connected",
        ),
        (
            "400 Bad Request",
            ERROR,
            "Stripe refused the request with HTTP status 400: see the request log in Stripe's dashboard",
        ),
        (
            "404 Not Found",
            ERROR,
            "Stripe refused the request with HTTP status 404: see the request log in Stripe's dashboard",
        ),
        ("403 Forbidden", "<html>", not_stripe),
        ("404 Not Found", "<html>", not_stripe),
        ("200 OK", r#"{"object":"dispute"}"#, not_stripe),
        ("200 OK", r#"{"object":"search_result","data":[],"has_more":false}"#, not_stripe),
        ("200 OK", r#"{"object":"list","data":{},"has_more":false}"#, not_stripe),
        ("200 OK", r#"{"object":"list","data":[]}"#, not_stripe),
    ] {
        let server = Server::answering([answer(status, &[], body)]).await;
        let error = server.api().movements(&listing(), MovementKind::Fee).await.unwrap_err();
        assert_eq!(error, refused(expected), "{status} {body}");
        assert_eq!(server.requests().len(), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn only_stripe_itself_can_say_that_there_is_no_such_dispute() {
    for (body, not_found) in [(ERROR, true), ("<html>", false), ("{}", false), ("", false)] {
        let server = Server::answering([answer("404 Not Found", &[], body)]).await;
        let error = server.api().dispute(&key("default", "du_1")).await.unwrap_err();
        assert_eq!(error == ReadError::NotFound, not_found, "{body}: {error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering([list(&[], false)]).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}/v1/events", elsewhere.base());
        let server = Server::answering([answer(status, &[&location], "")]).await;
        let error = server.api().events(&listing()).await.unwrap_err();
        let expected =
            "the answer is a redirect, which is not followed as the key would go elsewhere: check stripe.api_base";
        assert_eq!(error, refused(expected));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_key_that_may_not_read_payments_reads_disputes_and_asks_for_no_more() {
    let denied = answer("403 Forbidden", &[], ERROR);
    let dispute = r#"{"object":"dispute","id":"du_1","livemode":true,"amount":1,"currency":"usd","status":"lost"}"#;
    let server = Server::answering([denied, list(&[], false), list(&[], false), ok(dispute)]).await;
    let api = server.api();
    api.disputes(&listing(), Detail::WithPayment).await.unwrap();
    api.disputes(&listing(), Detail::WithPayment).await.unwrap();
    api.dispute(&key("default", "du_1")).await.unwrap();
    let expanded: Vec<_> = server.targets().iter().map(|target| target.contains("expand")).collect();
    assert_eq!(expanded, [true, false, false, false]);
}

#[tokio::test]
async fn a_key_that_may_not_read_disputes_is_told_so() {
    let server = Server::answering([answer("403 Forbidden", &[], ERROR)]).await;
    let api = server.api();
    for _ in 0..2 {
        let error = api.disputes(&listing(), Detail::WithPayment).await.unwrap_err();
        let expected =
            "the API key may not read this: give it the permission to read \"Disputes\" in Stripe's dashboard";
        assert_eq!(error, refused(expected));
    }
    // It may be given the permission any time, and the payments with it.
    assert_eq!(server.targets().iter().filter(|target| target.contains("expand")).count(), 2);
}

#[tokio::test]
async fn the_permissions_are_told_apart() {
    let denied = answer("403 Forbidden", &[], ERROR);
    let good = list(&[r#"{"anything":1}"#], true);
    let server = Server::answering([good.clone(), denied, good]).await;
    let permissions = server.api().permissions().await;
    let states: Vec<_> = permissions.iter().map(|it| (it.name, it.state.clone())).collect();
    let (granted, missing) = (PermissionState::Granted, PermissionState::Missing);
    assert_eq!(
        states,
        [
            ("Disputes", granted.clone()),
            ("Events", missing),
            ("Balance transactions", granted.clone()),
            ("Charges", granted.clone()),
            ("PaymentIntents", granted),
        ]
    );
    let paths = ["disputes", "events", "balance_transactions", "charges", "payment_intents"];
    assert_eq!(server.targets(), paths.map(|path| format!("/v1/{path}?limit=1")));
}

#[tokio::test]
async fn what_is_wrong_with_the_key_is_asked_once() {
    let server = Server::answering([answer("401 Unauthorized", &[&format!("date: {DATE}")], ERROR)]).await;
    for permission in server.api().permissions().await {
        assert!(matches!(permission.state, PermissionState::Unknown(ReadError::Refused { .. })), "{permission:?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_key_goes_only_over_https_or_to_this_machine() {
    for (base, expected) in [
        ("https://api.stripe.com/", Ok(())),
        ("https://proxy.example/stripe", Ok(())),
        ("http://localhost:12111", Ok(())),
        ("http://127.0.0.1:12111", Ok(())),
        ("http://[::1]:12111", Ok(())),
        ("http://api.stripe.com/", Err(ApiSettingsError::BaseInsecure)),
        ("http://127.0.0.1.example/", Err(ApiSettingsError::BaseInsecure)),
        ("http://localhost.example/", Err(ApiSettingsError::BaseInsecure)),
        ("http://10.0.0.1/", Err(ApiSettingsError::BaseInsecure)),
        ("ftp://127.0.0.1/", Err(ApiSettingsError::Base)),
        ("https://me:secret@api.stripe.com/", Err(ApiSettingsError::Base)),
        ("https://me@api.stripe.com/", Err(ApiSettingsError::Base)),
        ("https://api.stripe.com/?v1=", Err(ApiSettingsError::Base)),
        ("https://api.stripe.com/#", Err(ApiSettingsError::Base)),
        ("api.stripe.com", Err(ApiSettingsError::Base)),
        ("", Err(ApiSettingsError::Base)),
    ] {
        let made = StripeApi::new(&KEY.into(), Some(base), StripeApi::REQUESTS_PER_SECOND);
        assert_eq!(made.map(|_| ()), expected, "{base}");
        assert_eq!(StripeApi::check_settings(&KEY.into(), Some(base)), expected, "{base}");
    }
    assert!(StripeApi::new(&KEY.into(), None, StripeApi::REQUESTS_PER_SECOND).is_ok());
}

#[test]
fn only_secret_and_restricted_keys_are_keys_and_none_is_printed() {
    for key in ["", "pk_live_1", "whsec_1", " sk_live_1", "sk_live_1\n", "sk_live_\u{e9}"] {
        assert_eq!(StripeApi::check_settings(&key.into(), None), Err(ApiSettingsError::Key), "{key:?}");
    }
    for key in ["sk_test_hidden", "rk_live_hidden"] {
        let api = StripeApi::new(&key.into(), None, StripeApi::REQUESTS_PER_SECOND).unwrap();
        assert!(!format!("{api:?}").contains("hidden"));
    }
}
