//! How one answer comes about, from the question to the stored message.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::{
    AnswerEvent, AnswerKind, Asked, Assistant, Author, Conversation, Message, MessageStatus, ModelChoice, Problem,
    SearchHit, UserId,
};
use chrono::Utc;
use engine::{extractive, grounding::Grounder};
use futures::{FutureExt, StreamExt};
use store::{AnswerState, Question, StoreError};
use tokio::time::Instant;

use super::{
    conversations::with_html,
    grounding,
    llm::{ChatMessage, ChatRequest, Llm},
    markdown, retrieval,
    running::RunningAnswer,
};
use crate::{connections, http::ApiError, state::AppState};

const SAVE_EVERY: Duration = Duration::from_secs(1);
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Messages of the conversation so far that a model is given to make a question stand alone.
const HISTORY: usize = 6;

const NOT_FOUND: &str = "The documents do not say.";

/// Takes a question and begins to answer it. The answer goes on whether or not anybody follows it.
pub async fn begin(
    state: &AppState,
    caller: UserId,
    conversation: &Conversation,
    question: Question<'_>,
) -> Result<Asked, ApiError> {
    let assistant = state.store.assistant(caller, conversation.assistant_id).await;
    let assistant = assistant.map_err(|error| match error {
        StoreError::NotFound(_) => ApiError::new(
            axum::http::StatusCode::CONFLICT,
            "assistant_deleted",
            "The assistant of this conversation was deleted",
            "The assistant of this conversation was deleted. Start a new conversation with another one.",
        ),
        other => other.into(),
    })?;
    let (conversation, question, answer) = state
        .store
        .begin_answer(caller, conversation.id, &question, assistant.version)
        .await?;
    let running = state.running.begin(answer.id);
    let writing = Writing {
        state: state.clone(),
        caller,
        assistant,
        question: question.clone(),
        answer: answer.clone(),
        running,
        hits: Vec::new(),
        generated: String::new(),
        grounder: Arc::default(),
        written: AnswerState {
            content: String::new(),
            status: MessageStatus::Streaming,
            kind: None,
            model: None,
            citations: Vec::new(),
            error: None,
        },
        saved: Instant::now(),
        shown: Instant::now(),
    };
    tokio::spawn(writing.run_to_end());
    Ok(Asked {
        conversation,
        question: with_html(question),
        answer: with_html(answer),
    })
}

struct Writing {
    state: AppState,
    caller: UserId,
    assistant: Assistant,
    question: Message,
    answer: Message,
    running: Arc<RunningAnswer>,
    hits: Vec<SearchHit>,
    /// What the model wrote so far, word for word.
    generated: String,
    grounder: Arc<Mutex<Option<Grounder>>>,
    written: AnswerState,
    saved: Instant,
    shown: Instant,
}

