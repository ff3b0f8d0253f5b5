//! What is told of the books, and counted for that.

use chargebook_domain::ports::{Content, Entry, Ledger, Overview};
use chargebook_domain::{BookRules, DeliveryCount, Observation};
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{cause, date, day, dispute_key, observation};
use chrono::TimeDelta;
use sqlx::PgPool;

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

fn count(source: &str, answer: &str, deliveries: u64, on: i64) -> DeliveryCount {
    let (source, answer) = (source.to_owned(), answer.to_owned());
    DeliveryCount { source, day: date(on), answer, deliveries, last_at: day(on) }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn counts_of_several_processes_add_up_and_the_last_time_stays(pool: PgPool) {
    let ledger = ledger(&pool);
    let [stripe, shop] = [count("stripe", "recorded", 2, 1), count("woocommerce/a", "recorded", 3, 1)];
    ledger.count_deliveries(&[stripe.clone(), shop.clone()]).await.unwrap();
    let earlier = DeliveryCount { deliveries: 5, last_at: day(1) - TimeDelta::minutes(1), ..stripe.clone() };
    ledger.count_deliveries(&[count("stripe", "ignored", 1, 2), earlier]).await.unwrap();
    ledger.count_deliveries(&[]).await.unwrap();
    let expected = [DeliveryCount { deliveries: 7, ..stripe }, count("stripe", "ignored", 1, 2), shop];
    assert_eq!(ledger.ingestion(day(2)).await.unwrap().counts, expected);
    let counts = ledger.ingestion(day(1) + TimeDelta::days(91)).await.unwrap().counts;
    assert_eq!(counts, [count("stripe", "ignored", 1, 2)], "those of 90 days");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_last_ten_disputes_are_told_without_doubles(pool: PgPool) {
    let ledger = ledger(&pool);
    for number in 1..=12_i64 {
        let key = dispute_key(&format!("du_{number:02}"));
        let mut observed = Observation { key: key.clone(), ..observation(&format!("evt_{number}"), "lost", day(2)) };
        observed.claims.opened_at = Some(day(1) + TimeDelta::minutes(number));
        book(&ledger, &key, &[observed], BookRules::default(), day(2)).await.unwrap();
    }
    sqlx::query("UPDATE chargebook.disputes SET same_as_account = 'default', same_as_dispute_id = 'du_01' WHERE dispute_id = 'du_11'")
        .execute(&pool)
        .await
        .unwrap();
    let recent = ledger.ingestion(day(3)).await.unwrap().recent;
    let ids: Vec<_> = recent.iter().map(|dispute| dispute.dispute.as_str()).collect();
    assert_eq!(ids, ["du_12", "du_10", "du_09", "du_08", "du_07", "du_06", "du_05", "du_04", "du_03", "du_02"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_booked_after_the_last_delivery_was_fetched(pool: PgPool) {
    let ledger = ledger(&pool);
    let quarantined = Content::Quarantined { reason: "not understood".to_owned() };
    ledger.record(&[Entry { causes: vec![cause("evt_q")], content: quarantined }], day(0)).await.unwrap();
    // The samples are received on day 0.
    book(&ledger, &dispute_key("du_1"), &[observation("evt_1", "lost", day(1))], BookRules::default(), day(1))
        .await
        .unwrap();
    assert_eq!(ledger.ingestion(day(1)).await.unwrap().in_quarantine, 1);
    assert_eq!(ledger.ingestion(day(1)).await.unwrap().fetched, 0, "nothing was ever delivered");
    let before = DeliveryCount { last_at: day(0) - TimeDelta::days(1), ..count("stripe", "recorded", 1, 1) };
    let refused = count("stripe", "signature_invalid", 1, 1);
    ledger.count_deliveries(&[before, refused]).await.unwrap();
    assert_eq!(ledger.ingestion(day(1)).await.unwrap().fetched, 1);
    assert_eq!(ledger.ingestion(day(0)).await.unwrap().fetched, 0, "its count may be on its way");
    ledger.count_deliveries(&[count("woocommerce/a", "duplicate", 1, 1)]).await.unwrap();
    assert_eq!(ledger.ingestion(day(1)).await.unwrap().fetched, 0);
}
