//! From an upload to passages that are found, and only by those who may.

use std::time::Duration;

use crate::common::{Server, Visitor, create_knowledge_base, server};
use axum::http::StatusCode;
use serde_json::{Value, json};
use server::jobs::Workers;

pub async fn finished(visitor: &Visitor, id: &str) -> Value {
    for _ in 0..600 {
        let document = visitor.get(&format!("/documents/{id}")).await.json();
        if !["queued", "processing"].contains(&document["status"].as_str().unwrap()) {
            return document;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("document {id} is still not finished after 30 s");
}

pub async fn upload(visitor: &Visitor, kb: &str, name: &str, bytes: &[u8]) -> String {
    let uploads = visitor.upload(kb, name, bytes).await.json();
    uploads["files"][0]["document"]["id"].as_str().unwrap().to_owned()
}

pub async fn found(visitor: &Visitor, query: &str) -> Vec<Value> {
    visitor.post("/search", json!({ "query": query })).await.json()["hits"]
        .as_array()
        .unwrap()
        .clone()
}

async fn working() -> (Server, Workers, Visitor, String) {
    let server = server().await;
    let workers = Workers::start(&server.state);
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Handbook").await;
    (server, workers, owner, kb)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_text_is_found_at_its_exact_words_and_only_by_those_who_may_read_it() {
    let (server, workers, owner, kb) = working().await;
    let stranger = server.sign_up("eve@example.org").await;
    let text = "# Leave\n\nEveryone gets thirty days of holiday.\n\n# Größe\n\nThe office has 12 rooms.\n";
    let id = upload(&owner, &kb, "handbook.md", text.as_bytes()).await;
    let document = finished(&owner, &id).await;
    assert_eq!(document["status"], "ready", "{document}");

    let hits = found(&owner, "How many vacation days do I have?").await;
    assert!(hits[0]["text"].as_str().unwrap().contains("thirty days"), "{hits:?}");
    assert_eq!(hits[0]["document_name"], "handbook.md");

    let shown = owner.get(&format!("/documents/{id}/text")).await.json();
    let blocks = shown["pages"][0]["blocks"].as_array().unwrap();
    let rooms = blocks
        .iter()
        .find(|block| block["text"].as_str().unwrap().contains("rooms"))
        .unwrap();
    let hit = hits
        .iter()
        .find(|hit| hit["text"].as_str().unwrap().contains("rooms"))
        .unwrap();
    let (start, block_start) = (hit["start"].as_u64().unwrap(), rooms["start"].as_u64().unwrap());
    let before_block =
        hit["text"].as_str().unwrap().chars().count() as u64 - rooms["text"].as_str().unwrap().chars().count() as u64;
    assert_eq!(start + before_block, block_start);

    assert!(found(&stranger, "How many vacation days do I have?").await.is_empty());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_in_an_old_encoding_is_shown_in_utf_8_and_downloaded_as_it_is() {
    let (_server, workers, owner, kb) = working().await;
    let latin1 = b"Die Gr\xf6\xdfe des B\xfcros wird j\xe4hrlich gepr\xfcft. Die Pr\xfcfung ist im M\xe4rz f\xe4llig.";
    let id = upload(&owner, &kb, "office.txt", latin1).await;
    assert_eq!(finished(&owner, &id).await["status"], "ready");

    let shown = owner.get(&format!("/documents/{id}/original?inline=true")).await;
    assert_eq!(shown.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        shown.text(),
        "Die Größe des Büros wird jährlich geprüft. Die Prüfung ist im März fällig."
    );
    assert_eq!(shown.header("content-length"), shown.body.len().to_string());
    let downloaded = owner.get(&format!("/documents/{id}/original")).await;
    assert_eq!(downloaded.body, latin1);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_fails_with_a_reason_and_stays_downloadable() {
    let (_server, workers, owner, kb) = working().await;
    let noise: Vec<u8> = (0..4000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for (name, bytes, code) in [("noise.txt", noise.as_slice(), "not_text"), ("empty.txt", b"", "empty")] {
        let id = upload(&owner, &kb, name, bytes).await;
        let document = finished(&owner, &id).await;
        assert_eq!(
            (&document["status"], &document["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{document}"
        );
        assert!(!document["error"]["remedy"].as_str().unwrap().is_empty());
        assert_eq!(owner.get(&format!("/documents/{id}/original")).await.body, bytes);
    }
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_is_found_no_more() {
    let (_server, workers, owner, kb) = working().await;
    let id = upload(&owner, &kb, "a.txt", b"The launch code is written on the yellow note.").await;
    finished(&owner, &id).await;
    assert_eq!(found(&owner, "launch code").await.len(), 1);
    let deleted = owner.send("DELETE", &format!("/documents/{id}"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert!(found(&owner, "launch code").await.is_empty());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_was_interrupted_is_taken_up_again() {
    let (server, workers, owner, kb) = working().await;
    workers.stop().await;
    let id = upload(&owner, &kb, "later.txt", b"Written while no worker was running.").await;
    assert_eq!(owner.get(&format!("/documents/{id}")).await.json()["status"], "queued");
    let workers = Workers::start(&server.state);
    assert_eq!(finished(&owner, &id).await["status"], "ready");
    workers.stop().await;
}
