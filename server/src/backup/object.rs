//! One object of a snapshot, as it is stored: written with its size and checksum, and read back against them.

use std::{io, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, buffered::BufWriter, path::Path};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::{
    BackupError, Place, Recipient,
    opening::{Identities, opened},
    sealing::Sealer,
};

/// Bytes read at a time, each piece by a request of its own: however long the whole takes, no request does.
const READ_PIECE: u64 = 8 << 20;
const READ_AT_ONCE: usize = 2;

/// Bytes read of a file at a time.
pub const FILE_PIECE: usize = 256 * 1024;

/// Bytes of a part of a large object. S3 takes 10,000 of them: 312 GiB compressed.
pub const LARGE_PART: usize = 32 << 20;
/// The same of objects that are written beside others.
pub const SMALL_PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 2;

/// An object in a place, with what is stored there: the size and SHA-256 of the compressed, perhaps encrypted bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub path: String,
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Why an object is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{0} is missing")]
    Missing(String),
    #[error("{path} is damaged: it has {found} bytes and should have {wanted}")]
    Size { path: String, found: u64, wanted: u64 },
    #[error("{path} is damaged: its SHA-256 is {found} and should be {wanted}")]
    Sum {
        path: String,
        found: String,
        wanted: String,
    },
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: object_store::Error },
}

impl ReadError {
    fn of(path: &str, error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(path.to_owned()),
            source => Self::Unreadable {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Whether another attempt may find it whole.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }
}

/// An object that is being written. Until it is finished there is none.
pub struct Writing {
    sealer: Sealer,
    output: Output,
}

/// Where sealed bytes go.
struct Output {
    writer: BufWriter,
    path: String,
    size: u64,
    hash: Sha256,
}

impl Writing {
    pub fn begin(place: &Place, path: String, recipient: Option<&Recipient>, part: usize) -> Result<Self, BackupError> {
        let writer = BufWriter::with_capacity(Arc::clone(&place.objects), Path::from(path.as_str()), part);
        Ok(Self {
            sealer: Sealer::new(recipient).map_err(BackupError::Sealing)?,
            output: Output {
                writer: writer.with_max_concurrency(PARTS_AT_ONCE),
                path,
                size: 0,
                hash: Sha256::new(),
            },
        })
    }

    pub async fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let sealed = self.sealer.push(bytes).map_err(BackupError::Sealing)?;
        self.output.put(sealed).await
    }

    pub async fn finish(self) -> Result<Stored, BackupError> {
        let Self { sealer, mut output } = self;
        output.put(sealer.finish().map_err(BackupError::Sealing)?).await?;
        output.finish().await
    }

    /// Leaves nothing behind.
    pub async fn abort(mut self) -> Result<(), BackupError> {
        let aborted = self.output.writer.abort().await;
        aborted.map_err(|error| BackupError::Unwritable(self.output.path, error))
    }
}

impl Output {
    async fn put(&mut self, sealed: Bytes) -> Result<(), BackupError> {
        if sealed.is_empty() {
            return Ok(());
        }
        self.size += sealed.len() as u64;
        self.hash.update(&sealed);
        let put = self.writer.put(sealed).await;
        put.map_err(|error| BackupError::Unwritable(self.path.clone(), error))
    }

