//! The data folder: made when missing, and worked on by one process at a time.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    process,
};

/// Lies in the data folder, locked by the process that works on it.
const LOCK_FILE: &str = "hyperion.lock";

/// Lies there too, locked by the backup of it that is being made. That works on nothing in the folder.
pub const BACKUP_LOCK: &str = "backup.lock";

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the data folder {} cannot be written: {source}. Make it writable or choose another with --data-dir", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    /// Two processes would take each other's unfinished work for that of a process that died.
    #[error("the data folder {} is in use by {holder}. {}", path.display(), holder.advice())]
    Held { path: PathBuf, holder: Holder },
}

/// Held as long as this process works on the folder; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(File);

/// Makes the folder unless it is there, and takes it for this process, which `command` describes to others.
pub fn lock(folder: &Path, command: &str) -> Result<Lock, FolderError> {
    lock_for(folder, command, LOCK_FILE)
}

/// The same by another file, which keeps only those away who lock that one.
pub fn lock_for(folder: &Path, command: &str, file: &str) -> Result<Lock, FolderError> {
    let unwritable = |source| FolderError::Unwritable {
        path: folder.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(unwritable)?;
    let path = folder.join(file);
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(FolderError::Held {
                path: folder.to_owned(),
                holder: Holder::read(&path),
            });
        }
        Err(TryLockError::Error(source)) => return Err(unwritable(source)),
    }
    let lock = Lock(file);
    lock.describe(command, None).map_err(unwritable)?;
    Ok(lock)
}

impl Lock {
    /// Says to others what holds the folder, and where it serves.
    pub fn describe(&self, command: &str, url: Option<&str>) -> io::Result<()> {
        let mut file = &self.0;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{command}\n{}\n{}\n", process::id(), url.unwrap_or_default())
    }
}

/// The process that works on a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub command: String,
    pub process: String,
    /// Where it serves, when it does.
    pub url: Option<String>,
}

/// Who works on this folder now.
pub fn holder(folder: &Path) -> Option<Holder> {
    let path = folder.join(LOCK_FILE);
    // One that cannot be opened for writing cannot be held by somebody of the same user either.
    let file = File::options().read(true).write(true).open(&path).ok()?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Some(Holder::read(&path)),
        _ => None,
    }
}

impl Holder {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines().map(str::to_owned);
        let mut next = || lines.next().filter(|line| !line.is_empty());
        Self {
            command: next().unwrap_or_else(|| "another process".to_owned()),
            process: next().unwrap_or_else(|| "unknown".to_owned()),
            url: next(),
        }
    }

    fn advice(&self) -> String {
        let stop = "Stop it first, or choose another folder with --data-dir";
        match &self.url {
            Some(url) => format!(
                "{stop}; hyperion ingest and hyperion ask can also go through that server: --server {url}, and an API \
                 key of yours in HYPERION_API_KEY"
            ),
            None => stop.to_owned(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (process {})", self.command, self.process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_at_a_time_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/there/yet");
        assert_eq!(holder(&path), None);
        let held = lock(&path, "hyperion serve").unwrap();
        held.describe("hyperion serve", Some("http://127.0.0.1:1")).unwrap();

        let message = lock(&path, "hyperion ingest").unwrap_err().to_string();
        assert!(
            message.contains(&format!("in use by `hyperion serve` (process {})", process::id())),
            "{message}"
        );
        assert!(message.contains("--server http://127.0.0.1:1"), "{message}");
        assert_eq!(holder(&path).unwrap().url.as_deref(), Some("http://127.0.0.1:1"));

        drop(held);
        assert_eq!(holder(&path), None);
        lock(&path, "hyperion ingest").unwrap();
    }
}
