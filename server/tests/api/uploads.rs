//! What happens to a file between the browser and its acknowledgement.

use crate::common::{create_knowledge_base, server};
use axum::http::StatusCode;

#[tokio::test]
async fn an_acknowledged_upload_is_listed_and_its_original_comes_back_byte_for_byte() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();

    let answer = owner.upload(&kb, "notes.bin", &bytes).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let file = &answer.json()["files"][0];
    assert_eq!(file["outcome"], "accepted");
    assert_eq!(file["document"]["size"], 300_000);

    let id = file["document"]["id"].as_str().unwrap();
    let listed = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"][0]["id"], id);
    assert_eq!(owner.get(&format!("/documents/{id}/original")).await.body, bytes);
}

#[tokio::test]
async fn the_same_bytes_again_are_told_to_be_there_already() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let first = owner.upload(&kb, "one.txt", b"the same").await.json();
    let again = owner.upload(&kb, "two.txt", b"the same").await.json();
    assert_eq!(again["files"][0]["outcome"], "duplicate");
    assert_eq!(again["files"][0]["document"]["id"], first["files"][0]["document"]["id"]);
}

#[tokio::test]
async fn thousands_of_documents_are_paged_without_gap_or_repeat() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    for n in 0..25 {
        owner
            .upload(&kb, &format!("note {n}.txt"), format!("note {n}").as_bytes())
            .await;
    }
    for order in ["newest", "oldest", "name", "largest"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/knowledge-bases/{kb}/documents?order={order}&limit=10{cursor}");
            let page = owner.get(&path).await.json();
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|d| d["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (25, 25), "{order}");
    }
}
