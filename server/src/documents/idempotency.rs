//! An upload that is sent again under the same key is taken once.

use std::{future::Future, time::Duration};

use api::{KnowledgeBaseId, Uploads, UserId};
use axum::http::{HeaderMap, StatusCode};
use store::{Store, UploadClaim};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::{http::ApiError, state::AppState};

const LONGEST_KEY: usize = 255;

/// An upload whose program was killed may be begun again after so many milliseconds. What had been accepted by then is
/// found to be there already.
const LEASE_MS: i64 = 15_000;
const RENEWED: Duration = Duration::from_secs(5);

/// Gives the claim up when the upload ends, in whatever way.
struct Held<'s> {
    store: &'s Store,
    claim: Option<UploadClaim>,
}

impl Held<'_> {
    async fn release(mut self) {
        if let Some(claim) = self.claim.take() {
            release(self.store, &claim).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let (Some(claim), Ok(runtime)) = (self.claim.take(), Handle::try_current()) {
            let store = self.store.clone();
            runtime.spawn(async move { release(&store, &claim).await });
        }
    }
}

async fn release(store: &Store, claim: &UploadClaim) {
    if let Err(error) = store.release_upload_claim(claim).await {
        tracing::warn!(%error, "the claim on an upload could not be given up, and has to run out");
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
    let claim = UploadClaim {
        caller,
        knowledge_base,
        key,
        by: Uuid::now_v7(),
    };
    if !state.store.claim_upload(&claim, LEASE_MS).await? {
        return Err(under_way());
    }
    let held = Held {
        store: &state.store,
        claim: Some(claim.clone()),
    };
    let uploads = tokio::select! {
        uploads = remembered_or_taken(&state.store, &claim, take) => uploads,
        () = until_lost(&state.store, &claim) => Err(under_way()),
    };
    held.release().await;
    uploads
}

async fn remembered_or_taken(
    store: &Store,
    claim: &UploadClaim,
    take: impl Future<Output = Result<Uploads, ApiError>>,
) -> Result<Uploads, ApiError> {
    let (caller, knowledge_base, key) = (claim.caller, claim.knowledge_base, &claim.key);
    if let Some(response) = store.remembered_response(caller, knowledge_base, key).await? {
        return serde_json::from_str(&response).map_err(ApiError::internal);
    }
    let uploads = take.await?;
    let response = serde_json::to_string(&uploads).map_err(ApiError::internal)?;
    store.remember_response(caller, knowledge_base, key, &response).await?;
    Ok(uploads)
}

/// Renews the claim, until it is somebody else's because it could not be renewed in time.
async fn until_lost(store: &Store, claim: &UploadClaim) {
    loop {
        tokio::time::sleep(RENEWED).await;
        match store.renew_upload_claim(claim, LEASE_MS).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the claim on an upload could not be renewed"),
        }
    }
}

fn under_way() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "upload_under_way",
        "This upload is under way already",
        "A request with the same Idempotency-Key has not ended yet. Repeat yours when it has, to learn what became of it.",
    )
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
