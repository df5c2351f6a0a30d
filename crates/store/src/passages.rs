//! Passages, their vectors and their terms.

use std::{collections::HashMap, f64::consts::PI, ops::RangeInclusive, sync::LazyLock};

use api::{DocumentId, KnowledgeBaseId, PassageId, SearchHit, UserId};
use engine::{embed::to_f16_bytes, split::Passage};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    database::{Pool, Statement, Transaction, by_dialect, statement},
};

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
    pub table_head: Option<String>,
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
            table_head: passage.table_head,
            text: passage.text,
            vector: to_f16_bytes(vector),
            terms,
        }
    }

    /// Keeps it aside until the whole document is published.
    pub(crate) async fn stage(&self, tx: &mut Transaction<'_>, document: DocumentId) -> Result<(), StoreError> {
        statement(
            "INSERT INTO staged_passages
                 (document_id, ordinal, fingerprint, id, first_page, last_page, start_char, end_char, heading_path, text, vector, terms,
                  table_head)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (document_id, ordinal) DO UPDATE SET
                 fingerprint = excluded.fingerprint, id = excluded.id, first_page = excluded.first_page,
                 last_page = excluded.last_page, start_char = excluded.start_char, end_char = excluded.end_char,
                 heading_path = excluded.heading_path, text = excluded.text, vector = excluded.vector, terms = excluded.terms,
                 table_head = excluded.table_head",
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
        .bind(&self.table_head)
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Makes the first `count` staged passages of a document its passages.
pub(crate) async fn publish_staged(
    tx: &mut Transaction<'_>,
    document: DocumentId,
    knowledge_base: KnowledgeBaseId,
    count: i64,
) -> Result<(), StoreError> {
    // The index reads what is new in the order of `seq`: of one knowledge base, a later one must not be there before an
    // earlier one.
    tx.lock(&owner_token(knowledge_base)).await?;
    statement("DELETE FROM passages WHERE document_id = $1")
        .bind(document.0)
        .execute(&mut *tx)
        .await?;
    statement(
        "INSERT INTO passages (id, document_id, knowledge_base_id, ordinal, first_page, last_page, start_char, end_char, heading_path, text,
                               table_head)
         SELECT id, document_id, $2, ordinal, first_page, last_page, start_char, end_char, heading_path, text, table_head
         FROM staged_passages WHERE document_id = $1 AND ordinal < $3 ORDER BY ordinal",
    )
    .bind(document.0)
    .bind(knowledge_base.0)
    .bind(count)
    .execute(&mut *tx)
    .await?;
    statement(
        "INSERT INTO vectors (knowledge_base_id, seq, vector)
         SELECT $2, seq, vector FROM passages JOIN staged_passages USING (document_id, ordinal)
         WHERE document_id = $1 ORDER BY seq",
    )
    .bind(document.0)
    .bind(knowledge_base.0)
    .execute(&mut *tx)
    .await?;
    index_words(
        "SELECT seq, knowledge_base_id, $2 AS owner, terms
         FROM passages JOIN staged_passages USING (document_id, ordinal) WHERE document_id = $1",
    )
    .bind(document.0)
    .bind(owner_token(knowledge_base))
    .execute(&mut *tx)
    .await?;
    forget_staged(tx, document).await
}

/// Makes passages findable by their words. The query yields `seq`, `knowledge_base_id`, its token as `owner`, and `terms`.
pub(crate) fn index_words(query: &str) -> Statement {
    by_dialect(
        format!(
            "INSERT INTO passage_terms (rowid, owner, terms) SELECT seq, owner, terms FROM ({query}) AS given ORDER BY seq"
        ),
        format!(
            "INSERT INTO passage_terms (seq, knowledge_base_id, length, terms)
             SELECT seq, knowledge_base_id, cardinality(string_to_array(terms, ' ')),
                    array_to_tsvector(ARRAY[' ' || owner]) || counted_terms(terms)
             FROM ({query}) AS given"
        ),
    )
}

/// Drops what was kept aside for a document.
pub(crate) async fn forget_staged(tx: &mut Transaction<'_>, document: DocumentId) -> Result<(), StoreError> {
    statement("DELETE FROM staged_passages WHERE document_id = $1")
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

/// A knowledge base as one token of the lexical index. On PostgreSQL, which keeps it among the terms of the text, a space
/// goes before it: no term has one.
pub(crate) fn owner_token(id: KnowledgeBaseId) -> String {
    format!("kb{}", id.0.simple())
}

/// How many places of a term PostgreSQL tells apart: more count as this many, for which BM25 gives nearly its most.
const MOST_OCCURRENCES: u32 = 50;

/// BM25 as FTS5 computes it, from what PostgreSQL's full-text search keeps. How many passages have a term is counted among
/// those that were found.
///
/// Parameters: `$1` is the owners and `$2` the terms, one a time that it is asked
/// for, both as `tsquery`; `$3` is the knowledge bases.
///
/// How often a term occurs is read off its rank by `ts_rank`, which with weights of one is the sum of 1/1, 1/4, 1/9 and so on
/// up to the square of how often it occurs, over π²/6 (`calc_rank_or` in PostgreSQL's tsrank.c): to ask for it is six times
/// faster than to unpack every passage's terms.
static BM25_ON_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    let ranks = (1..=MOST_OCCURRENCES).scan(0.0, |sum, place| {
        let before = *sum;
        *sum += 6.0 / PI.powi(2) / f64::from(place).powi(2);
        // Halfway, so that rounding decides nothing.
        Some(f64::midpoint(before, *sum).to_string())
    });
    let ranks: Vec<String> = ranks.collect();
    format!(
        "WITH asked AS (SELECT term, term::tsquery AS one, count(*)::float8 AS times
                        FROM json_array_elements_text($2::json) AS term GROUP BY term),
         held AS MATERIALIZED (
             SELECT seq, length, term, times,
                    width_bucket(ts_rank('{{1, 1, 1, 1}}', terms, one), ARRAY[{}]::real[]) AS occurrences
             FROM passage_terms CROSS JOIN asked WHERE terms @@ $1::tsquery AND terms @@ one),
         whole AS (SELECT sum(passages)::float8 AS passages, (sum(terms) / sum(passages))::float8 AS mean_length
                   FROM lexical_sizes
                   WHERE knowledge_base_id IN (SELECT id::uuid FROM json_array_elements_text($3::json) AS id)),
         weights AS (
             SELECT term, times * greatest(ln((passages - count(*) + 0.5::float8) / (count(*) + 0.5::float8)), 0.000001::float8)
                          AS weight
             FROM held CROSS JOIN whole GROUP BY term, times, passages)
         SELECT seq, sum(weight * occurrences * 2.2::float8
                         / (occurrences + 1.2::float8 * (0.25::float8 + 0.75::float8 * length / mean_length))) AS score
         FROM held JOIN weights USING (term) CROSS JOIN whole GROUP BY seq ORDER BY score DESC, seq LIMIT $4",
        ranks.join(", ")
    )
});

