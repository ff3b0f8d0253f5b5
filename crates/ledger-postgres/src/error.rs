//! What the database's errors mean to a caller.

use chargebook_domain::ports::LedgerError;
use sqlx::error::DatabaseError;

/// What a refused constraint means, for the person who looks into a quarantined event.
const MEANINGS: &[(&str, &str)] = &[
    ("movements_pkey", "a movement of this dispute is known already under another dispute or the account"),
    ("journal_entries_pkey", "an entry with the same cause is in the journal already"),
    ("movement_ties_pkey", "the movement was tied to a dispute meanwhile"),
    ("reclassifications_pkey", "the movement was reclassified meanwhile"),
    ("postings_balanced_check", "an entry does not sum to zero"),
    ("resolutions_net_check", "a resolution row's net is not the sum of its parts"),
];

/// Maps an error of the database to the port's, by what the caller can do about it.
pub(crate) fn ledger_error(error: sqlx::Error) -> LedgerError {
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // 54 is for content that is too large for the database, such as for an index.
            if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) {
                let known = MEANINGS.iter().find(|(name, _)| database.constraint() == Some(name));
                let reason = known.map_or_else(
                    || match database.constraint() {
                        Some(constraint) => format!("it breaks the rule {constraint}"),
                        None => format!("a value does not fit (SQLSTATE {code})"),
                    },
                    |(_, meaning)| (*meaning).to_owned(),
                );
                tracing::warn!(db.code = %code, db.constraint = database.constraint(), "the database refused content");
                return LedgerError::Refused { reason };
            }
            LedgerError::Unavailable(Box::new(error))
        }
        sqlx::Error::ColumnDecode { index, .. } => LedgerError::Corrupt { what: format!("column {index}") },
        _ => LedgerError::Unavailable(Box::new(error)),
    }
}

/// The same for statements that only read. What does not fit was stored before, or is a sum beyond 64 bits: that is
/// nobody's content to refuse.
pub(crate) fn read_error(error: sqlx::Error) -> LedgerError {
    let code = error.as_database_error().and_then(DatabaseError::code).map(String::from).unwrap_or_default();
    if code.starts_with("22") {
        tracing::error!(db.code = %code, "the database can't read back what it holds");
        return LedgerError::Corrupt { what: format!("a value or a sum that does not fit (SQLSTATE {code})") };
    }
    ledger_error(error)
}

/// Whether the same transaction can succeed when it is made again at once.
pub(crate) fn is_conflict(error: &LedgerError) -> bool {
    let LedgerError::Unavailable(source) = error else { return false };
    let Some(sqlx::Error::Database(database)) = source.downcast_ref::<sqlx::Error>() else { return false };
    matches!(database.code().as_deref(), Some("40001" | "40P01"))
}

/// Whether the connection had ended: the database restarted, or something between closed it. What was asked may have been
/// done all the same.
pub(crate) fn is_lost(error: &LedgerError) -> bool {
    let LedgerError::Unavailable(source) = error else { return false };
    match source.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Io(_)) => true,
        // Ended by its administrator, or since another process of it crashed.
        Some(sqlx::Error::Database(database)) => matches!(database.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}

/// A stored value that can't be read back.
pub(crate) fn corrupt(table: &str, column: &str, row: impl std::fmt::Display) -> LedgerError {
    LedgerError::Corrupt { what: format!("chargebook.{table}.{column} of {row}") }
}
