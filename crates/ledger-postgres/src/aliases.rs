//! Which disputes are the same.

use async_trait::async_trait;
use chargebook_domain::DisputeKey;
use chargebook_domain::ports::{Alias, Aliases, Joined, LedgerError};
use sqlx::PgConnection;

use crate::error::{ledger_error, read_error};
use crate::load::key;
use crate::{PostgresLedger, lock};

/// The lock under which disputes are joined, one pair at a time, so that no double has doubles. Any number that nothing
/// else uses.
const JOIN_LOCK: i64 = 0x6368_6172_6a6e;

#[async_trait]
impl Aliases for PostgresLedger {
    async fn join(&self, alias: &Alias) -> Result<Joined, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, JOIN_LOCK).await?;
        if let Some(objection) = objection(&mut transaction, alias).await? {
            return Ok(objection);
        }
        let (account, dispute) = (alias.key.account.as_str(), alias.key.dispute.as_str());
        sqlx::query!(
            r#"INSERT INTO chargebook.dispute_aliases
                   (account, dispute_id, same_as_account, same_as_dispute_id, joined_by, joined_at, reason)
               VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
            account,
            dispute,
            alias.same_as.account.as_str(),
            alias.same_as.dispute.as_str(),
            alias.joined_by,
            alias.joined_at,
            alias.reason
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        sqlx::query!(
            r#"UPDATE chargebook.disputes SET match_due = true, version = version + 1
               WHERE account = $1 AND dispute_id = $2"#,
            account,
            dispute
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Joined::Kept)
    }

    async fn twins(&self, limit: u32) -> Result<Vec<(DisputeKey, DisputeKey)>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT d.account, d.dispute_id, min(t.account) AS "twin!"
               FROM chargebook.disputes d
               JOIN chargebook.disputes t ON t.dispute_id = d.dispute_id
                    AND (t.account = 'default' OR t.account LIKE 'acct\_%')
               WHERE NOT (d.account = 'default' OR d.account LIKE 'acct\_%')
                 AND NOT EXISTS (SELECT FROM chargebook.dispute_aliases a
                                 WHERE a.account = d.account AND a.dispute_id = d.dispute_id)
                 AND NOT EXISTS (SELECT FROM chargebook.dispute_aliases a
                                 WHERE a.same_as_account = d.account AND a.same_as_dispute_id = d.dispute_id)
               GROUP BY d.account, d.dispute_id ORDER BY d.account, d.dispute_id LIMIT $1"#,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        rows.iter().map(|row| Ok((key(&row.account, &row.dispute_id)?, key(&row.twin, &row.dispute_id)?))).collect()
    }
}

/// Why the two can't be joined, or that they are.
async fn objection(connection: &mut PgConnection, alias: &Alias) -> Result<Option<Joined>, LedgerError> {
    let Alias { key: double, same_as, .. } = alias;
    for named in [double, same_as] {
        let is_known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM chargebook.disputes WHERE account = $1 AND dispute_id = $2) AS "known!""#,
            named.account.as_str(),
            named.dispute.as_str()
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(ledger_error)?;
        if !is_known {
            return Ok(Some(Joined::NoSuchDispute(named.clone())));
        }
        let of = sqlx::query!(
            r#"SELECT same_as_account, same_as_dispute_id FROM chargebook.dispute_aliases
               WHERE account = $1 AND dispute_id = $2"#,
            named.account.as_str(),
            named.dispute.as_str()
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(ledger_error)?;
        if let Some(of) = of {
            let of = key(&of.same_as_account, &of.same_as_dispute_id)?;
            let is_the_same = named == double && of == *same_as;
            return Ok(Some(if is_the_same {
                Joined::KnownBefore
            } else {
                Joined::IsADouble { key: named.clone(), of }
            }));
        }
    }
    let has = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM chargebook.dispute_aliases
                          WHERE same_as_account = $1 AND same_as_dispute_id = $2) AS "doubles!",
                  EXISTS (SELECT FROM chargebook.movement_ties WHERE account = $1 AND dispute_id = $2) AS "ties!""#,
        double.account.as_str(),
        double.dispute.as_str()
    )
    .fetch_one(connection)
    .await
    .map_err(ledger_error)?;
    let ties = has.ties.then(|| Joined::HasTies(double.clone()));
    Ok(has.doubles.then(|| Joined::HasDoubles(double.clone())).or(ties))
}
