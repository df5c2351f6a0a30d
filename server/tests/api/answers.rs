//! Answers: made from what one may read, cited at the exact words, followed, stopped, and ended well by every fault.

use axum::{
    Json,
    http::{StatusCode, header},
    response::IntoResponse,
};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{
    asking::{
        Asking, Model, answer, ask, asks_to_rewrite, closed, configure, connect, events, follow, go_on, prompt, says,
        says_and_breaks_off, says_and_hangs, start, text, tree,
    },
    common::Visitor,
};

/// The document's text in a range of characters.
async fn document_text(who: &Visitor, document: &str, start: u64, end: u64) -> String {
    let pages = who.get(&format!("/documents/{document}/text")).await.json();
    let mut blocks = pages["pages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|page| page["blocks"].as_array().unwrap());
    let block = blocks.rfind(|block| block["start"].as_u64().unwrap() <= start).unwrap();
    let skipped = (start - block["start"].as_u64().unwrap()) as usize;
    text(&block["text"])
        .chars()
        .skip(skipped)
        .take((end - start) as usize)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_the_answer_is_the_documents_own_sentence_cited_at_its_exact_words() {
    let asking = Asking::begin().await;
    let owner = &asking.owner;
    let document = asking.document("lease.txt", crate::asking::LEASE).await;
    let answered = ask(owner, "How long is the notice period?").await;
    assert_eq!(answered["answer_kind"], "extractive", "{answered}");
    let citation = &answered["citations"][0];
    assert_eq!(
        citation["quote"],
        "The notice period is three months to the end of a quarter."
    );
    assert_eq!(
        (&citation["number"], &citation["check"]),
        (&json!(1), &json!("supported"))
    );
    assert_eq!(citation["document_id"], json!(document));
    let (start, end) = (citation["start"].as_u64().unwrap(), citation["end"].as_u64().unwrap());
    assert_eq!(document_text(owner, &document, start, end).await, citation["quote"]);
    let link = format!(
        "href=\"/documents/{document}?passage={}&amp;start={start}&amp;end={end}#cited\"",
        text(&citation["passage_id"])
    );
    assert!(text(&answered["html"]).contains(&link), "{answered}");
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_answer_streams_and_is_cited_sentence_by_sentence() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| {
        says(&[
            "The notice period ",
            "is three months. ",
            "The moon is made of green cheese ",
            "and orbits Jupiter.\n",
        ])
    })
    .await;
    asking.connect(&model).await;
    let asked = start(owner, "What is the notice period?").await;
    assert_eq!(asked["answer"]["status"], "streaming");
    let events = events(owner, &asked).await;
    let kinds: Vec<&str> = events.iter().map(|event| text(&event["type"])).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("retrieval", "done"), "{kinds:?}");
    assert!(
        kinds.contains(&"delta") && kinds.contains(&"citation") && kinds.contains(&"html"),
        "{kinds:?}"
    );
    let told: String = events
        .iter()
        .filter(|event| event["type"] == "delta")
        .map(|event| text(&event["text"]))
        .collect();

    let answered = &events.last().unwrap()["message"];
    assert_eq!(
        (&answered["status"], &answered["answer_kind"]),
        (&json!("complete"), &json!("generated"))
    );
    assert_eq!(
        (&answered["model"], &answered["content"]),
        (&json!("small"), &json!(told))
    );
    assert_eq!(answered["citations"].as_array().unwrap().len(), 1, "{answered}");
    assert_eq!(answered["citations"][0]["check"], "supported");
    assert!(
        text(&answered["citations"][0]["quote"]).contains("three months"),
        "{answered}"
    );
    // What no passage supports is marked.
    assert!(told.contains("[1]") && told.trim_end().ends_with("[?]"), "{told}");
    let stored = &tree(owner, &asked).await["messages"][1];
    assert_eq!(stored, answered);
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_relevant_is_found_it_is_said_and_no_model_is_asked() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says(&["I make things up."])).await;
    asking.connect(&model).await;
    let answered = ask(owner, "Who won the chess championship of 1972?").await;
    assert_eq!(
        (&answered["status"], &answered["answer_kind"]),
        (&json!("complete"), &json!("not_found"))
    );
    assert_eq!(answered["content"], "The documents do not say.");
    assert!(model.requests().is_empty());
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_the_assistant_decide_what_the_model_is_asked() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says(&["Three months [1]."])).await;
    asking.connect(&model).await;
    let change = |settings: &mut Value| {
        settings["instructions"] = json!("Answer like a lawyer.");
        settings["prompt_template"] = json!("On {date}: {question}\n---\n{context}");
        settings["retrieval"]["passages"] = json!(1);
        settings["retrieval"]["min_score"] = json!(0);
        settings["generation"] = json!({ "temperature": 0.5, "top_p": 0.5, "max_tokens": 99 });
    };
    assert_eq!(configure(owner, change).await.status, StatusCode::OK);
    ask(owner, "What is the notice period, {context}?").await;
    let request = model.requests().pop().unwrap();
    assert_eq!(
        request["messages"][0],
        json!({ "role": "system", "content": "Answer like a lawyer." })
    );
    assert_eq!(
        (
            &request["temperature"],
            &request["top_p"],
            &request["max_tokens"],
            &request["model"]
        ),
        (&json!(0.5), &json!(0.5), &json!(99), &json!("small"))
    );
    let (asked, context) = prompt(&request).split_once("\n---\n").unwrap();
    assert!(
        asked.starts_with("On 20") && asked.ends_with(": What is the notice period, {context}?"),
        "{asked}"
    );
    assert!(context.starts_with("[1] lease.txt"), "{context}");
    assert_eq!(context.matches("\n[").count(), 0, "{context}");
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_and_the_room_for_passages_are_respected() {
    let asking = Asking::begin().await;
    let owner = &asking.owner;
    let filler =
        |topic: &str| format!("The {topic} is looked after with care every single day of the year. ").repeat(14);
    let handbook = format!(
        "# First\n\n{}\n\n# Second\n\nThe vault opens with the code 4711. {}\n\n# Third\n\n{}\n",
        filler("garden"),
        filler("vault"),
        filler("kitchen")
    );
    asking.document("handbook.md", &handbook).await;
    let model = Model::start(|_| says(&["With the code 4711 [1]."])).await;
    asking.connect(&model).await;
    let mut contexts = Vec::new();
    for (neighbours, room) in [(0, 3000), (1, 3000), (1, 200)] {
        let change = |settings: &mut Value| {
            settings["retrieval"]["passages"] = json!(1);
            settings["retrieval"]["neighbours"] = json!(neighbours);
            settings["retrieval"]["context_tokens"] = json!(room);
        };
        assert_eq!(configure(owner, change).await.status, StatusCode::OK);
        ask(owner, "With which code does the vault open?").await;
        contexts.push(prompt(&model.requests().pop().unwrap()).to_owned());
    }
    let [alone, with_neighbours, cramped] = &contexts[..] else {
        unreachable!()
    };
    assert!(alone.contains("[1] handbook.md") && alone.contains("4711"), "{alone}");
    assert!(
        with_neighbours.contains("4711") && with_neighbours.len() > alone.len(),
        "{with_neighbours}"
    );
    // There is no room for neighbours, and there always is for the best passage.
    assert_eq!(cramped, alone);
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_question_is_made_to_stand_alone_by_the_model() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|request| {
        if asks_to_rewrite(request) {
            says(&["What is the rent of the flat in Berlin?"])
        } else {
            says(&["So it is [1]."])
        }
    })
    .await;
    asking.connect(&model).await;
    let asked = start(owner, "What is the notice period of the flat in Berlin?").await;
    answer(owner, &asked).await;
    let again = go_on(owner, &asked, "And the rent?").await;
    answer(owner, &again).await;
    let requests = model.requests();
    assert_eq!(requests.len(), 3, "the first question needs no rewriting");
    assert!(prompt(&requests[1]).contains("What is the notice period of the flat in Berlin?"));
    // The model hears what was said before, without the numbers of passages it does not see any more.
    let messages = requests[2]["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages.iter().map(|message| text(&message["role"])).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert!(!text(&messages[2]["content"]).contains('['), "{}", messages[2]);
    assert!(prompt(&requests[2]).contains("And the rent?") && prompt(&requests[2]).contains("900 euros"));
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_question_without_a_model_takes_the_one_before_along() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    assert_eq!(ask(owner, "And why?").await["answer_kind"], "not_found");
    let asked = start(owner, "How much sun do tomatoes need?").await;
    answer(owner, &asked).await;
    let again = go_on(owner, &asked, "And why?").await;
    let answered = answer(owner, &again).await;
    assert_eq!(answered["citations"][0]["document_name"], "garden.txt", "{answered}");
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_followed_again_from_the_last_event_that_arrived_and_goes_on_without_followers() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says_and_hangs(&["The notice period is three months. ", "And so on"])).await;
    asking.connect(&model).await;
    let asked = start(owner, "What is the notice period?").await;
    let id = text(&asked["answer"]["id"]);

    let mut first = follow(&asking.server, owner, id, 0).await;
    let seen: Vec<(usize, Value)> = first.by_ref().take(3).collect().await;
    assert_eq!((seen[0].0, &seen[0].1["type"]), (1, &json!("retrieval")));
    // A reload: the connection is gone, the answer is not.
    drop(first);
    assert_eq!(tree(owner, &asked).await["messages"][1]["status"], "streaming");
    let mut second = follow(&asking.server, owner, id, 1).await;
    let (next, event) = second.next().await.unwrap();
    assert!(next > 1 && event["type"] != "retrieval", "{next} {event}");

    let stopped = owner.post(&format!("/messages/{id}/stop"), json!({})).await.json();
    assert_eq!(stopped["status"], "stopped");
    assert!(text(&stopped["content"]).contains("three months"), "{stopped}");
    let rest: Vec<(usize, Value)> = second.collect().await;
    assert!(rest.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(rest.last().unwrap().1["message"], stopped);
    // Who comes after the end is told the end.
    assert_eq!(answer(owner, &asked).await, stopped);
    assert_eq!(
        owner.post(&format!("/messages/{id}/stop"), json!({})).await.json(),
        stopped
    );
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_model_ends_the_answer_with_its_reason_and_keeps_what_was_written() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let status = |code: u16, body: &'static str| {
        move |_: &Value| {
            let status = StatusCode::from_u16(code).unwrap();
            (status, [(header::RETRY_AFTER, "3600")], body).into_response()
        }
    };
    let whole = r#"data: {"choices":[{"delta":{"content":"Three months. "}}]}"#;
    let malformed = format!("{whole}\n\ndata: {{\"choices\"\n\n");
    let models = [
        (Model::start(status(401, "")).await, "llm_unauthorized", ""),
        (Model::start(status(429, "")).await, "llm_rate_limited", ""),
        (
            Model::start(status(500, "{\"error\":\"no memory\"}")).await,
            "llm_failed",
            "",
        ),
        (
            Model::start(status(404, "{\"error\":{\"message\":\"model not found\"}}")).await,
            "llm_no_such_model",
            "",
        ),
        (
            Model::start(|_| says_and_breaks_off(&["Three months. ", "Then"])).await,
            "llm_cut_off",
            "Three months.",
        ),
        (
            Model::start(move |_| ([(header::CONTENT_TYPE, "text/event-stream")], malformed.clone()).into_response())
                .await,
            "llm_malformed",
            "Three months.",
        ),
        (Model::start(|_| "Hello".into_response()).await, "llm_malformed", ""),
        (
            Model::start(|_| axum::response::Html("<p>").into_response()).await,
            "llm_not_an_endpoint",
            "",
        ),
        (
            Model::start(|_| says(&["<think>For ever", " and ever"])).await,
            "llm_empty",
            "",
        ),
    ];
    for (model, code, kept) in models {
        let connection = asking.connect(&model).await;
        let answered = ask(owner, "What is the notice period?").await;
        assert_eq!(
            (&answered["status"], &answered["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{answered}"
        );
        assert!(text(&answered["content"]).starts_with(kept), "{answered}");
        assert!(!text(&answered["error"]["detail"]).is_empty());
        owner.send("DELETE", &format!("/connections/{connection}"), None).await;
    }
    connect(owner, &closed()).await;
    let answered = ask(owner, "What is the notice period?").await;
    assert_eq!(answered["error"]["code"], "llm_unreachable", "{answered}");
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_answers_at_once_or_thinks_first_is_understood() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| {
        let content = "<think>\nThe lease says it.\n</think>\n\nThe notice period is three months [1].";
        Json(json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] })).into_response()
    })
    .await;
    asking.connect(&model).await;
    let answered = ask(owner, "What is the notice period?").await;
    assert_eq!(
        answered["content"], "The notice period is three months [1].",
        "{answered}"
    );
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_may_no_longer_read_is_not_retrieved() {
    let asking = Asking::with_documents().await;
    let guest = asking.server.sign_up("bob@example.org").await;
    let members = format!("/knowledge-bases/{}/members", asking.kb);
    let share = json!({ "email": "bob@example.org", "access": "viewer" });
    assert_eq!(
        asking.owner.send("PUT", &members, Some(share)).await.status,
        StatusCode::OK
    );
    let asked = start(&guest, "What is the notice period?").await;
    assert_eq!(answer(&guest, &asked).await["answer_kind"], "extractive");

    let id = text(&guest.get("/me").await.json()["id"]).to_owned();
    let taken = asking.owner.send("DELETE", &format!("{members}/{id}"), None).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT);
    let again = go_on(&guest, &asked, "What is the notice period?").await;
    let events = events(&guest, &again).await;
    assert_eq!(events[0], json!({ "type": "retrieval", "hits": [] }));
    assert_eq!(events.last().unwrap()["message"]["answer_kind"], "not_found");
    // The answer given before keeps its words, and tells that their source is out of reach.
    let before = &tree(&guest, &asked).await["messages"][1];
    assert_eq!(before["citations"][0]["available"], false, "{before}");
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn citations_outlive_their_document_and_say_so() {
    let asking = Asking::begin().await;
    let owner = &asking.owner;
    let document = asking.document("lease.txt", crate::asking::LEASE).await;
    let asked = start(owner, "How long is the notice period?").await;
    let answered = answer(owner, &asked).await;
    assert_eq!(answered["citations"][0]["available"], true);
    let deleted = owner.send("DELETE", &format!("/documents/{document}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);

    let after = &tree(owner, &asked).await["messages"][1];
    assert_eq!(after["citations"][0]["available"], false);
    assert_eq!(after["citations"][0]["quote"], answered["citations"][0]["quote"]);
    let html = text(&after["html"]);
    assert!(
        !html.contains("/documents/") && html.contains("Source 1: lease.txt, no longer available"),
        "{html}"
    );
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_has_a_few_answers_written_at_a_time() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says_and_hangs(&["Three"])).await;
    asking.connect(&model).await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(start(owner, "What is the notice period?").await);
    }
    let refused = owner.post("/conversations", json!({ "question": "And now?" })).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_answers"))
    );
    // What was refused leaves no empty conversation behind.
    assert_eq!(
        owner.get("/conversations").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    let stop = format!("/messages/{}/stop", text(&asked[0]["answer"]["id"]));
    assert_eq!(owner.post(&stop, json!({})).await.json()["status"], "stopped");
    start(owner, "And now?").await;
    asking.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_answers_with_a_reason_first() {
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let model = Model::start(|_| says_and_hangs(&["The notice period is three months. ", "More"])).await;
    asking.connect(&model).await;
    let asked = start(owner, "What is the notice period?").await;
    let mut following = follow(&asking.server, owner, text(&asked["answer"]["id"]), 0).await;
    while following.next().await.unwrap().1["type"] != "html" {}
    asking.server.state.stopping.cancel();
    asking.server.state.running.all_ended().await;
    let stored = &tree(owner, &asked).await["messages"][1];
    assert_eq!(
        (&stored["status"], &stored["error"]["code"]),
        (&json!("failed"), &json!("interrupted")),
        "{stored}"
    );
    assert!(text(&stored["content"]).contains("three months"), "{stored}");
    asking.end().await;
}
