//! Every route of the API, as nobody and as another user. The routes are those of the API's own description, so that a
//! new one is walked without being named here.

use std::collections::BTreeMap;

use crate::{
    asking::{Asking, answer, configure, connect, start, text, tree},
    common::{Server, Visitor, create_knowledge_base, server, server_with_pages},
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

/// Open to everybody by design.
const PUBLIC: [(&str, &str); 3] = [
    ("get", "/auth/sign-up"),
    ("post", "/auth/sign-up"),
    ("post", "/auth/sign-in"),
];

/// Stands in everything that is private.
const SECRET: &str = "zanzibar";

struct Route {
    method: String,
    /// Below `/api/v1`.
    path: String,
    body: Option<Value>,
}

struct Description(Value);

impl Description {
    async fn of(server: &Server) -> Self {
        let description = server.nobody().get("/openapi.json").await.json();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        Self(description)
    }

    fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                    routes.push(Route {
                        method: method.clone(),
                        path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                        body: (!schema.is_null()).then(|| self.example(schema)),
                    });
                }
            }
        }
        assert!(routes.len() > 40, "only {} routes are described", routes.len());
        routes
    }

    /// A value that fits the schema, with all that is required and all that names something else.
    fn example(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.example(self.0.pointer(name.trim_start_matches('#')).unwrap());
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let real = choices.iter().find(|schema| schema["type"] != "null").unwrap();
                return self.example(real);
            }
        }
        if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
            return value.clone();
        }
        if !schema["const"].is_null() {
            return schema["const"].clone();
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| {
            kinds.iter().find(|kind| *kind != "null").unwrap()
        });
        match kind.as_str().unwrap_or("object") {
            "string" if schema["format"] == "uuid" => json!(Uuid::nil()),
            "string" if schema["format"] == "date-time" => json!("2099-01-01T00:00:00Z"),
            "string" => json!("eve@example.org"),
            "integer" | "number" => schema["minimum"].as_i64().unwrap_or(1).into(),
            "boolean" => json!(true),
            "array" => json!([self.example(&schema["items"])]),
            _ => {
                let required: Vec<&str> = schema["required"]
                    .as_array()
                    .map(|names| names.iter().filter_map(Value::as_str).collect())
                    .unwrap_or_default();
                let properties = schema["properties"].as_object().into_iter().flatten();
                let wanted = |name: &str| required.contains(&name) || name.ends_with("_id") || name.ends_with("_ids");
                properties
                    .filter(|(name, _)| wanted(name))
                    .map(|(name, schema)| (name.clone(), self.example(schema)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
        }
    }
}

/// One of everything that belongs to somebody, by the beginning of the routes that lead to it.
struct Belongings(BTreeMap<&'static str, String>);

impl Belongings {
    async fn of(owner: &Visitor) -> Self {
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("no identifier: {value}"))
                .to_owned()
        };
        let knowledge_base = create_knowledge_base(owner, SECRET).await;
        let uploaded = owner
            .upload(
                &knowledge_base,
                "zanzibar.txt",
                b"The safe of zanzibar opens with 4711.",
            )
            .await
            .json();
        let connection = json!({
            "name": SECRET, "preset": "custom", "base_url": "https://zanzibar.example/v1", "key": SECRET, "model": SECRET
        });
        let connection = owner.post("/connections", connection).await.json();
        let key = owner
            .post("/me/api-keys", json!({ "name": SECRET, "scope": "read" }))
            .await
            .json();
        let asked = owner
            .post("/conversations", json!({ "question": "Where is zanzibar?" }))
            .await
            .json();
        Self(BTreeMap::from([
            ("/knowledge-bases/", knowledge_base),
            ("/documents/", text(&uploaded["files"][0]["document"]["id"])),
            ("/connections/", text(&connection["id"])),
            ("/assistants/", text(&owner.get("/assistants").await.json()[0]["id"])),
            ("/conversations/", text(&asked["conversation"]["id"])),
            ("/messages/", text(&asked["answer"]["id"])),
            ("/me/sessions/", text(&owner.get("/me/sessions").await.json()[0]["id"])),
            ("/me/api-keys/", text(&key["key"]["id"])),
            ("/users/", text(&owner.get("/me").await.json()["id"])),
        ]))
    }

    /// The path with the identifiers of these belongings in it.
    fn path(&self, path: &str) -> String {
        if !path.contains('{') {
            return path.to_owned();
        }
        let owned = self.0.iter().find(|(start, _)| path.starts_with(**start));
        let (_, id) = owned.unwrap_or_else(|| panic!("say in Belongings how one gets something for {path}"));
        let path = path
            .replace("{id}", id)
            .replace("{user_id}", &self.0["/users/"])
            .replace("{version}", "1");
        assert!(!path.contains('{'), "say here what stands for the rest of {path}");
        path
    }

    /// The body with references to these belongings in it.
    fn body(&self, body: Option<Value>) -> Option<Value> {
        let mut body = body?;
        for (name, value) in body.as_object_mut().into_iter().flatten() {
            let start = match name.trim_end_matches('s') {
                "knowledge_base_id" => "/knowledge-bases/",
                "assistant_id" => "/assistants/",
                "connection_id" => "/connections/",
                "conversation_id" => "/conversations/",
                "parent_id" | "message_id" => "/messages/",
                _ => continue,
            };
            let id = json!(self.0[start]);
            *value = if value.is_array() { json!([id]) } else { id };
        }
        Some(body)
    }

    /// All of it as its owner sees it.
    async fn seen_by(&self, owner: &Visitor) -> BTreeMap<&'static str, Value> {
        let mut seen = BTreeMap::new();
        for (start, id) in &self.0 {
            let answer = match *start {
                // There is no route to one of these alone.
                "/messages/" | "/me/sessions/" | "/me/api-keys/" | "/users/" | "/connections/" => continue,
                start => owner.get(&format!("{start}{id}")).await,
            };
            assert_eq!(answer.status, StatusCode::OK, "{start}{id}");
            seen.insert(*start, answer.json());
        }
        for list in [
            "/connections",
            "/me/api-keys",
            "/me",
            "/users",
            "/knowledge-bases",
            "/assistants",
        ] {
            seen.insert(list, owner.get(list).await.json());
        }
        seen
    }
}

