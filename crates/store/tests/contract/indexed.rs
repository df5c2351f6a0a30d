//! What an index on another server is given.

use api::{DocumentId, KnowledgeBaseId, Stage};
use engine::{document::ExtractedText, lexical, split::Passage};
use store::{NewPassage, OWN_INDEX, Published, StoreError};
use uuid::Uuid;

use crate::database::Database;

const TITLE: &str = "Prices of 北京";

/// Reads a document with a passage from a table and one under a heading, as far as publishing it.
async fn read(
    database: &Database,
    knowledge_base: KnowledgeBaseId,
    name: &str,
    index: i64,
) -> Result<DocumentId, StoreError> {
    let owner = database.store.user_by_email("a@example.org").await?.unwrap().user.id;
    let id = database.document(owner, knowledge_base, name, 1).await;
    let job = database.store.lease_job(Uuid::now_v7(), 60_000, 1).await?.unwrap();
    let passages: Vec<NewPassage> = (0..)
        .zip(passages())
        .map(|(ordinal, passage)| {
            let terms = lexical::terms(&passage.with_context(TITLE)).join(" ");
            NewPassage::new(ordinal, Vec::new(), passage, terms, &[1.0, 0.0])
        })
        .collect();
    database
        .store
        .stage_passages(&job, Stage::Embed, 1.0, &passages)
        .await?;
    let text = ExtractedText {
        title: Some(TITLE.to_owned()),
        ..ExtractedText::default()
    };
    let published = Published {
        media_type: "text/plain",
        text: &text,
        passages: 2,
        index,
    };
    database.store.publish_document(&job, published).await?;
    Ok(id)
}

fn passages() -> [Passage; 2] {
    let passage = |text: &str, heading: &str, table_head: Option<&str>| Passage {
        text: text.to_owned(),
        range: 0..1,
        characters: 0..1,
        first_page: 1,
        last_page: 1,
        heading_path: vec![heading.to_owned()],
        table_head: table_head.map(str::to_owned),
    };
    [
        passage("| Milk | 2 |", "Dairy", Some("| Item | Price |")),
        passage("Salt is cheap.", "Spices", None),
    ]
}

async fn terms_made_anew_are_those_that_were_stored(database: Database) {
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    let mut documents = Vec::new();
    for name in ["first", "second"] {
        documents.push(read(&database, base, name, OWN_INDEX).await.unwrap());
    }
    let first = database.store.indexed_passages_after(0, 3).await.unwrap();
    let rest = database.store.indexed_passages_after(first[2].seq, 3).await.unwrap();
    let all: Vec<_> = first.into_iter().chain(rest).collect();
    let expected = passages().map(|passage| lexical::terms(&passage.with_context(TITLE)).join(" "));
    assert_eq!(
        all.iter().map(|passage| passage.terms.as_str()).collect::<Vec<_>>(),
        [&expected[0], &expected[1], &expected[0], &expected[1]]
    );
    assert_eq!(
        all.iter().map(|passage| passage.document).collect::<Vec<_>>(),
        [documents[0], documents[0], documents[1], documents[1]]
    );

    let ids: Vec<_> = all.iter().map(|passage| passage.id).collect();
    let placed = database.store.placed_passages(&[base], &ids).await.unwrap();
    assert!(
        all.iter()
            .all(|passage| placed[&passage.id].seq == passage.seq && placed[&passage.id].vector == passage.vector)
    );
    let elsewhere = database.knowledge_base(owner, "two").await;
    assert!(
        database
            .store
            .placed_passages(&[elsewhere], &ids)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_document_is_published_only_by_who_used_the_index_that_is_in_use(database: Database) {
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    read(&database, base, "before", OWN_INDEX).await.unwrap();
    let last = database.store.indexed_passages_after(0, 10).await.unwrap()[1].seq;

    assert!(
        !database.store.use_index(OWN_INDEX, 1, last - 1).await.unwrap(),
        "a passage is missing in it"
    );
    assert_eq!(database.store.index_generation().await.unwrap(), OWN_INDEX);
    assert!(
        !database.store.use_index(2, 1, last).await.unwrap(),
        "another is in use"
    );
    assert_eq!(database.store.index_generation().await.unwrap(), OWN_INDEX);
    assert!(database.store.use_index(OWN_INDEX, 1, last).await.unwrap());
    assert_eq!(database.store.index_generation().await.unwrap(), 1);

    let refused = read(&database, base, "unaware", OWN_INDEX).await;
    assert!(matches!(refused, Err(StoreError::OtherIndex)), "{refused:?}");
    assert_eq!(database.store.count_passages().await.unwrap(), 2);
    read(&database, base, "aware", 1).await.unwrap();
    assert_eq!(database.store.passage_counts().await.unwrap(), [(base, 4)]);
}

on_each_database! {
    terms_made_anew_are_those_that_were_stored,
    a_document_is_published_only_by_who_used_the_index_that_is_in_use,
}
