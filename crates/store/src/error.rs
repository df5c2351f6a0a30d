//! What can go wrong with stored data.

use sqlx::{error::DatabaseError, sqlite::SqliteError};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing, or the caller may not see it: the two are never told apart.
    #[error("there is no such {0}, or it is not shared with you")]
    NotFound(&'static str),
    /// The caller sees it but may not do this.
    #[error("you may see this {0} but not change it")]
    Forbidden(&'static str),
    /// Nobody would be left to administer the installation.
    #[error("this is the only active administrator: make somebody else an administrator first")]
    LastAdmin,
    /// Something else already has this name, address or content.
    #[error("this {0} is already taken")]
    Taken(&'static str),
    /// There must always be one.
    #[error("this is your last {0}: create another before you delete it")]
    Last(&'static str),
    /// Somebody saved another version first.
    #[error("this {0} was changed meanwhile: load it again and repeat your change")]
    ChangedMeanwhile(&'static str),
    #[error(
        "the database was made by a newer version of Hyperion: start that version, or restore a backup of this one's"
    )]
    NewerSchema,
    #[error(
        "a copy into this database, from {from}, was not finished: run `hyperion migrate-storage` again, or use an empty \
         one"
    )]
    UnfinishedCopy { from: String },
    #[error(
        "snapshot {snapshot} was not restored whole into this database: run `hyperion restore` again; until it is done \
         nothing starts on it"
    )]
    HalfRestored { snapshot: String },
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    /// SQLite's own words, for the log.
    #[error("the database cannot be read or written: make the data folder and its disk writable and try again")]
    Unwritable(#[source] sqlx::Error),
    #[error(
        "the database server cannot be reached ({0}): check that it runs, and its address and port in database_url"
    )]
    Unreachable(#[source] sqlx::Error),
    #[error(
        "the database server refuses ({0}): check the user, the password, the name of the database and its rights in database_url"
    )]
    Refused(#[source] sqlx::Error),
    #[error(
        "the database server's certificate is not trusted ({0}): name the authority that signed it with sslrootcert in database_url"
    )]
    Untrusted(#[source] sqlx::Error),
    #[error("PostgreSQL {major} is too old: version 15 or newer is needed")]
    TooOld { major: i32 },
    #[error("this cursor belongs to no list: leave it out to begin anew")]
    UnknownCursor,
    #[error("stored data could not be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Passages were put into an index that is not, or no longer, the one in use.
    #[error(
        "this installation finds passages by another index than this program is set to: see milvus_url, and `hyperion reindex`"
    )]
    OtherIndex,
    #[error("a search was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let is_of_sqlite = |fault: &dyn DatabaseError| fault.try_downcast_ref::<SqliteError>().is_some();
        let fault = error.as_database_error();
        let code = fault.and_then(|fault| Some((fault.code()?.into_owned(), is_of_sqlite(fault))));
        match (&error, code) {
            (_, Some((code, true))) => Self::of_sqlite(&code, error),
            (_, Some((code, false))) => Self::of_postgres(&code, error),
            // A connection that is cut while it comes about looks like a server that does not speak the protocol.
            (
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed,
                _,
            ) => Self::Unreachable(error),
            (sqlx::Error::Tls(_), _) => Self::Untrusted(error),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// The low byte of SQLite's result code names the kind of fault: 8 is read-only, 10 input or output, 13 a full disk,
    /// 14 a file that cannot be opened.
    fn of_sqlite(code: &str, error: sqlx::Error) -> Self {
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(13) => Self::DiskFull,
            Ok(8 | 10 | 14) => Self::Unwritable(error),
            _ => Self::Database(error),
        }
    }

    /// By SQLSTATE (PostgreSQL documentation, appendix A).
    fn of_postgres(code: &str, error: sqlx::Error) -> Self {
        match code {
            "53100" => Self::DiskFull,
            "28000" | "28P01" | "3D000" | "42501" => Self::Refused(error),
            code if code.starts_with("57P") || code.starts_with("08") || code == "53300" => Self::Unreachable(error),
            _ => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(_) => Self::NewerSchema,
            other => Self::Migration(other),
        }
    }
}

/// Names the unique thing that is taken when an insert or update breaks a uniqueness rule.
pub(crate) fn taken(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| {
        let unique = error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation());
        if unique { StoreError::Taken(what) } else { error.into() }
    }
}
