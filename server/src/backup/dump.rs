//! The database of a snapshot: a dump by `pg_dump`, or a SQLite file.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use store::{Held, Location, Replacing};
use tokio::{io::AsyncReadExt, process::ChildStdout};

use super::{
    BackupError, Identities, Manifest, Place, Recipient, SnapshotId,
    manifest::Database,
    object::{self, LARGE_PART, Stored, Writing},
    place::{ending, folder_of},
    postgres::{Program, Running, Server},
};

/// What a dump begins with.
const DUMP: &[u8] = b"PGDMP";
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Bytes at the beginning of a dump that hold its list of contents, and more.
const HEAD: usize = 1 << 20;

/// In the list of contents, what stands with every table's rows.
const ROWS: &[u8] = b"TABLE DATA";

/// How the database of an installation is put into a snapshot.
pub enum Dumper {
    /// As the file that it is held in.
    File,
    Postgres {
        program: Program,
        server: Server,
    },
}

impl Dumper {
    /// Stores what is held.
    pub async fn store(
        &self,
        held: &Held,
        tables: usize,
        place: &Place,
        id: &SnapshotId,
        recipient: Option<&Recipient>,
    ) -> Result<(Database, Stored), BackupError> {
        let path = |name: &str| format!("{}/{name}{}", folder_of(id), ending(recipient.is_some()));
        match (self, held) {
            (
                Self::Postgres { program, server },
                Held::Postgres {
                    exported,
                    schema,
                    server_major,
                },
            ) => {
                let writing = Writing::begin(place, path("database.dump"), recipient, LARGE_PART)?;
                let running = program.dump(server, schema, exported)?;
                let stored = store_dump(running, writing, tables).await?;
                let database = Database::Postgres {
                    server: *server_major,
                    pg_dump: program.version,
                    schema: schema.clone(),
                };
                Ok((database, stored))
            }
            (_, Held::File(copy)) => {
                let writing = Writing::begin(place, path("database.db"), recipient, LARGE_PART)?;
                Ok((Database::Sqlite, store_file(copy, writing).await?))
            }
            (Self::File, Held::Postgres { .. }) => unreachable!("a file is held in a file"),
        }
    }
}

async fn store_dump(
    mut running: Running<ChildStdout>,
    mut writing: Writing,
    tables: usize,
) -> Result<Stored, BackupError> {
    let mut head = Vec::new();
    let outcome = async {
        while let Some(piece) = running.next().await? {
            let wanted = piece.len().min(HEAD.saturating_sub(head.len()));
            head.extend_from_slice(&piece[..wanted]);
            writing.put(&piece).await?;
        }
        running.end().await?;
        require_contents(&head, tables)
    };
    match outcome.await {
        Ok(()) => writing.finish().await,
        Err(error) => {
            writing.abort().await?;
            Err(error)
        }
    }
}

/// Refuses a dump of nothing, however well its program ended.
fn require_contents(head: &[u8], tables: usize) -> Result<(), BackupError> {
    if head.is_empty() {
        return Err(BackupError::EmptyDump("no bytes"));
    }
    if !head.starts_with(DUMP) {
        return Err(BackupError::EmptyDump("no dump"));
    }
    let found = head.windows(ROWS.len()).filter(|bytes| *bytes == ROWS).count();
    if found < tables {
        return Err(BackupError::EmptyDump("tables are missing"));
    }
    Ok(())
}

async fn store_file(copy: &Path, mut writing: Writing) -> Result<Stored, BackupError> {
    let unreadable = |source| BackupError::Copy {
        path: copy.to_owned(),
        source,
    };
    let mut file = tokio::fs::File::open(copy).await.map_err(unreadable)?;
    let mut piece = Vec::with_capacity(object::FILE_PIECE);
    let mut is_database = None;
    loop {
        piece.clear();
        if file.read_buf(&mut piece).await.map_err(unreadable)? == 0 {
            break;
        }
        is_database.get_or_insert_with(|| piece.starts_with(SQLITE));
        writing.put(&piece).await?;
    }
    match is_database {
        Some(true) => writing.finish().await,
        None => Err(BackupError::EmptyDump("no bytes")),
        Some(false) => Err(BackupError::EmptyDump("no database")),
    }
}

/// How the database of a snapshot is put where it belongs.
pub enum Undumper {
    File(PathBuf),
    Postgres {
        program: Program,
        server: Server,
        schema: String,
    },
}

impl Undumper {
    /// Makes sure that the target fits the snapshot, changing nothing. `url` is the target's where it is on PostgreSQL.
    pub async fn prepare(manifest: &Manifest, target: &Replacing, url: Option<&str>) -> Result<Self, BackupError> {
        let other_kind = |here| BackupError::OtherKind {
            id: manifest.id.clone(),
            found: manifest.database.kind(),
            here,
        };
        match (&manifest.database, &target.location) {
            (Database::Sqlite, Location::File(file)) => Ok(Self::File(file.clone())),
            (Database::Sqlite, Location::Postgres { .. }) => Err(other_kind("PostgreSQL")),
            (Database::Postgres { .. }, Location::File(_)) => Err(other_kind("SQLite")),
            (
                Database::Postgres {
                    server,
                    pg_dump,
                    schema,
                },
                Location::Postgres { .. },
            ) => {
                target.require_server(*server, schema).await?;
                Ok(Self::Postgres {
                    program: Program::restore_for(*pg_dump).await?,
                    server: url.and_then(Server::at).ok_or_else(|| other_kind("SQLite"))?,
                    schema: schema.clone(),
                })
            }
        }
    }

    /// Puts the database in place of the one that is there.
    pub async fn put_back(
        &self,
        target: &mut Replacing,
        place: &Place,
        stored: &Stored,
        identities: Option<Identities>,
    ) -> Result<(), BackupError> {
        let bytes = object::read(place, stored, identities).await?;
        match self {
            Self::Postgres {
                program,
                server,
                schema,
            } => {
                target.empty().await?;
                program.restore(server, schema)?.feed(bytes).await
            }
            Self::File(file) => {
                let staged = Replacing::staged(file);
                write_file(&staged, bytes).await?;
                Ok(target.put_in_place(file).await?)
            }
        }
    }
}

async fn write_file(
    path: &Path,
    mut bytes: impl Stream<Item = Result<Bytes, BackupError>> + Unpin,
) -> Result<(), BackupError> {
    let failed = |source: io::Error| BackupError::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = fs::File::create(path).map_err(failed)?;
    while let Some(piece) = bytes.try_next().await? {
        file.write_all(&piece).map_err(failed)?;
    }
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_without_tables_is_none() {
        let refused = |head: &[u8]| require_contents(head, 2).unwrap_err().to_string();
        assert!(refused(b"").contains("no bytes"));
        assert!(refused(b"-- PostgreSQL database dump").contains("no dump"));
        assert!(refused(b"PGDMP... TABLE DATA ...").contains("tables are missing"));
        require_contents(b"PGDMP TABLE DATA users TABLE DATA sessions", 2).unwrap();
    }
}
