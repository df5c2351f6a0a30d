//! Snapshots that are made, looked after and restored by the program.

mod damage;
mod encrypted;
mod files;
mod half_restored;
mod operations_page;
mod postgres_programs;
mod retention;
mod servers;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    installation::{Installation, Ran, ran, start},
    migrate_storage::connect,
};

/// Where the snapshots of an installation are, in its folder.
const PLACE: &str = "snapshots";

/// The program with that place, on the installation's data folder.
fn command(installation: &Installation, args: &[&str]) -> Command {
    command_on(installation, "data", args)
}

fn command_on(installation: &Installation, data: &str, args: &[&str]) -> Command {
    let mut command = installation.command_on(data, args);
    command.env("HYPERION_BACKUP_URL", installation.path(PLACE));
    command
}

fn run(installation: &Installation, args: &[&str]) -> Ran {
    ran(command(installation, args).output().unwrap())
}

/// Makes a snapshot and gives its name.
fn back_up(installation: &Installation) -> String {
    name_in(&run(installation, &["backup"]).success())
}

/// The name of the snapshot that was made.
#[track_caller]
fn name_in(said: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.starts_with("Snapshot ") && line.contains(" is in "));
    line.unwrap_or_else(|| panic!("{said}"))
        .split(' ')
        .nth(1)
        .unwrap()
        .to_owned()
}

/// The snapshots that are published, the newest last.
fn published(installation: &Installation) -> Vec<String> {
    let mut names: Vec<String> = names_in(&installation.path(PLACE).join("snapshots"));
    names.retain(|name| manifest_path(installation, name).exists());
    names
}

fn manifest_path(installation: &Installation, name: &str) -> PathBuf {
    installation
        .path(PLACE)
        .join("snapshots")
        .join(name)
        .join("manifest.json")
}

fn manifest(installation: &Installation, name: &str) -> Value {
    serde_json::from_slice(&fs::read(manifest_path(installation, name)).unwrap()).unwrap()
}

/// What is in a folder, in order; nothing when it is not there.
fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The stored originals.
fn originals(installation: &Installation) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let top = installation.path(PLACE).join("originals");
    for recipient in names_in(&top) {
        for shard in names_in(&top.join(&recipient)) {
            let folder = top.join(&recipient).join(shard);
            found.extend(names_in(&folder).into_iter().map(|name| folder.join(name)));
        }
    }
    found
}

/// Changes one bit in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Somebody with a connection. Questions are the first account's, and are answered without it.
const BOB: &str = "bob@example.org";

async fn connect_bob(installation: &Installation) {
    installation
        .run_with_input(&["user", "add", BOB], crate::installation::PASSWORD)
        .success();
    connect(installation, BOB).await;
}

/// Everything that a data folder has is lost.
fn lose(installation: &Installation) {
    fs::remove_dir_all(installation.path("data")).unwrap();
}

/// That whatever the database names is there.
#[track_caller]
fn assert_whole(examined: Ran, originals: usize) {
    let wanted = format!("ok    originals of documents: all {originals} are there");
    assert!(examined.out.contains("ok    documents:"), "{}", examined.out);
    assert!(examined.out.contains(&wanted), "{}", examined.out);
}

const EXAMINE: [&str; 4] = ["doctor", "--deep", "--listen", "127.0.0.1:0"];
