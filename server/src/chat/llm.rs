//! A thin client for OpenAI-compatible endpoints; thin because they differ in everything but the essentials.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use api::Problem;
use chrono::{DateTime, Utc};
use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt, stream::BoxStream};
use reqwest::{Method, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tracing::{Instrument, Span};
use url::Url;

use crate::{
    outbound::{self, Outbound, OutboundError},
    telemetry::METRICS,
};

/// A list of models or the text of an error is not longer than this.
const LONGEST_BODY: usize = 4 << 20;

/// A streamed answer is not longer than this, what it is wrapped in included (about 250 bytes for each token).
const LONGEST_STREAM: usize = 16 << 20;

/// How often, and up to what wait, a request is repeated to an endpoint that is busy.
const MOST_REPEATS: u32 = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How much of an endpoint's own words is shown in an error.
const SHOWN_CHARACTERS: usize = 300;

#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    #[error(transparent)]
    Unreachable(#[from] OutboundError),
    #[error("the endpoint did not accept the key")]
    Unauthorized,
    #[error("the endpoint has no model {0}")]
    NoSuchModel(String),
    #[error("nothing OpenAI-compatible is at this address")]
    NotAnEndpoint,
    #[error("the endpoint takes no more requests for now")]
    RateLimited { retry_after_seconds: Option<u64> },
    #[error("the endpoint did not begin to answer within {} seconds", .0.as_secs())]
    Slow(Duration),
    #[error("the endpoint stopped sending for {} seconds", .0.as_secs())]
    Stalled(Duration),
    #[error("the endpoint ended the answer in the middle")]
    CutOff,
    #[error("the endpoint sent something that is not an OpenAI-compatible answer")]
    Malformed,
    #[error("the endpoint sent more than {} MiB for one answer", LONGEST_STREAM >> 20)]
    Endless,
    #[error("the model said nothing")]
    Empty,
    #[error("the endpoint answered with status {status}: {message}")]
    Failed { status: u16, message: String },
    #[error("the endpoint told of an error: {0}")]
    Reported(String),
}

impl From<LlmError> for Problem {
    fn from(error: LlmError) -> Self {
        let (status, code, remedy) = match &error {
            // Already says what to do.
            LlmError::Unreachable(_) => (502, "llm_unreachable", String::new()),
            LlmError::Unauthorized => (
                502,
                "llm_unauthorized",
                "Enter a valid key in the connection.".to_owned(),
            ),
            LlmError::NoSuchModel(_) => (
                502,
                "llm_no_such_model",
                "Choose another model in the assistant or the connection, or load this one on the endpoint.".to_owned(),
            ),
            LlmError::NotAnEndpoint => (
                502,
                "llm_not_an_endpoint",
                "Check the connection's address; it usually ends in /v1.".to_owned(),
            ),
            LlmError::RateLimited { retry_after_seconds } => (
                503,
                "llm_rate_limited",
                match retry_after_seconds {
                    Some(seconds) => format!("Try again in {seconds} seconds."),
                    None => "Try again in a minute.".to_owned(),
                },
            ),
            LlmError::Slow(_) => (
                504,
                "llm_slow",
                "It may be loading the model: try again, or choose a smaller model.".to_owned(),
            ),
            LlmError::Stalled(_) => (504, "llm_stalled", "What arrived was kept. Ask again.".to_owned()),
            LlmError::CutOff => (502, "llm_cut_off", "What arrived was kept. Ask again.".to_owned()),
            LlmError::Malformed => (
                502,
                "llm_malformed",
                "Check that the connection's address is that of a chat model. What arrived before was kept.".to_owned(),
            ),
            LlmError::Endless => (502, "llm_endless", "What arrived was kept. Ask again, or choose another model.".to_owned()),
            LlmError::Empty => (
                502,
                "llm_empty",
                "Raise the assistant's maximum of tokens, which a model that thinks first can use up, or choose another \
                 model."
                    .to_owned(),
            ),
            LlmError::Failed { .. } | LlmError::Reported(_) => (502, "llm_failed", "Test the connection, then ask again.".to_owned()),
        };
        let mut detail = error.to_string();
        // An address at the beginning stays as it is.
        if !detail.starts_with("http")
            && let Some(first) = detail.get_mut(..1)
        {
            first.make_ascii_uppercase();
        }
        Problem::new(status, code, "The language model could not answer")
            .with_detail(format!("{detail}. {remedy}").trim_end().to_owned())
    }
}

/// How long to wait for an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until the first byte: a local server may have to load the model.
    pub first: Duration,
    /// Between two parts of an answer.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(120),
            idle: Duration::from_secs(60),
        }
    }
}

