//! One document from its original to its passages.

use api::{Document, DocumentEvent, DocumentId, Stage};
use engine::{
    embed::{EmbedError, to_f16_bytes},
    extract::{ExtractError, Extracted},
    lexical,
    split::{ChunkSettings, Passage, split},
};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use store::{NewPassage, Published, StoreError};
use tokio_util::io::StreamReader;

use crate::{documents::original_path, state::AppState};

/// Passages embedded between two reports of progress.
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
    #[error("The work was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl ReadError {
    /// Whether trying again can help.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Gone | Self::Extract(_))
            || matches!(self, Self::Extract(ExtractError::Unavailable { .. }))
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::Extract(error) => error.code(),
            Self::Original(_) => "storage_failed",
            Self::Gone | Self::Embed(_) | Self::Store(_) | Self::Interrupted(_) => "internal",
        }
    }

    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Extract(error) => error.remedy(),
            _ => "Retry it; if it fails again, tell your administrator.",
        }
    }
}

/// Extracts, splits, embeds and publishes. Nothing is searchable until the last step, which is one transaction.
pub async fn read(state: &AppState, id: DocumentId) -> Result<(), ReadError> {
    let document = report(state, id, Stage::Extract, 0.0).await?;
    let Extracted { kind, document: text } = extract(state, &document).await?;

    report(state, id, Stage::Split, 0.3).await?;
    let embedder = state.embedder.clone();
    let (text, passages) = tokio::task::spawn_blocking(move || {
        let passages = split(&text, &ChunkSettings::default(), |piece| embedder.count_tokens(piece));
        (text, passages)
    })
    .await?;
    let title = text.title.clone().unwrap_or_else(|| document.name.clone());

    let mut ready: Vec<NewPassage> = Vec::with_capacity(passages.len());
    let total = passages.len();
    let mut rest = passages.into_iter().peekable();
    while rest.peek().is_some() {
        report(state, id, Stage::Embed, 0.35 + 0.6 * ready.len() as f32 / total as f32).await?;
        let step: Vec<Passage> = rest.by_ref().take(PASSAGES_A_STEP).collect();
        ready.extend(embed(state, &title, step, ready.len()).await?);
    }

    report(state, id, Stage::Index, 0.95).await?;
    let published = Published {
        document: id,
        media_type: kind.media_type(),
        text: &text,
        passages: &ready,
    };
    let document = state.store.publish_document(published).await?.ok_or(ReadError::Gone)?;
    tell(state, document).await;
    Ok(())
}

async fn extract(state: &AppState, document: &Document) -> Result<Extracted, ReadError> {
    let original = state.originals.get(&original_path(document.id)).await?;
    let file = StreamReader::new(original.into_stream().map_err(std::io::Error::other));
    Ok(state.extractor.extract(&document.name, file).await?)
}

async fn embed(state: &AppState, title: &str, step: Vec<Passage>, first: usize) -> Result<Vec<NewPassage>, ReadError> {
    let embedder = state.embedder.clone();
    let title = title.to_owned();
    let embedded = tokio::task::spawn_blocking(move || {
        let inputs: Vec<String> = step.iter().map(|passage| passage.with_context(&title)).collect();
        let vectors = embedder.embed(&inputs.iter().map(String::as_str).collect::<Vec<_>>())?;
        let passages = step.into_iter().zip(inputs).zip(vectors).enumerate();
        Ok::<_, EmbedError>(
            passages
                .map(|(at, ((passage, input), vector))| NewPassage {
                    ordinal: u32::try_from(first + at).unwrap_or(u32::MAX),
                    first_page: passage.first_page,
                    last_page: passage.last_page,
                    start: passage.characters.start,
                    end: passage.characters.end,
                    heading_path: passage.heading_path,
                    text: passage.text,
                    vector: to_f16_bytes(&vector),
                    terms: lexical::terms(&input).join(" "),
                })
                .collect(),
        )
    });
    Ok(embedded.await??)
}

/// Notes progress and tells browsers; fails when the document is gone.
async fn report(state: &AppState, id: DocumentId, stage: Stage, progress: f32) -> Result<Document, ReadError> {
    let document = state
        .store
        .note_progress(id, stage, progress)
        .await?
        .ok_or(ReadError::Gone)?;
    tell(state, document.clone()).await;
    Ok(document)
}

async fn tell(state: &AppState, document: Document) {
    let to = document.knowledge_base_id;
    state
        .changes
        .tell(
            to,
            DocumentEvent::Changed {
                document: Box::new(document),
            },
        )
        .await;
}
