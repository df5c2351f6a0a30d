//! How one answer comes about, from the question to the stored message.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::{
    AnswerEvent, AnswerKind, Asked, Assistant, Author, Citation, Conversation, ConversationId, KnowledgeBaseId,
    Message, MessageId, MessageStatus, ModelChoice, Problem, SearchHit, UserId,
};
use axum::http::StatusCode;
use engine::{
    extractive,
    grounding::{Grounder, UNSUPPORTED},
};
use futures::{FutureExt, StreamExt};
use store::{AnswerState, Question, StoreError};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::{
    conversations::with_html,
    grounding,
    llm::{ChatMessage, ChatRequest, Llm, LlmError},
    markdown, retrieval,
    running::{self, RunningAnswer},
};
use crate::{
    assistants::template,
    connections,
    http::ApiError,
    state::AppState,
    telemetry::{METRICS, traces},
};

const SAVE_EVERY: Duration = Duration::from_secs(1);
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Messages of the conversation so far that a model is given, and how many characters of each.
const HISTORY: usize = 6;
const HISTORY_CHARACTERS: usize = 1000;

/// Answers that are written for one user at the same time.
const MOST_AT_ONCE: usize = 5;

const NOT_FOUND: &str = "The documents do not say.";

/// Takes a question and begins to answer it. The answer goes on whether or not anybody follows it.
///
/// Where `within` names knowledge bases, they are searched for this answer rather than those of the assistant.
pub async fn begin(
    state: &AppState,
    caller: UserId,
    conversation: &Conversation,
    question: Question,
    within: Vec<KnowledgeBaseId>,
) -> Result<Asked, ApiError> {
    let assistant = state.store.assistant(caller, conversation.assistant_id).await;
    let mut assistant = assistant.map_err(|error| match error {
        StoreError::NotFound(_) => gone(
            "assistant_gone",
            "The assistant of this conversation was deleted. Start a new conversation with another one.",
        ),
        other => other.into(),
    })?;
    if !within.is_empty() {
        assistant.settings.knowledge_base_ids = within;
    }
    if state.running.of(caller) >= MOST_AT_ONCE {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_answers",
            "Too many answers at once",
            format!("{MOST_AT_ONCE} answers are being written for you. Wait for one to end, or stop one."),
        ));
    }
    // In a task of its own: a caller who goes away in the middle must not leave an answer that nobody writes.
    let (state, conversation) = (state.clone(), conversation.id);
    let beginning = async move { begin_writing(state, caller, assistant, conversation, question).await };
    tokio::spawn(beginning.in_current_span())
        .await
        .map_err(ApiError::internal)?
}

async fn begin_writing(
    state: AppState,
    caller: UserId,
    assistant: Assistant,
    conversation: ConversationId,
    question: Question,
) -> Result<Asked, ApiError> {
    let ids = [MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7())];
    // Known before it is stored, so that whoever finds it stored can follow it.
    let running = state.running.begin(ids[1], caller);
    let stored = state
        .store
        .begin_answer(caller, conversation, &question, assistant.version, ids)
        .await;
    let (conversation, question, answer) = stored.inspect_err(|_| state.running.end(ids[1]))?;
    let writing = Writing {
        state,
        caller,
        assistant,
        question: question.clone(),
        answer: answer.id,
        running,
        hits: Vec::new(),
        generated: None,
        written: AnswerState {
            content: String::new(),
            status: MessageStatus::Streaming,
            kind: None,
            model: None,
            citations: Vec::new(),
            error: None,
        },
        saved: (Instant::now(), 0),
    };
    // Of the request's trace, but not within its span, which ends before.
    let span = tracing::info_span!(parent: None, "answer", message = %answer.id, trace = Empty);
    traces::continue_from(&span, traces::current().as_deref());
    traces::name_trace(&span);
    tokio::spawn(writing.run_to_end().instrument(span));
    Ok(Asked {
        conversation,
        question: with_html(question),
        answer: with_html(answer),
    })
}

