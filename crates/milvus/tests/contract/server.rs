//! What only an index on another server has to keep to.

use std::time::Duration;

use milvus::{Address, MilvusIndex};
use store::{EmbeddedIndex, IndexError, PassageIndex, Sought};

use crate::{
    index::Kind,
    passage_index::{DIMENSION, Fixture, along, meaning},
};

async fn what_is_stored_is_put_into_a_new_index_while_the_old_one_is_searched(kind: Kind) {
    let fixture = Fixture::new(kind, 0).await;
    let base = fixture.knowledge_base("one").await;
    fixture.add(base, "first", &[along(0, 0.0); 3]).await;
    let index = kind.open(&fixture.store, DIMENSION).await;
    let old = fixture.store.index_generation().await.unwrap();

    let mut told = 0;
    let rebuilding = index.rebuild(&fixture.store, DIMENSION, |done| told = done);
    let searching = async {
        for _ in 0..20 {
            assert_eq!(fixture.nearest(&[base], &along(0, 0.0)).await, ["first"; 3]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (rebuilt, ()) = tokio::join!(rebuilding, searching);
    assert_eq!((rebuilt.unwrap(), told), (3, 3));
    assert_ne!(fixture.store.index_generation().await.unwrap(), old);

    fixture.add(base, "second", &[along(0, 0.1)]).await;
    assert_eq!(
        fixture.nearest(&[base], &along(0, 0.0)).await,
        ["first", "first", "first", "second"]
    );
    let (counts, all) = index.counts(&fixture.store, [base]).await.unwrap();
    assert_eq!((counts[&base], all), (4, 4));
    assert_eq!(fixture.worded(&[base], "second").await[0].0, "second");
}

async fn passages_from_before_milvus_are_asked_for_and_then_found(kind: Kind) {
    let fixture = Fixture::new(kind, 0).await;
    let base = fixture.knowledge_base("one").await;
    // As if there had been no Milvus.
    let milvus = fixture.store.index_generation().await.unwrap();
    assert!(fixture.store.use_index(milvus, store::OWN_INDEX, 0).await.unwrap());
    let embedded = Fixture {
        index: std::sync::Arc::new(EmbeddedIndex::new(DIMENSION, 1 << 20)),
        ..fixture
    };
    embedded.add(base, "early", &[along(2, 0.0)]).await;

    let index = MilvusIndex::new(Address::parse(&kind.address()).unwrap());
    let refused = index.prepare(&embedded.store, DIMENSION).await;
    assert!(matches!(refused, Err(IndexError::NotBuilt { .. })), "{refused:?}");
    assert_eq!(index.rebuild(&embedded.store, DIMENSION, |_| {}).await.unwrap(), 1);
    index.prepare(&embedded.store, DIMENSION).await.unwrap();
    let fixture = Fixture {
        index: std::sync::Arc::new(index),
        ..embedded
    };
    assert_eq!(fixture.nearest(&[base], &along(2, 0.0)).await, ["early"]);
}

on_each_index! {
    what_is_stored_is_put_into_a_new_index_while_the_old_one_is_searched,
    passages_from_before_milvus_are_asked_for_and_then_found,
}

fn sought<'m>(meaning: &'m engine::embed::Meaning) -> Sought<'m> {
    Sought {
        question: "lighthouse",
        meaning,
        lexical_weight: 0.5,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_refuses_says_what_to_do() {
    let fixture = Fixture::new(Kind::Old, 0).await;
    let base = fixture.knowledge_base("one").await;
    let meaning = meaning(&along(0, 0.0));

    let nobody = MilvusIndex::new(Address::parse("http://127.0.0.1:9").unwrap());
    let error = nobody
        .search(&fixture.store, &[base], &sought(&meaning))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");

    let address = Kind::Old.address().replace(":Milvus@", ":wrong@");
    let stranger = MilvusIndex::new(Address::parse(&address).unwrap());
    let error = stranger
        .search(&fixture.store, &[base], &sought(&meaning))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("check the user and the password"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_lost_is_asked_for() {
    let fixture = Fixture::new(Kind::Lite, 0).await;
    let base = fixture.knowledge_base("one").await;
    // Of a server that has other data by now.
    let lost = fixture.store.index_generation().await.unwrap();
    assert!(fixture.store.use_index(lost, 7, 0).await.unwrap());
    let meaning = meaning(&along(0, 0.0));
    let error = fixture
        .index
        .search(&fixture.store, &[base], &sought(&meaning))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("hyperion reindex"), "{error}");
}
