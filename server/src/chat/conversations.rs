//! Conversations, and asking in them.

use api::{
    Ask, Asked, AssistantId, Author, Conversation, ConversationId, ConversationTree, Message, MessageId, Page,
    PageQuery, StartConversation, UpdateConversation, UserId,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use store::Question;

use super::{answer, markdown};
use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

const LONGEST_QUESTION: usize = 4000;
const LONGEST_TITLE: usize = 120;

/// Your conversations, pinned ones first, then the newest.
#[utoipa::path(get, path = "/conversations", tag = "Conversations", params(PageQuery),
    responses((status = 200, body = Page<Conversation>)))]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Conversation>>, ApiError> {
    Ok(Json(state.store.conversations(caller.user.id, &query).await?))
}

/// Ask a question in a new conversation.
#[utoipa::path(post, path = "/conversations", tag = "Conversations", request_body = StartConversation,
    responses((status = 202, body = Asked)))]
pub async fn start(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(given): ApiJson<StartConversation>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let asked = start_with(&state, caller.user.id, &given.question, given.assistant_id).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// A conversation with all its messages.
#[utoipa::path(get, path = "/conversations/{id}", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ConversationTree)))]
pub async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationTree>, ApiError> {
    let mut tree = state.store.conversation_tree(caller.user.id, id).await?;
    tree.messages = tree.messages.into_iter().map(with_html).collect();
    Ok(Json(tree))
}

/// Rename or pin a conversation, or show another branch of it.
#[utoipa::path(patch, path = "/conversations/{id}", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    request_body = UpdateConversation, responses((status = 200, body = Conversation)))]
pub async fn update(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    ApiJson(change): ApiJson<UpdateConversation>,
) -> Result<Json<Conversation>, ApiError> {
    let title = match change.title.as_deref().map(str::trim) {
        Some("") => return Err(ApiError::invalid("title", "Give the conversation a title.")),
        title => title.map(|title| title.chars().take(LONGEST_TITLE).collect()),
    };
    let change = UpdateConversation { title, ..change };
    Ok(Json(
        state.store.update_conversation(caller.user.id, id, &change).await?,
    ))
}

/// Delete a conversation; an answer that is being written in it stops.
#[utoipa::path(delete, path = "/conversations/{id}", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, ApiError> {
    let tree = state.store.conversation_tree(caller.user.id, id).await?;
    state.store.delete_conversation(caller.user.id, id).await?;
    for running in tree.messages.iter().filter_map(|message| state.running.get(message.id)) {
        running.stop.cancel();
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ask a question in a conversation.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    request_body = Ask, responses((status = 202, body = Asked)))]
pub async fn ask(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    ApiJson(given): ApiJson<Ask>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let asked = ask_in(&state, caller.user.id, id, &given.question, given.parent_id).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

pub async fn start_with(
    state: &AppState,
    caller: UserId,
    question: &str,
    assistant: Option<AssistantId>,
) -> Result<Asked, ApiError> {
    let text = checked(question)?;
    let assistant = match assistant {
        Some(id) => id,
        None => state.store.default_assistant(caller).await?.id,
    };
    let conversation = state.store.create_conversation(caller, assistant, &title(text)).await?;
    answer::begin(state, caller, &conversation, Question::New { parent: None, text }).await
}

pub async fn ask_in(
    state: &AppState,
    caller: UserId,
    id: ConversationId,
    question: &str,
    parent: Option<MessageId>,
) -> Result<Asked, ApiError> {
    let conversation = state.store.conversation(caller, id).await?;
    let text = checked(question)?;
    answer::begin(state, caller, &conversation, Question::New { parent, text }).await
}

/// A stored message as it is shown.
pub fn with_html(message: Message) -> Message {
    let html = match message.author {
        Author::User => markdown::plain_to_html(&message.content),
        Author::Assistant => markdown::to_html(&message.content, &message.citations),
    };
    Message { html, ..message }
}

fn checked(question: &str) -> Result<&str, ApiError> {
    let question = question.trim();
    if question.is_empty() || question.chars().count() > LONGEST_QUESTION {
        return Err(ApiError::invalid(
            "question",
            format!("Ask with 1 to {LONGEST_QUESTION} characters."),
        ));
    }
    Ok(question)
}

/// The question's first words on one line.
fn title(question: &str) -> String {
    const SHOWN: usize = 60;
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let cut: String = line.chars().take(SHOWN).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole_words} …")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_long_question_is_cut_between_words_for_its_title() {
        assert_eq!(title("What is\nthe notice period?"), "What is the notice period?");
        let long = title(&"word ".repeat(40));
        assert!(long.ends_with("word …") && long.chars().count() <= 62, "{long}");
    }
}
