//! Words are ranked alike by either database.

use crate::{
    index::Kind,
    passage_index::{Fixture, along},
};

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

#[tokio::test(flavor = "multi_thread")]
async fn words_are_ranked_alike_by_either_database() {
    let mut rankings = Vec::new();
    for kind in [Kind::OnSqlite, Kind::OnPostgres] {
        let fixture = Fixture::new(kind, 0).await;
        let base = fixture.knowledge_base("one").await;
        for (name, text) in TEXTS.iter().enumerate() {
            fixture.add_text(base, &name.to_string(), text, &[along(0, 0.0)]).await;
        }
        let mut ranking = Vec::new();
        for question in QUESTIONS {
            ranking.push(fixture.worded(&[base], question).await);
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
    let fixture = Fixture::new(Kind::OnPostgres, 0).await;
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
    assert_eq!(fixture.worded(&[base], "common lighthouse").await[0].0, "7");
    assert_eq!(fixture.worded(&[base], "common").await.len(), 60);
}
