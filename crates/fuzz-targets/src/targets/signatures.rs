//! The header with the signature: a line, and the body below it. In the header `SIGNED` stands for the right signature of
//! the body at the header's own time, `FOREIGN` for one by another secret and `NOW` for the time of arrival, so that a
//! changed header can still be a right one.

use std::fmt::Write;
use std::sync::LazyLock;

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource};
use chargebook_source_stripe::StripeDisputeSource;
use chargebook_source_woocommerce::{WooSource, sign as sign_as_shop};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{now, own};

const SECRETS: [&str; 2] = ["whsec_one", "whsec_two"];
const FOREIGN: &str = "whsec_three";

pub(crate) const WORDS: &[&str] = &[
    "SIGNED",
    "FOREIGN",
    "NOW",
    "t=NOW",
    "v1=SIGNED",
    "v1=FOREIGN",
    "v0=",
    ",",
    "=",
    " ",
    "t=",
    "t=-",
    "t=+",
    "+NOW",
    "t=9223372036854775807",
    "t=-9223372036854775808",
    "t=1789999700",
    "t=1790000301",
    "==",
    "webhook_id=1",
];

static STRIPE: LazyLock<StripeDisputeSource> =
    LazyLock::new(|| StripeDisputeSource::new(SECRETS.iter().map(|secret| (*secret).into()).collect()).unwrap());

static SHOP: LazyLock<WooSource> =
    LazyLock::new(|| WooSource::new(own(), SECRETS.iter().map(|secret| (*secret).into()).collect()).unwrap());

/// The header and the body of an input; `None` for a header that no server would hand on.
fn parts(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, body) = (input.get(..end)?, input.get(end + 1..).unwrap_or_default());
    Some((std::str::from_utf8(header).ok()?, body))
}

/// The hexadecimal digits that Stripe would send for this time, in Unix seconds.
fn digits(body: &str, secret: &str, at: i64) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(format!("{at}.{body}"));
    mac.finalize().into_bytes().iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

/// Every time that the header could be read to be of.
fn times(header: &str) -> Vec<i64> {
    header.split(',').filter_map(|pair| pair.strip_prefix("t=")?.parse().ok()).collect()
}

/// An accepted header has a signature of the body by one of the secrets, at a time within 300 seconds; and a header that
/// Stripe would send is accepted.
pub(crate) fn stripe(input: &[u8]) {
    let Some((header, body)) = parts(input) else { return };
    let Ok(text) = std::str::from_utf8(body) else {
        let delivery = Delivery { signature: Some(header), body, received_at: now() };
        assert_eq!(STRIPE.receive(&delivery), Err(DeliveryRefused::BodyNotUtf8));
        return;
    };
    let header = header.replace("NOW", &now().timestamp().to_string());
    let at = times(&header).last().copied().unwrap_or_default();
    let header = header.replace("SIGNED", &digits(text, SECRETS[1], at)).replace("FOREIGN", &digits(text, FOREIGN, at));
    let accepted = STRIPE.receive(&Delivery { signature: Some(&header), body, received_at: now() });
    let near: Vec<_> = times(&header).into_iter().filter(|at| now().timestamp().abs_diff(*at) <= 300).collect();
    let signatures: Vec<_> = header.split(',').filter_map(|pair| pair.strip_prefix("v1=")).collect();
    let is_right = |at: &i64| {
        let right = SECRETS.map(|secret| digits(text, secret, *at));
        signatures.iter().any(|given| right.iter().any(|right| right.eq_ignore_ascii_case(given)))
    };
    let as_stripe_writes = |at: &i64| header == format!("t={at},v1={}", digits(text, SECRETS[1], *at));
    match accepted {
        Ok(_) => assert!(near.iter().any(is_right), "{header:?} was accepted"),
        Err(_) => assert!(!near.iter().any(as_stripe_writes), "{header:?} was refused"),
    }
}

/// A shop's header is accepted exactly if it is the signature by one of the secrets.
pub(crate) fn shop(input: &[u8]) {
    let Some((header, body)) = parts(input) else { return };
    let header = header.replace("SIGNED", &sign_as_shop(body, SECRETS[0]));
    let header = header.replace("FOREIGN", &sign_as_shop(body, FOREIGN));
    let accepted = SHOP.receive(&Delivery { signature: Some(&header), body, received_at: now() });
    let is_right = SECRETS.iter().any(|secret| header.trim() == sign_as_shop(body, secret));
    let refusal = accepted.err();
    assert!(is_right || refusal == Some(DeliveryRefused::SignatureInvalid), "{header:?}: {refusal:?}");
    let is_text = std::str::from_utf8(body).is_ok();
    assert!(!is_right || refusal == (!is_text).then_some(DeliveryRefused::BodyNotUtf8), "{header:?}: {refusal:?}");
    let unsigned = SHOP.receive(&Delivery { signature: None, body, received_at: now() }).err();
    assert!(matches!(unsigned, Some(DeliveryRefused::SignatureMissing | DeliveryRefused::TriedOut)), "{unsigned:?}");
}

pub(crate) fn stripe_corpus() -> Vec<Vec<u8>> {
    let headers = [
        "t=NOW,v1=SIGNED",
        "t=NOW,v1=FOREIGN,v1=SIGNED,v0=SIGNED",
        "v1=SIGNED,t=1789999700",
        "t=1789999699,v1=SIGNED",
        "t=NOW,v1=FOREIGN",
        "t=NOW,v0=SIGNED",
    ];
    let bodies = ["{}", "", "{\"id\":\"evt_1\",\"type\":\"charge.refunded\"}"];
    headers.iter().flat_map(|header| bodies.map(|body| format!("{header}\n{body}").into_bytes())).collect()
}

pub(crate) fn shop_corpus() -> Vec<Vec<u8>> {
    ["SIGNED\n{}", " SIGNED \n", "FOREIGN\n{}", "\nwebhook_id=17", "SIGNED\n\u{e9}"]
        .map(|input| input.as_bytes().to_vec())
        .to_vec()
}
