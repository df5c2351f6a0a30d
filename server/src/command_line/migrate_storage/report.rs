//! What was copied, and whether it agrees.

use api::DocumentId;
use serde::Serialize;
use store::{Compared, Original};

use super::originals::Outcome;
use crate::command_line::{output, plain};

/// Names that are told; of more it is said how many there are. JSON has all.
const MOST_NAMED: usize = 20;

/// Digits of a checksum that are told. JSON has all.
const DIGITS: usize = 12;

#[derive(Serialize)]
pub struct Report {
    from: String,
    to: String,
    /// Rows that this run copied; the others were there.
    rows_copied: u64,
    tables: Vec<TableLine>,
    originals: OriginalsLine,
    /// Whether the target was marked as whole.
    pub finished: bool,
}

#[derive(Serialize)]
struct TableLine {
    table: &'static str,
    rows_in_source: u64,
    rows_in_target: u64,
    sha256_in_source: String,
    sha256_in_target: String,
    agrees: bool,
}

#[derive(Serialize)]
struct OriginalsLine {
    documents: usize,
    sent: usize,
    already_there: usize,
    /// Those that are not as they were uploaded.
    not_whole: Vec<OriginalLine>,
}

#[derive(Serialize)]
struct OriginalLine {
    document_id: DocumentId,
    name: String,
    outcome: Outcome,
}

impl Report {
    pub fn new(
        from: String,
        to: String,
        rows_copied: u64,
        compared: Vec<Compared>,
        originals: &[(&Original, Outcome)],
    ) -> Self {
        let tables = compared.into_iter().map(|compared| TableLine {
            table: compared.table,
            agrees: compared.agrees(),
            rows_in_source: compared.source.rows,
            rows_in_target: compared.target.rows,
            sha256_in_source: compared.source.sha256,
            sha256_in_target: compared.target.sha256,
        });
        let count = |wanted: Outcome| originals.iter().filter(|(_, outcome)| *outcome == wanted).count();
        let not_whole = originals
            .iter()
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Sent | Outcome::AlreadyThere))
            .map(|(original, outcome)| OriginalLine {
                document_id: original.document,
                name: original.name.clone(),
                outcome: *outcome,
            });
        Self {
            from,
            to,
            rows_copied,
            tables: tables.collect(),
            originals: OriginalsLine {
                documents: originals.len(),
                sent: count(Outcome::Sent),
                already_there: count(Outcome::AlreadyThere),
                not_whole: not_whole.collect(),
            },
            finished: false,
        }
    }

    pub fn tables_agree(&self) -> bool {
        self.tables.iter().all(|table| table.agrees)
    }

    /// Whether every original is in the target as it was uploaded; with `but_for_missing`, as far as the source has it.
    pub fn originals_agree(&self, but_for_missing: bool) -> bool {
        let mut not_whole = self.originals.not_whole.iter();
        not_whole.all(|original| but_for_missing && matches!(original.outcome, Outcome::Missing | Outcome::Damaged))
    }

    pub fn print(&self, json: bool) {
        if json {
            output::print_line(serde_json::to_string(self).expect("a report holds only text and numbers"));
            return;
        }
        output::print_line(format_args!(
            "{:24} {:>10} {:>10}  checksum",
            "table", "source", "target"
        ));
        for table in &self.tables {
            let short = |sum: &str| sum.chars().take(DIGITS).collect::<String>();
            let sums = if table.agrees {
                format!("{}  agrees", short(&table.sha256_in_target))
            } else {
                let (source, target) = (short(&table.sha256_in_source), short(&table.sha256_in_target));
                format!("{source} and {target}  DIFFERS")
            };
            output::print_line(format_args!(
                "{:24} {:>10} {:>10}  {sums}",
                table.table, table.rows_in_source, table.rows_in_target
            ));
        }
        let originals = &self.originals;
        let whole = originals.sent + originals.already_there;
        output::print_line(format_args!(
            "{:24} {:>10} {whole:>10}  {} sent, {} there already, each read back",
            "originals", originals.documents, originals.sent, originals.already_there
        ));
        for original in originals.not_whole.iter().take(MOST_NAMED) {
            let what = match original.outcome {
                Outcome::Missing => "its original is missing in the source",
                Outcome::Damaged => "its original in the source is not what was uploaded",
                _ => "the target did not keep its original as it was sent",
            };
            let line = format!("{} ({}): {what}", original.name, original.document_id);
            output::print_line(plain::without_control_characters(&line));
        }
        if let more @ 1.. = originals.not_whole.len().saturating_sub(MOST_NAMED) {
            output::print_line(format_args!("and {more} more; --json names all"));
        }
    }
}