/// An answer without its `[1]`, `[1, 2]` and `[?]`.
fn without_markers(answer: &str) -> String {
    let answer = answer.replace(UNSUPPORTED, "");
    let mut text = String::with_capacity(answer.len());
    let mut rest = answer.as_str();
    while let Some((before, from)) = rest.find('[').map(|at| rest.split_at(at)) {
        text.push_str(before);
        let inside = from[1..].split_once(']').filter(|(inside, _)| {
            inside.chars().all(|c| c.is_ascii_digit() || ", ".contains(c))
                && inside.contains(|c: char| c.is_ascii_digit())
        });
        rest = match inside {
            Some((_, after)) => after,
            None => {
                text.push('[');
                &from[1..]
            }
        };
    }
    text + rest
}

fn gone(code: &str, detail: &str) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        code,
        "Something this answer needs is gone",
        detail,
    )
}

struct Writing {
    state: AppState,
    caller: UserId,
    assistant: Assistant,
    question: Message,
    answer: MessageId,
    running: Arc<RunningAnswer>,
    hits: Vec<SearchHit>,
    generated: Option<Generated>,
    written: AnswerState,
    /// When the answer was last stored, and how much of it.
    saved: (Instant, usize),
}

/// What a model wrote so far, word for word, and what ties it to the passages.
struct Generated {
    text: String,
    /// How much of the text was last looked at.
    grounded: usize,
    grounder: Arc<Mutex<Grounder>>,
}

