use std::sync::Arc;

use chargebook_tests::{
    Server, TEST_MODE, assert_lawful, digests, in_order, run, scratch_folder, send_all, shuffled, with_orders,
};

use super::stories;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_inbox_once_more_changes_nothing() {
    let stories = stories();
    let (url, _) = with_orders(&stories).await;
    // What is wrong is told of at each start, which is not what this is about.
    let quiet = [
        TEST_MODE[0],
        ("CHARGEBOOK_ALERTS__QUARANTINED", "false"),
        ("CHARGEBOOK_ALERTS__ORPHAN_DAYS", "0"),
        ("CHARGEBOOK_ALERTS__REINSTATEMENT_DAYS", "0"),
        ("CHARGEBOOK_ALERTS__EVIDENCE_DAYS", "0"),
    ];
    let first = [Arc::new(Server::start(&url, &quiet).await)];
    send_all(&first, in_order(&stories), 8).await;
    let before = digests(&url).await;

    let second = [Arc::new(Server::start(&url, &quiet).await)];
    send_all(&second, shuffled(&stories), 8).await;
    assert_eq!(digests(&url).await, before, "delivered again");

    let settings = [("CHARGEBOOK_DATABASE__URL", url.as_str()), TEST_MODE[0]];
    let folder = scratch_folder();
    for event in in_order(&stories).iter().step_by(40) {
        let ran = run(&folder, &settings, &["events", "replay", &event.id]).await;
        assert!(ran.out.contains("0 events were booked"), "{}{}", ran.out, ran.err);
    }
    assert_eq!(digests(&url).await, before, "replayed");
    assert_lawful(&url).await;
}
