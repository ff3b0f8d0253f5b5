//! Movements, and whose they are.

use async_trait::async_trait;
use chargebook_domain::ports::{KeptMovement, LedgerError, Movements};
use chargebook_domain::{AccountId, DisputeId, MovementId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use crate::PostgresLedger;
use crate::error::{corrupt, read_error};
use crate::load::{MovementRow, id};

/// Which movements are listed. What is `None` does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovementFilter {
    /// Only those of the account that nobody tied to a dispute.
    pub untied: bool,
    /// Only those whose money is in suspense.
    pub in_suspense: bool,
    /// By book.
    pub account: Option<AccountId>,
    /// At most this many.
    pub limit: i64,
}

/// A movement, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "columns, by their names")]
pub struct KeptMovementLine {
    pub account: String,
    pub movement_id: String,
    pub dispute_id: Option<String>,
    pub tied_to: Option<String>,
    pub category: String,
    pub amount_minor: i64,
    pub fee_minor: i64,
    pub net_minor: i64,
    pub currency: String,
    pub occurred_at: DateTime<Utc>,
    pub description: Option<String>,
    /// What it left in suspense and nobody explained; positive when money is missing.
    pub suspense_minor: i64,
}

#[async_trait]
impl Movements for PostgresLedger {
    async fn movement(&self, account: &AccountId, movement: &MovementId) -> Result<Option<KeptMovement>, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT m.dispute_id, t.dispute_id AS "tied_to?", to_json(m) AS "movement!: Json<MovementRow>"
               FROM chargebook.movements m
               LEFT JOIN chargebook.movement_ties t ON t.account = m.account AND t.movement_id = m.movement_id
               WHERE m.account = $1 AND m.movement_id = $2"#,
            account.as_str(),
            movement.as_str()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(read_error)?;
        let Some(row) = row else { return Ok(None) };
        let dispute = |text| {
            let bad = || corrupt("movements", "dispute_id", movement);
            id(text, |text| DisputeId::parse(text).ok(), bad)
        };
        let (of, tied_to) = (dispute(row.dispute_id)?, dispute(row.tied_to)?);
        Ok(Some(KeptMovement { movement: row.movement.0.movement()?, dispute: of, tied_to }))
    }
}

impl PostgresLedger {
    /// Movements, the latest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn movements(&self, filter: &MovementFilter) -> Result<Vec<KeptMovementLine>, LedgerError> {
        sqlx::query_as!(
            KeptMovementLine,
            r#"SELECT m.account, m.movement_id, m.dispute_id, t.dispute_id AS "tied_to?", m.category, m.amount_minor,
                      m.fee_minor, m.net_minor, m.currency, m.occurred_at, m.description,
                      CASE WHEN r.movement_id IS NULL
                           THEN CASE WHEN m.category = 'other' THEN 0 ELSE m.amount_minor END - m.fee_minor - m.net_minor
                           ELSE 0 END AS "suspense_minor!"
               FROM chargebook.movements m
               LEFT JOIN chargebook.movement_ties t ON t.account = m.account AND t.movement_id = m.movement_id
               LEFT JOIN chargebook.reclassifications r ON r.account = m.account AND r.movement_id = m.movement_id
               WHERE (NOT $1 OR (m.dispute_id IS NULL AND t.movement_id IS NULL))
                 AND (NOT $2 OR (m.category = 'other' OR m.amount_minor - m.fee_minor <> m.net_minor)
                      AND r.movement_id IS NULL
                      AND NOT EXISTS (SELECT FROM chargebook.dispute_aliases a WHERE a.account = m.account
                                      AND a.dispute_id = m.dispute_id)
                      AND CASE WHEN m.category = 'other' THEN 0 ELSE m.amount_minor END - m.fee_minor <> m.net_minor)
                 AND ($3::text IS NULL OR m.account = $3)
               ORDER BY m.occurred_at DESC, m.account, m.movement_id LIMIT $4"#,
            filter.untied,
            filter.in_suspense,
            filter.account.as_ref().map(AccountId::as_str),
            filter.limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
