//! Asking from a plain form, without JavaScript.

use api::{Ask, ConversationId, UserId};
use axum::{Form, extract::State, response::Redirect};
use serde::Deserialize;

use super::conversations::{ask_in, start_with};
use crate::{
    http::{ApiError, Caller},
    site::Refused,
    state::AppState,
};

/// Browsers send fields that were left empty as empty text, so identifiers are read from text.
#[derive(Deserialize)]
pub struct AskForm {
    question: String,
    #[serde(default)]
    conversation_id: String,
    #[serde(default)]
    parent_id: String,
    #[serde(default)]
    edits: String,
    #[serde(default)]
    assistant_id: String,
}

/// Asks and shows the conversation; a question that is not taken comes back with the page it was asked on.
pub async fn ask(
    State(state): State<AppState>,
    caller: Caller,
    Form(form): Form<AskForm>,
) -> Result<Redirect, Refused> {
    let page = match form.conversation_id.parse::<ConversationId>() {
        Ok(id) => format!("/conversations/{id}"),
        Err(_) => "/".to_owned(),
    };
    let question = form.question.clone();
    match asked(&state, caller.user.id, form).await {
        Ok(conversation) => Ok(Redirect::to(&conversation)),
        Err(error) => Err(Refused::new(page, "ask", &[("question", &question)], error)),
    }
}

/// Where the conversation is shown.
async fn asked(state: &AppState, user: UserId, form: AskForm) -> Result<String, ApiError> {
    let asked = match read_id("conversation_id", &form.conversation_id)? {
        Some(id) => {
            let ask = Ask {
                question: form.question,
                parent_id: read_id("parent_id", &form.parent_id)?,
                edits: read_id("edits", &form.edits)?,
            };
            ask_in(state, user, id, ask).await?
        }
        None => {
            let assistant = read_id("assistant_id", &form.assistant_id)?;
            start_with(state, user, &form.question, assistant, Vec::new()).await?
        }
    };
    Ok(format!("/conversations/{}", asked.conversation.id))
}

fn read_id<T: std::str::FromStr>(field: &str, text: &str) -> Result<Option<T>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = text
        .parse()
        .map_err(|_| ApiError::invalid(field, "This is not an identifier."))?;
    Ok(Some(id))
}
