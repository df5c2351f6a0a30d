//! An upload that is sent again under the same key is taken once.

use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use api::{KnowledgeBaseId, Uploads, UserId};
use axum::http::{HeaderMap, StatusCode};

use crate::{http::ApiError, state::AppState};

const LONGEST_KEY: usize = 255;

type Key = (UserId, KnowledgeBaseId, String);

/// The keys of uploads that are being taken now. A program that is killed forgets them, and what it had accepted by
/// then is found to be there already when the upload is repeated.
#[derive(Clone, Default)]
pub struct UploadsUnderWay(Arc<Mutex<HashSet<Key>>>);

/// Gives the key free when the upload ends, in whatever way.
struct Claim {
    under_way: UploadsUnderWay,
    key: Key,
}

impl UploadsUnderWay {
    fn claim(&self, key: Key) -> Option<Claim> {
        let is_free = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone());
        is_free.then(|| Claim {
            under_way: self.clone(),
            key,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut keys = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

/// Takes an upload, or returns what the first one under its `Idempotency-Key` returned. The caller's right to upload
/// has been checked before.
pub async fn once(
    state: &AppState,
    caller: UserId,
    knowledge_base: KnowledgeBaseId,
    headers: &HeaderMap,
    take: impl Future<Output = Result<Uploads, ApiError>>,
) -> Result<Uploads, ApiError> {
    let Some(key) = key(headers)? else { return take.await };
    let claim = state.uploads_under_way.claim((caller, knowledge_base, key.clone()));
    let _claim = claim.ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "upload_under_way",
            "This upload is under way already",
            "A request with the same Idempotency-Key has not ended yet. Repeat yours when it has, to learn what became of it.",
        )
    })?;
    if let Some(response) = state.store.remembered_response(caller, knowledge_base, &key).await? {
        return serde_json::from_str(&response).map_err(ApiError::internal);
    }
    let uploads = take.await?;
    let response = serde_json::to_string(&uploads).map_err(ApiError::internal)?;
    state
        .store
        .remember_response(caller, knowledge_base, &key, &response)
        .await?;
    Ok(uploads)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(ApiError::invalid(
            "idempotency-key",
            format!("Send 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID."),
        )),
    }
}