#[tokio::test]
async fn nobody_gets_anything_from_any_route_that_is_not_public() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let belongings = Belongings::of(&owner).await;
    for Route { method, path, body } in Description::of(&server).await.routes() {
        if PUBLIC.contains(&(method.as_str(), path.as_str())) {
            continue;
        }
        let path = belongings.path(&path);
        let answer = server
            .nobody()
            .send(&method.to_uppercase(), &path, belongings.body(body))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{method} {path}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["code"], "not_signed_in", "{method} {path}");
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn another_user_sees_nothing_of_ones_own_and_changes_nothing_by_any_route() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let other = server.sign_up("eve@example.org").await;
    let belongings = Belongings::of(&owner).await;
    settle(&owner, &belongings).await;
    let before = belongings.seen_by(&owner).await;

    for Route { method, path, body } in Description::of(&server).await.routes() {
        // These are about the one who calls, and would end the walk.
        if path.starts_with("/auth/") || path == "/me/password" {
            continue;
        }
        let names_something = path.contains('{');
        let path = belongings.path(&path);
        let uploads = method == "post" && path.ends_with("/documents");
        let answer = if uploads {
            other
                .upload(&belongings.0["/knowledge-bases/"], "planted.txt", b"planted")
                .await
        } else {
            other.send(&method.to_uppercase(), &path, belongings.body(body)).await
        };
        let told = answer.text();
        assert!(!told.contains(SECRET), "{method} {path} gives away: {told}");
        if names_something {
            // A body that does not fit is refused before anything is looked up; either way nothing is given away.
            let refusals = [
                StatusCode::NOT_FOUND,
                StatusCode::FORBIDDEN,
                StatusCode::UNPROCESSABLE_ENTITY,
            ];
            assert!(
                refusals.contains(&answer.status),
                "{method} {path}: {} {told}",
                answer.status
            );
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{method} {path}"
            );
        }
    }
    assert_eq!(belongings.seen_by(&owner).await, before);
}

/// Waits until nothing changes by itself any more.
async fn settle(owner: &Visitor, belongings: &Belongings) {
    let conversation = format!("/conversations/{}", belongings.0["/conversations/"]);
    for _ in 0..200 {
        let messages = owner.get(&conversation).await.json();
        let answering = messages["messages"]
            .as_array()
            .unwrap()
            .iter()
            .any(|message| message["status"] == "streaming");
        if !answering {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the answer does not end");
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
    for Route { method, path, .. } in Description::of(&asking.server).await.routes() {
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

#[tokio::test]
async fn forms_are_taken_only_from_who_may() {
    let server = server_with_pages().await;
    let owner = server.sign_up("ada@example.org").await;
    let other = server.sign_up("eve@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let planted: [(&str, &[u8]); 1] = [("planted.txt", b"planted")];

    let nobody = server.nobody();
    for sent_away in [
        nobody.submit("/forms/ask", &[("question", "Who")]).await,
        nobody.submit("/forms/knowledge-bases", &[("name", "Planted")]).await,
        nobody.submit_files(&kb, &planted).await,
    ] {
        assert_eq!(
            (sent_away.status, sent_away.header("location")),
            (StatusCode::SEE_OTHER, "/sign-in")
        );
    }
    let refused = other.submit_files(&kb, &planted).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let made = other.submit("/forms/knowledge-bases", &[("name", "Mine")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER);
    for (user, name) in [(&owner, "Notes"), (&other, "Mine")] {
        let listed = user.get("/knowledge-bases").await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(listed["items"][0]["name"], name);
        assert_eq!(listed["items"][0]["documents"]["total"], 0);
    }
}
