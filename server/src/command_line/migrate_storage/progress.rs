//! How far the copy is: bars on a terminal, now and then a line elsewhere.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Without a terminal, a line is printed so often.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub struct Progress {
    rows: ProgressBar,
    originals: ProgressBar,
    compared: ProgressBar,
    on_terminal: bool,
    last_line: Cell<Instant>,
}

impl Progress {
    pub fn new(rows: u64, originals: usize) -> Self {
        let bars = MultiProgress::new();
        let style = ProgressStyle::with_template("{prefix:9} {bar:32} {pos:>9}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |name: &'static str, of: u64| {
            let bar = bars.add(ProgressBar::new(of).with_style(style.clone()).with_prefix(name));
            // Drawn before anything moves, so that all bars stand in their order.
            bar.tick();
            bar
        };
        Self {
            rows: bar("Rows", rows),
            originals: bar("Originals", originals as u64),
            compared: bar("Compared", rows),
            on_terminal: io::stderr().is_terminal(),
            last_line: Cell::new(Instant::now()),
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
        if !self.on_terminal && self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            let of = |bar: &ProgressBar| format!("{} of {}", bar.position(), bar.length().unwrap_or_default());
            eprintln!(
                "{} rows copied, {} originals, {} rows compared",
                of(&self.rows),
                of(&self.originals),
                of(&self.compared)
            );
        }
    }

    /// Takes the bars away.
    pub fn end(&self) {
        for bar in [&self.rows, &self.originals, &self.compared] {
            bar.finish_and_clear();
        }
    }
}
