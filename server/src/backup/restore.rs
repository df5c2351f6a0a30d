//! Putting an installation back from a snapshot.
//!
//! The order is such that a snapshot that is not whole is found out before anything is replaced, and that whatever was cut
//! off in the middle keeps servers away until it is done: everything but the originals is read once, the target is marked,
//! the originals are put beside those that are there, and then the database is replaced.

use std::{fs, path::PathBuf, sync::Arc};

use api::DocumentId;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, buffered::BufWriter};
use sha2::{Digest, Sha256};
use store::{Purpose, Replacing, SealedKey, Store};
use tokio::io::AsyncWriteExt;

use super::{
    BackupError, Identities, Manifest, Place,
    drill::{self, compare, require_known_schema},
    dump::Undumper,
    list::{Entry, Kept, entries},
    object::{self, SMALL_PART, Stored, check, of_store, pieces},
    verify::{whole, without_original},
};
use crate::{
    config::Config,
    connections::secrets::{KEY_VARIABLE, KeptKey, KeyPlace},
    data_folder::{self, Lock},
    documents::original_path,
    state,
};

/// Originals that are put back at the same time.
const AT_ONCE: usize = 4;

const COMMAND: &str = "hyperion restore";

/// What a restore is told to do.
pub struct Request<'r> {
    pub config: &'r Config,
    pub place: &'r Place,
    pub manifest: &'r Manifest,
    pub identities: Option<Identities>,
    /// Whether everything that is there may go.
    pub replace_everything: bool,
}

/// Told how far it is.
pub trait Progress: drill::Progress {
    fn begun(&self, documents: u64);
    fn original(&self);
}

/// What an installation was put back to.
pub struct Restored {
    /// Documents that are without their original, as in the installation that was backed up.
    pub without_original: Vec<Entry>,
    /// The settings that the snapshot was made with, and where they were written to.
    pub settings: String,
    pub settings_file: PathBuf,
    pub key: Key,
    /// Keys of connections that do not open with the secret key that is here, if any is.
    pub keys_lost: usize,
}

/// What became of the secret key.
pub enum Key {
    /// The snapshot has none.
    NotIn,
    /// The one that is in use is the snapshot's.
    Same,
    /// It was written to this file; the one that was there before is in the other.
    Written(PathBuf, Option<PathBuf>),
}