/// One endpoint with its key.
#[derive(Clone)]
pub struct Llm {
    pub outbound: Outbound,
    pub base_url: Url,
    pub key: Option<SecretString>,
    pub patience: Patience,
}

#[derive(Debug, Clone, Serialize)]
pub struct ChatRequest {
    pub model: String,
    pub messages: Vec<ChatMessage>,
    pub temperature: f32,
    pub top_p: f32,
    pub max_tokens: u32,
}

#[derive(Debug, Clone, Serialize)]
pub struct ChatMessage {
    pub role: &'static str,
    pub content: String,
}

#[derive(Serialize)]
struct StreamedRequest<'a> {
    #[serde(flatten)]
    request: &'a ChatRequest,
    stream: bool,
}

#[derive(Deserialize)]
struct Models {
    /// Some servers without a model say `null`.
    data: Option<Vec<Model>>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<serde_json::Value>,
    /// Most endpoints tell it with the last chunk, if they do; it decides nothing, so it may be anything.
    #[serde(default)]
    usage: serde_json::Value,
}

impl Chunk {
    fn tell_usage(&mut self, usage: &OnceLock<Usage>) {
        if let Ok(told) = serde_json::from_value(self.usage.take()) {
            usage.set(told).ok();
        }
    }
}

/// Tokens, as the endpoint counts them.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// A request to a model, for the metrics and the trace. Dropped before it has ended, it was stopped.
struct Measured {
    begun: Instant,
    span: Span,
    outcome: &'static str,
    usage: Arc<OnceLock<Usage>>,
    /// As tokens are often counted where nobody says: four characters sent, and each piece received.
    sent_characters: usize,
    received_pieces: u64,
}

impl Measured {
    fn begin(request: &ChatRequest) -> Self {
        Self {
            begun: Instant::now(),
            span: tracing::info_span!(target: "model", "chat", otel.kind = "client"),
            outcome: "stopped",
            usage: Arc::default(),
            sent_characters: request
                .messages
                .iter()
                .map(|message| message.content.chars().count())
                .sum(),
            received_pieces: 0,
        }
    }

    fn whole(
        self,
        pieces: BoxStream<'static, Result<String, LlmError>>,
    ) -> impl Stream<Item = Result<String, LlmError>> + Send + use<> {
        let ended = futures::stream::once(std::future::ready(None));
        let mut measured = self;
        pieces.map(Some).chain(ended).filter_map(move |piece| {
            measured.hear(piece.as_ref());
            std::future::ready(piece)
        })
    }

