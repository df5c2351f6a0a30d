//! What every handler shares.

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::{Document, DocumentEvent, DocumentId, KnowledgeBaseId};
use engine::{
    embed::{EmbedError, Embedder, MiniLm},
    extract::{Limits, child::Extractor},
};
use futures::Stream;
use milvus::MilvusIndex;
use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    local::LocalFileSystem,
    prefix::PrefixStore,
};
use store::{EmbeddedIndex, IndexError, OWN_INDEX, PassageIndex, Store, StoreError};
use tokio::sync::Notify;
use tokio_stream::{StreamExt, wrappers::BroadcastStream};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    accounts::sign_in_limit::SignInLimit,
    chat::running::{self, RunningAnswers},
    config::Config,
    connections::secrets::{self, Secrets, SecretsError},
    http::limits::RateLimits,
    outbound::{Outbound, provide_cryptography},
    replicas::{Redis, RedisError, Replicas},
    telemetry::{Dependencies, sentry::ReportingError, tunnel::Tunnel},
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
    pub replicas: Replicas,
    pub changes: DocumentChanges,
    /// Wakes workers when a job may be due.
    pub jobs_due: Arc<Notify>,
    pub sign_in_limit: Arc<SignInLimit>,
    pub rate_limits: Arc<RateLimits>,
    pub extractor: Arc<Extractor>,
    pub embedder: Arc<dyn Embedder>,
    pub passage_index: Arc<dyn PassageIndex>,
    pub dependencies: Dependencies,
    /// Where pages' errors go, if they are reported.
    pub tunnel: Option<Tunnel>,
    pub outbound: Outbound,
    pub secrets: Secrets,
    pub running: RunningAnswers,
    /// Set when the server is asked to stop: what never ends by itself ends then.
    pub stopping: CancellationToken,
    /// Set before that: no more requests should be sent here, but they are answered.
    pub draining: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {} cannot be written: {source}. Make it writable or choose another with --data-dir", path.display())]
    DataFolder { path: PathBuf, source: std::io::Error },
    #[error("the folder of original files could not be opened: {0}")]
    Originals(#[from] object_store::Error),
    #[error("the bucket of original files could not be set up: {0}. Check originals_url and the AWS_ variables")]
    Bucket(#[source] object_store::Error),
    #[error(
        "with database_url, the secret key must be given by HYPERION_SECRET_KEY, the same for every replica: make one \
         with `openssl rand -hex 32`"
    )]
    OwnSecretKey,
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(
        "the passages of this installation are in Milvus: set milvus_url, or run `hyperion reindex` without it to do without"
    )]
    IndexElsewhere,
    #[error(transparent)]
    Model(#[from] EmbedError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Reporting(#[from] ReportingError),
    #[error("the client for outbound requests could not be set up: {0}")]
    Outbound(#[from] reqwest::Error),
}

impl AppState {
    /// Opens the data folder, creating what is not there, and loads the model.
    ///
    /// `program` is the `hyperion` program, which reads files in child processes of its own.
    pub async fn open(config: Config, program: PathBuf) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&config.data_dir)
            .and_then(|()| tempfile::tempfile_in(&config.data_dir).map(drop))
            .map_err(|source| OpenError::DataFolder {
                path: config.data_dir.clone(),
                source,
            })?;
        let originals = originals(&config)?;
        if config.database_url.is_some() && std::env::var_os(secrets::KEY_VARIABLE).is_none() {
            return Err(OpenError::OwnSecretKey);
        }
        let replicas = match &config.redis_url {
            Some(url) => Replicas::sharing(Redis::new(url.expose())?),
            None => Replicas::alone(),
        };
        let store = Store::open(&config.database()).await?;
        // The data folder is this program's alone, and so is the database in it.
        if config.database_url.is_none() {
            store.release_all_leases().await?;
            store.release_all_upload_claims().await?;
            store.fail_interrupted_answers(&running::interrupted(), true).await?;
        }
        let embedder = model(&config, config.workers)?;
        let limits = Limits {
            max_file_bytes: usize::try_from(config.max_upload_mib << 20).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        Ok(Self {
            passage_index: passage_index(&config, &store, embedder.dimension()).await?,
            embedder: Arc::new(embedder),
            extractor: Arc::new(Extractor {
                program,
                pdfium: config.assets().join("libpdfium.so"),
                limits,
            }),
            dependencies: Dependencies::default(),
            tunnel: config.sentry_dsn.as_ref().map(Tunnel::new).transpose()?,
            outbound: Outbound::new(config.allow_private_addresses)?,
            secrets: Secrets::open(&config.data_dir)?,
            running: RunningAnswers::new(replicas.clone()),
            stopping: CancellationToken::new(),
            draining: CancellationToken::new(),
            originals,
            config: Arc::new(config),
            store,
            jobs_due: Arc::new(Notify::new()),
            sign_in_limit: Arc::new(SignInLimit::new(replicas.redis())),
            rate_limits: Arc::new(RateLimits::new(replicas.redis())),
            changes: DocumentChanges {
                replicas: replicas.clone(),
            },
            replicas,
        })
    }

    /// Frees what the index holds of a deleted document. What stays behind is not shown, and a later search frees it.
    pub async fn forget_document(&self, knowledge_base: KnowledgeBaseId, document: DocumentId) {
        let forgotten = self
            .passage_index
            .forget_document(&self.store, knowledge_base, document);
        if let Err(error) = forgotten.await {
            tracing::warn!(%document, %error, "the index still holds passages of a deleted document");
        }
    }

    /// Frees what the index holds of a deleted knowledge base.
    pub async fn forget_passages(&self, knowledge_base: KnowledgeBaseId) {
        if let Err(error) = self.passage_index.forget(&self.store, knowledge_base).await {
            tracing::warn!(%knowledge_base, %error, "the index still holds passages of a deleted knowledge base");
        }
    }

    /// Wakes a worker, here or in another replica.
    pub async fn job_is_due(&self) {
        self.jobs_due.notify_one();
        self.replicas.tell(JOBS_DUE, "").await;
    }

    /// Wakes the workers here when another replica has something for them, for as long as the runtime lives.
    pub async fn wake_when_told(self) {
        loop {
            let mut told = self.replicas.listen(JOBS_DUE);
            while told.recv().await.is_ok() {
                self.jobs_due.notify_one();
            }
        }
    }
}

