//! Why a database is not copied.

use crate::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("{0} is both the source and the target: name another database in the file given to --to")]
    SameDatabase(String),
    #[error("there is no Hyperion in {0}: name the installation to copy with --data-dir or --database-url")]
    NoSource(String),
    #[error(
        "an older version of Hyperion made {0}: bring it up to date first, by `hyperion user list` with its settings"
    )]
    OlderSource(String),
    #[error("a newer version of Hyperion made {0}: copy it with that version")]
    NewerSource(String),
    #[error("{0} is itself a copy that was not finished: finish that one first")]
    UnfinishedSource(String),
    #[error("{0} was not restored whole: run `hyperion restore` again, and copy then")]
    HalfRestored(String),
    #[error("a newer version of Hyperion made {0}: copy into an empty database")]
    NewerTarget(String),
    #[error("{to} is not empty, it has {table}: copy into an empty database")]
    NotEmpty { to: String, table: &'static str },
    #[error("the copy from {from} into {to} is finished: serve from there, or copy into an empty database")]
    Finished { to: String, from: String },
    #[error(
        "{to} holds a copy from {from} that was not finished: copy from there to go on with it, or copy into an empty \
         database"
    )]
    OtherSource { to: String, from: String },
    #[error("another `hyperion migrate-storage` copies into {0}: wait until it has ended")]
    CopiedInto(String),
    #[error("{to} is being served, by {servers} connections: stop all replicas that use it first")]
    Served { to: String, servers: i64 },
    #[error("the source: {0}")]
    Source(#[source] StoreError),
    #[error("the target: {0}")]
    Target(#[source] StoreError),
}
