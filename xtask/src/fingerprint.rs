//! Whether something was made from the very same things before.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// A sum over everything that a result is made from.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds a file, or a folder with all it holds.
    pub fn add_path(&mut self, path: &Path) -> Result<(), Failure> {
        self.add(path.as_os_str().as_encoded_bytes());
        if !path.is_dir() {
            self.add(&fs::read(path).map_err(Failure::io("reading", path))?);
            return Ok(());
        }
        let entries = fs::read_dir(path).map_err(Failure::io("listing", path))?;
        let entries = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = entries
            .collect::<Result<_, _>>()
            .map_err(Failure::io("listing", path))?;
        paths.sort();
        paths.iter().try_for_each(|path| self.add_path(path))
    }

    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add_path(folder).unwrap();
        fingerprint.finish()
    }

    #[test]
    fn it_changes_with_the_contents_and_the_names_of_files_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("below")).unwrap();
        fs::write(root.join("below/a.css"), "a").unwrap();
        let first = of(root);
        fs::write(root.join("below/a.css"), "a").unwrap();
        assert_eq!(of(root), first);
        fs::write(root.join("below/a.css"), "b").unwrap();
        let second = of(root);
        assert_ne!(second, first);
        fs::rename(root.join("below/a.css"), root.join("below/b.css")).unwrap();
        assert_ne!(of(root), second);
    }
}
