//! Whole lifecycles over real HTTP into real PostgreSQL, in any order and any number of times. What happens when something
//! fails meanwhile is in the tests of faults.

use std::sync::Arc;

use chargebook_tests::{Server, TEST_MODE, assert_lawful, books, in_order, send_all, shuffled, told, with_orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_any_number_of_deliveries_and_any_number_of_servers_end_in_the_same_books() {
    let stories = told(150);
    let (ordered, _) = with_orders(&stories).await;
    let one = [Arc::new(Server::start(&ordered, &TEST_MODE).await)];
    send_all(&one, in_order(&stories), 1).await;
    assert_lawful(&ordered).await;
    let expected = books(&ordered).await;
    assert!(expected.iter().all(|(_, rows)| rows.len() > 100), "there is something to compare");

    let (jumbled, _) = with_orders(&stories).await;
    let two =
        [Arc::new(Server::start(&jumbled, &TEST_MODE).await), Arc::new(Server::start(&jumbled, &TEST_MODE).await)];
    send_all(&two, shuffled(&stories), 32).await;
    assert_lawful(&jumbled).await;
    for (got, expected) in books(&jumbled).await.into_iter().zip(expected) {
        assert_eq!(got.1, expected.1, "{}", got.0);
    }
}
