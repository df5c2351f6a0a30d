//! How far the ingest is: bars on a terminal, now and then a line elsewhere.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use api::Stage;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Without a terminal, a line is printed so often.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub struct Progress {
    bars: MultiProgress,
    sent: ProgressBar,
    read: ProgressBar,
    embedded: ProgressBar,
    ready: ProgressBar,
    failed: Cell<u64>,
    on_terminal: bool,
    last_line: Cell<Instant>,
}

impl Progress {
    pub fn new(files: usize) -> Self {
        let bars = MultiProgress::new();
        let style = ProgressStyle::with_template("{prefix:9} {bar:32} {pos:>6}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |name: &'static str| {
            let bar = bars.add(
                ProgressBar::new(files as u64)
                    .with_style(style.clone())
                    .with_prefix(name),
            );
            // Drawn before anything moves, so that all bars stand in their order.
            bar.tick();
            bar
        };
        Self {
            sent: bar("Sent"),
            read: bar("Read"),
            embedded: bar("Embedded"),
            ready: bar("Ready"),
            bars,
            failed: Cell::new(0),
            on_terminal: io::stderr().is_terminal(),
            last_line: Cell::new(Instant::now()),
        }
    }

    /// A file was sent, or need not be.
    pub fn sent(&self) {
        self.sent.inc(1);
    }

    /// Nothing more of a file will change.
    pub fn ended(&self, well: bool) {
        if well {
            self.ready.inc(1);
        } else {
            self.failed.set(self.failed.get() + 1);
            self.ready.set_message(format!("{} failed", self.failed.get()));
        }
    }

    /// The stages that the files being read are in now.
    pub fn stages(&self, now: impl Iterator<Item = Stage>) {
        let ended = self.ready.position() + self.failed.get();
        let (mut read, mut embedded) = (ended, ended);
        for stage in now {
            read += u64::from(stage != Stage::Extract);
            embedded += u64::from(stage == Stage::Index);
        }
        self.read.set_position(read);
        self.embedded.set_position(embedded);
        if !self.on_terminal && self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            eprintln!(
                "{} of {} files sent, {read} read, {embedded} embedded, {} ready, {} failed",
                self.sent.position(),
                self.sent.length().unwrap_or_default(),
                self.ready.position(),
                self.failed.get()
            );
        }
    }

    pub fn is_over(&self, files: usize) -> bool {
        self.ready.position() + self.failed.get() >= files as u64
    }

    /// Prints without disturbing the bars.
    pub fn beside(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }

    /// Takes the bars away.
    pub fn end(&self) {
        for bar in [&self.sent, &self.read, &self.embedded, &self.ready] {
            bar.finish_and_clear();
        }
    }
}
