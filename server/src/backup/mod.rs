//! Snapshots of an installation, in a folder or a bucket.
//!
//! A place holds `snapshots/ID/`, each with the database, the settings and the list of its originals, and last of all
//! `manifest.json`: without it a snapshot is none. Originals never change, so all snapshots share them, each once under
//! the checksum of its contents, in `originals/`.

pub mod drill;
mod dump;
mod error;
mod id;
mod list;
pub mod make;
mod manifest;
mod object;
mod opening;
mod originals;
mod place;
mod postgres;
pub mod restore;
mod retention;
mod sealing;
pub mod verify;

pub use self::{
    error::BackupError,
    id::SnapshotId,
    manifest::{Manifest, Originals, choose},
    opening::Identities,
    place::Place,
    sealing::Recipient,
};
