//! `hyperion restore`.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    process::ExitCode,
};

use indicatif::ProgressBar;

use super::{
    Failure,
    backup::{place, place_given},
    bars::Bars,
    output,
    reindex::reindex,
};
use crate::{
    backup::{
        Identities, Place, SnapshotId, choose,
        drill::Progress as Comparing,
        restore::{Key, Progress, Request, Restored},
    },
    config::{BackupUrl, Loaded},
    connections::secrets::KEY_VARIABLE,
};

/// Documents that are named; of more it is said how many there are.
const MOST_NAMED: usize = 20;

#[derive(clap::Args)]
pub struct Restore {
    /// Where snapshots are kept; backup_url unless given
    #[arg(long, value_name = "URL", value_parser = place)]
    from: Option<BackupUrl>,
    /// The snapshot to restore; the newest that lacks nothing unless given
    #[arg(long, value_name = "ID")]
    snapshot: Option<SnapshotId>,
    /// File with the age private key that encrypted snapshots open with
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Yes, everything that is in the database may be replaced
    #[arg(long)]
    replace_everything: bool,
}

impl Restore {
    pub async fn run(self, loaded: Loaded) -> Result<ExitCode, Failure> {
        let config = &loaded.config;
        let place = Place::open(place_given(self.from.as_ref(), config.backup_url.as_ref(), "--from")?)?;
        let manifest = choose(&place, self.snapshot.clone()).await?;
        let request = Request {
            config,
            place: &place,
            manifest: &manifest,
            identities: self.identity.as_deref().map(Identities::read).transpose()?,
            replace_everything: self.replace_everything,
        };
        let shown = Shown::new();
        let index = async |store: &store::Store| match reindex(config, store).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        let restored = request.run(&shown, index).await;
        shown.bars.end();
        let restored = restored?;
        output::print_line(format_args!(
            "Snapshot {} of {} is restored into {}: {} documents, and everything that the database had then",
            manifest.id,
            manifest.created.format("%Y-%m-%d %H:%M UTC"),
            config.database(),
            manifest.originals.documents
        ));
        say(&restored, &loaded);
        Ok(ExitCode::SUCCESS)
    }
}

fn say(restored: &Restored, loaded: &Loaded) {
    for entry in restored.without_original.iter().take(MOST_NAMED) {
        output::print_line(format_args!(
            "Document {} is without its original: it is found and cited, but cannot be downloaded or read again",
            entry.document
        ));
    }
    if let more @ 1.. = restored.without_original.len().saturating_sub(MOST_NAMED) {
        output::print_line(format_args!("and {more} more"));
    }
    let differing = differing(&restored.settings, &loaded.to_toml());
    output::print_line(format_args!(
        "The settings it was made with are in {}, and are not in force; {}",
        restored.settings_file.display(),
        if differing.is_empty() {
            "those here are the same".to_owned()
        } else {
            format!("different here: {}", differing.join("; "))
        }
    ));
    match &restored.key {
        Key::NotIn | Key::Same => {}
        Key::Written(file, aside) => {
            if let Some(aside) = aside {
                output::print_line(format_args!(
                    "The secret key that was here is now {}: remove it when nothing needs it",
                    aside.display()
                ));
            }
            output::print_line(format_args!("The snapshot's secret key is in {}", file.display()));
            if loaded.config.database_url.is_some() {
                output::print_line(format_args!(
                    "Give it to every replica: export {KEY_VARIABLE}=\"$(cat '{}')\"",
                    absolute(file).display()
                ));
            }
        }
    }
    if restored.keys_lost > 0 {
        eprintln!(
            "hyperion: WARNING: the keys of {} connections do not open with the secret key here. Give servers the one the \
             installation had, in {KEY_VARIABLE} or in secret.key in the data folder, or enter these keys anew",
            restored.keys_lost
        );
    }
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// What two configuration files say differently.
fn differing(then: &str, now: &str) -> Vec<String> {
    let read = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
    let (then, now) = (read(then), read(now));
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let said = |value: Option<&toml::Value>| value.map_or_else(|| "not set".to_owned(), ToString::to_string);
    names
        .into_iter()
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| format!("{name} was {} and is {}", said(then.get(name)), said(now.get(name))))
        .collect()
}

/// Bars for originals and rows.
struct Shown {
    bars: Bars,
    originals: OnceCell<ProgressBar>,
    rows: OnceCell<ProgressBar>,
}

impl Shown {
    fn new() -> Self {
        Self {
            bars: Bars::new("{pos:>9}/{len}"),
            originals: OnceCell::new(),
            rows: OnceCell::new(),
        }
    }

    fn go_on(&self, bar: &OnceCell<ProgressBar>, more: u64) {
        if let Some(bar) = bar.get() {
            bar.inc(more);
        }
        self.bars.say(|| {
            let of = |bar: &OnceCell<ProgressBar>| bar.get().map_or(0, ProgressBar::position);
            format!(
                "{} originals put back, {} rows compared",
                of(&self.originals),
                of(&self.rows)
            )
        });
    }
}

impl Comparing for Shown {
    fn restored(&self, rows: u64) {
        self.rows.get_or_init(|| self.bars.add("Compared", rows));
    }

    fn rows(&self, more: u64) {
        self.go_on(&self.rows, more);
    }
}

impl Progress for Shown {
    fn begun(&self, documents: u64) {
        self.originals.get_or_init(|| self.bars.add("Originals", documents));
    }

    fn original(&self) {
        self.go_on(&self.originals, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn settings_that_changed_are_told_and_others_are_not() {
        let then = "workers = 2\nsign_up = false\nlog = \"warn\"\n# milvus_url is not set";
        let now = "workers = 2\nsign_up = true\nmilvus_url = \"http://m\"\nlog = \"warn\"";
        assert_eq!(
            differing(then, now),
            [
                "milvus_url was not set and is \"http://m\"",
                "sign_up was false and is true"
            ]
        );
    }
}
