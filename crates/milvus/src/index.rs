//! Finding passages on Milvus. What it finds counts only as far as the database has it.

use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};

use api::{Document, DocumentId, KnowledgeBaseId, PassageId};
use async_trait::async_trait;
use engine::lexical;
use store::{CANDIDATES, IndexError, OWN_INDEX, PassageIndex, Rankings, Sought, Store, cosine};

use crate::{
    Address,
    collection::{Collection, Found, Part},
    server::{SERVER, Server},
};

/// Passages sent at a time: about 2 MB with 384 numbers each.
pub(crate) const PASSAGES_A_CALL: u32 = 500;

/// How often a search is repeated without what it found that is no more.
const MOST_ROUNDS: usize = 4;

/// The index of passages on a Milvus server. An older one finds by meaning alone, and words are found by the database.
pub struct MilvusIndex {
    pub(crate) server: Server,
}

impl MilvusIndex {
    /// Connects when it is first used.
    pub fn new(address: Address) -> Self {
        Self {
            server: Server::new(address),
        }
    }

    /// Sees to it that the passages of this store, each with a vector of so many numbers, are found by this index. Several
    /// programs may do so at once.
    ///
    /// # Errors
    /// [`IndexError::NotBuilt`] when there are passages that were never put into it.
    pub async fn prepare(&self, store: &Store, dimension: usize) -> Result<(), IndexError> {
        if store.index_generation().await? != OWN_INDEX {
            return Ok(());
        }
        if store.count_passages().await? > 0 {
            return Err(IndexError::NotBuilt { server: SERVER });
        }
        match self.rebuild(store, dimension, |_| {}).await {
            Err(IndexError::Superseded) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The version of the server, once it answers.
    pub async fn version(&self) -> Result<String, IndexError> {
        Ok(self.server.connected().await?.version)
    }

    /// How many passages it holds of each of these knowledge bases, and in all.
    pub async fn counts(
        &self,
        store: &Store,
        of: impl IntoIterator<Item = KnowledgeBaseId>,
    ) -> Result<(HashMap<KnowledgeBaseId, u64>, u64), IndexError> {
        let collection = self.in_use(store).await?;
        let mut counts = HashMap::new();
        for id in of {
            counts.insert(id, collection.count(Part::KnowledgeBase(id)).await?);
        }
        Ok((counts, collection.count(Part::All).await?))
    }

    async fn in_use(&self, store: &Store) -> Result<Collection, IndexError> {
        match store.index_generation().await? {
            OWN_INDEX => Err(IndexError::NotBuilt { server: SERVER }),
            generation => Ok(Collection::new(self.server.connected().await?, generation)),
        }
    }
}

/// A number that no other index of this or another installation has on the same server.
pub(crate) fn new_generation() -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

#[async_trait]
impl PassageIndex for MilvusIndex {
    async fn take(&self, store: &Store, document: &Document, passages: u32) -> Result<i64, IndexError> {
        let collection = self.in_use(store).await?;
        // Of an earlier reading, or an earlier attempt.
        collection.remove_documents([document.id]).await?;
        for from in (0..passages).step_by(PASSAGES_A_CALL as usize) {
            let until = passages.min(from + PASSAGES_A_CALL);
            let staged = store
                .staged(document.id, document.knowledge_base_id, from..until)
                .await?;
            collection.insert(&staged).await?;
        }
        // Asked in a way that waits until they can be found.
        let there = collection.count(Part::Document(document.id)).await?;
        if there == u64::from(passages) {
            return Ok(collection.generation);
        }
        Err(IndexError::Failed {
            server: SERVER,
            reason: format!("it has {there} of a document's {passages} passages"),
        })
    }

    async fn search(
        &self,
        store: &Store,
        within: &[KnowledgeBaseId],
        sought: &Sought<'_>,
    ) -> Result<Rankings, IndexError> {
        if within.is_empty() {
            return Ok(Rankings::default());
        }
        let collection = self.in_use(store).await?;
        let terms = lexical::terms(sought.question);
        let vector = &sought.meaning.vector;
        let mut without = BTreeSet::new();
        for round in 1.. {
            let (near, worded) = tokio::try_join!(
                collection.nearest(within, &without, vector),
                with_words(&collection, within, &without, &terms),
            )?;
            let found = || near.iter().chain(&worded);
            let ids: BTreeSet<PassageId> = found().map(|found| found.passage).collect();
            let placed = store
                .placed_passages(within, &ids.into_iter().collect::<Vec<_>>())
                .await?;
            let gone: BTreeSet<DocumentId> = found()
                .filter(|found| !placed.contains_key(&found.passage))
                .map(|found| found.document)
                .collect();
            if !gone.is_empty() && round < MOST_ROUNDS {
                // Others take their places.
                free(store, &collection, &gone).await;
                without.extend(gone);
                continue;
            }
            let exact = placed
                .values()
                .map(|placed| (placed.seq, cosine(&placed.vector, vector)));
            let cosines: HashMap<i64, f32> = exact.collect();
            let nearest = near.iter().filter_map(|found| placed.get(&found.passage));
            let mut dense: Vec<(i64, f32)> = nearest.map(|placed| (placed.seq, cosines[&placed.seq])).collect();
            dense.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let lexical = if collection.knows_words() {
                let placed = |found: &Found| Some((placed.get(&found.passage)?.seq, found.score));
                worded.iter().filter_map(placed).collect()
            } else {
                store.lexical_search(within, &terms, CANDIDATES).await?
            };
            return Ok(Rankings::of(store, within, sought, lexical, dense, cosines).await?);
        }
        unreachable!("the last round returns")
    }

    async fn forget_document(&self, store: &Store, _: KnowledgeBaseId, document: DocumentId) -> Result<(), IndexError> {
        self.in_use(store).await?.remove_documents([document]).await
    }

    async fn forget(&self, store: &Store, knowledge_base: KnowledgeBaseId) -> Result<(), IndexError> {
        self.in_use(store).await?.remove_knowledge_base(knowledge_base).await
    }

    async fn reachable(&self) -> Result<(), IndexError> {
        self.server.connected().await?.version().await.map(drop)
    }
}

async fn with_words(
    collection: &Collection,
    within: &[KnowledgeBaseId],
    without: &BTreeSet<DocumentId>,
    terms: &[String],
) -> Result<Vec<Found>, IndexError> {
    if terms.is_empty() || !collection.knows_words() {
        return Ok(Vec::new());
    }
    collection.with_words(within, without, terms).await
}

/// Removes what is left of documents that were deleted. Those that are only being read stay.
async fn free(store: &Store, collection: &Collection, gone: &BTreeSet<DocumentId>) {
    let removed = async {
        let exist = store
            .documents_that_exist(&gone.iter().copied().collect::<Vec<_>>())
            .await?;
        let deleted: Vec<DocumentId> = gone.iter().filter(|id| !exist.contains(id)).copied().collect();
        if deleted.is_empty() {
            return Ok(());
        }
        collection.remove_documents(deleted).await
    };
    if let Err(error) = removed.await {
        tracing::warn!(%error, "the index still holds passages of deleted documents");
    }
}
