//! Documents and their extracted text.

use std::collections::HashMap;

use api::{
    Access, Document, DocumentError, DocumentId, DocumentOrder, DocumentQuery, KnowledgeBaseId, Page, Stage, UserId,
};
use engine::document::ExtractedText;
use sqlx::Connection;
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Job, NewPassage, Store, StoreError,
    accounts::{page, page_limit},
    cursor::Cursor,
    database::{Pool, Row, Transaction, statement},
    enums::{from_name, name_of},
    indexed::require_index,
    jobs::OR_BEGIN_ANEW,
    knowledge_bases::note_change,
    passages::{forget_staged, publish_staged},
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
    /// The trace that the upload belongs to, as the header `traceparent` has it.
    pub trace: Option<&'a str>,
}

/// All that makes a document searchable, but for its passages, which are staged by then.
pub struct Published<'a> {
    pub media_type: &'a str,
    pub text: &'a ExtractedText,
    /// How many staged passages it has.
    pub passages: u32,
    /// The generation of the index that has taken them.
    pub index: i64,
}

fn document(row: &Row) -> Result<Document, StoreError> {
    let text = |column: &str| row.get::<Option<String>>(column);
    Ok(Document {
        id: DocumentId(row.get("id")?),
        knowledge_base_id: KnowledgeBaseId(row.get("knowledge_base_id")?),
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        size: row.get::<i64>("size")?.unsigned_abs(),
        sha256: row.get("sha256")?,
        status: from_name(row.get("status")?)?,
        stage: text("stage")?.map(from_name).transpose()?,
        progress: row.get("progress")?,
        error: text("error")?.map(|error| serde_json::from_str(&error)).transpose()?,
        pages: row.get("pages")?,
        passages: row.get("passages")?,
        source_url: text("source_url")?,
        created_at: from_millis(row.get("created_at")?),
        updated_at: from_millis(row.get("updated_at")?),
    })
}

