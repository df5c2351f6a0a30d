//! How far long work is: bars on a terminal, now and then a line elsewhere.

use std::{
    cell::{Cell, RefCell},
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Without a terminal, a line is printed so often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Bars that stand one above the other.
pub struct Bars {
    together: MultiProgress,
    all: RefCell<Vec<ProgressBar>>,
    style: ProgressStyle,
    on_terminal: bool,
    last_line: Cell<Instant>,
}

impl Bars {
    /// `counts` is what stands after each bar, as indicatif's templates say it.
    pub fn new(counts: &str) -> Self {
        Self {
            together: MultiProgress::new(),
            all: RefCell::default(),
            style: ProgressStyle::with_template(&format!("{{prefix:9}} {{bar:32}} {counts}"))
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
            on_terminal: io::stderr().is_terminal(),
            last_line: Cell::new(Instant::now()),
        }
    }

    /// Adds one below the others.
    pub fn add(&self, name: &'static str, of: u64) -> ProgressBar {
        let bar = ProgressBar::new(of).with_style(self.style.clone()).with_prefix(name);
        let bar = self.together.add(bar);
        // Drawn before anything moves, so that all bars stand in their order.
        bar.tick();
        self.all.borrow_mut().push(bar.clone());
        bar
    }

    /// Says the same in words where there are no bars, unless that was said a moment ago.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if !self.on_terminal && self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            eprintln!("{}", line());
        }
    }

    /// Prints without disturbing the bars.
    pub fn beside(&self, print: impl FnOnce()) {
        self.together.suspend(print);
    }

    /// Takes the bars away.
    pub fn end(&self) {
        for bar in self.all.borrow().iter() {
            bar.finish_and_clear();
        }
    }
}
