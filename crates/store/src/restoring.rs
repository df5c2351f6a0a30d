//! Replacing what is in a database by what a snapshot holds.
//!
//! From [`Replacing::begin`] to [`Replacing::finish`] a mark keeps [`Store::open`] away: a table on PostgreSQL, which no
//! dump has, and a file beside a SQLite database.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use api::DocumentId;
use sqlx::Connection;

use crate::{
    Location, Store, StoreError, Sum,
    alone::{Busy, Hold, named, take_unserved},
    copy::{FILLING, exists},
    database::{Pool, statement},
    open::connect,
};

/// The mark on PostgreSQL.
const MARK: &str = "restore_in_progress";

/// So much later are the changes of knowledge bases counted that were restored: what Redis remembers of searches is of
/// changes that never were.
const LATER: i64 = 1_000_000;

/// What a database is filled from a snapshot for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be served from.
    Restore,
    /// To see that it can be done. It is emptied afterwards.
    Drill,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Drill => "drill",
        }
    }

    fn of_name(name: &str) -> Self {
        if name == Self::Drill.name() {
            Self::Drill
        } else {
            Self::Restore
        }
    }

    fn application(self) -> &'static str {
        match self {
            Self::Restore => "hyperion restore",
            Self::Drill => "hyperion verify",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(
        "{to} holds {found}, which is not Hyperion's: nothing was changed. Restore into a database that is empty or \
         Hyperion's alone"
    )]
    Foreign { to: String, found: String },
    #[error(
        "{to} is not empty, it holds {found}: nothing was changed. A drill needs a database of its own, which is emptied \
         afterwards"
    )]
    NotEmpty { to: String, found: String },
    #[error("another restore, drill or copy fills {0}: wait until it has ended")]
    Filled(String),
    #[error("{to} is being served, by {servers} connections: stop all replicas that use it first")]
    Served { to: String, servers: i64 },
    #[error("the files of the database at {} could not be replaced: {source}", path.display())]
    Files { path: PathBuf, source: io::Error },
    #[error("{to} keeps its tables in {there}, and the snapshot in {wanted}: set the same search_path")]
    OtherSchema { to: String, there: String, wanted: String },
    #[error(
        "{to} is PostgreSQL {there}, and the snapshot is of PostgreSQL {wanted}: restore into that version or a newer one"
    )]
    OlderServer { to: String, there: u32, wanted: u32 },
    #[error("the target: {0}")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RestoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A database that is being replaced.
pub struct Replacing {
    pub location: Location,
    purpose: Purpose,
    /// On PostgreSQL from the beginning, in SQLite once the file is there.
    store: Option<Store>,
    /// Whether it was begun before and not finished.
    begun_before: bool,
    hold: Hold,
}

impl Replacing {
    /// Takes a database that is to be replaced. Nothing is changed yet.
    ///
    /// # Errors
    /// When it is in use, or holds what may not be replaced: for a drill that is everything but what an earlier drill
    /// left behind, and otherwise what is not Hyperion's.
    pub async fn open(location: &Location, purpose: Purpose) -> Result<Self, RestoreError> {
        let location = named(location, purpose.application());
        let mut replacing = Self {
            location,
            purpose,
            store: None,
            begun_before: false,
            hold: None,
        };
        match replacing.location.clone() {
            Location::File(file) => replacing.look_at_file(&file)?,
            Location::Postgres { .. } => replacing.look_at_server().await?,
        }
        Ok(replacing)
    }

    fn look_at_file(&mut self, file: &Path) -> Result<(), RestoreError> {
        let mark = read_mark(file).map_err(|source| self.files(source))?;
        self.begun_before = mark.is_some();
        let by_drill = mark.is_some_and(|(purpose, _)| purpose == Purpose::Drill);
        if self.purpose == Purpose::Drill && !by_drill && file.exists() {
            return Err(RestoreError::NotEmpty {
                to: self.location.to_string(),
                found: "a file".to_owned(),
            });
        }
        Ok(())
    }

