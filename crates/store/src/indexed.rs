//! What an index on another server is given, and how what it finds is looked up.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use api::{DocumentId, KnowledgeBaseId, PassageId};
use engine::{lexical, split::Passage};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    database::{Row, Transaction, Value, by_dialect, statement},
};

/// A passage with all that makes it findable.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedPassage {
    /// Its place among all passages; 0 while its document is not published.
    pub seq: i64,
    pub id: PassageId,
    pub document: DocumentId,
    pub knowledge_base: KnowledgeBaseId,
    /// 16-bit floats, little endian.
    pub vector: Vec<u8>,
    /// What lexical search finds it by, separated by spaces.
    pub terms: String,
}

/// A passage that another server found, as the database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedPassage {
    pub seq: i64,
    /// 16-bit floats, little endian.
    pub vector: Vec<u8>,
}

/// What is stored of passages that makes them findable; a condition follows.
const STORED: &str = "
    SELECT passages.*, vector, documents.name FROM passages
    JOIN vectors ON vectors.seq = passages.seq JOIN documents ON documents.id = passages.document_id WHERE ";

impl Store {
    /// Which index of the passages is in use.
    #[instrument(target = "store", skip_all)]
    pub async fn index_generation(&self) -> Result<i64, StoreError> {
        let row = statement("SELECT generation FROM passage_index").fetch_one(&self.reads);
        Ok(row.await?.get(0)?)
    }

    /// Has the index `new` used from now on in place of `old`, if it holds every passage up to and including `through`.
    /// False, and nothing changed, when there are later ones by now, or `old` is not used any more.
    #[instrument(target = "store", skip_all)]
    pub async fn use_index(&self, old: i64, new: i64, through: i64) -> Result<bool, StoreError> {
        let mut tx = self.writes.begin().await?;
        // Waits for what is being published.
        let replaced = statement("UPDATE passage_index SET generation = $2 WHERE generation = $1")
            .bind(old)
            .bind(new)
            .execute(&mut tx)
            .await?;
        let later = statement("SELECT 1 FROM passages WHERE seq > $1 LIMIT 1")
            .bind(through)
            .fetch_optional(&mut tx)
            .await?;
        let complete = replaced > 0 && later.is_none();
        if complete {
            tx.commit().await?;
        }
        Ok(complete)
    }

    /// The last passage, when nothing is just being published: whatever is published from now on comes after it.
    #[instrument(target = "store", skip_all)]
    pub async fn last_settled_passage(&self) -> Result<i64, StoreError> {
        let mut tx = self.writes.begin().await?;
        statement("SELECT generation FROM passage_index")
            .push_for_postgres(" FOR UPDATE")
            .fetch_one(&mut tx)
            .await?;
        let last = statement("SELECT coalesce(max(seq), 0) FROM passages")
            .fetch_one(&mut tx)
            .await?;
        Ok(last.get(0)?)
    }

    /// The published passages after the one at `after`, in order. Terms are made anew of what is stored.
    #[instrument(target = "store", skip_all)]
    pub async fn indexed_passages_after(&self, after: i64, limit: u32) -> Result<Vec<IndexedPassage>, StoreError> {
        let rows = statement(STORED)
            .push("passages.seq > $1 ORDER BY passages.seq LIMIT $2")
            .bind(after)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        self.indexed(&rows).await
    }

    /// These published passages, in order.
    pub(crate) async fn indexed_passages(
        &self,
        seqs: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<IndexedPassage>, StoreError> {
        let rows = statement(STORED)
            .push("passages.seq IN ")
            .push_list(seqs)
            .push(" ORDER BY passages.seq")
            .fetch_all(&self.reads)
            .await?;
        self.indexed(&rows).await
    }

    async fn indexed(&self, rows: &[Row]) -> Result<Vec<IndexedPassage>, StoreError> {
        let documents: Result<BTreeSet<Uuid>, sqlx::Error> = rows.iter().map(|row| row.get("document_id")).collect();
        let titles = self.titles(documents?).await?;
        rows.iter().map(|row| published(row, &titles)).collect()
    }

    /// The titles that these documents have in themselves.
    async fn titles(&self, of: BTreeSet<Uuid>) -> Result<HashMap<Uuid, String>, StoreError> {
        let select =
            |title: &str| format!("SELECT document_id, {title} AS title FROM document_texts WHERE document_id IN ");
        let rows = by_dialect(
            select("json_extract(extracted, '$.title')"),
            select("extracted::json ->> 'title'"),
        )
        .push_list(of)
        .fetch_all(&self.reads)
        .await?;
        let mut titles = HashMap::new();
        for row in rows {
            if let Some(title) = row.get::<Option<String>>("title")? {
                titles.insert(row.get("document_id")?, title);
            }
        }
        Ok(titles)
    }

    /// How many passages are published.
    #[instrument(target = "store", skip_all)]
    pub async fn count_passages(&self) -> Result<u64, StoreError> {
        let row = statement("SELECT count(*) FROM passages")
            .fetch_one(&self.reads)
            .await?;
        Ok(row.get::<i64>(0)?.unsigned_abs())
    }

    /// How many passages are published in each knowledge base that has any.
    #[instrument(target = "store", skip_all)]
    pub async fn passage_counts(&self) -> Result<Vec<(KnowledgeBaseId, u64)>, StoreError> {
        let rows = statement("SELECT knowledge_base_id, count(*) FROM passages GROUP BY knowledge_base_id")
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok((KnowledgeBaseId(row.get(0)?), row.get::<i64>(1)?.unsigned_abs())))
            .collect()
    }

