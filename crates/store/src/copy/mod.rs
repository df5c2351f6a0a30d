//! Copying one installation's database into another, of either kind.
//!
//! Tables are copied one after the other, each in the order of its primary key and in batches of one transaction each. So
//! what a copy that was cut off has left behind is the beginning of every table, and the next one goes on after it.

mod checksum;
mod error;
mod rows;
mod tables;
mod words;

use api::{ConnectionId, DocumentId, UserId};
use uuid::Uuid;

use self::{
    rows::{insert, last_key, rows_after},
    tables::{Table, Way},
};
use crate::{
    Location, Schema, Store, StoreError,
    alone::{Busy, Hold, named, servers, take_unserved},
    database::{Pool, Row, by_dialect, statement},
    time::now,
};

pub use self::{checksum::Sum, error::CopyError};
pub(crate) use self::{checksum::checksum, rows::count, tables::TABLES};

/// Says of a database whether it is a copy that was not finished, and where it comes from.
pub(crate) const FROM_UNFINISHED: &str = "SELECT source FROM copies WHERE finished_at IS NULL";

/// How connections of a copy call themselves on PostgreSQL; replicas say only `hyperion`.
const APPLICATION: &str = "hyperion migrate-storage";

/// Nobody else may fill a database at the same time. It may not be served either: an empty one would let anybody sign up
/// as its administrator meanwhile.
pub(crate) const FILLING: &str = "copy into this database";

/// Where the database comes from, when it is a copy that was not finished.
pub(crate) async fn unfinished(pool: &Pool) -> Result<Option<String>, StoreError> {
    let row = statement(FROM_UNFINISHED).fetch_optional(pool).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// Two databases, the one whose rows are copied and the one they are copied into.
pub struct Copying {
    source: Store,
    target: Store,
    /// What the source is called in the target.
    from: String,
    /// Keeps other copies away from a target on PostgreSQL.
    _lock: Hold,
}

/// A document whose original belongs to the copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub document: DocumentId,
    pub name: String,
    pub size: u64,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// The key of a connection as it is stored.
pub struct SealedKey {
    pub owner: UserId,
    pub connection: ConnectionId,
    pub sealed: Vec<u8>,
}

/// What a table holds on either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub table: &'static str,
    pub source: Sum,
    pub target: Sum,
}

impl Compared {
    pub fn agrees(&self) -> bool {
        self.source == self.target
    }
}

impl Copying {
    /// Opens both databases. Nothing is written yet but an empty file for a target that is one.
    ///
    /// # Errors
    /// When the source is no whole installation of this version, when the target holds anything that no copy from this
    /// source put there or is in use, and when both are the same.
    pub async fn open(source: &Location, target: &Location) -> Result<Self, CopyError> {
        let (source, target) = (named(source, APPLICATION), named(target, APPLICATION));
        let from = source.to_string();
        match Store::schema(&source).await.map_err(CopyError::Source)? {
            Schema::Current => {}
            Schema::Missing => return Err(CopyError::NoSource(from)),
            Schema::Older => return Err(CopyError::OlderSource(from)),
            Schema::Newer => return Err(CopyError::NewerSource(from)),
            Schema::Unfinished => return Err(CopyError::UnfinishedSource(from)),
            Schema::HalfRestored => return Err(CopyError::HalfRestored(from)),
        }
        match Store::schema(&target).await.map_err(CopyError::Target)? {
            Schema::Newer => return Err(CopyError::NewerTarget(target.to_string())),
            Schema::HalfRestored => return Err(CopyError::HalfRestored(target.to_string())),
            Schema::Missing | Schema::Current | Schema::Older | Schema::Unfinished => {}
        }
        let source = Store::open(&source).await.map_err(CopyError::Source)?;
        let opened = Store::connect(&target).await.map_err(CopyError::Target)?;
        if identity(&source).await.map_err(CopyError::Source)? == identity(&opened).await.map_err(CopyError::Target)? {
            return Err(CopyError::SameDatabase(from));
        }
        let to = target.to_string();
        let lock = take_unserved(&opened, FILLING).await.map_err(|busy| match busy {
            Busy::Held => CopyError::CopiedInto(to),
            Busy::Served(servers) => CopyError::Served { to, servers },
            Busy::Failed(error) => CopyError::Target(error),
        })?;
        let copying = Self {
            source,
            target: opened,
            from,
            _lock: lock,
        };
        copying.require_empty_or_begun(&target.to_string()).await?;
        Ok(copying)
    }

