//! Opening the database.

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The database of one installation.
///
/// Reads run on a pool; writes go through a pool of one connection, since SQLite allows one writer at a time and
/// waiting in a queue is fairer than waiting for its lock.
#[derive(Clone)]
pub struct Store {
    pub(crate) reads: SqlitePool,
    pub(crate) writes: SqlitePool,
}

impl Store {
    /// Opens the database file, creating it if it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer version of the program made it; nothing is changed then.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20));
        let writes = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writes).await?;
        let reads = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { reads, writes })
    }

    /// Finishes what is being written and closes the file.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}
