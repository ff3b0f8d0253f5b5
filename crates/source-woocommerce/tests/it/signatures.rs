//! What is authentic.

use chargebook_domain::ports::DeliveryRefused;
use chargebook_domain::ports::{Delivery, DisputeSource};
use chargebook_source_woocommerce::{SecretsError, WooSource, sign};
use proptest::prelude::*;

use crate::support::{SECRET, fixture, now, receive_with, shop, source, wrapped};

#[test]
fn a_body_that_was_signed_is_accepted_and_any_other_refused() {
    let body = wrapped(&fixture("event_closed")).to_string();
    let header = sign(body.as_bytes(), SECRET);
    assert!(receive_with(body.as_bytes(), Some(&header)).is_ok());
    let changed = body.replace("4200", "4201");
    for (body, header, expected) in [
        (body.as_str(), None, DeliveryRefused::SignatureMissing),
        (&body, Some(""), DeliveryRefused::SignatureInvalid),
        (&body, Some("not base64"), DeliveryRefused::SignatureInvalid),
        (&body, Some(&header[..20]), DeliveryRefused::SignatureInvalid),
        (&body, Some(sign(body.as_bytes(), "another secret").as_str()), DeliveryRefused::SignatureInvalid),
        (&changed, Some(&header), DeliveryRefused::SignatureInvalid),
        ("{}", Some(sign(b"", SECRET).as_str()), DeliveryRefused::SignatureInvalid),
    ] {
        assert_eq!(receive_with(body.as_bytes(), header), Err(expected));
    }
}

/// Computed by `openssl dgst -sha256 -hmac ... -binary | base64`.
#[test]
fn the_signature_is_base64_of_the_hmac_of_the_raw_body() {
    assert_eq!(sign(br#"{"action":"x"}"#, "secret"), "dYJABTGvl71f1x2xWF1RsJluEsd4lM67sK2CGOhdm70=");
}

#[test]
fn any_of_several_secrets_may_have_signed() {
    let source = source(&["old", "new"]);
    for (secret, accepted) in [("old", true), ("new", true), ("older", false)] {
        let signature = sign(b"{}", secret);
        let delivery = Delivery { signature: Some(&signature), body: b"{}", received_at: now() };
        assert_eq!(source.receive(&delivery).is_ok(), accepted, "{secret}");
    }
}

#[test]
fn a_secret_that_was_copied_as_html_is_the_one_that_woocommerce_signs_with() {
    // WooCommerce signs with what the HTML means; whoever copied the meaning has that at once.
    let meant = r#"q<7>&"o'"#;
    let signature = sign(b"{}", meant);
    let delivery = Delivery { signature: Some(&signature), body: b"{}", received_at: now() };
    for written in [meant, "q&lt;7&gt;&amp;&quot;o&#039;"] {
        assert!(source(&[written]).receive(&delivery).is_ok(), "{written}");
    }
    // Older versions sign with what is written.
    let written = "q&lt;7";
    let signature = sign(b"{}", written);
    let delivery = Delivery { signature: Some(&signature), body: b"{}", received_at: now() };
    assert!(source(&[written]).receive(&delivery).is_ok());
}

#[test]
fn the_signature_comes_before_the_body() {
    let broken = [0xff, 0xfe];
    assert_eq!(receive_with(&broken, Some("AAAA")), Err(DeliveryRefused::SignatureInvalid));
    assert_eq!(receive_with(&broken, Some(&sign(&broken, SECRET))), Err(DeliveryRefused::BodyNotUtf8));
}

#[test]
fn secrets_that_cannot_be_right_are_refused_and_none_is_printed() {
    let new = |secrets: &[&str]| WooSource::new(shop(), secrets.iter().map(|secret| (*secret).into()).collect());
    assert_eq!(new(&[]).unwrap_err(), SecretsError::None);
    for secret in ["", " padded", "padded\n", "two\nlines"] {
        let refused = new(&["good", secret]).unwrap_err();
        assert_eq!(refused, SecretsError::Malformed { position: 2 });
        assert!(!refused.to_string().contains("padded"));
    }
    let printed = format!("{:?}", new(&["Hidden &amp; safe"]).unwrap());
    assert!(!printed.contains("Hidden"), "{printed}");
}

#[test]
fn only_the_form_with_a_webhooks_number_is_a_ping() {
    for (body, expected) in [
        ("webhook_id=1", true),
        ("webhook_id=18446744073709551615", true),
        ("webhook_id=", false),
        ("webhook_id=1&more=2", false),
        ("webhook_id=-1", false),
        ("webhook_id=111111111111111111111", false),
        (" webhook_id=1", false),
        ("{}", false),
        ("", false),
    ] {
        let refused = receive_with(body.as_bytes(), None).unwrap_err();
        assert_eq!(refused == DeliveryRefused::TriedOut, expected, "{body}");
        let signed = receive_with(body.as_bytes(), Some("AAAA")).unwrap_err();
        assert_eq!(signed, DeliveryRefused::SignatureInvalid, "{body}");
    }
}

proptest! {
    #[test]
    fn whatever_a_secret_signed_is_accepted_and_no_other_byte(
        body in "\\PC{0,80}", secret in "[!-~][ -~]{0,40}[!-~]", at in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let source = source(&[&secret]);
        let signature = sign(body.as_bytes(), &secret);
        let receive = |body: &[u8]| source.receive(&Delivery { signature: Some(&signature), body, received_at: now() });
        prop_assert!(receive(body.as_bytes()).is_ok());
        let mut changed = body.into_bytes();
        if changed.is_empty() {
            changed.push(flip);
        } else {
            let at = at.index(changed.len());
            changed[at] ^= flip;
        }
        prop_assert_eq!(receive(&changed), Err(DeliveryRefused::SignatureInvalid));
    }
}
