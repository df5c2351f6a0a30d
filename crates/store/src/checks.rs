//! Whether what is stored of documents fits together.

use api::DocumentId;
use tracing::instrument;

use crate::{
    Store, StoreError,
    database::{Row, by_dialect, statement},
    jobs::OR_BEGIN_ANEW,
    time::now,
};

/// A document of which something is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    pub document: DocumentId,
    pub name: String,
    /// What is missing, to follow the name.
    pub missing: String,
}

fn damaged(row: &Row) -> Result<Option<Damaged>, sqlx::Error> {
    let count = |column: &str| row.get::<i64>(column);
    let missing = match row.get::<String>("status")?.as_str() {
        "ready" => {
            let passages = count("passages")?;
            let of = |what: &str, there: i64| {
                (there != passages).then(|| format!("has {there} {what} and should have {passages}"))
            };
            of("passages", count("kept")?)
                .or(of("vectors", count("vectors")?))
                .or(of("passages in the index of words", count("terms")?))
                .or((!row.get::<bool>("has_text")?).then(|| "has no text".to_owned()))
        }
        "queued" | "processing" => {
            (!row.get::<bool>("has_job")?).then(|| "waits to be read, and nobody was told to".to_owned())
        }
        _ => None,
    };
    let Some(missing) = missing else { return Ok(None) };
    Ok(Some(Damaged {
        document: DocumentId(row.get("id")?),
        name: row.get("name")?,
        missing,
    }))
}

impl Store {
    /// Counts what is stored of every document. What a healthy program leaves behind never shows here.
    #[instrument(target = "store", skip_all)]
    pub async fn damaged_documents(&self) -> Result<Vec<Damaged>, StoreError> {
        let counts = |terms: &str| {
            format!(
                "SELECT id, name, status, passages,
                        (SELECT count(*) FROM passages WHERE document_id = documents.id) AS kept,
                        (SELECT count(*) FROM passages JOIN vectors ON vectors.seq = passages.seq
                         WHERE document_id = documents.id) AS vectors,
                        (SELECT count(*) FROM passages JOIN {terms} WHERE document_id = documents.id) AS terms,
                        EXISTS (SELECT 1 FROM document_texts WHERE document_id = documents.id) AS has_text,
                        EXISTS (SELECT 1 FROM jobs WHERE document_id = documents.id) AS has_job
                 FROM documents ORDER BY id"
            )
        };
        let rows = by_dialect(
            // Where FTS5 keeps the lengths of its rows.
            counts("passage_terms_docsize AS indexed ON indexed.id = passages.seq"),
            counts("passage_terms AS indexed ON indexed.seq = passages.seq"),
        )
        .fetch_all(&self.reads)
        .await?;
        let damaged: Result<Vec<Option<Damaged>>, sqlx::Error> = rows.iter().map(damaged).collect();
        Ok(damaged?.into_iter().flatten().collect())
    }

    /// Has these documents read again from their originals.
    #[instrument(target = "store", skip_all)]
    pub async fn read_again(&self, documents: &[DocumentId]) -> Result<(), StoreError> {
        // A statement takes some tens of thousands of parameters at most.
        for documents in documents.chunks(1_000) {
            let ids = || documents.iter().map(|document| document.0);
            let mut tx = self.writes.begin().await?;
            statement(
                "UPDATE documents SET status = 'queued', stage = NULL, progress = 0, error = NULL, updated_at = $1
                 WHERE id IN ",
            )
            .bind(now())
            .push_list(ids())
            .execute(&mut tx)
            .await?;
            statement("INSERT INTO jobs (document_id, run_after) SELECT id, $1 FROM documents WHERE id IN ")
                .bind(now())
                .push_list(ids())
                .push(OR_BEGIN_ANEW)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
