//! What is told to who collects traces.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message;
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    person::{File, Person},
    program::Program,
    slow_model::{SlowModel, follow, last},
};

/// Receives spans, as a collector does.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    async fn start(&self) -> String {
        let router = Router::new()
            .route("/v1/traces", post(Self::receive))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    async fn receive(State(collector): State<Self>, body: Bytes) {
        let sent = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = sent
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans);
        collector.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
    }

    /// The spans of a trace.
    fn trace(&self, id: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .filter(|span| hex::encode(&span.trace_id) == id)
            .cloned()
            .collect()
    }
}

/// The names from a span up to where its trace comes into the program.
fn way_of(span: &Span, spans: &[Span]) -> Vec<String> {
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (&*span.span_id, span)).collect();
    let way = std::iter::successors(Some(span), |span| by_id.get(&*span.parent_span_id).copied());
    way.map(|span| span.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_a_request_to_the_database_the_model_and_through_the_queue() {
    let collector = Collector::default();
    let mut program = Program::with_settings([
        ("HYPERION_OTLP_ENDPOINT".to_owned(), collector.start().await),
        ("HYPERION_ALLOW_PRIVATE_ADDRESSES".to_owned(), "true".to_owned()),
    ]);
    program.start();
    let person = Person::sign_up(&program).await;
    let model = SlowModel::start().await;
    model.serve(&person, &program).await;
    model.hurry.store(true, Ordering::Relaxed);

    let [upload, question] = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"];
    let traceparent = |trace: &str| format!("00-{trace}-00f067aa0ba902b7-01");
    let file = [File::new("secret.txt", "The code word is plover.")];
    let request = person
        .upload_request(&program, &file)
        .header("traceparent", traceparent(upload));
    let uploaded: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    let document = uploaded["files"][0]["document"]["id"].as_str().unwrap();
    assert_eq!(person.ended(&program, document).await["status"], "ready");
    let request = person
        .request("POST", &program, "/conversations")
        .header("traceparent", traceparent(question))
        .json(&json!({ "question": "How long is the notice period of the lease?" }));
    let asked = request.send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let asked: serde_json::Value = asked.json().await.unwrap();
    last(follow(&person, &program, asked["answer"]["id"].as_str().unwrap(), 0).await).await;
    program.ask_to_stop();
    program.wait();

    let expect = |trace: &str, ways: &[&[&str]]| {
        let spans = collector.trace(trace);
        let known: Vec<Vec<String>> = spans.iter().map(|span| way_of(span, &spans)).collect();
        for way in ways {
            assert!(known.iter().any(|known| known == way), "{way:?} in {known:?}");
        }
        let told = format!("{spans:?}");
        assert!(!told.contains("plover") && !told.contains("notice period"), "{told}");
    };
    expect(
        upload,
        &[
            &["accept_document", "request"],
            &["publish_document", "index", "read", "request"],
            &["extract", "read", "request"],
        ],
    );
    expect(
        question,
        &[
            &["begin_answer", "request"],
            &["question", "answer", "request"],
            &["lexical_search", "find", "answer", "request"],
            &["chat", "answer", "request"],
            &["save_answer", "answer", "request"],
        ],
    );
}
