//! Opening the database.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, PgConnection, SqlitePool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    StoreError,
    copy::{self, FROM_UNFINISHED},
    database::Pool,
    frequencies::Frequencies,
    restoring,
};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// The oldest PostgreSQL that has all that is asked of it, as `server_version_num` gives it.
const OLDEST_POSTGRES: i32 = 150_000;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the database is.
#[derive(Clone)]
pub enum Location {
    /// A SQLite database.
    File(PathBuf),
    /// A PostgreSQL database, and how many connections there are to it at most.
    Postgres {
        options: Box<PgConnectOptions>,
        connections: u32,
    },
}

impl Location {
    /// The PostgreSQL database at `postgres://user:password@host:port/name`; None when that is no such address.
    pub fn postgres(url: &str, connections: u32) -> Option<Self> {
        let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = known.then(|| PgConnectOptions::from_str(url).ok()).flatten()?;
        Some(Self::Postgres {
            options: Box::new(options.application_name("hyperion")),
            connections,
        })
    }
}

/// How a database on PostgreSQL is reached, but for the password and certificates, in libpq's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// A name, an IP address, or the folder of a socket.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub ssl_mode: &'static str,
    pub options: Option<String>,
}

impl Location {
    /// None for a file.
    pub fn postgres_address(&self) -> Option<PostgresAddress> {
        let Self::Postgres { options, .. } = self else {
            return None;
        };
        let socket = options.get_socket().map(|socket| socket.to_string_lossy().into_owned());
        Some(PostgresAddress {
            host: socket.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options
                .get_database()
                .unwrap_or_else(|| options.get_username())
                .to_owned(),
            ssl_mode: match options.get_ssl_mode() {
                PgSslMode::Disable => "disable",
                PgSslMode::Allow => "allow",
                PgSslMode::Prefer => "prefer",
                PgSslMode::Require => "require",
                PgSslMode::VerifyCa => "verify-ca",
                PgSslMode::VerifyFull => "verify-full",
            },
            options: options.get_options().map(str::to_owned),
        })
    }
}

/// As people know it, without a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Postgres { options, .. } => write!(
                f,
                "the PostgreSQL database {} at {}:{}",
                options.get_database().unwrap_or_else(|| options.get_username()),
                options.get_host(),
                options.get_port()
            ),
        }
    }
}

/// The database of one installation.
///
/// In SQLite reads run on a pool and writes go through a pool of one connection, since SQLite allows one writer at a
/// time and waiting in a queue is fairer than waiting for its lock. In PostgreSQL both are the same pool.
#[derive(Clone)]
pub struct Store {
    pub(crate) reads: Pool,
    pub(crate) writes: Pool,
    pub(crate) frequencies: Frequencies,
}

/// Connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub used: u64,
    pub idle: u64,
    pub most: u64,
}

/// A database's schema, as this program sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// There is no database yet, or nothing in it.
    Missing,
    Current,
    /// [`Store::open`] brings it up to date.
    Older,
    /// A newer version of the program made it.
    Newer,
    /// A copy into it was not finished.
    Unfinished,
    /// A snapshot was not restored whole into it.
    HalfRestored,
}

impl Schema {
    fn with(applied: &[i64], migrations: &Migrator) -> Self {
        let known: Vec<i64> = migrations.iter().map(|migration| migration.version).collect();
        if applied.iter().any(|version| !known.contains(version)) {
            Self::Newer
        } else if applied.len() < known.len() {
            Self::Older
        } else {
            Self::Current
        }
    }
}

