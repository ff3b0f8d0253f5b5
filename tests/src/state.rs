//! The books as text, to be compared: everything that must not depend on the order in which events came.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::as_owner;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is compared, by name. Recording times, versions and what was sealed when are left out.
const QUERIES: [(&str, &str); 6] = [
    (
        "disputes",
        "SELECT account, dispute_id, charge_id, payment_intent_id, amount_minor, currency, reason, case_type, card_brand,
                status, status_as_of, outcome, bucket, opened_at, closed_at, evidence_due_by, evidence_submitted,
                order_match, convention
         FROM chargebook.disputes",
    ),
    (
        "movements",
        "SELECT account, movement_id, dispute_id, category, amount_minor, fee_minor, net_minor, currency, occurred_at
         FROM chargebook.movements",
    ),
    (
        "balances of each day",
        "SELECT e.account, e.dispute_id, e.posted_on, p.ledger_account, p.currency, sum(p.amount_minor) AS balance
         FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
         GROUP BY 1, 2, 3, 4, 5 HAVING sum(p.amount_minor) <> 0",
    ),
    (
        "figures of each day",
        "SELECT account, dispute_id, occurred_at, currency, sum(recovered_delta_minor) AS recovered,
                sum(loss_delta_minor) AS loss, sum(fee_delta_minor) AS fee, sum(fx_delta_minor) AS fx,
                sum(pending_delta_minor) AS pending, sum(suspense_delta_minor) AS suspense, sum(net_delta_minor) AS net,
                sum(closed_delta) AS closed, sum(won_delta) AS won, sum(lost_delta) AS lost
         FROM chargebook.resolutions GROUP BY 1, 2, 3, 4
         HAVING (sum(recovered_delta_minor), sum(loss_delta_minor), sum(fee_delta_minor), sum(net_delta_minor),
                 sum(fx_delta_minor), sum(pending_delta_minor), sum(suspense_delta_minor), sum(closed_delta),
                 sum(won_delta), sum(lost_delta)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
    ),
    ("orders", "SELECT * FROM chargebook.order_resolutions"),
    ("events", "SELECT account, event_id, event_type, disposition FROM chargebook.source_events"),
];

/// The books as text, table by table.
pub async fn books(url: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    let mut books = Vec::new();
    for (name, query) in QUERIES {
        let sql = format!("SELECT row_to_json(q)::text FROM ({query}) q ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        books.push((name, rows));
    }
    books
}

/// One number from the database.
pub async fn number(url: &str, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// One text from the database; empty where there is none.
pub async fn text(url: &str, sql: &str) -> String {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    let text: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap();
    text.unwrap_or_default()
}

/// Waits until a condition holds.
pub async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("what is waited for does not come");
}

/// Asserts the laws that hold of any books.
pub async fn assert_lawful(url: &str) {
    let unbalanced = "SELECT count(*) FROM (SELECT FROM chargebook.postings GROUP BY account, entry_id, currency
                      HAVING sum(amount_minor) <> 0) u";
    assert_eq!(number(url, unbalanced).await, 0, "every entry sums to zero");
    let cash = "SELECT (SELECT coalesce(sum(amount_minor), 0) FROM chargebook.postings
                        WHERE ledger_account = 'assets:stripe-balance')::bigint
                     - (SELECT coalesce(sum(net_minor), 0) FROM chargebook.movements)::bigint";
    assert_eq!(number(url, cash).await, 0, "Stripe's balance is the sum of net");
}
