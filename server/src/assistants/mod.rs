//! Assistants: what one chats with, version by version.

use api::{Assistant, AssistantId, AssistantSettings, AssistantVersion, SaveAssistant};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts::sign_up::check_name,
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

const LONGEST_TEXT: usize = 20_000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, save, delete))
        .routes(routes!(versions))
}

/// Your assistants, oldest first; the first one answers where none is named.
#[utoipa::path(get, path = "/assistants", tag = "Assistants", responses((status = 200, body = Vec<Assistant>)))]
async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<Assistant>>, ApiError> {
    state.store.default_assistant(caller.user.id).await?;
    Ok(Json(state.store.assistants(caller.user.id).await?))
}

/// Create an assistant.
#[utoipa::path(post, path = "/assistants", tag = "Assistants", request_body = AssistantSettings,
    responses((status = 201, body = Assistant)))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(settings): ApiJson<AssistantSettings>,
) -> Result<(StatusCode, Json<Assistant>), ApiError> {
    let settings = checked(settings)?;
    let assistant = state.store.create_assistant(caller.user.id, &settings).await?;
    Ok((StatusCode::CREATED, Json(assistant)))
}

/// One assistant at its current version.
#[utoipa::path(get, path = "/assistants/{id}", tag = "Assistants", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Assistant)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<AssistantId>,
) -> Result<Json<Assistant>, ApiError> {
    Ok(Json(state.store.assistant(caller.user.id, id).await?))
}

/// Save a new version. To restore an old one, save its settings.
#[utoipa::path(put, path = "/assistants/{id}", tag = "Assistants", params(("id" = uuid::Uuid, Path)),
    request_body = SaveAssistant, responses((status = 200, body = Assistant)))]
async fn save(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<AssistantId>,
    ApiJson(change): ApiJson<SaveAssistant>,
) -> Result<Json<Assistant>, ApiError> {
    let settings = checked(change.settings)?;
    Ok(Json(
        state
            .store
            .save_assistant(caller.user.id, id, change.base_version, &settings)
            .await?,
    ))
}

/// Delete an assistant; its answers stay.
#[utoipa::path(delete, path = "/assistants/{id}", tag = "Assistants", params(("id" = uuid::Uuid, Path)),
    responses((status = 204)))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<AssistantId>,
) -> Result<StatusCode, ApiError> {
    state.store.delete_assistant(caller.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every version of an assistant, newest first.
#[utoipa::path(get, path = "/assistants/{id}/versions", tag = "Assistants", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<AssistantVersion>)))]
async fn versions(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<AssistantId>,
) -> Result<Json<Vec<AssistantVersion>>, ApiError> {
    Ok(Json(state.store.assistant_versions(caller.user.id, id).await?))
}

fn checked(settings: AssistantSettings) -> Result<AssistantSettings, ApiError> {
    let (retrieval, generation) = (&settings.retrieval, &settings.generation);
    let rules = [
        (
            "instructions",
            settings.instructions.chars().count() <= LONGEST_TEXT,
            "Use at most 20,000 characters.",
        ),
        (
            "prompt_template",
            settings.prompt_template.contains("{question}") && settings.prompt_template.contains("{context}"),
            "The template must contain {question} and {context}.",
        ),
        (
            "prompt_template",
            settings.prompt_template.chars().count() <= LONGEST_TEXT,
            "Use at most 20,000 characters.",
        ),
        (
            "retrieval.passages",
            (1..=30).contains(&retrieval.passages),
            "Choose 1 to 30 passages.",
        ),
        (
            "retrieval.min_score",
            (0.0..=1.0).contains(&retrieval.min_score),
            "Choose 0 to 1.",
        ),
        (
            "retrieval.lexical_weight",
            (0.0..=1.0).contains(&retrieval.lexical_weight),
            "Choose 0 to 1.",
        ),
        (
            "retrieval.neighbours",
            retrieval.neighbours <= 3,
            "Choose 0 to 3 neighbours.",
        ),
        (
            "generation.temperature",
            (0.0..=2.0).contains(&generation.temperature),
            "Choose 0 to 2.",
        ),
        (
            "generation.top_p",
            generation.top_p > 0.0 && generation.top_p <= 1.0,
            "Choose more than 0, at most 1.",
        ),
        (
            "generation.max_tokens",
            (16..=32_768).contains(&generation.max_tokens),
            "Choose 16 to 32,768 tokens.",
        ),
    ];
    if let Some((field, _, message)) = rules.iter().find(|(_, holds, _)| !holds) {
        return Err(ApiError::invalid(field, *message));
    }
    Ok(AssistantSettings {
        name: check_name(&settings.name)?,
        ..settings
    })
}