impl Request<'_> {
    /// Replaces what is there. `index` makes the index of passages anew, once everything else is there.
    pub async fn run(
        &self,
        progress: &impl Progress,
        index: impl AsyncFnOnce(&Store) -> Result<(), String>,
    ) -> Result<Restored, BackupError> {
        let (config, manifest) = (self.config, self.manifest);
        let _lock = self.lock()?;
        let mut target = Replacing::open(&config.database(), Purpose::Restore).await?;
        let undumper = Undumper::prepare(manifest, &target, self.url()).await?;
        require_known_schema(manifest, &target.location)?;
        if !self.replace_everything {
            return Err(self.not_confirmed(&target).await);
        }
        let secret = self.read_everything_but_originals().await?;
        let settings = self.read_small(&manifest.objects.settings).await?;
        let settings = String::from_utf8_lossy(&settings).into_owned();

        target.begin(&manifest.id.to_string()).await?;
        progress.begun(manifest.originals.documents);
        if let Err(error) = self.put_originals_back(progress).await {
            // Nothing was replaced yet.
            target.give_up().await?;
            target.close().await;
            return Err(error);
        }
        let stored = &manifest.objects.database;
        undumper
            .put_back(&mut target, self.place, stored, self.identities())
            .await?;
        compare(manifest, &target, progress).await?;
        let gone = self.documents_without(&Kept::DeletedMeanwhile).await?;
        let gone: Vec<DocumentId> = gone.iter().map(|entry| entry.document).collect();
        target.settle(&gone).await?;
        index(target.store()?).await.map_err(BackupError::Index)?;
        let key = match secret {
            Some(secret) => self.put_key_back(&secret)?,
            None => Key::NotIn,
        };
        let keys_lost = self.keys_lost(target.store()?).await?;
        let settings_file = self.write_settings(&settings)?;
        let without_original = self.documents_without(&Kept::Missing).await?;
        target.finish().await?;
        Ok(Restored {
            without_original,
            settings,
            settings_file,
            key,
            keys_lost,
        })
    }

    fn url(&self) -> Option<&str> {
        self.config.database_url.as_ref().map(|url| url.expose())
    }

    fn identities(&self) -> Option<Identities> {
        let encrypted = self.manifest.recipient.is_some();
        self.identities.clone().filter(|_| encrypted)
    }

    /// Keeps servers away from the data folder, as far as it is needed.
    fn lock(&self) -> Result<Option<Lock>, BackupError> {
        let config = self.config;
        let is_needed = config.database_url.is_none() || config.originals_url.is_none() || config.data_dir.exists();
        let lock = is_needed.then(|| data_folder::lock(&config.data_dir, COMMAND));
        Ok(lock.transpose()?)
    }

    async fn not_confirmed(&self, target: &Replacing) -> BackupError {
        let contents = match target.contents().await {
            Some((users, documents)) => format!(" ({users} users, {documents} documents)"),
            None => String::new(),
        };
        BackupError::NotConfirmed {
            target: target.location.to_string(),
            contents,
            id: self.manifest.id.clone(),
            created: self.manifest.created.format("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }

    /// Reads once what is put back later, so that nothing is replaced by what is not whole; gives the secret key.
    async fn read_everything_but_originals(&self) -> Result<Option<KeptKey>, BackupError> {
        if self.manifest.recipient.is_some() && self.identities.is_none() {
            return Err(BackupError::NeedsIdentity("restore it"));
        }
        for stored in self.manifest.objects.all() {
            check(self.place, stored).await?;
        }
        let Some(stored) = &self.manifest.objects.secret_key else {
            return Ok(None);
        };
        let bytes = self.read_small(stored).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let key = KeptKey::checked(&text, KeyPlace::File(PathBuf::from(&stored.path)))?;
        let other = KeptKey::find(&self.config.data_dir)?.filter(|other| !other.is_same(&key));
        if let Some(other) = other
            && other.place == KeyPlace::Environment
        {
            return Err(BackupError::OtherKey {
                place: KEY_VARIABLE.to_owned(),
                file: KeptKey::file_in(&self.config.data_dir),
            });
        }
        Ok(Some(key))
    }

    async fn read_small(&self, stored: &Stored) -> Result<Vec<u8>, BackupError> {
        whole(object::read(self.place, stored, self.identities()).await?).await
    }

    async fn documents_without(&self, original: &Kept) -> Result<Vec<Entry>, BackupError> {
        without_original(self.place, self.manifest, |kept| kept == original).await
    }

    async fn put_originals_back(&self, progress: &impl Progress) -> Result<(), BackupError> {
        let to = state::originals(self.config)?;
        let list = entries(self.place, self.manifest).await?;
        let mut done = list
            .map_ok(|entry| self.put_original_back(&to, entry))
            .try_buffered(AT_ONCE)
            .boxed_local();
        while done.try_next().await?.is_some() {
            progress.original();
        }
        Ok(())
    }

    async fn put_original_back(&self, to: &Arc<dyn ObjectStore>, entry: Entry) -> Result<(), BackupError> {
        let Kept::Stored(stored) = &entry.original else {
            return Ok(());
        };
        let path = original_path(entry.document);
        let unwritable = |source| BackupError::OriginalUnwritable {
            document: entry.document.to_string(),
            source,
        };
        if is_there(to, &entry).await.map_err(unwritable)? {
            return Ok(());
        }
        let mut bytes = object::read(self.place, stored, self.identities()).await?;
        let mut writing = BufWriter::with_capacity(Arc::clone(to), path, SMALL_PART);
        let mut hash = Sha256::new();
        let copied = async {
            while let Some(piece) = bytes.try_next().await? {
                hash.update(&piece);
                writing.put(piece).await.map_err(unwritable)?;
            }
            if hex::encode(hash.finalize()) == entry.sha256 {
                return Ok(());
            }
            Err(BackupError::OtherContents {
                path: stored.path.clone(),
                document: entry.document.to_string(),
            })
        };
        match copied.await {
            Ok(()) => {
                let finished = writing.shutdown().await;
                finished.map_err(|error| unwritable(of_store(error)))
            }
            Err(error) => {
                writing.abort().await.map_err(unwritable)?;
                Err(error)
            }
        }
    }

    /// Writes the key where a server finds it when its environment has none.
    fn put_key_back(&self, key: &KeptKey) -> Result<Key, BackupError> {
        let folder = &self.config.data_dir;
        if KeptKey::find(folder)?.is_some_and(|there| there.is_same(key)) {
            return Ok(Key::Same);
        }
        let file = KeptKey::file_in(folder);
        let write = |source| BackupError::Write {
            path: folder.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(write)?;
        let mut kept = None;
        if file.exists() {
            let aside = folder.join(format!("secret.key.before-{}", self.manifest.id));
            fs::rename(&file, &aside).map_err(write)?;
            kept = Some(aside);
        }
        key.keep_in(folder)?;
        Ok(Key::Written(file, kept))
    }

    async fn keys_lost(&self, store: &Store) -> Result<usize, BackupError> {
        let secrets = KeptKey::find(&self.config.data_dir)?
            .map(|key| key.secrets())
            .transpose()?;
        let opens = |key: &SealedKey| {
            let unsealed = secrets
                .as_ref()
                .map(|secrets| secrets.unseal(key.owner, key.connection, &key.sealed));
            matches!(unsealed, Some(Ok(_)))
        };
        let keys = store.sealed_keys().await?;
        Ok(keys.iter().filter(|key| !opens(key)).count())
    }

    fn write_settings(&self, settings: &str) -> Result<PathBuf, BackupError> {
        let folder = &self.config.data_dir;
        let file = folder.join(format!("settings-of-{}.toml", self.manifest.id));
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, settings));
        written.map_err(|source| BackupError::Write {
            path: file.clone(),
            source,
        })?;
        Ok(file)
    }
}

/// Whether the original is there already, as an earlier attempt put it.
async fn is_there(to: &Arc<dyn ObjectStore>, entry: &Entry) -> Result<bool, object_store::Error> {
    let path = original_path(entry.document);
    match to.head(&path).await {
        Ok(there) if there.size == entry.size => {}
        Ok(_) | Err(object_store::Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    let mut hash = Sha256::new();
    let mut read = pieces(Arc::clone(to), path, entry.size);
    while let Some(piece) = read.try_next().await? {
        hash.update(&piece);
    }
    Ok(hex::encode(hash.finalize()) == entry.sha256)
}
