//! What is logged while a shop is asked.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use chargebook_domain::ports::ShopReader;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{ERROR, Server, answer, ok};
use crate::support::{at, fixture};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_the_key_nor_anything_of_the_shop_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    // While there is just one subscriber, tracing lets each place be switched off for good by whichever thread comes there
    // first; the threads of other tests have none.
    let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _logging = tracing::subscriber::set_default(subscriber);
    let orders = json!([fixture("order_woopayments")]).to_string();
    let server = Server::answering([answer("503 Service Unavailable", &[], ERROR), ok(&orders), ok("<html>Pia")]).await;
    let api = server.api();
    assert_eq!(api.orders(at(0), None).await.unwrap().items.len(), 1);
    api.orders(at(0), None).await.unwrap_err();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for told in ["source.fetch", "source.endpoint=\"orders\"", "source.attempt=1", "HTTP status 503"] {
        assert!(logged.contains(told), "{told}: {logged}");
    }
    for secret in ["hidden", "Y2tfaGlkZGVu", "pia", "Pia", "fictional", "pi_1Woo", "modified_after", "1042"] {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
}
