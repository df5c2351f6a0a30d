//! One file from a stream of bytes to its acknowledgement.

use api::{DocumentId, KnowledgeBaseId, Problem, Upload, UserId};
use axum::http::StatusCode;
use bytes::Bytes;
use engine::extract::media_type_by_start;
use futures::{Stream, StreamExt};
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use store::{NewDocument, StoreError};
use uuid::Uuid;

use super::original_path;
use crate::{http::ApiError, state::AppState, telemetry::traces};

/// How much of a file is looked at to say what it is before it is read, in bytes.
const START: usize = 4096;

/// A file that is on its way.
pub struct Incoming<'a> {
    /// Safe to show and to save under.
    pub name: &'a str,
    pub source_url: Option<&'a str>,
}

struct Stored {
    size: u64,
    sha256: String,
    media_type: &'static str,
}

enum NotStored {
    TooLarge,
    /// Its bytes stopped coming.
    CutOff(ApiError),
    Storage(object_store::Error),
}

impl From<object_store::Error> for NotStored {
    fn from(error: object_store::Error) -> Self {
        Self::Storage(error)
    }
}

/// Stores a file and accepts it as a document. Once that is said it is never lost.
///
/// The original is on the disk, its name in the folder too, before the row and the job are; those are on the disk
/// before this returns.
///
/// # Errors
/// When the bytes stop coming, or the caller may not add to this knowledge base. Whatever else is wrong is told as
/// [`Upload::Refused`].
pub async fn take_in(
    state: &AppState,
    caller: UserId,
    knowledge_base: KnowledgeBaseId,
    file: Incoming<'_>,
    bytes: impl Stream<Item = Result<Bytes, ApiError>>,
) -> Result<Upload, ApiError> {
    let id = DocumentId(Uuid::now_v7());
    let refused = |problem: Problem| {
        Ok(Upload::Refused {
            name: file.name.to_owned(),
            problem,
        })
    };
    let stored = match store_original(state, id, bytes).await {
        Ok(stored) => stored,
        Err(NotStored::CutOff(error)) => return Err(error),
        Err(NotStored::TooLarge) => return refused(too_large(file.name, state.config.max_upload_mib)),
        Err(NotStored::Storage(error)) => {
            tracing::error!(%error, "an original could not be stored");
            return refused(not_stored(state.config.originals_url.is_some()));
        }
    };
    let trace = traces::current();
    let new = NewDocument {
        id,
        knowledge_base,
        name: file.name,
        media_type: stored.media_type,
        size: stored.size,
        sha256: &stored.sha256,
        source_url: file.source_url,
        trace: trace.as_deref(),
    };
    let accepted = state.store.accept_document(caller, &new).await;
    // When the connection to the database broke it is not known whether the document was accepted: its original stays,
    // and is removed later if nobody has it.
    let in_use = matches!(accepted, Ok((_, true)) | Err(StoreError::Unreachable(_)));
    if !in_use && let Err(error) = state.originals.delete(&original_path(id)).await {
        tracing::warn!(%error, "an original that is not needed was left behind; it is removed later");
    }
    let (document, is_new) = match accepted {
        Ok(accepted) => accepted,
        Err(error @ (StoreError::NotFound(_) | StoreError::Forbidden(_))) => return Err(error.into()),
        Err(error) => return refused(ApiError::from(error).0),
    };
    let document = Box::new(document);
    if !is_new {
        return Ok(Upload::Duplicate {
            name: file.name.to_owned(),
            document,
        });
    }
    state.job_is_due().await;
    state.changes.document_changed(&document).await;
    Ok(Upload::Accepted { document })
}

async fn store_original(
    state: &AppState,
    id: DocumentId,
    bytes: impl Stream<Item = Result<Bytes, ApiError>>,
) -> Result<Stored, NotStored> {
    let limit = state.config.max_upload_mib << 20;
    let mut writing = WriteMultipart::new(state.originals.put_multipart(&original_path(id)).await?);
    let mut hash = Sha256::new();
    let mut start = Vec::new();
    let mut size: u64 = 0;
    let mut bytes = std::pin::pin!(bytes);
    while let Some(chunk) = bytes.next().await {
        let chunk = match chunk {
            Ok(chunk) if size + chunk.len() as u64 <= limit => chunk,
            unwanted => {
                writing.abort().await?;
                return Err(unwanted.map_or_else(NotStored::CutOff, |_| NotStored::TooLarge));
            }
        };
        size += chunk.len() as u64;
        start.extend_from_slice(&chunk[..chunk.len().min(START - start.len())]);
        hash.update(&chunk);
        writing.put(chunk);
        writing.wait_for_capacity(4).await?;
    }
    writing.finish().await?;
    Ok(Stored {
        size,
        sha256: hex::encode(hash.finalize()),
        media_type: media_type_by_start(&start),
    })
}

fn too_large(name: &str, limit_mib: u64) -> Problem {
    Problem::new(413, "too_large", "The file is too large").with_detail(format!(
        "{name} is larger than {limit_mib} MiB, the most that is taken. Split it, or ask an administrator to raise the limit."
    ))
}

fn not_stored(in_bucket: bool) -> Problem {
    let (status, remedy) = if in_bucket {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "The storage of the original files cannot be used at the moment: upload it again in a while.",
        )
    } else {
        (
            StatusCode::INSUFFICIENT_STORAGE,
            "Free space on the server's disk or make its data folder writable, then upload it again.",
        )
    };
    Problem::new(status.as_u16(), "storage_failed", "The file could not be stored")
        .with_detail(format!("It was not taken. {remedy}"))
}
