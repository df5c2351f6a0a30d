//! Taking files in: streamed to the blob store, then acknowledged in one transaction.

use api::{Access, DocumentEvent, DocumentId, KnowledgeBaseId, Problem, Upload, Uploads};
use axum::{
    Json,
    extract::{DefaultBodyLimit, Multipart, Path, State, multipart::Field},
    http::{HeaderMap, StatusCode},
};
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use store::NewDocument;
use uuid::Uuid;

use super::original_path;
use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

/// Files in one request; more are refused, so that a request ends.
const MOST_FILES: usize = 1000;
const LONGEST_NAME: usize = 255;

/// Upload files (fields named `file`). From the 202 on they are never lost.
///
/// With an `Idempotency-Key`, a repeated request returns what the first one returned.
#[utoipa::path(post, path = "/knowledge-bases/{id}/documents", tag = "Documents", params(("id" = uuid::Uuid, Path)),
    request_body(content_type = "multipart/form-data", content = String), responses((status = 202, body = Uploads)))]
pub async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Path(knowledge_base): Path<KnowledgeBaseId>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<Uploads>), ApiError> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    if let Some(key) = key
        && let Some(response) = state.store.remembered_response(caller.user.id, key).await?
    {
        let uploads = serde_json::from_str(&response).map_err(ApiError::internal)?;
        return Ok((StatusCode::ACCEPTED, Json(uploads)));
    }
    let uploads = take_files(&state, &caller, knowledge_base, form).await?;
    if let Some(key) = key {
        let response = serde_json::to_string(&uploads).map_err(ApiError::internal)?;
        state.store.remember_response(caller.user.id, key, &response).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(uploads)))
}

/// The whole request may be larger than one file, but must end somewhere.
pub fn body_limit(max_upload_mib: u64) -> DefaultBodyLimit {
    DefaultBodyLimit::max(usize::try_from(max_upload_mib.saturating_mul(10) << 20).unwrap_or(usize::MAX))
}

/// Takes every `file` field of the form.
pub async fn take_files(
    state: &AppState,
    caller: &Caller,
    knowledge_base: KnowledgeBaseId,
    mut form: Multipart,
) -> Result<Uploads, ApiError> {
    state
        .store
        .require_access(caller.user.id, knowledge_base, Access::Editor)
        .await?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() != Some("file") {
            continue;
        }
        if files.len() == MOST_FILES {
            return Err(ApiError::invalid(
                "file",
                format!("Send at most {MOST_FILES} files in one request."),
            ));
        }
        files.push(take_file(state, caller, knowledge_base, field).await?);
    }
    Ok(Uploads { files })
}

async fn take_file(
    state: &AppState,
    caller: &Caller,
    knowledge_base: KnowledgeBaseId,
    mut field: Field<'_>,
) -> Result<Upload, ApiError> {
    let name = safe_name(field.file_name().unwrap_or_default());
    let id = DocumentId(Uuid::now_v7());
    let limit = state.config.max_upload_mib << 20;
    let path = original_path(id);
    let mut writing = WriteMultipart::new(state.originals.put_multipart(&path).await.map_err(storage_error)?);
    let mut hash = Sha256::new();
    let mut size: u64 = 0;
    while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
        size += chunk.len() as u64;
        if size <= limit {
            hash.update(&chunk);
            writing.put(chunk);
            writing.wait_for_capacity(4).await.map_err(storage_error)?;
        }
    }
    if size > limit {
        writing.abort().await.map_err(storage_error)?;
        let problem = Problem::new(413, "too_large", "The file is too large").with_detail(format!(
            "{name} has {} MiB; at most {} MiB are taken. Split it, or ask an administrator to raise the limit.",
            size >> 20,
            limit >> 20
        ));
        return Ok(Upload::Refused { name, problem });
    }
    writing.finish().await.map_err(storage_error)?;
    let new = NewDocument {
        id,
        knowledge_base,
        name: &name,
        media_type: "application/octet-stream",
        size,
        sha256: &hex::encode(hash.finalize()),
        source_url: None,
    };
    let (document, is_new) = state.store.accept_document(caller.user.id, &new).await?;
    let document = Box::new(document);
    if !is_new {
        state.originals.delete(&path).await.map_err(storage_error)?;
        return Ok(Upload::Duplicate { name, document });
    }
    state.jobs_due.notify_one();
    state
        .changes
        .tell(
            knowledge_base,
            DocumentEvent::Changed {
                document: document.clone(),
            },
        )
        .await;
    Ok(Upload::Accepted { document })
}

fn unreadable(error: axum::extract::multipart::MultipartError) -> ApiError {
    ApiError::new(
        error.status(),
        "invalid_upload",
        "The upload could not be read",
        error.body_text(),
    )
}

fn storage_error(error: object_store::Error) -> ApiError {
    tracing::error!(%error, "an original could not be stored");
    ApiError::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "storage_failed",
        "The file could not be stored",
        "It was not taken. Free space on the server's disk or make its data folder writable, then upload it again.",
    )
}

/// A name that is safe to show and to save under: the last path segment, without control and direction characters.
fn safe_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_direction =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_direction(*c))
        .take(LONGEST_NAME)
        .collect();
    let shown = shown.trim();
    if shown.is_empty() || shown.chars().all(|c| c == '.') {
        "unnamed".to_owned()
    } else {
        shown.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::safe_name;

    #[test]
    fn names_lose_paths_control_and_direction_characters() {
        assert_eq!(safe_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_name("C:\\files\\plan.docx"), "plan.docx");
        assert_eq!(safe_name("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(safe_name("a\nb\0.txt"), "ab.txt");
        assert_eq!(safe_name(".."), "unnamed");
        assert_eq!(safe_name("Résumé 2026.pdf"), "Résumé 2026.pdf");
    }
}
