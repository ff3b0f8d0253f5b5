//! What is authentic, and what of a delivery is looked at first.
//!
//! The last test compares the check with async-stripe's.

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, Reading};
use chargebook_source_stripe::{SecretsError, StripeDisputeSource, sign};
use proptest::collection::vec;
use proptest::prelude::*;
use stripe_webhook::{Webhook, WebhookError};

use crate::support::{SECRET, fixture, now, receive_with, seconds_ago, source};

const OTHER: &str = "whsec_two";

/// What the header says behind its timestamp, such as `v1=00ff`.
fn v1(header: &str) -> &str {
    header.split_once(',').unwrap().1
}

fn outcome(body: &[u8], header: &str) -> Result<(), DeliveryRefused> {
    receive_with(body, Some(header)).map(|_| ())
}

#[test]
fn a_body_is_accepted_under_any_of_the_known_secrets() {
    let body = fixture("created");
    for (known, used, accepted) in [
        (&[SECRET][..], SECRET, true),
        (&[SECRET, OTHER], SECRET, true),
        (&[SECRET, OTHER], OTHER, true),
        (&[SECRET], OTHER, false),
        (&[OTHER], SECRET, false),
    ] {
        let header = sign(&body, used, now());
        let delivery = Delivery { signature: Some(&header), body: body.as_bytes(), received_at: now() };
        let expected = if accepted { Ok(()) } else { Err(DeliveryRefused::SignatureInvalid) };
        assert_eq!(source(known).receive(&delivery).map(|_| ()), expected, "{used} of {known:?}");
    }
}

#[test]
fn one_right_signature_among_several_is_enough() {
    let body = fixture("created");
    let (good, other) = (sign(&body, SECRET, now()), sign(&body, OTHER, now()));
    let upper = v1(&good).strip_prefix("v1=").unwrap().to_uppercase();
    let seconds = now().timestamp();
    for header in [
        format!("{good},{}", v1(&other)),
        format!("{other},{}", v1(&good)),
        format!("t={seconds},v1=junk,v1=,{},v0=00ff", v1(&good)),
        format!("{},t={seconds}", v1(&good)),
        format!("t={seconds},v1={upper}"),
    ] {
        assert_eq!(outcome(body.as_bytes(), &header), Ok(()), "{header}");
    }
}

#[test]
fn anything_else_in_the_header_is_no_signature() {
    let body = fixture("created");
    let good = sign(&body, SECRET, now());
    let seconds = now().timestamp();
    for header in [
        String::new(),
        "garbage".to_owned(),
        ",,,".to_owned(),
        "t=,v1=".to_owned(),
        format!("t={seconds}"),
        v1(&good).to_owned(),
        format!("t={seconds},{}", v1(&good).replace("v1=", "v0=")),
        format!("t=soon,{}", v1(&good)),
        format!("t=99999999999999999999,{}", v1(&good)),
        format!("t={},{}", seconds + 1, v1(&good)),
        good.replace(',', ", "),
        good.get(..good.len() - 2).unwrap().to_owned(),
    ] {
        assert_eq!(outcome(body.as_bytes(), &header), Err(DeliveryRefused::SignatureInvalid), "{header:?}");
    }
}

#[test]
fn a_delivery_without_the_header_is_told_so_whatever_its_body_is() {
    for body in [&b"{}"[..], b"\xff", b""] {
        assert_eq!(receive_with(body, None), Err(DeliveryRefused::SignatureMissing));
    }
}

#[test]
fn a_body_that_was_changed_is_refused() {
    let body = fixture("created");
    let header = sign(&body, SECRET, now());
    for changed in [body.replace("12400", "12401"), format!("{body} "), String::new()] {
        assert_eq!(outcome(changed.as_bytes(), &header), Err(DeliveryRefused::SignatureInvalid));
    }
}

#[test]
fn a_body_that_is_not_text_is_refused_as_such() {
    assert_eq!(outcome(b"{\"id\":\"\xff\"}", "t=1,v1=00"), Err(DeliveryRefused::BodyNotUtf8));
}

#[test]
fn a_timestamp_may_be_300_seconds_away_in_either_direction() {
    let body = fixture("created");
    for (age, expected) in [
        (0, Ok(())),
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(DeliveryRefused::TimestampOutOfTolerance)),
        (-301, Err(DeliveryRefused::TimestampOutOfTolerance)),
    ] {
        assert_eq!(outcome(body.as_bytes(), &sign(&body, SECRET, seconds_ago(age))), expected, "{age}");
    }
}

