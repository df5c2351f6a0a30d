//! Assistants: there from the start, checked, versioned, and told apart from what they name.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    asking::{Asking, Model, answer, ask, configure, connect, go_on, says, start, text},
    common::{Visitor, create_knowledge_base, server},
};

async fn first(who: &Visitor) -> Value {
    who.get("/assistants").await.json()[0].clone()
}

#[tokio::test]
async fn every_user_has_an_assistant_from_the_start() {
    let server = server().await;
    let admin = server.sign_up("ada@example.org").await;
    let account =
        json!({ "email": "bob@example.org", "name": "Bob", "password": "plover-anvil-tundra", "role": "member" });
    assert_eq!(admin.post("/users", account).await.status, StatusCode::CREATED);
    let mut member = server.nobody();
    let signed_in = member
        .post(
            "/auth/sign-in",
            json!({ "email": "bob@example.org", "password": "plover-anvil-tundra" }),
        )
        .await;
    member.cookie = signed_in.cookie;
    for who in [&admin, &member] {
        let assistants = who.get("/assistants").await.json();
        assert_eq!(assistants.as_array().unwrap().len(), 1);
        assert_eq!(assistants[0]["version"], 1);
        assert_eq!(assistants[0]["settings"]["model"]["kind"], "automatic");
    }
    let theirs = format!("/assistants/{}", text(&first(&admin).await["id"]));
    assert_eq!(member.get(&theirs).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_setting_out_of_its_range_is_refused_and_named() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let cases = [
        ("/name", json!(" "), "name"),
        ("/description", json!("x".repeat(2001)), "description"),
        ("/instructions", json!("x".repeat(20_001)), "instructions"),
        ("/prompt_template", json!("{context}"), "prompt_template"),
        (
            "/prompt_template",
            json!("{context} {question} {usr}"),
            "prompt_template",
        ),
        (
            "/prompt_template",
            json!("{context} {question}".to_owned() + &"x".repeat(20_000)),
            "prompt_template",
        ),
        ("/retrieval/passages", json!(0), "retrieval.passages"),
        ("/retrieval/passages", json!(31), "retrieval.passages"),
        ("/retrieval/min_score", json!(1.01), "retrieval.min_score"),
        ("/retrieval/lexical_weight", json!(-0.1), "retrieval.lexical_weight"),
        ("/retrieval/neighbours", json!(4), "retrieval.neighbours"),
        ("/retrieval/context_tokens", json!(199), "retrieval.context_tokens"),
        ("/generation/temperature", json!(2.1), "generation.temperature"),
        ("/generation/top_p", json!(0), "generation.top_p"),
        ("/generation/max_tokens", json!(15), "generation.max_tokens"),
        ("/knowledge_base_ids", json!([uuid::Uuid::nil()]), "knowledge_base_ids"),
        (
            "/model",
            json!({ "kind": "connection", "connection_id": uuid::Uuid::nil(), "model": "small" }),
            "model.connection_id",
        ),
    ];
    for (place, value, field) in cases {
        let refused = configure(&owner, |settings| *settings.pointer_mut(place).unwrap() = value.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{place} {value}");
        assert_eq!(refused.json()["fields"][0]["field"], field, "{}", refused.text());
    }
    let several = configure(&owner, |settings| {
        settings["name"] = json!(" ");
        settings["retrieval"]["passages"] = json!(0);
        settings["generation"]["top_p"] = json!(0);
        settings["prompt_template"] = json!("{context}");
    })
    .await;
    let told = several.json();
    let fields: Vec<&str> = told["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| text(&told["field"]))
        .collect();
    assert_eq!(
        fields,
        ["name", "retrieval.passages", "generation.top_p", "prompt_template"],
        "everything that is wrong is told at once"
    );
    let unknown = configure(&owner, |settings| settings["colour"] = json!("red")).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text().contains("colour"), "{}", unknown.text());
    assert_eq!(first(&owner).await["version"], 1);
}

#[tokio::test]
async fn versions_are_kept_as_they_were_and_an_old_one_can_be_saved_again() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let saved = configure(&owner, |settings| settings["instructions"] = json!("Be brief.")).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    assert_eq!(saved.json()["version"], 2);
    let path = format!("/assistants/{}", text(&saved.json()["id"]));

    let versions = owner.get(&format!("{path}/versions")).await.json();
    let numbers: Vec<_> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|version| &version["version"])
        .collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(versions[0]["settings"]["instructions"], "Be brief.");
    let old = owner.get(&format!("{path}/versions/1")).await.json();
    assert_eq!(old, versions[1]);
    assert_eq!(
        owner.get(&format!("{path}/versions/3")).await.status,
        StatusCode::NOT_FOUND
    );

    let restored = owner
        .send(
            "PUT",
            &path,
            Some(json!({ "base_version": 2, "settings": old["settings"] })),
        )
        .await
        .json();
    assert_eq!(
        (&restored["version"], &restored["settings"]),
        (&json!(3), &old["settings"])
    );
    assert_eq!(owner.get(&format!("{path}/versions/2")).await.json(), versions[0]);
}