    fn hear(&mut self, piece: Option<&Result<String, LlmError>>) {
        match piece {
            None if self.outcome == "stopped" => self.outcome = "done",
            None => {}
            Some(Err(_)) => self.outcome = "failed",
            Some(Ok(_)) => {
                if self.received_pieces == 0 {
                    METRICS.model_began(self.begun.elapsed());
                }
                self.received_pieces += 1;
            }
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        METRICS.model_answered(self.outcome, self.begun.elapsed());
        let usage = self.usage.get().copied().unwrap_or(Usage {
            prompt_tokens: (self.sent_characters / 4) as u64,
            completion_tokens: self.received_pieces,
        });
        METRICS.model_tokens(usage.prompt_tokens, usage.completion_tokens);
    }
}

#[derive(Deserialize)]
struct Choice {
    /// An endpoint that does not stream says all at once, in `message`.
    #[serde(default, alias = "message")]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

impl Llm {
    /// The names of the models the endpoint offers.
    pub async fn models(&self) -> Result<Vec<String>, LlmError> {
        let response = self.send(Method::GET, "models", None).await?;
        if response.status() == StatusCode::NOT_FOUND || response.status().is_redirection() {
            return Err(LlmError::NotAnEndpoint);
        }
        let response = succeeded(response, self.patience).await?;
        let body = body(response, self.patience).await.ok_or(LlmError::NotAnEndpoint)?;
        let models: Models = serde_json::from_slice(&body).map_err(|_| LlmError::NotAnEndpoint)?;
        Ok(models
            .data
            .unwrap_or_default()
            .into_iter()
            .map(|model| model.id)
            .collect())
    }

    /// Streams an answer piece by piece, without what a model thinks before it answers.
    ///
    /// An answer that ends without saying so ends in [`LlmError::CutOff`].
    pub async fn chat(&self, request: &ChatRequest) -> Result<BoxStream<'static, Result<String, LlmError>>, LlmError> {
        let mut measured = Measured::begin(request);
        match self
            .begin_chat(request, measured.usage.clone())
            .instrument(measured.span.clone())
            .await
        {
            Ok(pieces) => Ok(measured.whole(pieces).boxed()),
            Err(error) => {
                measured.outcome = "failed";
                Err(error)
            }
        }
    }

    async fn begin_chat(
        &self,
        request: &ChatRequest,
        usage: Arc<OnceLock<Usage>>,
    ) -> Result<BoxStream<'static, Result<String, LlmError>>, LlmError> {
        let response = self.send_patiently(request).await?;
        if response.status().is_redirection() {
            return Err(LlmError::NotAnEndpoint);
        }
        if response.status() == StatusCode::NOT_FOUND {
            let body = body(response, self.patience).await.unwrap_or_default();
            // A server that knows the route names the model in its answer.
            return Err(if message_in(&body).to_lowercase().contains("model") {
                LlmError::NoSuchModel(request.model.clone())
            } else {
                LlmError::NotAnEndpoint
            });
        }
        let response = succeeded(response, self.patience).await?;
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type.starts_with("application/json") {
            let body = body(response, self.patience).await.ok_or(LlmError::CutOff)?;
            let answer = whole(&body, &usage);
            return Ok(futures::stream::once(async { answer }).boxed());
        }
        if media_type.starts_with("text/html") {
            return Err(LlmError::NotAnEndpoint);
        }
        Ok(pieces(response.bytes_stream(), self.patience, usage).boxed())
    }

    /// Asks again after the time that a busy endpoint names, if it is short.
    async fn send_patiently(&self, request: &ChatRequest) -> Result<Response, LlmError> {
        let mut repeats = 0;
        loop {
            let response = self.send(Method::POST, "chat/completions", Some(request)).await?;
            let wait = retry_after(&response).map(Duration::from_secs);
            match wait {
                Some(wait)
                    if response.status() == StatusCode::TOO_MANY_REQUESTS
                        && wait <= LONGEST_WAIT
                        && repeats < MOST_REPEATS =>
                {
                    repeats += 1;
                    tokio::time::sleep(wait).await;
                }
                _ => return Ok(response),
            }
        }
    }

    /// A short answer as a whole.
    pub async fn complete(&self, request: &ChatRequest) -> Result<String, LlmError> {
        let mut pieces = self.chat(request).await?;
        let mut answer = String::new();
        while let Some(piece) = pieces.next().await {
            answer.push_str(&piece?);
        }
        Ok(answer)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&ChatRequest>) -> Result<Response, LlmError> {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}/{path}", self.base_url.path().trim_end_matches('/')));
        let mut request = self.outbound.request(method, url.clone())?;
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(&StreamedRequest {
                request: body,
                stream: true,
            });
        }
        match timeout(self.patience.first, request.send()).await {
            Err(_) => Err(LlmError::Slow(self.patience.first)),
            Ok(Err(error)) => Err(outbound::describe(&url, &error).into()),
            Ok(Ok(response)) => Ok(response),
        }
    }
}

