//! The words that passages are found by, made again from what is stored of them.

use crate::{
    Store, StoreError,
    database::{Statement, Value},
    passages::{index_words, owner_token},
};

/// Puts these rows of the index of words into another.
pub async fn index(source: &Store, rows: &[Vec<Value>]) -> Result<Statement, StoreError> {
    let passages = source.indexed_passages(rows.iter().flatten().cloned()).await?;
    let places =
        (0..passages.len()).map(|at| format!("(${}, ${}, ${}, ${})", 4 * at + 1, 4 * at + 2, 4 * at + 3, 4 * at + 4));
    let indexing = index_words(&format!(
        "WITH made (seq, knowledge_base_id, owner, terms) AS (VALUES {}) SELECT * FROM made",
        places.collect::<Vec<_>>().join(", ")
    ));
    Ok(passages.into_iter().fold(indexing, |indexing, passage| {
        indexing
            .bind(passage.seq)
            .bind(passage.knowledge_base.0)
            .bind(owner_token(passage.knowledge_base))
            .bind(passage.terms)
    }))
}
