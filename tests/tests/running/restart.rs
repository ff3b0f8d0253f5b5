//! Servers are restarted one after the other, and no webhook notices.

use std::sync::Arc;

use chargebook_tests::{Server, TEST_MODE, assert_lawful, assert_same_books, in_order, send_all, shuffled, told};
use chargebook_tests::{run, scratch_folder, with_orders};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::steady::{Balancer, Load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_hands_over_to_another_and_no_webhook_is_refused_or_cut_off() {
    let stories = told(15);
    let (url, _) = with_orders(&stories).await;
    // A balancer notices in far less.
    let settings = [TEST_MODE[0], ("CHARGEBOOK_HTTP__DRAIN_SECONDS", "3")];
    let old = Arc::new(Server::start(&url, &settings).await);
    let balancer = Arc::new(Balancer::default());
    balancer.add(&old);
    let load = Load::start(&balancer, &shuffled(&stories));
    load.answered_more(20).await;

    let new = Arc::new(Server::start(&url, &settings).await);
    balancer.add(&new);
    balancer.notices(&new, true).await;
    let process = old.process().to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().await.unwrap().success());
    balancer.notices(&old, false).await;
    let address = old.base.trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).await.is_ok(), "it still serves whoever does not know yet");
    load.answered_more(20).await;
    while TcpStream::connect(&address).await.is_ok() {
        load.answered_more(1).await;
    }
    balancer.remove(&old);
    load.answered_more(20).await;
    load.finish().await;
    assert_eq!(Arc::into_inner(old).unwrap().stop().await, 0);

    let (calm, _) = with_orders(&stories).await;
    send_all(&[Arc::new(Server::start(&calm, &TEST_MODE).await)], in_order(&stories), 4).await;
    assert_same_books(&url, &calm).await;
    assert_lawful(&url).await;
}

#[tokio::test]
async fn a_check_of_health_tells_whether_the_server_is_ready() {
    let (url, _) = with_orders(&[]).await;
    let server = Server::start(&url, &[]).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let folder = scratch_folder();
    let health = async |arguments: &[&str]| run(&folder, &[("CHARGEBOOK_HTTP__LISTEN", &address)], arguments).await;
    let ready = health(&["health"]).await;
    assert_eq!((ready.code, ready.out.as_str()), (0, "ready\n"), "{}", ready.err);
    assert!(health(&["health", "--json"]).await.out.contains("\"status\":\"ready\""));
    assert_eq!(server.stop().await, 0);
    let gone = health(&["health"]).await;
    assert_eq!(gone.code, 1);
    assert!(gone.err.contains("no server answers"), "{}", gone.err);

    let unready = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unready.local_addr().unwrap().to_string();
    let answering = tokio::spawn(async move {
        let (mut asked, _) = unready.accept().await.unwrap();
        assert!(asked.read(&mut [0; 1024]).await.unwrap() > 0);
        asked.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        asked
    });
    let unready = run(&folder, &[("CHARGEBOOK_HTTP__LISTEN", &address)], &["health"]).await;
    drop(answering.await.unwrap());
    assert_eq!(unready.code, 1);
    assert!(unready.err.contains("is not ready (503)"), "{}", unready.err);
}
