use chargebook_tests::{Server, TEST_MODE, assert_booked_once, in_order, with_orders};

use super::{Load, stories};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_got_a_200_is_booked_exactly_once_through_kill_9() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let mut server = Server::start(&url, &TEST_MODE).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let [mode] = TEST_MODE;
    let events = in_order(&stories);
    let load = Load::start(stories, &[&server]);
    for percent in [10, 30, 60] {
        load.is_at(percent).await;
        server.crash().await;
        assert_booked_once(&url, &events, &load.sending.seen()).await;
        server = Server::start(&url, &[mode, ("CHARGEBOOK_HTTP__LISTEN", &address)]).await;
    }
    load.ends_well(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_servers_on_one_database_any_may_be_killed() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let servers = [
        Server::start(&url, &TEST_MODE).await,
        Server::start(&url, &TEST_MODE).await,
        Server::start(&url, &TEST_MODE).await,
    ];
    let load = Load::start(stories, &servers.each_ref());
    for (server, percent) in servers.iter().zip([20, 50]) {
        load.is_at(percent).await;
        server.kill().await;
    }
    load.ends_well(&url).await;
    let [_, _, last] = servers;
    assert_eq!(last.stop().await, 0);
}
