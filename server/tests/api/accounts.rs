//! Who may come in, and what they may do.

use crate::common::{create_knowledge_base, server, server_with};
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
    let attempts = [
        ("PATCH", Some(json!({ "disabled": true }))),
        ("PATCH", Some(json!({ "role": "member" }))),
        ("DELETE", None),
    ];
    for (method, body) in attempts {
        let refused = admin.send(method, &path, body).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.json()["code"], "last_admin");
        assert!(
            refused.json()["detail"]
                .as_str()
                .unwrap()
                .contains("make somebody else an administrator first")
        );
    }
    assert_eq!(admin.get("/me").await.json()["role"], "admin");
}

#[tokio::test]
async fn an_admin_who_is_not_the_last_can_step_down() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let other = server.sign_up("bob@example.org").await;
    let id = |of: serde_json::Value| of["id"].as_str().unwrap().to_owned();
    let other_path = format!("/users/{}", id(other.get("/me").await.json()));
    let own_path = format!("/users/{}", id(admin.get("/me").await.json()));
    let role = |role: &str| Some(json!({ "role": role }));

    assert_eq!(
        admin.send("PATCH", &other_path, role("admin")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        admin.send("PATCH", &own_path, role("member")).await.status,
        StatusCode::OK
    );
    assert_eq!(admin.get("/users").await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get("/users").await.status, StatusCode::OK);
}

#[tokio::test]
async fn all_other_sessions_end_at_once_and_nobody_elses() {
    let server = server().await;
    let here = server.sign_up("ada@example.org").await;
    let bystander = server.sign_up("bob@example.org").await;
    let there = here.sign_in("ada@example.org", "plover-anvil-tundra").await;
    assert_eq!(here.get("/me/sessions").await.json().as_array().unwrap().len(), 2);

    assert_eq!(
        here.send("DELETE", "/me/sessions", None).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(there.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bystander.get("/me").await.status, StatusCode::OK);
    let left = here.get("/me/sessions").await.json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["current"], true);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_replaces_the_old_one() {
    let server = server().await;
    let mut here = server.sign_up("ada@example.org").await;
    let there = here.sign_in("ada@example.org", "plover-anvil-tundra").await;
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });

    let wrong = here
        .post("/me/password", change("guessed", "kettle-marsh-violin"))
        .await;
    assert_eq!(wrong.json()["fields"][0]["field"], "current_password");
    let weak = here
        .post("/me/password", change("plover-anvil-tundra", "password12"))
        .await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(weak.json()["fields"][0]["field"], "new_password");
    assert_eq!(there.get("/me").await.status, StatusCode::OK);

    let changed = here
        .post("/me/password", change("plover-anvil-tundra", "kettle-marsh-violin"))
        .await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert_eq!(there.get("/me").await.status, StatusCode::UNAUTHORIZED);
    here.cookie = changed.cookie;
    assert_eq!(here.get("/me").await.status, StatusCode::OK);
    let credentials = |password: &str| json!({ "email": "ada@example.org", "password": password });
    let old = server
        .nobody()
        .post("/auth/sign-in", credentials("plover-anvil-tundra"))
        .await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let new = server
        .nobody()
        .post("/auth/sign-in", credentials("kettle-marsh-violin"))
        .await;
    assert_eq!(new.status, StatusCode::OK);
}

#[tokio::test]
async fn a_taken_address_is_told_beside_its_field() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let new = json!({ "email": "ADA@example.org", "name": "A", "password": "plover-anvil-tundra", "role": "member" });
    let refused = admin.post("/users", new).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.json()["fields"][0]["field"], "email");
}

