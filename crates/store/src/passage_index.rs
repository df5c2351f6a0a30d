//! Finding passages by words and by meaning.

use std::collections::HashMap;

use api::{Document, DocumentId, KnowledgeBaseId};
use async_trait::async_trait;
use engine::{
    embed::{Meaning, from_f16_bytes},
    fusion::fuse,
};

use crate::{Store, StoreError};

/// Candidates taken from each of the two rankings.
pub const CANDIDATES: u32 = 100;

/// The generation of the database's own index.
pub const OWN_INDEX: i64 = 0;

/// An index of the passages of one store. The database holds the truth: what is found is what is there.
#[async_trait]
pub trait PassageIndex: Send + Sync {
    /// Takes the first `passages` of those that are kept aside for a document; they are found as soon as it is published.
    /// Doing it again changes nothing. Returns the generation of the index, with which the document is to be published.
    async fn take(&self, store: &Store, document: &Document, passages: u32) -> Result<i64, IndexError>;

    /// The passages of these knowledge bases that fit the question best, each by its `seq` with a score.
    async fn search(
        &self,
        store: &Store,
        within: &[KnowledgeBaseId],
        sought: &Sought<'_>,
    ) -> Result<Rankings, IndexError>;

    /// Frees what is held of a deleted document. Without it, the next search that comes across the document does so.
    async fn forget_document(
        &self,
        store: &Store,
        knowledge_base: KnowledgeBaseId,
        document: DocumentId,
    ) -> Result<(), IndexError>;

    /// Frees what is held of a deleted knowledge base.
    async fn forget(&self, store: &Store, knowledge_base: KnowledgeBaseId) -> Result<(), IndexError>;

    /// Asks the server that the index is on whether it is there; one that is in the database has none of its own.
    async fn reachable(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

/// What can go wrong with an index that is on a server of its own.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{server} cannot be reached ({reason}): check that it runs, its address, and that its certificate is trusted"
    )]
    Unreachable { server: &'static str, reason: String },
    #[error("{server} refuses ({reason}): check the user and the password")]
    Refused { server: &'static str, reason: String },
    #[error("{server} {version} is too old: version {oldest} or newer is needed")]
    TooOld {
        server: &'static str,
        version: String,
        oldest: &'static str,
    },
    /// What is stored is not in this index, or not all of it.
    #[error("the passages are not in {server}: run `hyperion reindex`")]
    NotBuilt { server: &'static str },
    #[error("another index was made meanwhile and is used now: nothing needs to be done")]
    Superseded,
    #[error("{server} failed: {reason}")]
    Failed { server: &'static str, reason: String },
}

/// The question as both rankings need it.
pub struct Sought<'q> {
    pub question: &'q str,
    /// By the model that made the vectors of the passages.
    pub meaning: &'q Meaning,
    /// 0 is meaning alone, 1 is words alone.
    pub lexical_weight: f32,
}

/// Rankings of the same passages, best first.
#[derive(Debug, Default)]
pub struct Rankings {
    pub lexical: Vec<(i64, f32)>,
    pub dense: Vec<(i64, f32)>,
    pub fused: Vec<(i64, f32)>,
    /// Of each passage in either ranking with the question.
    pub cosines: HashMap<i64, f32>,
}

impl Rankings {
    /// One ranking of the best in words, by BM25, and the nearest, by their stored vectors. The cosines that are known
    /// are given; the others are computed.
    pub async fn of(
        store: &Store,
        within: &[KnowledgeBaseId],
        sought: &Sought<'_>,
        lexical: Vec<(i64, f32)>,
        dense: Vec<(i64, f32)>,
        mut cosines: HashMap<i64, f32>,
    ) -> Result<Self, StoreError> {
        let others = lexical.iter().map(|(key, _)| *key);
        let others: Vec<i64> = others.filter(|key| !cosines.contains_key(key)).collect();
        if !others.is_empty() {
            let stored = store.vectors(within, &others).await?;
            let computed = stored
                .iter()
                .map(|(key, stored)| (*key, cosine(stored, &sought.meaning.vector)));
            cosines.extend(computed);
        }
        let fused = fuse(&lexical, &cosines, sought.lexical_weight, sought.meaning.fluency);
        Ok(Self {
            lexical,
            dense,
            fused,
            cosines,
        })
    }
}

/// Of a stored unit vector with another.
pub fn cosine(stored: &[u8], vector: &[f32]) -> f32 {
    from_f16_bytes(stored).iter().zip(vector).map(|(a, b)| a * b).sum()
}
