//! Removing what is superseded, and what was never finished.
//!
//! A snapshot is superseded when so many newer ones are whole and lack nothing. What cannot be read is never removed, and
//! neither are originals while there is a snapshot of which it is not known what it needs.

use std::{collections::HashSet, fs, io, path::Path as FilePath, pin::Pin, time::Duration};

use chrono::Utc;
use futures::{Stream, StreamExt, stream};
use object_store::{ObjectMeta, path::Path};

use super::{
    BackupError, Manifest, Place, SnapshotId,
    list::{entries, stored_once},
    object::{self, Stored},
    place::{folder_of, manifest_of},
};

/// What nobody has written to for so long belongs to no backup that still goes on.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    pub snapshots: Vec<SnapshotId>,
    pub unfinished: u64,
    pub originals: u64,
}

/// What is there under the name of a snapshot.
enum Found {
    /// Everything that its manifest names is there, and no original was missing.
    Good(Manifest),
    /// Published, but not good.
    Lacking(Manifest),
    /// Never published.
    Unfinished,
    /// Nothing is known of it.
    Unreadable,
}

/// Removes what the newest `keep` good snapshots supersede.
pub async fn tidy(place: &Place, keep: usize) -> Result<Removed, BackupError> {
    let mut removed = Removed::default();
    let mut found = Vec::new();
    for id in place.snapshots().await? {
        let what = look_at(place, &id).await?;
        found.push((id, what));
    }
    let good: Vec<bool> = found.iter().map(|(_, what)| matches!(what, Found::Good(_))).collect();
    let kept = found.split_off(superseded(&good, keep));
    let mut rest = Vec::new();
    for (id, what) in found {
        if let Found::Good(_) | Found::Lacking(_) = what {
            // Without it, what is left is unfinished.
            place.remove(&manifest_of(&id)).await?;
            for object in place.all_in(&folder_of(&id)).await? {
                place.remove(&object.location).await?;
            }
            removed.snapshots.push(id);
        } else {
            rest.push((id, what));
        }
    }
    let mut needed = Vec::new();
    let mut all_known = true;
    for (id, what) in rest.into_iter().chain(kept) {
        match what {
            Found::Good(manifest) | Found::Lacking(manifest) => needed.push(manifest),
            Found::Unfinished => removed.unfinished += u64::from(sweep_unfinished(place, &id).await?),
            Found::Unreadable => all_known = false,
        }
    }
    if all_known {
        removed.originals = sweep_originals(place, &needed).await?;
    }
    if let Some(folder) = place.folder.clone() {
        let swept = tokio::task::spawn_blocking(move || sweep_parts(&folder)).await;
        let swept = swept.map_err(io::Error::other).flatten();
        swept.map_err(|source| {
            place.failed(object_store::Error::Generic {
                store: "folder",
                source: source.into(),
            })
        })?;
    }
    Ok(removed)
}

async fn look_at(place: &Place, id: &SnapshotId) -> Result<Found, BackupError> {
    match Manifest::read(place, id).await {
        Ok(Some(manifest)) if manifest.lacks_nothing() && manifest.is_there(place).await? => Ok(Found::Good(manifest)),
        Ok(Some(manifest)) => Ok(Found::Lacking(manifest)),
        Ok(None) => Ok(Found::Unfinished),
        Err(BackupError::Manifest { .. } | BackupError::NewerSnapshot { .. }) => Ok(Found::Unreadable),
        Err(error) => Err(error),
    }
}

/// How many of the oldest are older than `keep` good ones. They are told from the oldest to the newest whether they are.
fn superseded(good: &[bool], keep: usize) -> usize {
    let mut newer = 0;
    for (place, is_good) in good.iter().enumerate().rev() {
        if newer >= keep.max(1) {
            return place + 1;
        }
        newer += usize::from(*is_good);
    }
    0
}

fn is_abandoned(object: &ObjectMeta) -> bool {
    let age = Utc::now().signed_duration_since(object.last_modified);
    age.to_std().is_ok_and(|age| age >= ABANDONED)
}

