//! `hyperion serve`: the router and its life.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
    middleware,
    routing::{any, get, post},
    serve::ListenerExt,
};
use tokio::net::TcpListener;
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, trace::TraceLayer};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    accounts, assistants, chat,
    config::Config,
    connections, documents,
    http::{ApiError, same_origin},
    jobs, knowledge_bases, search, site,
    state::{AppState, OpenError},
};

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{address} cannot be served on: {source}. Choose another with --listen")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("the program's own place could not be found: {0}")]
    Program(#[source] std::io::Error),
    #[error("the server stopped: {0}")]
    Stopped(#[source] std::io::Error),
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hyperion", description = "Ask questions of your own documents. Everything a page does can be done here."),
    security(("session" = []), ("api_key" = [])),
    modifiers(&SecuritySchemes)
)]
struct ApiDescription;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let cookie = openapi::security::ApiKey::Cookie(openapi::security::ApiKeyValue::new("hyperion_session"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        components.add_security_scheme("api_key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Everything the server answers.
pub fn router(state: AppState) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(ApiDescription::openapi())
        .nest(
            "/api/v1",
            OpenApiRouter::new()
                .merge(accounts::routes())
                .merge(knowledge_bases::routes())
                .merge(documents::routes())
                .merge(search::routes())
                .merge(connections::routes())
                .merge(assistants::routes())
                .merge(chat::routes()),
        )
        .split_for_parts();
    let upload_limit = usize::try_from(state.config.max_upload_mib.saturating_mul(10) << 20).unwrap_or(usize::MAX);
    let api = api
        .merge(SwaggerUi::new("/api/docs").url("/api/v1/openapi.json", description))
        .route("/api/{*path}", any(nothing_here))
        .route("/forms/sign-in", post(accounts::forms::sign_in))
        .route("/forms/sign-up", post(accounts::forms::sign_up))
        .route("/forms/sign-out", post(accounts::forms::sign_out))
        .route("/forms/ask", post(chat::form::ask))
        .route("/forms/knowledge-bases/{id}/documents", post(documents::form::upload))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn(same_origin::require))
        .layer(documents::upload::body_limit(state.config.max_upload_mib))
        .layer(RequestBodyLimitLayer::new(upload_limit))
        .with_state(state.clone());
    site::with_pages(&state, api)
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
}

async fn nothing_here(uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "Not found",
        format!("There is nothing at {}. /api/docs shows what there is.", uri.path()),
    )
}

/// Whether requests can be answered now.
async fn ready(State(state): State<AppState>) -> (StatusCode, Json<serde_json::Value>) {
    match state.store.any_user_exists().await {
        Ok(_) => (StatusCode::OK, Json(serde_json::json!({ "database": "ok" }))),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(serde_json::json!({ "database": "failing" })),
            )
        }
    }
}

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    let address = config.listen;
    let program = std::env::current_exe().map_err(ServeError::Program)?;
    let state = AppState::open(config, program).await?;
    let workers = jobs::Workers::start(&state);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let bound = listener.local_addr().unwrap_or(address);
    println!("Hyperion is ready on http://{bound}");
    let (store, stopping) = (state.store.clone(), state.stopping.clone());
    let answers = state.running.clone();
    let listener = listener.tap_io(|connection| {
        // Small answers would otherwise wait for the acknowledgement of what was sent before.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(
        listener,
        router(state).into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move {
        stop_asked().await;
        stopping.cancel();
    })
    .await
    .map_err(ServeError::Stopped)?;
    workers.stop().await;
    answers.all_ended().await;
    store.close().await;
    Ok(())
}

async fn stop_asked() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not heard; Ctrl-C is");
            let _ = interrupt.await;
        }
    }
}
