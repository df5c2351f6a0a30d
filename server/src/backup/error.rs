//! What can go wrong with snapshots, in words for operators.

use std::{io, path::PathBuf};

use store::{RestoreError, SnapshotError, StoreError};

use super::{SnapshotId, object::ReadError, postgres::ProgramError};
use crate::{connections::secrets::SecretsError, data_folder::FolderError, state::OpenError};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("it is not said where snapshots are kept: set backup_url, or give it by {0}")]
    NoPlace(&'static str),
    #[error(
        "the place of snapshots {place} cannot be used: {source}. Check the address and, for a bucket, the AWS_ variables"
    )]
    Place { place: String, source: object_store::Error },
    #[error("the folder of snapshots {} cannot be made: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("there is no snapshot in {0}")]
    NoSnapshot(String),
    #[error(
        "there is no snapshot in {place} that lacks nothing; the newest that lacks originals is {newest}: name it with \
         --snapshot to take it all the same"
    )]
    NoGoodSnapshot { place: String, newest: SnapshotId },
    #[error("there is no snapshot {id} in {place}, or it was never finished")]
    NoSuchSnapshot { place: String, id: SnapshotId },
    #[error("the manifest of snapshot {id} cannot be read: {reason}")]
    Manifest { id: SnapshotId, reason: String },
    #[error("snapshot {id} was made by Hyperion {program}, which is newer than this one: use that version")]
    NewerSnapshot { id: SnapshotId, program: String },
    #[error("{place} holds snapshots of another installation: give every installation a place of its own")]
    OtherInstallation { place: String },
    #[error("{0} cannot be written: {1}. Run the command again to go on with what is there")]
    Unwritable(String, #[source] object_store::Error),
    #[error("what is to be stored cannot be compressed or encrypted: {0}")]
    Sealing(#[source] io::Error),
    #[error("a temporary file cannot be used: {0}. Name a folder with more space in TMPDIR")]
    Temporary(#[source] io::Error),
    #[error("a copy of the database cannot be made in {}: {source}", path.display())]
    Copy { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Read(#[from] ReadError),
    #[error("{path} cannot be decoded: {source}")]
    Undecodable { path: String, source: io::Error },
    #[error("{0} is not the list of originals that it should be: {1}")]
    List(String, String),
    #[error("the snapshot is encrypted: give the age identity (the private key) to {0} by --identity FILE")]
    NeedsIdentity(&'static str),
    #[error("{} holds no age identity (AGE-SECRET-KEY-1...): {reason}", path.display())]
    Identity { path: PathBuf, reason: String },
    #[error("the dump of the database is empty ({0}): nothing was published, and the snapshots that are there stay")]
    EmptyDump(&'static str),
    #[error("the originals cannot be read: {0}. Run the command again to go on with what is there")]
    Originals(#[source] object_store::Error),
    #[error("the original of document {document} cannot be written: {source}. Run the command again to go on")]
    OriginalUnwritable {
        document: String,
        source: object_store::Error,
    },
    #[error(
        "{path} holds other contents than {document} had when it was uploaded; nothing in the database was changed"
    )]
    OtherContents { path: String, document: String },
    #[error(
        "snapshot {id} is of a {found} database, and here is a {here} one: restore it into a {found} database, and move \
         from there with `hyperion migrate-storage`"
    )]
    OtherKind {
        id: SnapshotId,
        found: &'static str,
        here: &'static str,
    },
    #[error("{0} is no scratch database for this snapshot: give {1}")]
    NoScratch(String, &'static str),
    #[error("what was restored is not what the snapshot says: {}", .0.join("; "))]
    Differs(Vec<String>),
    #[error(
        "the secret key in {place} is not the snapshot's, and the keys of connections open with that one alone: unset it to \
         have the snapshot's key written to {}", file.display()
    )]
    OtherKey { place: String, file: PathBuf },
    #[error(
        "this would replace everything in {target}{contents} by snapshot {id} of {created}: nothing was changed. Run it \
         again with --replace-everything to do so"
    )]
    NotConfirmed {
        target: String,
        contents: String,
        id: SnapshotId,
        created: String,
    },
    #[error(
        "snapshot {id} is whole, but what it supersedes could not all be removed: {reason}. The next backup tries again"
    )]
    NotTidied { id: SnapshotId, reason: String },
    #[error("the index of passages could not be made anew: {0}. Run the command again")]
    Index(String),
    #[error("the folder {} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    DataFolder(#[from] FolderError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}