    async fn look_at_server(&mut self) -> Result<(), RestoreError> {
        let to = self.location.to_string();
        let store = Store::connect(&self.location).await?;
        let mark = mark_in(&store.reads).await?;
        self.begun_before = mark.is_some();
        let found: Vec<String> = statement(RELATIONS).fetch_column(&store.reads).await?;
        if let Some(found) = found.first() {
            let found = format!("the table {found}");
            match (self.purpose, &mark) {
                (Purpose::Drill, Some((Purpose::Drill, _))) | (Purpose::Restore, Some(_)) => {}
                (Purpose::Drill, _) => return Err(RestoreError::NotEmpty { to, found }),
                // Of any version, a newer one too: that is what one goes back from.
                (Purpose::Restore, None) if is_ours(&store.reads).await? => {}
                (Purpose::Restore, None) => return Err(RestoreError::Foreign { to, found }),
            }
        } else if self.purpose == Purpose::Drill && matches!(mark, Some((Purpose::Restore, _))) {
            let found = "what a restore left behind".to_owned();
            return Err(RestoreError::NotEmpty { to, found });
        }
        self.hold = take_unserved(&store, FILLING).await.map_err(|busy| match busy {
            Busy::Held => RestoreError::Filled(to.clone()),
            Busy::Served(servers) => RestoreError::Served {
                to: to.clone(),
                servers,
            },
            Busy::Failed(error) => error.into(),
        })?;
        self.store = Some(store);
        Ok(())
    }

    /// How many users and documents are there now, as far as that can be told.
    pub async fn contents(&self) -> Option<(i64, i64)> {
        let opened;
        let store = match (&self.store, &self.location) {
            (Some(store), _) => store,
            (None, Location::File(file)) if file.exists() => {
                opened = Store::connect(&self.location).await.ok()?;
                &opened
            }
            (None, _) => return None,
        };
        let row = statement("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM documents)");
        let row = row.fetch_one(&store.reads).await.ok()?;
        let counted = (row.get(0).ok()?, row.get(1).ok()?);
        if self.store.is_none() {
            store.close().await;
        }
        Some(counted)
    }

    /// Refuses a server that is older than the one a dump was made of, and tables in another place.
    pub async fn require_server(&self, wanted: u32, schema: &str) -> Result<(), RestoreError> {
        let Some(Store {
            reads: Pool::Postgres(pool),
            ..
        }) = &self.store
        else {
            return Ok(());
        };
        let (there, version): (String, i32) =
            sqlx::query_as("SELECT current_schema()::text, current_setting('server_version_num')::int")
                .fetch_one(pool)
                .await?;
        let (to, version) = (self.location.to_string(), version.unsigned_abs() / 10_000);
        if there != schema {
            let wanted = schema.to_owned();
            return Err(RestoreError::OtherSchema { to, there, wanted });
        }
        if version < wanted {
            let there = version;
            return Err(RestoreError::OlderServer { to, there, wanted });
        }
        Ok(())
    }

    /// Marks the database as not whole from now on.
    pub async fn begin(&self, snapshot: &str) -> Result<(), RestoreError> {
        match (&self.location, &self.store) {
            (Location::File(file), _) => {
                write_mark(file, self.purpose, snapshot).map_err(|source| self.files(source))?;
            }
            (Location::Postgres { .. }, Some(store)) => {
                let mut tx = store.writes.begin().await?;
                statement(format!(
                    "CREATE TABLE IF NOT EXISTS {MARK} (purpose TEXT NOT NULL, snapshot TEXT NOT NULL)"
                ))
                .execute(&mut tx)
                .await?;
                statement(format!("DELETE FROM {MARK}")).execute(&mut tx).await?;
                statement(format!("INSERT INTO {MARK} (purpose, snapshot) VALUES ($1, $2)"))
                    .bind(self.purpose.name())
                    .bind(snapshot)
                    .execute(&mut tx)
                    .await?;
                tx.commit().await?;
            }
            (Location::Postgres { .. }, None) => {}
        }
        Ok(())
    }

    /// Takes the mark away again when nothing has been replaced. One that was there before stays.
    pub async fn give_up(&self) -> Result<(), RestoreError> {
        if self.begun_before {
            return Ok(());
        }
        self.unmark().await
    }