async fn accept(mut tx: Transaction<'_>, new: &NewDocument<'_>) -> Result<(Document, bool), StoreError> {
    let inserted = statement(
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
    .fetch_optional(&mut tx)
    .await?;
    let Some(row) = inserted else {
        let row = statement("SELECT * FROM documents WHERE knowledge_base_id = $1 AND sha256 = $2")
            .bind(new.knowledge_base.0)
            .bind(new.sha256)
            .fetch_one(&mut tx)
            .await?;
        return Ok((document(&row)?, false));
    };
    statement("INSERT INTO jobs (document_id, run_after, trace) VALUES ($1, $2, $3)")
        .bind(new.id.0)
        .bind(now())
        .bind(new.trace)
        .execute(&mut tx)
        .await?;
    tx.commit().await?;
    Ok((document(&row)?, true))
}

/// Removes what only a document that is still being read has.
async fn end_work(tx: &mut Transaction<'_>, id: DocumentId) -> Result<(), StoreError> {
    statement("DELETE FROM jobs WHERE document_id = $1")
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
    forget_staged(tx, id).await
}

impl Store {
    /// Takes a document and the job that will read it, in one transaction. From here on it is never lost: unlike
    /// other transactions, which only outlive the program, this one has reached the disk and outlives a power cut.
    ///
    /// Returns the document that already holds these bytes, with `false`, where there is one.
    #[instrument(target = "store", skip_all)]
    pub async fn accept_document(&self, caller: UserId, new: &NewDocument<'_>) -> Result<(Document, bool), StoreError> {
        self.require_access(caller, new.knowledge_base, Access::Editor).await?;
        let Pool::Sqlite(writes) = &self.writes else {
            return accept(self.writes.begin().await?, new).await;
        };
        let mut connection = writes.acquire().await?;
        sqlx::query("PRAGMA synchronous = FULL")
            .execute(&mut *connection)
            .await?;
        let accepted = accept(Transaction::Sqlite(connection.begin().await?), new).await;
        sqlx::query("PRAGMA synchronous = NORMAL")
            .execute(&mut *connection)
            .await?;
        accepted
    }

    #[instrument(target = "store", skip_all)]
    pub async fn document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let row = statement(
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

    #[instrument(target = "store", skip_all)]
    pub async fn documents(
        &self,
        caller: UserId,
        knowledge_base: KnowledgeBaseId,
        query: &DocumentQuery,
    ) -> Result<Page<Document>, StoreError> {
        self.require_access(caller, knowledge_base, Access::Viewer).await?;
        let limit = page_limit(query.limit);
        let mut sql = statement("SELECT * FROM documents WHERE knowledge_base_id = $1").bind(knowledge_base.0);
        if let Some(search) = &query.search {
            sql = sql
                .push(" AND instr(lower(name), lower(")
                .push_bind(search)
                .push(")) > 0");
        }
        if let Some(status) = query.status {
            sql = sql.push(" AND status = ").push_bind(name_of(status)?);
        }
        // Each page begins after the last item of the one before, so that what comes and goes meanwhile moves nothing.
        if let Some(after) = Cursor::parse_optional(query.cursor.as_deref())? {
            sql = match query.order {
                DocumentOrder::Newest => sql.push(" AND id < ").push_bind(after.id),
                DocumentOrder::Oldest => sql.push(" AND id > ").push_bind(after.id),
                DocumentOrder::Name => {
                    let sql = sql.push(" AND (name COLLATE NOCASE, id) > (").push_bind(after.value);
                    sql.push(", ").push_bind(after.id).push(")")
                }
                DocumentOrder::Largest => {
                    let size: i64 = after.value.parse().map_err(|_| StoreError::UnknownCursor)?;
                    let sql = sql.push(" AND (size, id) < (").push_bind(size);
                    sql.push(", ").push_bind(after.id).push(")")
                }
            };
        }
        let rows = sql
            .push(match query.order {
                DocumentOrder::Newest => " ORDER BY id DESC LIMIT ",
                DocumentOrder::Oldest => " ORDER BY id LIMIT ",
                DocumentOrder::Name => " ORDER BY name COLLATE NOCASE, id LIMIT ",
                DocumentOrder::Largest => " ORDER BY size DESC, id DESC LIMIT ",
            })
            .push_bind(limit + 1)
            .fetch_all(&self.reads)
            .await?;
        let items = rows.iter().map(document).collect::<Result<Vec<_>, _>>()?;
        Ok(page(items, limit, |last| {
            let value = match query.order {
                DocumentOrder::Newest | DocumentOrder::Oldest => String::new(),
                DocumentOrder::Name => last.name.clone(),
                DocumentOrder::Largest => last.size.to_string(),
            };
            Cursor { id: last.id.0, value }.to_string()
        }))
    }

    #[instrument(target = "store", skip_all)]
    pub async fn delete_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        let mut tx = self.writes.begin().await?;
        statement("DELETE FROM documents WHERE id = $1")
            .bind(id.0)
            .execute(&mut tx)
            .await?;
        note_change(&mut tx, found.knowledge_base_id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Takes a failed or cancelled document up again.
    #[instrument(target = "store", skip_all)]
    pub async fn retry_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        let mut tx = self.writes.begin().await?;
        let changed = statement(
            "UPDATE documents SET status = 'queued', stage = NULL, progress = 0, error = NULL, updated_at = $2
             WHERE id = $1 AND status IN ('failed', 'cancelled') RETURNING *",
        )
        .bind(id.0)
        .bind(now())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = changed else { return Ok(found) };
        statement("INSERT INTO jobs (document_id, run_after) VALUES ($1, $2)")
            .push(OR_BEGIN_ANEW)
            .bind(id.0)
            .bind(now())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        document(&row)
    }

    /// Takes every failed document of a knowledge base up again.
    #[instrument(target = "store", skip_all)]
    pub async fn retry_failed_documents(
        &self,
        caller: UserId,
        knowledge_base: KnowledgeBaseId,
    ) -> Result<Vec<Document>, StoreError> {
        self.require_access(caller, knowledge_base, Access::Editor).await?;
        let mut tx = self.writes.begin().await?;
        statement(
            "INSERT INTO jobs (document_id, run_after)
             SELECT id, $2 FROM documents WHERE knowledge_base_id = $1 AND status = 'failed'",
        )
        .push(OR_BEGIN_ANEW)
        .bind(knowledge_base.0)
        .bind(now())
        .execute(&mut tx)
        .await?;
        let rows = statement(
            "UPDATE documents SET status = 'queued', stage = NULL, progress = 0, error = NULL, updated_at = $2
             WHERE knowledge_base_id = $1 AND status = 'failed' RETURNING *",
        )
        .bind(knowledge_base.0)
        .bind(now())
        .fetch_all(&mut tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(document).collect()
    }

    /// Stops the work on a document that is not ready yet.
    #[instrument(target = "store", skip_all)]
    pub async fn cancel_document(&self, caller: UserId, id: DocumentId) -> Result<Document, StoreError> {
        let found = self.document(caller, id).await?;
        self.require_access(caller, found.knowledge_base_id, Access::Editor)
            .await?;
        let mut tx = self.writes.begin().await?;
        let changed = statement(
            "UPDATE documents SET status = 'cancelled', stage = NULL, progress = 0, updated_at = $2
             WHERE id = $1 AND status IN ('queued', 'processing') RETURNING *",
        )
        .bind(id.0)
        .bind(now())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = changed else { return Ok(found) };
        end_work(&mut tx, id).await?;
        tx.commit().await?;
        document(&row)
    }

    /// Notes how far a worker is. None when the job is no longer its own (see [`Job`]): stop then.
    #[instrument(target = "store", skip_all)]
    pub async fn note_progress(&self, job: &Job, stage: Stage, progress: f32) -> Result<Option<Document>, StoreError> {
        self.stage_passages(job, stage, progress, &[]).await
    }

    /// Notes how far a worker is and keeps passages aside that it has finished.
    ///
    /// None, and nothing kept, when the job is no longer its own.
    #[instrument(target = "store", skip_all)]
    pub async fn stage_passages(
        &self,
        job: &Job,
        stage: Stage,
        progress: f32,
        passages: &[NewPassage],
    ) -> Result<Option<Document>, StoreError> {
        let mut tx = self.writes.begin().await?;
        let row = statement(
            "UPDATE documents SET status = 'processing', stage = $3, progress = $4, updated_at = $5
             WHERE id = $1 AND EXISTS (SELECT 1 FROM jobs WHERE document_id = $1 AND leased_by = $2) RETURNING *",
        )
        .bind(job.document.0)
        .bind(job.worker)
        .bind(name_of(stage)?)
        .bind(progress)
        .bind(now())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        for passage in passages {
            passage.stage(&mut tx, job.document).await?;
        }
        tx.commit().await?;
        Ok(Some(document(&row)?))
    }

    /// The fingerprints of the passages that are kept aside for a document, by their place in it.
    #[instrument(target = "store", skip_all)]
    pub async fn staged_passages(&self, id: DocumentId) -> Result<HashMap<u32, Vec<u8>>, StoreError> {
        let rows = statement("SELECT ordinal, fingerprint FROM staged_passages WHERE document_id = $1")
            .bind(id.0)
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok((row.get("ordinal")?, row.get("fingerprint")?)))
            .collect()
    }

    /// Ends the work on a document with a reason. None when the job is no longer the worker's own.
    #[instrument(target = "store", skip_all)]
    pub async fn fail_document(&self, job: &Job, error: &DocumentError) -> Result<Option<Document>, StoreError> {
        let mut tx = self.writes.begin().await?;
        let row = statement(
            "UPDATE documents SET status = 'failed', stage = NULL, progress = 0, error = $3, updated_at = $4
             WHERE id = $1 AND EXISTS (SELECT 1 FROM jobs WHERE document_id = $1 AND leased_by = $2) RETURNING *",
        )
        .bind(job.document.0)
        .bind(job.worker)
        .bind(serde_json::to_string(error)?)
        .bind(now())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        end_work(&mut tx, job.document).await?;
        tx.commit().await?;
        Ok(Some(document(&row)?))
    }

    /// Makes a document searchable: text, passages, vectors, terms, `ready` and the end of its job, all or nothing.
    ///
    /// None, and nothing written, when the job is no longer the worker's own.
    ///
    /// # Errors
    /// [`StoreError::OtherIndex`] when another index is in use by now than the one that has taken the passages.
    #[instrument(target = "store", skip_all)]
    pub async fn publish_document(&self, job: &Job, published: Published<'_>) -> Result<Option<Document>, StoreError> {
        let mut tx = self.writes.begin().await?;
        let row = statement(
            "UPDATE documents SET status = 'ready', stage = NULL, progress = 1, error = NULL, media_type = $3, pages = $4, passages = $5,
                                  updated_at = $6
             WHERE id = $1 AND EXISTS (SELECT 1 FROM jobs WHERE document_id = $1 AND leased_by = $2) RETURNING *",
        )
        .bind(job.document.0)
        .bind(job.worker)
        .bind(published.media_type)
        .bind(i64::try_from(published.text.pages.len()).unwrap_or(i64::MAX))
        .bind(published.passages)
        .bind(now())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let ready = document(&row)?;
        require_index(&mut tx, published.index).await?;
        publish_staged(&mut tx, ready.id, ready.knowledge_base_id, published.passages.into()).await?;
        statement(
            "INSERT INTO document_texts (document_id, extracted) VALUES ($1, $2)
             ON CONFLICT (document_id) DO UPDATE SET extracted = excluded.extracted",
        )
        .bind(ready.id.0)
        .bind(serde_json::to_string(published.text)?)
        .execute(&mut tx)
        .await?;
        end_work(&mut tx, ready.id).await?;
        note_change(&mut tx, ready.knowledge_base_id).await?;
        tx.commit().await?;
        Ok(Some(ready))
    }

    /// The text of a document; None while it is not ready.
    #[instrument(target = "store", skip_all)]
    pub async fn document_text(&self, caller: UserId, id: DocumentId) -> Result<Option<ExtractedText>, StoreError> {
        self.document(caller, id).await?;
        let row = statement("SELECT extracted FROM document_texts WHERE document_id = $1")
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(serde_json::from_str(&row.get::<String>(0)?)?))
    }

    /// All documents there are; the originals of others may be removed.
    #[instrument(target = "store", skip_all)]
    pub async fn existing_documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        let ids: Vec<Uuid> = statement("SELECT id FROM documents").fetch_column(&self.reads).await?;
        Ok(ids.into_iter().map(DocumentId).collect())
    }

    /// What an upload to this knowledge base under this idempotency key returned before.
    #[instrument(target = "store", skip_all)]
    pub async fn remembered_response(
        &self,
        caller: UserId,
        knowledge_base: KnowledgeBaseId,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let row = statement(
            "SELECT response FROM idempotency_keys WHERE user_id = $1 AND knowledge_base_id = $2 AND key = $3",
        )
        .bind(caller.0)
        .bind(knowledge_base.0)
        .bind(key)
        .fetch_optional(&self.reads)
        .await?;
        Ok(row.map(|row| row.get(0)).transpose()?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn remember_response(
        &self,
        caller: UserId,
        knowledge_base: KnowledgeBaseId,
        key: &str,
        response: &str,
    ) -> Result<(), StoreError> {
        statement(
            "INSERT INTO idempotency_keys (user_id, knowledge_base_id, key, response, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(caller.0)
        .bind(knowledge_base.0)
        .bind(key)
        .bind(response)
        .bind(now())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Forgets what uploads returned longer than so many milliseconds ago.
    #[instrument(target = "store", skip_all)]
    pub async fn forget_responses_older_than(&self, age_ms: i64) -> Result<(), StoreError> {
        statement("DELETE FROM idempotency_keys WHERE created_at < $1")
            .bind(now() - age_ms)
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
