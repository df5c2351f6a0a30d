//! What a command says on standard output.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process,
};

/// Prints `text` as it is. That nobody reads it any more, as in `hyperion user list | head -1`, does not stop the command.
pub fn print(text: impl Display) {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("hyperion: standard output cannot be written: {error}");
        process::exit(1);
    }
}

/// Prints `text` and ends the line.
pub fn print_line(text: impl Display) {
    print(format_args!("{text}\n"));
}
