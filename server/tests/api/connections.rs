//! Connections to language models: their keys, who may use them, and what is said when one does not work.

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::Redirect,
    routing::get,
};
use serde_json::{Value, json};

use crate::{
    asking::{closed, connect, serve},
    common::{Server, Visitor, server, server_with},
};
use server::config::Config;

const KEY: &str = "sk-plover-4711";

async fn open_server() -> (Server, Visitor) {
    let server = server_with(Config {
        allow_private_addresses: true,
        ..Config::default()
    })
    .await;
    let owner = server.sign_up("ada@example.org").await;
    (server, owner)
}

fn connection(base_url: &str) -> Value {
    json!({ "name": "Mine", "preset": "open_ai", "base_url": base_url, "key": KEY })
}

async fn tested(who: &Visitor, base_url: &str) -> Value {
    let id = connect(who, base_url).await;
    let tested = who.post(&format!("/connections/{id}/test"), json!({})).await;
    assert_eq!(tested.status, StatusCode::OK);
    tested.json()
}

#[tokio::test]
async fn a_key_is_sent_to_its_endpoint_alone_and_is_nowhere_in_plain() {
    let (server, owner) = open_server().await;
    let models = |headers: HeaderMap| async move {
        assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {KEY}"));
        r#"{"data":[{"id":"small"},{"id":"large"}]}"#
    };
    let base_url = serve(Router::new().route("/v1/models", get(models))).await + "/v1";
    let created = owner.post("/connections", connection(&base_url)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert_eq!(created.json()["has_key"], true);
    let path = format!("/connections/{}", created.json()["id"].as_str().unwrap());
    let tested = owner.post(&format!("{path}/test"), json!({})).await;
    assert_eq!(tested.json(), json!({ "models": ["small", "large"], "problem": null }));
    for shown in [&created, &tested, &owner.get("/connections").await] {
        assert!(!shown.text().contains(KEY));
    }
    server.state.store.close().await;
    let folder = &server.state.config.data_dir;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            let bytes = std::fs::read(&file).unwrap();
            assert!(
                !bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()),
                "{}",
                file.display()
            );
        }
    }
}

#[tokio::test]
async fn a_key_stays_until_it_is_replaced_and_never_follows_to_another_server() {
    let (_server, owner) = open_server().await;
    let created = owner
        .post("/connections", connection("https://llm.example/v1"))
        .await
        .json();
    let path = format!("/connections/{}", created["id"].as_str().unwrap());
    let change =
        |base_url: &str, key: Value| json!({ "name": "Renamed", "preset": "custom", "base_url": base_url, "key": key });
    let kept = owner
        .send("PUT", &path, Some(change("https://llm.example/api", Value::Null)))
        .await
        .json();
    assert_eq!((&kept["has_key"], &kept["name"]), (&json!(true), &json!("Renamed")));
    let moved = owner
        .send("PUT", &path, Some(change("https://evil.example/v1", Value::Null)))
        .await;
    assert_eq!(moved.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(moved.json()["fields"][0]["field"], "key");
    let removed = owner
        .send("PUT", &path, Some(change("https://evil.example/v1", json!(""))))
        .await
        .json();
    assert_eq!(removed["has_key"], false);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let (_server, owner) = open_server().await;
    for odd in [
        "",
        "llm.example",
        "ftp://llm.example",
        "https://user:pass@llm.example/v1",
        "file:///etc/passwd",
    ] {
        let refused = owner.post("/connections", connection(odd)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
        assert_eq!(refused.json()["fields"][0]["field"], "base_url", "{odd}");
    }
}

#[tokio::test]
async fn a_server_on_this_machine_is_reached_only_if_the_operator_allows_it() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let metadata = "http://169.254.169.254/v1";
    for base_url in [
        api::Preset::Ollama.base_url(),
        api::Preset::LmStudio.base_url(),
        "http://localhost:1/v1",
        metadata,
    ] {
        let problem = &tested(&owner, base_url).await["problem"];
        assert_eq!(problem["code"], "llm_unreachable", "{base_url}");
        assert!(
            problem["detail"].as_str().unwrap().contains("allow_private_addresses"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_test_says_what_is_wrong_and_what_to_do() {
    let (_server, owner) = open_server().await;
    let refusing = |status: StatusCode, body: &'static str| async move {
        let answer = move || async move { (status, [(header::RETRY_AFTER, "60")], body) };
        serve(Router::new().route("/v1/models", get(answer))).await + "/v1"
    };
    let elsewhere = Router::new().route("/v1/models", get(|| async { Redirect::temporary("/elsewhere") }));
    let plain = serve(Router::new()).await;
    let cases = [
        (closed(), "llm_unreachable", "check that the server runs"),
        (
            "http://no-such-host.invalid/v1".to_owned(),
            "llm_unreachable",
            "no server called",
        ),
        (plain.replace("http:", "https:"), "llm_unreachable", "secure connection"),
        (
            refusing(StatusCode::UNAUTHORIZED, "").await,
            "llm_unauthorized",
            "valid key",
        ),
        (
            refusing(StatusCode::TOO_MANY_REQUESTS, "").await,
            "llm_rate_limited",
            "60 seconds",
        ),
        (
            refusing(
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"error":{"message":"out of memory"}}"#,
            )
            .await,
            "llm_failed",
            "out of memory",
        ),
        (format!("{plain}/v1"), "llm_not_an_endpoint", "/v1"),
        (
            refusing(StatusCode::OK, "<h1>It works!</h1>").await,
            "llm_not_an_endpoint",
            "/v1",
        ),
        (serve(elsewhere).await + "/v1", "llm_not_an_endpoint", "/v1"),
    ];
    for (base_url, code, said) in cases {
        let problem = &tested(&owner, &base_url).await["problem"];
        assert_eq!(problem["code"], code, "{base_url}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(said),
            "{base_url}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_shared_connection_serves_everybody_while_its_admin_may_sign_in() {
    let (server, owner) = open_server().await;
    let member = server.sign_up("bob@example.org").await;
    let share =
        json!({ "name": "Ours", "preset": "custom", "base_url": "https://llm.example/v1", "key": KEY, "shared": true });
    let refused = member.post("/connections", share.clone()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["fields"][0]["field"], "shared");

    let id = |person: Value| person["id"].as_str().unwrap().to_owned();
    let bob = format!("/users/{}", id(member.get("/me").await.json()));
    assert_eq!(
        owner.send("PATCH", &bob, Some(json!({ "role": "admin" }))).await.status,
        StatusCode::OK
    );
    let shared = member.post("/connections", share.clone()).await;
    assert_eq!(shared.status, StatusCode::CREATED, "{}", shared.text());
    let path = format!("/connections/{}", id(shared.json()));

    let seen = owner.get("/connections").await.json();
    assert_eq!(
        (&seen[0]["name"], &seen[0]["editable"]),
        (&json!("Ours"), &json!(false))
    );
    assert_eq!(
        owner.send("PUT", &path, Some(share)).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(owner.send("DELETE", &path, None).await.status, StatusCode::FORBIDDEN);

    for taken_away in [
        json!({ "role": "member" }),
        json!({ "role": "admin", "disabled": true }),
    ] {
        assert_eq!(owner.send("PATCH", &bob, Some(taken_away)).await.status, StatusCode::OK);
        assert_eq!(owner.get("/connections").await.json(), json!([]));
        assert_eq!(
            owner.post(&format!("{path}/test"), json!({})).await.status,
            StatusCode::NOT_FOUND
        );
    }
}
