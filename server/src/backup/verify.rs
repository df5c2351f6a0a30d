//! Reading a snapshot from beginning to end, to see whether it is what its manifest says.

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    BackupError, Manifest, Place,
    list::{Entry, Kept, entries, stored_once},
    object::{ReadError, Stored, check},
};

/// Objects that are read at the same time.
const AT_ONCE: usize = 4;

/// What was found.
#[derive(Default)]
pub struct Verified {
    pub objects: u64,
    pub bytes: u64,
    /// Objects that are not what they should be.
    pub wrong: u64,
}

/// Reads every object of a snapshot. `wrong` is told of each that is not what it should be, `done` of each that was read.
///
/// # Errors
/// When the place cannot be read at all.
pub async fn verify(
    place: &Place,
    manifest: &Manifest,
    wrong: impl Fn(&ReadError),
    done: impl Fn(),
) -> Result<Verified, BackupError> {
    let mut verified = Verified::default();
    let own: Vec<Stored> = manifest.objects.all().cloned().collect();
    for stored in own {
        let checked = check(place, &stored).await;
        verified.note(&stored, checked, &wrong);
        done();
    }
    let list = match entries(place, manifest).await {
        Ok(list) => list,
        // It was told above already.
        Err(BackupError::Read(error)) if !error.may_pass() => return Ok(verified),
        Err(error) => return Err(error),
    };
    let mut checked = stored_once(list)
        .map_ok(|stored| async move {
            let checked = check(place, &stored).await;
            Ok::<_, BackupError>((stored, checked))
        })
        .try_buffered(AT_ONCE)
        .boxed_local();
    loop {
        match checked.try_next().await {
            Ok(Some((stored, checked))) => {
                verified.note(&stored, checked, &wrong);
                done();
            }
            Ok(None) => break,
            Err(BackupError::Read(error)) if error.may_pass() => return Err(error.into()),
            // The list itself is damaged, which was told above.
            Err(BackupError::Read(_) | BackupError::List(..) | BackupError::Undecodable { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    drop(checked);
    Ok(verified)
}

impl Verified {
    fn note(&mut self, stored: &Stored, checked: Result<(), ReadError>, wrong: impl Fn(&ReadError)) {
        self.objects += 1;
        self.bytes += stored.size;
        if let Err(error) = checked {
            self.wrong += 1;
            wrong(&error);
        }
    }
}

/// Documents of a snapshot that have no original in it, as far as `wanted` asks for them.
pub async fn without_original(
    place: &Place,
    manifest: &Manifest,
    wanted: impl Fn(&Kept) -> bool,
) -> Result<Vec<Entry>, BackupError> {
    let list = entries(place, manifest).await?;
    let without = list.try_filter(|entry| {
        let without = !matches!(entry.original, Kept::Stored(_)) && wanted(&entry.original);
        async move { without }
    });
    without.try_collect().await
}

/// All bytes of a small object.
pub async fn whole(
    mut bytes: impl stream::Stream<Item = Result<bytes::Bytes, BackupError>> + Unpin,
) -> Result<Vec<u8>, BackupError> {
    let mut all = Vec::new();
    while let Some(piece) = bytes.try_next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}
