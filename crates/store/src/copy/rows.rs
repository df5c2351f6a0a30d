//! Rows of any table, read from and written to either database.

use super::tables::{Kind, Table, Way};
use crate::database::{Pool, Statement, Value, by_dialect};

/// Most rows of a batch, within what a statement takes of parameters.
const BATCH_ROWS: i64 = 500;

/// Bytes of text and other contents after which a batch is full. A text may be a hundred times as long: it is then alone.
const BATCH_BYTES: i64 = 4 << 20;

/// Both databases order and compare by these alike, byte by byte.
fn key_columns(table: &Table, suffix: &str) -> (String, String) {
    let list = |of_text: &str| {
        let columns = table.columns[..table.key].iter().map(|(name, kind)| match kind {
            Kind::Text => format!("{name}{of_text}{suffix}"),
            _ => format!("{name}{suffix}"),
        });
        columns.collect::<Vec<_>>().join(", ")
    };
    (list(""), list(r#" COLLATE "C""#))
}

fn names(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// `what` of the first rows after a key, in the order of keys.
fn select(table: &Table, what: &str, after: Option<&[Value]>, limit: i64) -> Statement {
    let (from_sqlite, from_postgres) = table.sources();
    let (key, key_on_postgres) = key_columns(table, "");
    let places: Vec<String> = (1..=table.key).map(|place| format!("${place}")).collect();
    let text = |from: &str, key: &str| {
        let later = after.map(|_| format!(" WHERE ({key}) > ({})", places.join(", ")));
        format!(
            "SELECT {what} FROM {from} AS rows_of_it{} ORDER BY {key} LIMIT ",
            later.unwrap_or_default()
        )
    };
    let select = by_dialect(text(from_sqlite, &key), text(from_postgres, &key_on_postgres));
    let bound = after.unwrap_or_default().iter().cloned().fold(select, Statement::bind);
    bound.push_bind(limit)
}

/// The next rows after a key, as many as make a batch; an empty one when there are no more.
pub async fn rows_after(pool: &Pool, table: &Table, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>, sqlx::Error> {
    let contents = table
        .columns
        .iter()
        .filter(|(_, kind)| matches!(kind, Kind::Text | Kind::Bytes));
    let size = contents.fold("CAST(0 AS BIGINT)".to_owned(), |size, (name, _)| {
        format!("{size} + coalesce(octet_length({name}), 0)")
    });
    let sizes: Vec<i64> = select(table, &size, after, BATCH_ROWS).fetch_column(pool).await?;
    if sizes.is_empty() {
        return Ok(Vec::new());
    }
    let mut total = 0;
    let fitting = sizes.iter().take_while(|size| {
        total += **size;
        total <= BATCH_BYTES
    });
    let batch = i64::try_from(fitting.count().max(1)).unwrap_or(BATCH_ROWS);
    let rows = select(table, &names(table.columns), after, batch)
        .fetch_all(pool)
        .await?;
    let values = rows.iter().map(|row| {
        let kinds = table.columns.iter().enumerate();
        kinds.map(|(place, (_, kind))| kind.read(row, place)).collect()
    });
    values.collect()
}

/// The key of the last row; none when the table is empty.
pub async fn last_key(pool: &Pool, table: &Table) -> Result<Option<Vec<Value>>, sqlx::Error> {
    let (from_sqlite, from_postgres) = table.sources();
    let (order, order_on_postgres) = key_columns(table, " DESC");
    let key = &table.columns[..table.key];
    let text = |from: &str, order: &str| {
        format!(
            "SELECT {} FROM {from} AS rows_of_it ORDER BY {order} LIMIT 1",
            names(key)
        )
    };
    let row = by_dialect(text(from_sqlite, &order), text(from_postgres, &order_on_postgres))
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let values = key.iter().enumerate().map(|(place, (_, kind))| kind.read(&row, place));
    values.collect::<Result<_, _>>().map(Some)
}

pub async fn count(pool: &Pool, table: &Table) -> Result<u64, sqlx::Error> {
    let (from_sqlite, from_postgres) = table.sources();
    let text = |from: &str| format!("SELECT count(*) FROM {from} AS rows_of_it");
    let row = by_dialect(text(from_sqlite), text(from_postgres))
        .fetch_one(pool)
        .await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// Puts rows into a table that none of them is in.
pub fn insert(table: &Table, rows: Vec<Vec<Value>>) -> Statement {
    let text = |overriding: &str| {
        format!(
            "INSERT INTO {} ({}) {overriding}VALUES ",
            table.name,
            names(table.columns)
        )
    };
    let overriding = match table.way {
        Way::Numbered => "OVERRIDING SYSTEM VALUE ",
        _ => "",
    };
    let mut inserting = by_dialect(text(""), text(overriding));
    for (place, mut row) in rows.into_iter().enumerate() {
        if let Way::Tree { parent } = table.way {
            name_no_later(&mut row, parent);
        }
        inserting = inserting.push(if place == 0 { "(" } else { ", (" });
        for (place, value) in row.into_iter().enumerate() {
            inserting = inserting.push(if place == 0 { "" } else { ", " }).push_bind(value);
        }
        inserting = inserting.push(")");
    }
    inserting
}

/// Identifiers tell the time by the clock of the replica that gave them, so a parent's may be later than a child's. It is
/// filled in when all rows are there.
fn name_no_later(row: &mut [Value], parent: usize) {
    if let (Value::Id(Some(own)), Value::Id(Some(named))) = (&row[0], &row[parent])
        && named > own
    {
        row[parent] = Value::Id(None);
    }
}
