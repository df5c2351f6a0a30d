//! Conversations, and asking in them.

use api::{
    Ask, Asked, AssistantId, Author, Conversation, ConversationId, ConversationTree, KnowledgeBaseId, Message, Page,
    PageQuery, Problem, StartConversation, UpdateConversation, UserId,
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

/// Your conversations, pinned ones first, then those you asked in last. `search` looks at titles and messages.
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
#[utoipa::path(post, path = "/conversations", tag = "Conversations",
    request_body(content = StartConversation, example = json!({ "question": "What is the notice period of the lease?" })),
    responses((status = 202, body = Asked), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn start(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(given): ApiJson<StartConversation>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let within = given.knowledge_base_ids;
    let asked = start_with(&state, caller.user.id, &given.question, given.assistant_id, within).await?;
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
    request_body(content = UpdateConversation, example = json!({ "title": "The lease", "pinned": true })),
    responses((status = 200, body = Conversation), (status = 422, body = Problem)))]
pub async fn update(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    ApiJson(change): ApiJson<UpdateConversation>,
) -> Result<Json<Conversation>, ApiError> {
    let title = change.title.as_deref().map(on_one_line);
    if let Some(title) = &title
        && !(1..=LONGEST_TITLE).contains(&title.chars().count())
    {
        return Err(ApiError::invalid(
            "title",
            format!("Give a title of 1 to {LONGEST_TITLE} characters."),
        ));
    }
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

/// Ask a question in a conversation. The answer is followed at `GET /messages/{id}/events`.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "Conversations", params(("id" = uuid::Uuid, Path)),
    request_body(content = Ask, example = json!({ "question": "And the rent?" })),
    responses((status = 202, body = Asked), (status = 409, body = Problem), (status = 429, body = Problem)))]
pub async fn ask(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    ApiJson(given): ApiJson<Ask>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let asked = ask_in(&state, caller.user.id, id, given).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

pub async fn start_with(
    state: &AppState,
    caller: UserId,
    question: &str,
    assistant: Option<AssistantId>,
    within: Vec<KnowledgeBaseId>,
) -> Result<Asked, ApiError> {
    let text = checked(question)?;
    let assistant = match assistant {
        Some(id) => id,
        None => state.store.default_assistant(caller).await?.id,
    };
    let conversation = state.store.create_conversation(caller, assistant, &title(text)).await?;
    match answer::begin(state, caller, &conversation, Question::Next(text.to_owned()), within).await {
        Ok(asked) => Ok(asked),
        Err(error) => {
            // Nothing was asked in it.
            state.store.delete_conversation(caller, conversation.id).await?;
            Err(error)
        }
    }
}

pub async fn ask_in(state: &AppState, caller: UserId, id: ConversationId, given: Ask) -> Result<Asked, ApiError> {
    let conversation = state.store.conversation(caller, id).await?;
    let text = checked(&given.question)?.to_owned();
    let question = match (given.parent_id, given.edits) {
        (None, None) => Question::Next(text),
        (Some(answer), None) => Question::After(answer, text),
        (None, Some(question)) => Question::Edited(question, text),
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("edits", "Give parent_id or edits, not both."));
        }
    };
    answer::begin(state, caller, &conversation, question, Vec::new()).await
}

/// A stored message as it is shown.
pub fn with_html(message: Message) -> Message {
    let html = match message.author {
        Author::User => markdown::plain_to_html(&message.content),
        Author::Assistant => markdown::to_html(&message.content, &message.citations),
    };
    Message { html, ..message }
}

pub fn checked(question: &str) -> Result<&str, ApiError> {
    let question = question.trim();
    if question.is_empty() || question.chars().count() > LONGEST_QUESTION {
        return Err(ApiError::invalid(
            "question",
            format!("Ask with 1 to {LONGEST_QUESTION} characters."),
        ));
    }
    Ok(question)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The question's first words on one line.
pub fn title(question: &str) -> String {
    const SHOWN: usize = 60;
    let line = on_one_line(question);
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
