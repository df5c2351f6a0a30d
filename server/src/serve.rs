//! `hyperion serve`: the router and its life.

use axum::{Json, Router, extract::State, http::StatusCode, middleware, routing::get};
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
    http::same_origin,
    jobs, knowledge_bases, search,
    state::{AppState, OpenError},
};

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{address} cannot be served on: {source}. Choose another with --listen")]
    Listen {
        address: std::net::SocketAddr,
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
    api.merge(SwaggerUi::new("/api/docs").url("/api/v1/openapi.json", description))
        .route("/forms/ask", axum::routing::post(chat::form::ask))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn(same_origin::require))
        .layer(documents::upload::body_limit(state.config.max_upload_mib))
        .layer(RequestBodyLimitLayer::new(upload_limit))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(state)
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
    axum::serve(listener, router(state))
        .with_graceful_shutdown(async move {
            stop_asked().await;
            stopping.cancel();
        })
        .await
        .map_err(ServeError::Stopped)?;
    workers.stop().await;
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