impl Writing {
    async fn run_to_end(mut self) {
        let stop = self.running.stop.clone();
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(MessageStatus::Stopped),
            written = AssertUnwindSafe(self.write()).catch_unwind() => match written {
                Ok(Ok(())) => Ok(MessageStatus::Complete),
                Ok(Err(problem)) => Err(problem),
                Err(_) => Err(ApiError::internal("an answer panicked").0),
            },
        };
        if ended.as_ref().is_ok_and(|status| *status == MessageStatus::Stopped) || ended.is_err() {
            // What the model wrote until then is kept with its citations.
            if let Err(problem) = self.show_generated(true).await {
                tracing::error!(message = %self.answer.id, ?problem, "the end of an answer could not be grounded");
            }
        }
        match ended {
            Ok(status) => self.written.status = status,
            Err(problem) => {
                self.written.status = MessageStatus::Failed;
                self.written.error = Some(problem);
            }
        }
        match self.state.store.save_answer(self.answer.id, &self.written).await {
            Ok(Some(message)) => self.running.tell(AnswerEvent::Done {
                message: Box::new(with_html(message)),
            }),
            Ok(None) => {
                tracing::debug!(message = %self.answer.id, "an answer ended after its conversation was deleted")
            }
            Err(error) => tracing::error!(message = %self.answer.id, %error, "an answer could not be stored"),
        }
        self.state.running.end(self.answer.id);
    }

    async fn write(&mut self) -> Result<(), Problem> {
        let history = self.history().await.map_err(|error| error.0)?;
        let model = self.model().await.map_err(|error| error.0)?;
        let query = match &model {
            Some((llm, model)) if !history.is_empty() => self.standalone(llm, model, &history).await?,
            _ => {
                let previous = history.iter().rev().find(|message| message.author == Author::User);
                retrieval::with_previous(&self.question.content, previous.map(|message| message.content.as_str()))
            }
        };
        self.hits = retrieval::passages(&self.state, self.caller, &self.assistant.settings, &query)
            .await
            .map_err(|error| error.0)?;
        self.running.tell(AnswerEvent::Retrieval {
            hits: self.hits.clone(),
        });
        match model {
            _ if self.hits.is_empty() => self.say_not_found(),
            Some((llm, model)) => self.generate(&llm, model, &query).await,
            None => self.quote(&query).await.map_err(|error| error.0),
        }
    }

    /// The messages before the question, oldest first.
    async fn history(&self) -> Result<Vec<Message>, ApiError> {
        let mut tree = self
            .state
            .store
            .conversation_tree(self.caller, self.question.conversation_id)
            .await?;
        tree.conversation.active_message_id = self.question.parent_id;
        let branch: Vec<Message> = tree.active_branch().into_iter().cloned().collect();
        let recent = branch.len().saturating_sub(HISTORY);
        Ok(branch.into_iter().skip(recent).collect())
    }

    /// Who writes the answer; none: the documents themselves.
    async fn model(&self) -> Result<Option<(Llm, String)>, ApiError> {
        let (stored, model) = match &self.assistant.settings.model {
            ModelChoice::Extractive => return Ok(None),
            ModelChoice::Connection { connection_id, model } => {
                let stored = self.state.store.connection(self.caller, *connection_id).await?;
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

    async fn standalone(&self, llm: &Llm, model: &str, history: &[Message]) -> Result<String, Problem> {
        const LONGEST: usize = 500;
        let said: Vec<String> = history
            .iter()
            .map(|message| {
                let who = if message.author == Author::User {
                    "User"
                } else {
                    "Assistant"
                };
                format!("{who}: {}", message.content.chars().take(LONGEST).collect::<String>())
            })
            .collect();
        let content = format!(
            "{}\nUser: {}\n\nRewrite the last question so that it can be understood without the conversation. \
             Keep its language. Answer with the question alone.",
            said.join("\n"),
            self.question.content
        );
        let request = ChatRequest {
            model: model.to_owned(),
            messages: vec![ChatMessage { role: "user", content }],
            temperature: 0.0,
            top_p: 1.0,
            max_tokens: 128,
        };
        let rewritten = llm.complete(&request).await?;
        let rewritten = rewritten.trim();
        // A model that says nothing or too much did not rewrite anything.
        Ok(if rewritten.is_empty() || rewritten.chars().count() > LONGEST {
            self.question.content.clone()
        } else {
            rewritten.to_owned()
        })
    }

    async fn generate(&mut self, llm: &Llm, model: String, query: &str) -> Result<(), Problem> {
        let settings = &self.assistant.settings;
        // The context comes last: what documents hold is never taken for a placeholder.
        let (before, after) = settings
            .prompt_template
            .split_once("{context}")
            .unwrap_or(("", "{question}"));
        let fill = |text: &str| {
            text.replace("{date}", &Utc::now().format("%Y-%m-%d").to_string())
                .replace("{question}", query)
        };
        let request = ChatRequest {
            model: model.clone(),
            messages: vec![
                ChatMessage {
                    role: "system",
                    content: settings.instructions.clone(),
                },
                ChatMessage {
                    role: "user",
                    content: format!("{}{}{}", fill(before), retrieval::context(&self.hits), fill(after)),
                },
            ],
            temperature: settings.generation.temperature,
            top_p: settings.generation.top_p,
            max_tokens: settings.generation.max_tokens,
        };
        self.written.kind = Some(AnswerKind::Generated);
        self.written.model = Some(model);
        let sources = grounding::sources(&self.hits);
        self.grounder = Arc::new(Mutex::new(Some(Grounder::new(query, &sources))));
        let mut pieces = llm.chat(&request).await?;
        while let Some(piece) = pieces.next().await {
            self.generated.push_str(&piece?);
            if self.shown.elapsed() >= SHOW_EVERY {
                self.show_generated(false).await?;
            }
            if self.saved.elapsed() >= SAVE_EVERY {
                self.save().await?;
            }
        }
        self.show_generated(true).await
    }

    async fn quote(&mut self, query: &str) -> Result<(), ApiError> {
        let embedder = self.state.embedder.clone();
        let (sources, question) = (grounding::sources(&self.hits), query.to_owned());
        let quotes = tokio::task::spawn_blocking(move || extractive::answer(embedder.as_ref(), &question, &sources))
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
        if quotes.is_empty() {
            return self.say_not_found().map_err(ApiError);
        }
        self.written.kind = Some(AnswerKind::Extractive);
        for (number, quote) in (1..).zip(&quotes) {
            let citation = grounding::quoted(number, quote, &self.hits);
            let said = format!("{} [{number}]\n\n", markdown::escaped(&citation.quote));
            self.written.citations.push(citation.clone());
            self.say(said);
            self.running.tell(AnswerEvent::Citation {
                citation: Box::new(citation),
            });
        }
        self.show();
        Ok(())
    }

    fn say_not_found(&mut self) -> Result<(), Problem> {
        self.written.kind = Some(AnswerKind::NotFound);
        self.say(NOT_FOUND.to_owned());
        self.show();
        Ok(())
    }

    fn say(&mut self, text: String) {
        self.written.content.push_str(&text);
        self.running.tell(AnswerEvent::Delta { text });
    }

    /// Grounds what the model has written and shows as much of it as is certain.
    async fn show_generated(&mut self, finished: bool) -> Result<(), Problem> {
        let (grounder, embedder) = (self.grounder.clone(), self.state.embedder.clone());
        let generated = self.generated.clone();
        let grounded = tokio::task::spawn_blocking(move || {
            let mut grounder = grounder.lock().unwrap_or_else(PoisonError::into_inner);
            let grounder = grounder.as_mut()?;
            Some(grounder.ground(embedder.as_ref(), &generated, finished))
        });
        let grounded = grounded.await.map_err(|error| ApiError::internal(error).0)?;
        let Some(grounded) = grounded.transpose().map_err(|error| ApiError::internal(error).0)? else {
            return Ok(());
        };
        // The text grows and never changes.
        if let Some(text) = grounded
            .text
            .get(self.written.content.len()..)
            .filter(|text| !text.is_empty())
        {
            self.say(text.to_owned());
        }
        for cited in &grounded.citations[self.written.citations.len()..] {
            let citation = grounding::cited(cited, &self.hits);
            self.written.citations.push(citation.clone());
            self.running.tell(AnswerEvent::Citation {
                citation: Box::new(citation),
            });
        }
        self.show();
        Ok(())
    }

    fn show(&mut self) {
        self.running.tell(AnswerEvent::Html {
            html: markdown::to_html(&self.written.content, &self.written.citations),
        });
        self.shown = Instant::now();
    }

    async fn save(&mut self) -> Result<(), Problem> {
        let saved = self.state.store.save_answer(self.answer.id, &self.written).await;
        if saved.map_err(|error| ApiError::from(error).0)?.is_none() {
            self.running.stop.cancel();
        }
        self.saved = Instant::now();
        Ok(())
    }
}
