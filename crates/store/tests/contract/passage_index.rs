//! What is found is what is stored: whatever was added, read again or deleted meanwhile.

use std::sync::Arc;

use api::{DocumentId, KnowledgeBaseId, Stage, UserId};
use engine::{document::ExtractedText, embed::Meaning, lexical, split::Passage};
use store::{NewPassage, PassageIndex, Published, Sought, Store};
use uuid::Uuid;

use crate::{database::Database, index::Kind};

pub const DIMENSION: usize = 8;

pub struct Fixture {
    pub store: Store,
    pub index: Arc<dyn PassageIndex>,
    pub database: Database,
    pub user: UserId,
}

impl Fixture {
    /// An index of this kind with about so many bytes of memory, where that can be said.
    pub async fn new(kind: Kind, budget: usize) -> Self {
        let database = kind.database().await;
        Self {
            index: kind.index(&database.store, DIMENSION, budget).await,
            store: database.store.clone(),
            user: database.user("a@example.org").await,
            database,
        }
    }

    pub async fn knowledge_base(&self, name: &str) -> KnowledgeBaseId {
        self.database.knowledge_base(self.user, name).await
    }

    /// Adds a document with a passage for each vector.
    pub async fn add(&self, knowledge_base: KnowledgeBaseId, name: &str, vectors: &[[f32; DIMENSION]]) -> DocumentId {
        self.add_text(knowledge_base, name, name, vectors).await
    }

    pub async fn add_text(
        &self,
        knowledge_base: KnowledgeBaseId,
        name: &str,
        text: &str,
        vectors: &[[f32; DIMENSION]],
    ) -> DocumentId {
        let id = self.database.document(self.user, knowledge_base, name, 1).await;
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
                NewPassage::new(ordinal, Vec::new(), passage, lexical::terms(text).join(" "), vector)
            })
            .collect();
        self.store
            .stage_passages(&job, Stage::Embed, 1.0, &passages)
            .await
            .unwrap();
        let document = self.store.document(self.user, id).await.unwrap();
        let count = u32::try_from(passages.len()).unwrap();
        let index = self.index.take(&self.store, &document, count).await.unwrap();
        let published = Published {
            media_type: "text/plain",
            text: &ExtractedText::default(),
            passages: count,
            index,
        };
        self.store.publish_document(&job, published).await.unwrap().unwrap();
        id
    }

    /// The names of the documents of the nearest passages, best first.
    pub async fn nearest(&self, within: &[KnowledgeBaseId], vector: &[f32; DIMENSION]) -> Vec<String> {
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

pub fn meaning(vector: &[f32; DIMENSION]) -> Meaning {
    Meaning {
        vector: vector.to_vec(),
        fluency: 1.0,
    }
}

/// A unit vector that points mostly along one axis.
pub fn along(axis: usize, rest: f32) -> [f32; DIMENSION] {
    let mut vector = [rest; DIMENSION];
    vector[axis] = 1.0;
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.map(|value| value / length)
}

async fn what_is_added_is_found_and_what_is_deleted_is_not(kind: Kind) {
    let fixture = Fixture::new(kind, 1 << 20).await;
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
    let forgotten = fixture.index.forget_document(&fixture.store, base, again);
    forgotten.await.unwrap();
    assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["far"]);
}

async fn a_deleted_document_takes_no_place_among_the_best(kind: Kind) {
    let fixture = Fixture::new(kind, 1 << 20).await;
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

async fn only_the_named_knowledge_bases_are_searched_and_all_fit_any_budget(kind: Kind) {
    // Room for nothing: everything is dropped and read again.
    let fixture = Fixture::new(kind, 0).await;
    let (one, two) = (fixture.knowledge_base("one").await, fixture.knowledge_base("two").await);
    fixture.add(one, "in one", &[along(0, 0.0)]).await;
    fixture.add(two, "in two", &[along(0, 0.2)]).await;
    for _ in 0..3 {
        assert_eq!(fixture.nearest(&[one], &along(0, 0.0)).await, ["in one"]);
        assert_eq!(fixture.nearest(&[two], &along(0, 0.0)).await, ["in two"]);
        assert_eq!(fixture.nearest(&[one, two], &along(0, 0.0)).await, ["in one", "in two"]);
    }
}

async fn searches_beside_additions_and_deletions_see_only_what_is_there(kind: Kind) {
    let fixture = Arc::new(Fixture::new(kind, 1 << 20).await);
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
        let forgotten = fixture.index.forget_document(&fixture.store, base, id);
        forgotten.await.unwrap();
    }
    for search in searching {
        search.await.unwrap();
    }
    assert_eq!(fixture.nearest(&[base], &along(1, 0.0)).await, ["stays"; 3]);
}

impl Fixture {
    /// The documents of the best passages in words, with their scores.
    pub async fn worded(&self, within: &[KnowledgeBaseId], question: &str) -> Vec<(String, f32)> {
        let sought = Sought {
            question,
            meaning: &meaning(&along(0, 0.0)),
            lexical_weight: 1.0,
        };
        let found = self.index.search(&self.store, within, &sought).await.unwrap().lexical;
        let seqs: Vec<i64> = found.iter().map(|(seq, _)| *seq).collect();
        let rows = self.store.passages(within, &seqs).await.unwrap();
        let name = |seq: i64| {
            let row = rows.iter().find(|row| row.seq == seq).unwrap();
            row.hit.document_name.clone()
        };
        found.into_iter().map(|(seq, score)| (name(seq), score)).collect()
    }
}

async fn words_are_found_in_the_named_knowledge_bases_alone(kind: Kind) {
    let fixture = Fixture::new(kind, 0).await;
    let (one, two) = (fixture.knowledge_base("one").await, fixture.knowledge_base("two").await);
    let kept = fixture.add(one, "lighthouse in one", &[along(0, 0.0)]).await;
    fixture.add(two, "lighthouse in two", &[along(0, 0.0)]).await;
    // Says the name that the index has for the other knowledge base.
    let token = format!("lighthouse kb{}", one.0.simple());
    fixture.add_text(two, "pretends", &token, &[along(0, 0.0)]).await;
    let names = async |within: &[KnowledgeBaseId]| {
        let mut names: Vec<String> = fixture
            .worded(within, "lighthouse")
            .await
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&[one]).await, ["lighthouse in one"]);
    assert_eq!(names(&[two]).await, ["lighthouse in two", "pretends"]);
    assert_eq!(names(&[one, two]).await.len(), 3);
    fixture.store.delete_document(fixture.user, kept).await.unwrap();
    assert!(names(&[one]).await.is_empty());
}

on_each_index! {
    what_is_added_is_found_and_what_is_deleted_is_not,
    a_deleted_document_takes_no_place_among_the_best,
    only_the_named_knowledge_bases_are_searched_and_all_fit_any_budget,
    searches_beside_additions_and_deletions_see_only_what_is_there,
    words_are_found_in_the_named_knowledge_bases_alone,
}