    async fn require_empty_or_begun(&self, name: &str) -> Result<(), CopyError> {
        if exists(&self.target.reads, "copies").await.map_err(of_target)? {
            let copy = statement("SELECT source, finished_at FROM copies")
                .fetch_optional(&self.target.reads)
                .await
                .map_err(of_target)?;
            if let Some(copy) = copy {
                let from: String = copy.get("source").map_err(of_target)?;
                let finished: Option<i64> = copy.get("finished_at").map_err(of_target)?;
                let to = name.to_owned();
                return match finished {
                    Some(_) => Err(CopyError::Finished { to, from }),
                    None if from != self.from => Err(CopyError::OtherSource { to, from }),
                    None => Ok(()),
                };
            }
        }
        for table in TABLES {
            let made = exists(&self.target.reads, table.name).await.map_err(of_target)?;
            if made && last_key(&self.target.reads, table).await.map_err(of_target)?.is_some() {
                return Err(CopyError::NotEmpty {
                    to: name.to_owned(),
                    table: table.name,
                });
            }
        }
        Ok(())
    }

    /// How many connections of servers there are to a source on PostgreSQL. Behind a pooler they may have ended.
    pub async fn servers_at_source(&self) -> Result<i64, CopyError> {
        servers(&self.source).await.map_err(of_source)
    }

