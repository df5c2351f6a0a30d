//! Builds what cargo alone does not: the browser bundle, and the folder that is Hyperion ready to run.

mod cargo;
mod compress;
mod dist;
mod failure;
mod fingerprint;
mod scripts;
mod site;
mod style;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds the browser bundle and the folder that is Hyperion ready to run"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the browser bundle: wasm, its JavaScript, CSS and static files, named by content and compressed
    Site {
        /// Optimise for size and compress as far as possible
        #[arg(long)]
        release: bool,
        /// Folder to write to; what it held is replaced
        #[arg(long, value_name = "DIR", default_value = "target/site")]
        out: PathBuf,
    },
    /// Assemble server, bundle, model and PDF library in target/dist, or target/dist-dev without --release
    Dist {
        /// Build both the server and the bundle optimised
        #[arg(long)]
        release: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    std::env::set_current_dir(cargo::workspace_root()).map_err(Failure::io("entering", cargo::workspace_root()))?;
    match task {
        Task::Site { release, out } => site::build(release, &out),
        Task::Dist { release } => dist::assemble(release),
    }
}
