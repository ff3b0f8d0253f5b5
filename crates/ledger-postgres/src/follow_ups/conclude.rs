//! Keeps what changes came to: one transaction, one statement a table.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{Conclusion, DONE_KEPT_DAYS, Deed, FollowUp, LedgerError, LoggedRule, OutboxMessage};
use chargebook_domain::{CustomerId, Score};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::error::ledger_error;
use crate::{PostgresLedger, column, outbox};

/// How many rows of each queue are forgotten with a batch: more than a batch adds.
const FORGOTTEN: i64 = 1_000;

impl PostgresLedger {
    pub(super) async fn conclude_once(
        &self,
        conclusions: &[Conclusion],
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let present = present(&mut transaction, conclusions).await?;
        let kept: Vec<_> = conclusions.iter().filter(|one| present.contains(&one.follow_up.id())).collect();
        if !kept.is_empty() {
            let names = Names::now(&mut transaction, &kept).await?;
            scores(&mut transaction, &kept, &names, now).await?;
            rules(&mut transaction, &kept, &names, now).await?;
            decisions(&mut transaction, &kept, &names, now).await?;
            tags(&mut transaction, &kept, &names, now).await?;
            let messages: Vec<_> = deeds(&kept).filter_map(message).collect();
            outbox::owe(&mut transaction, &messages, now).await?;
            done(&mut transaction, &kept, now).await?;
        }
        forget(&mut transaction, now).await?;
        transaction.commit().await.map_err(ledger_error)
    }
}

fn deeds<'a>(kept: &[&'a Conclusion]) -> impl Iterator<Item = &'a Deed> {
    kept.iter().flat_map(|conclusion| &conclusion.deeds)
}

fn message(deed: &Deed) -> Option<&OutboxMessage> {
    match deed {
        Deed::Send(message) => Some(message),
        Deed::Decide { .. } | Deed::Tag { .. } => None,
    }
}

/// The ids of those whose claim is the present one. Nobody claims them until the transaction ends.
async fn present(connection: &mut PgConnection, conclusions: &[Conclusion]) -> Result<BTreeSet<String>, LedgerError> {
    let claims: Vec<_> = conclusions.iter().map(|conclusion| &conclusion.follow_up).collect();
    let (accounts, disputes, versions) = keys(&claims);
    let ids = sqlx::query_scalar!(
        r#"SELECT f.account || '/' || f.dispute_id || '/' || f.version AS "id!" FROM chargebook.follow_ups f
           JOIN UNNEST($1::text[], $2::text[], $3::bigint[], $4::integer[])
                AS c(account, dispute_id, version, attempt) USING (account, dispute_id, version)
           WHERE f.state = 'running' AND f.attempt = c.attempt
           ORDER BY f.account, f.dispute_id, f.version FOR UPDATE OF f"#,
        &accounts as _,
        &disputes as _,
        &versions,
        &column(&claims, |claim| claim.attempt)
    )
    .fetch_all(connection)
    .await
    .map_err(ledger_error)?;
    Ok(ids.into_iter().collect())
}

/// By which hashes customers are known now: a key may have given way to another since they were looked at.
struct Names(BTreeMap<String, String>);

impl Names {
    /// They stay so until the transaction ends.
    async fn now(connection: &mut PgConnection, kept: &[&Conclusion]) -> Result<Self, LedgerError> {
        let customers: BTreeSet<_> = kept.iter().filter_map(|conclusion| conclusion.customer.as_ref()).collect();
        let customers: Vec<_> = customers.into_iter().map(CustomerId::as_str).collect();
        let rows = sqlx::query!(
            r#"SELECT customer, coalesce(replaced_by, customer) AS "name!" FROM chargebook.customers
               WHERE customer = ANY($1) ORDER BY customer FOR SHARE"#,
            &customers as _
        )
        .fetch_all(connection)
        .await
        .map_err(ledger_error)?;
        Ok(Self(rows.into_iter().map(|row| (row.customer, row.name)).collect()))
    }

    fn of<'a>(&'a self, customer: &'a CustomerId) -> &'a str {
        self.0.get(customer.as_str()).map_or(customer.as_str(), String::as_str)
    }
}

