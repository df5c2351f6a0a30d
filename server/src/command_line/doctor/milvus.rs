//! The index of passages on Milvus, where there is one.

use engine::embed::Embedder;
use store::{IndexError, OWN_INDEX, Schema, Store};

use super::finding::Finding;
use crate::{
    config::Config,
    state::{self, milvus_index},
};

pub async fn check(config: &Config) -> Option<Finding> {
    const WHAT: &str = "Milvus";
    let milvus = milvus_index(config)?;
    Some(match milvus.version().await {
        Ok(_) if lacks_all(config).await => {
            Finding::fail(WHAT, "answers, but the passages are not in it: run `hyperion reindex`")
        }
        Ok(version) => Finding::ok(WHAT, format!("answers, version {version}")),
        Err(error) => Finding::fail(WHAT, error),
    })
}

/// Whether there are passages that were never put into Milvus. Of a database that cannot be opened, others tell.
async fn lacks_all(config: &Config) -> bool {
    let database = config.database();
    if !matches!(Store::schema(&database).await, Ok(Schema::Current)) {
        return false;
    }
    let Ok(store) = Store::open(&database).await else {
        return false;
    };
    let known = async {
        let in_use = store.index_generation().await? != OWN_INDEX;
        Ok::<_, IndexError>(!in_use && store.count_passages().await? > 0)
    };
    let lacks = known.await.unwrap_or(false);
    store.close().await;
    lacks
}

/// Whether Milvus holds as many passages of every knowledge base as the database.
pub async fn compare(config: &Config, store: &Store, repair: bool) -> Option<Finding> {
    const WHAT: &str = "passages in Milvus";
    let milvus = milvus_index(config)?;
    let compared = async {
        let stored = store.passage_counts().await?;
        let (held, in_all) = milvus.counts(store, stored.iter().map(|(id, _)| *id)).await?;
        let lacking: u64 = stored.iter().map(|(id, count)| count.saturating_sub(held[id])).sum();
        let total: u64 = stored.iter().map(|(_, count)| count).sum();
        if lacking == 0 {
            let more = in_all.saturating_sub(total);
            let message = format!("all {total} are there, and {more} of deleted documents, which nobody finds");
            return Ok(Finding::ok(WHAT, message));
        }
        if !repair {
            let message = format!(
                "{lacking} of {total} are missing. With --repair, or by `hyperion reindex`, the index is made anew"
            );
            return Ok(Finding::fail(WHAT, message));
        }
        let dimension = state::model(config, 1)?.dimension();
        milvus.rebuild(store, dimension, |_| {}).await?;
        let message = format!("{lacking} of {total} were missing. The index was made anew");
        Ok::<_, Box<dyn std::error::Error>>(Finding::warn(WHAT, message))
    };
    Some(compared.await.unwrap_or_else(|error| Finding::fail(WHAT, error)))
}
