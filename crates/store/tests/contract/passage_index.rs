//! What is found is what is stored: whatever was added, read again or deleted meanwhile.

use std::sync::Arc;

use api::{DocumentId, KnowledgeBaseId, Stage, UserId};
use engine::{document::ExtractedText, embed::Meaning, lexical, split::Passage};
use store::{EmbeddedIndex, NewPassage, OWN_INDEX, PassageIndex, Published, Sought, Store};
use uuid::Uuid;

use crate::database::Database;

const DIMENSION: usize = 8;

struct Fixture {
    store: Store,
    index: EmbeddedIndex,
    user: UserId,
    database: Database,
}

impl Fixture {
    async fn new(database: Database, budget: usize) -> Self {
        Self {
            index: EmbeddedIndex::new(DIMENSION, budget),
            store: database.store.clone(),
            user: database.user("a@example.org").await,
            database,
        }
    }

    async fn knowledge_base(&self, name: &str) -> KnowledgeBaseId {
        self.database.knowledge_base(self.user, name).await
    }

    /// Adds a document with a passage for each vector.
    async fn add(&self, knowledge_base: KnowledgeBaseId, name: &str, vectors: &[[f32; DIMENSION]]) -> DocumentId {
        self.add_text(knowledge_base, name, name, vectors).await
    }

    async fn add_text(
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
        let published = Published {
            media_type: "text/plain",
            text: &ExtractedText::default(),
            passages: u32::try_from(passages.len()).unwrap(),
            index: OWN_INDEX,
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

async fn what_is_added_is_found_and_what_is_deleted_is_not(database: Database) {
    let fixture = Fixture::new(database, 1 << 20).await;
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

async fn a_deleted_document_takes_no_place_among_the_best(database: Database) {
    let fixture = Fixture::new(database, 1 << 20).await;
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

async fn only_the_named_knowledge_bases_are_searched_and_all_fit_any_budget(database: Database) {
    // Room for nothing: everything is dropped and read again.
    let fixture = Fixture::new(database, 0).await;
    let (one, two) = (fixture.knowledge_base("one").await, fixture.knowledge_base("two").await);
    fixture.add(one, "in one", &[along(0, 0.0)]).await;
    fixture.add(two, "in two", &[along(0, 0.2)]).await;
    for _ in 0..3 {
        assert_eq!(fixture.nearest(&[one], &along(0, 0.0)).await, ["in one"]);
        assert_eq!(fixture.nearest(&[two], &along(0, 0.0)).await, ["in two"]);
        assert_eq!(fixture.nearest(&[one, two], &along(0, 0.0)).await, ["in one", "in two"]);
    }
}

async fn searches_beside_additions_and_deletions_see_only_what_is_there(database: Database) {
    let fixture = Arc::new(Fixture::new(database, 1 << 20).await);
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

const TEXTS: [&str; 8] = [
    "The harbour master keeps the keys of the lighthouse, and the lighthouse keeps the harbour.",
    "A lighthouse stands on the northern pier.",
    "Keys are kept by the porter; lost keys cost nine euros. Keys, keys, keys.",
    "租金为每月九百欧元，港口在北边。",
    "ภาษาไทยในท่าเรือ",
    "हिन्दी भाषा में बंदरगाह",
    "It's the porter's \\ own 'key' & | ! <-> (odd): signs kb00000000000000000000000000000000",
    "Nothing of the kind is said here, at some length, about boats, ropes, anchors, sails and the weather.",
];

const QUESTIONS: [&str; 9] = [
    "who keeps the lighthouse keys",
    "keys keys harbour",
    "港口 租金",
    "ภาษาไทย",
    "भाषा",
    "porter's 'key' \\ & | !",
    "kb00000000000000000000000000000000",
    "zebra",
    "of the",
];

/// The best texts in words, with their scores.
async fn ranked(fixture: &Fixture, within: &[KnowledgeBaseId], question: &str) -> Vec<(String, f32)> {
    let found = fixture
        .store
        .lexical_search(within, &lexical::terms(question), 10)
        .await
        .unwrap();
    let seqs: Vec<i64> = found.iter().map(|(seq, _)| *seq).collect();
    let rows = fixture.store.passages(within, &seqs).await.unwrap();
    let name = |seq: i64| {
        let row = rows.iter().find(|row| row.seq == seq).unwrap();
        row.hit.document_name.clone()
    };
    found.into_iter().map(|(seq, score)| (name(seq), score)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_ranked_alike_by_either_database() {
    let mut rankings = Vec::new();
    for database in [Database::sqlite().await, Database::postgres().await] {
        let fixture = Fixture::new(database, 0).await;
        let base = fixture.knowledge_base("one").await;
        for (name, text) in TEXTS.iter().enumerate() {
            fixture.add_text(base, &name.to_string(), text, &[along(0, 0.0)]).await;
        }
        let mut ranking = Vec::new();
        for question in QUESTIONS {
            ranking.push(ranked(&fixture, &[base], question).await);
        }
        rankings.push(ranking);
    }
    let [sqlite, postgres] = &rankings[..] else {
        unreachable!()
    };
    for ((question, sqlite), postgres) in QUESTIONS.iter().zip(sqlite).zip(postgres) {
        assert_eq!(sqlite.len(), postgres.len(), "{question}");
        for (one, other) in sqlite.iter().zip(postgres) {
            assert_eq!(one.0, other.0, "{question}");
            assert!(
                (one.1 / other.1 - 1.0).abs() < 0.05,
                "{question}: {one:?} and {other:?}"
            );
        }
    }
    assert_eq!(sqlite.iter().filter(|found| found.is_empty()).count(), 2, "{sqlite:?}");
}

/// What PostgreSQL knows of its terms once it has looked at them.
#[tokio::test(flavor = "multi_thread")]
async fn words_are_still_found_when_postgres_knows_how_frequent_they_are() {
    let fixture = Fixture::new(Database::postgres().await, 0).await;
    let base = fixture.knowledge_base("one").await;
    for n in 0..60 {
        let text = if n == 7 {
            "a rare common lighthouse"
        } else {
            "a common thing"
        };
        fixture.add_text(base, &n.to_string(), text, &[along(0, 0.0)]).await;
    }
    fixture.database.run("ANALYZE passage_terms").await;
    assert_eq!(ranked(&fixture, &[base], "common lighthouse").await[0].0, "7");
    assert_eq!(ranked(&fixture, &[base], "common").await.len(), 10);
}

async fn words_are_found_in_the_named_knowledge_bases_alone(database: Database) {
    let fixture = Fixture::new(database, 0).await;
    let (one, two) = (fixture.knowledge_base("one").await, fixture.knowledge_base("two").await);
    let kept = fixture.add(one, "lighthouse in one", &[along(0, 0.0)]).await;
    fixture.add(two, "lighthouse in two", &[along(0, 0.0)]).await;
    // Says the name that the index has for the other knowledge base.
    let token = format!("lighthouse kb{}", one.0.simple());
    fixture.add_text(two, "pretends", &token, &[along(0, 0.0)]).await;
    let names = async |within: &[KnowledgeBaseId]| {
        let mut names: Vec<String> = ranked(&fixture, within, "lighthouse")
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

on_each_database! {
    what_is_added_is_found_and_what_is_deleted_is_not,
    a_deleted_document_takes_no_place_among_the_best,
    only_the_named_knowledge_bases_are_searched_and_all_fit_any_budget,
    searches_beside_additions_and_deletions_see_only_what_is_there,
    words_are_found_in_the_named_knowledge_bases_alone,
}
