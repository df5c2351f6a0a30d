//! Every route of the API, as nobody and as another user.

use crate::{
    asking::{Asking, answer, configure, connect, start, text, tree},
    common::{create_knowledge_base, server},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Open to everybody by design.
const PUBLIC: [(&str, &str); 3] = [
    ("get", "/api/v1/auth/sign-up"),
    ("post", "/api/v1/auth/sign-up"),
    ("post", "/api/v1/auth/sign-in"),
];

async fn described_routes(server: &crate::common::Server) -> Vec<(String, String)> {
    let description: Value = server.nobody().get("/openapi.json").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = description["paths"].as_object().unwrap();
    let mut routes = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                routes.push((method.clone(), path.clone()));
            }
        }
    }
    routes
}

#[tokio::test]
async fn nobody_gets_anything_from_any_route_that_is_not_public() {
    let server = server().await;
    let routes = described_routes(&server).await;
    assert!(routes.len() > 20, "only {} routes are described", routes.len());
    for (method, path) in routes {
        if PUBLIC.contains(&(method.as_str(), path.as_str())) {
            continue;
        }
        let path = path
            .replace("/api/v1", "")
            .replace("{id}", &uuid::Uuid::nil().to_string());
        let path = path.replace("{user_id}", &uuid::Uuid::nil().to_string());
        let path = path.replace("{version}", "1");
        let answer = server
            .nobody()
            .send(&method.to_uppercase(), &path, Some(json!({})))
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn another_user_finds_nothing_of_ones_knowledge_base_or_documents() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let other = server.sign_up("eve@example.org").await;
    let kb = create_knowledge_base(&owner, "Private").await;
    let uploaded = owner
        .upload(&kb, "secret.txt", b"The safe opens with 4711.")
        .await
        .json();
    let document = uploaded["files"][0]["document"]["id"].as_str().unwrap();

    for (method, path) in described_routes(&server).await {
        let path = path.replace("/api/v1", "");
        let id = if path.starts_with("/knowledge-bases/{id}") {
            &kb
        } else if path.starts_with("/documents/{id}") {
            document
        } else {
            continue;
        };
        let path = path
            .replace("{id}", id)
            .replace("{user_id}", &uuid::Uuid::nil().to_string());
        let answer = if path.ends_with("/documents") && method == "post" {
            other.upload(&kb, "planted.txt", b"planted").await
        } else {
            let body = json!({ "email": "eve@example.org", "access": "editor", "name": "Mine" });
            other.send(&method.to_uppercase(), &path, Some(body)).await
        };
        // A body that does not fit is refused before anything is looked up; either way nothing is given away.
        assert!(
            [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status),
            "{method} {path}: {}",
            answer.status
        );
    }
    assert_eq!(
        owner.get(&format!("/documents/{document}")).await.status,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_finds_nothing_of_ones_assistants_connections_and_conversations() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let other = asking.server.sign_up("eve@example.org").await;
    let connection = connect(owner, "https://llm.example/v1").await;
    configure(owner, |settings| settings["model"] = json!({ "kind": "extractive" })).await;
    let asked = start(owner, "What is the notice period?").await;
    answer(owner, &asked).await;
    let assistant = owner.get("/assistants").await.json()[0].clone();
    let before = tree(owner, &asked).await;

    let mut walked = 0;
    for (method, path) in described_routes(&asking.server).await {
        let path = path.replace("/api/v1", "");
        let id = match path.split('/').nth(1).unwrap() {
            _ if !path.contains("{id}") => continue,
            "assistants" => text(&assistant["id"]),
            "connections" => &connection,
            "conversations" => text(&asked["conversation"]["id"]),
            "messages" => text(&asked["answer"]["id"]),
            _ => continue,
        };
        // Bodies that would do, so that nothing but who sends them can be wrong.
        let body = match (method.as_str(), path.as_str()) {
            ("put", "/assistants/{id}") => json!({ "base_version": 2, "settings": assistant["settings"] }),
            ("put", "/connections/{id}") => {
                json!({ "name": "Mine", "preset": "custom", "base_url": "https://llm.example/v1" })
            }
            ("patch", "/conversations/{id}") => json!({ "title": "Mine" }),
            ("post", "/conversations/{id}/messages") => json!({ "question": "What is the rent?" }),
            ("put", "/messages/{id}/feedback") => json!({ "helpful": false, "note": "Mine" }),
            _ => json!({}),
        };
        let path = path.replace("{id}", id).replace("{version}", "1");
        let refused = other.send(&method.to_uppercase(), &path, Some(body)).await;
        assert_eq!(
            refused.status,
            StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            refused.text()
        );
        walked += 1;
    }
    assert!(walked >= 16, "only {walked} routes were walked");
    for list in ["/connections", "/conversations"] {
        let seen = other.get(list).await.text();
        assert!(
            !seen.contains(&connection) && !seen.contains(text(&asked["conversation"]["id"])),
            "{list}: {seen}"
        );
    }
    assert_eq!(tree(owner, &asked).await, before);
    asking.end().await;
}

#[tokio::test]
async fn a_viewer_reads_and_an_editor_writes() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let guest = server.sign_up("bob@example.org").await;
    let kb = create_knowledge_base(&owner, "Shared").await;
    let members = format!("/knowledge-bases/{kb}/members");

    let share = |access: &str| json!({ "email": "bob@example.org", "access": access });
    assert_eq!(
        owner.send("PUT", &members, Some(share("viewer"))).await.status,
        StatusCode::OK
    );
    assert_eq!(
        guest.get(&format!("/knowledge-bases/{kb}")).await.json()["access"],
        "viewer"
    );
    assert_eq!(guest.upload(&kb, "a.txt", b"a").await.status, StatusCode::FORBIDDEN);

    assert_eq!(
        owner.send("PUT", &members, Some(share("editor"))).await.status,
        StatusCode::OK
    );
    assert_eq!(guest.upload(&kb, "a.txt", b"a").await.status, StatusCode::ACCEPTED);

    let id = guest.get("/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        owner.send("DELETE", &format!("{members}/{id}"), None).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        guest.get(&format!("/knowledge-bases/{kb}")).await.status,
        StatusCode::NOT_FOUND
    );
}
