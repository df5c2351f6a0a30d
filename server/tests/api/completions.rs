//! What programs see that speak OpenAI's chat protocol.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    asking::{Asking, Model, says, says_and_hangs},
    common::Visitor,
};

fn request(messages: Value) -> Value {
    json!({ "model": "Assistant", "temperature": 0.2, "messages": messages })
}

fn question(text: &str) -> Value {
    request(json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": text }]))
}

async fn conversations(owner: &Visitor) -> usize {
    let listed = owner.get("/conversations").await.json();
    listed["items"].as_array().unwrap().len()
}

async fn nothing_is_kept(owner: &Visitor) {
    tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while conversations(owner).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("nothing is kept");
}

#[tokio::test]
async fn an_assistant_is_a_model_and_its_answer_comes_with_its_citations() {
    let asking = Asking::with_documents().await;
    let models = asking.owner.get("/models").await.json();
    assert_eq!(models["data"][0]["name"], "Assistant");
    let by_id = models["data"][0]["id"].as_str().unwrap();
    for model in ["Assistant", by_id] {
        let mut body = question("How long is the notice period?");
        body["model"] = json!(model);
        let answer = asking.owner.post("/chat/completions", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["object"], "chat.completion");
        let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(content.contains("[1]"), "{content}");
        assert_eq!(answer["citations"][0]["number"], 1);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }
    assert_eq!(conversations(&asking.owner).await, 0);
    let unknown = json!({ "model": "gpt-5", "messages": [{ "role": "user", "content": "How long?" }] });
    assert_eq!(
        asking.owner.post("/chat/completions", unknown).await.status,
        StatusCode::NOT_FOUND
    );
    for wrong in [
        json!([]),
        json!([{ "role": "assistant", "content": "Hello" }]),
        json!([{ "role": "user", "content": " " }]),
    ] {
        let refused = asking.owner.post("/chat/completions", request(wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    }
    asking.end().await;
}

#[tokio::test]
async fn a_streamed_answer_is_the_same_piece_by_piece() {
    let asking = Asking::with_documents().await;
    let whole = asking
        .owner
        .post("/chat/completions", question("How long is the notice period?"))
        .await
        .json();
    let mut body = question("How long is the notice period?");
    body["stream"] = json!(true);
    let streamed = asking.owner.post("/chat/completions", body).await;
    assert!(streamed.header("content-type").starts_with("text/event-stream"));
    let text = streamed.text();
    let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> = data[..data.len() - 1]
        .iter()
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let content: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(content, whole["choices"][0]["message"]["content"].as_str().unwrap());
    let finished = chunks
        .iter()
        .filter(|chunk| chunk["choices"][0]["finish_reason"] == "stop");
    assert_eq!(finished.count(), 1);
    assert!(!chunks.last().unwrap()["citations"].as_array().unwrap().is_empty());
    nothing_is_kept(&asking.owner).await;
    asking.end().await;
}

#[tokio::test]
async fn a_model_reads_what_was_said_before_and_its_faults_are_told() {
    let asking = Asking::with_documents().await;
    let model = Model::start(|_| says(&["The notice period ", "is three months [1]."])).await;
    asking.connect(&model).await;
    let messages = json!([
        { "role": "user", "content": "Who owns the walnut cupboard?" },
        { "role": "assistant", "content": "The documents do not say." },
        { "role": "user", "content": [{ "type": "text", "text": "How long is the notice period of the lease?" }] },
    ]);
    let answer = asking.owner.post("/chat/completions", request(messages)).await.json();
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(content.starts_with("The notice period is three months"), "{content}");
    let asked = model.requests();
    let last = asked.last().unwrap()["messages"].to_string();
    assert!(last.contains("walnut cupboard") && !last.contains("Be brief"), "{last}");
    asking.end().await;
}

#[tokio::test]
async fn who_goes_away_before_the_answer_leaves_no_conversation_behind() {
    let asking = Asking::with_documents().await;
    let model = Model::start(|_| says_and_hangs(&["The notice period "])).await;
    asking.connect(&model).await;
    let asked = asking
        .owner
        .post("/chat/completions", question("How long is the notice period?"));
    tokio::time::timeout(std::time::Duration::from_secs(2), asked)
        .await
        .err()
        .expect("the model says no more");
    nothing_is_kept(&asking.owner).await;
    asking.end().await;
}
