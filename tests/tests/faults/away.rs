use std::time::Instant;

use chargebook_tests::{OwnPostgres, Server, Stop, TEST_MODE, import_orders, until};

use super::{Load, stories};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_outlives_its_database_however_that_ends() {
    let stories = stories();
    let (mut postgres, ledger) = OwnPostgres::start().await;
    import_orders(&ledger, &stories).await;
    let server = Server::start(postgres.url(), &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    for (how, percent) in [(Stop::Fast, 20), (Stop::Immediate, 60)] {
        load.is_at(percent).await;
        postgres.stop(how).await;
        let acknowledged = load.is_refused().await;
        assert_eq!(server.get("/health/ready").await.status, 503);
        assert_eq!(server.get("/health/live").await.status, 200);
        postgres.start_again().await.unwrap();
        let back = Instant::now();
        load.sending.until(|seen| seen.acknowledged.len() > acknowledged).await;
        eprintln!("{how:?}: booking {} ms after PostgreSQL was up", back.elapsed().as_millis());
        until(async || server.get("/health/ready").await.status == 200).await;
    }
    load.ends_well(postgres.url()).await;
    assert_eq!(server.stop().await, 0);
}
