//! One's own account.

use api::{ChangePassword, Session, SessionId, UpdateProfile, UpdateUser, User};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{passwords, sign_in, sign_up::check_name};
use crate::{
    http::{ApiError, ApiJson, Caller, caller::SESSION_MAX_AGE_SECONDS},
    state::AppState,
};

/// Who you are.
#[utoipa::path(get, path = "/me", tag = "Accounts", responses((status = 200, body = User)))]
pub async fn get(caller: Caller) -> Json<User> {
    Json(caller.user)
}

/// Change your name.
#[utoipa::path(patch, path = "/me", tag = "Accounts", request_body = UpdateProfile, responses((status = 200, body = User)))]
pub async fn update(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(change): ApiJson<UpdateProfile>,
) -> Result<Json<User>, ApiError> {
    caller.require_session()?;
    let change = UpdateUser {
        name: Some(check_name(&change.name)?),
        ..UpdateUser::default()
    };
    Ok(Json(state.store.update_user(caller.user.id, &change, None).await?))
}

/// Change your password; every other session ends.
#[utoipa::path(post, path = "/me/password", tag = "Accounts", request_body = ChangePassword, responses((status = 204)))]
pub async fn change_password(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(change): ApiJson<ChangePassword>,
) -> Result<Response, ApiError> {
    caller.require_session()?;
    state.sign_in_limit.check(&caller.user.email).await?;
    let stored = state
        .store
        .user_by_email(&caller.user.email)
        .await?
        .map(|stored| stored.password_hash);
    if !passwords::verify(change.current_password, stored).await? {
        return Err(ApiError::invalid(
            "current_password",
            "This is not your current password.",
        ));
    }
    passwords::check_strength(&change.new_password, &[&caller.user.email, &caller.user.name])
        .map_err(|error| error.about_field("new_password"))?;
    let hash = passwords::hash(change.new_password).await?;
    state
        .store
        .update_user(caller.user.id, &UpdateUser::default(), Some(&hash))
        .await?;
    let cookie = sign_in::open_session(&state, &caller.user, &headers).await?;
    Ok((StatusCode::NO_CONTENT, [cookie]).into_response())
}

/// Where you are signed in.
#[utoipa::path(get, path = "/me/sessions", tag = "Accounts", responses((status = 200, body = Vec<Session>)))]
pub async fn sessions(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<Session>>, ApiError> {
    let max_age = SESSION_MAX_AGE_SECONDS * 1000;
    Ok(Json(
        state.store.sessions(caller.user.id, caller.session, max_age).await?,
    ))
}

/// End all your sessions but this one.
#[utoipa::path(delete, path = "/me/sessions", tag = "Accounts", responses((status = 204)))]
pub async fn revoke_other_sessions(State(state): State<AppState>, caller: Caller) -> Result<StatusCode, ApiError> {
    let this = caller.require_session()?;
    state.store.delete_other_sessions(caller.user.id, this).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of your sessions.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "Accounts", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub async fn revoke_session(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    caller.require_session()?;
    state.store.delete_session(caller.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