impl Store {
    /// The best passages by BM25 (k1 1.2, b 0.75, as FTS5 has them), best first, with their scores (higher is better).
    #[instrument(target = "store", skip_all)]
    pub async fn lexical_search(
        &self,
        knowledge_bases: &[KnowledgeBaseId],
        terms: &[String],
        k: u32,
    ) -> Result<Vec<(i64, f32)>, StoreError> {
        if knowledge_bases.is_empty() || terms.is_empty() {
            return Ok(Vec::new());
        }
        let terms = self.frequencies.rare_enough(&self.reads, terms).await?;
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let any_of = |tokens: Vec<String>, or: &str| tokens.join(or);
        let owners = knowledge_bases.iter().map(|id| owner_token(*id));
        let rows = match &self.reads {
            Pool::Sqlite(_) => {
                let quoted = |token: &str| format!("\"{}\"", token.replace('"', "\"\""));
                let owners = any_of(owners.map(|owner| quoted(&owner)).collect(), " OR ");
                let words = any_of(terms.iter().map(|term| quoted(term)).collect(), " OR ");
                statement(
                    "SELECT rowid AS seq, -bm25(passage_terms, 0.0, 1.0) AS score FROM passage_terms
                     WHERE passage_terms MATCH $1 ORDER BY score DESC LIMIT $2",
                )
                .bind(format!("owner:({owners}) AND terms:({words})"))
                .bind(k)
            }
            Pool::Postgres(_) => {
                let quoted = |token: &str| format!("'{}'", token.replace('\\', "\\\\").replace('\'', "''"));
                let owners = any_of(owners.map(|owner| quoted(&format!(" {owner}"))).collect(), " | ");
                let words: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
                statement(&**BM25_ON_POSTGRES)
                    .bind(owners)
                    .bind(serde_json::to_string(&words)?)
                    .bind(serde_json::to_string(knowledge_bases)?)
                    .bind(k)
            }
        };
        let rows = rows.fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| Ok((row.get("seq")?, row.get("score")?)))
            .collect()
    }

    /// The vectors of a knowledge base stored after `after`, in order; the next [`VECTORS_A_READ`] of them.
    pub(crate) async fn vectors_after(
        &self,
        knowledge_base: KnowledgeBaseId,
        after: i64,
    ) -> Result<Vec<StoredVector>, StoreError> {
        let rows = statement(
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
                    seq: row.get("seq")?,
                    document: DocumentId(row.get("document_id")?),
                    vector: row.get("vector")?,
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
        let rows = statement("SELECT seq, vector FROM vectors WHERE knowledge_base_id IN ")
            .push_list(knowledge_bases.iter().map(|id| id.0))
            .push(" AND seq IN ")
            .push_list(seqs.iter().copied())
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok((row.get("seq")?, row.get("vector")?)))
            .collect()
    }

    /// These passages as far as they still exist in these knowledge bases, in no order.
    #[instrument(target = "store", skip_all)]
    pub async fn passages(
        &self,
        knowledge_bases: &[KnowledgeBaseId],
        seqs: &[i64],
    ) -> Result<Vec<PassageRow>, StoreError> {
        let rows = statement(
            "SELECT passages.*, documents.name FROM passages JOIN documents ON documents.id = document_id WHERE seq IN ",
        )
        .push_list(seqs.iter().copied())
        .push(" AND passages.knowledge_base_id IN ")
        .push_list(knowledge_bases.iter().map(|id| id.0))
        .fetch_all(&self.reads)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PassageRow {
                    seq: row.get("seq")?,
                    ordinal: row.get("ordinal")?,
                    hit: SearchHit {
                        passage_id: PassageId(row.get("id")?),
                        document_id: DocumentId(row.get("document_id")?),
                        knowledge_base_id: KnowledgeBaseId(row.get("knowledge_base_id")?),
                        document_name: row.get("name")?,
                        heading_path: serde_json::from_str(&row.get::<String>("heading_path")?)?,
                        first_page: row.get("first_page")?,
                        last_page: row.get("last_page")?,
                        start: row.get::<i64>("start_char")?.unsigned_abs(),
                        end: row.get::<i64>("end_char")?.unsigned_abs(),
                        text: row.get("text")?,
                        score: 0.0,
                        relevance: 0.0,
                    },
                })
            })
            .collect()
    }

    /// The text of a document from one of its passages to another, with what stands between them.
    #[instrument(target = "store", skip_all)]
    pub async fn passage_span(
        &self,
        caller: UserId,
        document: DocumentId,
        ordinals: RangeInclusive<u32>,
    ) -> Result<PassageSpan, StoreError> {
        self.document(caller, document).await?;
        let span = "(SELECT document_id, min(start_char) AS first_char, max(end_char) AS last_char,
                            min(first_page) AS first_page, max(last_page) AS last_page
                     FROM passages WHERE document_id = $1 AND ordinal BETWEEN $2 AND $3 GROUP BY document_id) AS span
                     JOIN document_texts ON document_texts.document_id = span.document_id";
        let row = by_dialect(
            format!(
                "SELECT span.*, substr(json_extract(extracted, '$.text'), first_char + 1, last_char - first_char) AS text
                 FROM {span}"
            ),
            format!(
                "SELECT span.*, substr(extracted::json ->> 'text', (first_char + 1)::int, (last_char - first_char)::int) AS text
                 FROM {span}"
            ),
        )
        .bind(document.0)
        .bind(*ordinals.start())
        .bind(*ordinals.end())
        .fetch_optional(&self.reads)
        .await?;
        // Read again or deleted between the search and now.
        let row = row.ok_or(StoreError::NotFound("passage"))?;
        Ok(PassageSpan {
            first_page: row.get("first_page")?,
            last_page: row.get("last_page")?,
            start: row.get::<i64>("first_char")?.unsigned_abs(),
            end: row.get::<i64>("last_char")?.unsigned_abs(),
            text: row.get("text")?,
        })
    }
}
