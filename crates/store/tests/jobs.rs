//! Who may work on what, and that a worker which was overtaken changes nothing.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

use api::{CreateKnowledgeBase, DocumentError, DocumentId, DocumentStatus, KnowledgeBaseId, Stage, UserId};
use engine::document::ExtractedText;
use store::{Job, NewDocument, NewUser, Published, Store};
use uuid::Uuid;

const HOUR: i64 = 60 * 60 * 1000;

struct Fixture {
    store: Store,
    user: UserId,
    knowledge_base: KnowledgeBaseId,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db")).await.unwrap();
        let new = NewUser {
            email: "a@example.org",
            name: "A",
            role: None,
            password_hash: "",
        };
        let user = store.create_user(new).await.unwrap().id;
        let new = CreateKnowledgeBase {
            name: "Tests".to_owned(),
            description: String::new(),
        };
        let knowledge_base = store.create_knowledge_base(user, &new).await.unwrap().id;
        Self {
            store,
            user,
            knowledge_base,
            _folder: folder,
        }
    }

    async fn accept(&self, name: &str, size: u64) -> DocumentId {
        let id = DocumentId(Uuid::now_v7());
        let new = NewDocument {
            id,
            knowledge_base: self.knowledge_base,
            name,
            media_type: "text/plain",
            size,
            sha256: name,
            source_url: None,
        };
        self.store.accept_document(self.user, &new).await.unwrap();
        id
    }

    async fn lease(&self) -> Option<Job> {
        self.store.lease_job(Uuid::now_v7(), HOUR, 1).await.unwrap()
    }

    async fn status(&self, id: DocumentId) -> DocumentStatus {
        self.store.document(self.user, id).await.unwrap().status
    }
}

#[tokio::test]
async fn a_worker_whose_document_was_cancelled_and_retried_changes_nothing_any_more() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let id = fixture.accept("a.txt", 1).await;
    let overtaken = fixture.lease().await.unwrap();
    store.cancel_document(fixture.user, id).await.unwrap();
    store.retry_document(fixture.user, id).await.unwrap();
    let current = fixture.lease().await.unwrap();

    assert!(!store.renew_lease(&overtaken, HOUR).await.unwrap());
    assert!(
        store
            .note_progress(&overtaken, Stage::Embed, 0.5)
            .await
            .unwrap()
            .is_none()
    );
    let reason = DocumentError {
        code: "corrupt".to_owned(),
        message: String::new(),
        remedy: String::new(),
    };
    assert!(store.fail_document(&overtaken, &reason).await.unwrap().is_none());
    let text = ExtractedText::default();
    let published = || Published {
        media_type: "text/plain",
        text: &text,
        passages: 0,
    };
    assert!(store.publish_document(&overtaken, published()).await.unwrap().is_none());
    store.postpone_job(&overtaken, 0).await.unwrap();
    store.give_job_back(&overtaken, 0).await.unwrap();
    assert!(store.renew_lease(&current, HOUR).await.unwrap());
    assert_eq!(fixture.status(id).await, DocumentStatus::Queued);
    assert!(store.publish_document(&current, published()).await.unwrap().is_some());
    assert_eq!(fixture.status(id).await, DocumentStatus::Ready);
}

#[tokio::test]
async fn failures_and_starts_are_counted_apart() {
    let fixture = Fixture::new().await;
    fixture.accept("a.txt", 1).await;
    let first = fixture.lease().await.unwrap();
    assert_eq!((first.starts, first.failures), (1, 0));
    assert!(fixture.lease().await.is_none(), "it is leased already");
    fixture.store.postpone_job(&first, 0).await.unwrap();
    let second = fixture.lease().await.unwrap();
    assert_eq!((second.starts, second.failures), (2, 1));
    // What was given back was no start.
    fixture.store.give_job_back(&second, 0).await.unwrap();
    assert_eq!(fixture.lease().await.unwrap().starts, 2);
    // What was cut off was one.
    fixture.store.release_all_leases().await.unwrap();
    assert_eq!(fixture.lease().await.unwrap().starts, 3);
}

#[tokio::test]
async fn of_large_files_only_so_many_are_leased_and_small_ones_overtake_them() {
    let fixture = Fixture::new().await;
    let large = [fixture.accept("1", 50 << 20).await, fixture.accept("2", 50 << 20).await];
    let small = fixture.accept("3", 1 << 20).await;
    let first = fixture.lease().await.unwrap();
    assert_eq!(first.document, large[0]);
    assert_eq!(fixture.lease().await.unwrap().document, small);
    assert!(fixture.lease().await.is_none());
    fixture.store.cancel_document(fixture.user, large[0]).await.unwrap();
    assert_eq!(fixture.lease().await.unwrap().document, large[1]);
}