#[tokio::test]
async fn an_api_key_does_what_its_scope_allows_until_it_is_revoked() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let create = |scope: &str| json!({ "name": "import", "scope": scope });
    let reader = owner.post("/me/api-keys", create("read")).await.json();
    let writer = owner.post("/me/api-keys", create("write")).await.json();
    let secret = |key: &serde_json::Value| key["secret"].as_str().unwrap().to_owned();
    let (reads, writes) = (server.with_key(&secret(&reader)), server.with_key(&secret(&writer)));

    let base = json!({ "name": "Contracts" });
    assert_eq!(reads.get("/knowledge-bases").await.status, StatusCode::OK);
    assert_eq!(
        reads.post("/knowledge-bases", base.clone()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(writes.post("/knowledge-bases", base).await.status, StatusCode::CREATED);
    // A key that leaked must not outlive its revocation.
    assert_eq!(
        writes.post("/me/api-keys", create("write")).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        writes.send("DELETE", "/me/sessions", None).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(writes.get("/users").await.status, StatusCode::FORBIDDEN);

    let listed = owner.get("/me/api-keys").await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(&secret(&reader)));
    let path = format!("/me/api-keys/{}", reader["key"]["id"].as_str().unwrap());
    assert_eq!(owner.send("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(reads.get("/knowledge-bases").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_expired_api_key_is_refused_and_an_expiry_in_the_past_too() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let create = |at: chrono::DateTime<chrono::Utc>| json!({ "name": "import", "scope": "read", "expires_at": at });
    let past = owner
        .post("/me/api-keys", create(chrono::Utc::now() - chrono::TimeDelta::days(1)))
        .await;
    assert_eq!(past.json()["fields"][0]["field"], "expires_at");

    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(300);
    let key = owner.post("/me/api-keys", create(soon)).await.json();
    let program = server.with_key(key["secret"].as_str().unwrap());
    while chrono::Utc::now() <= soon {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(program.get("/knowledge-bases").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_deleted_user_takes_what_is_theirs_along() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let leaver = server.sign_up("bob@example.org").await;
    let base = create_knowledge_base(&leaver, "Contracts").await;
    let share = json!({ "email": "ada@example.org", "access": "viewer" });
    leaver
        .send("PUT", &format!("/knowledge-bases/{base}/members"), Some(share))
        .await;
    let uploaded = leaver
        .upload(&base, "lease.txt", b"The lease ends in May.")
        .await
        .json();
    let document = uploaded["files"][0]["document"]["id"].as_str().unwrap().to_owned();
    let original = server.state.config.data_dir.join("originals").join(&document);
    assert!(original.exists());
    let asked = leaver
        .post("/conversations", json!({ "question": "When does the lease end?" }))
        .await;
    assert_eq!(
        asked.status,
        StatusCode::ACCEPTED,
        "{}",
        String::from_utf8_lossy(&asked.body)
    );

    let id = leaver.get("/me").await.json()["id"].as_str().unwrap().to_owned();
    let deleted = admin.send("DELETE", &format!("/users/{id}"), None).await;
    assert_eq!(
        deleted.status,
        StatusCode::NO_CONTENT,
        "{}",
        String::from_utf8_lossy(&deleted.body)
    );
    assert_eq!(leaver.get("/me").await.status, StatusCode::UNAUTHORIZED);
    for path in [format!("/knowledge-bases/{base}"), format!("/documents/{document}")] {
        assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    while original.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn users_are_found_by_a_part_of_their_name_or_address_page_by_page() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    for email in ["bob@example.org", "bert@example.org", "carl@elsewhere.org"] {
        server.sign_up(email).await;
    }
    let first = admin.get("/users?search=EXAMPLE&limit=2").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = admin
        .get(&format!("/users?search=EXAMPLE&limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second.get("next_cursor").is_none());
}

#[tokio::test]
async fn an_unknown_field_is_refused_and_named() {
    let server = server().await;
    let body = json!({ "email": "a@b.c", "name": "A", "password": "plover-anvil-tundra", "role": "admin" });
    let refused = server.nobody().post("/auth/sign-up", body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.json()["detail"].as_str().unwrap().contains("role"));
}