    async fn unmark(&self) -> Result<(), RestoreError> {
        match (&self.location, &self.store) {
            (Location::File(file), _) => remove(&mark_of(file)).map_err(|source| self.files(source))?,
            (Location::Postgres { .. }, Some(store)) => {
                statement(format!("DROP TABLE IF EXISTS {MARK}"))
                    .execute(&store.writes)
                    .await?;
            }
            (Location::Postgres { .. }, None) => {}
        }
        Ok(())
    }

    /// Drops everything on PostgreSQL but the mark.
    pub async fn empty(&self) -> Result<(), RestoreError> {
        if let Some(store) = &self.store {
            statement(DROP_EVERYTHING).execute(&store.writes).await?;
        }
        Ok(())
    }

    /// Where the file of a SQLite database is to be written, before [`Self::put_in_place`].
    pub fn staged(file: &Path) -> PathBuf {
        beside(file, "-restored")
    }

    /// Puts the file that was written at [`Self::staged`] in place of the database.
    pub async fn put_in_place(&mut self, file: &Path) -> Result<(), RestoreError> {
        let replaced = || {
            // What the old database had not yet written into its file would be read into the new one.
            remove_beside(file)?;
            fs::rename(Self::staged(file), file)?;
            sync_folder_of(file)
        };
        replaced().map_err(|source| self.files(source))?;
        self.store = Some(Store::connect(&self.location).await?);
        Ok(())
    }

    /// What was restored, before it is finished.
    pub fn store(&self) -> Result<&Store, RestoreError> {
        let not_there = || RestoreError::Store(StoreError::Database(sqlx::Error::PoolClosed));
        self.store.as_ref().ok_or_else(not_there)
    }

    /// How many rows there are in all tables.
    pub async fn rows(&self) -> Result<u64, RestoreError> {
        Ok(self.store()?.rows().await?)
    }

    /// Every table summed up. `read` is told of rows as they are read.
    pub async fn sums(&self, read: impl Fn(u64)) -> Result<Vec<(&'static str, Sum)>, RestoreError> {
        Ok(self.store()?.sums(read).await?)
    }

    /// How many rows a table has that an older version made. None when there is no such table.
    pub async fn rows_of(&self, table: &str) -> Result<Option<u64>, RestoreError> {
        let store = self.store()?;
        let is_name = table.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !is_name || !exists(&store.reads, table).await? {
            return Ok(None);
        }
        let row = statement(format!("SELECT count(*) FROM {table}")).fetch_one(&store.reads);
        Ok(Some(row.await?.get::<i64>(0)?.unsigned_abs()))
    }

    /// Makes what was restored fit to be served: of this version's schema, without these documents, and with statistics.
    pub async fn settle(&self, gone: &[DocumentId]) -> Result<(), RestoreError> {
        let store = self.store()?;
        store.migrate().await?;
        for gone in gone.chunks(1_000) {
            statement("DELETE FROM documents WHERE id IN ")
                .push_list(gone.iter().map(|document| document.0))
                .execute(&store.writes)
                .await?;
        }
        statement("UPDATE knowledge_bases SET revision = revision + $1")
            .bind(LATER)
            .execute(&store.writes)
            .await?;
        if let Pool::Postgres(_) = &store.writes {
            statement("ANALYZE").execute(&store.writes).await?;
        }
        Ok(())
    }

    /// Says that the database is whole.
    pub async fn finish(self) -> Result<(), RestoreError> {
        self.unmark().await?;
        self.close().await;
        Ok(())
    }

    /// Leaves an empty database behind, as a drill found it.
    pub async fn leave_empty(mut self) -> Result<(), RestoreError> {
        match self.location.clone() {
            Location::File(file) => {
                if let Some(store) = self.store.take() {
                    store.close().await;
                }
                let removed = || {
                    remove_beside(&file)?;
                    remove(&Self::staged(&file))?;
                    remove(&file)
                };
                removed().map_err(|source| self.files(source))?;
            }
            Location::Postgres { .. } => self.empty().await?,
        }
        self.unmark().await?;
        self.close().await;
        Ok(())
    }

    pub async fn close(mut self) {
        drop(self.hold.take());
        if let Some(store) = self.store.take() {
            store.close().await;
        }
    }

    fn files(&self, source: io::Error) -> RestoreError {
        let path = match &self.location {
            Location::File(file) => file.clone(),
            Location::Postgres { .. } => PathBuf::new(),
        };
        RestoreError::Files { path, source }
    }
}

