//! Knowledge bases and sharing.

pub mod form;

use api::{
    Access, CreateKnowledgeBase, KnowledgeBase, KnowledgeBaseId, Member, Page, PageQuery, Person, ShareKnowledgeBase,
    UpdateKnowledgeBase, UserId,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts::sign_up::check_name,
    documents::remove_original,
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

const LONGEST_DESCRIPTION: usize = 2000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(members, share))
        .routes(routes!(unshare))
}

/// The knowledge bases you may read, newest first.
#[utoipa::path(get, path = "/knowledge-bases", tag = "Knowledge bases", params(PageQuery),
    responses((status = 200, body = Page<KnowledgeBase>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<KnowledgeBase>>, ApiError> {
    Ok(Json(state.store.knowledge_bases(caller.user.id, &query).await?))
}

/// Create a knowledge base.
#[utoipa::path(post, path = "/knowledge-bases", tag = "Knowledge bases", request_body = CreateKnowledgeBase,
    responses((status = 201, body = KnowledgeBase)))]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(new): ApiJson<CreateKnowledgeBase>,
) -> Result<(StatusCode, Json<KnowledgeBase>), ApiError> {
    let new = CreateKnowledgeBase {
        name: check_name(&new.name)?,
        description: check_description(&new.description)?,
    };
    Ok((
        StatusCode::CREATED,
        Json(state.store.create_knowledge_base(caller.user.id, &new).await?),
    ))
}

/// One knowledge base.
#[utoipa::path(get, path = "/knowledge-bases/{id}", tag = "Knowledge bases", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = KnowledgeBase)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
) -> Result<Json<KnowledgeBase>, ApiError> {
    Ok(Json(state.store.knowledge_base(caller.user.id, id).await?))
}

/// Rename or describe a knowledge base.
#[utoipa::path(patch, path = "/knowledge-bases/{id}", tag = "Knowledge bases", params(("id" = uuid::Uuid, Path)),
    request_body = UpdateKnowledgeBase, responses((status = 200, body = KnowledgeBase)))]
async fn update(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
    ApiJson(change): ApiJson<UpdateKnowledgeBase>,
) -> Result<Json<KnowledgeBase>, ApiError> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let description = change.description.as_deref().map(check_description).transpose()?;
    let change = UpdateKnowledgeBase { name, description };
    Ok(Json(
        state.store.update_knowledge_base(caller.user.id, id, &change).await?,
    ))
}

fn check_description(description: &str) -> Result<String, ApiError> {
    let description = description.trim();
    if description.chars().count() > LONGEST_DESCRIPTION {
        return Err(ApiError::invalid(
            "description",
            format!("Describe it in at most {LONGEST_DESCRIPTION} characters."),
        ));
    }
    Ok(description.to_owned())
}

/// Delete a knowledge base with all its documents; work on them stops.
#[utoipa::path(delete, path = "/knowledge-bases/{id}", tag = "Knowledge bases", params(("id" = uuid::Uuid, Path)),
    responses((status = 204)))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
) -> Result<StatusCode, ApiError> {
    let documents = state.store.delete_knowledge_base(caller.user.id, id).await?;
    state.forget_passages(id).await;
    state.changes.forget(id).await;
    // There may be thousands; those that a stop of the server leaves behind are removed later as belonging to nothing.
    tokio::spawn(async move {
        for document in documents {
            remove_original(&state, document).await;
        }
    });
    Ok(StatusCode::NO_CONTENT)
}

/// Who may use a knowledge base.
#[utoipa::path(get, path = "/knowledge-bases/{id}/members", tag = "Knowledge bases", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<Member>)))]
async fn members(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
) -> Result<Json<Vec<Member>>, ApiError> {
    Ok(Json(state.store.members(caller.user.id, id).await?))
}

/// Share a knowledge base, or change what somebody may do with it.
#[utoipa::path(put, path = "/knowledge-bases/{id}/members", tag = "Knowledge bases", params(("id" = uuid::Uuid, Path)),
    request_body = ShareKnowledgeBase, responses((status = 200, body = Member)))]
async fn share(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
    ApiJson(share): ApiJson<ShareKnowledgeBase>,
) -> Result<Json<Member>, ApiError> {
    if share.access == Access::Owner {
        return Err(ApiError::invalid("access", "Share as `viewer` or `editor`."));
    }
    state.store.require_access(caller.user.id, id, Access::Owner).await?;
    let found = state.store.user_by_email(share.email.trim()).await?;
    let user = found
        .ok_or_else(|| ApiError::invalid("email", "Nobody here has this e-mail address."))?
        .user;
    if !state.store.share(caller.user.id, id, user.id, share.access).await? {
        return Err(ApiError::invalid(
            "email",
            "This is the owner, who may do everything already.",
        ));
    }
    let person = Person {
        id: user.id,
        email: user.email,
        name: user.name,
    };
    Ok(Json(Member {
        person,
        access: share.access,
    }))
}

/// Take a share back, or leave.
#[utoipa::path(delete, path = "/knowledge-bases/{id}/members/{user_id}", tag = "Knowledge bases",
    params(("id" = uuid::Uuid, Path), ("user_id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn unshare(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, user)): Path<(KnowledgeBaseId, UserId)>,
) -> Result<StatusCode, ApiError> {
    if state.store.unshare(caller.user.id, id, user).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "not_a_member",
        "Not shared with this person",
        "It is not shared with this person. The owner cannot leave it, but can delete it.",
    ))
}
