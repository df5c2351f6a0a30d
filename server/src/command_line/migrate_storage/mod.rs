//! `hyperion migrate-storage`.

mod originals;
mod progress;
mod report;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use store::{CopyError, Copying, Location, Original};

use self::{originals::Originals, progress::Progress, report::Report};
use super::{Failure, output};
use crate::{
    config::{Config, Loaded},
    connections::secrets::{KEY_VARIABLE, KeptKey, KeyPlace, SecretsError},
    data_folder::{self, FolderError, Lock},
    state::{self, OpenError},
};

#[derive(clap::Args)]
pub struct MigrateStorage {
    /// Configuration file of where everything is to be; data_dir, database_url, database_connections and originals_url count
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Finish the copy without originals that the source does not have either, or not as they were uploaded
    #[arg(long)]
    allow_missing_originals: bool,
    /// Print what was copied as one JSON object, at the end
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(
        "where the originals are to be there is {0}, which belongs to no document that is copied: name an empty place in \
         the file given to --to"
    )]
    ForeignFile(String),
    #[error("the originals could not be looked through: {0}. Check the place and run the command again")]
    Unlisted(#[source] object_store::Error),
    #[error("the original of {name} could not be read: {source}. Run the command again to go on")]
    Unreadable { name: String, source: object_store::Error },
    #[error("the original of {name} could not be written: {source}. Run the command again to go on")]
    Unwritable { name: String, source: object_store::Error },
    #[error(
        "the target has another secret key, in {}: remove it if nothing else needs it, or name another data folder",
        .0.display()
    )]
    OtherKey(PathBuf),
    #[error(
        "the source keeps keys of connections and its secret key is not here: give the one that its servers have in \
         {KEY_VARIABLE}"
    )]
    NoKey,
    #[error(
        "no key of a connection opens with the secret key in {0}: give the one they were sealed with in {KEY_VARIABLE}. \
         If it is lost, take these keys out of the connections first"
    )]
    WrongKey(KeyPlace),
}

impl MigrateError {
    fn unreadable(original: &Original, source: object_store::Error) -> Self {
        Self::Unreadable {
            name: original.name.clone(),
            source,
        }
    }
}

impl MigrateStorage {
    /// Copies the installation of this configuration into that of the file.
    pub async fn run(self, source: Config) -> Result<ExitCode, Failure> {
        let target = Loaded::of_file(&self.to)?;
        let _locks = lock_folders(&source, &target)?;
        let copying = Copying::open(&source.database(), &target.database()).await?;
        let migrated = self.migrate(&copying, &source, &target).await;
        copying.close().await;
        Ok(migrated?)
    }

