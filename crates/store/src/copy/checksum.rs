//! Whether two tables hold the same.

use sha2::{Digest, Sha256};

use super::{rows::rows_after, tables::Table};
use crate::database::{Pool, Value};

/// The rows of a table, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    pub rows: u64,
    /// Of all columns that are copied, in the order of keys, in hexadecimal digits.
    pub sha256: String,
}

/// Sums up a table. `read` is told of its rows as they are read.
pub async fn checksum(pool: &Pool, table: &Table, read: impl Fn(u64)) -> Result<Sum, sqlx::Error> {
    let mut hash = Sha256::new();
    let mut rows = 0;
    let mut after: Option<Vec<Value>> = None;
    loop {
        let batch = rows_after(pool, table, after.as_deref()).await?;
        let Some(last) = batch.last() else { break };
        after = Some(table.key_of(last).to_vec());
        batch.iter().flatten().for_each(|value| add(&mut hash, value));
        rows += batch.len() as u64;
        read(batch.len() as u64);
    }
    Ok(Sum {
        rows,
        sha256: hex::encode(hash.finalize()),
    })
}

/// A length goes before each value, and a mark stands for none, so that no two rows read alike.
fn add(hash: &mut Sha256, value: &Value) {
    let mut given = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Integer(Some(number)) => given(&number.to_le_bytes()),
        Value::Real(Some(number)) => given(&number.to_le_bytes()),
        Value::Text(Some(text)) => given(text.as_bytes()),
        Value::Bytes(Some(bytes)) => given(bytes),
        Value::Id(Some(id)) => given(id.as_bytes()),
        Value::Flag(Some(flag)) => given(&[u8::from(*flag)]),
        Value::Integer(None)
        | Value::Real(None)
        | Value::Text(None)
        | Value::Bytes(None)
        | Value::Id(None)
        | Value::Flag(None) => hash.update(u64::MAX.to_le_bytes()),
    }
}
