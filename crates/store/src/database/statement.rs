//! A statement with its parameters.

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

use super::{
    Executor, Pool,
    row::{Column, Row},
    value::Value,
};

/// The query of either database with these values.
macro_rules! bound {
    ($query:expr, $values:expr) => {
        $values.into_iter().fold($query, |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Real(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Id(value) => query.bind(value),
            Value::Flag(value) => query.bind(value),
        })
    };
}

/// The text is the program's own; what comes from elsewhere is bound.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    sqlite: String,
    postgres: String,
    values: Vec<Value>,
}

pub(crate) fn statement(sql: impl Into<String>) -> Statement {
    let sql = sql.into();
    by_dialect(sql.clone(), sql)
}

/// A statement that the two databases say differently. Both take the same parameters.
pub(crate) fn by_dialect(sqlite: impl Into<String>, postgres: impl Into<String>) -> Statement {
    Statement {
        sqlite: sqlite.into(),
        postgres: postgres.into(),
        values: Vec::new(),
    }
}

impl Statement {
    /// Binds the next parameter, `$1` first.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub fn push(mut self, sql: &str) -> Self {
        self.sqlite.push_str(sql);
        self.push_for_postgres(sql)
    }

    pub fn push_for_postgres(mut self, sql: &str) -> Self {
        self.postgres.push_str(sql);
        self
    }

    /// Adds a parameter to the text and binds it.
    pub fn push_bind(self, value: impl Into<Value>) -> Self {
        let place = format!("${}", self.values.len() + 1);
        self.push(&place).bind(value)
    }

    /// Adds a list in brackets. Nothing is in an empty one.
    pub fn push_list<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Self {
        let statement = self.push("(NULL");
        let statement = values
            .into_iter()
            .fold(statement, |statement, value| statement.push(", ").push_bind(value));
        statement.push(")")
    }

    pub async fn fetch_all<'e>(self, on: impl Into<Executor<'e>>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match on.into() {
            Executor::SqlitePool(pool) => sqlite_rows(self.for_sqlite().fetch_all(pool).await?),
            Executor::Sqlite(connection) => sqlite_rows(self.for_sqlite().fetch_all(connection).await?),
            Executor::PostgresPool(pool) => postgres_rows(self.for_postgres().fetch_all(pool).await?),
            Executor::Postgres(connection) => postgres_rows(self.for_postgres().fetch_all(connection).await?),
        })
    }

    pub async fn fetch_optional<'e>(self, on: impl Into<Executor<'e>>) -> Result<Option<Row>, sqlx::Error> {
        Ok(match on.into() {
            Executor::SqlitePool(pool) => self.for_sqlite().fetch_optional(pool).await?.map(Row::Sqlite),
            Executor::Sqlite(connection) => self.for_sqlite().fetch_optional(connection).await?.map(Row::Sqlite),
            Executor::PostgresPool(pool) => self.for_postgres().fetch_optional(pool).await?.map(Row::Postgres),
            Executor::Postgres(connection) => self.for_postgres().fetch_optional(connection).await?.map(Row::Postgres),
        })
    }

    pub async fn fetch_one<'e>(self, on: impl Into<Executor<'e>>) -> Result<Row, sqlx::Error> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// The rows as they come, so that very many take no memory.
    pub fn fetch(self, on: &Pool) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        match on {
            Pool::Sqlite(pool) => self.for_sqlite().fetch(pool).map_ok(Row::Sqlite).boxed(),
            Pool::Postgres(pool) => self.for_postgres().fetch(pool).map_ok(Row::Postgres).boxed(),
        }
    }

    /// The first column of every row.
    pub async fn fetch_column<'e, T: Column>(self, on: impl Into<Executor<'e>>) -> Result<Vec<T>, sqlx::Error> {
        self.fetch_all(on).await?.iter().map(|row| row.get(0)).collect()
    }

    /// How many rows it changed.
    pub async fn execute<'e>(self, on: impl Into<Executor<'e>>) -> Result<u64, sqlx::Error> {
        Ok(match on.into() {
            Executor::SqlitePool(pool) => self.for_sqlite().execute(pool).await?.rows_affected(),
            Executor::Sqlite(connection) => self.for_sqlite().execute(connection).await?.rows_affected(),
            Executor::PostgresPool(pool) => self.for_postgres().execute(pool).await?.rows_affected(),
            Executor::Postgres(connection) => self.for_postgres().execute(connection).await?.rows_affected(),
        })
    }

    fn for_sqlite(self) -> Query<'static, Sqlite, SqliteArguments> {
        bound!(sqlx::query(AssertSqlSafe(self.sqlite)), self.values)
    }

    fn for_postgres(self) -> Query<'static, Postgres, PgArguments> {
        bound!(sqlx::query(AssertSqlSafe(self.postgres)), self.values)
    }
}

fn sqlite_rows(rows: Vec<sqlx::sqlite::SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres_rows(rows: Vec<sqlx::postgres::PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}
