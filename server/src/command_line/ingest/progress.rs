//! How far the ingest is.

use std::cell::Cell;

use api::Stage;
use indicatif::ProgressBar;

use crate::command_line::bars::Bars;

pub struct Progress {
    bars: Bars,
    sent: ProgressBar,
    read: ProgressBar,
    embedded: ProgressBar,
    ready: ProgressBar,
    failed: Cell<u64>,
}

impl Progress {
    pub fn new(files: usize) -> Self {
        let bars = Bars::new("{pos:>6}/{len} {msg}");
        let bar = |name: &'static str| bars.add(name, files as u64);
        Self {
            sent: bar("Sent"),
            read: bar("Read"),
            embedded: bar("Embedded"),
            ready: bar("Ready"),
            bars,
            failed: Cell::new(0),
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
        self.bars.say(|| {
            format!(
                "{} of {} files sent, {read} read, {embedded} embedded, {} ready, {} failed",
                self.sent.position(),
                self.sent.length().unwrap_or_default(),
                self.ready.position(),
                self.failed.get()
            )
        });
    }

    pub fn is_over(&self, files: usize) -> bool {
        self.ready.position() + self.failed.get() >= files as u64
    }

    /// Prints without disturbing the bars.
    pub fn beside(&self, print: impl FnOnce()) {
        self.bars.beside(print);
    }

    /// Takes the bars away.
    pub fn end(&self) {
        self.bars.end();
    }
}
