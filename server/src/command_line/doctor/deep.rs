//! Whether database and original files fit together, document by document.

use std::collections::HashSet;

use api::DocumentId;
use futures::TryStreamExt;
use object_store::ObjectStore;
use store::{Schema, Store};

use super::{finding::Finding, milvus};
use crate::{config::Config, documents::document_at, state::originals};

/// Names that are told; of more it is said how many there are.
const MOST_NAMED: usize = 10;

pub async fn check(config: &Config, repair: bool) -> Vec<Finding> {
    let database = config.database();
    if !matches!(Store::schema(&database).await, Ok(Schema::Current)) {
        return vec![Finding::ok(
            "documents",
            "there is no database of this version to look through",
        )];
    }
    let store = match Store::open(&database).await {
        Ok(store) => store,
        Err(error) => return vec![Finding::fail("documents", error)],
    };
    let mut findings = vec![
        documents(&store, repair)
            .await
            .unwrap_or_else(|error| Finding::fail("documents", error)),
        files(config, &store)
            .await
            .unwrap_or_else(|error| Finding::fail("originals of documents", error)),
    ];
    findings.extend(milvus::compare(config, &store, repair).await);
    store.close().await;
    findings
}

async fn documents(store: &Store, repair: bool) -> Result<Finding, Box<dyn std::error::Error>> {
    const WHAT: &str = "documents";
    let damaged = store.damaged_documents().await?;
    if damaged.is_empty() {
        return Ok(Finding::ok(
            WHAT,
            "of each, passages, vectors, words and text are all there",
        ));
    }
    let named = named(
        damaged
            .iter()
            .map(|found| format!("{} ({}) {}", found.name, found.document, found.missing)),
    );
    if repair {
        let ids: Vec<DocumentId> = damaged.iter().map(|found| found.document).collect();
        store.read_again(&ids).await?;
        return Ok(Finding::warn(WHAT, format!("{named}. A worker reads them again now")));
    }
    Ok(Finding::fail(
        WHAT,
        format!("{named}. With --repair they are read again from their originals"),
    ))
}

async fn files(config: &Config, store: &Store) -> Result<Finding, Box<dyn std::error::Error>> {
    const WHAT: &str = "originals of documents";
    let documents = store.existing_documents().await?;
    // Listed after the documents: an original is stored before its document.
    let stored: HashSet<DocumentId> = originals(config)?
        .list(None)
        .try_filter_map(|object| async move { Ok(document_at(&object.location)) })
        .try_collect()
        .await?;
    let missing: Vec<&DocumentId> = documents.iter().filter(|id| !stored.contains(id)).collect();
    if missing.is_empty() {
        return Ok(Finding::ok(WHAT, format!("all {} are there", documents.len())));
    }
    let named = named(missing.iter().map(ToString::to_string));
    Ok(Finding::fail(
        WHAT,
        format!("missing: {named}. Restore them from a backup"),
    ))
}

fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let mut named = names.take(MOST_NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        named.push_str(&format!("; and {more} more"));
    }
    named
}
