//! The list of a snapshot's originals: a line of JSON for every document, in the order of their checksums.
//!
//! It holds no names, and it is not encrypted: what is superseded has to be told by who holds no private key.

use std::{io, sync::Arc};

use api::DocumentId;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, Lines};
use tokio_util::io::StreamReader;

use super::{
    BackupError, Manifest, Place, SnapshotId,
    object::{self, SMALL_PART, Stored, Writing},
    place::folder_of,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub document: DocumentId,
    /// Of the file as it was uploaded, in hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    pub original: Kept,
}

/// What became of an original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    Stored(Stored),
    /// The document was deleted while the snapshot was made.
    DeletedMeanwhile,
    /// The installation itself does not have it.
    Missing,
}

/// A list that is being written.
pub struct ListWriting(Writing);

impl ListWriting {
    pub fn begin(place: &Place, id: &SnapshotId) -> Result<Self, BackupError> {
        let path = format!("{}/originals.jsonl.zst", folder_of(id));
        Ok(Self(Writing::begin(place, path, None, SMALL_PART)?))
    }

    pub async fn add(&mut self, entry: &Entry) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(entry).expect("an entry holds only text and numbers");
        line.push(b'\n');
        self.0.put(&line).await
    }

    pub async fn finish(self) -> Result<Stored, BackupError> {
        self.0.finish().await
    }
}

/// The entries of a snapshot, in order. Whether the list is whole and what it should be shows at its end.
pub async fn entries(
    place: &Place,
    manifest: &Manifest,
) -> Result<impl Stream<Item = Result<Entry, BackupError>> + Send + Unpin + use<>, BackupError> {
    let list = &manifest.objects.originals;
    let bytes = object::read(place, list, None).await?.map_err(io::Error::other);
    let lines = StreamReader::new(bytes).lines();
    let path: Arc<str> = list.path.as_str().into();
    let next = move |mut lines: Lines<_>| {
        let path = Arc::clone(&path);
        async move {
            let unreadable = |reason: String| BackupError::List(path.to_string(), reason);
            let line = lines
                .next_line()
                .await
                .map_err(|error| match error.downcast::<BackupError>() {
                    Ok(error) => error,
                    Err(error) => unreadable(error.to_string()),
                })?;
            let Some(line) = line else { return Ok(None) };
            let entry = serde_json::from_str(&line).map_err(|error| unreadable(error.to_string()))?;
            Ok(Some((entry, lines)))
        }
    };
    Ok(stream::try_unfold(lines, next).boxed())
}

/// Each stored original once, of entries in order.
pub fn stored_once(
    entries: impl Stream<Item = Result<Entry, BackupError>> + Send,
) -> impl Stream<Item = Result<Stored, BackupError>> + Send {
    let mut before = String::new();
    entries.try_filter_map(move |entry| {
        let stored = match entry.original {
            Kept::Stored(stored) if stored.path != before => Some(stored),
            _ => None,
        };
        if let Some(stored) = &stored {
            before.clone_from(&stored.path);
        }
        async move { Ok(stored) }
    })
}
