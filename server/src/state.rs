//! What every handler shares.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use api::{Document, DocumentEvent, KnowledgeBaseId};
use engine::{
    embed::{EmbedError, Embedder, MiniLm},
    extract::{Limits, child::Extractor},
};
use object_store::{ObjectStore, local::LocalFileSystem};
use store::{PassageIndex, Store, StoreError};
use tokio::sync::{Mutex, Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::sign_in_limit::SignInLimit,
    chat::running::{self, RunningAnswers},
    config::Config,
    connections::secrets::{Secrets, SecretsError},
    documents::idempotency::UploadsUnderWay,
    http::limits::RateLimits,
    outbound::Outbound,
};

/// Bytes of memory for the vectors of what is searched: about 2.5 million passages.
const VECTOR_MEMORY: usize = 1 << 30;

/// Cheap to clone: everything is behind an `Arc` or is one.
#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    /// The original files, named by document id.
    pub originals: Arc<dyn ObjectStore>,
    pub changes: DocumentChanges,
    /// Wakes workers when a job may be due.
    pub jobs_due: Arc<Notify>,
    pub sign_in_limit: Arc<SignInLimit>,
    pub rate_limits: Arc<RateLimits>,
    pub extractor: Arc<Extractor>,
    pub embedder: Arc<dyn Embedder>,
    pub passage_index: Arc<PassageIndex>,
    pub outbound: Outbound,
    pub secrets: Secrets,
    pub running: RunningAnswers,
    pub uploads_under_way: UploadsUnderWay,
    /// Set when the server is asked to stop: what never ends by itself ends then.
    pub stopping: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {} cannot be written: {source}. Make it writable or choose another with --data-dir", path.display())]
    DataFolder { path: PathBuf, source: std::io::Error },
    #[error("the folder of original files could not be opened: {0}")]
    Originals(#[from] object_store::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] EmbedError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error("the client for outbound requests could not be set up: {0}")]
    Outbound(#[from] reqwest::Error),
}

impl AppState {
    /// Opens the data folder, creating what is not there, and loads the model.
    ///
    /// `program` is the `hyperion` program, which reads files in child processes of its own.
    pub async fn open(config: Config, program: PathBuf) -> Result<Self, OpenError> {
        let originals_dir = config.originals_dir();
        std::fs::create_dir_all(&originals_dir)
            .and_then(|()| tempfile::tempfile_in(&config.data_dir).map(drop))
            .map_err(|source| OpenError::DataFolder {
                path: config.data_dir.clone(),
                source,
            })?;
        let store = Store::open(&config.data_dir.join("hyperion.db")).await?;
        store.release_all_leases().await?;
        store.fail_interrupted_answers(&running::interrupted()).await?;
        let assets = config.assets();
        let embedder = MiniLm::load(&assets.join("models/all-MiniLM-L6-v2"), config.workers)?;
        let limits = Limits {
            max_file_bytes: usize::try_from(config.max_upload_mib << 20).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        Ok(Self {
            passage_index: Arc::new(PassageIndex::new(embedder.dimension(), VECTOR_MEMORY)),
            embedder: Arc::new(embedder),
            extractor: Arc::new(Extractor {
                program,
                pdfium: assets.join("libpdfium.so"),
                limits,
            }),
            outbound: Outbound::new(config.allow_private_addresses)?,
            secrets: Secrets::open(&config.data_dir)?,
            running: RunningAnswers::default(),
            uploads_under_way: UploadsUnderWay::default(),
            stopping: CancellationToken::new(),
            // Synced to the disk, file and folder, before an upload is acknowledged.
            originals: Arc::new(LocalFileSystem::new_with_prefix(&originals_dir)?.with_fsync(true)),
            config: Arc::new(config),
            store,
            changes: DocumentChanges::default(),
            jobs_due: Arc::new(Notify::new()),
            sign_in_limit: Arc::new(SignInLimit::new()),
            rate_limits: Arc::new(RateLimits::default()),
        })
    }
}

/// Tells browsers what happens to the documents of a knowledge base. A hint: the database holds the truth.
#[derive(Clone, Default)]
pub struct DocumentChanges {
    channels: Arc<Mutex<HashMap<KnowledgeBaseId, broadcast::Sender<DocumentEvent>>>>,
}

impl DocumentChanges {
    /// A listener that falls this far behind misses the oldest and reads the list anew.
    const KEPT: usize = 256;

    pub async fn listen(&self, to: KnowledgeBaseId) -> broadcast::Receiver<DocumentEvent> {
        let mut channels = self.channels.lock().await;
        channels.retain(|_, channel| channel.receiver_count() > 0);
        channels
            .entry(to)
            .or_insert_with(|| broadcast::channel(Self::KEPT).0)
            .subscribe()
    }

    pub async fn document_changed(&self, document: &Document) {
        let event = DocumentEvent::Changed {
            document: Box::new(document.clone()),
        };
        self.tell(document.knowledge_base_id, event).await;
    }

    /// Ends what listens to a knowledge base that is no more.
    pub async fn forget(&self, knowledge_base: KnowledgeBaseId) {
        self.channels.lock().await.remove(&knowledge_base);
    }

    pub async fn tell(&self, knowledge_base: KnowledgeBaseId, event: DocumentEvent) {
        if let Some(channel) = self.channels.lock().await.get(&knowledge_base) {
            // Fails only when nobody listens any more, and then nobody misses it.
            let _ = channel.send(event);
        }
    }
}
