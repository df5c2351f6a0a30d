//! The `hyperion` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::command_line::run()
}
