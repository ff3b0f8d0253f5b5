//! A shop, and a server that takes its webhooks.

use std::path::Path;

use chargebook_source_woocommerce::sign;
use chargebook_tests::{Reply, Server, fresh_database};
use serde_json::{Value, json};

/// What signs the webhooks of the shop.
pub(crate) const SECRET: &str = "a planted secret of the shop";

/// In which mode the fixtures and the stories are is of no importance here.
pub(crate) const SETTINGS: [(&str, &str); 1] = [("CHARGEBOOK_WOOCOMMERCE__SHOP__WEBHOOK_SECRETS", SECRET)];

pub(crate) const PATH: &str = "/webhooks/woocommerce/shop";

/// A server with a database of its own, and the address of that.
pub(crate) async fn start(settings: &[(&str, &str)]) -> (Server, String) {
    let (url, _) = fresh_database().await;
    (Server::start(&url, &[&SETTINGS, settings].concat()).await, url)
}

/// Delivers a body as the shop does.
pub(crate) async fn deliver(server: &Server, body: &str) -> Reply {
    deliver_signed(server, body, &sign(body.as_bytes(), SECRET)).await
}

pub(crate) async fn deliver_signed(server: &Server, body: &str, signature: &str) -> Reply {
    let header = Some(("x-wc-webhook-signature", signature));
    server.post_to(PATH, body.as_bytes().to_vec(), header).await.unwrap()
}

/// The argument of a hook, as WooCommerce wraps it.
pub(crate) fn wrapped(arg: &Value) -> String {
    json!({ "action": "woocommerce_woopayments_dispute_updated", "arg": arg }).to_string()
}

/// A fixture of the crate that reads them.
pub(crate) fn fixture(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = root.join("crates/source-woocommerce/fixtures").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The fixture of a lost dispute, as the bridge says it: without evidence.
pub(crate) fn closed() -> Value {
    let mut event = fixture("event_closed");
    event["data"]["object"].as_object_mut().unwrap().remove("evidence");
    event
}
