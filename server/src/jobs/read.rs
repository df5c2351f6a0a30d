//! One document from its original to its passages.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use api::{Document, Stage};
use engine::{
    document::ExtractedText,
    embed::EmbedError,
    extract::{ExtractError, Extracted},
    lexical,
    split::{ChunkSettings, Passage, split},
};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use sha2::{Digest, Sha256};
use store::{IndexError, Job, NewPassage, Published, StoreError};
use tokio_util::io::StreamReader;
use tracing::{Instrument, info_span};

use crate::{documents::original_path, state::AppState, telemetry::METRICS};

/// Passages embedded, kept and reported at a time.
const PASSAGES_A_STEP: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Deleted or cancelled meanwhile; there is nothing left to do.
    #[error("the document is gone")]
    Gone,
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error("The original could not be fetched from storage: {0}")]
    Original(#[from] object_store::Error),
    #[error(transparent)]
    Embed(#[from] EmbedError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("Reading was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    /// The message is the program's own, for the log.
    #[error("The program failed while reading: {0}")]
    Panicked(String),
    #[error("The server stopped {starts} times while this was read.")]
    CutOff { starts: u32 },
}

impl ReadError {
    /// Whether trying again can help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Gone | Self::CutOff { .. } | Self::Original(object_store::Error::NotFound { .. }) => false,
            Self::Extract(error) => error.may_pass_later(),
            Self::Original(_)
            | Self::Embed(_)
            | Self::Store(_)
            | Self::Index(_)
            | Self::Interrupted(_)
            | Self::Panicked(_) => true,
        }
    }

    /// Whether the disk, the database or the index cannot be used at all, which is no fault of this document.
    pub fn is_of_storage(&self) -> bool {
        match self {
            Self::Store(error) | Self::Index(IndexError::Store(error)) => matches!(
                error,
                StoreError::DiskFull
                    | StoreError::Unwritable(_)
                    | StoreError::Unreachable(_)
                    | StoreError::Refused(_)
                    | StoreError::OtherIndex
            ),
            Self::Index(error) => !matches!(error, IndexError::Failed { .. }),
            Self::Original(error) => !matches!(error, object_store::Error::NotFound { .. }),
            _ => false,
        }
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::Extract(error) => error.code(),
            Self::Original(object_store::Error::NotFound { .. }) => "original_missing",
            Self::Original(_) => "storage_failed",
            Self::CutOff { .. } => "cut_off",
            Self::Gone
            | Self::Embed(_)
            | Self::Store(_)
            | Self::Index(_)
            | Self::Interrupted(_)
            | Self::Panicked(_) => "internal",
        }
    }

    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Extract(error) => error.remedy(),
            Self::Original(object_store::Error::NotFound { .. }) => "Delete it and upload it again.",
            Self::CutOff { .. } => "It may need more memory than the server has: split it into smaller files.",
            _ => "Retry it; if it fails again, tell your administrator.",
        }
    }
}

/// Extracts, splits, embeds and publishes. Nothing is searchable until the last step, which is one transaction.
///
/// Passages are kept aside as they are embedded, so that a long document is never whole in memory with its vectors, and
/// work that was interrupted goes on where it was.
pub async fn read(state: &AppState, job: &Job) -> Result<(), ReadError> {
    let document = report(state, job, Stage::Extract, 0.0).await?;
    let extracting = extract(state, &document).instrument(info_span!(target: "ingest", "extract"));
    let Extracted { kind, document: text } = extracting.await?;

    report(state, job, Stage::Split, 0.3).await?;
    let splitting = split_unless_dropped(state, text).instrument(info_span!(target: "ingest", "split"));
    let (text, passages) = splitting.await?;

    report(state, job, Stage::Embed, 0.35).await?;
    let title = text.title.as_deref().unwrap_or(&document.name);
    let kept = state.store.staged_passages(job.document).await?;
    let total = passages.len();
    let embedding = async {
        let mut rest = (0_u32..).zip(passages).peekable();
        let mut done = 0;
        while rest.peek().is_some() {
            let step: Vec<(u32, Passage)> = rest.by_ref().take(PASSAGES_A_STEP).collect();
            done += step.len();
            let embedded = embed(state, title, step, &kept).await?;
            let progress = (0.35 + 0.6 * done as f32 / total as f32).min(0.95);
            let staged = state
                .store
                .stage_passages(job, Stage::Embed, progress, &embedded)
                .await?;
            state.changes.document_changed(&staged.ok_or(ReadError::Gone)?).await;
        }
        Ok::<(), ReadError>(())
    };
    embedding.instrument(info_span!(target: "ingest", "embed")).await?;

    let document = report(state, job, Stage::Index, 0.95).await?;
    let passages = u32::try_from(total).unwrap_or(u32::MAX);
    let publishing = async {
        let index = state.passage_index.take(&state.store, &document, passages).await?;
        let published = Published {
            media_type: kind.media_type(),
            text: &text,
            passages,
            index,
        };
        let document = state.store.publish_document(job, published).await?;
        document.ok_or(ReadError::Gone)
    };
    let document = publishing.instrument(info_span!(target: "ingest", "index")).await?;
    state.changes.document_changed(&document).await;
    Ok(())
}

