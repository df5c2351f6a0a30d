//! `hyperion config`.

use std::process::ExitCode;

use super::output;
use crate::config::{self, Loaded};

#[derive(clap::Args)]
pub struct PrintConfig {
    /// Print a configuration file that names every setting with its default instead
    #[arg(long)]
    pub example: bool,
}

pub fn print(loaded: &Loaded) -> ExitCode {
    output::print(loaded.to_toml());
    ExitCode::SUCCESS
}

pub fn print_example() -> ExitCode {
    output::print(config::example());
    ExitCode::SUCCESS
}
