//! People with documents who ask, and scripted language models that answer them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use server::{config::Config, jobs::Workers};
use tower::ServiceExt;

use crate::common::{Answer, Server, Visitor, create_knowledge_base, server_with};

/// A server that reads documents, with one user who has one knowledge base.
pub struct Asking {
    pub server: Server,
    pub owner: Visitor,
    pub kb: String,
    workers: Workers,
}

impl Asking {
    pub async fn begin() -> Self {
        // Scripted models run on this machine.
        let server = server_with(Config {
            allow_private_addresses: true,
            ..Config::default()
        })
        .await;
        let workers = Workers::start(&server.state);
        let owner = server.sign_up("ada@example.org").await;
        let kb = create_knowledge_base(&owner, "Contracts").await;
        Self {
            server,
            owner,
            kb,
            workers,
        }
    }

    /// With two documents, one on a lease and one on a garden.
    pub async fn with_documents() -> Self {
        let asking = Self::begin().await;
        asking.document("lease.txt", LEASE).await;
        asking.document("garden.txt", GARDEN).await;
        asking
    }

    /// Uploads a document and waits until it can be found.
    pub async fn document(&self, name: &str, text: &str) -> String {
        let uploads = self.owner.upload(&self.kb, name, text.as_bytes()).await.json();
        let id = uploads["files"][0]["document"]["id"].as_str().unwrap().to_owned();
        loop {
            let document = self.owner.get(&format!("/documents/{id}")).await.json();
            match document["status"].as_str().unwrap() {
                "ready" => return id,
                "queued" | "processing" => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => panic!("{document}"),
            }
        }
    }

    /// Lets the owner's questions be answered by this model.
    pub async fn connect(&self, model: &Model) -> String {
        connect(&self.owner, &model.base_url).await
    }

    pub async fn end(self) {
        self.workers.stop().await;
    }
}

pub const LEASE: &str = "Lease of the flat in Berlin.\n\nThe notice period is three months to the end of a quarter. \
    The rent is 900 euros a month. Pets are allowed after the landlord has agreed in writing.\n";
pub const GARDEN: &str = "Notes on the garden.\n\nTomatoes need six hours of sun a day. Water them in the morning and \
    never from above.\n";

pub async fn connect(who: &Visitor, base_url: &str) -> String {
    let connection = json!({ "name": "Scripted", "preset": "custom", "base_url": base_url, "model": "small" });
    let created = who.post("/connections", connection).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    created.json()["id"].as_str().unwrap().to_owned()
}

impl Visitor {
    /// Sends a form as a browser without JavaScript does; returns where it leads.
    pub async fn post_form(&self, path: &str, body: &str) -> (StatusCode, String) {
        let mut request = Request::builder()
            .method("POST")
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap());
        (response.status(), location.to_owned())
    }
}

/// Asks in a new conversation; returns what was taken.
pub async fn start(who: &Visitor, question: &str) -> Value {
    let asked = who.post("/conversations", json!({ "question": question })).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text());
    asked.json()
}

/// Asks after the last answer of a conversation.
pub async fn go_on(who: &Visitor, asked: &Value, question: &str) -> Value {
    send_in(who, asked, json!({ "question": question })).await
}

pub async fn send_in(who: &Visitor, asked: &Value, body: Value) -> Value {
    let path = format!("/conversations/{}/messages", text(&asked["conversation"]["id"]));
    let asked = who.post(&path, body).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text());
    asked.json()
}

/// Follows the answer to its end; returns its events.
pub async fn events(who: &Visitor, asked: &Value) -> Vec<Value> {
    let path = format!("/messages/{}/events", text(&asked["answer"]["id"]));
    let answer = who.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    parsed(&answer.text()).into_iter().map(|(_, event)| event).collect()
}

/// The answer once it has ended.
pub async fn answer(who: &Visitor, asked: &Value) -> Value {
    let last = events(who, asked).await.pop().unwrap();
    assert_eq!(last["type"], "done", "{last}");
    last["message"].clone()
}

