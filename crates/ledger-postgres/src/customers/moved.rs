//! Lets everything that named a customer's old hash name the new one.

use std::collections::BTreeMap;

use chargebook_domain::CustomerKey;
use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::page::Page;
use crate::column;
use crate::error::ledger_error;

/// Moves what is known of each old hash to its new one; answers how many customers these are. Nothing is lost where both
/// are known already.
pub(super) async fn move_all(
    connection: &mut PgConnection,
    moved: &BTreeMap<String, String>,
    key: &CustomerKey,
    now: DateTime<Utc>,
) -> Result<u64, LedgerError> {
    if moved.is_empty() {
        return Ok(0);
    }
    let (old, new): (Vec<_>, Vec<_>) = moved.iter().map(|(old, new)| (old.as_str(), new.as_str())).unzip();
    // Whoever writes what is known of a customer holds this row, so that all of it is seen here, and moved.
    sqlx::query!("SELECT FROM chargebook.customers WHERE customer = ANY($1) ORDER BY customer FOR UPDATE", &old as _)
        .fetch_all(&mut *connection)
        .await
        .map_err(ledger_error)?;
    sqlx::query!(
        r#"INSERT INTO chargebook.customers AS c (customer, key_id, known_since)
           SELECT m.new, $3, min(least(o.known_since, $4)) FROM UNNEST($1::text[], $2::text[]) AS m(old, new)
           JOIN chargebook.customers o ON o.customer = m.old GROUP BY m.new
           ON CONFLICT (customer) DO UPDATE SET key_id = EXCLUDED.key_id, replaced_by = NULL,
               known_since = least(c.known_since, EXCLUDED.known_since)"#,
        &old as _,
        &new as _,
        key.id(),
        now
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    sqlx::query!(
        r#"UPDATE chargebook.disputes d SET customer = m.new
           FROM UNNEST($1::text[], $2::text[]) AS m(old, new) WHERE d.customer = m.old"#,
        &old as _,
        &new as _
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    what_is_known(connection, &old, &new).await?;
    replace(connection, &old, &new).await
}

/// Scores, tags and the latest decisions. Decisions stay with the old hash as well: no line of them is ever taken out.
async fn what_is_known(connection: &mut PgConnection, old: &[&str], new: &[&str]) -> Result<(), LedgerError> {
    let scores = sqlx::query!(
        r#"WITH gone AS (
               DELETE FROM chargebook.customer_scores s USING UNNEST($1::text[], $2::text[]) AS m(old, new)
               WHERE s.customer = m.old RETURNING m.new, s.score, s.reasons, s.scored_at)
           INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at)
           SELECT DISTINCT ON (new) new, score, reasons, scored_at FROM gone ORDER BY new, scored_at DESC
           ON CONFLICT (customer) DO NOTHING"#,
        old as _,
        new as _
    );
    let tags = sqlx::query!(
        r#"WITH gone AS (
               DELETE FROM chargebook.customer_tags t USING UNNEST($1::text[], $2::text[]) AS m(old, new)
               WHERE t.customer = m.old RETURNING m.new, t.tag, t.tagged_at, t.tagged_by)
           INSERT INTO chargebook.customer_tags (customer, tag, tagged_at, tagged_by)
           SELECT new, tag, tagged_at, tagged_by FROM gone ON CONFLICT DO NOTHING"#,
        old as _,
        new as _
    );
    let decisions = sqlx::query!(
        r#"INSERT INTO chargebook.customer_decisions (customer, decided_at, decided_by, is_blocked, reason)
           SELECT m.new, l.decided_at, l.decided_by, l.is_blocked, l.reason
           FROM UNNEST($1::text[], $2::text[]) AS m(old, new)
           CROSS JOIN LATERAL (SELECT * FROM chargebook.customer_decisions d WHERE d.customer = m.old
               ORDER BY d.decided_at DESC, d.decided_by DESC LIMIT 1) l
           ON CONFLICT DO NOTHING"#,
        old as _,
        new as _
    );
    let cooldowns = sqlx::query!(
        r#"UPDATE chargebook.rule_log l SET customer = m.new
           FROM UNNEST($1::text[], $2::text[]) AS m(old, new) WHERE l.customer = m.old AND l.fired"#,
        old as _,
        new as _
    );
    for statement in [scores, tags, decisions, cooldowns] {
        statement.execute(&mut *connection).await.map_err(ledger_error)?;
    }
    Ok(())
}

/// Links each old hash with the new one, and what was linked with the old one as well.
async fn replace(connection: &mut PgConnection, old: &[&str], new: &[&str]) -> Result<u64, LedgerError> {
    sqlx::query!(
        r#"UPDATE chargebook.customers c SET replaced_by = m.new
           FROM UNNEST($1::text[], $2::text[]) AS m(old, new) WHERE c.replaced_by = m.old"#,
        old as _,
        new as _
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let replaced = sqlx::query!(
        r#"UPDATE chargebook.customers c SET replaced_by = m.new
           FROM UNNEST($1::text[], $2::text[]) AS m(old, new)
           WHERE c.customer = m.old AND c.replaced_by IS DISTINCT FROM m.new"#,
        old as _,
        new as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(replaced.rows_affected())
}

/// Has the disputes decided again whose customer is not known, or is somebody else than those of its order. So those who
/// act on disputes hear of it, as of a late order.
pub(super) async fn mark(connection: &mut PgConnection, page: &Page) -> Result<(), LedgerError> {
    sqlx::query!(
        r#"WITH concerned AS (
               SELECT * FROM UNNEST($1::text[], $2::text[]) AS m(account, dispute_id)
               UNION
               SELECT r.account, r.dispute_id FROM chargebook.order_resolutions r
               JOIN chargebook.disputes d USING (account, dispute_id)
               CROSS JOIN LATERAL (SELECT array_agg(o.customer) AS known FROM chargebook.orders o
                   WHERE o.order_ref = r.order_ref AND o.customer IS NOT NULL) o
               WHERE r.order_ref = ANY($3) AND NOT r.ambiguous AND (d.customer = ANY(o.known)) IS NOT TRUE
                 AND (d.customer IS NOT NULL OR o.known IS NOT NULL)
           )
           UPDATE chargebook.disputes d SET match_due = true, version = d.version + 1
           FROM concerned c WHERE d.account = c.account AND d.dispute_id = c.dispute_id AND NOT d.match_due"#,
        &column(&page.marked, |(account, _)| account.as_str()) as _,
        &column(&page.marked, |(_, dispute)| dispute.as_str()) as _,
        &page.hashed as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
