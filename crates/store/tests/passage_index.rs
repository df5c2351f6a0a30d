//! What is found is what is stored: whatever was added, read again or deleted meanwhile.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

use api::{CreateKnowledgeBase, DocumentId, KnowledgeBaseId, Stage, UserId};
use engine::{document::ExtractedText, embed::Meaning, split::Passage};
use store::{NewDocument, NewPassage, NewUser, PassageIndex, Published, Sought, Store};
use uuid::Uuid;

const DIMENSION: usize = 8;

struct Fixture {
    store: Store,
    index: PassageIndex,
    user: UserId,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new(budget: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db")).await.unwrap();
        let new = NewUser {
            email: "a@example.org",
            name: "A",
            role: None,
            password_hash: "",
        };
        let user = store.create_user(new).await.unwrap().id;
        Self {
            index: PassageIndex::new(DIMENSION, budget),
            store,
            user,
            _folder: folder,
        }
    }

    async fn knowledge_base(&self, name: &str) -> KnowledgeBaseId {
        let new = CreateKnowledgeBase {
            name: name.to_owned(),
            description: String::new(),
        };
        self.store.create_knowledge_base(self.user, &new).await.unwrap().id
    }

    /// Adds a document with a passage for each vector.
    async fn add(&self, knowledge_base: KnowledgeBaseId, name: &str, vectors: &[[f32; DIMENSION]]) -> DocumentId {
        let id = DocumentId(Uuid::now_v7());
        let new = NewDocument {
            id,
            knowledge_base,
            name,
            media_type: "text/plain",
            size: 1,
            sha256: name,
            source_url: None,
        };
        self.store.accept_document(self.user, &new).await.unwrap();
        let job = self.store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
        let passages: Vec<NewPassage> = (0..)
            .zip(vectors)
            .map(|(ordinal, vector)| {
                let passage = Passage {
                    text: format!("{name} {ordinal}"),
                    range: 0..1,
                    characters: 0..1,
                    first_page: 1,
                    last_page: 1,
                    heading_path: Vec::new(),
                    table_head: None,
                };
                NewPassage::new(ordinal, Vec::new(), passage, name.to_owned(), vector)
            })
            .collect();
        self.store
            .stage_passages(&job, Stage::Embed, 1.0, &passages)
            .await
            .unwrap();
        let published = Published {
            media_type: "text/plain",
            text: &ExtractedText::default(),
            passages: u32::try_from(passages.len()).unwrap(),
        };
        self.store.publish_document(&job, published).await.unwrap().unwrap();
        id
    }

    /// The names of the documents of the nearest passages, best first.
    async fn nearest(&self, within: &[KnowledgeBaseId], vector: &[f32; DIMENSION]) -> Vec<String> {
        let sought = Sought {
            question: "",
            meaning: &meaning(vector),
            lexical_weight: 0.5,
        };
        let found = self.index.search(&self.store, within, &sought).await.unwrap();
        let seqs: Vec<i64> = found.dense.iter().map(|(seq, _)| *seq).collect();
        let rows = self.store.passages(within, &seqs).await.unwrap();
        let name = |seq: &i64| {
            rows.iter()
                .find(|row| row.seq == *seq)
                .unwrap()
                .hit
                .document_name
                .clone()
        };
        seqs.iter().map(name).collect()
    }
}

fn meaning(vector: &[f32; DIMENSION]) -> Meaning {
    Meaning {
        vector: vector.to_vec(),
        fluency: 1.0,
    }
}

/// A unit vector that points mostly along one axis.
fn along(axis: usize, rest: f32) -> [f32; DIMENSION] {
    let mut vector = [rest; DIMENSION];
    vector[axis] = 1.0;
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.map(|value| value / length)
}

#[tokio::test]
async fn what_is_added_is_found_and_what_is_deleted_is_not() {
    let fixture = Fixture::new(1 << 20).await;
    let base = fixture.knowledge_base("one").await;
    let near = fixture.add(base, "near", &[along(0, 0.0), along(0, 0.1)]).await;
    fixture.add(base, "far", &[along(0, 0.5)]).await;
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["near", "near", "far"]);

    // Nobody tells the index of this one.
    fixture.store.delete_document(fixture.user, near).await.unwrap();
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["far"]);

    let again = fixture.add(base, "near", &[along(0, 0.0)]).await;
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["near", "far"]);
    fixture.store.delete_document(fixture.user, again).await.unwrap();
    fixture.index.forget_document(base, again);
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["far"]);
}

#[tokio::test]
async fn a_deleted_document_takes_no_place_among_the_best() {
    let fixture = Fixture::new(1 << 20).await;
    let base = fixture.knowledge_base("one").await;
    let many = fixture.add(base, "many", &[along(0, 0.0); 150]).await;
    fixture.add(base, "last", &[along(0, 0.9)]).await;
    assert!(
        !fixture
            .nearest(&[base], &along(0, 0.0))
            .await
            .contains(&"last".to_owned())
    );
    fixture.store.delete_document(fixture.user, many).await.unwrap();
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["last"]);
}

#[tokio::test]
async fn only_the_named_knowledge_bases_are_searched_and_all_fit_any_budget() {
    // Room for nothing: everything is dropped and read again.
    let fixture = Fixture::new(0).await;
    let (one, two) = (fixture.knowledge_base("one").await, fixture.knowledge_base("two").await);
    fixture.add(one, "in one", &[along(0, 0.0)]).await;
    fixture.add(two, "in two", &[along(0, 0.2)]).await;
    for _ in 0..3 {
        assert_eq!(fixture.nearest(&[one], &along(0, 0.0)).await, ["in one"]);
        assert_eq!(fixture.nearest(&[two], &along(0, 0.0)).await, ["in two"]);
        assert_eq!(fixture.nearest(&[one, two], &along(0, 0.0)).await, ["in one", "in two"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn searches_beside_additions_and_deletions_see_only_what_is_there() {
    let fixture = std::sync::Arc::new(Fixture::new(1 << 20).await);
    let base = fixture.knowledge_base("one").await;
    fixture.add(base, "stays", &[along(1, 0.0); 3]).await;
    let searching: Vec<_> = (0..3)
        .map(|_| {
            let fixture = fixture.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    let sought = Sought {
                        question: "",
                        meaning: &meaning(&along(1, 0.0)),
                        lexical_weight: 0.5,
                    };
                    let found = fixture.index.search(&fixture.store, &[base], &sought).await.unwrap();
                    assert!(found.dense.len() >= 3);
                }
            })
        })
        .collect();
    for round in 0..20 {
        let id = fixture
            .add(base, &format!("comes and goes {round}"), &[along(1, 0.1); 5])
            .await;
        fixture.store.delete_document(fixture.user, id).await.unwrap();
        fixture.index.forget_document(base, id);
    }
    for search in searching {
        search.await.unwrap();
    }
    assert_eq!(fixture.nearest(&[base], &along(1, 0.0)).await, ["stays"; 3]);
}