async fn scores(
    connection: &mut PgConnection,
    kept: &[&Conclusion],
    names: &Names,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let scored = kept.iter().filter_map(|one| Some((one.customer.as_ref()?, one.score.as_ref()?)));
    // The last of a customer counts.
    let latest: BTreeMap<&CustomerId, &Score> = scored.collect();
    let rows: Vec<_> = latest.into_iter().map(|(customer, score)| (names.of(customer), score)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let reasons = |(_, score): &(&str, &Score)| {
        score.reasons.iter().map(|reason| reason.sentence.as_str()).collect::<Vec<_>>().join("\n")
    };
    sqlx::query!(
        r#"INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at)
           SELECT customer, score, string_to_array(reasons, E'\n'), $4
           FROM UNNEST($1::text[], $2::smallint[], $3::text[]) AS s(customer, score, reasons) ORDER BY customer
           ON CONFLICT (customer) DO UPDATE SET
               score = EXCLUDED.score, reasons = EXCLUDED.reasons, scored_at = EXCLUDED.scored_at"#,
        &column(&rows, |(customer, _)| *customer) as _,
        &column(&rows, |(_, score)| i16::from(score.value)),
        &column(&rows, reasons),
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

async fn rules(
    connection: &mut PgConnection,
    kept: &[&Conclusion],
    names: &Names,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<(&Conclusion, &LoggedRule)> =
        kept.iter().flat_map(|one| one.rules.iter().map(move |rule| (*one, rule))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.rule_log
               (follow_up, rule, account, dispute_id, customer, evaluated_at, fired, why)
           SELECT follow_up, rule, account, dispute_id, customer, $8, fired, why
           FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
                AS l(follow_up, rule, account, dispute_id, customer, fired, why)
           ON CONFLICT (follow_up, rule) DO NOTHING"#,
        &column(&rows, |(conclusion, _)| conclusion.follow_up.id()),
        &column(&rows, |(_, rule)| rule.rule.as_str()) as _,
        &column(&rows, |(conclusion, _)| conclusion.follow_up.key.account.as_str()) as _,
        &column(&rows, |(conclusion, _)| conclusion.follow_up.key.dispute.as_str()) as _,
        &column(&rows, |(conclusion, _)| conclusion.customer.as_ref().map(|customer| names.of(customer))) as _,
        &column(&rows, |(_, rule)| rule.fired),
        &column(&rows, |(_, rule)| rule.why.as_str()) as _,
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Of several about one customer the last counts: each is a microsecond after the one before.
async fn decisions(
    connection: &mut PgConnection,
    kept: &[&Conclusion],
    names: &Names,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let rows: Vec<_> = deeds(kept)
        .filter_map(|deed| match deed {
            Deed::Decide { customer, is_blocked, rule, reason } => {
                Some((names.of(customer), *is_blocked, format!("rule {rule}"), reason))
            }
            Deed::Tag { .. } | Deed::Send(_) => None,
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO chargebook.customer_decisions (customer, decided_at, decided_by, is_blocked, reason)
           SELECT customer, $5::timestamptz + (n - 1) * interval '1 microsecond', decided_by, is_blocked, reason
           FROM UNNEST($1::text[], $2::text[], $3::boolean[], $4::text[]) WITH ORDINALITY
                AS d(customer, decided_by, is_blocked, reason, n)
           ON CONFLICT (customer, decided_at, decided_by) DO NOTHING"#,
        &column(&rows, |(customer, ..)| *customer) as _,
        &column(&rows, |(_, _, by, _)| by.as_str()) as _,
        &column(&rows, |(_, is_blocked, ..)| *is_blocked),
        &column(&rows, |(.., reason)| reason.as_str()) as _,
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

async fn tags(
    connection: &mut PgConnection,
    kept: &[&Conclusion],
    names: &Names,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut rows: Vec<_> = deeds(kept)
        .filter_map(|deed| match deed {
            Deed::Tag { customer, tag, rule } => Some((names.of(customer), tag.as_str(), format!("rule {rule}"))),
            Deed::Decide { .. } | Deed::Send(_) => None,
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort();
    sqlx::query!(
        r#"INSERT INTO chargebook.customer_tags (customer, tag, tagged_at, tagged_by)
           SELECT customer, tag, $4, tagged_by FROM UNNEST($1::text[], $2::text[], $3::text[])
                AS t(customer, tag, tagged_by)
           ON CONFLICT (customer, tag) DO NOTHING"#,
        &column(&rows, |(customer, ..)| *customer) as _,
        &column(&rows, |(_, tag, _)| *tag) as _,
        &column(&rows, |(.., by)| by.as_str()) as _,
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

async fn done(connection: &mut PgConnection, kept: &[&Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError> {
    let claims: Vec<_> = kept.iter().map(|conclusion| &conclusion.follow_up).collect();
    let (accounts, disputes, versions) = keys(&claims);
    sqlx::query!(
        r#"UPDATE chargebook.follow_ups f SET state = 'done', ended_at = $4, claimed_until = NULL, reason = NULL
           FROM UNNEST($1::text[], $2::text[], $3::bigint[]) AS c(account, dispute_id, version)
           WHERE f.account = c.account AND f.dispute_id = c.dispute_id AND f.version = c.version"#,
        &accounts as _,
        &disputes as _,
        &versions,
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Forgets what was done long ago, a part at a time.
async fn forget(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), LedgerError> {
    let before = now.checked_sub_signed(TimeDelta::days(DONE_KEPT_DAYS)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    sqlx::query!(
        r#"DELETE FROM chargebook.follow_ups WHERE (account, dispute_id, version) IN (
               SELECT account, dispute_id, version FROM chargebook.follow_ups
               WHERE ended_at < $1 AND state = 'done' ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)"#,
        before,
        FORGOTTEN
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    sqlx::query!(
        r#"DELETE FROM chargebook.outbox WHERE message_id IN (
               SELECT message_id FROM chargebook.outbox
               WHERE ended_at < $1 AND state = 'done' ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)"#,
        before,
        FORGOTTEN
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

fn keys<'a>(claims: &[&'a FollowUp]) -> (Vec<&'a str>, Vec<&'a str>, Vec<i64>) {
    (
        column(claims, |claim| claim.key.account.as_str()),
        column(claims, |claim| claim.key.dispute.as_str()),
        column(claims, |claim| claim.version),
    )
}
