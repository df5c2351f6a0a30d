//! Live changes, and work that is stopped, taken up again or deleted in the middle.

use std::time::Duration;

use axum::{body::BodyDataStream, http::StatusCode};
use futures::StreamExt;
use serde_json::{Value, json};
use server::jobs::Workers;

use crate::common::{Visitor, create_knowledge_base, server};
use crate::ingest::{finished, found, upload};

/// Takes minutes to embed: about 4,000 passages.
fn long_text() -> String {
    (0..24_000)
        .map(|n| format!("Sentence {n} tells of the long way over the hills and back. "))
        .collect()
}

async fn events(visitor: &Visitor, kb: &str) -> BodyDataStream {
    let response = visitor.stream(&format!("/knowledge-bases/{kb}/events")).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

/// The next event; `None` when the stream has ended.
async fn next(events: &mut BodyDataStream) -> Option<Value> {
    loop {
        let chunk = tokio::time::timeout(Duration::from_secs(60), events.next())
            .await
            .expect("an event comes")?;
        let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
        if let Some(data) = text.strip_prefix("data: ") {
            return Some(serde_json::from_str(data.trim()).unwrap());
        }
    }
}

async fn document(visitor: &Visitor, id: &str) -> Value {
    visitor.get(&format!("/documents/{id}")).await.json()
}

async fn until_embedding(visitor: &Visitor, id: &str) {
    while document(visitor, id).await["stage"] != "embed" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_followed_live_from_upload_to_ready_and_its_deletion_is_told() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let mut live = events(&owner, &kb).await;
    let workers = Workers::start(&server.state);
    let id = upload(&owner, &kb, "a.txt", b"The kettle is in the second cupboard.").await;
    let mut seen = Vec::new();
    let mut progress = 0.0;
    while seen.last() != Some(&"ready".to_owned()) {
        let event = next(&mut live).await.unwrap();
        assert_eq!(event["document"]["id"], id);
        let now = event["document"]["progress"].as_f64().unwrap();
        assert!(now >= progress, "progress goes back: {event}");
        progress = now;
        let stage = event["document"]["stage"].as_str();
        seen.push(stage.or(event["document"]["status"].as_str()).unwrap().to_owned());
    }
    seen.dedup();
    assert_eq!(seen, ["queued", "extract", "split", "embed", "index", "ready"]);
    owner.send("DELETE", &format!("/documents/{id}"), None).await;
    assert_eq!(next(&mut live).await.unwrap(), json!({ "type": "deleted", "id": id }));

    // With the knowledge base the stream ends.
    owner.send("DELETE", &format!("/knowledge-bases/{kb}"), None).await;
    assert_eq!(next(&mut live).await, None);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_taken_back_ends_the_live_stream_before_the_next_change_is_told() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let guest = server.sign_up("bob@example.org").await;
    let kb = create_knowledge_base(&owner, "Shared").await;
    let members = format!("/knowledge-bases/{kb}/members");
    let share = json!({ "email": "bob@example.org", "access": "viewer" });
    owner.send("PUT", &members, Some(share)).await;
    let mut live = events(&guest, &kb).await;
    upload(&owner, &kb, "a.txt", b"Told.").await;
    assert!(next(&mut live).await.is_some());
    let id = guest.get("/me").await.json()["id"].as_str().unwrap().to_owned();
    owner.send("DELETE", &format!("{members}/{id}"), None).await;
    upload(&owner, &kb, "b.txt", b"Not told.").await;
    assert_eq!(next(&mut live).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_work_stops_and_a_retry_takes_it_up_where_it_was() {
    let server = server().await;
    let workers = Workers::start(&server.state);
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let id = upload(&owner, &kb, "long.txt", long_text().as_bytes()).await;
    until_embedding(&owner, &id).await;
    let cancelled = owner.post(&format!("/documents/{id}/cancel"), json!({})).await.json();
    assert_eq!(cancelled["status"], "cancelled");
    // Both workers are free again, whatever they did before.
    for n in 0..4 {
        let next = upload(&owner, &kb, "next.txt", format!("Number {n} after it.").as_bytes()).await;
        assert_eq!(finished(&owner, &next).await["status"], "ready");
    }
    assert_eq!(document(&owner, &id).await["status"], "cancelled");
    assert!(
        found(&owner, "long way over the hills")
            .await
            .iter()
            .all(|hit| hit["document_id"] != *id)
    );
    let retried = owner.post(&format!("/documents/{id}/retry"), json!({})).await.json();
    assert_eq!(retried["status"], "queued");
    until_embedding(&owner, &id).await;
    // Deleted in the middle: gone for good.
    owner.send("DELETE", &format!("/documents/{id}"), None).await;
    let next = upload(&owner, &kb, "last.txt", b"The last one.").await;
    finished(&owner, &next).await;
    assert_eq!(
        owner.get(&format!("/documents/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        found(&owner, "long way over the hills")
            .await
            .iter()
            .all(|hit| hit["document_id"] != *id)
    );
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedding_that_was_interrupted_goes_on_after_what_was_done() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let text: String = (0..600)
        .map(|n| format!("Sentence {n} tells of the long way over the hills. "))
        .collect();
    let id = upload(&owner, &kb, "long.txt", text.as_bytes()).await;
    let document_id: api::DocumentId = id.parse().unwrap();
    let workers = Workers::start(&server.state);
    while server.state.store.staged_passages(document_id).await.unwrap().len() < 16 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    workers.stop().await;
    let kept = server.state.store.staged_passages(document_id).await.unwrap();
    assert!(kept.len() >= 16);

    let mut live = events(&owner, &kb).await;
    let workers = Workers::start(&server.state);
    let mut first_embedded = None;
    let ready = loop {
        let event = next(&mut live).await.unwrap();
        let document = &event["document"];
        if document["stage"] == "embed" && document["progress"].as_f64().unwrap() > 0.351 {
            first_embedded.get_or_insert(document["progress"].as_f64().unwrap());
        }
        if document["status"] == "ready" {
            break document.clone();
        }
    };
    assert!(first_embedded.is_some());
    let passages = ready["passages"].as_u64().unwrap();
    assert!(passages > kept.len() as u64);
    assert!(
        server
            .state
            .store
            .staged_passages(document_id)
            .await
            .unwrap()
            .is_empty()
    );
    let hits = found(&owner, "Sentence 3 tells of the long way").await;
    assert!(!hits.is_empty());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_failed_documents_are_retried_at_once() {
    let server = server().await;
    let workers = Workers::start(&server.state);
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let ready = upload(&owner, &kb, "fine.txt", b"This one is fine.").await;
    let mut failed = Vec::new();
    for blank in [b" ".as_slice(), b"\n", b"\t\t"] {
        failed.push(upload(&owner, &kb, "blank.txt", blank).await);
    }
    for id in &failed {
        assert_eq!(finished(&owner, id).await["status"], "failed");
    }
    finished(&owner, &ready).await;
    workers.stop().await;
    let retried = owner
        .post(&format!("/knowledge-bases/{kb}/documents/retry-failed"), json!({}))
        .await;
    assert_eq!(retried.json(), json!({ "documents": 3 }));
    for id in &failed {
        assert_eq!(document(&owner, id).await["status"], "queued");
    }
    assert_eq!(document(&owner, &ready).await["status"], "ready");
    let workers = Workers::start(&server.state);
    for id in &failed {
        assert_eq!(finished(&owner, id).await["error"]["code"], "empty");
    }
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_knowledge_base_stops_work_in_it_and_removes_its_originals() {
    let server = server().await;
    let workers = Workers::start(&server.state);
    let owner = server.sign_up("ada@example.org").await;
    let (kb, other) = (
        create_knowledge_base(&owner, "Gone").await,
        create_knowledge_base(&owner, "Stays").await,
    );
    let id = upload(&owner, &kb, "long.txt", long_text().as_bytes()).await;
    upload(&owner, &kb, "short.txt", b"Short.").await;
    until_embedding(&owner, &id).await;
    let deleted = owner.send("DELETE", &format!("/knowledge-bases/{kb}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    for n in 0..4 {
        let next = upload(&owner, &other, "next.txt", format!("Number {n} after it.").as_bytes()).await;
        assert_eq!(finished(&owner, &next).await["status"], "ready");
    }
    assert_eq!(
        owner.get(&format!("/documents/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        found(&owner, "long way over the hills")
            .await
            .iter()
            .all(|hit| hit["knowledge_base_id"] == *other)
    );
    let originals = server.state.config.originals_dir();
    while std::fs::read_dir(&originals).unwrap().count() > 4 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    workers.stop().await;
}
