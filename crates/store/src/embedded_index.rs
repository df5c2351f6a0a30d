//! The index of passages that needs no other server.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{Document, DocumentId, KnowledgeBaseId};
use async_trait::async_trait;
use engine::{
    dense::{Candidate, DenseBlock},
    embed::from_f16_bytes,
    lexical,
};

use crate::{
    IndexError, OWN_INDEX, PassageIndex, Rankings, Sought, Store, StoreError,
    passage_index::{CANDIDATES, cosine},
};

/// Finds words by the database's own index. Of the knowledge bases that were searched, the vectors are kept in memory, as
/// bytes, and scanned in full.
pub struct EmbeddedIndex {
    dimension: usize,
    /// Bytes of memory the vectors may take. What was searched longest ago is dropped first.
    budget: usize,
    held: Mutex<HashMap<KnowledgeBaseId, Arc<Held>>>,
    clock: AtomicU64,
}

/// The vectors of one knowledge base.
struct Held {
    block: RwLock<DenseBlock>,
    /// Up to where rows have been read; held while more are.
    read_until: tokio::sync::Mutex<i64>,
    used: AtomicU64,
}

impl EmbeddedIndex {
    pub fn new(dimension: usize, budget: usize) -> Self {
        Self {
            dimension,
            budget,
            held: Mutex::default(),
            clock: AtomicU64::default(),
        }
    }

    /// The nearest passages, best first, by their stored vectors. Reads first what was stored since the last search.
    async fn nearest(
        &self,
        store: &Store,
        within: &[KnowledgeBaseId],
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<(i64, f32)>, StoreError> {
        let mut blocks = Vec::with_capacity(within.len());
        for id in within {
            let held = self.hold(*id);
            self.refresh(store, *id, &held).await?;
            blocks.push(held);
        }
        self.evict();
        loop {
            let candidates = scan(blocks.clone(), vector.to_vec(), k).await?;
            let keys: Vec<i64> = candidates.iter().map(|candidate| candidate.key).collect();
            let stored = store.vectors(within, &keys).await?;
            let gone: HashSet<_> = candidates
                .iter()
                .filter(|candidate| !stored.contains_key(&candidate.key))
                .map(|candidate| candidate.document)
                .collect();
            if gone.is_empty() {
                let exact = |(key, stored): (&i64, &Vec<u8>)| (*key, cosine(stored, vector));
                let mut nearest: Vec<(i64, f32)> = stored.iter().map(exact).collect();
                nearest.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                return Ok(nearest);
            }
            // Deleted since they were read; others take their places.
            for held in &blocks {
                held.block.write().unwrap_or_else(PoisonError::into_inner).remove(&gone);
            }
        }
    }

    fn hold(&self, id: KnowledgeBaseId) -> Arc<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = held.entry(id).or_insert_with(|| {
            Arc::new(Held {
                block: RwLock::new(DenseBlock::new(self.dimension)),
                read_until: tokio::sync::Mutex::default(),
                used: AtomicU64::default(),
            })
        });
        entry
            .used
            .store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        entry.clone()
    }

    async fn refresh(&self, store: &Store, id: KnowledgeBaseId, held: &Held) -> Result<(), StoreError> {
        let mut read_until = held.read_until.lock().await;
        loop {
            let rows = store.vectors_after(id, *read_until).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            *read_until = last.seq;
            let mut block = held.block.write().unwrap_or_else(PoisonError::into_inner);
            for row in rows {
                block.push(row.seq, row.document.0, &from_f16_bytes(&row.vector));
            }
        }
    }

    /// Drops what was searched longest ago until the rest is within the budget; never what was searched last.
    fn evict(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |held: &Held| held.block.read().unwrap_or_else(PoisonError::into_inner).bytes();
        let mut total: usize = held.values().map(|held| bytes(held)).sum();
        while total > self.budget && held.len() > 1 {
            let oldest = held.iter().min_by_key(|(_, held)| held.used.load(Ordering::Relaxed));
            let Some((id, dropped)) = oldest.map(|(id, held)| (*id, held.clone())) else {
                return;
            };
            total -= bytes(&dropped);
            held.remove(&id);
        }
    }
}

#[async_trait]
impl PassageIndex for EmbeddedIndex {
    /// What is published is read when it is searched.
    async fn take(&self, _: &Store, _: &Document, _: u32) -> Result<i64, IndexError> {
        Ok(OWN_INDEX)
    }

    async fn search(
        &self,
        store: &Store,
        within: &[KnowledgeBaseId],
        sought: &Sought<'_>,
    ) -> Result<Rankings, IndexError> {
        // A word that a question repeats counts as often.
        let terms = lexical::terms(sought.question);
        let lexical = store.lexical_search(within, &terms, CANDIDATES).await?;
        let dense = self
            .nearest(store, within, &sought.meaning.vector, CANDIDATES as usize)
            .await?;
        let cosines = dense.iter().copied().collect();
        Ok(Rankings::of(store, within, sought, lexical, dense, cosines).await?)
    }

    async fn forget_document(&self, _: &Store, id: KnowledgeBaseId, document: DocumentId) -> Result<(), IndexError> {
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        if let Some(held) = held {
            let mut block = held.block.write().unwrap_or_else(PoisonError::into_inner);
            block.remove(&HashSet::from([document.0]));
        }
        Ok(())
    }

    async fn forget(&self, _: &Store, id: KnowledgeBaseId) -> Result<(), IndexError> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(())
    }
}

async fn scan(blocks: Vec<Arc<Held>>, vector: Vec<f32>, k: usize) -> Result<Vec<Candidate>, StoreError> {
    let scanned = tokio::task::spawn_blocking(move || {
        let mut found: Vec<Candidate> = Vec::new();
        for held in &blocks {
            let block = held.block.read().unwrap_or_else(PoisonError::into_inner);
            found.extend(block.search(&vector, k));
        }
        found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(&b.key)));
        found.truncate(k);
        found
    });
    Ok(scanned.await?)
}
