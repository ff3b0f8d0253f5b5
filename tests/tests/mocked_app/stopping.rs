use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chargebook::limits::Limits;
use chargebook::mail_check::{LookAtMail, MailCheck};
use chargebook_tests::until;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::support::{HeldLedger, Running, app, ledger};

#[tokio::test]
async fn a_server_that_is_told_to_stop_finishes_what_it_accepted() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let server = Running::start(app(held.clone())).await;
    let address = server.address;
    let accepted = server.deliver_later("dispute evt_1");
    held.wait_for_batch().await;
    let mut stopped = server.stop();
    assert!(timeout(Duration::from_millis(200), &mut stopped).await.is_err(), "it stopped with a request open");
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
    held.may_go.add_permits(1);
    assert_eq!(accepted.await.unwrap().short(), (200, "recorded".to_owned()));
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_look_at_mail_that_never_ends_holds_up_neither_the_start_nor_the_stop() {
    let mut app = app(Arc::new(ledger()));
    let looks = Arc::new(Semaphore::new(0));
    let begun = Arc::clone(&looks);
    let look: Arc<LookAtMail> = Arc::new(move || {
        begun.add_permits(1);
        Box::pin(pending())
    });
    app.ports.mail_checks = vec![MailCheck { channel: "outlook", look }];
    let server = Running::start(app).await;
    looks.acquire().await.unwrap().forget();
    assert_eq!(server.deliver("dispute evt_1").await.short(), (200, "recorded".to_owned()));
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
    assert_eq!(looks.available_permits(), 0, "it is looked once");
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_server_from_stopping() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(server.get("/health/live").await.status, 200);
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
    drop(idle);
}

#[tokio::test]
async fn what_can_not_be_finished_in_time_is_given_up() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let mut app = app(held.clone());
    app.limits.finish_within = Duration::from_millis(200);
    let server = Running::start(app).await;
    let accepted = server.deliver_later("dispute evt_1");
    held.wait_for_batch().await;
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
    accepted.abort();
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    let mut second = app(Arc::new(ledger()));
    second.listen = server.address;
    let error = chargebook::serve::serve(second, std::future::pending(), |_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), format!("can't listen on {}", server.address));
}

#[tokio::test]
async fn while_it_drains_a_server_serves_and_says_that_it_is_not_ready() {
    let mut app = app(Arc::new(ledger()));
    app.limits.drain_for = Duration::from_mins(1);
    let server = Running::start(app).await;
    assert_eq!(server.get("/health/ready").await.short(), (200, "ready".to_owned()));
    let [ready, live, webhook] = ["/health/ready", "/health/live", "/webhooks/stripe"].map(|path| server.url(path));
    let draining = server.stop();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    until(async || client.get(&ready).send().await.unwrap().status() == 503).await;
    assert!(client.get(&ready).send().await.unwrap().text().await.unwrap().contains("stopping"));
    assert_eq!(client.get(&live).send().await.unwrap().status(), 200);
    let delivery = client.post(&webhook).header("Stripe-Signature", "good").body("dispute evt_1");
    let answer = delivery.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["connection"].to_str().unwrap()), (200, "close"));
    assert!(answer.text().await.unwrap().contains("recorded"));
    draining.abort();
}

#[tokio::test]
async fn a_server_that_has_drained_ends() {
    let mut app = app(Arc::new(ledger()));
    app.limits.drain_for = Duration::from_millis(100);
    let server = Running::start(app).await;
    let address = server.address;
    server.stop().await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}
