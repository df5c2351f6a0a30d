//! Documents, their lists, and what is remembered of uploads.

use api::{DocumentOrder, DocumentQuery, DocumentStatus, Stage};
use engine::document::ExtractedText;
use store::{NewDocument, OWN_INDEX, Published};
use uuid::Uuid;

use crate::database::Database;

async fn the_same_bytes_are_one_document_however_often_they_come(database: Database) {
    let store = &database.store;
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    let accepting: Vec<_> = (0..6)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("{n}.txt");
                let new = NewDocument {
                    id: api::DocumentId(Uuid::now_v7()),
                    knowledge_base: base,
                    name: &name,
                    media_type: "text/plain",
                    size: 1,
                    sha256: "same",
                    source_url: None,
                    trace: None,
                };
                store.accept_document(owner, &new).await.unwrap()
            })
        })
        .collect();
    let mut accepted = Vec::new();
    for accepting in accepting {
        accepted.push(accepting.await.unwrap());
    }
    assert_eq!(accepted.iter().filter(|(_, new)| *new).count(), 1);
    assert!(accepted.iter().all(|(document, _)| document.id == accepted[0].0.id));
}

async fn every_order_lists_each_once(database: Database) {
    let store = &database.store;
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    for (at, name) in ["Zebra", "ant", "Bee", "bee", "Äpfel", "100% done_"].iter().enumerate() {
        database.document(owner, base, name, [5, 5, 3, 9, 1, 0][at]).await;
    }
    let list = async |query: DocumentQuery| {
        let mut query = DocumentQuery {
            limit: Some(2),
            ..query
        };
        let mut names = Vec::new();
        loop {
            let page = store.documents(owner, base, &query).await.unwrap();
            names.extend(page.items.into_iter().map(|document| document.name));
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                return names;
            }
        }
    };
    for order in [
        DocumentOrder::Newest,
        DocumentOrder::Oldest,
        DocumentOrder::Name,
        DocumentOrder::Largest,
    ] {
        let mut names = list(DocumentQuery {
            order,
            ..DocumentQuery::default()
        })
        .await;
        match order {
            DocumentOrder::Newest => assert_eq!(names[0], "100% done_"),
            DocumentOrder::Oldest => assert_eq!(names[0], "Zebra"),
            DocumentOrder::Name => {
                let place = |name: &str| names.iter().position(|other| other == name).unwrap();
                assert!(
                    place("ant") < place("Bee") && place("bee") < place("Zebra"),
                    "{names:?}"
                );
            }
            DocumentOrder::Largest => assert_eq!(names[0], "bee"),
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
    }
    let search = |text: &str| DocumentQuery {
        search: Some(text.to_owned()),
        ..DocumentQuery::default()
    };
    assert_eq!(list(search("BEE")).await.len(), 2);
    assert_eq!(list(search("0% done_")).await.len(), 1);
    assert!(list(search("%")).await.len() == 1);
}

async fn a_document_is_read_once_and_its_text_comes_back_as_it_was(database: Database) {
    let store = &database.store;
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    let id = database.document(owner, base, "a.txt", 1).await;
    let job = store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
    let noted = store.note_progress(&job, Stage::Extract, 0.25).await.unwrap().unwrap();
    assert_eq!((noted.status, noted.progress), (DocumentStatus::Processing, 0.25));
    let text = ExtractedText {
        text: "Grüße, 世界 \"quoted\" \\ back\n🦀".to_owned(),
        ..ExtractedText::default()
    };
    let published = Published {
        media_type: "text/markdown",
        text: &text,
        passages: 0,
        index: OWN_INDEX,
    };
    let ready = store.publish_document(&job, published).await.unwrap().unwrap();
    assert_eq!(
        (ready.status, ready.media_type.as_str()),
        (DocumentStatus::Ready, "text/markdown")
    );
    let stored = store.document_text(owner, id).await.unwrap().unwrap();
    assert_eq!(stored.text, text.text);
    assert!(store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().is_none());
    assert_eq!(
        store.retry_document(owner, id).await.unwrap().status,
        DocumentStatus::Ready
    );
}

async fn what_an_upload_returned_is_remembered_for_its_key_and_sender(database: Database) {
    let store = &database.store;
    let (owner, other) = (
        database.user("a@example.org").await,
        database.user("b@example.org").await,
    );
    let base = database.knowledge_base(owner, "one").await;
    store.remember_response(owner, base, "key", "first").await.unwrap();
    store.remember_response(owner, base, "key", "second").await.unwrap();
    assert_eq!(
        store.remembered_response(owner, base, "key").await.unwrap().as_deref(),
        Some("first")
    );
    assert!(store.remembered_response(other, base, "key").await.unwrap().is_none());
    store.forget_responses_older_than(-1).await.unwrap();
    assert!(store.remembered_response(owner, base, "key").await.unwrap().is_none());
}

on_each_database! {
    the_same_bytes_are_one_document_however_often_they_come,
    every_order_lists_each_once,
    a_document_is_read_once_and_its_text_comes_back_as_it_was,
    what_an_upload_returned_is_remembered_for_its_key_and_sender,
}
