//! Assistants: what one chats with, version by version.

pub mod template;

use api::{Assistant, AssistantId, AssistantSettings, AssistantVersion, ModelChoice, Problem, SaveAssistant, UserId};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use store::StoreError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts::sign_up::check_name,
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

const LONGEST_TEXT: usize = 20_000;
const LONGEST_DESCRIPTION: usize = 2_000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, save, delete))
        .routes(routes!(versions))
        .routes(routes!(version))
}

/// Your assistants, oldest first; the first one answers where none is named.
#[utoipa::path(get, path = "/assistants", tag = "Assistants", responses((status = 200, body = Vec<Assistant>)))]
async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<Assistant>>, ApiError> {
    Ok(Json(state.store.assistants(caller.user.id).await?))
}

/// Create an assistant.
#[utoipa::path(post, path = "/assistants", tag = "Assistants", request_body = AssistantSettings,
    responses((status = 201, body = Assistant), (status = 422, body = Problem)))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(settings): ApiJson<AssistantSettings>,
) -> Result<(StatusCode, Json<Assistant>), ApiError> {
    let settings = checked(&state, caller.user.id, settings).await?;
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
///
/// Refused with 409 (`changed_meanwhile`) when a version was saved since `base_version`.
#[utoipa::path(put, path = "/assistants/{id}", tag = "Assistants", params(("id" = uuid::Uuid, Path)),
    request_body = SaveAssistant, responses((status = 200, body = Assistant), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn save(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<AssistantId>,
    ApiJson(change): ApiJson<SaveAssistant>,
) -> Result<Json<Assistant>, ApiError> {
    let user = caller.user.id;
    // Before the settings are looked at: whoever may not know the assistant learns nothing else first.
    let current = state.store.assistant(user, id).await?;
    let settings = checked(&state, user, change.settings).await?;
    match state
        .store
        .save_assistant(user, id, change.base_version, &settings)
        .await
    {
        Err(StoreError::ChangedMeanwhile(_)) if change.base_version <= current.version => {
            let current = state.store.assistant(user, id).await?;
            Err(ApiError::new(
                StatusCode::CONFLICT,
                "changed_meanwhile",
                "Changed meanwhile",
                format!(
                    "{} saved version {} of this assistant on {} (UTC), after version {}, which you changed. Load it and \
                     repeat your change.",
                    caller.user.name,
                    current.version,
                    current.updated_at.format("%Y-%m-%d at %H:%M"),
                    change.base_version
                ),
            ))
        }
        Err(StoreError::ChangedMeanwhile(_)) => Err(ApiError::invalid(
            "base_version",
            format!("There is no version {} of this assistant.", change.base_version),
        )),
        saved => Ok(Json(saved?)),
    }
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

/// One version of an assistant, as it was saved.
#[utoipa::path(get, path = "/assistants/{id}/versions/{version}", tag = "Assistants",
    params(("id" = uuid::Uuid, Path), ("version" = u32, Path)), responses((status = 200, body = AssistantVersion)))]
async fn version(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(AssistantId, u32)>,
) -> Result<Json<AssistantVersion>, ApiError> {
    Ok(Json(state.store.assistant_version(caller.user.id, id, version).await?))
}

/// The settings with their name trimmed, if they are valid and name only what the caller may use.
async fn checked(state: &AppState, caller: UserId, settings: AssistantSettings) -> Result<AssistantSettings, ApiError> {
    let name = check_fields(&settings)?;
    let readable = state.store.readable(caller, &[]).await?;
    if settings.knowledge_base_ids.iter().any(|id| !readable.contains(id)) {
        return Err(ApiError::invalid(
            "knowledge_base_ids",
            "One of the knowledge bases was deleted or is not shared with you. Choose others.",
        ));
    }
    if let ModelChoice::Connection { connection_id, .. } = &settings.model {
        match state.store.connection(caller, *connection_id).await {
            Err(StoreError::NotFound(_)) => {
                return Err(ApiError::invalid(
                    "model.connection_id",
                    "The connection was deleted or is not shared with you. Choose another.",
                ));
            }
            found => found.map(drop)?,
        }
    }
    Ok(AssistantSettings { name, ..settings })
}

/// The trimmed name, or everything that is wrong with single fields.
fn check_fields(settings: &AssistantSettings) -> Result<String, ApiError> {
    let (retrieval, generation) = (&settings.retrieval, &settings.generation);
    let rules = [
        (
            "instructions",
            settings.instructions.chars().count() <= LONGEST_TEXT,
            "Use at most 20,000 characters.",
        ),
        (
            "description",
            settings.description.chars().count() <= LONGEST_DESCRIPTION,
            "Use at most 2,000 characters.",
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
            "retrieval.context_tokens",
            (200..=100_000).contains(&retrieval.context_tokens),
            "Choose 200 to 100,000 tokens.",
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
    let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
    let template = template::check(&settings.prompt_template).err();
    let others = broken
        .map(|(field, _, message)| ApiError::invalid(field, message))
        .chain(template.map(|wrong| ApiError::invalid("prompt_template", wrong)))
        .reduce(ApiError::and);
    match (check_name(&settings.name), others) {
        (Ok(name), None) => Ok(name),
        (Ok(_), Some(wrong)) | (Err(wrong), None) => Err(wrong),
        (Err(unnamed), Some(wrong)) => Err(unnamed.and(wrong)),
    }
}
