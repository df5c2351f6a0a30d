//! Passages, their vectors and their terms.

use std::{collections::HashMap, ops::RangeInclusive};

use api::{DocumentId, KnowledgeBaseId, PassageId, SearchHit, UserId};
use engine::{embed::to_f16_bytes, split::Passage};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::{Store, StoreError};

/// A passage to be stored with all that makes it findable.
pub struct NewPassage {
    pub ordinal: u32,
    /// Of all that `vector` and `terms` were made from.
    pub fingerprint: Vec<u8>,
    pub first_page: u32,
    pub last_page: u32,
    /// Characters from the start of the document's text.
    pub start: u64,
    pub end: u64,
    pub heading_path: Vec<String>,
    pub text: String,
    /// 16-bit floats, little endian.
    pub vector: Vec<u8>,
    /// What lexical search finds it by, separated by spaces.
    pub terms: String,
}

impl NewPassage {
    /// Vector and terms are those of the passage with its context.
    pub fn new(ordinal: u32, fingerprint: Vec<u8>, passage: Passage, terms: String, vector: &[f32]) -> Self {
        Self {
            ordinal,
            fingerprint,
            first_page: passage.first_page,
            last_page: passage.last_page,
            start: passage.characters.start,
            end: passage.characters.end,
            heading_path: passage.heading_path,
            text: passage.text,
            vector: to_f16_bytes(vector),
            terms,
        }
    }