async fn succeeded(response: Response, patience: Patience) -> Result<Response, LlmError> {
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(LlmError::Unauthorized),
        StatusCode::TOO_MANY_REQUESTS => Err(LlmError::RateLimited {
            retry_after_seconds: retry_after(&response),
        }),
        status => Err(LlmError::Failed {
            status: status.as_u16(),
            message: shown(&message_in(&body(response, patience).await.unwrap_or_default())),
        }),
    }
}

/// Seconds from now; the header holds them or a date.
fn retry_after(response: &Response) -> Option<u64> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    value.parse().ok().or_else(|| {
        let date = DateTime::parse_from_rfc2822(value).ok()?;
        u64::try_from((date.to_utc() - Utc::now()).num_seconds()).ok()
    })
}

/// The whole body, unless it is endless, slow or broken.
async fn body(response: Response, patience: Patience) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = timeout(patience.idle, chunks.next()).await.ok()? {
        bytes.extend_from_slice(&chunk.ok()?);
        if bytes.len() > LONGEST_BODY {
            return None;
        }
    }
    Some(bytes)
}

/// Endpoints tell errors as `{"error": {"message": ..}}`, `{"error": ".."}` or plain text.
fn message_in(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    error_message(&value["error"]).unwrap_or_else(|| text.trim().to_owned())
}

fn error_message(error: &serde_json::Value) -> Option<String> {
    error["message"].as_str().or_else(|| error.as_str()).map(str::to_owned)
}

fn shown(message: &str) -> String {
    message
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN_CHARACTERS)
        .collect()
}

/// An answer that was not streamed.
fn whole(body: &[u8], usage: &OnceLock<Usage>) -> Result<String, LlmError> {
    let mut chunk: Chunk = serde_json::from_slice(body).map_err(|_| LlmError::Malformed)?;
    chunk.tell_usage(usage);
    let mut thoughts = Thoughts::default();
    let said = content(chunk)?
        .and_then(|choice| choice.delta.content)
        .ok_or(LlmError::Malformed)?;
    Ok(thoughts.without(&said) + &thoughts.rest())
}

/// The first choice of a chunk, if it has one.
fn content(chunk: Chunk) -> Result<Option<Choice>, LlmError> {
    match chunk.error.filter(|error| !error.is_null()) {
        Some(error) => Err(LlmError::Reported(shown(
            &error_message(&error).unwrap_or_else(|| error.to_string()),
        ))),
        None => Ok(chunk.choices.into_iter().next()),
    }
}

/// Leaves out what stands in `<think>` at the beginning of an answer, however it is cut into pieces.
#[derive(Default)]
struct Thoughts {
    held: String,
    over: bool,
}

impl Thoughts {
    const BEGIN: &str = "<think>";
    const END: &str = "</think>";

