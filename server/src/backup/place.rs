//! Where snapshots are kept, and what lies where in it.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use futures::TryStreamExt;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};

use super::{BackupError, Recipient, SnapshotId};
use crate::{outbound::provide_cryptography, state};

/// Originals of snapshots that are not encrypted.
const PLAIN: &str = "plain";

/// Digits of an original's checksum that its folder is named by. What is in one of these folders is looked at together.
pub const SHARD_DIGITS: usize = 2;

#[derive(Clone)]
pub struct Place {
    pub objects: Arc<dyn ObjectStore>,
    /// As it was given.
    pub name: String,
    /// Where the files are, when it is a folder.
    pub folder: Option<PathBuf>,
}

impl Place {
    /// The place at `s3://bucket/folder` or in a folder, where there are snapshots.
    pub fn open(url: &str) -> Result<Self, BackupError> {
        if !is_bucket(url) && !PathBuf::from(url).is_dir() {
            return Err(BackupError::NoSnapshot(url.to_owned()));
        }
        Self::make(url)
    }

    /// The same for a first snapshot: a folder is made if it is not there.
    pub fn make(url: &str) -> Result<Self, BackupError> {
        let failed = |source| BackupError::Place {
            place: url.to_owned(),
            source,
        };
        provide_cryptography();
        if is_bucket(url) {
            return Ok(Self {
                objects: Arc::new(state::bucket(url).map_err(failed)?),
                name: url.to_owned(),
                folder: None,
            });
        }
        let path = PathBuf::from(url);
        // What is in it is for its owner alone: password hashes, and all that anybody has uploaded.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| BackupError::Folder {
            path: path.clone(),
            source,
        })?;
        let files = LocalFileSystem::new_with_prefix(&path).map_err(failed)?;
        Ok(Self {
            objects: Arc::new(files.with_fsync(true).with_automatic_cleanup(true)),
            name: url.to_owned(),
            folder: Some(path),
        })
    }

    pub fn failed(&self, source: Error) -> BackupError {
        BackupError::Place {
            place: self.name.clone(),
            source,
        }
    }

    /// What is directly in a folder: folders' names, and objects.
    pub async fn look_into(&self, folder: &str) -> Result<(Vec<String>, Vec<ObjectMeta>), BackupError> {
        let found = self.objects.list_with_delimiter(Some(&Path::from(folder))).await;
        let found = found.map_err(|error| self.failed(error))?;
        let folders = found.common_prefixes.iter().filter_map(|path| path.filename());
        Ok((folders.map(str::to_owned).collect(), found.objects))
    }

    /// The snapshots of which anything is there, the newest last.
    pub async fn snapshots(&self) -> Result<Vec<SnapshotId>, BackupError> {
        let (folders, _) = self.look_into("snapshots").await?;
        let mut ids: Vec<SnapshotId> = folders.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort();
        Ok(ids)
    }

    /// Removes an object; one that is not there is removed already.
    pub async fn remove(&self, path: &Path) -> Result<(), BackupError> {
        match self.objects.delete(path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// All objects below a folder.
    pub async fn all_in(&self, folder: &str) -> Result<Vec<ObjectMeta>, BackupError> {
        let listed = self.objects.list(Some(&Path::from(folder))).try_collect().await;
        listed.map_err(|error| self.failed(error))
    }
}

fn is_bucket(url: &str) -> bool {
    url.starts_with("s3://")
}

/// The folder of a snapshot.
pub fn folder_of(id: &SnapshotId) -> String {
    format!("snapshots/{id}")
}

pub fn manifest_of(id: &SnapshotId) -> Path {
    Path::from(format!("snapshots/{id}/manifest.json"))
}

/// Where the originals of a recipient are: what one can decrypt, another cannot.
pub fn originals_for(recipient: Option<&Recipient>) -> String {
    format!("originals/{}", recipient.map_or(PLAIN, Recipient::tag))
}

/// The folder of the originals whose checksums begin alike.
pub fn shard_of(sha256: &str) -> &str {
    sha256.get(..SHARD_DIGITS).unwrap_or(sha256)
}

pub fn original_at(recipient: Option<&Recipient>, sha256: &str) -> String {
    let ending = ending(recipient.is_some());
    format!("{}/{}/{sha256}{ending}", originals_for(recipient), shard_of(sha256))
}

/// What the names of objects end with.
pub fn ending(encrypted: bool) -> &'static str {
    if encrypted { ".zst.age" } else { ".zst" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_lie_under_their_checksum_apart_for_every_recipient() {
        let sha256 = "ab".repeat(32);
        assert_eq!(original_at(None, &sha256), format!("originals/plain/ab/{sha256}.zst"));
        let of = |identity: age::x25519::Identity| identity.to_public().to_string().parse::<Recipient>().unwrap();
        let (one, other) = (
            of(age::x25519::Identity::generate()),
            of(age::x25519::Identity::generate()),
        );
        let path = original_at(Some(&one), &sha256);
        assert!(path.ends_with(&format!("/ab/{sha256}.zst.age")), "{path}");
        assert_ne!(path, original_at(Some(&other), &sha256));
    }
}
