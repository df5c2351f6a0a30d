//! Live changes of a knowledge base's documents.

use std::{convert::Infallible, time::Duration};

use api::{Access, DocumentEvent, KnowledgeBaseId};
use axum::{
    extract::{Path, State},
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};

use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

/// A stream ends after this time at the latest, and who listens is asked anew who they are.
const LONGEST_STREAM: Duration = Duration::from_secs(5 * 60);

/// Server-sent events: a `DocumentEvent` for each change.
///
/// The stream ends when changes were missed, and every few minutes. Connect again then, and read the list anew.
#[utoipa::path(get, path = "/knowledge-bases/{id}/events", tag = "Documents", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = DocumentEvent, content_type = "text/event-stream")))]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<KnowledgeBaseId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    state.store.require_access(caller.user.id, id, Access::Viewer).await?;
    let changes = state.changes.listen(id);
    let (store, user) = (state.store.clone(), caller.user.id);
    let stopping = state.stopping.clone();
    let end = async move { tokio::time::timeout(LONGEST_STREAM, stopping.cancelled()).await };
    let stream = changes
        // A share that is taken back ends the stream with the next change.
        .take_while(move |_| {
            let store = store.clone();
            async move { store.require_access(user, id, Access::Viewer).await.is_ok() }
        })
        .filter_map(|change| async move { Event::default().json_data(change).ok().map(Ok) })
        .take_until(Box::pin(end));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
