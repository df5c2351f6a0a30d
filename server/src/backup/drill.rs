//! Restoring the database of a snapshot where nobody needs it, to see that it can be done.

use std::path::PathBuf;

use store::{Location, Milestone, Purpose, Replacing, Store};

use super::{
    BackupError, Identities, Manifest, Place,
    dump::Undumper,
    manifest::{Database, Rows},
};

/// Told how far it is.
pub trait Progress {
    /// The database is there, with so many rows.
    fn restored(&self, rows: u64);
    fn rows(&self, more: u64);
}

/// Restores the database of a snapshot into a scratch database, compares it with the manifest, and empties it again.
/// That it went well is noted in the installation's own database.
pub async fn drill(
    own: &Location,
    place: &Place,
    manifest: &Manifest,
    scratch: &str,
    identities: Option<Identities>,
    progress: &impl Progress,
) -> Result<(), BackupError> {
    let (location, url) = scratch_at(scratch, &manifest.database)?;
    require_known_schema(manifest, &location)?;
    let own = Store::open(own).await?;
    let done = async {
        let mut target = Replacing::open(&location, Purpose::Drill).await?;
        let undumper = Undumper::prepare(manifest, &target, url).await?;
        target.begin(&manifest.id.to_string()).await?;
        let stored = &manifest.objects.database;
        let compared = match undumper.put_back(&mut target, place, stored, identities).await {
            Ok(()) => compare(manifest, &target, progress).await,
            Err(error) => Err(error),
        };
        target.leave_empty().await?;
        compared?;
        own.reach(Milestone::Drill).await?;
        Ok::<_, BackupError>(())
    };
    let done = done.await;
    own.close().await;
    done
}

fn scratch_at<'u>(scratch: &'u str, database: &Database) -> Result<(Location, Option<&'u str>), BackupError> {
    let at = Location::postgres(scratch, 2);
    match (database, at) {
        (Database::Postgres { .. }, Some(location)) => Ok((location, Some(scratch))),
        (Database::Sqlite, None) if !scratch.contains("://") && !scratch.is_empty() => {
            Ok((Location::File(PathBuf::from(scratch)), None))
        }
        (Database::Postgres { .. }, None) => Err(BackupError::NoScratch(
            masked(scratch),
            "the address of an empty database, like postgres://user:password@host/drill",
        )),
        (Database::Sqlite, _) => Err(BackupError::NoScratch(
            masked(scratch),
            "the path of a file that is not there",
        )),
    }
}

/// An address without its password.
fn masked(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, place)) => place.to_owned(),
        None => url.to_owned(),
    }
}

/// Refuses what a newer program made.
pub fn require_known_schema(manifest: &Manifest, target: &Location) -> Result<(), BackupError> {
    if manifest.schema > Store::own_schema(target) {
        return Err(BackupError::NewerSnapshot {
            id: manifest.id.clone(),
            program: manifest.program.clone(),
        });
    }
    Ok(())
}

/// Whether what was restored is what the manifest says: by checksums where the schema is this program's, and otherwise by
/// how many rows there are.
pub async fn compare(manifest: &Manifest, target: &Replacing, progress: &impl Progress) -> Result<(), BackupError> {
    let mut differing = Vec::new();
    if manifest.schema == Store::own_schema(&target.location) {
        progress.restored(target.rows().await?);
        for (table, sum) in target.sums(|more| progress.rows(more)).await? {
            let (rows, sha256) = (sum.rows, sum.sha256);
            let wanted = manifest.tables.get(table);
            if wanted != Some(&Rows { rows, sha256 }) {
                let wanted = wanted.map_or_else(|| "none".to_owned(), |wanted| wanted.rows.to_string());
                differing.push(format!(
                    "{table} has {rows} rows and should have {wanted}, or other contents"
                ));
            }
        }
    } else {
        for (table, wanted) in &manifest.tables {
            let found = target.rows_of(table).await?;
            if found != Some(wanted.rows) {
                let found = found.map_or_else(|| "is not there".to_owned(), |found| format!("has {found} rows"));
                differing.push(format!("{table} {found} and should have {}", wanted.rows));
            }
        }
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(BackupError::Differs(differing))
    }
}
