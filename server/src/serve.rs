//! `hyperion serve`: the router and its life.

use std::{io::Write, net::SocketAddr, path::Path, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
    middleware,
    routing::{any, get, post},
    serve::ListenerExt,
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    accounts, assistants, chat,
    config::Config,
    connections,
    data_folder::{self, FolderError},
    documents,
    http::{
        ApiError, compression, headers, limits,
        openapi::{ApiDescription, with_problems},
        problem, rejections, request_id, same_origin,
    },
    jobs, knowledge_bases, search, site,
    state::{AppState, OpenError},
    telemetry::{measured, metrics, sentry, tunnel},
    waiting,
};

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{address} cannot be served on: {source}. Choose another with --listen")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("metrics cannot be served on {address}: {source}. Choose another with --metrics-listen")]
    Metrics {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("the program's own place could not be found: {0}")]
    Program(#[source] std::io::Error),
    #[error("the signals that stop a server cannot be heard: {0}")]
    Signals(#[source] std::io::Error),
    #[error("the server stopped: {0}")]
    Stopped(#[source] std::io::Error),
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
                .merge(chat::routes())
                .merge(tunnel::routes()),
        )
        .split_for_parts();
    let api = api
        .merge(SwaggerUi::new("/api/docs").url("/api/v1/openapi.json", with_problems(description)))
        .route("/api/{*path}", any(nothing_here))
        .route("/forms/sign-in", post(accounts::forms::sign_in))
        .route("/forms/sign-up", post(accounts::forms::sign_up))
        .route("/forms/sign-out", post(accounts::forms::sign_out))
        .route("/forms/ask", post(chat::form::ask))
        .route("/forms/knowledge-bases", post(knowledge_bases::form::create))
        .route("/forms/knowledge-bases/{id}/documents", post(documents::form::upload))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn_with_state(state.clone(), limits::apply))
        .layer(middleware::from_fn(same_origin::require))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn(rejections::tell))
        .with_state(state.clone());
    site::with_pages(&state, api)
        .layer(compression::layer())
        .layer(middleware::from_fn_with_state(state.clone(), headers::secure))
        .layer(middleware::from_fn(sentry::watch))
        .layer(middleware::from_fn_with_state(state, measured::measure))
        .layer(middleware::from_fn(request_id::give))
}

async fn nothing_here(uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "Not found",
        format!("There is nothing at {}. /api/docs shows what there is.", uri.path()),
    )
}

/// What a process answers that only reads documents.
fn health(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(state)
}

/// Whether requests can be answered now, and should be sent here.
async fn ready(State(state): State<AppState>) -> (StatusCode, Json<serde_json::Value>) {
    if state.draining.is_cancelled() {
        let stopping = serde_json::json!({ "stopping": true });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(stopping));
    }
    let states = state.dependencies.states(&state).await;
    // Without the database nothing works; without any of the others most does, and it would be no better elsewhere.
    let is_ready = states.iter().any(|(name, is_up)| *name == "database" && *is_up);
    let told = states.into_iter().map(|(name, is_up)| {
        let told = if is_up { "ok" } else { "failing" };
        (name.to_owned(), told.into())
    });
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(serde_json::Value::Object(told.collect())))
}

/// Requests that run when the server is asked to stop may take so long to finish.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    let address = config.listen;
    let program = std::env::current_exe().map_err(ServeError::Program)?;
    // The folder is left alone meanwhile: whoever migrates a database in it takes it.
    if !config.migrate && !waiting::until_migrated(&config).await? {
        return Ok(());
    }
    let lock = data_folder::lock(&config.data_dir, "hyperion serve")?;
    let listener = listen(address).await?;
    let url = format!("http://{}", listener.local_addr().unwrap_or(address));
    let state = AppState::open(config, program).await?;
    let role = state.config.role;
    let workers = role.reads_documents().then(|| jobs::Workers::start(&state));
    tokio::spawn(state.clone().wake_when_told());
    tokio::spawn(state.running.clone().stop_when_told());
    // In a data folder nobody else writes answers.
    if state.config.database_url.is_some() {
        tokio::spawn(chat::elsewhere::watch(state.clone()));
    }
    lock.describe("hyperion serve", Some(&url))
        .map_err(|source| FolderError::Unwritable {
            path: state.config.data_dir.clone(),
            source,
        })?;
    let stopping = state.stopping.clone();
    // Heard before anybody is told that the server is there.
    let signals = StopSignals::listen().map_err(ServeError::Signals)?;
    tokio::spawn(signals.stop_when_asked(state.clone()));
    if let Some(address) = state.config.metrics_listen {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServeError::Metrics { address, source })?;
        let metrics = metrics::router(state.clone());
        tokio::spawn(async move { axum::serve(listener, metrics).await });
    }
    welcome(&state, &url).await?;

    let listener = listener.tap_io(|connection| {
        // Small answers would otherwise wait for the acknowledgement of what was sent before.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let router = if role.serves() {
        router(state.clone())
    } else {
        health(state.clone())
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    tokio::select! {
        served = serving => served.map_err(ServeError::Stopped)?,
        () = async { stopping.cancelled().await; tokio::time::sleep(LAST_REQUESTS).await } => {
            tracing::warn!("requests that still ran were cut off");
        }
    }
    if let Some(workers) = workers {
        workers.stop().await;
    }
    state.running.all_ended().await;
    state.store.close().await;
    drop(lock);
    say("Hyperion has stopped");
    Ok(())
}

pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| ServeError::Listen { address, source })
}

/// Says where to go, and what is there.
async fn welcome(state: &AppState, url: &str) -> Result<(), OpenError> {
    let folder = std::path::absolute(&state.config.data_dir);
    say(format!(
        "Hyperion {}, data in {}",
        env!("CARGO_PKG_VERSION"),
        folder.as_deref().unwrap_or(Path::new("?")).display()
    ));
    say(format!("Hyperion is ready on {url}"));
    if !state.store.any_user_exists().await? {
        say(format!(
            "Nobody has an account yet: the first to sign up, on {url}/sign-up, administers it"
        ));
    }
    Ok(())
}

/// Ctrl-C and SIGTERM, heard from when this is made.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn stop_when_asked(mut self, state: AppState) {
        self.next().await;
        say("Stopping; ask again to stop at once");
        state.draining.cancel();
        let patience = Duration::from_secs(state.config.drain_seconds);
        tokio::select! {
            _ = tokio::time::timeout(patience, state.running.all_ended()) => {}
            () = self.next() => std::process::exit(1),
        }
        state.stopping.cancel();
        self.next().await;
        std::process::exit(1);
    }

    /// Waits until the server is asked to stop, or to stop at once.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Tells whoever started the server. They may have stopped listening; the server goes on all the same.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
