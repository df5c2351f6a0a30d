//! PostgreSQL's own programs, `pg_dump` and `pg_restore`, as child processes.
//!
//! What they need to connect they find in their environment: arguments can be read by everybody on the machine.

use std::{io, process::Stdio};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use percent_encoding::percent_decode_str;
use store::Location;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};
use url::Url;

use super::BackupError;
use crate::connections::secrets::KEY_VARIABLE;

/// What is kept of a program's complaints, in bytes.
const MOST_SAID: u64 = 16 * 1024;

/// The first version that takes the certificates of the system.
const SYSTEM_CERTIFICATES: u32 = 16;

#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error(
        "{program} cannot be started: {source}. Install PostgreSQL's client programs, version {wanted} or newer, and put them on the PATH"
    )]
    NotThere {
        program: &'static str,
        wanted: u32,
        source: io::Error,
    },
    #[error("{program} does not say its version: it printed {printed:?}")]
    NoVersion { program: &'static str, printed: String },
    #[error(
        "{program} on the PATH is of PostgreSQL {found}, and {what} is of {wanted}: put {program} {wanted} or newer first on \
         the PATH. Nothing was changed"
    )]
    TooOld {
        program: &'static str,
        found: u32,
        wanted: u32,
        what: &'static str,
    },
    #[error("{program} failed: {said}")]
    Failed { program: &'static str, said: String },
    #[error("{program} could not be spoken to: {source}")]
    Broken { program: &'static str, source: io::Error },
}

/// One of the two programs.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    name: &'static str,
    pub version: u32,
}

impl Program {
    /// `pg_dump`, which must not be older than the server it is to dump.
    pub async fn dump_for(server: u32) -> Result<Self, ProgramError> {
        Self::find("pg_dump", server, "the server").await
    }

    /// `pg_restore`, which must not be older than the `pg_dump` that made what it is to restore.
    pub async fn restore_for(dump: u32) -> Result<Self, ProgramError> {
        Self::find("pg_restore", dump, "the program that made the snapshot").await
    }

    async fn find(name: &'static str, wanted: u32, what: &'static str) -> Result<Self, ProgramError> {
        let output = Command::new(name).arg("--version").stdin(Stdio::null()).output().await;
        let output = output.map_err(|source| ProgramError::NotThere {
            program: name,
            wanted,
            source,
        })?;
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let Some(version) = major(&printed) else {
            return Err(ProgramError::NoVersion { program: name, printed });
        };
        if version < wanted {
            return Err(ProgramError::TooOld {
                program: name,
                found: version,
                wanted,
                what,
            });
        }
        Ok(Self { name, version })
    }

    fn command(self, server: &Server) -> Command {
        let mut command = Command::new(self.name);
        command
            .envs(server.variables.iter().map(|(name, value)| (name, value)))
            .env_remove(KEY_VARIABLE)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if server.verifies_by_system && self.version >= SYSTEM_CERTIFICATES {
            command.env("PGSSLROOTCERT", "system");
        }
        command
    }

