//! One moment of a database, read whole while others go on writing.
//!
//! On PostgreSQL that is a transaction whose snapshot `pg_dump` takes too, so what is read here is what is in its dump. In
//! SQLite it is a copy of the whole database in a file of its own.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use api::DocumentId;
use futures::TryStreamExt;
use sqlx::{
    ConnectOptions, Connection, Executor, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    Location, Original, Schema, Store, StoreError, Sum,
    alone::{Busy, Hold, take_served},
    copy::{TABLES, checksum, count},
    database::{Pool, by_dialect, statement},
    frequencies::Frequencies,
    open::sqlite,
};

/// What only one process at a time may do to a database.
const BACKING_UP: &str = "backup of this database";

#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("there is no Hyperion in {0}: name the installation to back up with --data-dir or --database-url")]
    Nothing(String),
    #[error("nobody has an account in {0}: there is nothing to back up. Check --data-dir and --database-url")]
    NoUsers(String),
    #[error("an older version of Hyperion made {0}: bring it up to date first, with `hyperion migrate`")]
    Older(String),
    #[error("a newer version of Hyperion made {0}: back it up with that version")]
    Newer(String),
    #[error("{0} is not whole, since it was not copied or restored to the end: finish that first")]
    NotWhole(String),
    #[error("another `hyperion backup` of {0} is running: wait until it has ended")]
    BackedUp(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SnapshotError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// How the moment is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// In this file, a SQLite database; whoever asked for it removes it.
    File(PathBuf),
    /// Until [`Snapshot::close`], for `pg_dump --snapshot`.
    Postgres {
        exported: String,
        /// Where the tables are.
        schema: String,
        server_major: u32,
    },
}

pub struct Snapshot {
    /// Its pools read the moment.
    moment: Store,
    pub held: Held,
    /// The number of its schema.
    pub schema: i64,
}

/// Keeps other backups away from a database on PostgreSQL.
pub struct Alone {
    store: Store,
    _hold: Hold,
}

impl Alone {
    /// Opens the database for a backup.
    ///
    /// # Errors
    /// When it is no whole installation of this version, or is being backed up.
    pub async fn open(location: &Location) -> Result<Self, SnapshotError> {
        let name = location.to_string();
        match Store::schema(location).await? {
            Schema::Current => {}
            Schema::Missing => return Err(SnapshotError::Nothing(name)),
            Schema::Older => return Err(SnapshotError::Older(name)),
            Schema::Newer => return Err(SnapshotError::Newer(name)),
            Schema::Unfinished | Schema::HalfRestored => return Err(SnapshotError::NotWhole(name)),
        }
        let store = Store::open(location).await?;
        let hold = take_served(&store, BACKING_UP).await.map_err(|busy| match busy {
            Busy::Held | Busy::Served(_) => SnapshotError::BackedUp(name.clone()),
            Busy::Failed(error) => error.into(),
        })?;
        if !store.any_user_exists().await? {
            return Err(SnapshotError::NoUsers(name));
        }
        Ok(Self { store, _hold: hold })
    }

    /// The database as it goes on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub async fn close(self) {
        drop(self._hold);
        self.store.close().await;
    }
}

impl Snapshot {
    /// How many tables are summed up.
    pub const TABLES: usize = TABLES.len();

    /// Holds this moment of a database. Of a SQLite database a copy is made at `copy`, where there is nothing yet.
    pub async fn take(location: &Location, copy: &Path) -> Result<Self, SnapshotError> {
        let schema = Store::own_schema(location);
        match location {
            Location::File(file) => {
                let mut connection = sqlite(file).read_only(true).connect().await?;
                sqlx::query("VACUUM INTO $1")
                    .bind(copy.to_string_lossy().into_owned())
                    .execute(&mut connection)
                    .await?;
                connection.close().await?;
                Ok(Self {
                    moment: reading(Pool::Sqlite(of_copy(copy).await?)),
                    held: Held::File(copy.to_owned()),
                    schema,
                })
            }
            Location::Postgres { options, .. } => {
                let pool = at_one_moment(options).await?;
                let described: (String, String, i32) = sqlx::query_as(
                    "SELECT pg_export_snapshot(), current_schema()::text, current_setting('server_version_num')::int",
                )
                .fetch_one(&pool)
                .await?;
                let (exported, in_schema, version) = described;
                Ok(Self {
                    moment: reading(Pool::Postgres(pool)),
                    held: Held::Postgres {
                        exported,
                        schema: in_schema,
                        server_major: version.unsigned_abs() / 10_000,
                    },
                    schema,
                })
            }
        }
    }

