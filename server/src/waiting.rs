//! Waiting until `hyperion migrate` has brought the database to this program's schema: alive, but not ready.

use std::time::Duration;

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::json;
use store::{Location, Schema, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    serve::{ServeError, StopSignals, listen, say},
    state::OpenError,
};

/// How often the schema is looked at.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Requests that run when the waiting ends may take so long to finish.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// Answers that it is not ready until the schema is there. False when the server is asked to stop before that.
pub async fn until_migrated(config: &Config) -> Result<bool, ServeError> {
    let database = config.database();
    if !is_behind(&database).await? {
        return Ok(true);
    }
    let listener = listen(config.listen).await?;
    let mut signals = StopSignals::listen().map_err(ServeError::Signals)?;
    say(format_args!(
        "{database} has not the schema of this program yet: waiting for `hyperion migrate`"
    ));
    let waited = CancellationToken::new();
    let stopping = waited.clone().cancelled_owned();
    let serving = tokio::spawn(
        axum::serve(listener, router())
            .with_graceful_shutdown(stopping)
            .into_future(),
    );
    let migrated = tokio::select! {
        migrated = migrated(&database) => migrated.map(|()| true),
        () = signals.next() => Ok(false),
    };
    waited.cancel();
    // The port has to be free for the server itself.
    let ended = tokio::time::timeout(LAST_REQUESTS, serving).await;
    if ended.is_err() {
        tracing::warn!("requests that still ran while waiting were cut off");
    }
    migrated
}

async fn migrated(database: &Location) -> Result<(), ServeError> {
    while is_behind(database).await? {
        tokio::time::sleep(ASK_AGAIN).await;
    }
    Ok(())
}

/// Whether there is something to wait for. What will not pass is told by whoever opens the database.
async fn is_behind(database: &Location) -> Result<bool, ServeError> {
    match Store::schema(database).await {
        Ok(Schema::Missing | Schema::Older) => Ok(true),
        Ok(Schema::Current | Schema::Newer | Schema::Unfinished | Schema::HalfRestored) => Ok(false),
        Err(error @ StoreError::Unreachable(_)) => {
            tracing::warn!(%error, "the schema cannot be looked at");
            Ok(true)
        }
        Err(error) => Err(OpenError::from(error).into()),
    }
}

fn router() -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .fallback(not_ready)
}

/// Whoever asks on the same connection again would not reach the server itself.
async fn not_ready() -> impl IntoResponse {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::CONNECTION, "close")],
        Json(json!({ "database": "waiting for `hyperion migrate`" })),
    )
}
