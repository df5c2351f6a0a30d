//! What the server reports, as a real receiver of Sentry's takes it. This is a program of its own because a process reports
//! to one place.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod fault;
mod receiver;

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use serde_json::{Value, json};
use server::{
    config::{Config, SentryDsn},
    serve,
    state::AppState,
    telemetry::sentry::{self, LoggedErrors, SLOW},
};
use tower::ServiceExt;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use crate::{fault::Faulty, receiver::Receiver};

#[test]
fn errors_panics_and_slow_requests_reach_sentry_and_say_nothing_about_anybody() {
    let receiver = Receiver::start();
    let dsn = SentryDsn::new(&receiver.dsn()).unwrap();
    // As the program does it: before there are threads.
    let reporting = sentry::start(&dsn).unwrap();
    tracing_subscriber::registry().with(LoggedErrors).init();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ids = runtime.block_on(ask_for_trouble());
    drop(reporting);
    let received = runtime.block_on(receiver.received(3));
    let of_request = |id: &str| {
        let of_it: Vec<&Value> = received
            .iter()
            .filter(|item| item["tags"]["request_id"] == id)
            .collect();
        let [item] = of_it[..] else {
            panic!("not one report of {id}: {received:?}")
        };
        for (name, value) in [
            ("transaction", "POST /api/v1/search"),
            ("release", concat!("hyperion@", env!("CARGO_PKG_VERSION"))),
            ("environment", "production"),
        ] {
            assert_eq!(item[name], value, "{item}");
        }
        item.clone()
    };

    let panic = of_request(&ids.panic);
    assert_eq!(panic["level"], "fatal");
    let exception = &panic["exception"]["values"][0];
    let kind = exception["type"].as_str().unwrap();
    assert!(kind.starts_with("panic at server/tests/sentry/fault.rs:"), "{kind}");
    assert_eq!(exception["value"], "the log has its words");
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    let calls_search = |frame: &Value| frame["function"].as_str().is_some_and(|name| name.contains("search"));
    assert!(frames.iter().any(calls_search), "{frames:?}");

    let error = of_request(&ids.error);
    assert_eq!(error["message"], "passages cannot be searched");
    let place = error["tags"]["place"].as_str().unwrap();
    assert!(place.starts_with("server/src/http/problem.rs:"), "{place}");

    let slow = of_request(&ids.slow);
    assert_eq!(slow["type"], "transaction");
    assert_eq!(slow["contexts"]["trace"]["op"], "http.server");
    assert_eq!(slow["contexts"]["trace"]["data"]["http.response.status_code"], 200);

    assert_eq!(received.len(), 3, "{received:?}");
    let all = serde_json::to_string(&received).unwrap();
    for personal in [
        "zanzibar",
        "example.org",
        "hyperion_session",
        &*ids.session,
        env!("CARGO_MANIFEST_DIR"),
    ] {
        assert!(!all.contains(personal), "{personal}: {all}");
    }
}

/// By which the requests are named, and the session they were made with.
struct Ids {
    panic: String,
    error: String,
    slow: String,
    session: String,
}

/// Makes requests that fail in each way, and one that does not.
async fn ask_for_trouble() -> Ids {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: folder.path().join("data"),
        assets_dir: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")),
        ..Config::default()
    };
    let mut state = AppState::open(config, env!("CARGO_BIN_EXE_hyperion").into())
        .await
        .unwrap();
    state.passage_index = Arc::new(Faulty);
    let router = serve::router(state);

    let account = json!({ "email": "zanzibar@example.org", "name": "Zanzibar", "password": "plover-anvil-tundra" });
    let signed_up = send(&router, "/api/v1/auth/sign-up", "", &account).await;
    assert_eq!(signed_up.status(), StatusCode::CREATED);
    let cookie = signed_up.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let search = async |question: &str, status: StatusCode, code: Option<&str>| {
        let question = json!({ "query": question });
        let answer = send(&router, "/api/v1/search?for=zanzibar", &cookie, &question).await;
        assert_eq!(answer.status(), status);
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let told: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["code"].as_str(), code, "{told}");
        id
    };
    search("zanzibar", StatusCode::OK, None).await;
    let began = std::time::Instant::now();
    let slow = search(fault::SLOW, StatusCode::OK, None).await;
    assert!(began.elapsed() >= SLOW && SLOW > Duration::ZERO);
    Ids {
        panic: search(fault::PANIC, StatusCode::INTERNAL_SERVER_ERROR, Some("internal")).await,
        error: search(
            fault::ERROR,
            StatusCode::SERVICE_UNAVAILABLE,
            Some("search_unavailable"),
        )
        .await,
        slow,
        session: cookie.split_once('=').unwrap().1.to_owned(),
    }
}

async fn send(router: &Router, path: &str, cookie: &str, body: &Value) -> Response<Body> {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "zanzibar")
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin");
    let request = request.body(Body::from(body.to_string())).unwrap();
    router.clone().oneshot(request).await.unwrap()
}
