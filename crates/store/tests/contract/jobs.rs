//! Who may work on what, and that a worker which was overtaken changes nothing.

use std::collections::HashSet;

use api::{DocumentError, DocumentId, DocumentStatus, KnowledgeBaseId, Stage, UserId};
use engine::document::ExtractedText;
use store::{Job, OWN_INDEX, Published, Store};
use uuid::Uuid;

use crate::database::Database;

const HOUR: i64 = 60 * 60 * 1000;

struct Fixture {
    store: Store,
    user: UserId,
    knowledge_base: KnowledgeBaseId,
    database: Database,
}

impl Fixture {
    async fn new(database: Database) -> Self {
        let user = database.user("a@example.org").await;
        Self {
            knowledge_base: database.knowledge_base(user, "Tests").await,
            store: database.store.clone(),
            user,
            database,
        }
    }

    async fn accept(&self, name: &str, size: u64) -> DocumentId {
        self.database.document(self.user, self.knowledge_base, name, size).await
    }

    async fn lease(&self) -> Option<Job> {
        self.store.lease_job(Uuid::now_v7(), HOUR, 1).await.unwrap()
    }

    async fn status(&self, id: DocumentId) -> DocumentStatus {
        self.store.document(self.user, id).await.unwrap().status
    }
}

async fn a_worker_whose_document_was_cancelled_and_retried_changes_nothing_any_more(database: Database) {
    let fixture = Fixture::new(database).await;
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
        index: OWN_INDEX,
    };
    assert!(store.publish_document(&overtaken, published()).await.unwrap().is_none());
    store.postpone_job(&overtaken, 0).await.unwrap();
    store.give_job_back(&overtaken, 0).await.unwrap();
    assert!(store.renew_lease(&current, HOUR).await.unwrap());
    assert_eq!(fixture.status(id).await, DocumentStatus::Queued);
    assert!(store.publish_document(&current, published()).await.unwrap().is_some());
    assert_eq!(fixture.status(id).await, DocumentStatus::Ready);
}

async fn failures_and_starts_are_counted_apart(database: Database) {
    let fixture = Fixture::new(database).await;
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

async fn of_large_files_only_so_many_are_leased_and_small_ones_overtake_them(database: Database) {
    let fixture = Fixture::new(database).await;
    let large = [fixture.accept("1", 50 << 20).await, fixture.accept("2", 50 << 20).await];
    let small = fixture.accept("3", 1 << 20).await;
    let first = fixture.lease().await.unwrap();
    assert_eq!(first.document, large[0]);
    assert_eq!(fixture.lease().await.unwrap().document, small);
    assert!(fixture.lease().await.is_none());
    fixture.store.cancel_document(fixture.user, large[0]).await.unwrap();
    assert_eq!(fixture.lease().await.unwrap().document, large[1]);
}

async fn a_job_is_leased_once_however_many_ask(database: Database) {
    let fixture = Fixture::new(database).await;
    let mut waiting = HashSet::new();
    for name in 0..30 {
        waiting.insert(fixture.accept(&name.to_string(), 1).await);
    }
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                let mut leased = Vec::new();
                while let Some(job) = store.lease_job(Uuid::now_v7(), HOUR, 1).await.unwrap() {
                    leased.push(job.document);
                }
                leased
            })
        })
        .collect();
    let mut leased = Vec::new();
    for worker in workers {
        leased.extend(worker.await.unwrap());
    }
    assert_eq!(leased.len(), waiting.len());
    assert_eq!(leased.into_iter().collect::<HashSet<_>>(), waiting);
}

async fn a_lease_that_runs_out_is_anothers(database: Database) {
    let fixture = Fixture::new(database).await;
    fixture.accept("a.txt", 1).await;
    let lost = fixture.store.lease_job(Uuid::now_v7(), -1, 1).await.unwrap().unwrap();
    let current = fixture.lease().await.unwrap();
    assert_eq!((current.document, current.starts), (lost.document, 2));
    assert!(!fixture.store.renew_lease(&lost, HOUR).await.unwrap());
}

async fn how_much_waits_and_for_how_long_is_counted(database: Database) {
    let fixture = Fixture::new(database).await;
    let nothing = fixture.store.queue().await.unwrap();
    assert_eq!(
        (nothing.waiting, nothing.running, nothing.postponed, nothing.lag_ms),
        (0, 0, 0, 0)
    );
    for name in ["a", "b", "c", "d"] {
        fixture.accept(name, 1).await;
    }
    fixture.lease().await.unwrap();
    let failed = fixture.lease().await.unwrap();
    fixture.store.postpone_job(&failed, HOUR).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let queue = fixture.store.queue().await.unwrap();
    assert_eq!((queue.waiting, queue.running, queue.postponed), (2, 1, 1));
    assert!(queue.lag_ms > 0);
}

on_each_database! {
    how_much_waits_and_for_how_long_is_counted,
    a_worker_whose_document_was_cancelled_and_retried_changes_nothing_any_more,
    failures_and_starts_are_counted_apart,
    of_large_files_only_so_many_are_leased_and_small_ones_overtake_them,
    a_job_is_leased_once_however_many_ask,
    a_lease_that_runs_out_is_anothers,
}
