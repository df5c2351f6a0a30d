//! The original files, one by one from place to place.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use api::DocumentId;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, WriteMultipart};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Original;

use super::MigrateError;
use crate::documents::{document_at, original_path};

/// Originals sent at the same time.
const AT_ONCE: usize = 4;

/// Parts of one original that are on their way at the same time, 5 MiB each.
const PARTS_AT_ONCE: usize = 4;

/// The originals of an installation and where they are to be.
pub struct Originals {
    pub from: Arc<dyn ObjectStore>,
    pub to: Arc<dyn ObjectStore>,
    pub all: Vec<Original>,
    /// What is there already, and how long it is in bytes.
    pub there: HashMap<DocumentId, u64>,
}

/// What became of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Sent,
    /// These bytes were there before.
    AlreadyThere,
    /// The source does not have it.
    Missing,
    /// In the source it is not what was uploaded.
    Damaged,
    /// What the target gives back is not what it was sent.
    NotKept,
}

impl Originals {
    /// Looks at what is in the target.
    ///
    /// # Errors
    /// [`MigrateError::ForeignFile`] when that is anything but originals of these documents, unless both places are one.
    pub async fn look(
        from: Arc<dyn ObjectStore>,
        to: Arc<dyn ObjectStore>,
        all: Vec<Original>,
        same_place: bool,
    ) -> Result<Self, MigrateError> {
        let known: HashSet<DocumentId> = all.iter().map(|original| original.document).collect();
        let mut there = HashMap::new();
        for object in list(&to).await? {
            match document_at(&object.location).filter(|id| known.contains(id)) {
                Some(id) => {
                    there.insert(id, object.size);
                }
                None if same_place => {}
                None => return Err(MigrateError::ForeignFile(object.location.to_string())),
            }
        }
        Ok(Self { from, to, all, there })
    }

    /// Sends what is not there yet, reads everything back, and tells `done` of each.
    pub async fn send(&self, done: impl Fn()) -> Result<Vec<(&Original, Outcome)>, MigrateError> {
        let done = &done;
        let mut outcomes: Vec<(&Original, Outcome)> = stream::iter(&self.all)
            .map(|original| async move {
                let outcome = self.send_one(original).await?;
                done();
                Ok::<_, MigrateError>((original, outcome))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let kept: HashMap<DocumentId, u64> = list(&self.to)
            .await?
            .iter()
            .filter_map(|object| Some((document_at(&object.location)?, object.size)))
            .collect();
        for (original, outcome) in &mut outcomes {
            let is_kept = kept.get(&original.document) == Some(&original.size);
            if matches!(outcome, Outcome::Sent | Outcome::AlreadyThere) && !is_kept {
                *outcome = Outcome::NotKept;
            }
        }
        Ok(outcomes)
    }

    async fn send_one(&self, original: &Original) -> Result<Outcome, MigrateError> {
        let path = original_path(original.document);
        if self.there.get(&original.document) == Some(&original.size)
            && self.sum_at_target(original).await? == original.sha256
        {
            return Ok(Outcome::AlreadyThere);
        }
        let mut bytes = match self.from.get(&path).await {
            Ok(got) => got.into_stream(),
            Err(object_store::Error::NotFound { .. }) => return Ok(Outcome::Missing),
            Err(source) => return Err(MigrateError::unreadable(original, source)),
        };
        let unwritable = |source| MigrateError::Unwritable {
            name: original.name.clone(),
            source,
        };
        let mut writing = WriteMultipart::new(self.to.put_multipart(&path).await.map_err(unwritable)?);
        let mut hash = Sha256::new();
        loop {
            match bytes.try_next().await {
                Ok(Some(chunk)) => {
                    hash.update(&chunk);
                    writing.put(chunk);
                    writing.wait_for_capacity(PARTS_AT_ONCE).await.map_err(unwritable)?;
                }
                Ok(None) => break,
                Err(source) => {
                    writing.abort().await.map_err(unwritable)?;
                    return Err(MigrateError::unreadable(original, source));
                }
            }
        }
        if hex::encode(hash.finalize()) != original.sha256 {
            writing.abort().await.map_err(unwritable)?;
            return Ok(Outcome::Damaged);
        }
        writing.finish().await.map_err(unwritable)?;
        Ok(if self.sum_at_target(original).await? == original.sha256 {
            Outcome::Sent
        } else {
            Outcome::NotKept
        })
    }

    async fn sum_at_target(&self, original: &Original) -> Result<String, MigrateError> {
        let unreadable = |source| MigrateError::unreadable(original, source);
        let got = self
            .to
            .get(&original_path(original.document))
            .await
            .map_err(unreadable)?;
        let mut bytes = got.into_stream();
        let mut hash = Sha256::new();
        while let Some(chunk) = bytes.try_next().await.map_err(unreadable)? {
            hash.update(&chunk);
        }
        Ok(hex::encode(hash.finalize()))
    }
}

async fn list(store: &Arc<dyn ObjectStore>) -> Result<Vec<ObjectMeta>, MigrateError> {
    store.list(None).try_collect().await.map_err(MigrateError::Unlisted)
}