    /// How many rows there are.
    pub async fn rows(&self) -> Result<u64, SnapshotError> {
        self.moment.rows().await.map_err(Into::into)
    }

    /// Every table summed up. `read` is told of rows as they are read.
    pub async fn sums(&self, read: impl Fn(u64)) -> Result<Vec<(&'static str, Sum)>, SnapshotError> {
        self.moment.sums(read).await.map_err(Into::into)
    }

    /// Gives every document's original to `each`, in the order of their checksums.
    pub async fn originals<E: From<SnapshotError>>(
        &self,
        mut each: impl FnMut(Original) -> Result<(), E>,
    ) -> Result<(), E> {
        let of_store = |error: sqlx::Error| SnapshotError::from(error);
        let mut rows = by_dialect(
            "SELECT id, name, size, sha256 FROM documents ORDER BY sha256, id",
            r#"SELECT id, name, size, sha256 FROM documents ORDER BY sha256 COLLATE "C", id"#,
        )
        .fetch(&self.moment.reads);
        while let Some(row) = rows.try_next().await.map_err(of_store)? {
            each(Original {
                document: DocumentId(row.get("id").map_err(of_store)?),
                name: row.get("name").map_err(of_store)?,
                size: row.get::<i64>("size").map_err(of_store)?.unsigned_abs(),
                sha256: row.get("sha256").map_err(of_store)?,
            })?;
        }
        Ok(())
    }

    /// How many keys of connections there are, which open with the installation's secret key alone.
    pub async fn sealed_keys(&self) -> Result<u64, SnapshotError> {
        let row =
            statement("SELECT count(*) FROM connections WHERE sealed_key IS NOT NULL").fetch_one(&self.moment.reads);
        Ok(row.await?.get::<i64>(0)?.unsigned_abs())
    }

    /// Lets go of the moment. A copy that was made is whole in its file then.
    pub async fn close(self) {
        self.moment.close().await;
    }
}

impl Store {
    /// The major version of PostgreSQL; 0 in SQLite.
    pub async fn server_major(&self) -> Result<u32, StoreError> {
        let version = by_dialect(
            "SELECT 0",
            "SELECT current_setting('server_version_num')::bigint / 10000",
        );
        Ok(version.fetch_one(&self.reads).await?.get(0)?)
    }

    /// How many rows there are in all tables.
    pub(crate) async fn rows(&self) -> Result<u64, StoreError> {
        let mut rows = 0;
        for table in TABLES {
            rows += count(&self.reads, table).await?;
        }
        Ok(rows)
    }

    /// Every table summed up. `read` is told of rows as they are read.
    pub(crate) async fn sums(&self, read: impl Fn(u64)) -> Result<Vec<(&'static str, Sum)>, StoreError> {
        let mut sums = Vec::new();
        for table in TABLES {
            sums.push((table.name, checksum(&self.reads, table, &read).await?));
        }
        Ok(sums)
    }
}

fn reading(pool: Pool) -> Store {
    Store {
        reads: pool.clone(),
        writes: pool,
        frequencies: Frequencies::default(),
    }
}

/// Reads a copy that nobody writes to: SQLite puts nothing beside it, and changes nothing in it.
async fn of_copy(copy: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(copy)
        .read_only(true)
        .immutable(true);
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await
}

/// One connection in one transaction, which sees the database as it was at the beginning.
async fn at_one_moment(options: &PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    let begun = Arc::new(AtomicBool::new(false));
    PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let begun = Arc::clone(&begun);
            Box::pin(async move {
                // A second connection would see another moment.
                if begun.swap(true, Ordering::SeqCst) {
                    return Err(sqlx::Error::PoolClosed);
                }
                connection
                    .execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0")
                    .await?;
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await
}
