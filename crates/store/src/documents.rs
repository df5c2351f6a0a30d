//! Documents and their extracted text.

use api::{
    Access, Document, DocumentError, DocumentId, DocumentOrder, DocumentQuery, KnowledgeBaseId, Page, Stage, UserId,
};
use engine::document::ExtractedText;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    NewPassage, Store, StoreError,
    accounts::{page, page_limit},
    enums::{from_name, name_of},
    time::{from_millis, now},
};

/// A document whose original is already stored.
pub struct NewDocument<'a> {
    pub id: DocumentId,
    pub knowledge_base: KnowledgeBaseId,
    pub name: &'a str,
    pub media_type: &'a str,
    pub size: u64,
    pub sha256: &'a str,
    pub source_url: Option<&'a str>,
}

/// All that makes a document searchable.
pub struct Published<'a> {
    pub document: DocumentId,
    pub media_type: &'a str,
    pub text: &'a ExtractedText,
    pub passages: &'a [NewPassage],
}

fn document(row: &SqliteRow) -> Result<Document, StoreError> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    Ok(Document {
        id: DocumentId(row.try_get("id")?),
        knowledge_base_id: KnowledgeBaseId(row.try_get("knowledge_base_id")?),
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size: row.try_get::<i64, _>("size")?.unsigned_abs(),
        sha256: row.try_get("sha256")?,
        status: from_name(row.try_get("status")?)?,
        stage: text("stage")?.map(from_name).transpose()?,
        progress: row.try_get("progress")?,
        error: text("error")?.map(|error| serde_json::from_str(&error)).transpose()?,
        pages: row.try_get("pages")?,
        passages: row.try_get("passages")?,
        source_url: text("source_url")?,
        created_at: from_millis(row.try_get("created_at")?),
        updated_at: from_millis(row.try_get("updated_at")?),
    })
}

