//! How far the copy is.

use indicatif::ProgressBar;

use crate::command_line::bars::Bars;

pub struct Progress {
    bars: Bars,
    rows: ProgressBar,
    originals: ProgressBar,
    compared: ProgressBar,
}

impl Progress {
    pub fn new(rows: u64, originals: usize) -> Self {
        let bars = Bars::new("{pos:>9}/{len}");
        Self {
            rows: bars.add("Rows", rows),
            originals: bars.add("Originals", originals as u64),
            compared: bars.add("Compared", rows),
            bars,
        }
    }

    pub fn rows(&self, more: u64) {
        self.go_on(&self.rows, more);
    }

    pub fn original(&self) {
        self.go_on(&self.originals, 1);
    }

    pub fn compared(&self, more: u64) {
        self.go_on(&self.compared, more);
    }

    fn go_on(&self, bar: &ProgressBar, more: u64) {
        bar.inc(more);
        self.bars.say(|| {
            let of = |bar: &ProgressBar| format!("{} of {}", bar.position(), bar.length().unwrap_or_default());
            format!(
                "{} rows copied, {} originals, {} rows compared",
                of(&self.rows),
                of(&self.originals),
                of(&self.compared)
            )
        });
    }

    /// Takes the bars away.
    pub fn end(&self) {
        self.bars.end();
    }
}
