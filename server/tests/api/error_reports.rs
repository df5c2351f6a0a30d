//! Reports of errors from pages, on their way to Sentry.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Request, StatusCode, Uri, header},
};
use server::config::{Config, SentryDsn};

use crate::common::{Answer, Server, Visitor, server, server_with, server_with_pages, server_with_pages_and};

/// Stands where Sentry is, and keeps what is sent there.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<(Uri, HeaderMap, Bytes)>>>);

impl Receiver {
    async fn start(&self) -> Config {
        let take = |State(receiver): State<Self>, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            receiver.0.lock().unwrap().push((uri, headers, body));
        };
        let router = Router::new().fallback(take).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        reporting_to(&format!("http://5ec3e7:0ld@{address}/errors/7"))
    }

    fn received(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn reporting_to(dsn: &str) -> Config {
    Config {
        sentry_dsn: SentryDsn::new(dsn),
        ..Config::default()
    }
}

/// A report as a page of this server sends it, with so many bytes of stack.
fn envelope(server: &Server, stack: usize) -> String {
    let dsn = server.state.config.sentry_dsn.as_ref().unwrap().for_browsers();
    let event = format!(r#"{{"message":"{}"}}"#, "x".repeat(stack));
    format!(
        "{{\"event_id\":\"{}\",\"dsn\":\"{dsn}\"}}\n{{\"type\":\"event\"}}\n{event}\n",
        "9".repeat(32)
    )
}

async fn report(visitor: &Visitor, envelope: impl Into<Body>) -> Answer {
    let request = Request::post("/api/v1/error-reports")
        .header(header::CONTENT_TYPE, "text/plain;charset=UTF-8")
        .header("sec-fetch-site", "same-origin");
    visitor.call(request.body(envelope.into()).unwrap()).await
}

#[tokio::test]
async fn a_report_is_passed_on_as_it_is_and_says_nothing_of_who_sent_it() {
    let receiver = Receiver::default();
    let server = server_with(receiver.start().await).await;
    let ada = server.sign_up("ada@example.org").await;
    let envelope = envelope(&server, 20_000);
    assert_eq!(report(&ada, envelope.clone()).await.status, StatusCode::ACCEPTED);

    let received = receiver.0.lock().unwrap();
    let [(uri, headers, body)] = &received[..] else {
        panic!("{received:?}")
    };
    assert_eq!(uri.path(), "/errors/api/7/envelope/");
    assert_eq!(*body, envelope);
    assert_eq!(headers[header::CONTENT_TYPE], "application/x-sentry-envelope");
    assert!(headers["x-sentry-auth"].to_str().unwrap().contains("sentry_key=5ec3e7"));
    assert!(headers.get(header::COOKIE).is_none() && headers.get("x-forwarded-for").is_none());
}

#[tokio::test]
async fn nothing_is_passed_on_that_names_another_receiver_or_none() {
    let receiver = Receiver::default();
    let server = server_with(receiver.start().await).await;
    let ada = server.sign_up("ada@example.org").await;
    let ours = envelope(&server, 1);
    for foreign in [
        ours.replace("/7\"", "/8\""),
        ours.replace("5ec3e7", "another"),
        ours.replace("http://", "https://"),
        format!("{{}}\n{ours}"),
        ours.replace("\"dsn\"", "\"dns\""),
        String::new(),
        "\n".to_owned(),
    ] {
        let refused = report(&ada, foreign.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{foreign}");
        assert_eq!(refused.json()["code"], "foreign_report");
    }
    assert_eq!(receiver.received(), 0);
}

#[tokio::test]
async fn a_report_that_is_too_large_is_refused() {
    let receiver = Receiver::default();
    let server = server_with(receiver.start().await).await;
    let ada = server.sign_up("ada@example.org").await;
    let refused = report(&ada, envelope(&server, 33_000)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.json()["code"], "too_large");
    assert_eq!(receiver.received(), 0);
}

#[tokio::test]
async fn one_person_sends_only_so_many_and_holds_up_nobody_else() {
    let receiver = Receiver::default();
    let server = server_with(receiver.start().await).await;
    let ada = server.sign_up("ada@example.org").await;
    let bob = server.sign_up("bob@example.org").await;
    let mut statuses = Vec::new();
    while statuses.len() < 60 && !statuses.contains(&StatusCode::TOO_MANY_REQUESTS) {
        statuses.push(report(&ada, envelope(&server, 1)).await.status);
    }
    assert_eq!(statuses.pop(), Some(StatusCode::TOO_MANY_REQUESTS));
    assert!(statuses.len() >= 20, "{statuses:?}");
    assert_eq!(receiver.received(), statuses.len());
    assert_eq!(report(&bob, envelope(&server, 1)).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_receiver_that_is_away_is_told_as_no_fault_of_the_page() {
    let server = server_with(reporting_to("http://5ec3e7@127.0.0.1:9/7")).await;
    let ada = server.sign_up("ada@example.org").await;
    let answer = report(&ada, envelope(&server, 1)).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.json()["code"], "report_not_taken");
}

#[tokio::test]
async fn without_a_receiver_there_are_no_reports() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let refused = report(&ada, "{}").await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(refused.json()["code"], "not_reporting");
    assert_eq!(report(&server.nobody(), "{}").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_that_bring_the_app_name_the_receiver_and_their_release_and_no_other_page_does() {
    let server = server_with_pages_and(reporting_to("https://5ec3e7:0ld@sentry.example/7")).await;
    let ada = server.sign_up("ada@example.org").await;
    let page = ada.open("/settings").await.text();
    let meta = page
        .split("<meta name=\"error-reports\"")
        .nth(1)
        .expect("the page names no receiver");
    let meta = meta.split('>').next().unwrap();
    assert!(meta.contains(r#"content="https://5ec3e7@sentry.example/7""#), "{meta}");
    let release = format!("data-release=\"hyperion@{}+1\"", env!("CARGO_PKG_VERSION"));
    assert!(meta.contains(&release), "{meta}");
    assert!(meta.contains(r#"data-environment="production""#), "{meta}");

    for page in [
        server.nobody().open("/sign-in").await,
        server_with_pages().await.nobody().open("/nowhere").await,
    ] {
        let html = page.text();
        assert!(html.contains("<html") && !html.contains("error-reports"), "{html}");
    }
}
