//! What must hold after any fault.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{Event, Seen, as_owner, assert_lawful, books};

/// Asserts that everything that was acknowledged is in the inbox exactly once, with its body, and that the laws hold.
/// `events` are all that were sent.
pub async fn assert_booked_once(url: &str, events: &[Event], seen: &Seen) {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    let rows: Vec<(String, String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT event_id, disposition, body FROM chargebook.source_events
         LEFT JOIN chargebook.source_event_bodies USING (account, event_id)",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let bodies: BTreeMap<_, _> = events.iter().map(|event| (&event.id, event.body.as_bytes())).collect();
    let mut booked = BTreeSet::new();
    for (id, disposition, body) in &rows {
        assert!(booked.insert(id), "{id} is booked twice");
        // Of what is in nobody's books no body is kept.
        let kept = bodies.get(id).copied().filter(|_| disposition != "ignored");
        assert_eq!(body.as_deref(), kept, "the body of {id}");
    }
    let lost: Vec<_> = seen.acknowledged.iter().filter(|one| !booked.contains(&one.id)).collect();
    assert!(lost.is_empty(), "acknowledged, and not booked: {lost:?}");
    assert_lawful(url).await;
}

/// Asserts that two databases hold the same books.
pub async fn assert_same_books(url: &str, expected: &str) {
    for ((name, got), (_, expected)) in books(url).await.into_iter().zip(books(expected).await) {
        assert!(!expected.is_empty(), "there are {name} to compare");
        assert_eq!(got, expected, "{name}");
    }
}

/// A digest of every table but the one that counts deliveries, by its name.
pub async fn digests(url: &str) -> BTreeMap<String, String> {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = 'chargebook'::regnamespace AND relkind = 'r' AND relname <> 'delivery_counts'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut digests = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '')
             FROM chargebook.{table} t"
        );
        let digest = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        digests.insert(table, digest);
    }
    digests
}