async fn extract(state: &AppState, document: &Document) -> Result<Extracted, ReadError> {
    let original = state.originals.get(&original_path(document.id)).await?;
    let file = StreamReader::new(original.into_stream().map_err(std::io::Error::other));
    Ok(state.extractor.extract(&document.name, file).await?)
}

/// Long documents take a while, and a thread cannot be stopped from outside: when this is dropped nothing is counted
/// any more, which is what takes the time.
async fn split_unless_dropped(
    state: &AppState,
    text: ExtractedText,
) -> Result<(ExtractedText, Vec<Passage>), ReadError> {
    struct SetOnDrop(Arc<AtomicBool>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let _guard = SetOnDrop(dropped.clone());
    let embedder = state.embedder.clone();
    let splitting = tokio::task::spawn_blocking(move || {
        let count = |piece: &str| {
            if dropped.load(Ordering::Relaxed) {
                1
            } else {
                embedder.count_tokens(piece)
            }
        };
        let passages = split(&text, &ChunkSettings::default(), count);
        (text, passages)
    });
    Ok(splitting.await?)
}

/// Embeds those of the passages that are not kept already.
async fn embed(
    state: &AppState,
    title: &str,
    step: Vec<(u32, Passage)>,
    kept: &HashMap<u32, Vec<u8>>,
) -> Result<Vec<NewPassage>, ReadError> {
    let mut passages = Vec::new();
    let mut inputs = Vec::new();
    for (ordinal, passage) in step {
        let input = passage.with_context(title);
        let fingerprint = fingerprint(state.embedder.id(), &passage, &input);
        if kept.get(&ordinal) != Some(&fingerprint) {
            passages.push((ordinal, passage, fingerprint));
            inputs.push(input);
        }
    }
    let embedder = state.embedder.clone();
    let embedding = tokio::task::spawn_blocking(move || {
        let vectors = embedder.embed(&inputs.iter().map(String::as_str).collect::<Vec<_>>())?;
        let terms: Vec<String> = inputs.iter().map(|input| lexical::terms(input).join(" ")).collect();
        Ok::<_, EmbedError>(vectors.into_iter().zip(terms).collect::<Vec<_>>())
    });
    let embedding = embedding.instrument(info_span!(target: "embedding", "passages"));
    let made = embedding.await??;
    METRICS.embedded(made.len());
    let ready = passages
        .into_iter()
        .zip(made)
        .map(|((ordinal, passage, fingerprint), (vector, terms))| {
            NewPassage::new(ordinal, fingerprint, passage, terms, &vector)
        });
    Ok(ready.collect())
}

/// Differs when anything does that is stored of a passage, or the program that made it.
fn fingerprint(model: &str, passage: &Passage, input: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), model, input, &format!("{passage:?}")] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// Notes progress and tells browsers; fails when the document is gone.
async fn report(state: &AppState, job: &Job, stage: Stage, progress: f32) -> Result<Document, ReadError> {
    let noted = state.store.note_progress(job, stage, progress).await?;
    let document = noted.ok_or(ReadError::Gone)?;
    state.changes.document_changed(&document).await;
    Ok(document)
}
