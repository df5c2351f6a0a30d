//! Language model endpoints and their keys.

pub mod secrets;

use std::time::Duration;

use api::{Connection, ConnectionId, ConnectionTest, Problem, Role, SaveConnection};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use store::{NewConnection, StoreError, StoredConnection};
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    accounts::sign_up::check_name,
    chat::llm::{Llm, Patience},
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

/// Somebody waits for the result of a test.
const TEST_PATIENCE: Patience = Patience {
    first: Duration::from_secs(15),
    idle: Duration::from_secs(15),
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(replace, delete))
        .routes(routes!(test))
}

/// The connections you may use: your own, then those shared by administrators.
#[utoipa::path(get, path = "/connections", tag = "Connections", responses((status = 200, body = Vec<Connection>)))]
async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<Connection>>, ApiError> {
    let stored = state.store.connections(caller.user.id).await?;
    Ok(Json(stored.into_iter().map(|stored| stored.connection).collect()))
}

/// Connect a language model.
#[utoipa::path(post, path = "/connections", tag = "Connections",
    request_body(content = SaveConnection, example = json!({
        "name": "Ollama here", "preset": "ollama", "base_url": "http://127.0.0.1:11434/v1", "model": "qwen3:4b"
    })),
    responses((status = 201, body = Connection)))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(given): ApiJson<SaveConnection>,
) -> Result<(StatusCode, Json<Connection>), ApiError> {
    let id = ConnectionId(Uuid::now_v7());
    let new = checked(&state, &caller, id, &given, None)?;
    let connection = state.store.create_connection(caller.user.id, &new.as_new()).await?;
    Ok((StatusCode::CREATED, Json(connection)))
}

/// Change a connection.
#[utoipa::path(put, path = "/connections/{id}", tag = "Connections", params(("id" = uuid::Uuid, Path)),
    request_body = SaveConnection, responses((status = 200, body = Connection)))]
async fn replace(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
    ApiJson(given): ApiJson<SaveConnection>,
) -> Result<Json<Connection>, ApiError> {
    let old = state.store.connection(caller.user.id, id).await?;
    if !old.connection.editable {
        return Err(StoreError::Forbidden("connection").into());
    }
    let new = checked(&state, &caller, id, &given, Some(&old))?;
    Ok(Json(
        state.store.replace_connection(caller.user.id, &new.as_new()).await?,
    ))
}

/// Delete a connection and its key.
#[utoipa::path(delete, path = "/connections/{id}", tag = "Connections", params(("id" = uuid::Uuid, Path)),
    responses((status = 204)))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode, ApiError> {
    state.store.delete_connection(caller.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask the endpoint for its models. What is wrong with it is told in `problem`, with status 200.
#[utoipa::path(post, path = "/connections/{id}/test", tag = "Connections", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ConnectionTest)))]
async fn test(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
) -> Result<Json<ConnectionTest>, ApiError> {
    let stored = state.store.connection(caller.user.id, id).await?;
    let tried = match open(&state, &stored) {
        Ok(llm) => {
            let llm = Llm {
                patience: TEST_PATIENCE,
                ..llm
            };
            llm.models().await.map_err(Problem::from)
        }
        Err(error) => Err(error.0),
    };
    let (models, problem) = match tried {
        Ok(models) => (models, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    Ok(Json(ConnectionTest { models, problem }))
}

/// The endpoint of a stored connection, ready to be asked.
pub fn open(state: &AppState, stored: &StoredConnection) -> Result<Llm, ApiError> {
    let unseal = |sealed: &Vec<u8>| state.secrets.unseal(stored.owner, stored.connection.id, sealed);
    let key = stored.sealed_key.as_ref().map(unseal).transpose().map_err(|error| {
        ApiError::new(
            StatusCode::CONFLICT,
            "key_unreadable",
            "The connection's key cannot be read",
            error.to_string(),
        )
    })?;
    Ok(Llm {
        outbound: state.outbound.clone(),
        base_url: base_url(&stored.connection.base_url)?,
        key,
        patience: Patience::default(),
    })
}

pub(crate) fn base_url(text: &str) -> Result<Url, ApiError> {
    let refused = || ApiError::invalid("base_url", "Give an address that begins with http:// or https://.");
    let url: Url = text.trim().parse().map_err(|_| refused())?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(refused());
    }
    Ok(url)
}

/// A connection whose fields are valid and whose key is sealed.
struct Checked {
    id: ConnectionId,
    name: String,
    base_url: String,
    sealed_key: Option<Vec<u8>>,
    given: SaveConnection,
}

impl Checked {
    fn as_new(&self) -> NewConnection<'_> {
        NewConnection {
            id: self.id,
            name: &self.name,
            preset: self.given.preset,
            base_url: &self.base_url,
            sealed_key: self.sealed_key.clone(),
            model: self.given.model.trim(),
            shared: self.given.shared,
        }
    }
}

fn checked(
    state: &AppState,
    caller: &Caller,
    id: ConnectionId,
    given: &SaveConnection,
    old: Option<&StoredConnection>,
) -> Result<Checked, ApiError> {
    if given.shared && caller.user.role != Role::Admin {
        return Err(ApiError::invalid(
            "shared",
            "Only an administrator can share a connection with everybody.",
        ));
    }
    let base_url = base_url(&given.base_url)?;
    let kept = old.and_then(|old| old.sealed_key.clone());
    let moved = old.is_some_and(|old| {
        old.connection.base_url.parse::<Url>().map(|url| url.origin()).ok() != Some(base_url.origin())
    });
    let sealed_key = match given.key.as_deref().map(str::trim) {
        None if moved && kept.is_some() => {
            // Otherwise a changed address would be sent a key that was given to another server.
            return Err(ApiError::invalid("key", "The address changed: enter the key again."));
        }
        None => kept,
        Some("") => None,
        Some(key) => Some(state.secrets.seal(caller.user.id, id, key)),
    };
    Ok(Checked {
        id,
        name: check_name(&given.name)?,
        base_url: base_url.to_string(),
        sealed_key,
        given: given.clone(),
    })
}
