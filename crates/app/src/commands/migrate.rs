//! `migrate`: the only command that needs the right to make tables.

use chargebook_ledger_postgres::MigrationState;

use super::{Done, Failure, say};
use crate::settings::Settings;
use crate::wiring::Database;

pub(super) async fn run(settings: &Settings) -> Result<Done, Failure> {
    let database = Database::open(settings).await?;
    let migrated = migrate(&database).await;
    database.close().await;
    say(&migrated?)?;
    Ok(Done::Well)
}

async fn migrate(database: &Database) -> Result<String, Failure> {
    let ledger = &database.ledger;
    Ok(match ledger.migration_state().await.map_err(Failure::failed)? {
        MigrationState::Behind { missing } => {
            ledger.migrate().await.map_err(Failure::failed)?;
            format!("The database is up to date: {missing} migrations were applied.")
        }
        MigrationState::UpToDate => "The database is up to date.".to_owned(),
        MigrationState::Ahead => "A newer Chargebook has migrated the database; nothing was done.".to_owned(),
    })
}
