//! Making a snapshot.

use std::{fs, io, path::PathBuf};

use api::DocumentId;
use chrono::Utc;
use futures::{StreamExt, stream};
use store::{Alone, Held, Location, Milestone, Snapshot, Sum};

use super::{
    BackupError, Manifest, Place, Recipient, SnapshotId,
    dump::Dumper,
    list::{self, ListWriting},
    manifest::{Database, FORMAT, Objects, Rows},
    object::{self, Stored},
    originals::{Named, Outcome, Storing},
    place::{ending, folder_of},
    postgres::{Program, Server},
    retention::{self, Removed},
};
use crate::{
    config::Config,
    connections::secrets::KeptKey,
    data_folder::{self, Lock},
    state,
};

/// Lies in the data folder while a SQLite database is copied.
const COPY: &str = "backup.db";

/// What a backup is told to do.
pub struct Request<'r> {
    pub config: &'r Config,
    /// The settings as a configuration file without secrets.
    pub settings: &'r str,
    pub place: &'r Place,
    pub recipient: Option<&'r Recipient>,
    pub keep: usize,
}

/// Told how far it is.
pub trait Progress {
    /// The moment is held, with so many rows.
    fn begun(&self, rows: u64);
    fn rows(&self, more: u64);
    /// The database is stored, which names so many originals.
    fn dumped(&self, documents: u64);
    fn originals(&self, more: u64);
}

/// A snapshot that was published.
pub struct Made {
    pub manifest: Manifest,
    pub files_stored: u64,
    /// Documents whose original the installation does not have, the first few.
    pub missing: Vec<DocumentId>,
    /// Keys of connections that cannot be opened from this snapshot alone.
    pub keys_without_secret: u64,
    pub removed: Removed,
}

/// What is read while the moment is held.
struct Read {
    database: Database,
    stored: Stored,
    sums: Vec<(&'static str, Sum)>,
    named: Named,
    sealed_keys: u64,
    schema: i64,
}

impl Request<'_> {
    /// Makes a snapshot, publishes it, and removes what it supersedes.
    ///
    /// A snapshot that lacks originals is published too, but supersedes nothing and counts as no success.
    pub async fn run(&self, progress: &impl Progress) -> Result<Made, BackupError> {
        let _lock = self.lock()?;
        let alone = Alone::open(&self.config.database()).await?;
        let made = self.make(&alone, progress).await;
        let made = match made {
            Ok(made) if made.manifest.lacks_nothing() => self.tidy(&alone, made).await,
            made => made,
        };
        alone.close().await;
        made
    }

    /// Of a SQLite database one backup at a time is made; on PostgreSQL the database itself sees to that.
    fn lock(&self) -> Result<Option<Lock>, BackupError> {
        let is_here = matches!(self.config.database(), Location::File(file) if file.exists());
        let lock =
            is_here.then(|| data_folder::lock_for(&self.config.data_dir, "hyperion backup", data_folder::BACKUP_LOCK));
        Ok(lock.transpose()?)
    }

    async fn tidy(&self, alone: &Alone, mut made: Made) -> Result<Made, BackupError> {
        alone.store().reach(Milestone::Backup).await?;
        let tidied = retention::tidy(self.place, self.keep).await;
        made.removed = tidied.map_err(|error| BackupError::NotTidied {
            id: made.manifest.id.clone(),
            reason: error.to_string(),
        })?;
        Ok(made)
    }

    async fn make(&self, alone: &Alone, progress: &impl Progress) -> Result<Made, BackupError> {
        let store = alone.store();
        let installation = store.installation_id().await?;
        let earlier = self.earlier(&installation).await?;
        let newest = self.place.snapshots().await?.pop();
        let dumper = self.dumper(alone).await?;
        let created = Utc::now();
        let id = SnapshotId::new(created, newest.as_ref());
        let read = self.read(&dumper, &id, progress).await?;

        let (settings, secret_key) = self.store_settings(&id).await?;
        progress.dumped(read.named.documents);
        let before = match &earlier {
            Some(earlier) => list::stored_once(list::entries(self.place, earlier).await?).boxed(),
            None => stream::empty().boxed(),
        };
        let storing = Storing {
            place: self.place,
            recipient: self.recipient,
            from: state::originals(self.config)?,
            live: store,
        };
        let list = ListWriting::begin(self.place, &id)?;
        let Outcome {
            list,
            originals,
            files_stored,
            missing,
        } = storing
            .store(read.named, before, list, |more| progress.originals(more))
            .await?;
        let keys_without_secret = if secret_key.is_some() { 0 } else { read.sealed_keys };
        let tables = read.sums.into_iter().map(|(table, sum)| {
            let Sum { rows, sha256 } = sum;
            (table.to_owned(), Rows { rows, sha256 })
        });
        let manifest = Manifest {
            format: FORMAT,
            id,
            created,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            installation,
            database: read.database,
            schema: read.schema,
            recipient: self.recipient.map(ToString::to_string),
            objects: Objects {
                database: read.stored,
                settings,
                secret_key,
                originals: list,
            },
            originals,
            tables: tables.collect(),
        };
        manifest.publish(self.place).await?;
        Ok(Made {
            manifest,
            files_stored,
            missing,
            keys_without_secret,
            removed: Removed::default(),
        })
    }