    /// The passages that are kept aside for a document, by their places in it.
    #[instrument(target = "store", skip_all)]
    pub async fn staged(
        &self,
        document: DocumentId,
        knowledge_base: KnowledgeBaseId,
        ordinals: Range<u32>,
    ) -> Result<Vec<IndexedPassage>, StoreError> {
        let rows = statement(
            "SELECT id, vector, terms FROM staged_passages
             WHERE document_id = $1 AND ordinal >= $2 AND ordinal < $3 ORDER BY ordinal",
        )
        .bind(document.0)
        .bind(ordinals.start)
        .bind(ordinals.end)
        .fetch_all(&self.reads)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(IndexedPassage {
                    seq: 0,
                    id: PassageId(row.get("id")?),
                    document,
                    knowledge_base,
                    vector: row.get("vector")?,
                    terms: row.get("terms")?,
                })
            })
            .collect()
    }

    /// These passages as far as they are published in these knowledge bases.
    #[instrument(target = "store", skip_all)]
    pub async fn placed_passages(
        &self,
        within: &[KnowledgeBaseId],
        ids: &[PassageId],
    ) -> Result<HashMap<PassageId, PlacedPassage>, StoreError> {
        let rows = statement("SELECT passages.id, passages.seq, vector FROM passages JOIN vectors ON vectors.seq = passages.seq WHERE passages.id IN ")
            .push_list(ids.iter().map(|id| id.0))
            .push(" AND passages.knowledge_base_id IN ")
            .push_list(within.iter().map(|id| id.0))
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| {
                let placed = PlacedPassage {
                    seq: row.get("seq")?,
                    vector: row.get("vector")?,
                };
                Ok((PassageId(row.get("id")?), placed))
            })
            .collect()
    }

    /// Those of these documents that there are.
    #[instrument(target = "store", skip_all)]
    pub async fn documents_that_exist(&self, of: &[DocumentId]) -> Result<Vec<DocumentId>, StoreError> {
        let ids: Vec<Uuid> = statement("SELECT id FROM documents WHERE id IN ")
            .push_list(of.iter().map(|id| id.0))
            .fetch_column(&self.reads)
            .await?;
        Ok(ids.into_iter().map(DocumentId).collect())
    }
}

fn published(row: &Row, titles: &HashMap<Uuid, String>) -> Result<IndexedPassage, StoreError> {
    let (document, name): (Uuid, String) = (row.get("document_id")?, row.get("name")?);
    let passage = Passage {
        text: row.get("text")?,
        range: 0..0,
        characters: 0..0,
        first_page: row.get("first_page")?,
        last_page: row.get("last_page")?,
        heading_path: serde_json::from_str(&row.get::<String>("heading_path")?)?,
        table_head: row.get("table_head")?,
    };
    let input = passage.with_context(titles.get(&document).unwrap_or(&name));
    Ok(IndexedPassage {
        seq: row.get("seq")?,
        id: PassageId(row.get("id")?),
        document: DocumentId(document),
        knowledge_base: KnowledgeBaseId(row.get("knowledge_base_id")?),
        vector: row.get("vector")?,
        terms: lexical::terms(&input).join(" "),
    })
}

/// Fails unless this is the index in use, and keeps it so until the end of the transaction.
pub(crate) async fn require_index(tx: &mut Transaction<'_>, generation: i64) -> Result<(), StoreError> {
    let in_use = statement("SELECT generation FROM passage_index").push_for_postgres(" FOR SHARE");
    if in_use.fetch_one(tx).await?.get::<i64>(0)? == generation {
        Ok(())
    } else {
        Err(StoreError::OtherIndex)
    }
}
