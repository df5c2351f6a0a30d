//! Why a task could not be done.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{doing} {}: {source}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`cargo {0}` failed; its messages are above")]
    Cargo(String),
    #[error("making the JavaScript bindings: {0}")]
    Bindings(String),
    #[error("bundling the style sheets: {0}")]
    Style(String),
    #[error("{} is missing: {remedy}", path.display())]
    Missing { path: PathBuf, remedy: &'static str },
}

impl Failure {
    /// Names what was being done to which file when `source` came up; made for `map_err`.
    pub fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}
