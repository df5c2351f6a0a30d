//! Asking from a plain form, without JavaScript.

use api::{ConversationId, MessageId};
use axum::{Form, extract::State, response::Redirect};
use serde::Deserialize;

use super::conversations::{ask_in, start_with};
use crate::{http::Caller, state::AppState};

/// Browsers send fields that were left empty as empty text, so identifiers are read from text.
#[derive(Deserialize)]
pub struct AskForm {
    question: String,
    #[serde(default)]
    conversation_id: String,
    #[serde(default)]
    parent_id: String,
}

/// Asks and shows the conversation; what is wrong is told to the page by its code.
pub async fn ask(State(state): State<AppState>, caller: Caller, Form(form): Form<AskForm>) -> Redirect {
    let conversation: Option<ConversationId> = form.conversation_id.parse().ok();
    let parent: Option<MessageId> = form.parent_id.parse().ok();
    let asked = match conversation {
        Some(id) => ask_in(&state, caller.user.id, id, &form.question, parent).await,
        None => start_with(&state, caller.user.id, &form.question, None).await,
    };
    match (asked, conversation) {
        (Ok(asked), _) => Redirect::to(&format!("/conversations/{}", asked.conversation.id)),
        (Err(error), Some(id)) => Redirect::to(&format!("/conversations/{id}?problem={}", error.0.code)),
        (Err(error), None) => Redirect::to(&format!("/?problem={}", error.0.code)),
    }
}