#[tokio::test]
async fn the_second_of_two_tabs_is_told_what_came_first() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let opened = first(&owner).await;
    let path = format!("/assistants/{}", text(&opened["id"]));
    let save = |base: u32, instructions: &str| {
        let mut settings = opened["settings"].clone();
        settings["instructions"] = json!(instructions);
        json!({ "base_version": base, "settings": settings })
    };
    assert_eq!(
        owner.send("PUT", &path, Some(save(1, "First tab"))).await.status,
        StatusCode::OK
    );
    let told = owner.send("PUT", &path, Some(save(1, "Second tab"))).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    assert_eq!(told.json()["code"], "changed_meanwhile");
    let detail = told.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.starts_with("ada@example.org saved version 2 of this assistant on 20"),
        "{detail}"
    );
    assert_eq!(first(&owner).await["settings"]["instructions"], "First tab");

    let ahead = owner.send("PUT", &path, Some(save(9, "From the future"))).await;
    assert_eq!(ahead.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ahead.json()["fields"][0]["field"], "base_version");
}

#[tokio::test]
async fn the_last_assistant_stays_and_the_answers_of_a_deleted_one_too() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let default = first(owner).await;
    let only = format!("/assistants/{}", text(&default["id"]));
    let refused = owner.send("DELETE", &only, None).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::CONFLICT, &json!("last_one"))
    );

    let mut settings = default["settings"].clone();
    settings["name"] = json!("Lawyer");
    let other = owner.post("/assistants", settings).await;
    assert_eq!(other.status, StatusCode::CREATED);
    let id = other.json()["id"].clone();
    let asked = owner
        .post(
            "/conversations",
            json!({ "question": "What is the notice period?", "assistant_id": id }),
        )
        .await
        .json();
    let answered = answer(owner, &asked).await;
    assert_eq!(answered["status"], "complete", "{answered}");
    let path = format!("/assistants/{}", text(&id));
    assert_eq!(owner.send("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);

    let conversation = format!("/conversations/{}", text(&asked["conversation"]["id"]));
    assert_eq!(
        owner.get(&conversation).await.json()["messages"][1]["content"],
        answered["content"]
    );
    let told = owner
        .post(
            &format!("{conversation}/messages"),
            json!({ "question": "And the rent?" }),
        )
        .await;
    assert_eq!(
        (told.status, &told.json()["code"]),
        (StatusCode::CONFLICT, &json!("assistant_gone"))
    );
    asking.end().await;
}

#[tokio::test]
async fn what_an_assistant_names_and_is_deleted_is_told_in_the_answer() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says(&["Three months [1]."])).await;
    let connection = asking.connect(&model).await;
    let kb = create_knowledge_base(owner, "Short-lived").await;

    let choice = json!({ "kind": "connection", "connection_id": connection, "model": "small" });
    assert_eq!(
        configure(owner, |settings| settings["model"] = choice).await.status,
        StatusCode::OK
    );
    assert_eq!(
        ask(owner, "What is the notice period?").await["answer_kind"],
        "generated"
    );
    let deleted = owner.send("DELETE", &format!("/connections/{connection}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let told = ask(owner, "What is the notice period?").await;
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!("failed"), &json!("connection_gone")),
        "{told}"
    );

    let change = |settings: &mut Value| {
        settings["model"] = json!({ "kind": "extractive" });
        settings["knowledge_base_ids"] = json!([kb]);
    };
    assert_eq!(configure(owner, change).await.status, StatusCode::OK);
    let deleted = owner.send("DELETE", &format!("/knowledge-bases/{kb}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let told = ask(owner, "What is the notice period?").await;
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!("failed"), &json!("knowledge_bases_gone")),
        "{told}"
    );
    asking.end().await;
}

#[tokio::test]
async fn nobody_can_name_what_is_not_theirs() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let other = server.sign_up("eve@example.org").await;
    let kb = create_knowledge_base(&owner, "Private").await;
    let connection = connect(&owner, "https://llm.example/v1").await;
    let refused = configure(&other, |settings| settings["knowledge_base_ids"] = json!([kb])).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let choice = json!({ "kind": "connection", "connection_id": connection, "model": "small" });
    let refused = configure(&other, |settings| settings["model"] = choice).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_answer_remembers_the_version_that_made_it() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let asked = start(owner, "What is the notice period?").await;
    assert_eq!(answer(owner, &asked).await["assistant_version"], 1);
    configure(owner, |settings| settings["description"] = json!("Changed")).await;
    let again = go_on(owner, &asked, "What is the rent?").await;
    assert_eq!(answer(owner, &again).await["assistant_version"], 2);
    asking.end().await;
}
