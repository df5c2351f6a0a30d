//! What can be done with single messages: follow, stop, repeat and rate an answer.

use std::convert::Infallible;

use api::{AnswerEvent, Asked, Author, Feedback, Message, MessageId, MessageStatus, UserId};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream, stream::BoxStream};
use store::Question;

use super::{answer, conversations::with_html, elsewhere};
use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

const LONGEST_NOTE: usize = 2000;

/// Answer the same question again, beside the answers there are.
#[utoipa::path(post, path = "/messages/{id}/regenerate", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    responses((status = 202, body = Asked)))]
pub async fn regenerate(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let message = state.store.message(caller.user.id, id).await?;
    let question = match message.author {
        Author::User => id,
        Author::Assistant => message
            .parent_id
            .ok_or_else(|| ApiError::internal("an answer without a question"))?,
    };
    let conversation = state
        .store
        .conversation(caller.user.id, message.conversation_id)
        .await?;
    let asked = answer::begin(
        &state,
        caller.user.id,
        &conversation,
        Question::Again(question),
        Vec::new(),
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// End an answer early; what was written stays.
#[utoipa::path(post, path = "/messages/{id}/stop", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Message)))]
pub async fn stop(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<Message>, ApiError> {
    state.store.message(caller.user.id, id).await?;
    if let Some(running) = state.running.get(id) {
        running.stop.cancel();
        running.ended().await;
    } else {
        state.replicas.stop_answer(id).await;
        elsewhere::ended(&state, caller.user.id, id).await?;
    }
    Ok(Json(with_html(state.store.message(caller.user.id, id).await?)))
}

/// Say whether an answer helped.
#[utoipa::path(put, path = "/messages/{id}/feedback", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    request_body(content = Feedback, example = json!({ "helpful": false, "note": "It is about the old contract." })),
    responses((status = 200, body = Message)))]
pub async fn feedback(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
    ApiJson(feedback): ApiJson<Feedback>,
) -> Result<Json<Message>, ApiError> {
    if feedback.note.chars().count() > LONGEST_NOTE {
        return Err(ApiError::invalid(
            "note",
            format!("Use at most {LONGEST_NOTE} characters."),
        ));
    }
    Ok(Json(with_html(
        state.store.save_feedback(caller.user.id, id, &feedback).await?,
    )))
}

/// Server-sent events: an `AnswerEvent` each, with ids from 1. Send `Last-Event-ID` to go on where you were.
///
/// The last event is `done`; an answer that has ended sends that one alone. Close the stream then.
#[utoipa::path(get, path = "/messages/{id}/events", tag = "Conversations",
    params(("id" = uuid::Uuid, Path), ("Last-Event-ID" = Option<u64>, Header, description = "The last event that arrived")),
    responses((status = 200, content_type = "text/event-stream", body = AnswerEvent)))]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
    headers: HeaderMap,
) -> Result<
    (
        [(&'static str, &'static str); 1],
        Sse<impl Stream<Item = Result<Event, Infallible>>>,
    ),
    ApiError,
> {
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    let events = told(&state, caller.user.id, id, after).await?;
    let events = events.filter_map(|(id, event)| async move {
        match Event::default().id(id.to_string()).json_data(event) {
            Ok(event) => Some(Ok(event)),
            Err(error) => {
                tracing::error!(%error, "an event could not be written");
                None
            }
        }
    });
    // A proxy that collects before it passes on would hold a stream back.
    Ok((
        [("x-accel-buffering", "no")],
        Sse::new(events).keep_alive(KeepAlive::default()),
    ))
}

/// What is told of an answer after the event with this id, until it is over, whichever replica writes it.
pub async fn told(
    state: &AppState,
    caller: UserId,
    id: MessageId,
    after: usize,
) -> Result<BoxStream<'static, (usize, AnswerEvent)>, ApiError> {
    // Looked up before it is known whether the answer has ended, so that no end is missed.
    let running = state.running.get(id);
    let message = state.store.message(caller, id).await?;
    Ok(match running {
        Some(running) => running.follow(after).boxed(),
        None if message.status == MessageStatus::Streaming => {
            elsewhere::follow(state.clone(), caller, id, after).boxed()
        }
        None => {
            let done = AnswerEvent::Done {
                message: Box::new(with_html(message)),
            };
            stream::once(async move { (after + 1, done) }).boxed()
        }
    })
}
