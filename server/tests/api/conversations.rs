//! Conversations: branches, names, search, export, feedback, forms, and a server that is killed.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use api::{MessageId, MessageStatus};
use axum::http::StatusCode;
use serde_json::{Value, json};
use store::{AnswerState, Question};
use uuid::Uuid;

use crate::{
    asking::{Asking, Model, answer, go_on, says_and_hangs, send_in, start, text, tree},
    common::{Visitor, http, server},
};

fn path(asked: &Value) -> String {
    format!("/conversations/{}", text(&asked["conversation"]["id"]))
}

async fn patch(who: &Visitor, asked: &Value, change: Value) -> Value {
    let changed = who.send("PATCH", &path(asked), Some(change)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    changed.json()
}

async fn titles(who: &Visitor, query: &str) -> Vec<String> {
    let page = who.get(&format!("/conversations{query}")).await.json();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["title"]).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn editing_and_regenerating_make_branches_with_a_way_between_them() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let first = start(owner, "What is the notice period?").await;
    answer(owner, &first).await;
    let second = go_on(owner, &first, "What is the rent of the flat?").await;
    answer(owner, &second).await;
    assert_eq!(second["question"]["parent_id"], first["answer"]["id"]);

    // An edit of the first question stands beside it, without a parent.
    let edited = send_in(
        owner,
        &first,
        json!({ "question": "Are pets allowed?", "edits": first["question"]["id"] }),
    )
    .await;
    answer(owner, &edited).await;
    assert_eq!(edited["question"]["parent_id"], Value::Null);
    let again = owner
        .post(
            &format!("/messages/{}/regenerate", text(&edited["answer"]["id"])),
            json!({}),
        )
        .await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    let again = again.json();
    answer(owner, &again).await;
    assert_eq!(again["question"]["id"], edited["question"]["id"]);
    assert_ne!(again["answer"]["id"], edited["answer"]["id"]);

    let whole = tree(owner, &first).await;
    assert_eq!(whole["messages"].as_array().unwrap().len(), 7);
    assert_eq!(whole["conversation"]["active_message_id"], again["answer"]["id"]);
    // Back to the first branch by its question: it is shown to its end.
    let changed = patch(owner, &first, json!({ "active_message_id": first["question"]["id"] })).await;
    assert_eq!(changed["active_message_id"], second["answer"]["id"]);
    let third = go_on(owner, &first, "Who pays for the repairs?").await;
    assert_eq!(third["question"]["parent_id"], second["answer"]["id"]);
    answer(owner, &third).await;
    // A question can follow any answer.
    let aside = send_in(
        owner,
        &first,
        json!({ "question": "Which pets?", "parent_id": edited["answer"]["id"] }),
    )
    .await;
    assert_eq!(aside["question"]["parent_id"], edited["answer"]["id"]);
    answer(owner, &aside).await;

    let elsewhere = start(owner, "How much sun do tomatoes need?").await;
    answer(owner, &elsewhere).await;
    let messages = format!("{}/messages", path(&first));
    for (wrong, status) in [
        (
            json!({ "question": "?", "parent_id": elsewhere["answer"]["id"] }),
            StatusCode::NOT_FOUND,
        ),
        (
            json!({ "question": "?", "parent_id": first["question"]["id"] }),
            StatusCode::NOT_FOUND,
        ),
        (
            json!({ "question": "?", "edits": first["answer"]["id"] }),
            StatusCode::NOT_FOUND,
        ),
        (
            json!({ "question": "?", "edits": first["question"]["id"], "parent_id": first["answer"]["id"] }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json!({ "question": " " }), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({ "question": "x".repeat(4001) }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let refused = owner.post(&messages, wrong.clone()).await;
        assert_eq!(refused.status, status, "{wrong}: {}", refused.text());
    }
    let foreign = json!({ "active_message_id": elsewhere["answer"]["id"] });
    assert_eq!(
        owner.send("PATCH", &path(&first), Some(foreign)).await.status,
        StatusCode::NOT_FOUND
    );
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_by_pin_and_last_question_and_found_by_what_was_said() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let mut asked = Vec::new();
    for question in [
        "What is the notice period?",
        "How much sun do tomatoes need?",
        "Wer zahlt in MÜNCHEN?",
    ] {
        asked.push(start(owner, question).await);
        answer(owner, asked.last().unwrap()).await;
    }
    assert_eq!(
        titles(owner, "").await,
        [
            "Wer zahlt in MÜNCHEN?",
            "How much sun do tomatoes need?",
            "What is the notice period?"
        ]
    );
    patch(owner, &asked[1], json!({ "title": "  My\n garden ", "pinned": true })).await;
    let again = go_on(owner, &asked[0], "And the rent?").await;
    answer(owner, &again).await;
    let order = ["My garden", "What is the notice period?", "Wer zahlt in MÜNCHEN?"];
    assert_eq!(titles(owner, "").await, order);

    let mut paged = Vec::new();
    let mut query = "?limit=1".to_owned();
    loop {
        let page = owner.get(&format!("/conversations{query}")).await.json();
        paged.push(text(&page["items"][0]["title"]).to_owned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=1&cursor={cursor}");
    }
    assert_eq!(paged, order);
    let unknown = owner.get("/conversations?cursor=yesterday").await;
    assert!(unknown.status.is_client_error(), "{}", unknown.text());

    // By title, by a question and by an answer's text, in any case.
    assert_eq!(titles(owner, "?search=GARDEN").await, ["My garden"]);
    assert_eq!(
        titles(owner, "?search=and%20the%20rent").await,
        ["What is the notice period?"]
    );
    assert_eq!(titles(owner, "?search=m%C3%BCnchen").await, ["Wer zahlt in MÜNCHEN?"]);
    assert_eq!(titles(owner, "?search=six%20hours").await, ["My garden"]);
    assert!(titles(owner, "?search=100%25_nothing").await.is_empty());

    for wrong in [json!({ "title": " \n" }), json!({ "title": "x".repeat(121) })] {
        let refused = owner.send("PATCH", &path(&asked[0]), Some(wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(
        owner.send("DELETE", &path(&asked[0]), None).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(owner.get(&path(&asked[0])).await.status, StatusCode::NOT_FOUND);
    assert_eq!(titles(owner, "").await.len(), 2);
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_exported_with_its_sources() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let asked = start(owner, "How long is the notice period?").await;
    answer(owner, &asked).await;
    let markdown = owner.get(&format!("{}/export", path(&asked))).await.text();
    assert!(
        markdown.starts_with("# How long is the notice period?\n\n## Question\n\nHow long"),
        "{markdown}"
    );
    let source = "- [1] lease.txt, page 1: “The notice period is three months to the end of a quarter.”";
    assert!(
        markdown.contains("\n## Answer\n\nThe notice period is three months") && markdown.contains(source),
        "{markdown}"
    );

    let json = owner.get(&format!("{}/export?format=json", path(&asked))).await.json();
    assert_eq!(json, tree(owner, &asked).await);
    let odd = owner.get(&format!("{}/export?format=docx", path(&asked))).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_stays_with_the_answer() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let asked = start(owner, "How long is the notice period?").await;
    answer(owner, &asked).await;
    let path = format!("/messages/{}/feedback", text(&asked["answer"]["id"]));
    for feedback in [
        json!({ "helpful": true, "note": "" }),
        json!({ "helpful": false, "note": "Too short." }),
    ] {
        let given = owner.send("PUT", &path, Some(feedback.clone())).await;
        assert_eq!(given.json()["feedback"], feedback, "{}", given.text());
        assert_eq!(tree(owner, &asked).await["messages"][1]["feedback"], feedback);
    }
    let long = json!({ "helpful": true, "note": "x".repeat(2001) });
    assert_eq!(
        owner.send("PUT", &path, Some(long)).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let question = format!("/messages/{}/feedback", text(&asked["question"]["id"]));
    let refused = owner.send("PUT", &question, Some(json!({ "helpful": true }))).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_deleted_while_it_is_answered_ends_it() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says_and_hangs(&["Three"])).await;
    asking.connect(&model).await;
    let asked = start(owner, "What is the notice period?").await;
    assert_eq!(
        owner.send("DELETE", &path(&asked), None).await.status,
        StatusCode::NO_CONTENT
    );
    let id = MessageId(text(&asked["answer"]["id"]).parse().unwrap());
    if let Some(running) = asking.server.state.running.get(id) {
        running.ended().await;
    }
    let events = owner.get(&format!("/messages/{id}/events")).await;
    assert_eq!(events.status, StatusCode::NOT_FOUND);
    asking.end().await;
}

#[tokio::test]
async fn a_conversation_of_any_length_is_deleted_and_so_is_its_user() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let owner = server.sign_up("bob@example.org").await;
    let user = owner.get("/me").await.json()["id"].clone();
    let caller = api::UserId(text(&user).parse().unwrap());
    let store = &server.state.store;
    let assistant = store.default_assistant(caller).await.unwrap();
    let mut conversations = Vec::new();
    for _ in 0..2 {
        let conversation = store.create_conversation(caller, assistant.id, "Long").await.unwrap();
        for turn in 0..600 {
            let ids = [MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7())];
            let question = Question::Next(format!("Question {turn}"));
            store
                .begin_answer(caller, conversation.id, &question, 1, ids)
                .await
                .unwrap();
            let done = AnswerState {
                content: format!("Answer {turn}"),
                status: MessageStatus::Complete,
                kind: None,
                model: None,
                citations: Vec::new(),
                error: None,
            };
            store.save_answer(ids[1], &done).await.unwrap();
        }
        conversations.push(format!("/conversations/{}", conversation.id));
    }
    let whole = owner.get(&conversations[0]).await.json();
    assert_eq!(whole["messages"].as_array().unwrap().len(), 1200);
    assert_eq!(
        owner.send("DELETE", &conversations[0], None).await.status,
        StatusCode::NO_CONTENT
    );
    let deleted = admin.send("DELETE", &format!("/users/{}", text(&user)), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_needs_no_javascript() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let first = owner
        .post_form(
            "/forms/ask",
            "question=What+is+the+notice+period%3F&conversation_id=&parent_id=",
        )
        .await;
    assert_eq!(first.0, StatusCode::SEE_OTHER);
    let conversation = first.1.strip_prefix("/conversations/").unwrap().to_owned();
    let follow_up = format!("question=And+the+rent%3F&conversation_id={conversation}");
    assert_eq!(
        owner.post_form("/forms/ask", &follow_up).await,
        (StatusCode::SEE_OTHER, first.1.clone())
    );
    let messages = owner.get(&first.1).await.json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 4);
    assert_eq!(messages[2]["parent_id"], messages[1]["id"]);

    let empty = format!("question=++&conversation_id={conversation}");
    for refused in [empty.as_str(), "question="] {
        let refused = owner.post_form("/forms/ask", refused).await;
        assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let stranger = asking.server.sign_up("eve@example.org").await;
    assert_eq!(
        stranger.post_form("/forms/ask", &follow_up).await.0,
        StatusCode::NOT_FOUND
    );
    let nobody = asking.server.nobody().post_form("/forms/ask", "question=Hi").await;
    assert_eq!(nobody.0, StatusCode::UNAUTHORIZED);
    asking.end().await;
}

/// The program itself, on data of its own.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(data: &std::path::Path) -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hyperion"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--allow-private-addresses",
                "true",
                "--assets-dir",
                root,
            ])
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once("ready on ")?.1.trim().to_owned()))
            .unwrap();
        Self { child, address }
    }

    async fn send(&self, method: reqwest::Method, path: &str, cookie: &str, body: Option<Value>) -> reqwest::Response {
        let request = http()
            .request(method, format!("{}/api/v1{path}", self.address))
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn json(&self, method: reqwest::Method, path: &str, cookie: &str, body: Option<Value>) -> Value {
        let response = self.send(method, path, cookie, body).await;
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.text().await.unwrap()
        );
        response.json().await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // As a power cut would end it; it may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_crash_interrupted_has_failed_with_a_reason_and_keeps_what_was_written() {
    use reqwest::Method;

    let data = tempfile::tempdir().unwrap();
    let model = Model::start(|_| says_and_hangs(&["The notice period is three months. ", "Besides"])).await;
    let program = Program::start(data.path());
    let account = json!({ "email": "ada@example.org", "name": "Ada", "password": "plover-anvil-tundra" });
    let signed_up = program.send(Method::POST, "/auth/sign-up", "", Some(account)).await;
    let cookie = signed_up.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let kb = program
        .json(
            Method::POST,
            "/knowledge-bases",
            &cookie,
            Some(json!({ "name": "Contracts" })),
        )
        .await;
    let form = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lease.txt\"\r\n\r\n{}\r\n--edge--\r\n",
        crate::asking::LEASE
    );
    let uploaded = http()
        .post(format!(
            "{}/api/v1/knowledge-bases/{}/documents",
            program.address,
            text(&kb["id"])
        ))
        .header("cookie", &cookie)
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(form)
        .send()
        .await
        .unwrap();
    let document = uploaded.json::<Value>().await.unwrap()["files"][0]["document"]["id"].clone();
    let document = format!("/documents/{}", text(&document));
    while program.json(Method::GET, &document, &cookie, None).await["status"] != "ready" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let connection = json!({ "name": "Scripted", "preset": "custom", "base_url": model.base_url, "model": "small" });
    program
        .json(Method::POST, "/connections", &cookie, Some(connection))
        .await;
    let question = json!({ "question": "What is the notice period?" });
    let asked = program
        .json(Method::POST, "/conversations", &cookie, Some(question))
        .await;
    let conversation = path(&asked);
    let written = loop {
        let answer = program.json(Method::GET, &conversation, &cookie, None).await["messages"][1].clone();
        assert_eq!(answer["status"], "streaming", "{answer}");
        if !text(&answer["content"]).is_empty() {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    drop(program);

    let program = Program::start(data.path());
    let answer = program.json(Method::GET, &conversation, &cookie, None).await["messages"][1].clone();
    assert_eq!(
        (&answer["status"], &answer["error"]["code"]),
        (&json!("failed"), &json!("interrupted")),
        "{answer}"
    );
    assert!(
        text(&answer["content"]).starts_with(text(&written["content"])),
        "{answer}"
    );
    let events = program
        .send(
            Method::GET,
            &format!("/messages/{}/events", text(&answer["id"])),
            &cookie,
            None,
        )
        .await;
    assert!(events.text().await.unwrap().contains("\"interrupted\""));
}