#[test]
fn a_time_too_far_from_now_to_be_counted_is_refused() {
    // From `printf %s '<time>.{}' | openssl dgst -sha256 -hmac whsec_one`: the signatures are right. The second time is as
    // far from now as 64 bits can't say, and would count as near if it were taken from now unchecked.
    for (time, digits) in [
        (i64::MIN, "c46f0b0e6be3b1813027c9abc3cd8df616cd05905354b58932333ca44f771b44"),
        (now().timestamp().wrapping_sub(i64::MIN), "6c7057977b163eb5c5d8bb86f9f570da4e514e64631a5218c6018d9a396255d4"),
    ] {
        let header = format!("t={time},v1={digits}");
        assert_eq!(outcome(b"{}", &header), Err(DeliveryRefused::TimestampOutOfTolerance), "{header}");
    }
}

#[test]
fn the_timestamp_is_told_of_whichever_secret_signed() {
    let body = fixture("created");
    for used in [SECRET, OTHER] {
        let header = sign(&body, used, seconds_ago(301));
        let delivery = Delivery { signature: Some(&header), body: body.as_bytes(), received_at: now() };
        let refused = source(&[SECRET, OTHER]).receive(&delivery);
        assert_eq!(refused, Err(DeliveryRefused::TimestampOutOfTolerance), "{used}");
    }
}

#[test]
fn the_signature_comes_before_the_timestamp_and_both_before_the_body() {
    for body in ["", "no JSON", "{}", "[1]", r#"{"id":"evt_1","type":"charge.dispute.created"}"#] {
        let wrong = sign(body, OTHER, now());
        assert_eq!(outcome(body.as_bytes(), &wrong), Err(DeliveryRefused::SignatureInvalid), "{body}");
        let wrong_and_old = sign(body, OTHER, seconds_ago(301));
        assert_eq!(outcome(body.as_bytes(), &wrong_and_old), Err(DeliveryRefused::SignatureInvalid), "{body}");
        let old = sign(body, SECRET, seconds_ago(301));
        assert_eq!(outcome(body.as_bytes(), &old), Err(DeliveryRefused::TimestampOutOfTolerance), "{body}");
        let authentic = receive_with(body.as_bytes(), Some(&sign(body, SECRET, now()))).unwrap();
        assert!(matches!(authentic.reading, Reading::NotUnderstood { .. }), "{body}: {authentic:?}");
    }
}

#[test]
fn only_whsec_with_something_behind_it_is_a_secret() {
    let refused = |secrets: &[&str]| {
        StripeDisputeSource::new(secrets.iter().map(|secret| (*secret).into()).collect()).unwrap_err()
    };
    assert_eq!(refused(&[]), SecretsError::None);
    for secret in ["", "whsec_", "sk_live_1", "WHSEC_one", " whsec_one", "whsec_one\n", "whsec_\u{e9}"] {
        assert_eq!(refused(&[secret]), SecretsError::Malformed { position: 1 }, "{secret:?}");
        assert_eq!(refused(&[SECRET, secret]), SecretsError::Malformed { position: 2 }, "{secret:?}");
    }
}

#[test]
fn secrets_are_never_printed() {
    assert!(!format!("{:?}", source(&["whsec_hidden"])).contains("hidden"));
    let error = StripeDisputeSource::new(vec!["hidden".into()]).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hidden"));
}

/// What async-stripe says of it; an error of its parser, which refuses older events, comes after its checks.
fn by_async_stripe(body: &str, header: &str) -> Result<(), DeliveryRefused> {
    match Webhook::construct_event_with_timestamp(body, header, SECRET, now().timestamp()) {
        Ok(_) | Err(WebhookError::BadParse(_)) => Ok(()),
        Err(WebhookError::BadTimestamp(_)) => Err(DeliveryRefused::TimestampOutOfTolerance),
        Err(_) => Err(DeliveryRefused::SignatureInvalid),
    }
}

proptest! {
    #[test]
    fn headers_are_judged_as_async_stripe_judges_them(
        body in "[{}\"a-z0-9 é]{0,40}",
        age in prop_oneof![-302..-298_i64, 298..302_i64, -5..5_i64],
        parts in vec(0..8_usize, 0..5),
    ) {
        let at = seconds_ago(age);
        let (good, other) = (sign(&body, SECRET, at), sign(&body, OTHER, at));
        let time = good.split(',').next().unwrap().to_owned();
        let upper = v1(&good).to_uppercase().replace("V1", "v1");
        let pieces = [&time, v1(&good), v1(&other), "v0=00ff", "v1=junk", "v1=", &upper, "t=1"];
        let header = parts.iter().map(|part| pieces[*part]).collect::<Vec<_>>().join(",");
        prop_assert_eq!(outcome(body.as_bytes(), &header), by_async_stripe(&body, &header), "{}", header);
        prop_assert_eq!(&good, &Webhook::generate_test_header(&body, SECRET, Some(at.timestamp())));
    }
}