const JOBS_DUE: &str = "jobs-due";

/// The embedding model that comes with the program, for so many threads.
pub fn model(config: &Config, threads: usize) -> Result<MiniLm, EmbedError> {
    MiniLm::load(&config.assets().join("models/all-MiniLM-L6-v2"), threads)
}

/// The index that finds passages.
async fn passage_index(config: &Config, store: &Store, dimension: usize) -> Result<Arc<dyn PassageIndex>, OpenError> {
    match milvus_index(config) {
        Some(index) => {
            index.prepare(store, dimension).await?;
            Ok(Arc::new(index))
        }
        None if store.index_generation().await? != OWN_INDEX => Err(OpenError::IndexElsewhere),
        None => Ok(Arc::new(EmbeddedIndex::new(dimension, VECTOR_MEMORY))),
    }
}

/// The index on Milvus, where it is used.
pub fn milvus_index(config: &Config) -> Option<MilvusIndex> {
    provide_cryptography();
    let url = config.milvus_url.as_ref()?;
    let address = milvus::Address::parse(url.expose()).ok()?;
    Some(MilvusIndex::new(address))
}

/// The place of the original files; a folder is made if it is not there.
pub fn originals(config: &Config) -> Result<Arc<dyn ObjectStore>, OpenError> {
    provide_cryptography();
    if let Some(url) = &config.originals_url {
        return Ok(Arc::new(bucket(url.expose()).map_err(OpenError::Bucket)?));
    }
    let path = config.originals_dir();
    std::fs::create_dir_all(&path).map_err(|source| OpenError::DataFolder {
        path: path.clone(),
        source,
    })?;
    // Synced to the disk, file and folder, before an upload is acknowledged.
    Ok(Arc::new(LocalFileSystem::new_with_prefix(&path)?.with_fsync(true)))
}

/// An S3 bucket, or a folder in it.
pub fn bucket(url: &str) -> Result<PrefixStore<AmazonS3>, object_store::Error> {
    let bucket = AmazonS3Builder::from_env()
        .with_url(url)
        .with_client_options(
            ClientOptions::new()
                // Only an endpoint that is named so is reached without TLS.
                .with_allow_http(true)
                .with_connect_timeout(Duration::from_secs(5))
                .with_timeout(Duration::from_secs(30)),
        )
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(15),
            ..RetryConfig::default()
        })
        .build()?;
    let path = Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
    Ok(PrefixStore::new(bucket, path.trim_matches('/')))
}

/// Tells browsers what happens to the documents of a knowledge base. A hint: the database holds the truth.
#[derive(Clone)]
pub struct DocumentChanges {
    replicas: Replicas,
}

fn topic_of(knowledge_base: KnowledgeBaseId) -> String {
    format!("documents:{knowledge_base}")
}

/// Told of a knowledge base that is no more.
const NO_MORE: &str = "";

impl DocumentChanges {
    /// What happens from now on. It ends when something may have been missed: read the list anew then.
    pub fn listen(&self, to: KnowledgeBaseId) -> impl Stream<Item = DocumentEvent> + use<> {
        BroadcastStream::new(self.replicas.listen(&topic_of(to)))
            .map_while(|told| serde_json::from_str(&told.ok().filter(|told| **told != *NO_MORE)?).ok())
    }

    pub async fn document_changed(&self, document: &Document) {
        let event = DocumentEvent::Changed {
            document: Box::new(document.clone()),
        };
        self.tell(document.knowledge_base_id, event).await;
    }

    /// Ends what listens to a knowledge base that is no more.
    pub async fn forget(&self, knowledge_base: KnowledgeBaseId) {
        self.replicas.tell(&topic_of(knowledge_base), NO_MORE).await;
    }

    pub async fn tell(&self, knowledge_base: KnowledgeBaseId, event: DocumentEvent) {
        match serde_json::to_string(&event) {
            Ok(text) => self.replicas.tell(&topic_of(knowledge_base), &text).await,
            Err(error) => tracing::error!(%error, "a change of a document could not be told"),
        }
    }
}