    /// What of the text so far belongs to the answer and was not returned before.
    fn without(&mut self, piece: &str) -> String {
        if self.over {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        let begun = self.held.trim_start();
        if Self::BEGIN.starts_with(begun) {
            return String::new();
        }
        let answer = match begun.strip_prefix(Self::BEGIN) {
            None => begun,
            Some(thoughts) => match thoughts.split_once(Self::END) {
                None => return String::new(),
                Some((_, answer)) => answer.trim_start(),
            },
        };
        let answer = answer.to_owned();
        self.over = !answer.is_empty();
        self.held = if self.over {
            String::new()
        } else {
            format!("{}{}", Self::BEGIN, Self::END)
        };
        answer
    }

    /// What is left when the answer ends: text that only began like a thought.
    fn rest(self) -> String {
        if self.over || self.held.contains(Self::BEGIN) {
            String::new()
        } else {
            self.held.trim_start().to_owned()
        }
    }
}

fn pieces<E: std::error::Error + Send>(
    bytes: impl Stream<Item = Result<bytes::Bytes, E>> + Send + 'static,
    patience: Patience,
    usage: Arc<OnceLock<Usage>>,
) -> impl Stream<Item = Result<String, LlmError>> + Send {
    struct Reading<S> {
        events: S,
        thoughts: Thoughts,
        begun: bool,
        /// A reason to finish was given.
        finished: bool,
        over: bool,
        usage: Arc<OnceLock<Usage>>,
    }
    let mut received = 0;
    let bytes = bytes.map(move |chunk| {
        let chunk = chunk.map_err(|_| LlmError::CutOff)?;
        received += chunk.len();
        if received > LONGEST_STREAM {
            Err(LlmError::Endless)
        } else {
            Ok(chunk)
        }
    });
    let start = Reading {
        events: Box::pin(bytes.eventsource()),
        thoughts: Thoughts::default(),
        begun: false,
        finished: false,
        over: false,
        usage,
    };
    futures::stream::unfold(start, move |mut reading| async move {
        if reading.over {
            return None;
        }
        let read = loop {
            let wait = if reading.begun { patience.idle } else { patience.first };
            let event = match timeout(wait, reading.events.next()).await {
                Err(_) if reading.begun => break Err(LlmError::Stalled(patience.idle)),
                Err(_) => break Err(LlmError::Slow(patience.first)),
                Ok(Some(Err(EventStreamError::Transport(error)))) => break Err(error),
                Ok(Some(Err(_))) => break Err(LlmError::Malformed),
                Ok(None) if !reading.begun => break Err(LlmError::Malformed),
                // Some endpoints close without `[DONE]` after they gave a reason to finish.
                Ok(None) if !reading.finished => break Err(LlmError::CutOff),
                Ok(Some(Ok(event))) if event.data.trim() != "[DONE]" => event,
                Ok(_) => {
                    reading.over = true;
                    break Ok(std::mem::take(&mut reading.thoughts).rest());
                }
            };
            reading.begun = true;
            let Ok(mut chunk) = serde_json::from_str::<Chunk>(&event.data) else {
                break Err(LlmError::Malformed);
            };
            chunk.tell_usage(&reading.usage);
            let choice = match content(chunk) {
                Err(error) => break Err(error),
                Ok(None) => continue,
                Ok(Some(choice)) => choice,
            };
            reading.finished |= choice.finish_reason.is_some();
            let text = reading.thoughts.without(&choice.delta.content.unwrap_or_default());
            if !text.is_empty() {
                break Ok(text);
            }
        };
        reading.over |= read.is_err();
        Some((read, reading))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use axum::{
        Router,
        body::Body,
        response::IntoResponse,
        routing::{get, post},
    };

    use super::*;

    async fn endpoint(router: Router) -> Llm {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Llm {
            outbound: Outbound::new(true).unwrap(),
            base_url: format!("http://{address}/v1").parse().unwrap(),
            key: Some("sk-test".to_owned().into()),
            patience: Patience {
                first: Duration::from_millis(300),
                idle: Duration::from_millis(300),
            },
        }
    }

    fn request() -> ChatRequest {
        ChatRequest {
            model: "small".to_owned(),
            messages: vec![ChatMessage {
                role: "user",
                content: "Hello?".to_owned(),
            }],
            temperature: 0.0,
            top_p: 1.0,
            max_tokens: 16,
        }
    }

    async fn answering(body: &'static str) -> Llm {
        endpoint(Router::new().route(
            "/v1/chat/completions",
            post(move || async move { ([(header::CONTENT_TYPE, "text/event-stream")], body) }),
        ))
        .await
    }

    async fn refusing(status: StatusCode, body: &'static str) -> LlmError {
        let handler = move || async move { (status, [(header::RETRY_AFTER, "70")], body) };
        let llm = endpoint(Router::new().route("/v1/chat/completions", post(handler))).await;
        llm.complete(&request()).await.unwrap_err()
    }

    #[tokio::test]
    async fn pieces_of_an_answer_arrive_in_order() {
        let llm = answering(
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Gu\"}}]}\n\n\
             : comment\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"ten Tag\"}}]}\n\n\
             data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n",
        )
        .await;
        assert_eq!(llm.complete(&request()).await.unwrap(), "Guten Tag");
    }

    #[tokio::test]
    async fn an_answer_that_gives_a_reason_to_finish_may_end_without_a_mark() {
        let llm =
            answering("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n").await;
        assert_eq!(llm.complete(&request()).await.unwrap(), "Hi");
    }

    #[tokio::test]
    async fn an_answer_that_ends_in_the_middle_is_cut_off_after_what_arrived() {
        let llm = answering("data: {\"choices\":[{\"delta\":{\"content\":\"Half an\"}}]}\n\n").await;
        let mut pieces = llm.chat(&request()).await.unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap(), "Half an");
        assert!(matches!(pieces.next().await, Some(Err(LlmError::CutOff))));
        assert!(pieces.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_not_an_answer_is_malformed() {
        let llm = answering("data: {\"choices\": oops\n\n").await;
        assert!(matches!(llm.complete(&request()).await, Err(LlmError::Malformed)));
    }

    #[tokio::test]
    async fn an_error_told_within_the_stream_is_told_on() {
        let llm = answering("data: {\"error\":{\"message\":\"out of memory\"}}\n\n").await;
        let message = llm.complete(&request()).await.unwrap_err().to_string();
        assert!(message.contains("out of memory"), "{message}");
    }

    #[tokio::test]
    async fn what_is_no_stream_of_events_is_read_if_it_is_an_answer_and_named_if_not() {
        let with_type = |media_type: &'static str, body: &'static str| async move {
            let handler = post(move || async move { ([(header::CONTENT_TYPE, media_type)], body) });
            endpoint(Router::new().route("/v1/chat/completions", handler))
                .await
                .complete(&request())
                .await
        };
        let whole = r#"{"choices":[{"message":{"role":"assistant","content":"All at once"},"finish_reason":"stop"}]}"#;
        assert_eq!(with_type("application/json", whole).await.unwrap(), "All at once");
        let broken = with_type("application/json; charset=utf-8", r#"{"error":"no memory left"}"#).await;
        assert!(broken.unwrap_err().to_string().contains("no memory left"));
        assert!(matches!(
            with_type("application/json", "[1]").await,
            Err(LlmError::Malformed)
        ));
        assert!(matches!(
            with_type("text/html", "<h1>Hi</h1>").await,
            Err(LlmError::NotAnEndpoint)
        ));
        assert!(matches!(
            with_type("text/plain", "Hello").await,
            Err(LlmError::Malformed)
        ));
    }

    #[tokio::test]
    async fn what_a_model_thinks_is_not_part_of_its_answer() {
        let reasoned = answering(
            "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm. \",\"content\":null}}]}\n\n\
             data: {\"choices\":[{\"delta\":{\"content\":\"Yes.\"}}]}\n\ndata: [DONE]\n\n",
        );
        assert_eq!(reasoned.await.complete(&request()).await.unwrap(), "Yes.");
        let tagged = answering(
            "data: {\"choices\":[{\"delta\":{\"content\":\"<thi\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"nk>Hm\"}}]}\n\n\
             data: {\"choices\":[{\"delta\":{\"content\":\".</think>\"}}]}\n\n\
             data: {\"choices\":[{\"delta\":{\"content\":\"\\n\\nYes.\"}}]}\n\ndata: [DONE]\n\n",
        );
        assert_eq!(tagged.await.complete(&request()).await.unwrap(), "Yes.");
        let similar = answering("data: {\"choices\":[{\"delta\":{\"content\":\"<th\"}}]}\n\ndata: [DONE]\n\n");
        assert_eq!(similar.await.complete(&request()).await.unwrap(), "<th");
    }

    #[tokio::test]
    async fn a_stream_without_end_is_ended() {
        let chunk = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
            "x".repeat(1 << 16)
        );
        let handler = post(|| async move {
            let chunks = futures::stream::repeat_with(move || Ok::<_, std::convert::Infallible>(chunk.clone()));
            ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(chunks))
        });
        let mut llm = endpoint(Router::new().route("/v1/chat/completions", handler)).await;
        llm.patience = Patience::default();
        let ended = llm.complete(&request()).await;
        assert!(matches!(ended, Err(LlmError::Endless)), "{:?}", ended.err());
    }

    #[tokio::test]
    async fn a_busy_endpoint_is_asked_again_after_the_time_it_names() {
        let asked = Arc::new(AtomicU32::new(0));
        let counter = asked.clone();
        let handler = post(move || async move {
            if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response();
            }
            r#"data: {"choices":[{"delta":{"content":"Now"},"finish_reason":"stop"}]}

"#
            .into_response()
        });
        let llm = endpoint(Router::new().route("/v1/chat/completions", handler)).await;
        assert_eq!(llm.complete(&request()).await.unwrap(), "Now");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn refusals_name_their_cause() {
        assert!(matches!(
            refusing(StatusCode::UNAUTHORIZED, "").await,
            LlmError::Unauthorized
        ));
        let missing = refusing(
            StatusCode::NOT_FOUND,
            r#"{"error":{"message":"model 'small' not found"}}"#,
        )
        .await;
        assert!(matches!(missing, LlmError::NoSuchModel(model) if model == "small"));
        assert!(matches!(
            refusing(StatusCode::NOT_FOUND, "<html>").await,
            LlmError::NotAnEndpoint
        ));
        assert!(matches!(
            refusing(StatusCode::TOO_MANY_REQUESTS, "").await,
            LlmError::RateLimited {
                retry_after_seconds: Some(70)
            }
        ));
        let failed = refusing(StatusCode::BAD_REQUEST, r#"{"error":"context too long"}"#).await;
        assert!(failed.to_string().contains("context too long"), "{failed}");
    }

    #[tokio::test]
    async fn a_server_that_does_not_run_is_refused_with_what_to_check() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let llm = Llm {
            base_url: format!("http://{address}/v1").parse().unwrap(),
            ..endpoint(Router::new()).await
        };
        let problem = Problem::from(llm.models().await.unwrap_err());
        assert_eq!(problem.code, "llm_unreachable");
        assert!(problem.message().contains("check that the server runs"), "{problem}");
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_slow_and_one_that_pauses_has_stalled() {
        let silent = post(|| async { std::future::pending::<String>().await });
        let llm = endpoint(Router::new().route("/v1/chat/completions", silent)).await;
        assert!(matches!(llm.complete(&request()).await, Err(LlmError::Slow(_))));

        let pausing = post(|| async {
            let first: Result<_, std::convert::Infallible> =
                Ok("data: {\"choices\":[{\"delta\":{\"content\":\"Hm\"}}]}\n\n");
            Body::from_stream(futures::stream::once(async move { first }).chain(futures::stream::pending()))
                .into_response()
        });
        let llm = endpoint(Router::new().route("/v1/chat/completions", pausing)).await;
        assert!(matches!(llm.complete(&request()).await, Err(LlmError::Stalled(_))));
    }

    #[tokio::test]
    async fn models_are_listed_with_the_key_sent() {
        let list = get(|headers: axum::http::HeaderMap| async move {
            assert_eq!(headers[header::AUTHORIZATION], "Bearer sk-test");
            r#"{"object":"list","data":[{"id":"small","object":"model"},{"id":"large"}]}"#
        });
        let llm = endpoint(Router::new().route("/v1/models", list)).await;
        assert_eq!(llm.models().await.unwrap(), ["small", "large"]);
    }
}
