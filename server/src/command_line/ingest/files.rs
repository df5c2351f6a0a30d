//! Which files of a folder are meant.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::command_line::Failure;

/// All files below a folder, in the order of their paths. Left out is what begins with a dot; links to folders are not
/// followed, so that the walk ends.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    if files.is_empty() {
        return Err(format!("there is no file in {}", folder.display()).into());
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| format!("the folder {} cannot be read: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            collect(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_subfolders_are_meant_and_hidden_ones_and_loops_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/.git")).unwrap();
        for name in ["c.txt", "b/a.txt", "b/.hidden", "b/.git/config"] {
            fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("c.txt"), root.join("d.txt")).unwrap();
        let files = below(root).unwrap();
        assert_eq!(files, ["b/a.txt", "c.txt", "d.txt"].map(|name| root.join(name)));
        assert!(below(&root.join("absent")).unwrap_err().to_string().contains("absent"));
    }
}
