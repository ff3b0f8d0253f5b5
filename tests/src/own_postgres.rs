//! A PostgreSQL of a test's own, so that it can be stopped without disturbing others.

use std::path::{Path, PathBuf};

use chargebook_ledger_postgres::PostgresLedger;
use chargebook_local_postgres::{Cluster, Durability, Error};
use tokio::task::spawn_blocking;

use crate::{address_as, database_on, scratch_folder};

/// How a PostgreSQL ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It ends all connections, and keeps what was committed.
    Fast,
    /// It ends as in a crash, and recovers when it is started again.
    Immediate,
}

/// A durable PostgreSQL with one migrated database. Dropping it removes it.
#[derive(Debug)]
pub struct OwnPostgres {
    folder: PathBuf,
    url: String,
    /// None while it is stopped.
    cluster: Option<Cluster>,
}

impl OwnPostgres {
    /// Starts one in a new folder; and a ledger on it, with the rights of a server.
    pub async fn start() -> (Self, PostgresLedger) {
        Self::start_in(scratch_folder()).await
    }

    /// Starts one in a folder, which it removes in the end.
    pub async fn start_in(folder: PathBuf) -> (Self, PostgresLedger) {
        let cluster = opened(&folder).await.unwrap();
        let (url, ledger) = database_on(&cluster.url("postgres"), "books").await;
        (Self { folder, url, cluster: Some(cluster) }, ledger)
    }

    /// The address of its database, the same after each start.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of its main process, which every connection's own inherits its limits from.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.cluster.as_ref().and_then(Cluster::process).expect("it runs")
    }

    /// Stops it; a stopped one stays so.
    pub async fn stop(&mut self, how: Stop) {
        let Some(cluster) = self.cluster.take() else { return };
        let stopped = spawn_blocking(move || match how {
            Stop::Fast => cluster.stop(),
            Stop::Immediate => cluster.crash(),
        });
        stopped.await.unwrap().unwrap();
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// When it does not start, such as without room on its disk.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        let cluster = opened(&self.folder).await?;
        assert_eq!(address_as("server", &cluster.url("books")), self.url, "it is back where it was");
        self.cluster = Some(cluster);
        Ok(())
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let cluster = self.cluster.take().map_or_else(|| Cluster::open(&self.folder, Durability::Durable), Ok);
        // A test that has failed already should say why, and not this.
        drop(cluster.and_then(Cluster::remove));
    }
}

async fn opened(folder: &Path) -> Result<Cluster, Error> {
    let folder = folder.to_owned();
    spawn_blocking(move || Cluster::open(&folder, Durability::Durable)).await.unwrap()
}