/// Removes what a backup left that was cut off, once nobody has written to it for a day.
async fn sweep_unfinished(place: &Place, id: &SnapshotId) -> Result<bool, BackupError> {
    let objects = place.all_in(&folder_of(id)).await?;
    if !objects.iter().all(is_abandoned) {
        return Ok(false);
    }
    for object in objects {
        place.remove(&object.location).await?;
    }
    Ok(true)
}

type Needed = stream::Peekable<Pin<Box<dyn Stream<Item = Result<Stored, BackupError>> + Send>>>;

/// Removes originals that none of these snapshots needs. Lists and folders are gone through together, in the order of
/// checksums, so that none of them is ever whole in memory.
async fn sweep_originals(place: &Place, by: &[Manifest]) -> Result<u64, BackupError> {
    // One that is damaged might leave out what is needed.
    for manifest in by {
        object::check(place, &manifest.objects.originals).await?;
    }
    let mut removed = 0;
    let (recipients, _) = place.look_into("originals").await?;
    for recipient in recipients {
        let folder = format!("originals/{recipient}");
        let mut lists: Vec<Needed> = Vec::new();
        for manifest in by {
            lists.push(stored_once(entries(place, manifest).await?).boxed().peekable());
        }
        let (mut shards, _) = place.look_into(&folder).await?;
        shards.sort();
        for shard in shards {
            let mut needed = HashSet::new();
            for list in &mut lists {
                take_shard(list, &folder, &shard, &mut needed).await?;
            }
            let (_, objects) = place.look_into(&format!("{folder}/{shard}")).await?;
            for object in objects {
                if !needed.contains(&object.location) && is_abandoned(&object) {
                    place.remove(&object.location).await?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

/// Takes those of a list that are in a folder, and passes over those of other recipients and of folders before it.
async fn take_shard(
    list: &mut Needed,
    folder: &str,
    shard: &str,
    needed: &mut HashSet<Path>,
) -> Result<(), BackupError> {
    let mut list = Pin::new(list);
    loop {
        let is_next = |stored: &Result<Stored, BackupError>| match stored {
            Ok(stored) => shard_in(&stored.path) <= shard,
            Err(_) => true,
        };
        let Some(stored) = list.as_mut().next_if(is_next).await else {
            return Ok(());
        };
        let stored = stored?;
        if stored.path.starts_with(folder) {
            needed.insert(Path::from(stored.path));
        }
    }
}

/// The folder that an original lies in.
fn shard_in(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

/// Removes the beginnings of files that were never finished, in a folder, once nobody has written to them for a day. What
/// is left of them in a bucket is the bucket's to expire.
fn sweep_parts(folder: &FilePath) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sweep_parts(&entry.path())?;
            continue;
        }
        let name = entry.file_name();
        let is_part = name
            .to_str()
            .and_then(|name| name.rsplit_once('#'))
            .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        let written = entry.metadata()?.modified()?;
        if is_part && written.elapsed().is_ok_and(|since| since >= ABANDONED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_newest_good_ones_stay_whatever_else_there_is(
            good in prop::collection::vec(any::<bool>(), 0..20), keep in 0_usize..6,
        ) {
            let gone = superseded(&good, keep);
            let (removed, kept) = good.split_at(gone);
            let wanted = keep.max(1);
            let stay = kept.iter().filter(|good| **good).count();
            let all = good.iter().filter(|good| **good).count();
            // As many good ones stay as there should, or all there are; and nothing goes before that.
            prop_assert_eq!(stay, wanted.min(all));
            if !removed.is_empty() {
                prop_assert_eq!(stay, wanted);
            }
        }
    }

    #[test]
    fn nothing_goes_while_no_newer_one_is_good() {
        assert_eq!(superseded(&[true, false, false, false], 1), 0);
        assert_eq!(superseded(&[true, false, true, false], 1), 2);
        assert_eq!(superseded(&[true, true, true], 2), 1);
    }
}