impl Store {
    /// Opens the database, creating the file if it is not there, and brings its schema up to date; of several programs
    /// that do so at once on PostgreSQL one does it, and the others wait.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer version of the program made it; nothing is changed then.
    /// [`StoreError::UnfinishedCopy`] when a copy into it was not finished.
    /// [`StoreError::HalfRestored`] when a snapshot was not restored whole into it.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        if let Some(snapshot) = restoring::half_restored(location).await? {
            return Err(StoreError::HalfRestored { snapshot });
        }
        let store = Self::connect(location).await?;
        store.migrate().await?;
        match copy::unfinished(&store.reads).await? {
            Some(from) => {
                store.close().await;
                Err(StoreError::UnfinishedCopy { from })
            }
            None => Ok(store),
        }
    }

    /// Opens the database with whatever schema it has.
    pub(crate) async fn connect(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::File(file) => {
                let options = sqlite(file).create_if_missing(true);
                let writes = SqlitePoolOptions::new()
                    .max_connections(1)
                    .connect_with(options.clone())
                    .await?;
                let reads: SqlitePool = SqlitePoolOptions::new()
                    .max_connections(4)
                    .connect_with(options.read_only(true))
                    .await?;
                Ok(Self {
                    reads: Pool::Sqlite(reads),
                    writes: Pool::Sqlite(writes),
                    frequencies: Frequencies::default(),
                })
            }
            Location::Postgres { options, connections } => {
                require_postgres_version(&mut connect(options).await?).await?;
                let pool = PgPoolOptions::new()
                    .max_connections(*connections)
                    .acquire_timeout(CONNECT_TIMEOUT)
                    .connect_with((**options).clone())
                    .await?;
                let pool = Pool::Postgres(pool);
                Ok(Self {
                    reads: pool.clone(),
                    writes: pool,
                    frequencies: Frequencies::default(),
                })
            }
        }
    }

    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        match &self.writes {
            Pool::Sqlite(pool) => SQLITE_MIGRATIONS.run(pool).await?,
            Pool::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// How the schema of a database compares with this program's. Changes nothing.
    pub async fn schema(location: &Location) -> Result<Schema, StoreError> {
        const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        if restoring::half_restored(location).await?.is_some() {
            return Ok(Schema::HalfRestored);
        }
        match location {
            Location::File(file) if !file.exists() => Ok(Schema::Missing),
            Location::File(file) => {
                let mut connection = sqlite(file).read_only(true).connect().await?;
                let made = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
                if sqlx::query_scalar::<_, i64>(made).fetch_one(&mut connection).await? == 0 {
                    return Ok(Schema::Missing);
                }
                let applied: Vec<i64> = sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await?;
                let mut schema = Schema::with(&applied, &SQLITE_MIGRATIONS);
                if schema == Schema::Current {
                    let unfinished = sqlx::query(FROM_UNFINISHED).fetch_optional(&mut connection).await?;
                    schema = unfinished.map_or(schema, |_| Schema::Unfinished);
                }
                connection.close().await?;
                Ok(schema)
            }
            Location::Postgres { options, .. } => {
                let mut connection = connect(options).await?;
                require_postgres_version(&mut connection).await?;
                let made = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
                if !sqlx::query_scalar::<_, bool>(made).fetch_one(&mut connection).await? {
                    return Ok(Schema::Missing);
                }
                let applied: Vec<i64> = sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await?;
                let mut schema = Schema::with(&applied, &POSTGRES_MIGRATIONS);
                if schema == Schema::Current {
                    let unfinished = sqlx::query(FROM_UNFINISHED).fetch_optional(&mut connection).await?;
                    schema = unfinished.map_or(schema, |_| Schema::Unfinished);
                }
                connection.close().await?;
                Ok(schema)
            }
        }
    }

    /// How many connections there are now.
    pub fn pool(&self) -> Connections {
        let pools: &[&Pool] = match &self.writes {
            Pool::Sqlite(_) => &[&self.reads, &self.writes],
            Pool::Postgres(_) => &[&self.writes],
        };
        let sum = |of: fn(&Pool) -> u64| pools.iter().map(|pool| of(pool)).sum::<u64>();
        let idle = sum(Pool::idle);
        Connections {
            used: sum(Pool::size).saturating_sub(idle),
            idle,
            most: sum(Pool::most),
        }
    }

    /// The number of this program's schema on such a database. Numbers of the two kinds say nothing of each other.
    pub fn own_schema(location: &Location) -> i64 {
        let migrations = match location {
            Location::File(_) => &SQLITE_MIGRATIONS,
            Location::Postgres { .. } => &POSTGRES_MIGRATIONS,
        };
        migrations
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or_default()
    }

    /// Finishes what is being written and closes the database.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}

pub(crate) fn sqlite(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(20))
}

pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(StoreError::Unreachable(sqlx::Error::PoolTimedOut)),
    }
}

async fn require_postgres_version(connection: &mut PgConnection) -> Result<(), StoreError> {
    let found: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await?;
    if found < OLDEST_POSTGRES {
        return Err(StoreError::TooOld { major: found / 10_000 });
    }
    Ok(())
}