    async fn finish(mut self) -> Result<Stored, BackupError> {
        let finished = self.writer.shutdown().await;
        finished.map_err(|error| BackupError::Unwritable(self.path.clone(), of_store(error)))?;
        Ok(Stored {
            path: self.path,
            size: self.size,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

/// Errors of a place come through a writer in another dress.
pub fn of_store(error: io::Error) -> object_store::Error {
    error
        .downcast::<object_store::Error>()
        .unwrap_or_else(|error| object_store::Error::Generic {
            store: "storage",
            source: error.into(),
        })
}

/// Writes what is in memory as a whole object.
pub async fn write_whole(
    place: &Place,
    path: String,
    recipient: Option<&Recipient>,
    bytes: &[u8],
) -> Result<Stored, BackupError> {
    let mut writing = Writing::begin(place, path, recipient, SMALL_PART)?;
    writing.put(bytes).await?;
    writing.finish().await
}

/// The bytes of an object of this size, as they are.
pub fn pieces(
    objects: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
) -> impl Stream<Item = Result<Bytes, object_store::Error>> + Send + Unpin {
    let starts = (0..size).step_by(usize::try_from(READ_PIECE).unwrap_or(usize::MAX));
    let read = move |start: u64| {
        let (objects, path) = (Arc::clone(&objects), path.clone());
        async move { objects.get_range(&path, start..size.min(start + READ_PIECE)).await }
    };
    stream::iter(starts).map(read).buffered(READ_AT_ONCE).boxed()
}

/// The size and checksum of what is stored at a path, read from beginning to end.
pub async fn measured(place: &Place, path: &str, size: u64) -> Result<Stored, ReadError> {
    let mut hash = Sha256::new();
    let mut read = pieces(Arc::clone(&place.objects), Path::from(path), size);
    while let Some(piece) = read.try_next().await.map_err(|error| ReadError::of(path, error))? {
        hash.update(&piece);
    }
    Ok(Stored {
        path: path.to_owned(),
        size,
        sha256: hex::encode(hash.finalize()),
    })
}

/// Reads an object from beginning to end, and says whether it is what it should be.
pub async fn check(place: &Place, stored: &Stored) -> Result<(), ReadError> {
    require_size(place, stored).await?;
    let found = measured(place, &stored.path, stored.size).await?;
    require_sum(stored, found.sha256)
}

/// Whether an object is there with the size it should have.
pub async fn require_size(place: &Place, stored: &Stored) -> Result<(), ReadError> {
    let there = place.objects.head(&Path::from(stored.path.as_str())).await;
    let found = there.map_err(|error| ReadError::of(&stored.path, error))?.size;
    if found == stored.size {
        return Ok(());
    }
    Err(ReadError::Size {
        path: stored.path.clone(),
        found,
        wanted: stored.size,
    })
}

fn require_sum(stored: &Stored, found: String) -> Result<(), ReadError> {
    if found == stored.sha256 {
        return Ok(());
    }
    Err(ReadError::Sum {
        path: stored.path.clone(),
        found,
        wanted: stored.sha256.clone(),
    })
}

/// What an object holds. It ends with an error, before its last bytes are given, unless all of it is what it should be.
pub async fn read(
    place: &Place,
    stored: &Stored,
    identities: Option<Identities>,
) -> Result<impl Stream<Item = Result<Bytes, BackupError>> + Send + Unpin + use<>, ReadError> {
    require_size(place, stored).await?;
    let path = stored.path.clone();
    let opened = opened(verified(place, stored.clone()).map_err(io::Error::other), identities);
    Ok(opened.map_err(move |error| match error.downcast::<ReadError>() {
        Ok(error) => error.into(),
        Err(source) => BackupError::Undecodable {
            path: path.clone(),
            source,
        },
    }))
}

/// The bytes of an object as they are, with the last piece held back until the checksum of all is known to be right.
fn verified(place: &Place, stored: Stored) -> impl Stream<Item = Result<Bytes, ReadError>> + Send + Unpin + use<> {
    struct State<S> {
        pieces: S,
        hash: Sha256,
        held_back: Option<Bytes>,
        stored: Stored,
    }
    let state = State {
        pieces: pieces(
            Arc::clone(&place.objects),
            Path::from(stored.path.as_str()),
            stored.size,
        ),
        hash: Sha256::new(),
        held_back: None,
        stored,
    };
    stream::try_unfold(state, |mut state| async move {
        loop {
            let piece = state.pieces.try_next().await;
            let piece = piece.map_err(|error| ReadError::of(&state.stored.path, error))?;
            let Some(piece) = piece else { break };
            state.hash.update(&piece);
            if let Some(before) = state.held_back.replace(piece) {
                return Ok(Some((before, state)));
            }
        }
        let Some(last) = state.held_back.take() else {
            return Ok(None);
        };
        require_sum(&state.stored, hex::encode(std::mem::take(&mut state.hash).finalize()))?;
        Ok(Some((last, state)))
    })
    .boxed()
}