    async fn migrate(&self, copying: &Copying, source: &Config, target: &Config) -> Result<ExitCode, MigrateError> {
        let key = key_for(copying, source, target).await?;
        let originals = Originals::look(
            state::originals(source)?,
            state::originals(target)?,
            copying.originals().await?,
            originals_are_in_one_place(source, target),
        )
        .await?;
        if let Location::Postgres { .. } = source.database() {
            self.note(
                "All replicas must be stopped until the copy is finished; what they change meanwhile is not copied.",
            );
            if let connections @ 1.. = copying.servers_at_source().await? {
                self.note(&format!(
                    "There are {connections} connections of running replicas to the source: stop them."
                ));
            }
        }
        copying.begin().await?;
        if let Some(key) = &key
            && target.database_url.is_none()
        {
            key.keep_in(&target.data_dir)?;
        }

        let progress = Progress::new(copying.rows().await?, originals.all.len());
        let done = async {
            let rows = copying.copy(|more| progress.rows(more)).await?;
            let sent = originals.send(|| progress.original()).await?;
            let compared = copying.compare(|more| progress.compared(more)).await?;
            Ok::<_, MigrateError>((rows, sent, compared))
        };
        let done = done.await;
        progress.end();
        let (rows, sent, compared) = done?;
        let (from, to) = (source.database().to_string(), target.database().to_string());
        let mut report = Report::new(from, to, rows, compared, &sent);
        report.finished = report.tables_agree() && report.originals_agree(self.allow_missing_originals);
        if report.finished {
            copying.finish().await?;
        }
        report.print(self.json);
        self.say_what_to_do(&report, key.as_ref(), target);
        Ok(if report.finished {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn say_what_to_do(&self, report: &Report, key: Option<&KeptKey>, target: &Config) {
        if !report.tables_agree() {
            self.note(
                "Source and target differ: something changed while they were copied. Stop every server of both, empty \
                 the target, and run the command again.",
            );
        }
        if !report.originals_agree(false) && !report.finished {
            self.note(
                "Not all originals could be copied. Restore those that are missing or damaged in the source from a \
                 backup and run the command again; or let their documents be without, with --allow-missing-originals: \
                 they are still found and cited, but cannot be downloaded or read again.",
            );
        }
        if !report.originals_agree(true) {
            self.note("Run the command again: what the target did not keep is sent once more.");
        }
        if !report.finished {
            return self.note("The copy is not finished, and no server starts on it.");
        }
        self.note(&format!(
            "Everything agrees, the copy is finished. Serve from it with: hyperion serve --config {}",
            self.to.display()
        ));
        if target.database_url.is_none() {
            return;
        }
        self.note(&match key.map(|key| &key.place) {
            Some(KeyPlace::File(file)) => {
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                format!(
                    "Give every replica the same secret key: export {KEY_VARIABLE}=\"$(cat '{}')\"",
                    file.display()
                )
            }
            Some(KeyPlace::Environment) => {
                format!("Every replica needs the secret key that {KEY_VARIABLE} has here.")
            }
            None => format!("Give every replica the same secret key: export {KEY_VARIABLE}=$(openssl rand -hex 32)"),
        });
    }

    /// Tells people, beside what programs read.
    fn note(&self, text: &str) {
        if self.json {
            eprintln!("{text}");
        } else {
            output::print_line(text);
        }
    }
}

/// Keeps servers away from the data folders, as far as there are any.
fn lock_folders(source: &Config, target: &Config) -> Result<Vec<Lock>, FolderError> {
    let mut locks = Vec::new();
    if source.data_dir.exists() {
        locks.push(data_folder::lock(&source.data_dir, "hyperion migrate-storage")?);
    }
    let target_has_one = target.database_url.is_none() || target.originals_url.is_none() || target.data_dir.exists();
    if target_has_one && !is_same_folder(&source.data_dir, &target.data_dir) {
        locks.push(data_folder::lock(&target.data_dir, "hyperion migrate-storage")?);
    }
    Ok(locks)
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn originals_are_in_one_place(source: &Config, target: &Config) -> bool {
    match (&source.originals_url, &target.originals_url) {
        (Some(one), Some(other)) => one.expose().trim_end_matches('/') == other.expose().trim_end_matches('/'),
        (None, None) => is_same_folder(&source.originals_dir(), &target.originals_dir()),
        _ => false,
    }
}

/// The source's key, which has to open what it sealed and to be the target's too.
async fn key_for(copying: &Copying, source: &Config, target: &Config) -> Result<Option<KeptKey>, MigrateError> {
    let sealed = copying.sealed_keys().await?;
    let Some(key) = KeptKey::find(&source.data_dir)? else {
        return if sealed.is_empty() {
            Ok(None)
        } else {
            Err(MigrateError::NoKey)
        };
    };
    let secrets = key.secrets()?;
    let opens = |sealed: &store::SealedKey| secrets.unseal(sealed.owner, sealed.connection, &sealed.sealed).is_ok();
    if !sealed.is_empty() && !sealed.iter().any(opens) {
        return Err(MigrateError::WrongKey(key.place));
    }
    if target.database_url.is_none()
        && let Some(other) = KeptKey::in_folder(&target.data_dir)?
        && !other.is_same(&key)
    {
        return Err(MigrateError::OtherKey(target.data_dir.join("secret.key")));
    }
    Ok(Some(key))
}
