//! Having a database on PostgreSQL to oneself. A SQLite file is in a data folder, which is locked as a whole.

use std::time::Duration;

use sqlx::{Postgres, pool::PoolConnection};

use crate::{
    Location, Store, StoreError,
    database::{Pool, by_dialect},
};

/// What a process that was killed holds on PostgreSQL is free again after a moment.
const PATIENCE: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Held as long as its connection is; none in SQLite.
pub(crate) type Hold = Option<PoolConnection<Postgres>>;

/// Why a database cannot be had.
pub(crate) enum Busy {
    /// Somebody else holds it.
    Held,
    /// There are connections of servers, so many.
    Served(i64),
    Failed(StoreError),
}

impl From<sqlx::Error> for Busy {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The same place, with connections that call themselves so. Those of servers say only `hyperion`.
pub(crate) fn named(location: &Location, application: &str) -> Location {
    match location {
        Location::File(file) => Location::File(std::fs::canonicalize(file).unwrap_or_else(|_| file.clone())),
        Location::Postgres { options, connections } => Location::Postgres {
            options: Box::new((**options).clone().application_name(application)),
            connections: *connections,
        },
    }
}

/// How many connections of servers there are.
pub(crate) async fn servers(store: &Store) -> Result<i64, sqlx::Error> {
    by_dialect(
        "SELECT 0",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hyperion'",
    )
    .fetch_one(&store.reads)
    .await?
    .get(0)
}

/// Takes a database on PostgreSQL for `purpose`, which nobody else may do at the same time, while no server uses it.
pub(crate) async fn take_unserved(store: &Store, purpose: &str) -> Result<Hold, Busy> {
    take(store, purpose, true).await
}

/// The same while servers go on using it.
pub(crate) async fn take_served(store: &Store, purpose: &str) -> Result<Hold, Busy> {
    take(store, purpose, false).await
}

async fn take(store: &Store, purpose: &str, unserved: bool) -> Result<Hold, Busy> {
    let Pool::Postgres(pool) = &store.writes else {
        return Ok(None);
    };
    let mut connection = pool.acquire().await?;
    let begun = tokio::time::Instant::now();
    loop {
        let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))");
        let taken: bool = taken.bind(purpose).fetch_one(&mut *connection).await?;
        let servers = if unserved { servers(store).await? } else { 0 };
        if taken && servers == 0 {
            return Ok(Some(connection));
        }
        if begun.elapsed() >= PATIENCE {
            return Err(if taken { Busy::Served(servers) } else { Busy::Held });
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}
