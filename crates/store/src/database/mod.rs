//! One way of speaking to either database.
//!
//! Plain SQL with `$n` parameters is the same for SQLite and PostgreSQL; a statement that is not has a text for each
//! ([`by_dialect`]). What sqlx has twice, once for each, stays inside this folder
//! but for the opening of a database.

mod row;
mod statement;
mod value;

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool};

pub(crate) use row::Row;
pub(crate) use statement::{Statement, by_dialect, statement};
pub(crate) use value::Value;

#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Undone unless it is committed.
pub(crate) enum Transaction<'t> {
    Sqlite(sqlx::Transaction<'t, Sqlite>),
    Postgres(sqlx::Transaction<'t, Postgres>),
}

/// What a statement runs on.
pub(crate) enum Executor<'e> {
    SqlitePool(&'e SqlitePool),
    Sqlite(&'e mut SqliteConnection),
    PostgresPool(&'e PgPool),
    Postgres(&'e mut PgConnection),
}

impl Pool {
    pub async fn begin(&self) -> Result<Transaction<'static>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Connections that are open.
    pub fn size(&self) -> u64 {
        match self {
            Self::Sqlite(pool) => pool.size().into(),
            Self::Postgres(pool) => pool.size().into(),
        }
    }

    /// Connections that nobody uses.
    pub fn idle(&self) -> u64 {
        let idle = match self {
            Self::Sqlite(pool) => pool.num_idle(),
            Self::Postgres(pool) => pool.num_idle(),
        };
        idle as u64
    }

    /// Connections that there may be.
    pub fn most(&self) -> u64 {
        match self {
            Self::Sqlite(pool) => pool.options().get_max_connections().into(),
            Self::Postgres(pool) => pool.options().get_max_connections().into(),
        }
    }
}

impl Transaction<'_> {
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }

    /// Waits until no other transaction holds the lock of this name, and holds it until the end of this one. SQLite has
    /// one writer at a time anyway.
    pub async fn lock(&mut self, name: &str) -> Result<(), sqlx::Error> {
        if let Self::Postgres(_) = self {
            statement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind(name)
                .execute(self)
                .await?;
        }
        Ok(())
    }
}

impl<'e> From<&'e Pool> for Executor<'e> {
    fn from(pool: &'e Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'e> From<&'e mut Transaction<'_>> for Executor<'e> {
    fn from(transaction: &'e mut Transaction<'_>) -> Self {
        match transaction {
            Transaction::Sqlite(transaction) => Self::Sqlite(transaction),
            Transaction::Postgres(transaction) => Self::Postgres(transaction),
        }
    }
}
