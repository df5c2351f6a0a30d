//! What holds for every route: how errors are told, what browsers are told, and where a request ends.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use server::config::Config;

use crate::common::{Answer, create_knowledge_base, server, server_with, server_with_pages};

fn assert_problem(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["code"], code);
    assert_eq!(problem["type"], format!("/problems/{code}"));
    for text in ["title", "detail"] {
        assert!(
            problem[text].as_str().is_some_and(|text| !text.is_empty()),
            "no {text} in {problem}"
        );
    }
}

#[tokio::test]
async fn errors_that_no_handler_makes_are_problems_too() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let send = |method: &'static str, path: &'static str, kind: &'static str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, kind);
        let request = request.header("sec-fetch-site", "same-origin");
        ada.call(request.body(Body::from(body)).unwrap())
    };
    let json_type = "application/json";

    let nowhere = send("GET", "/api/v1/no-such-thing", json_type, String::new()).await;
    assert_problem(&nowhere, StatusCode::NOT_FOUND, "not_found");

    let wrong_method = send("PUT", "/api/v1/me", json_type, "{}".to_owned()).await;
    assert_problem(&wrong_method, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    assert!(
        wrong_method.header("allow").contains("PATCH"),
        "{}",
        wrong_method.header("allow")
    );

    let no_identifier = send("GET", "/api/v1/documents/7", json_type, String::new()).await;
    assert_problem(&no_identifier, StatusCode::BAD_REQUEST, "invalid_request");

    let wrong_query = send("GET", "/api/v1/conversations?limit=many", json_type, String::new()).await;
    assert_problem(&wrong_query, StatusCode::BAD_REQUEST, "invalid_request");

    let cut_off = send("POST", "/api/v1/knowledge-bases", json_type, r#"{"name": "#.to_owned()).await;
    assert_problem(&cut_off, StatusCode::BAD_REQUEST, "invalid_request");

    let not_json = send("POST", "/api/v1/knowledge-bases", "text/plain", "name".to_owned()).await;
    assert_problem(&not_json, StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request");

    let large = format!(r#"{{"name": "{}"}}"#, "a".repeat(2 << 20));
    let too_large = send("POST", "/api/v1/knowledge-bases", json_type, large).await;
    assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(too_large.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn every_answer_names_its_request_and_never_by_the_clients_own_name() {
    let server = server().await;
    let request = || {
        Request::get("/api/v1/me")
            .header("x-request-id", "mine")
            .body(Body::empty())
            .unwrap()
    };
    let first = server.nobody().call(request()).await;
    let second = server.nobody().call(request()).await;
    let name = first.header("x-request-id");
    assert!(name.parse::<uuid::Uuid>().is_ok(), "{name:?}");
    assert_ne!(name, second.header("x-request-id"));
}

#[tokio::test]
async fn browsers_are_told_to_be_careful_with_every_answer() {
    let server = server_with_pages().await;
    for path in ["/sign-in", "/api/v1/me", "/api/docs/", "/site/main-1.css", "/healthz"] {
        let answer = server.nobody().open(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(!answer.header("permissions-policy").is_empty(), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("script-src 'unsafe-inline'"), "{path}: {policy}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "http stays possible: {path}"
        );
    }
    let behind_tls = server_with(Config {
        secure_cookies: true,
        ..Config::default()
    })
    .await;
    let answer = behind_tls.nobody().open("/healthz").await;
    assert!(answer.header("strict-transport-security").contains("max-age="));
}

#[tokio::test]
async fn pages_and_json_are_packed_and_originals_are_not() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&ada, "Notes").await;
    let uploaded = ada
        .upload(&kb, "long.txt", "all the same ".repeat(500).as_bytes())
        .await
        .json();
    let document = uploaded["files"][0]["document"]["id"].as_str().unwrap();
    let ask = |path: String| {
        let request = Request::get(path).header(header::ACCEPT_ENCODING, "br, gzip");
        ada.call(request.body(Body::empty()).unwrap())
    };
    assert_eq!(ask("/settings".to_owned()).await.header("content-encoding"), "br");
    assert_eq!(
        ask("/api/v1/openapi.json".to_owned()).await.header("content-encoding"),
        "br"
    );
    let original = ask(format!("/api/v1/documents/{document}/original")).await;
    assert_eq!(original.header("content-encoding"), "");
    assert_eq!(original.header("content-length"), "6500");
}

#[tokio::test]
async fn an_address_that_tries_to_get_in_again_and_again_is_told_to_wait() {
    let server = server().await;
    let attempts = std::cell::Cell::new(0);
    let attempt = |last_byte: u8| {
        attempts.set(attempts.get() + 1);
        // Refused for its address before a password is looked at.
        let body =
            json!({ "email": format!("nobody {}", attempts.get()), "name": "N", "password": "plover-anvil-tundra" });
        let request = Request::post("/api/v1/auth/sign-up")
            .header(header::CONTENT_TYPE, "application/json")
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, last_byte], 5000))));
        let request = request.body(Body::from(body.to_string())).unwrap();
        let visitor = server.nobody();
        async move { visitor.call(request).await }
    };
    let mut last = attempt(1).await;
    for _ in 0..120 {
        last = attempt(1).await;
    }
    assert_problem(&last, StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    let seconds: u64 = last.header("retry-after").parse().unwrap();
    assert!(seconds >= 1);
    assert_eq!(last.json()["retry_after"], seconds);
    assert_eq!(
        attempt(2).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "others are not held up"
    );
}

#[tokio::test]
async fn the_reference_of_the_api_works_without_any_other_host() {
    let server = server().await;
    let page = server.nobody().open("/api/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    let inline = html
        .split("<script")
        .skip(1)
        .filter(|script| !script.split('>').next().unwrap().contains("src="));
    assert_eq!(inline.count(), 0, "the policy lets no inline script run: {html}");
    for name in ["swagger-ui-bundle.js", "swagger-initializer.js", "swagger-ui.css"] {
        assert_eq!(
            server.nobody().open(&format!("/api/docs/{name}")).await.status,
            StatusCode::OK,
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_route_is_described_with_its_answers_and_its_problems() {
    let server = server().await;
    let description: Value = server.nobody().get("/openapi.json").await.json();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{place}: no success"
            );
            let problem = &responses["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{place}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{place}: no summary"
            );
            let parameters = operation["parameters"].as_array();
            for name in path.split('{').skip(1).map(|part| part.split('}').next().unwrap()) {
                let described = parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name));
                assert!(described, "{place}: {name} is not described");
            }
        }
    }
    let text = description.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            !description["components"]["schemas"][name].is_null(),
            "{name} is referred to and not described"
        );
    }
}
