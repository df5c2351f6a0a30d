//! Originals that belong to no document: what uploads leave behind that were cut off.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use api::DocumentId;
use chrono::Utc;
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as ObjectPath};
use uuid::Uuid;

use super::document_at;
use crate::state::AppState;

/// Nothing younger is touched: it may belong to an upload that is still going on.
const AGE: Duration = Duration::from_secs(60 * 60);

enum Leftover {
    File(PathBuf),
    Object(ObjectPath),
}

impl Leftover {
    async fn remove(&self, state: &AppState) -> io::Result<()> {
        match self {
            Self::File(path) => tokio::fs::remove_file(path).await,
            Self::Object(path) => Ok(state.originals.delete(path).await?),
        }
    }
}

/// Removes originals that nobody has written to for an hour and that belong to no document.
pub async fn remove(state: &AppState) {
    let found = if state.config.originals_url.is_some() {
        untouched_in_bucket(state).await
    } else {
        let folder = state.config.originals_dir();
        let found = tokio::task::spawn_blocking(move || untouched(&folder, AGE)).await;
        found.map_err(io::Error::other).flatten()
    };
    let untouched = match found {
        Ok(found) if found.is_empty() => return,
        Ok(found) => found,
        Err(error) => return tracing::warn!(%error, "the originals could not be looked through"),
    };
    // Asked after the files were listed: whatever is accepted from now on is not among them.
    let documents: HashSet<DocumentId> = match state.store.existing_documents().await {
        Ok(documents) => documents.into_iter().collect(),
        Err(error) => return tracing::warn!(%error, "the originals in use could not be looked up"),
    };
    for (id, leftover) in untouched.into_iter().filter(|(id, _)| !documents.contains(id)) {
        match leftover.remove(state).await {
            Ok(()) => tracing::info!(document = %id, "an original that belongs to no document was removed"),
            Err(error) => tracing::warn!(document = %id, %error, "an original that belongs to no document stays"),
        }
    }
}

/// What an upload to a bucket leaves that is cut off before its end is the bucket's to expire.
async fn untouched_in_bucket(state: &AppState) -> io::Result<Vec<(DocumentId, Leftover)>> {
    let old = |object: &ObjectMeta| {
        let age = Utc::now().signed_duration_since(object.last_modified);
        age.to_std().is_ok_and(|age| age >= AGE)
    };
    let listed: Vec<ObjectMeta> = state.originals.list(None).try_collect().await?;
    let named = |object: ObjectMeta| {
        let id = document_at(&object.location)?;
        Some((id, Leftover::Object(object.location)))
    };
    Ok(listed.into_iter().filter(old).filter_map(named).collect())
}

/// Files named by a document, whole (`ID`) or unfinished (`ID#1`), that nobody has written to for so long.
fn untouched(folder: &Path, age: Duration) -> io::Result<Vec<(DocumentId, Leftover)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let id = name
            .to_str()
            .and_then(|name| Uuid::try_parse(name.split('#').next()?).ok());
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        if let (Some(id), Ok(written)) = (id, written)
            && written.elapsed().is_ok_and(|since| since >= age)
        {
            found.push((DocumentId(id), Leftover::File(entry.path())));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn only_files_named_by_a_document_and_long_untouched_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let names = [
            ids[0].to_string(),
            format!("{}#1", ids[1]),
            ids[2].to_string(),
            "notes.txt".to_owned(),
        ];
        for name in &names {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        for name in [&names[0], &names[1], &names[3]] {
            let file = std::fs::File::options()
                .write(true)
                .open(folder.path().join(name))
                .unwrap();
            file.set_modified(SystemTime::now() - AGE).unwrap();
        }
        let mut found: Vec<Uuid> = untouched(folder.path(), AGE)
            .unwrap()
            .iter()
            .map(|(id, _)| id.0)
            .collect();
        found.sort();
        assert_eq!(found, ids[..2]);
    }
}