    /// Brings the target's schema up to date and notes there that it is not whole until [`Self::finish`].
    pub async fn begin(&self) -> Result<(), CopyError> {
        self.target.migrate().await.map_err(CopyError::Target)?;
        statement("INSERT INTO copies (source, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(&self.from)
            .bind(now())
            .execute(&self.target.writes)
            .await
            .map_err(of_target)?;
        let id = self.source.installation_id().await.map_err(CopyError::Source)?;
        self.target.become_installation(&id).await.map_err(CopyError::Target)
    }

    /// How many rows the source has.
    pub async fn rows(&self) -> Result<u64, CopyError> {
        let mut rows = 0;
        for table in TABLES {
            rows += count(&self.source.reads, table).await.map_err(of_source)?;
        }
        Ok(rows)
    }

    /// Copies the rows that the target does not have yet, and returns how many these were. `done` is told of all, as they
    /// are found there or copied.
    pub async fn copy(&self, done: impl Fn(u64)) -> Result<u64, CopyError> {
        let mut copied = 0;
        for table in TABLES {
            done(count(&self.target.reads, table).await.map_err(of_target)?);
            let mut after = last_key(&self.target.reads, table).await.map_err(of_target)?;
            loop {
                let rows = rows_after(&self.source.reads, table, after.as_deref())
                    .await
                    .map_err(of_source)?;
                let Some(last) = rows.last() else { break };
                after = Some(table.key_of(last).to_vec());
                let count = rows.len() as u64;
                let inserting = match table.way {
                    Way::Words => words::index(&self.source, &rows).await.map_err(CopyError::Source)?,
                    _ => insert(table, rows),
                };
                let mut tx = self.target.writes.begin().await.map_err(of_target)?;
                inserting.execute(&mut tx).await.map_err(of_target)?;
                tx.commit().await.map_err(of_target)?;
                copied += count;
                done(count);
            }
            self.complete(table).await?;
        }
        Ok(copied)
    }

    /// What is left to do when all rows of a table are there.
    async fn complete(&self, table: &Table) -> Result<(), CopyError> {
        match table.way {
            Way::Numbered => {
                if let Pool::Postgres(_) = &self.target.writes {
                    let [number, ..] = table.columns else { return Ok(()) };
                    statement(format!(
                        "SELECT setval(pg_get_serial_sequence('{name}', '{number}'), max({number})) FROM {name}",
                        name = table.name,
                        number = number.0
                    ))
                    .fetch_all(&self.target.writes)
                    .await
                    .map_err(of_target)?;
                }
            }
            Way::Tree { parent } => {
                let (parent, (key, _)) = (table.columns[parent].0, table.columns[0]);
                let later = statement(format!(
                    "SELECT {key}, {parent} FROM {} WHERE {parent} > {key}",
                    table.name
                ))
                .fetch_all(&self.source.reads)
                .await
                .map_err(of_source)?;
                let mut tx = self.target.writes.begin().await.map_err(of_target)?;
                for row in later {
                    let [of, named] = [row.get(0), row.get(1)];
                    let (of, named): (Uuid, Uuid) = (of.map_err(of_source)?, named.map_err(of_source)?);
                    statement(format!("UPDATE {} SET {parent} = $2 WHERE {key} = $1", table.name))
                        .bind(of)
                        .bind(named)
                        .execute(&mut tx)
                        .await
                        .map_err(of_target)?;
                }
                tx.commit().await.map_err(of_target)?;
            }
            Way::Plain | Way::Words => {}
        }
        Ok(())
    }

    /// Reads both databases once more. `read` is told of the rows of the source as they are read.
    pub async fn compare(&self, read: impl Fn(u64)) -> Result<Vec<Compared>, CopyError> {
        let mut compared = Vec::new();
        for table in TABLES {
            let source = async { checksum(&self.source.reads, table, &read).await.map_err(of_source) };
            let target = async { checksum(&self.target.reads, table, |_| {}).await.map_err(of_target) };
            let (source, target) = tokio::try_join!(source, target)?;
            compared.push(Compared {
                table: table.name,
                source,
                target,
            });
        }
        Ok(compared)
    }

    /// The originals that belong to the source's documents.
    pub async fn originals(&self) -> Result<Vec<Original>, CopyError> {
        let rows = statement("SELECT id, name, size, sha256 FROM documents ORDER BY id")
            .fetch_all(&self.source.reads)
            .await
            .map_err(of_source)?;
        let original = |row: &Row| {
            Ok(Original {
                document: DocumentId(row.get("id")?),
                name: row.get("name")?,
                size: row.get::<i64>("size")?.unsigned_abs(),
                sha256: row.get("sha256")?,
            })
        };
        rows.iter().map(original).collect::<Result<_, _>>().map_err(of_source)
    }

    /// The keys of the source's connections.
    pub async fn sealed_keys(&self) -> Result<Vec<SealedKey>, CopyError> {
        self.source.sealed_keys().await.map_err(CopyError::Source)
    }

    /// Says in the target that it is whole: from now on it can be opened.
    pub async fn finish(&self) -> Result<(), CopyError> {
        statement("UPDATE copies SET finished_at = $1")
            .bind(now())
            .execute(&self.target.writes)
            .await
            .map_err(of_target)?;
        Ok(())
    }

    pub async fn close(self) {
        drop(self._lock);
        self.source.close().await;
        self.target.close().await;
    }
}

impl Store {
    /// The keys of all connections, as they are stored.
    pub async fn sealed_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        let rows = statement("SELECT owner_id, id, sealed_key FROM connections WHERE sealed_key IS NOT NULL")
            .fetch_all(&self.reads)
            .await?;
        let key = |row: &Row| {
            Ok(SealedKey {
                owner: UserId(row.get("owner_id")?),
                connection: ConnectionId(row.get("id")?),
                sealed: row.get("sealed_key")?,
            })
        };
        rows.iter().map(key).collect()
    }
}

fn of_source(error: sqlx::Error) -> CopyError {
    CopyError::Source(error.into())
}

fn of_target(error: sqlx::Error) -> CopyError {
    CopyError::Target(error.into())
}

/// What no two databases have in common.
async fn identity(store: &Store) -> Result<String, StoreError> {
    let row = by_dialect(
        "SELECT file FROM pragma_database_list WHERE name = 'main'",
        "SELECT concat_ws(' ', oid, current_schema(), pg_postmaster_start_time()) FROM pg_database
         WHERE datname = current_database()",
    )
    .fetch_one(&store.writes)
    .await?;
    Ok(row.get(0)?)
}

/// Whether there is a table of this name.
pub(crate) async fn exists(pool: &Pool, table: &str) -> Result<bool, sqlx::Error> {
    let found = by_dialect(
        "SELECT 1 FROM sqlite_master WHERE name = $1",
        "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
    );
    Ok(found.bind(table).fetch_optional(pool).await?.is_some())
}

#[cfg(test)]
mod tests;
