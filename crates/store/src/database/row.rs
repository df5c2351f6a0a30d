//! What a statement returns.

use sqlx::{ColumnIndex, Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column, by its name or its place.
    pub fn get<T: Column>(&self, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<T, sqlx::Error> {
        T::read(self, column)
    }
}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    fn read(row: &Row, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<Self, sqlx::Error>;
}

/// Types that both databases keep.
macro_rules! kept {
    ($($kept:ty),+) => { $(
        impl Column for $kept {
            fn read(row: &Row, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<Self, sqlx::Error> {
                match row {
                    Row::Sqlite(row) => row.try_get(column),
                    Row::Postgres(row) => row.try_get(column),
                }
            }
        }
    )+ };
}

kept!(
    i64,
    Option<i64>,
    f64,
    Option<f64>,
    String,
    Option<String>,
    Vec<u8>,
    Option<Vec<u8>>,
    Uuid,
    Option<Uuid>,
    bool,
    Option<bool>
);

impl Column for u32 {
    fn read(row: &Row, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<Self, sqlx::Error> {
        let number: i64 = row.get(column)?;
        Self::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

impl Column for Option<u32> {
    fn read(row: &Row, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<Self, sqlx::Error> {
        let number: Option<i64> = row.get(column)?;
        let number = number.map(u32::try_from).transpose();
        number.map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

impl Column for f32 {
    fn read(row: &Row, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<Self, sqlx::Error> {
        Ok(row.get::<f64>(column)? as Self)
    }
}
