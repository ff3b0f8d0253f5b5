//! The client, against a server that answers once with what it is told.

use std::time::Duration;

use chargebook_source_stripe::{ApiError, ApiSettingsError, StripeApi};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const KEY: &str = "rk_test_hidden";

/// Answers one request, and hands the request back.
async fn answer_once(status: &str, body: &str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request ended early");
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    (address, server)
}

fn api(base: &str) -> StripeApi {
    StripeApi::new(&KEY.into(), Some(base)).unwrap()
}

async fn check_against(status: &str, body: &str) -> Result<(), ApiError> {
    let (base, server) = answer_once(status, body).await;
    let outcome = api(&base).check().await;
    server.await.unwrap();
    outcome
}

#[tokio::test]
async fn one_dispute_is_asked_for_with_the_key() {
    // The item is of an API version that async-stripe would refuse.
    let list = r#"{"object":"list","data":[{"object":"dispute","id":"du_1"}],"has_more":true,"url":"/v1/disputes"}"#;
    for path in ["", "/", "/behind/a/proxy", "/behind/a/proxy/"] {
        let (base, server) = answer_once("200 OK", list).await;
        assert_eq!(api(&format!("{base}{path}")).check().await, Ok(()));
        let request = server.await.unwrap().to_lowercase();
        let expected = format!("get {}/v1/disputes?limit=1 http/1.1\r\n", path.trim_end_matches('/'));
        assert!(request.starts_with(&expected), "{request}");
        assert!(request.contains("authorization: bearer rk_test_hidden\r\n"), "{request}");
        assert!(request.contains("stripe-version: 2026-09-30.endive\r\n"), "{request}");
    }
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let error = r#"{"error":{"type":"invalid_request_error","message":"about rk_test_hidden"}}"#;
    for (status, body, expected) in [
        ("401 Unauthorized", error, ApiError::KeyRefused),
        ("403 Forbidden", error, ApiError::NotPermitted),
        ("429 Too Many Requests", error, ApiError::RateLimited),
        ("400 Bad Request", error, ApiError::Refused { status: 400 }),
        ("500 Internal Server Error", error, ApiError::Unavailable),
        ("503 Service Unavailable", error, ApiError::Unavailable),
        ("502 Bad Gateway", "<html>", ApiError::UnexpectedAnswer),
        ("200 OK", "<html>", ApiError::UnexpectedAnswer),
        ("200 OK", r#"{"object":"dispute"}"#, ApiError::UnexpectedAnswer),
    ] {
        assert_eq!(check_against(status, body).await, Err(expected), "{status} {body}");
        assert!(!format!("{expected} {expected:?}").contains("hidden"));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(api(&base).check().await, Err(ApiError::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let begun = tokio::time::Instant::now();
    assert_eq!(api(&base).check().await, Err(ApiError::Unavailable));
    assert!(begun.elapsed() <= Duration::from_secs(11), "{:?}", begun.elapsed());
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
        assert_eq!(StripeApi::new(&KEY.into(), Some(base)).map(|_| ()), expected, "{base}");
    }
    assert!(StripeApi::new(&KEY.into(), None).is_ok());
}

#[test]
fn only_secret_and_restricted_keys_are_keys_and_none_is_printed() {
    for key in ["", "pk_live_1", "whsec_1", " sk_live_1", "sk_live_1\n", "sk_live_\u{e9}"] {
        assert_eq!(StripeApi::new(&key.into(), None).unwrap_err(), ApiSettingsError::Key, "{key:?}");
    }
    for key in ["sk_test_hidden", "rk_live_hidden"] {
        assert!(!format!("{:?}", StripeApi::new(&key.into(), None).unwrap()).contains("hidden"));
    }
}
