//! Administration of users.

use api::{CreateUser, Page, PageQuery, UpdateUser, User, UserId};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use object_store::ObjectStoreExt;
use store::NewUser;

use super::{
    passwords,
    sign_up::{check_email, check_name, taken_email},
};
use crate::{
    documents::original_path,
    http::{Admin, ApiError, ApiJson},
    state::AppState,
};

/// All users.
#[utoipa::path(get, path = "/users", tag = "Administration", params(PageQuery), responses((status = 200, body = Page<User>)))]
pub async fn list(
    State(state): State<AppState>,
    _: Admin,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<User>>, ApiError> {
    Ok(Json(state.store.users(&query).await?))
}

/// Create a user.
#[utoipa::path(post, path = "/users", tag = "Administration", request_body = CreateUser, responses((status = 201, body = User)))]
pub async fn create(
    State(state): State<AppState>,
    _: Admin,
    ApiJson(new): ApiJson<CreateUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let (email, name) = (check_email(&new.email)?, check_name(&new.name)?);
    passwords::check_strength(&new.password, &[&email, &name])?;
    let hash = passwords::hash(new.password).await?;
    let new = NewUser {
        email: &email,
        name: &name,
        password_hash: &hash,
        role: Some(new.role),
    };
    let user = state.store.create_user(new).await.map_err(taken_email)?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Change a user. A new password or disabling ends the user's sessions.
#[utoipa::path(patch, path = "/users/{id}", tag = "Administration", params(("id" = uuid::Uuid, Path)), request_body = UpdateUser,
    responses((status = 200, body = User)))]
pub async fn update(
    State(state): State<AppState>,
    _: Admin,
    Path(id): Path<UserId>,
    ApiJson(change): ApiJson<UpdateUser>,
) -> Result<Json<User>, ApiError> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let hash = match &change.password {
        Some(password) => {
            passwords::check_strength(password, &[])?;
            Some(passwords::hash(password.clone()).await?)
        }
        None => None,
    };
    Ok(Json(
        state
            .store
            .update_user(id, &UpdateUser { name, ..change }, hash.as_deref())
            .await?,
    ))
}

/// Delete a user and everything that is theirs alone.
#[utoipa::path(delete, path = "/users/{id}", tag = "Administration", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub async fn delete(State(state): State<AppState>, _: Admin, Path(id): Path<UserId>) -> Result<StatusCode, ApiError> {
    let (knowledge_bases, documents) = state.store.delete_user(id).await?;
    for id in knowledge_bases {
        state.forget_passages(id).await;
    }
    // There may be thousands.
    tokio::spawn(async move {
        for id in documents {
            if let Err(error) = state.originals.delete(&original_path(id)).await {
                tracing::warn!(document = %id, %error, "the original of a deleted document was left behind");
            }
        }
    });
    Ok(StatusCode::NO_CONTENT)
}
