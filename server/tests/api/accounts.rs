//! Who may come in, and what they may do.

use crate::common::{server, server_with};
use axum::http::StatusCode;
use serde_json::json;
use server::config::Config;

#[tokio::test]
async fn the_first_account_becomes_admin_and_the_next_a_member() {
    let server = server().await;
    let first = server.sign_up("ada@example.org").await;
    let second = server.sign_up("bob@example.org").await;
    assert_eq!(first.get("/me").await.json()["role"], "admin");
    assert_eq!(second.get("/me").await.json()["role"], "member");
    assert_eq!(first.get("/users").await.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(second.get("/users").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_closed_sign_up_still_lets_the_first_account_be_made() {
    let server = server_with(Config {
        sign_up: false,
        ..Config::default()
    })
    .await;
    server.sign_up("ada@example.org").await;
    let body = json!({ "email": "eve@example.org", "name": "Eve", "password": "plover-anvil-tundra" });
    let refused = server.nobody().post("/auth/sign-up", body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["code"], "sign_up_closed");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let nobody = server.nobody();
    let wrong = nobody
        .post(
            "/auth/sign-in",
            json!({ "email": "ada@example.org", "password": "wrong" }),
        )
        .await;
    let unknown = nobody
        .post(
            "/auth/sign-in",
            json!({ "email": "nix@example.org", "password": "wrong" }),
        )
        .await;
    assert_eq!(
        (wrong.status, unknown.status),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
    assert_eq!(wrong.body, unknown.body);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let guess = json!({ "email": "ada@example.org", "password": "wrong" });
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        last = server.nobody().post("/auth/sign-in", guess.clone()).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_revoked_session_and_a_disabled_user_are_out_at_once() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let member = server.sign_up("bob@example.org").await;
    let id = member.get("/me").await.json()["id"].as_str().unwrap().to_owned();

    let disabled = admin
        .send("PATCH", &format!("/users/{id}"), Some(json!({ "disabled": true })))
        .await;
    assert_eq!(disabled.status, StatusCode::OK);
    assert_eq!(member.get("/me").await.status, StatusCode::UNAUTHORIZED);

    let session = admin.get("/me/sessions").await.json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        admin
            .send("DELETE", &format!("/me/sessions/{session}"), None)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(admin.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_last_admin_cannot_be_disabled_demoted_or_deleted() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let path = format!("/users/{}", admin.get("/me").await.json()["id"].as_str().unwrap());
    assert_eq!(
        admin
            .send("PATCH", &path, Some(json!({ "disabled": true })))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        admin
            .send("PATCH", &path, Some(json!({ "role": "member" })))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(admin.send("DELETE", &path, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.get("/me").await.json()["role"], "admin");
}

#[tokio::test]
async fn an_unknown_field_is_refused_and_named() {
    let server = server().await;
    let body = json!({ "email": "a@b.c", "name": "A", "password": "plover-anvil-tundra", "role": "admin" });
    let refused = server.nobody().post("/auth/sign-up", body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.json()["detail"].as_str().unwrap().contains("role"));
}
