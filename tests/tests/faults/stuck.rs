use chargebook_tests::{Proxy, Server, TEST_MODE, as_owner, with_orders};
use sqlx::{Connection, PgConnection};

use super::{Load, stories};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_somebody_holds_delays_webhooks_and_loses_none() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let server = Server::start(&url, &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    load.is_at(20).await;

    let mut somebody = PgConnection::connect(&as_owner(&url)).await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    sqlx::query("LOCK TABLE chargebook.disputes").execute(&mut *transaction).await.unwrap();
    load.is_refused().await;
    assert_eq!(server.get("/health/live").await.status, 200);
    transaction.rollback().await.unwrap();

    load.ends_well(&url).await;
    assert_eq!(server.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_freezes_is_not_ready_and_goes_on_where_it_was() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let proxy = Proxy::before(&url).await;
    let server = Server::start(&proxy.url(&url), &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    load.is_at(20).await;
    proxy.freeze();
    assert_eq!(server.get("/health/ready").await.status, 503);
    load.is_refused().await;
    proxy.thaw();
    load.ends_well(&url).await;
    assert_eq!(server.stop().await, 0);
}

/// So it is after the database was moved to another machine, and nobody told the old connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_dead_and_do_not_end_are_replaced() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let proxy = Proxy::before(&url).await;
    let server = Server::start(&proxy.url(&url), &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    load.is_at(20).await;
    proxy.strand();
    load.ends_well(&url).await;
    assert_eq!(server.stop().await, 0);
}