impl Writing {
    async fn run_to_end(mut self) {
        let (stop, stopping) = (self.running.stop.clone(), self.state.stopping.clone());
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(MessageStatus::Stopped),
            () = stopping.cancelled() => Err(running::interrupted()),
            written = AssertUnwindSafe(self.write()).catch_unwind() => match written {
                Ok(Ok(())) => Ok(MessageStatus::Complete),
                Ok(Err(error)) => Err(error.0),
                Err(_) => Err(ApiError::internal("an answer panicked").0),
            },
        };
        // What a model wrote until then is kept, with its citations.
        if let Err(error) = self.ground(true).await {
            tracing::error!(answer = %self.answer, error = %error.0, "the end of an answer could not be grounded");
        }
        match ended {
            Ok(status) => self.written.status = status,
            Err(problem) => {
                METRICS.error(&problem.code);
                self.written.status = MessageStatus::Failed;
                self.written.error = Some(problem);
            }
        }
        let kind = match self.written.kind {
            Some(AnswerKind::Generated) => "generated",
            Some(AnswerKind::Extractive) => "extractive",
            Some(AnswerKind::NotFound) => "not_found",
            None => "none",
        };
        let outcome = match self.written.status {
            MessageStatus::Complete => "done",
            MessageStatus::Stopped => "stopped",
            MessageStatus::Failed | MessageStatus::Streaming => "failed",
        };
        METRICS.answer_ended(kind, outcome);
        match self.state.store.save_answer(self.answer, &self.written).await {
            Ok(Some(message)) => self.running.tell(AnswerEvent::Done {
                message: Box::new(with_html(message)),
            }),
            Ok(None) => tracing::debug!(answer = %self.answer, "an answer ended after its conversation was deleted"),
            Err(error) => tracing::error!(answer = %self.answer, %error, "an answer could not be stored"),
        }
        self.state.running.end(self.answer);
    }

    async fn write(&mut self) -> Result<(), ApiError> {
        let history = self.history().await?;
        let model = self.model().await?;
        let query = self.standalone(model.as_ref(), &history).await?;
        self.hits = retrieval::passages(&self.state, self.caller, &self.assistant.settings, &query).await?;
        self.running.tell(AnswerEvent::Retrieval {
            hits: self.hits.clone(),
        });
        match model {
            _ if self.hits.is_empty() => {
                self.say_not_found();
                Ok(())
            }
            Some((llm, model)) => self.generate(&llm, model, &query, &history).await,
            None => self.quote(&query).await,
        }
    }

    /// The last messages before the question, oldest first, each shortened.
    async fn history(&self) -> Result<Vec<Message>, ApiError> {
        let mut tree = self
            .state
            .store
            .conversation_tree(self.caller, self.question.conversation_id)
            .await?;
        tree.conversation.active_message_id = self.question.parent_id;
        let mut before = tree.active_branch();
        before.retain(|message| !message.content.is_empty());
        let recent = before.split_off(before.len().saturating_sub(HISTORY));
        let shortened = recent.into_iter().map(|message| Message {
            content: message.content.chars().take(HISTORY_CHARACTERS).collect(),
            ..message.clone()
        });
        Ok(shortened.collect())
    }

    /// Who writes the answer; none: the documents themselves.
    async fn model(&self) -> Result<Option<(Llm, String)>, ApiError> {
        let (stored, model) = match &self.assistant.settings.model {
            ModelChoice::Extractive => return Ok(None),
            ModelChoice::Connection { connection_id, model } => {
                let stored = self.state.store.connection(self.caller, *connection_id).await;
                let stored = stored.map_err(|error| match error {
                    StoreError::NotFound(_) => gone(
                        "connection_gone",
                        "The connection this assistant uses was deleted or is no longer shared with you. Choose another \
                         in the assistant's settings.",
                    ),
                    other => other.into(),
                })?;
                (stored, model.clone())
            }
            ModelChoice::Automatic => {
                let Some(first) = self.state.store.connections(self.caller).await?.into_iter().next() else {
                    return Ok(None);
                };
                (first, String::new())
            }
        };
        let llm = connections::open(&self.state, &stored)?;
        let named = [model, stored.connection.model]
            .into_iter()
            .find(|name| !name.is_empty());
        let model = match named {
            Some(name) => name,
            None => {
                let offered = llm.models().await.map_err(|error| ApiError(error.into()))?;
                offered.into_iter().next().ok_or_else(|| {
                    ApiError(
                        Problem::new(502, "llm_no_models", "The endpoint offers no model")
                            .with_detail("The endpoint offers no model. Load one there, then ask again."),
                    )
                })?
            }
        };
        Ok(Some((llm, model)))
    }

    /// The question such that it can be understood, and searched for, without the conversation.
    async fn standalone(&self, model: Option<&(Llm, String)>, history: &[Message]) -> Result<String, ApiError> {
        let asked = &self.question.content;
        let mut questions = history.iter().rev().filter(|message| message.author == Author::User);
        let by_words = retrieval::with_previous(asked, questions.next().map(|message| message.content.as_str()));
        let Some((llm, model)) = model.filter(|_| !history.is_empty()) else {
            return Ok(by_words);
        };
        let said = history.iter().map(|message| {
            let who = match message.author {
                Author::User => "User",
                Author::Assistant => "Assistant",
            };
            format!("{who}: {}\n", message.content)
        });
        let content = format!(
            "{}User: {asked}\n\nRewrite the last question so that it can be understood without the conversation. \
             Keep its language. Answer with the question alone.",
            said.collect::<String>()
        );
        let request = ChatRequest {
            model: model.clone(),
            messages: vec![ChatMessage { role: "user", content }],
            temperature: 0.0,
            top_p: 1.0,
            max_tokens: 128,
        };
        let rewritten = llm.complete(&request).await.map_err(Problem::from).map_err(ApiError)?;
        let rewritten = rewritten.trim();
        Ok(if retrieval::says_the_same(asked, rewritten) {
            rewritten.to_owned()
        } else {
            by_words
        })
    }

    async fn generate(&mut self, llm: &Llm, model: String, query: &str, history: &[Message]) -> Result<(), ApiError> {
        let settings = &self.assistant.settings;
        let mut messages = vec![ChatMessage {
            role: "system",
            content: settings.instructions.clone(),
        }];
        messages.extend(history.iter().map(|message| match message.author {
            Author::User => ChatMessage {
                role: "user",
                content: message.content.clone(),
            },
            // Its numbers counted other passages.
            Author::Assistant => ChatMessage {
                role: "assistant",
                content: without_markers(&message.content),
            },
        }));
        messages.push(ChatMessage {
            role: "user",
            content: template::filled(
                &settings.prompt_template,
                &retrieval::context(&self.hits),
                &self.question.content,
            ),
        });
        let request = ChatRequest {
            model: model.clone(),
            messages,
            temperature: settings.generation.temperature,
            top_p: settings.generation.top_p,
            max_tokens: settings.generation.max_tokens,
        };
        self.written.kind = Some(AnswerKind::Generated);
        self.written.model = Some(model);
        let grounder = Grounder::new(query, &grounding::sources(&self.hits));
        self.generated = Some(Generated {
            text: String::new(),
            grounded: 0,
            grounder: Arc::new(Mutex::new(grounder)),
        });
        self.receive(llm, &request).await
    }

    async fn receive(&mut self, llm: &Llm, request: &ChatRequest) -> Result<(), ApiError> {
        let failed = |error: LlmError| ApiError(error.into());
        let mut pieces = llm.chat(request).await.map_err(failed)?;
        let mut ticks = tokio::time::interval(SHOW_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                piece = pieces.next() => match piece {
                    Some(piece) => self.hear(&piece.map_err(failed)?),
                    None => break,
                },
                _ = ticks.tick() => self.keep_up().await?,
            }
        }
        match &self.generated {
            Some(generated) if generated.text.trim().is_empty() => Err(failed(LlmError::Empty)),
            _ => Ok(()),
        }
    }

    fn hear(&mut self, piece: &str) {
        if let Some(generated) = &mut self.generated {
            generated.text.push_str(piece);
        }
    }

    async fn quote(&mut self, query: &str) -> Result<(), ApiError> {
        let embedder = self.state.embedder.clone();
        let (sources, question) = (grounding::sources(&self.hits), query.to_owned());
        let quotes = tokio::task::spawn_blocking(move || extractive::answer(embedder.as_ref(), &question, &sources))
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
        if quotes.is_empty() {
            self.say_not_found();
            return Ok(());
        }
        self.written.kind = Some(AnswerKind::Extractive);
        for (number, quote) in (1..).zip(&quotes) {
            let citation = grounding::quoted(number, quote, &self.hits);
            let said = format!("{} [{number}]\n\n", markdown::escaped(&citation.quote));
            self.cite(citation);
            self.say(said);
        }
        self.show();
        Ok(())
    }

    fn say_not_found(&mut self) {
        self.written.kind = Some(AnswerKind::NotFound);
        self.say(NOT_FOUND.to_owned());
        self.show();
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.written.content.push_str(&text);
            self.running.tell(AnswerEvent::Delta { text });
        }
    }

    fn cite(&mut self, citation: Citation) {
        self.written.citations.push(citation.clone());
        self.running.tell(AnswerEvent::Citation {
            citation: Box::new(citation),
        });
    }

    /// Shows and stores what has been written since, now and then.
    async fn keep_up(&mut self) -> Result<(), ApiError> {
        self.ground(false).await?;
        let (at, saved) = self.saved;
        let length = self.written.content.len();
        if saved != length && at.elapsed() >= SAVE_EVERY {
            self.saved = (Instant::now(), length);
            let saved = self.state.store.save_answer(self.answer, &self.written).await?;
            if saved.is_none() {
                self.running.stop.cancel();
            }
        }
        Ok(())
    }

    /// Ties what a model has written to the passages, and shows as much of it as more words cannot change.
    async fn ground(&mut self, finished: bool) -> Result<(), ApiError> {
        let Some(generated) = &mut self.generated else {
            return Ok(());
        };
        if generated.grounded == generated.text.len() && !finished {
            return Ok(());
        }
        generated.grounded = generated.text.len();
        let (grounder, text) = (generated.grounder.clone(), generated.text.clone());
        let embedder = self.state.embedder.clone();
        let grounded = tokio::task::spawn_blocking(move || {
            let mut grounder = grounder.lock().unwrap_or_else(PoisonError::into_inner);
            grounder.ground(embedder.as_ref(), &text, finished)
        });
        let grounded = grounded
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
        // What was shown never changes: text and citations only grow.
        for cited in grounded.citations.iter().skip(self.written.citations.len()) {
            self.cite(grounding::cited(cited, &self.hits));
        }
        let more = grounded.text.get(self.written.content.len()..).unwrap_or_default();
        if !more.is_empty() {
            self.say(more.to_owned());
            self.show();
        }
        Ok(())
    }

    /// Shows the answer so far.
    fn show(&self) {
        self.running.tell(AnswerEvent::Html {
            html: markdown::to_html(&self.written.content, &self.written.citations),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::without_markers;

    #[test]
    fn markers_are_left_out_and_other_brackets_stay() {
        assert_eq!(
            without_markers("So it is.[1] And [2, 3] a[i] [] Or not [?] ["),
            "So it is. And  a[i] [] Or not  ["
        );
    }
}
