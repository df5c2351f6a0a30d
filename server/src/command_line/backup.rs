//! `hyperion backup`.

use std::{cell::OnceCell, process::ExitCode};

use indicatif::ProgressBar;

use super::{Failure, bars::Bars, output};
use crate::{
    backup::{
        BackupError, Place, Recipient,
        make::{Made, Progress, Request},
    },
    config::{BackupUrl, Loaded},
};

#[derive(clap::Args)]
pub struct Backup {
    /// Where snapshots are kept; backup_url unless given
    #[arg(long, value_name = "URL", value_parser = place)]
    to: Option<BackupUrl>,
    /// age public key to encrypt to; backup_recipient unless given
    #[arg(long, value_name = "KEY")]
    recipient: Option<Recipient>,
    /// How many snapshots are kept; backup_keep unless given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

/// A place of snapshots as an argument.
pub fn place(text: &str) -> Result<BackupUrl, String> {
    BackupUrl::new(text).ok_or_else(|| "an address like s3://bucket/folder, or a path, is wanted".to_owned())
}

/// The place that the argument names, or the setting; `flag` is the argument's.
pub fn place_given<'u>(
    argument: Option<&'u BackupUrl>,
    setting: Option<&'u BackupUrl>,
    flag: &'static str,
) -> Result<&'u str, BackupError> {
    let url = argument.or(setting).ok_or(BackupError::NoPlace(flag))?;
    Ok(url.as_str())
}

impl Backup {
    pub async fn run(self, loaded: Loaded) -> Result<ExitCode, Failure> {
        let config = &loaded.config;
        let place = Place::make(place_given(self.to.as_ref(), config.backup_url.as_ref(), "--to")?)?;
        let recipient = self.recipient.as_ref().or(config.backup_recipient.as_ref());
        let request = Request {
            config,
            settings: &loaded.to_toml(),
            place: &place,
            recipient,
            keep: self.keep.map_or(config.backup_keep, usize::from),
        };
        let shown = Shown::new();
        let made = request.run(&shown).await;
        shown.bars.end();
        let made = made?;
        say(&made, &place);
        Ok(if made.manifest.lacks_nothing() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn say(made: &Made, place: &Place) {
    let manifest = &made.manifest;
    let originals = &manifest.originals;
    let rows = |table: &str| manifest.tables.get(table).map_or(0, |rows| rows.rows);
    output::print_line(format_args!(
        "Snapshot {} is in {}: {} users, {} knowledge bases, {} documents, {} passages; {} originals, {} of them new",
        manifest.id,
        place.name,
        rows("users"),
        rows("knowledge_bases"),
        rows("documents"),
        rows("passages"),
        originals.files,
        made.files_stored
    ));
    if originals.deleted_meanwhile > 0 {
        output::print_line(format_args!(
            "{} documents were deleted while it was made; they are not restored from it",
            originals.deleted_meanwhile
        ));
    }
    let removed = &made.removed;
    for id in &removed.snapshots {
        output::print_line(format_args!("Snapshot {id} was removed: enough newer ones are whole"));
    }
    if removed.unfinished + removed.originals > 0 {
        output::print_line(format_args!(
            "Removed as well: {} snapshots that were never finished, and {} originals that no snapshot needs any more",
            removed.unfinished, removed.originals
        ));
    }
    if made.keys_without_secret > 0 {
        eprintln!(
            "hyperion: WARNING: the secret key is not in this snapshot, because it is not encrypted. Without that key the \
             keys of {} connections are lost: keep it elsewhere, or encrypt snapshots with --recipient",
            made.keys_without_secret
        );
    }
    if originals.missing > 0 {
        for document in &made.missing {
            output::print_line(format_args!(
                "The original of document {document} is missing, or not as it was uploaded"
            ));
        }
        let more = originals.missing.saturating_sub(made.missing.len() as u64);
        if more > 0 {
            output::print_line(format_args!("and of {more} more"));
        }
        eprintln!(
            "hyperion: snapshot {} lacks {} originals that the installation itself does not have. It is kept, but it \
             supersedes no other, and this is no success: check originals_url, restore the files from an older snapshot, \
             or delete these documents",
            manifest.id, originals.missing
        );
    }
}

/// Bars for rows and originals.
struct Shown {
    bars: Bars,
    rows: OnceCell<ProgressBar>,
    originals: OnceCell<ProgressBar>,
}

impl Shown {
    fn new() -> Self {
        Self {
            bars: Bars::new("{pos:>9}/{len}"),
            rows: OnceCell::new(),
            originals: OnceCell::new(),
        }
    }

    fn go_on(&self, bar: &OnceCell<ProgressBar>, more: u64) {
        if let Some(bar) = bar.get() {
            bar.inc(more);
        }
        self.bars.say(|| {
            let of = |bar: &OnceCell<ProgressBar>| bar.get().map_or(0, ProgressBar::position);
            format!("{} rows read, {} originals", of(&self.rows), of(&self.originals))
        });
    }
}

impl Progress for Shown {
    fn begun(&self, rows: u64) {
        self.rows.get_or_init(|| self.bars.add("Rows", rows));
    }

    fn rows(&self, more: u64) {
        self.go_on(&self.rows, more);
    }

    fn dumped(&self, documents: u64) {
        self.originals.get_or_init(|| self.bars.add("Originals", documents));
    }

    fn originals(&self, more: u64) {
        self.go_on(&self.originals, more);
    }
}