    /// Begins to dump what a transaction sees that has exported its snapshot.
    pub fn dump(self, server: &Server, schema: &str, snapshot: &str) -> Result<Running<ChildStdout>, ProgramError> {
        let mut command = self.command(server);
        // Compressed by whoever stores it. Where it is restored are neither the same roles nor the same rights.
        command
            .args([
                "--format=custom",
                "--compress=0",
                "--no-owner",
                "--no-privileges",
                "--no-comments",
            ])
            .args(["--no-password", "--strict-names"])
            .arg(format!("--schema={}", quoted_pattern(schema)))
            .arg(format!("--snapshot={snapshot}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = self.started(command)?;
        let output = child.stdout.take();
        self.running(child, output)
    }

    /// Begins to restore in one transaction what is then written to it.
    pub fn restore(self, server: &Server, schema: &str) -> Result<Running<ChildStdin>, ProgramError> {
        let mut command = self.command(server);
        command
            .args([
                "--format=custom",
                "--exit-on-error",
                "--single-transaction",
                "--no-owner",
                "--no-privileges",
            ])
            .arg("--no-password")
            // The schema itself is there.
            .arg(format!("--schema={schema}"))
            .arg(format!("--dbname={}", server.database_by_name()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut child = self.started(command)?;
        let input = child.stdin.take();
        self.running(child, input)
    }

    fn started(self, mut command: Command) -> Result<Child, ProgramError> {
        command.spawn().map_err(|source| self.broken(source))
    }

    fn running<P>(self, mut child: Child, pipe: Option<P>) -> Result<Running<P>, ProgramError> {
        let closed = || self.broken(io::ErrorKind::BrokenPipe.into());
        let errors = child.stderr.take().ok_or_else(closed)?;
        Ok(Running {
            program: self,
            pipe: pipe.ok_or_else(closed)?,
            child,
            said: tokio::spawn(heard(errors)),
        })
    }

    fn broken(self, source: io::Error) -> ProgramError {
        ProgramError::Broken {
            program: self.name,
            source,
        }
    }
}

/// A program that runs, with the pipe to or from it.
pub struct Running<P> {
    program: Program,
    pipe: P,
    child: Child,
    /// What it complains of.
    said: JoinHandle<String>,
}

impl Running<ChildStdout> {
    /// The next bytes of its output; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ProgramError> {
        let mut piece = Vec::with_capacity(256 * 1024);
        let read = self.pipe.read_buf(&mut piece).await;
        let read = read.map_err(|source| self.program.broken(source))?;
        Ok((read > 0).then(|| piece.into()))
    }

    /// Waits until it has ended.
    pub async fn end(self) -> Result<(), ProgramError> {
        let Self {
            program,
            pipe,
            child,
            said,
        } = self;
        drop(pipe);
        ended(program, child, said).await
    }
}

impl Running<ChildStdin> {
    /// Gives it everything, and waits until it has ended. When anything is wrong with what it is given it is killed, so that
    /// its transaction is none.
    pub async fn feed(
        self,
        mut bytes: impl Stream<Item = Result<Bytes, BackupError>> + Unpin,
    ) -> Result<(), BackupError> {
        let Self {
            program,
            mut pipe,
            mut child,
            said,
        } = self;
        loop {
            match bytes.try_next().await {
                Ok(Some(piece)) => {
                    // It has ended when it takes no more, and says why.
                    if pipe.write_all(&piece).await.is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    child.kill().await.map_err(|source| program.broken(source))?;
                    return Err(error);
                }
            }
        }
        // That there is no more to come is what it waits for.
        let _ = pipe.shutdown().await;
        drop(pipe);
        Ok(ended(program, child, said).await?)
    }
}

async fn ended(program: Program, mut child: Child, said: JoinHandle<String>) -> Result<(), ProgramError> {
    let status = child.wait().await.map_err(|source| program.broken(source))?;
    if status.success() {
        return Ok(());
    }
    let said = said.await.unwrap_or_default();
    let said = said.trim();
    Err(ProgramError::Failed {
        program: program.name,
        said: if said.is_empty() {
            status.to_string()
        } else {
            said.to_owned()
        },
    })
}

/// The beginning of what is said, reading all of it.
async fn heard(mut errors: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    let heard = (&mut errors).take(MOST_SAID).read_to_end(&mut said).await;
    if heard.is_ok() {
        let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// How a database is reached, as libpq's environment says it.
pub struct Server {
    variables: Vec<(&'static str, String)>,
    database: String,
    verifies_by_system: bool,
}

impl Server {
    /// Of an address that is accepted as one.
    pub fn at(url: &str) -> Option<Self> {
        let parsed = Url::parse(url).ok()?;
        let address = Location::postgres(url, 1)?.postgres_address()?;
        let mut variables = vec![
            ("PGHOST", address.host),
            ("PGPORT", address.port.to_string()),
            ("PGUSER", address.user),
            ("PGDATABASE", address.database.clone()),
            ("PGSSLMODE", address.ssl_mode.to_owned()),
            ("PGAPPNAME", "hyperion backup".to_owned()),
        ];
        variables.extend(address.options.map(|options| ("PGOPTIONS", options)));
        // Without a password here, the programs look where the server does: PGPASSWORD, PGPASSFILE.
        variables.extend(password(&parsed).map(|password| ("PGPASSWORD", password)));
        let named: Vec<(&'static str, String)> = parsed
            .query_pairs()
            .filter_map(|(key, value)| Some((of_certificates(&key)?, value.into_owned())))
            .collect();
        let names_authority = named.iter().any(|(name, _)| *name == "PGSSLROOTCERT");
        variables.extend(named);
        Some(Self {
            variables,
            database: address.database,
            verifies_by_system: address.ssl_mode == "verify-full" && !names_authority,
        })
    }

    /// As an argument that cannot be taken for anything but a name.
    fn database_by_name(&self) -> String {
        format!("dbname='{}'", self.database.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

fn password(url: &Url) -> Option<String> {
    let given = url.query_pairs().find(|(key, _)| key == "password");
    if let Some((_, password)) = given {
        return Some(password.into_owned());
    }
    let decoded = percent_decode_str(url.password()?).decode_utf8_lossy();
    Some(decoded.into_owned())
}

fn of_certificates(key: &str) -> Option<&'static str> {
    match key {
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => Some("PGSSLROOTCERT"),
        "sslcert" | "ssl-cert" => Some("PGSSLCERT"),
        "sslkey" | "ssl-key" => Some("PGSSLKEY"),
        _ => None,
    }
}

/// A pattern that fits this name alone.
fn quoted_pattern(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15.
fn major(printed: &str) -> Option<u32> {
    let (_, version) = printed.split_once("(PostgreSQL) ")?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(url: &str, wanted: &str) -> Option<String> {
        let server = Server::at(url).unwrap();
        let found = server.variables.into_iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value)
    }

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        assert_eq!(major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("pg_restore (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("pg_dump: error"), None);
    }

    #[test]
    fn an_address_becomes_variables_with_its_password_as_it_is() {
        let url = "postgres://ada:p%20a+&s%2Fs%25@db:6432/hyperion?sslmode=verify-full&sslrootcert=/ca.pem";
        let of = |name: &str| variable(url, name);
        assert_eq!(of("PGPASSWORD").as_deref(), Some("p a+&s/s%"));
        assert_eq!(of("PGHOST").as_deref(), Some("db"));
        assert_eq!(of("PGPORT").as_deref(), Some("6432"));
        assert_eq!(of("PGUSER").as_deref(), Some("ada"));
        assert_eq!(of("PGDATABASE").as_deref(), Some("hyperion"));
        assert_eq!(of("PGSSLMODE").as_deref(), Some("verify-full"));
        assert_eq!(of("PGSSLROOTCERT").as_deref(), Some("/ca.pem"));
        assert!(!Server::at(url).unwrap().verifies_by_system);
        assert!(
            Server::at("postgres://db/h?sslmode=verify-full")
                .unwrap()
                .verifies_by_system
        );

        let socket = "postgres:///hyperion?host=/run/postgresql&user=ada&password=x%26y";
        assert_eq!(variable(socket, "PGHOST").as_deref(), Some("/run/postgresql"));
        assert_eq!(variable(socket, "PGPASSWORD").as_deref(), Some("x&y"));
        assert_eq!(variable("postgres://ada@db/h", "PGPASSWORD"), None);
    }

    #[test]
    fn the_name_of_a_database_is_no_connection_string() {
        let server = Server::at("postgres://ada@db/it%27s%20host=elsewhere").unwrap();
        assert_eq!(server.database_by_name(), r"dbname='it\'s host=elsewhere'");
    }
}