/// Asks and waits for the answer.
pub async fn ask(who: &Visitor, question: &str) -> Value {
    answer(who, &start(who, question).await).await
}

pub async fn tree(who: &Visitor, asked: &Value) -> Value {
    let path = format!("/conversations/{}", text(&asked["conversation"]["id"]));
    who.get(&path).await.json()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

/// Ids and data of server-sent events.
fn parsed(stream: &str) -> Vec<(usize, Value)> {
    stream
        .split("\n\n")
        .filter_map(|event| {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            Some((
                field("id: ")?.parse().unwrap(),
                serde_json::from_str(field("data: ")?).unwrap(),
            ))
        })
        .collect()
}

/// Follows an answer event by event, from after the given one.
pub async fn follow(
    server: &Server,
    who: &Visitor,
    answer: &str,
    after: usize,
) -> impl Stream<Item = (usize, Value)> + Unpin + use<> {
    let request = Request::builder()
        .uri(format!("/api/v1/messages/{answer}/events"))
        .header(header::COOKIE, who.cookie.as_ref().unwrap())
        .header("last-event-id", after.to_string())
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    Box::pin(
        response
            .into_body()
            .into_data_stream()
            .flat_map(|bytes| futures::stream::iter(parsed(std::str::from_utf8(&bytes.unwrap()).unwrap()))),
    )
}

/// Changes settings of the owner's first assistant.
pub async fn configure(who: &Visitor, change: impl FnOnce(&mut Value)) -> Answer {
    let mut assistant = who.get("/assistants").await.json()[0].clone();
    change(&mut assistant["settings"]);
    let path = format!("/assistants/{}", text(&assistant["id"]));
    let body = json!({ "base_version": assistant["version"], "settings": assistant["settings"] });
    who.send("PUT", &path, Some(body)).await
}

/// A scripted language model behind an OpenAI-compatible address.
pub struct Model {
    pub base_url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    /// Answers every request for a chat with what the script makes of it.
    pub async fn start(script: impl Fn(&Value) -> Response + Clone + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let chat = post(move |Json(request): Json<Value>| async move {
            let response = script(&request);
            seen.lock().unwrap().push(request);
            response
        });
        let models =
            get(|| async { Json(json!({ "object": "list", "data": [{ "id": "small" }, { "id": "large" }] })) });
        let router = Router::new()
            .route("/v1/chat/completions", chat)
            .route("/v1/models", models);
        Self {
            base_url: format!("{}/v1", serve(router).await),
            requests,
        }
    }

    /// What was asked of it, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// An address where nothing listens.
pub fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

fn chunk(piece: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({ "choices": [{ "delta": { "content": piece } }] })
    )
}

/// A complete answer in pieces.
pub fn says(pieces: &[&str]) -> Response {
    let body: String = pieces.iter().map(|piece| chunk(piece)).collect();
    streamed(Body::from(body + "data: [DONE]\n\n"))
}

/// An answer that is cut off after these pieces.
pub fn says_and_breaks_off(pieces: &[&str]) -> Response {
    streamed(Body::from(pieces.iter().map(|piece| chunk(piece)).collect::<String>()))
}

/// An answer that goes on for ever after these pieces, without saying anything more.
pub fn says_and_hangs(pieces: &[&str]) -> Response {
    let pieces: Vec<Result<String, std::convert::Infallible>> = pieces.iter().map(|piece| Ok(chunk(piece))).collect();
    streamed(Body::from_stream(
        futures::stream::iter(pieces).chain(futures::stream::pending()),
    ))
}

fn streamed(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// What the model is to read last: the filled-in template.
pub fn prompt(request: &Value) -> &str {
    text(&request["messages"].as_array().unwrap().last().unwrap()["content"])
}

/// Whether this request asks to rewrite a question, rather than to answer it.
pub fn asks_to_rewrite(request: &Value) -> bool {
    prompt(request).contains("Rewrite the last question")
}
