//! Keys for programs.

use api::{ApiKey, ApiKeyId, CreateApiKey, CreatedApiKey};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::Utc;

use super::{sign_up::check_name, tokens};
use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

/// Marks a key wherever it turns up, so that leaks can be searched for.
const MARK: &str = "hyp_";
const PREFIX_LENGTH: usize = 12;

/// Your API keys, without their secrets.
#[utoipa::path(get, path = "/me/api-keys", tag = "Accounts", responses((status = 200, body = Vec<ApiKey>)))]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<ApiKey>>, ApiError> {
    caller.require_session()?;
    Ok(Json(state.store.api_keys(caller.user.id).await?))
}

/// Create an API key. Its secret is shown once.
#[utoipa::path(post, path = "/me/api-keys", tag = "Accounts", request_body = CreateApiKey, responses((status = 201, body = CreatedApiKey)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(new): ApiJson<CreateApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>), ApiError> {
    caller.require_session()?;
    let name = check_name(&new.name)?;
    if new.expires_at.is_some_and(|at| at <= Utc::now()) {
        return Err(ApiError::invalid("expires_at", "Choose a time that is still to come."));
    }
    let secret = format!("{MARK}{}", tokens::random());
    let prefix: String = secret.chars().take(PREFIX_LENGTH).collect();
    let hash = tokens::hash(&secret);
    let key = state
        .store
        .create_api_key(caller.user.id, &name, &prefix, &hash, new.scope, new.expires_at)
        .await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { key, secret })))
}

/// Revoke an API key.
#[utoipa::path(delete, path = "/me/api-keys/{id}", tag = "Accounts", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    caller.require_session()?;
    state.store.delete_api_key(caller.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
