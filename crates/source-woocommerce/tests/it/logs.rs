//! What is logged while a shop is asked.

use chargebook_domain::ports::ShopReader;
use chargebook_port_contracts::CapturedLog;
use serde_json::json;

use crate::server::{ERROR, Server, answer, ok};
use crate::support::{at, fixture};

#[tokio::test]
async fn neither_the_key_nor_anything_of_the_shop_is_logged() {
    let log = CapturedLog::start();
    let orders = json!([fixture("order_woopayments")]).to_string();
    let server = Server::answering([answer("503 Service Unavailable", &[], ERROR), ok(&orders), ok("<html>Pia")]).await;
    let api = server.api();
    assert_eq!(api.orders(at(0), None).await.unwrap().items.len(), 1);
    api.orders(at(0), None).await.unwrap_err();
    let logged = log.text();
    for told in ["source.fetch", "source.endpoint=\"orders\"", "source.attempt=1", "HTTP status 503"] {
        assert!(logged.contains(told), "{told}: {logged}");
    }
    for secret in ["hidden", "Y2tfaGlkZGVu", "pia", "Pia", "fictional", "pi_1Woo", "modified_after", "1042"] {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
}
