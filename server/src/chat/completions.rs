//! Answers for programs that speak OpenAI's chat protocol: an assistant is a model there.

use std::convert::Infallible;

use api::{
    AnswerEvent, Assistant, AssistantId, Author, Citation, ConversationId, Message, MessageId, MessageStatus, Problem,
    UserId,
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use chrono::Utc;
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Question;
use utoipa::ToSchema;

use super::{answer, conversations, messages};
use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

/// Messages of a request that are looked at, the last ones.
const MOST_MESSAGES: usize = 100;

#[derive(Deserialize, ToSchema)]
pub struct ChatCompletionRequest {
    /// The identifier or the name of one of your assistants.
    model: String,
    /// The question last, after what was said before it. System messages are ignored: the assistant has instructions.
    messages: Vec<ChatCompletionMessage>,
    /// Whether the answer comes as server-sent events.
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct ChatCompletionMessage {
    /// `user`, `assistant`, or another.
    role: String,
    #[serde(default)]
    content: Option<ChatCompletionContent>,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ChatCompletionContent {
    Text(String),
    /// Of several parts, those that are text.
    Parts(Vec<ChatCompletionPart>),
}

#[derive(Deserialize, ToSchema)]
pub struct ChatCompletionPart {
    #[serde(default)]
    text: String,
}

impl ChatCompletionMessage {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(ChatCompletionContent::Text(text)) => text.trim().to_owned(),
            Some(ChatCompletionContent::Parts(parts)) => {
                let texts: Vec<&str> = parts.iter().map(|part| part.text.trim()).collect();
                texts.join("\n").trim().to_owned()
            }
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ChatCompletion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: [ChatCompletionChoice; 1],
    /// What the numbers in the answer refer to.
    citations: Vec<Citation>,
}

#[derive(Serialize, ToSchema)]
pub struct ChatCompletionChoice {
    index: u32,
    message: ChatCompletionAnswer,
    finish_reason: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct ChatCompletionAnswer {
    role: &'static str,
    content: String,
}

#[derive(Serialize, ToSchema)]
pub struct Models {
    object: &'static str,
    data: Vec<Model>,
}

/// An assistant.
#[derive(Serialize, ToSchema)]
pub struct Model {
    id: AssistantId,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
    name: String,
}

/// Your assistants, as OpenAI lists models.
#[utoipa::path(get, path = "/models", tag = "OpenAI", responses((status = 200, body = Models)))]
pub async fn models(State(state): State<AppState>, caller: Caller) -> Result<Json<Models>, ApiError> {
    let model = |assistant: Assistant| Model {
        id: assistant.id,
        object: "model",
        created: assistant.created_at.timestamp(),
        owned_by: "hyperion",
        name: assistant.settings.name,
    };
    let assistants = state.store.assistants(caller.user.id).await?;
    Ok(Json(Models {
        object: "list",
        data: assistants.into_iter().map(model).collect(),
    }))
}

/// Ask an assistant as OpenAI's chat completions are asked.
///
/// Nothing is kept: the conversation is deleted when the answer has ended. What sampling settings the request has is
/// ignored: the assistant has its own. `citations` say what the numbers in the answer refer to.
#[utoipa::path(post, path = "/chat/completions", tag = "OpenAI",
    request_body(content = ChatCompletionRequest, example = json!({
        "model": "Assistant", "messages": [{ "role": "user", "content": "What is the notice period of the lease?" }]
    })),
    responses((status = 200, body = ChatCompletion), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn complete(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<ChatCompletionRequest>,
) -> Result<Response, ApiError> {
    let Some((question, before)) = request.messages.split_last().filter(|(last, _)| last.role == "user") else {
        return Err(ApiError::invalid(
            "messages",
            "The last message must be the user's question.",
        ));
    };
    let question = question.text();
    conversations::checked(&question).map_err(|error| error.about_field("messages"))?;
    let assistant = assistant(&state, &caller, &request.model).await?;
    let before: Vec<(Author, String)> = before
        .iter()
        .skip(before.len().saturating_sub(MOST_MESSAGES))
        .filter_map(|message| {
            let author = match message.role.as_str() {
                "user" => Author::User,
                "assistant" => Author::Assistant,
                _ => return None,
            };
            Some((author, message.text()))
        })
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let title = conversations::title(&question);
    let conversation = state
        .store
        .create_conversation_after(caller.user.id, assistant.id, &title, &before)
        .await?;
    let caller = caller.user.id;
    let passing = Passing {
        state: state.clone(),
        caller,
        conversation: conversation.id,
        ended: false,
    };
    let asked = answer::begin(&state, caller, &conversation, Question::Next(question), Vec::new()).await?;
    let answer = asked.answer.id;
    let told = messages::told(&state, caller, answer, 0).await?;
    let completion = Completion {
        answer,
        created: Utc::now().timestamp(),
        model: request.model,
    };
    if request.stream {
        let events = completion.chunks(told, passing);
        let kept_alive = Sse::new(events).keep_alive(KeepAlive::default());
        return Ok(([("x-accel-buffering", "no")], kept_alive).into_response());
    }
    let ended = told
        .filter_map(|(_, event)| async move {
            match event {
                AnswerEvent::Done { message } => Some(*message),
                _ => None,
            }
        })
        .boxed()
        .next()
        .await;
    passing.end().await;
    let message = ended.ok_or_else(|| ApiError::internal("an answer ended without an end"))?;
    Ok(Json(completion.whole(message)?).into_response())
}

async fn assistant(state: &AppState, caller: &Caller, model: &str) -> Result<Assistant, ApiError> {
    let assistants = state.store.assistants(caller.user.id).await?;
    let is_meant = |assistant: &Assistant| assistant.id.to_string() == model || assistant.settings.name == model;
    assistants.into_iter().find(is_meant).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            format!("You have no assistant with the name or identifier {model}. GET /api/v1/models lists them."),
        )
    })
}

/// A conversation that lasts as long as somebody waits for its answer.
struct Passing {
    state: AppState,
    caller: UserId,
    conversation: ConversationId,
    ended: bool,
}

impl Passing {
    async fn end(mut self) {
        self.ended = true;
        delete(&self.state, self.caller, self.conversation).await;
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if !self.ended {
            let (state, caller, conversation) = (self.state.clone(), self.caller, self.conversation);
            tokio::spawn(async move { delete(&state, caller, conversation).await });
        }
    }
}

/// Deletes a conversation; an answer that is still being written in it stops.
async fn delete(state: &AppState, caller: UserId, conversation: ConversationId) {
    if let Err(error) = state.store.delete_conversation(caller, conversation).await {
        tracing::warn!(%error, "a conversation that was to pass stays");
    }
}

struct Completion {
    answer: MessageId,
    created: i64,
    model: String,
}

impl Completion {
    fn whole(self, message: Message) -> Result<ChatCompletion, ApiError> {
        if message.status == MessageStatus::Failed {
            return Err(message
                .error
                .map_or_else(|| ApiError::internal("an answer failed"), ApiError));
        }
        Ok(ChatCompletion {
            id: format!("chatcmpl-{}", self.answer),
            object: "chat.completion",
            created: self.created,
            model: self.model,
            choices: [ChatCompletionChoice {
                index: 0,
                message: ChatCompletionAnswer {
                    role: "assistant",
                    content: message.content,
                },
                finish_reason: "stop",
            }],
            citations: message.citations,
        })
    }

    fn chunks(
        self,
        told: impl Stream<Item = (usize, AnswerEvent)> + Send + 'static,
        passing: Passing,
    ) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        let mut sent = String::new();
        let first = self.chunk(json!({ "role": "assistant", "content": "" }), None);
        let chunks = told.flat_map(move |(_, event)| {
            // Kept until nobody reads any more.
            let _passing = &passing;
            let events = match event {
                AnswerEvent::Delta { text } => {
                    sent.push_str(&text);
                    vec![self.chunk(json!({ "content": text }), None)]
                }
                AnswerEvent::Done { message } => self.last_chunks(&sent, &message),
                _ => Vec::new(),
            };
            stream::iter(events)
        });
        stream::iter([first])
            .chain(chunks)
            .map(|data| Ok(Event::default().data(data)))
    }

    fn chunk(&self, delta: serde_json::Value, finish_reason: Option<&str>) -> String {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": finish_reason }]);
        self.with_choices(choices).to_string()
    }

    fn with_choices(&self, choices: serde_json::Value) -> serde_json::Value {
        json!({
            "id": format!("chatcmpl-{}", self.answer),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }

    fn last_chunks(&self, sent: &str, message: &Message) -> Vec<String> {
        let mut chunks = Vec::new();
        if let Some(rest) = message.content.strip_prefix(sent).filter(|rest| !rest.is_empty()) {
            chunks.push(self.chunk(json!({ "content": rest }), None));
        }
        if let Some(problem) = message
            .error
            .as_ref()
            .filter(|_| message.status == MessageStatus::Failed)
        {
            let error =
                json!({ "error": { "message": problem.message(), "type": problem.code, "code": problem.code } });
            chunks.push(error.to_string());
        } else {
            chunks.push(self.chunk(json!({}), Some("stop")));
            chunks.push(self.sources(message));
        }
        chunks.push("[DONE]".to_owned());
        chunks
    }

    /// A chunk without choices, as the one with usage is; it says what the numbers in the answer refer to.
    fn sources(&self, message: &Message) -> String {
        let mut chunk = self.with_choices(json!([]));
        chunk["citations"] = json!(message.citations);
        chunk.to_string()
    }
}
