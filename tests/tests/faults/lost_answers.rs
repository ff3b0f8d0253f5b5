use std::slice::from_ref;

use chargebook_tests::{
    Pace, Proxy, Sending, Server, TEST_MODE, assert_booked_once, assert_same_books, in_order, with_orders,
};

use super::{CONNECTIONS, Load, calm, stories};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_booked_once() {
    const TIMES: usize = 5;
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let proxy = Proxy::before(&url).await;
    let server = Server::start(&proxy.url(&url), &TEST_MODE).await;
    // Each is sent until it is acknowledged and no more: only those of which the answer was lost can be known before.
    let events = in_order(&stories);
    let sending = Sending::start(from_ref(&server.base), events.clone(), Pace::Connections(CONNECTIONS));
    for part in 1..=TIMES {
        sending.until(|seen| seen.acknowledged.len() >= events.len() * part / (TIMES + 1)).await;
        proxy.lose_answers(1);
        sending.until(|seen| seen.resulted_in("duplicate") >= part || proxy.lost_answers() < part).await;
    }
    let seen = sending.finish().await;
    assert_eq!(proxy.lost_answers(), TIMES);
    assert!(seen.resulted_in("duplicate") >= TIMES, "{:?}", seen.refused);
    assert_booked_once(&url, &events, &seen).await;
    assert_same_books(&url, &calm(&stories).await).await;
    assert_eq!(server.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_reset_again_and_again_lose_nothing() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    let proxy = Proxy::before(&url).await;
    let server = Server::start(&proxy.url(&url), &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    for percent in (5..95).step_by(5) {
        load.is_at(percent).await;
        proxy.cut();
    }
    load.ends_well(&url).await;
    assert_eq!(server.stop().await, 0);
}