/// The snapshot that was not restored whole into this database; none when it is whole, or not there.
pub(crate) async fn half_restored(location: &Location) -> Result<Option<String>, StoreError> {
    match location {
        Location::File(file) => {
            let mark = read_mark(file).map_err(|error| StoreError::Unwritable(sqlx::Error::Io(error)))?;
            Ok(mark.map(|(_, snapshot)| snapshot))
        }
        Location::Postgres { options, .. } => {
            let mut connection = connect(options).await?;
            let made: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
                .bind(MARK)
                .fetch_one(&mut connection)
                .await?;
            if !made {
                connection.close().await?;
                return Ok(None);
            }
            let snapshot: Option<String> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT snapshot FROM {MARK}")))
                    .fetch_optional(&mut connection)
                    .await?;
            connection.close().await?;
            Ok(snapshot)
        }
    }
}

async fn mark_in(pool: &Pool) -> Result<Option<(Purpose, String)>, sqlx::Error> {
    if !exists(pool, MARK).await? {
        return Ok(None);
    }
    let row = statement(format!("SELECT purpose, snapshot FROM {MARK}"))
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((Purpose::of_name(&row.get::<String>(0)?), row.get(1)?)))
}

/// Whether the first migration there was this program's.
async fn is_ours(pool: &Pool) -> Result<bool, sqlx::Error> {
    if !exists(pool, "_sqlx_migrations").await? {
        return Ok(false);
    }
    let first = "SELECT 1 FROM _sqlx_migrations WHERE version = 1 AND description = 'accounts and documents'";
    Ok(statement(first).fetch_optional(pool).await?.is_some())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn mark_of(file: &Path) -> PathBuf {
    beside(file, "-restoring")
}

fn read_mark(file: &Path) -> io::Result<Option<(Purpose, String)>> {
    let text = match fs::read_to_string(mark_of(file)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let (purpose, snapshot) = text.trim_end().split_once(' ').unwrap_or(("", text.trim_end()));
    Ok(Some((Purpose::of_name(purpose), snapshot.to_owned())))
}

/// Written beside and renamed, so that there is either none or a whole one.
fn write_mark(file: &Path, purpose: Purpose, snapshot: &str) -> io::Result<()> {
    let mark = mark_of(file);
    let written = beside(&mark, ".new");
    let mut writing = File::create(&written)?;
    writeln!(writing, "{} {snapshot}", purpose.name())?;
    writing.sync_all()?;
    fs::rename(&written, &mark)?;
    sync_folder_of(file)
}

fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Removes what SQLite keeps beside a database.
fn remove_beside(file: &Path) -> io::Result<()> {
    remove(&beside(file, "-wal"))?;
    remove(&beside(file, "-shm"))
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Tables and views in the schema, but for the mark and what extensions brought.
const RELATIONS: &str = "
    SELECT relname::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND relname <> 'restore_in_progress'
      AND NOT EXISTS (SELECT 1 FROM pg_depend
                      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
    ORDER BY relname";

/// Everything in the schema that any version of this program put there. The commands are all made before the first runs:
/// what one has dropped has no name any more.
const DROP_EVERYTHING: &str = "
DO $$
DECLARE
    doomed text;
BEGIN
    FOR doomed IN
        SELECT unnest(array_agg(format('DROP %s IF EXISTS %s CASCADE',
                      CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                      pg_class.oid::regclass)))
        FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND relname <> 'restore_in_progress'
          AND NOT EXISTS (SELECT 1 FROM pg_depend
                          WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
    LOOP
        EXECUTE doomed;
    END LOOP;
    FOR doomed IN
        SELECT unnest(array_agg(format('DROP ROUTINE IF EXISTS %s CASCADE', pg_proc.oid::regprocedure)))
        FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
          AND NOT EXISTS (SELECT 1 FROM pg_depend
                          WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE doomed;
    END LOOP;
    FOR doomed IN
        SELECT unnest(array_agg(format('DROP COLLATION IF EXISTS %I CASCADE', collname)))
        FROM pg_collation WHERE collnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE doomed;
    END LOOP;
END $$";
