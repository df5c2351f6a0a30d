//! Answers that take their time, and those who follow them.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    response::sse::{Event, Sse},
    routing::{get, post},
};
use eventsource_stream::Eventsource;
use futures::{Stream, StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::person::{File, Person, Served};

/// A language model that writes a word every so often until it is told to come to an end.
pub struct SlowModel {
    url: String,
    pub hurry: Arc<AtomicBool>,
}

impl SlowModel {
    pub async fn start() -> Self {
        let hurry = Arc::new(AtomicBool::new(false));
        let told = hurry.clone();
        let write = move || {
            let hurry = told.clone();
            async move {
                let words = stream::unfold(0, move |at| {
                    let hurry = hurry.clone();
                    async move {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        let delta = |text: &str| json!({ "choices": [{ "delta": { "content": text } }] }).to_string();
                        match at {
                            n if n > 2_000 => None,
                            n if n > 0 && hurry.load(Ordering::Relaxed) => Some(("[DONE]".to_owned(), 5_000)),
                            n => Some((delta(&format!("word{n} ")), n + 1)),
                        }
                    }
                });
                Sse::new(words.map(|text| Ok::<_, Infallible>(Event::default().data(text))))
            }
        };
        let models = || async { Json(json!({ "data": [{ "id": "slow" }] })) };
        let router = Router::new()
            .route("/v1/chat/completions", post(write))
            .route("/v1/models", get(models));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, hurry }
    }

    /// Makes it the person's model, and gives them something to ask about.
    pub async fn serve(&self, person: &Person, server: &impl Served) {
        let connection = json!({ "name": "Slow", "preset": "custom", "base_url": self.url, "model": "slow" });
        person.post(server, "/connections", connection).await;
        let file = File::new("lease.txt", "The notice period of the lease is three months.");
        let id = person.upload_one(server, file).await;
        assert_eq!(person.ended(server, &id).await["status"], "ready");
    }
}

/// Begins an answer and returns its identifier.
pub async fn ask(person: &Person, server: &impl Served) -> String {
    let question = json!({ "question": "How long is the notice period of the lease?" });
    let asked = person.post(server, "/conversations", question).await;
    asked["answer"]["id"].as_str().unwrap().to_owned()
}

pub async fn follow<S: Served>(
    person: &Person,
    server: &S,
    answer: &str,
    after: usize,
) -> impl Stream<Item = (usize, Value)> + Unpin + use<S> {
    let path = format!("/messages/{answer}/events");
    let request = person
        .request("GET", server, &path)
        .header("last-event-id", after.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    Box::pin(answer.bytes_stream().eventsource().filter_map(|event| async {
        let event = event.ok()?;
        Some((event.id.parse().ok()?, serde_json::from_str(&event.data).ok()?))
    }))
}

pub fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

pub async fn next_delta(events: &mut (impl Stream<Item = (usize, Value)> + Unpin)) -> usize {
    let delta = async {
        loop {
            let (at, event) = events.next().await.expect("the stream goes on");
            if kind(&event) == "delta" {
                return at;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), delta)
        .await
        .expect("words come")
}

pub async fn last(events: impl Stream<Item = (usize, Value)> + Unpin) -> Value {
    let events: Vec<(usize, Value)> = tokio::time::timeout(Duration::from_secs(90), events.collect())
        .await
        .unwrap();
    let ids: Vec<usize> = events.iter().map(|(at, _)| *at).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let (_, last) = events.into_iter().next_back().unwrap();
    assert_eq!(kind(&last), "done", "{last}");
    last
}