impl Store {
    /// Takes a document and the job that will read it, in one transaction. From here on it is never lost.
    ///
    /// Returns the document that already holds these bytes, with `false`, where there is one.
    pub async fn accept_document(&self, caller: UserId, new: &NewDocument<'_>) -> Result<(Document, bool), StoreError> {
        self.require_access(caller, new.knowledge_base, Access::Editor).await?;
        let mut tx = self.writes.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO documents (id, knowledge_base_id, name, media_type, size, sha256, status, source_url, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $8)
             ON CONFLICT (knowledge_base_id, sha256) DO NOTHING RETURNING *",
        )
        .bind(new.id.0)
        .bind(new.knowledge_base.0)
        .bind(new.name)
        .bind(new.media_type)
        .bind(i64::try_from(new.size).unwrap_or(i64::MAX))
        .bind(new.sha256)
        .bind(new.source_url)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = inserted else {
            let row = sqlx::query("SELECT * FROM documents WHERE knowledge_base_id = $1 AND sha256 = $2")
                .bind(new.knowledge_base.0)
                .bind(new.sha256)
                .fetch_one(&mut *tx)
                .await?;
            return Ok((document(&row)?, false));
        };
        sqlx::query("INSERT INTO jobs (document_id, run_after) VALUES ($1, $2)")
            .bind(new.id.0)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok((document(&row)?, true))
    }

    pub async fn document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let row = sqlx::query(
            "SELECT documents.* FROM documents
             JOIN knowledge_base_access USING (knowledge_base_id) WHERE documents.id = $2 AND user_id = $1",
        )
        .bind(caller.0)
        .bind(id.0)
        .fetch_optional(&self.reads)
        .await?
        .ok_or(StoreError::NotFound("document"))?;
        document(&row)
    }

    /// A document for the worker, which acts for nobody.
    pub async fn document_for_worker(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        let row = sqlx::query("SELECT * FROM documents WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(document).transpose()
    }

    pub async fn documents(
        &self,
        caller: UserId,
        knowledge_base: KnowledgeBaseId,
        query: &DocumentQuery,
    ) -> Result<Page<Document>, StoreError> {
        self.require_access(caller, knowledge_base, Access::Viewer).await?;
        let limit = page_limit(query.limit);
        let order = match query.order {
            DocumentOrder::Newest => "id DESC",
            DocumentOrder::Oldest => "id ASC",
            DocumentOrder::Name => "name COLLATE NOCASE ASC, id ASC",
            DocumentOrder::Largest => "size DESC, id ASC",
        };
        let offset: i64 = query
            .cursor
            .as_deref()
            .and_then(|cursor| cursor.parse().ok())
            .unwrap_or(0)
            .max(0);
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT * FROM documents
             WHERE knowledge_base_id = $1 AND ($2 IS NULL OR instr(lower(name), lower($2)) > 0) AND ($3 IS NULL OR status = $3)
             ORDER BY {order} LIMIT $4 OFFSET $5"
        )))
        .bind(knowledge_base.0)
        .bind(&query.search)
        .bind(query.status.map(name_of).transpose()?)
        .bind(limit + 1)
        .bind(offset)
        .fetch_all(&self.reads)
        .await?;
        let items = rows.iter().map(document).collect::<Result<Vec<_>, _>>()?;
        Ok(page(items, limit, |_| (offset + limit).to_string()))
    }

    pub async fn delete_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        sqlx::query("DELETE FROM documents WHERE id = $1")
            .bind(id.0)
            .execute(&self.writes)
            .await?;
        Ok(found)
    }

    /// Takes a failed or cancelled document up again.
    pub async fn retry_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        let mut tx = self.writes.begin().await?;
        let changed = sqlx::query(
            "UPDATE documents SET status = 'queued', stage = NULL, progress = 0, error = NULL, updated_at = $2
             WHERE id = $1 AND status IN ('failed', 'cancelled') RETURNING *",
        )
        .bind(id.0)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = changed else { return Ok(found) };
        sqlx::query("INSERT OR REPLACE INTO jobs (document_id, run_after) VALUES ($1, $2)")
            .bind(id.0)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        document(&row)
    }

    /// Stops the work on a document that is not ready yet.
    pub async fn cancel_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        let mut tx = self.writes.begin().await?;
        let changed = sqlx::query(
            "UPDATE documents SET status = 'cancelled', stage = NULL, progress = 0, updated_at = $2
             WHERE id = $1 AND status IN ('queued', 'processing') RETURNING *",
        )
        .bind(id.0)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = changed else { return Ok(found) };
        sqlx::query("DELETE FROM jobs WHERE document_id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        document(&row)
    }

    /// Notes how far a worker is. None when the document was deleted or cancelled meanwhile: stop then.
    pub async fn note_progress(
        &self,
        id: DocumentId,
        stage: Stage,
        progress: f32,
    ) -> Result<Option<Document>, StoreError> {
        let row = sqlx::query(
            "UPDATE documents SET status = 'processing', stage = $2, progress = $3, updated_at = $4
             WHERE id = $1 AND status IN ('queued', 'processing') RETURNING *",
        )
        .bind(id.0)
        .bind(name_of(stage)?)
        .bind(progress)
        .bind(now())
        .fetch_optional(&self.writes)
        .await?;
        row.as_ref().map(document).transpose()
    }

    /// Ends the work on a document with a reason.
    pub async fn fail_document(&self, id: DocumentId, error: &DocumentError) -> Result<Option<Document>, StoreError> {
        let mut tx = self.writes.begin().await?;
        let row = sqlx::query(
            "UPDATE documents SET status = 'failed', stage = NULL, progress = 0, error = $2, updated_at = $3
             WHERE id = $1 AND status IN ('queued', 'processing') RETURNING *",
        )
        .bind(id.0)
        .bind(serde_json::to_string(error)?)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM jobs WHERE document_id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        row.as_ref().map(document).transpose()
    }

    /// Makes a document searchable: text, passages, vectors, terms, `ready` and the end of its job, all or nothing.
    ///
    /// None when it was deleted or cancelled meanwhile; then nothing is written.
    pub async fn publish_document(&self, published: Published<'_>) -> Result<Option<Document>, StoreError> {
        let mut tx = self.writes.begin().await?;
        let row = sqlx::query(
            "UPDATE documents SET status = 'ready', stage = NULL, progress = 1, error = NULL, media_type = $2, pages = $3, passages = $4,
                                  updated_at = $5
             WHERE id = $1 AND status IN ('queued', 'processing') RETURNING *",
        )
        .bind(published.document.0)
        .bind(published.media_type)
        .bind(i64::try_from(published.text.pages.len()).unwrap_or(i64::MAX))
        .bind(i64::try_from(published.passages.len()).unwrap_or(i64::MAX))
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let ready = document(&row)?;
        sqlx::query("DELETE FROM passages WHERE document_id = $1")
            .bind(ready.id.0)
            .execute(&mut *tx)
            .await?;
        for passage in published.passages {
            passage.insert(&mut tx, ready.id, ready.knowledge_base_id).await?;
        }
        sqlx::query("INSERT OR REPLACE INTO document_texts (document_id, extracted) VALUES ($1, $2)")
            .bind(ready.id.0)
            .bind(serde_json::to_string(published.text)?)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM jobs WHERE document_id = $1")
            .bind(ready.id.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(ready))
    }

    /// The text of a document; None while it is not ready.
    pub async fn document_text(&self, caller: UserId, id: DocumentId) -> Result<Option<ExtractedText>, StoreError> {
        self.document(caller, id).await?;
        let text: Option<String> = sqlx::query_scalar("SELECT extracted FROM document_texts WHERE document_id = $1")
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Of these documents, those that exist; what is not among them may be removed from the blob store.
    pub async fn existing_documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM documents")
            .fetch_all(&self.reads)
            .await?;
        Ok(ids.into_iter().map(DocumentId).collect())
    }

    /// What an upload under this idempotency key returned before.
    pub async fn remembered_response(&self, caller: UserId, key: &str) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT response FROM idempotency_keys WHERE user_id = $1 AND key = $2")
                .bind(caller.0)
                .bind(key)
                .fetch_optional(&self.reads)
                .await?,
        )
    }

    pub async fn remember_response(&self, caller: UserId, key: &str, response: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR IGNORE INTO idempotency_keys (user_id, key, response, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(caller.0)
        .bind(key)
        .bind(response)
        .bind(now())
        .execute(&self.writes)
        .await?;
        Ok(())
    }
}