    /// Keeps it aside until the whole document is published.
    pub(crate) async fn stage(&self, tx: &mut SqliteConnection, document: DocumentId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR REPLACE INTO staged_passages
                 (document_id, ordinal, fingerprint, id, first_page, last_page, start_char, end_char, heading_path, text, vector, terms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(document.0)
        .bind(self.ordinal)
        .bind(&self.fingerprint)
        .bind(Uuid::now_v7())
        .bind(self.first_page)
        .bind(self.last_page)
        .bind(i64::try_from(self.start).unwrap_or(i64::MAX))
        .bind(i64::try_from(self.end).unwrap_or(i64::MAX))
        .bind(serde_json::to_string(&self.heading_path)?)
        .bind(&self.text)
        .bind(&self.vector)
        .bind(&self.terms)
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Makes the first `count` staged passages of a document its passages.
pub(crate) async fn publish_staged(
    tx: &mut SqliteConnection,
    document: DocumentId,
    knowledge_base: KnowledgeBaseId,
    count: i64,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM passages WHERE document_id = $1")
        .bind(document.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO passages (id, document_id, knowledge_base_id, ordinal, first_page, last_page, start_char, end_char, heading_path, text)
         SELECT id, document_id, $2, ordinal, first_page, last_page, start_char, end_char, heading_path, text
         FROM staged_passages WHERE document_id = $1 AND ordinal < $3 ORDER BY ordinal",
    )
    .bind(document.0)
    .bind(knowledge_base.0)
    .bind(count)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO vectors (knowledge_base_id, seq, vector)
         SELECT $2, seq, vector FROM passages JOIN staged_passages USING (document_id, ordinal)
         WHERE document_id = $1 ORDER BY seq",
    )
    .bind(document.0)
    .bind(knowledge_base.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO passage_terms (rowid, owner, terms)
         SELECT seq, $2, terms FROM passages JOIN staged_passages USING (document_id, ordinal)
         WHERE document_id = $1 ORDER BY seq",
    )
    .bind(document.0)
    .bind(owner_token(knowledge_base))
    .execute(&mut *tx)
    .await?;
    forget_staged(tx, document).await
}

/// Drops what was kept aside for a document.
pub(crate) async fn forget_staged(tx: &mut SqliteConnection, document: DocumentId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM staged_passages WHERE document_id = $1")
        .bind(document.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// A passage with its place in the database.
pub struct PassageRow {
    pub seq: i64,
    pub ordinal: u32,
    pub hit: SearchHit,
}

/// Passages that stand side by side, as one.
pub struct PassageSpan {
    pub first_page: u32,
    pub last_page: u32,
    /// Characters from the start of the document's text.
    pub start: u64,
    pub end: u64,
    pub text: String,
}

pub(crate) struct StoredVector {
    pub seq: i64,
    pub document: DocumentId,
    /// 16-bit floats, little endian.
    pub vector: Vec<u8>,
}

/// Memory for a read: 30 MB with 384 numbers each.
const VECTORS_A_READ: i64 = 20_000;

/// A knowledge base as one token of the lexical index.
fn owner_token(id: KnowledgeBaseId) -> String {
    format!("kb{}", id.0.simple())
}

impl Store {
    /// The best passages by BM25 (k1 1.2, b 0.75, as FTS5 has them), best first, with their scores (higher is better).
    pub async fn lexical_search(
        &self,
        knowledge_bases: &[KnowledgeBaseId],
        terms: &[String],
        k: u32,
    ) -> Result<Vec<(i64, f32)>, StoreError> {
        if knowledge_bases.is_empty() || terms.is_empty() {
            return Ok(Vec::new());
        }
        let any_of = |tokens: Vec<String>| tokens.join(" OR ");
        let owners = any_of(knowledge_bases.iter().map(|id| owner_token(*id)).collect());
        let words = any_of(
            terms
                .iter()
                .map(|term| format!("\"{}\"", term.replace('"', "\"\"")))
                .collect(),
        );
        let rows = sqlx::query(
            "SELECT rowid, bm25(passage_terms, 0.0, 1.0) AS cost FROM passage_terms
             WHERE passage_terms MATCH $1 ORDER BY cost LIMIT $2",
        )
        .bind(format!("owner:({owners}) AND terms:({words})"))
        .bind(k)
        .fetch_all(&self.reads)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("rowid")?, -row.try_get::<f32, _>("cost")?)))
            .collect()
    }

    /// The vectors of a knowledge base stored after `after`, in order; the next [`VECTORS_A_READ`] of them.
    pub(crate) async fn vectors_after(
        &self,
        knowledge_base: KnowledgeBaseId,
        after: i64,
    ) -> Result<Vec<StoredVector>, StoreError> {
        let rows = sqlx::query(
            "SELECT vectors.seq, document_id, vector FROM vectors JOIN passages ON passages.seq = vectors.seq
             WHERE vectors.knowledge_base_id = $1 AND vectors.seq > $2 ORDER BY vectors.seq LIMIT $3",
        )
        .bind(knowledge_base.0)
        .bind(after)
        .bind(VECTORS_A_READ)
        .fetch_all(&self.reads)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredVector {
                    seq: row.try_get("seq")?,
                    document: DocumentId(row.try_get("document_id")?),
                    vector: row.try_get("vector")?,
                })
            })
            .collect()
    }

    /// The vectors of these passages as far as they still exist in these knowledge bases.
    pub(crate) async fn vectors(
        &self,
        knowledge_bases: &[KnowledgeBaseId],
        seqs: &[i64],
    ) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
        let mut found = HashMap::with_capacity(seqs.len());
        if knowledge_bases.is_empty() || seqs.is_empty() {
            return Ok(found);
        }
        let mut query = QueryBuilder::<Sqlite>::new("SELECT seq, vector FROM vectors WHERE knowledge_base_id IN (");
        let mut list = query.separated(", ");
        for id in knowledge_bases {
            list.push_bind(id.0);
        }
        query.push(") AND seq IN (");
        let mut list = query.separated(", ");
        for seq in seqs {
            list.push_bind(seq);
        }
        query.push(")");
        for row in query.build().fetch_all(&self.reads).await? {
            found.insert(row.try_get("seq")?, row.try_get("vector")?);
        }
        Ok(found)
    }

    /// These passages as far as they still exist in these knowledge bases, in no order.
    pub async fn passages(
        &self,
        knowledge_bases: &[KnowledgeBaseId],
        seqs: &[i64],
    ) -> Result<Vec<PassageRow>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT passages.*, documents.name FROM passages JOIN documents ON documents.id = document_id WHERE seq IN (",
        );
        let mut list = query.separated(", ");
        for seq in seqs {
            list.push_bind(seq);
        }
        query.push(") AND passages.knowledge_base_id IN (");
        let mut list = query.separated(", ");
        for id in knowledge_bases {
            list.push_bind(id.0);
        }
        query.push(")");
        let rows = query.build().fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                Ok(PassageRow {
                    seq: row.try_get("seq")?,
                    ordinal: row.try_get("ordinal")?,
                    hit: SearchHit {
                        passage_id: PassageId(row.try_get("id")?),
                        document_id: DocumentId(row.try_get("document_id")?),
                        knowledge_base_id: KnowledgeBaseId(row.try_get("knowledge_base_id")?),
                        document_name: row.try_get("name")?,
                        heading_path: serde_json::from_str(row.try_get("heading_path")?)?,
                        first_page: row.try_get("first_page")?,
                        last_page: row.try_get("last_page")?,
                        start: row.try_get::<i64, _>("start_char")?.unsigned_abs(),
                        end: row.try_get::<i64, _>("end_char")?.unsigned_abs(),
                        text: row.try_get("text")?,
                        score: 0.0,
                        relevance: 0.0,
                    },
                })
            })
            .collect()
    }

    /// The text of a document from one of its passages to another, with what stands between them.
    pub async fn passage_span(
        &self,
        caller: UserId,
        document: DocumentId,
        ordinals: RangeInclusive<u32>,
    ) -> Result<PassageSpan, StoreError> {
        self.document(caller, document).await?;
        let row = sqlx::query(
            "SELECT span.first_page, span.last_page, span.start, span.end,
                    substr(json_extract(extracted, '$.text'), span.start + 1, span.end - span.start) AS text
             FROM (SELECT document_id, min(start_char) AS start, max(end_char) AS end, min(first_page) AS first_page,
                          max(last_page) AS last_page
                   FROM passages WHERE document_id = $1 AND ordinal BETWEEN $2 AND $3 GROUP BY document_id) AS span
             JOIN document_texts ON document_texts.document_id = span.document_id",
        )
        .bind(document.0)
        .bind(ordinals.start())
        .bind(ordinals.end())
        .fetch_optional(&self.reads)
        .await?;
        // Read again or deleted between the search and now.
        let row = row.ok_or(StoreError::NotFound("passage"))?;
        Ok(PassageSpan {
            first_page: row.try_get("first_page")?,
            last_page: row.try_get("last_page")?,
            start: row.try_get::<i64, _>("start")?.unsigned_abs(),
            end: row.try_get::<i64, _>("end")?.unsigned_abs(),
            text: row.try_get("text")?,
        })
    }
}