    /// The newest snapshot in the place whose list can be gone by.
    ///
    /// # Errors
    /// [`BackupError::OtherInstallation`] when any that is there is another's.
    async fn earlier(&self, installation: &str) -> Result<Option<Manifest>, BackupError> {
        let mut newest = None;
        for id in self.place.snapshots().await?.iter().rev() {
            let manifest = match Manifest::read(self.place, id).await {
                Ok(Some(manifest)) => manifest,
                // What cannot be read is left alone.
                Ok(None) | Err(BackupError::Manifest { .. } | BackupError::NewerSnapshot { .. }) => continue,
                Err(error) => return Err(error),
            };
            if manifest.installation != installation {
                return Err(BackupError::OtherInstallation {
                    place: self.place.name.clone(),
                });
            }
            if newest.is_none() && object::check(self.place, &manifest.objects.originals).await.is_ok() {
                newest = Some(manifest);
            }
        }
        Ok(newest)
    }

    async fn dumper(&self, alone: &Alone) -> Result<Dumper, BackupError> {
        match &self.config.database_url {
            None => Ok(Dumper::File),
            Some(url) => {
                let version = alone.store().server_major().await?;
                Ok(Dumper::Postgres {
                    program: Program::dump_for(version).await?,
                    server: Server::at(url.expose()).ok_or(BackupError::NoPlace("--database-url"))?,
                })
            }
        }
    }

    /// Holds a moment of the database for as long as it takes to store and to sum it up.
    async fn read(&self, dumper: &Dumper, id: &SnapshotId, progress: &impl Progress) -> Result<Read, BackupError> {
        let copy = Copy::at(self.config.data_dir.join(COPY))?;
        let snapshot = Snapshot::take(&self.config.database(), &copy.0).await?;
        progress.begun(snapshot.rows().await?);
        let schema = snapshot.schema;
        let held = snapshot.held.clone();
        let store = dumper.store(&held, Snapshot::TABLES, self.place, id, self.recipient);
        let (summed, stored) = match &held {
            Held::Postgres { .. } => {
                // Both see the same moment, and neither waits for the other.
                let both = tokio::try_join!(self.sum_up(&snapshot, progress), store);
                snapshot.close().await;
                both?
            }
            Held::File(_) => {
                let summed = self.sum_up(&snapshot, progress).await;
                // The file is whole once nobody has it open.
                snapshot.close().await;
                (summed?, store.await?)
            }
        };
        let (sums, named, sealed_keys) = summed;
        let (database, stored) = stored;
        copy.remove()?;
        Ok(Read {
            database,
            stored,
            sums,
            named,
            sealed_keys,
            schema,
        })
    }

    async fn sum_up(
        &self,
        snapshot: &Snapshot,
        progress: &impl Progress,
    ) -> Result<(Vec<(&'static str, Sum)>, Named, u64), BackupError> {
        let sums = snapshot.sums(|more| progress.rows(more)).await?;
        let mut named = Named::new()?;
        snapshot.originals(|original| named.add(&original)).await?;
        let sealed_keys = snapshot.sealed_keys().await?;
        Ok((sums, named, sealed_keys))
    }

    async fn store_settings(&self, id: &SnapshotId) -> Result<(Stored, Option<Stored>), BackupError> {
        let path = |name: &str| format!("{}/{name}{}", folder_of(id), ending(self.recipient.is_some()));
        let write = |name: &str, bytes: Vec<u8>| {
            let path = path(name);
            async move { object::write_whole(self.place, path, self.recipient, &bytes).await }
        };
        let settings = write("settings.toml", self.settings.as_bytes().to_vec()).await?;
        let key = match self.recipient {
            Some(_) => KeptKey::find(&self.config.data_dir)?,
            None => None,
        };
        let secret_key = match key {
            Some(key) => Some(write("secret.key", key.to_bytes()).await?),
            None => None,
        };
        Ok((settings, secret_key))
    }
}

/// The copy of a SQLite database, which is not left behind.
struct Copy(PathBuf);

impl Copy {
    /// Removes what a backup left that was cut off.
    fn at(path: PathBuf) -> Result<Self, BackupError> {
        let copy = Self(path);
        copy.remove()?;
        Ok(copy)
    }

    fn remove(&self) -> Result<(), BackupError> {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.0.as_os_str().to_owned();
            path.push(ending);
            match fs::remove_file(&path) {
                Err(source)
                    if source.kind() != io::ErrorKind::NotFound && source.kind() != io::ErrorKind::NotADirectory =>
                {
                    return Err(BackupError::Copy {
                        path: path.into(),
                        source,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // The next backup tries again, and says so if it cannot.
        let _ = self.remove();
    }
}
