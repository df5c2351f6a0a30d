//! What can go wrong with stored data.

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
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    /// SQLite's own words, for the log.
    #[error("the database cannot be read or written: make the data folder and its disk writable and try again")]
    Unwritable(#[source] sqlx::Error),
    #[error("this cursor belongs to no list: leave it out to begin anew")]
    UnknownCursor,
    #[error("stored data could not be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("a search was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // The low byte of SQLite's result code names the kind of fault: 8 is read-only, 10 input or output, 13 a full
        // disk, 14 a file that cannot be opened.
        let code = error.as_database_error().and_then(|error| error.code());
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(13) => Self::DiskFull,
            Some(8 | 10 | 14) => Self::Unwritable(error),
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
