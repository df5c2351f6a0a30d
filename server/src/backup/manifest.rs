//! What a snapshot consists of. Published last: what has no manifest is no snapshot.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use object_store::{Error, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::{
    BackupError, Place, SnapshotId,
    object::{self, Stored},
    place::manifest_of,
};

/// Of manifests as this program writes them. One with a higher number is of a newer program.
pub const FORMAT: u32 = 1;

/// A manifest larger than this is none.
const MOST_BYTES: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub id: SnapshotId,
    /// The moment that the database is of.
    pub created: DateTime<Utc>,
    /// The version of Hyperion that made it.
    pub program: String,
    /// What the installation is known by.
    pub installation: String,
    pub database: Database,
    /// The number of the database's schema.
    pub schema: i64,
    /// The age public key it is encrypted to.
    pub recipient: Option<String>,
    pub objects: Objects,
    pub originals: Originals,
    /// What is in the database: rows and their checksums, by table.
    pub tables: BTreeMap<String, Rows>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Database {
    Sqlite,
    Postgres {
        /// Major versions of the server and of the `pg_dump` that made the dump.
        server: u32,
        pg_dump: u32,
        /// Where the tables are.
        schema: String,
    },
}

impl Database {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    pub database: Stored,
    pub settings: Stored,
    /// Only where it is encrypted.
    pub secret_key: Option<Stored>,
    /// The list of originals (see [`super::list`]).
    pub originals: Stored,
}

impl Objects {
    pub fn all(&self) -> impl Iterator<Item = &Stored> {
        let some = [&self.database, &self.settings, &self.originals];
        some.into_iter().chain(&self.secret_key)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Originals {
    pub documents: u64,
    /// Documents may have the same original.
    pub files: u64,
    /// Stored bytes of all of them.
    pub bytes: u64,
    /// Documents that were deleted while the snapshot was made, before their original was stored.
    pub deleted_meanwhile: u64,
    /// Documents whose original the installation itself does not have, or not as it was uploaded.
    pub missing: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub rows: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Whether the installation lacked nothing.
    pub fn lacks_nothing(&self) -> bool {
        self.originals.missing == 0
    }

    /// The manifest of a snapshot; none when it was never published.
    ///
    /// # Errors
    /// [`BackupError::NewerSnapshot`] and [`BackupError::Manifest`] for one that this program cannot read.
    pub async fn read(place: &Place, id: &SnapshotId) -> Result<Option<Self>, BackupError> {
        let got = match place.objects.get(&manifest_of(id)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(place.failed(error)),
        };
        if got.meta.size > MOST_BYTES {
            let reason = "it is too large".to_owned();
            return Err(BackupError::Manifest { id: id.clone(), reason });
        }
        let bytes = got.bytes().await.map_err(|error| place.failed(error))?;
        Self::parse(id, &bytes).map(Some)
    }

    fn parse(id: &SnapshotId, bytes: &[u8]) -> Result<Self, BackupError> {
        /// What manifests of every format have.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            #[serde(default)]
            program: String,
        }
        let unreadable = |reason: String| BackupError::Manifest { id: id.clone(), reason };
        let head: Head = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if head.format > FORMAT {
            let (id, program) = (id.clone(), head.program);
            return Err(BackupError::NewerSnapshot { id, program });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if manifest.id != *id {
            return Err(unreadable(format!("it is that of {}", manifest.id)));
        }
        Ok(manifest)
    }

    /// Makes the snapshot one.
    pub async fn publish(&self, place: &Place) -> Result<(), BackupError> {
        let path = manifest_of(&self.id);
        let json = serde_json::to_vec_pretty(self).expect("a manifest holds only text and numbers");
        let put = place.objects.put(&path, PutPayload::from(json)).await;
        put.map_err(|error| BackupError::Unwritable(path.to_string(), error))?;
        Ok(())
    }

    /// Whether everything is there that the manifest itself names, in its size.
    pub async fn is_there(&self, place: &Place) -> Result<bool, BackupError> {
        let looked = try_join_all(self.objects.all().map(|stored| object::require_size(place, stored))).await;
        match looked {
            Ok(_) => Ok(true),
            Err(error) if error.may_pass() => Err(error.into()),
            Err(_) => Ok(false),
        }
    }
}

/// The snapshot of this name, or the newest that lacks nothing.
pub async fn choose(place: &Place, wanted: Option<SnapshotId>) -> Result<Manifest, BackupError> {
    if let Some(id) = wanted {
        let found = Manifest::read(place, &id).await?;
        let name = place.name.clone();
        return found.ok_or(BackupError::NoSuchSnapshot { place: name, id });
    }
    let mut lacking = None;
    for id in place.snapshots().await?.iter().rev() {
        match Manifest::read(place, id).await? {
            Some(manifest) if manifest.lacks_nothing() => return Ok(manifest),
            Some(manifest) => lacking = lacking.or(Some(manifest.id)),
            None => {}
        }
    }
    let place = place.name.clone();
    Err(match lacking {
        Some(newest) => BackupError::NoGoodSnapshot { place, newest },
        None => BackupError::NoSnapshot(place),
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn manifest(id: &SnapshotId) -> Manifest {
        let stored = |name: &str| Stored {
            path: format!("snapshots/{id}/{name}"),
            size: 1,
            sha256: "ab".repeat(32),
        };
        Manifest {
            format: FORMAT,
            id: id.clone(),
            created: Utc::now(),
            program: "0.1.0".to_owned(),
            installation: "i".to_owned(),
            database: Database::Postgres {
                server: 15,
                pg_dump: 17,
                schema: "public".to_owned(),
            },
            schema: 6,
            recipient: None,
            objects: Objects {
                database: stored("database.dump.zst"),
                settings: stored("settings.toml.zst"),
                secret_key: None,
                originals: stored("originals.jsonl.zst"),
            },
            originals: Originals::default(),
            tables: BTreeMap::from([(
                "users".to_owned(),
                Rows {
                    rows: 1,
                    sha256: "cd".repeat(32),
                },
            )]),
        }
    }

    #[test]
    fn a_manifest_reads_back_and_one_of_a_newer_program_or_another_snapshot_is_refused() {
        let id = SnapshotId::new(Utc::now(), None);
        let one = manifest(&id);
        let json = serde_json::to_value(&one).unwrap();
        let parse = |json: &serde_json::Value, id: &SnapshotId| Manifest::parse(id, json.to_string().as_bytes());
        assert_eq!(parse(&json, &id).unwrap(), one);

        // Whatever else it holds.
        let newer = serde_json::json!({ "format": FORMAT + 1, "program": "9.0.0", "what": "ever" });
        let refused = parse(&newer, &id).unwrap_err().to_string();
        assert!(refused.contains("made by Hyperion 9.0.0, which is newer"), "{refused}");
        let other = SnapshotId::new(Utc::now(), Some(&id));
        assert!(parse(&json, &other).unwrap_err().to_string().contains("that of"));
        assert!(parse(&serde_json::json!({ "format": 1 }), &id).is_err());
    }
}
