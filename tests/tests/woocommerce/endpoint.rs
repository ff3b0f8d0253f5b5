use chargebook_tests::{Ran, assert_lawful, number, run, scratch_folder, text};
use serde_json::{Value, json};

use crate::support::{PATH, SECRET, SETTINGS, closed, deliver, deliver_signed, fixture, start, wrapped};

/// The address in the order, which may stand in no table but that of the orders.
const EMAIL: &str = "pia.fictional@example.test";

#[tokio::test]
async fn an_order_and_then_its_dispute_are_one() {
    let (server, url) = start(&[]).await;
    let order = fixture("order_woopayments").to_string();
    assert_eq!(deliver(&server, &order).await.word, "recorded");
    assert_eq!(deliver(&server, &order).await.word, "duplicate");
    let event = wrapped(&closed());
    let booked = deliver(&server, &event).await;
    assert_eq!((booked.status, booked.text.as_str()), (200, r#"{"result":"recorded"}"#));
    assert_eq!(deliver(&server, &event).await.word, "duplicate", "a replay");
    let matched = "SELECT account || ' ' || order_match || ' ' || order_ref FROM chargebook.disputes
                   JOIN chargebook.order_resolutions USING (account, dispute_id)";
    assert_eq!(text(&url, matched).await, "woo:shop matched 1042");
    assert_lawful(&url).await;
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.source_events").await, 1, "an order is no event");
    let kept = format!("SELECT count(*) FROM chargebook.orders WHERE customer_email = '{EMAIL}'");
    assert_eq!(number(&url, &kept).await, 1);
    let bodies = "SELECT count(*) FROM chargebook.source_event_bodies
                  WHERE position('fictional'::bytea IN body) > 0 OR position('billing'::bytea IN body) > 0";
    assert_eq!(number(&url, bodies).await, 0);
    assert!(!server.log().contains("fictional"), "{}", server.log());
}

#[tokio::test]
async fn a_ping_is_answered_and_nothing_else_that_is_not_signed() {
    let (server, url) = start(&[]).await;
    let post = |body: &str, header| server.post_to(PATH, body.as_bytes().to_vec(), header);
    let ping = post("webhook_id=12", None).await.unwrap();
    assert_eq!((ping.status, ping.text.as_str()), (200, r#"{"result":"ignored"}"#));
    let event = wrapped(&closed());
    for (body, signature, expected) in [
        (event.as_str(), None, "signature_missing"),
        ("webhook_id=12&more=1", None, "signature_missing"),
        ("webhook_id=12", Some("AAAA"), "signature_invalid"),
        (&event, Some("AAAA"), "signature_invalid"),
        (&event, Some(""), "signature_invalid"),
    ] {
        let refused = post(body, signature.map(|value| ("x-wc-webhook-signature", value))).await.unwrap();
        assert_eq!((refused.status, refused.word.as_str()), (400, expected), "{body}");
    }
    let unknown = server.post_to("/webhooks/woocommerce/other", b"webhook_id=12".to_vec(), None).await.unwrap();
    assert_eq!((unknown.status, unknown.word.as_str()), (404, "unknown_source"));
    assert_eq!(server.get(PATH).await.status, 405);
    let large = "x".repeat((1 << 20) + 1);
    let refused = deliver(&server, &large).await;
    assert_eq!((refused.status, refused.word.as_str()), (413, "body_too_large"));
    assert_eq!(server.stop().await, 0);
    let counted = "SELECT string_agg(source || ' ' || answer || ' ' || deliveries, ', ' ORDER BY answer COLLATE \"C\")
                   FROM chargebook.delivery_counts";
    let expected = "woocommerce/shop body_too_large 1, woocommerce/shop signature_invalid 3, \
                    woocommerce/shop signature_missing 2, woocommerce/shop tried_out 1";
    assert_eq!(text(&url, counted).await, expected);
}

#[tokio::test]
async fn what_is_not_understood_is_quarantined_and_of_an_order_no_body_is_kept() {
    let (server, url) = start(&[]).await;
    let mut odd = fixture("order_woopayments");
    odd["total"] = json!("42.005");
    for body in [wrapped(&json!("dispute_created")), odd.to_string()] {
        let answer = deliver(&server, &body).await;
        assert_eq!((answer.status, answer.word.as_str()), (200, "quarantined"), "{body}");
    }
    let reasons = "SELECT string_agg(reason, ' | ' ORDER BY reason) FROM chargebook.source_events";
    let reasons = text(&url, reasons).await;
    assert!(reasons.contains("arg: expected an event, and this is text"), "{reasons}");
    assert!(reasons.contains("total: expected an amount") && !reasons.contains("42.005"), "{reasons}");
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.source_event_bodies").await, 1);
}

#[tokio::test]
async fn orders_of_the_other_mode_are_ignored() {
    let (server, url) = start(&[("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await;
    let answer = deliver(&server, &fixture("order_woopayments").to_string()).await;
    assert_eq!((answer.status, answer.word.as_str()), (200, "ignored"));
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.orders").await, 0);
}

#[tokio::test]
async fn an_event_that_the_bridge_has_cut_is_booked() {
    let (server, url) = start(&[]).await;
    let event = closed();
    let whole = &event["data"]["object"];
    let kept = ["id", "object", "amount", "currency", "status", "created", "charge", "payment_intent", "livemode"];
    let dispute: Value = kept.iter().map(|name| ((*name).to_owned(), whole[*name].clone())).collect();
    let cut = json!({
        "id": event["id"], "type": event["type"], "created": event["created"], "livemode": event["livemode"],
        "data": { "object": dispute }
    });
    assert_eq!(deliver(&server, &wrapped(&cut)).await.word, "recorded");
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.disputes WHERE account = 'woo:shop'").await, 1);
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.movements").await, 0);
}

#[tokio::test]
async fn a_shop_of_the_stripe_account_needs_no_webhooks_of_stripe() {
    let stripe_off = ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", "");
    let default = ("CHARGEBOOK_WOOCOMMERCE__SHOP__ACCOUNT", "default");
    let both = format!("{SECRET}, and another with a comma");
    let file = scratch_folder().join("secrets");
    std::fs::write(&file, format!("another\n{both}\n")).unwrap();
    let file = ("CHARGEBOOK_WOOCOMMERCE__SHOP__WEBHOOK_SECRETS_FILE", file.to_str().unwrap());
    let (server, url) = start(&[stripe_off, default, (SETTINGS[0].0, ""), file]).await;
    let event = wrapped(&closed());
    let signature = chargebook_source_woocommerce::sign(event.as_bytes(), &both);
    assert_eq!(deliver_signed(&server, &event, &signature).await.word, "recorded");
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.disputes WHERE account = 'default'").await, 1);
    let stripe = server.post(b"{}".to_vec(), Some("t=1,v1=00")).await.unwrap();
    assert_eq!((stripe.status, stripe.word.as_str()), (404, "unknown_source"));
}

#[tokio::test]
async fn what_was_quarantined_is_replayed_as_a_shop_wrote_it() {
    let (server, url) = start(&[("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await;
    let live = wrapped(&closed());
    assert_eq!(deliver(&server, &live).await.word, "quarantined", "it is of the other mode");
    let account = ("CHARGEBOOK_WOOCOMMERCE__SHOP__ACCOUNT", "default");
    let default =
        chargebook_tests::Server::start(&url, &[SETTINGS[0], account, ("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await;
    assert_eq!(deliver(&default, &live).await.word, "quarantined");
    let settings = [("CHARGEBOOK_DATABASE__URL", url.as_str()), SETTINGS[0], account];
    let Ran { code, out, err } = run(&scratch_folder(), &settings, &["events", "replay"]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let recorded = "SELECT count(*) FROM chargebook.source_events WHERE disposition = 'recorded'";
    assert_eq!(number(&url, recorded).await, 2, "{out}");
}
