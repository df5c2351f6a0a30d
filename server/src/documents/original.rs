//! The file as it was uploaded.

use api::DocumentId;
use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::extract::decode_text;
use object_store::ObjectStoreExt;
use serde::Deserialize;
use utoipa::IntoParams;

use super::original_path;
use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

/// What a browser may show itself; everything else is only ever downloaded, since it may carry scripts.
const SHOWN_INLINE: [&str; 6] = [
    "application/pdf",
    "text/plain",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
];

/// Text up to this many bytes is shown in UTF-8, whatever its encoding: not every browser knows them all. Longer text is
/// sent as it is.
const LARGEST_DECODED: u64 = 16 * 1024 * 1024;

#[derive(Deserialize, IntoParams)]
pub struct OriginalQuery {
    /// Show it in the browser where that is safe.
    #[serde(default)]
    inline: bool,
}

/// Download the original.
#[utoipa::path(get, path = "/documents/{id}/original", tag = "Documents", params(("id" = uuid::Uuid, Path), OriginalQuery),
    responses((status = 200, content_type = "application/octet-stream")))]
pub async fn original(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<OriginalQuery>,
) -> Result<Response, ApiError> {
    let document = state.store.document(caller.user.id, id).await?;
    let bytes = state
        .originals
        .get(&original_path(id))
        .await
        .map_err(|error| match error {
            object_store::Error::NotFound { .. } => ApiError::new(
                StatusCode::NOT_FOUND,
                "original_missing",
                "The original is missing",
                "The file is no longer in the server's storage: upload it again, or restore it from a backup.",
            ),
            other if state.config.originals_url.is_some() => {
                tracing::error!(error = %other, "the bucket of originals cannot be used");
                ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage_unavailable",
                    "The original cannot be reached",
                    "The storage of the original files cannot be used at the moment. Try again in a while.",
                )
            }
            other => ApiError::internal(other),
        })?;
    let inline = query.inline && SHOWN_INLINE.contains(&document.media_type.as_str());
    let media_type = if inline {
        document.media_type.as_str()
    } else {
        "application/octet-stream"
    };
    let (body, length) = if media_type == "text/plain" && bytes.meta.size <= LARGEST_DECODED {
        let bytes = bytes.bytes().await.map_err(ApiError::internal)?;
        let text = decode_text(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes))
            .into_owned();
        let length = text.len() as u64;
        (Body::from(text), length)
    } else {
        let length = bytes.meta.size;
        (Body::from_stream(bytes.into_stream()), length)
    };
    let media_type = if media_type == "text/plain" {
        "text/plain; charset=utf-8"
    } else {
        media_type
    };
    // Browsers show no PDF in a sandbox; their viewers run nothing of it with the rights of this site.
    let policy = if inline && media_type == "application/pdf" {
        "frame-ancestors 'self'"
    } else {
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    };
    let name: String = url::form_urlencoded::byte_serialize(document.name.as_bytes()).collect();
    let name = name.replace('+', "%20");
    let disposition = format!(
        "{}; filename*=UTF-8''{name}",
        if inline { "inline" } else { "attachment" }
    );
    Ok((
        [
            (header::CONTENT_TYPE, media_type.to_owned()),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::CONTENT_DISPOSITION, disposition),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
            (header::CACHE_CONTROL, "private, no-store".to_owned()),
        ],
        body,
    )
        .into_response())
}
