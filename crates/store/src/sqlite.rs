//! Opening the database.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlitePool,
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

/// A database's schema, as this program sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// There is no database yet.
    Missing,
    Current,
    /// [`Store::open`] brings it up to date.
    Older,
    /// A newer version of the program made it.
    Newer,
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

    /// How the schema of a database file compares with this program's. Changes nothing.
    pub async fn schema(file: &Path) -> Result<Schema, StoreError> {
        if !file.exists() {
            return Ok(Schema::Missing);
        }
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut connection = options.connect().await?;
        let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        let known: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        Ok(if applied.iter().any(|version| !known.contains(version)) {
            Schema::Newer
        } else if applied.len() < known.len() {
            Schema::Older
        } else {
            Schema::Current
        })
    }

    /// Finishes what is being written and closes the file.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}
