//! Documents: taking them in, showing how far they are, and giving back what was read.

mod events;
pub mod form;
mod from_url;
pub mod idempotency;
pub mod intake;
pub mod leftovers;
pub mod name;
mod original;
mod text;
pub mod upload;

use api::{Document, DocumentEvent, DocumentId, DocumentQuery, KnowledgeBaseId, Page, RetriedDocuments};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use object_store::{ObjectStoreExt, path::Path as ObjectPath};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, upload::upload))
        .routes(routes!(from_url::from_url))
        .routes(routes!(retry_failed))
        .routes(routes!(events::events))
        .routes(routes!(get, delete))
        .routes(routes!(retry))
        .routes(routes!(cancel))
        .routes(routes!(text::text))
        .routes(routes!(original::original))
}

/// Where the original of a document is kept.
pub fn original_path(id: DocumentId) -> ObjectPath {
    ObjectPath::from(id.to_string())
}

/// The document whose original is kept there.
pub fn document_at(path: &ObjectPath) -> Option<DocumentId> {
    Some(DocumentId(Uuid::try_parse(path.filename()?).ok()?))
}

/// Removes the file of a document that is deleted. What cannot be removed now is removed later (see [`leftovers`]).
pub async fn remove_original(state: &AppState, id: DocumentId) {
    if let Err(error) = state.originals.delete(&original_path(id)).await {
        tracing::warn!(document = %id, %error, "the original of a deleted document was left behind");
    }
}

/// The documents of a knowledge base.
#[utoipa::path(get, path = "/knowledge-bases/{id}/documents", tag = "Documents", params(("id" = uuid::Uuid, Path), DocumentQuery),
    responses((status = 200, body = Page<Document>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
    Query(query): Query<DocumentQuery>,
) -> Result<Json<Page<Document>>, ApiError> {
    Ok(Json(state.store.documents(caller.user.id, id, &query).await?))
}

/// One document and how far it is.
#[utoipa::path(get, path = "/documents/{id}", tag = "Documents", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Document)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Document>, ApiError> {
    Ok(Json(state.store.document(caller.user.id, id).await?))
}

/// Delete a document; work on it stops.
#[utoipa::path(delete, path = "/documents/{id}", tag = "Documents", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, ApiError> {
    let deleted = state.store.delete_document(caller.user.id, id).await?;
    state.forget_document(deleted.knowledge_base_id, id).await;
    remove_original(&state, id).await;
    state
        .changes
        .tell(deleted.knowledge_base_id, DocumentEvent::Deleted { id })
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a failed or cancelled document again.
#[utoipa::path(post, path = "/documents/{id}/retry", tag = "Documents", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Document)))]
async fn retry(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Document>, ApiError> {
    let document = state.store.retry_document(caller.user.id, id).await?;
    state.job_is_due().await;
    state.changes.document_changed(&document).await;
    Ok(Json(document))
}

/// Read all failed documents of a knowledge base again.
#[utoipa::path(post, path = "/knowledge-bases/{id}/documents/retry-failed", tag = "Documents", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = RetriedDocuments)))]
async fn retry_failed(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
) -> Result<Json<RetriedDocuments>, ApiError> {
    let documents = state.store.retry_failed_documents(caller.user.id, id).await?;
    state.job_is_due().await;
    for document in &documents {
        state.changes.document_changed(document).await;
    }
    Ok(Json(RetriedDocuments {
        documents: documents.len() as u64,
    }))
}

/// Stop reading a document that is not ready yet.
#[utoipa::path(post, path = "/documents/{id}/cancel", tag = "Documents", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Document)))]
async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Document>, ApiError> {
    let document = state.store.cancel_document(caller.user.id, id).await?;
    state.changes.document_changed(&document).await;
    Ok(Json(document))
}
