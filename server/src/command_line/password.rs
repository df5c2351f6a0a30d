//! Asking for a new password.

use std::io::{self, IsTerminal};

use console::Term;

use super::Failure;

/// Asks twice on a terminal, which does not show what is typed; elsewhere takes the first line of standard input.
pub fn new_password(email: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let terminal = Term::stderr();
    terminal.write_str(&format!("New password for {email}: "))?;
    let password = terminal.read_secure_line()?;
    terminal.write_str("The same again: ")?;
    if terminal.read_secure_line()? != password {
        return Err("the two passwords differ. Nothing was changed".into());
    }
    Ok(password)
}
