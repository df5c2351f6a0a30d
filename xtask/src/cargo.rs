//! Running cargo from inside cargo.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The folder of the workspace's Cargo.toml.
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ lies inside the workspace")
}

/// The folder cargo builds into.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from)
}

/// Runs the same cargo that runs this task, its messages going to the terminal.
pub fn run(arguments: &[&str]) -> Result<(), Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let failed = || Failure::Cargo(arguments.join(" "));
    let status = Command::new(&cargo)
        .args(arguments)
        .status()
        .map_err(Failure::io("running", &cargo))?;
    status.success().then_some(()).ok_or_else(failed)
}
