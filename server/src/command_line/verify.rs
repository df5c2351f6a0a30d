//! `hyperion verify`.

use std::{cell::OnceCell, path::PathBuf, process::ExitCode};

use indicatif::ProgressBar;

use super::{
    Failure,
    backup::{place, place_given},
    bars::Bars,
    output,
};
use crate::{
    backup::{BackupError, Identities, Manifest, Place, SnapshotId, choose, drill, verify},
    config::{BackupUrl, Config},
};

#[derive(clap::Args)]
pub struct Verify {
    /// Where snapshots are kept; backup_url unless given
    #[arg(long, value_name = "URL", value_parser = place)]
    from: Option<BackupUrl>,
    /// The snapshot to read; the newest that lacks nothing unless given
    #[arg(long, value_name = "ID")]
    snapshot: Option<SnapshotId>,
    /// File with the age private key; only a drill needs it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Restore the database into this empty scratch database, compare it, and empty that again
    #[arg(long, value_name = "SCRATCH_DATABASE_URL")]
    drill: Option<String>,
}

impl Verify {
    pub async fn run(self, config: Config) -> Result<ExitCode, Failure> {
        let place = Place::open(place_given(self.from.as_ref(), config.backup_url.as_ref(), "--from")?)?;
        let manifest = choose(&place, self.snapshot.clone()).await?;
        let identities = self.identity.as_deref().map(Identities::read).transpose()?;
        if self.drill.is_some() && manifest.recipient.is_some() && identities.is_none() {
            return Err(BackupError::NeedsIdentity("restore its database").into());
        }
        let is_whole = read(&place, &manifest).await?;
        if !is_whole {
            return Ok(ExitCode::FAILURE);
        }
        if let Some(scratch) = &self.drill {
            let identities = identities.filter(|_| manifest.recipient.is_some());
            let shown = Compared::new();
            let drilled = drill::drill(&config.database(), &place, &manifest, scratch, identities, &shown).await;
            shown.bars.end();
            drilled?;
            output::print_line(format_args!(
                "The database of snapshot {} was restored and is what it was: {} tables agree. The scratch database is \
                 empty again",
                manifest.id,
                manifest.tables.len()
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether everything in a snapshot is what it should be.
async fn read(place: &Place, manifest: &Manifest) -> Result<bool, BackupError> {
    let bars = Bars::new("{pos:>9}/{len}");
    let objects = manifest.objects.all().count() as u64 + manifest.originals.files;
    let bar = bars.add("Objects", objects);
    let wrong = |error: &dyn std::error::Error| bars.beside(|| output::print_line(error));
    let verified = verify::verify(
        place,
        manifest,
        |error| wrong(error),
        || {
            bar.inc(1);
            bars.say(|| format!("{} of {objects} objects read", bar.position()));
        },
    )
    .await;
    bars.end();
    let verified = verified?;
    if verified.wrong > 0 {
        output::print_line(format_args!(
            "Snapshot {} is damaged: {} of {} objects are not what they should be. Make a new one, and look after the \
             storage",
            manifest.id, verified.wrong, objects
        ));
        return Ok(false);
    }
    if !manifest.lacks_nothing() {
        output::print_line(format_args!(
            "Snapshot {} lacks {} originals that the installation did not have when it was made",
            manifest.id, manifest.originals.missing
        ));
        return Ok(false);
    }
    output::print_line(format_args!(
        "Snapshot {} of {} is whole: {} objects, {} bytes, each as it was written",
        manifest.id,
        manifest.created.format("%Y-%m-%d %H:%M UTC"),
        verified.objects,
        verified.bytes
    ));
    Ok(true)
}

/// A bar for the rows that are compared.
struct Compared {
    bars: Bars,
    rows: OnceCell<ProgressBar>,
}

impl Compared {
    fn new() -> Self {
        Self {
            bars: Bars::new("{pos:>9}/{len}"),
            rows: OnceCell::new(),
        }
    }
}

impl drill::Progress for Compared {
    fn restored(&self, rows: u64) {
        self.rows.get_or_init(|| self.bars.add("Compared", rows));
    }

    fn rows(&self, more: u64) {
        if let Some(bar) = self.rows.get() {
            bar.inc(more);
            self.bars.say(|| format!("{} rows compared", bar.position()));
        }
    }
}
