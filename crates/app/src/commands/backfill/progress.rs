//! Shows how far a backfill has come: a bar on a terminal, now and then a line anywhere else.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chargebook_domain::ports::Slice;
use indicatif::{ProgressBar, ProgressStyle};

use crate::tables::{grouped, len};

/// How often a line is written where there is no terminal: when so many parts of the whole are done.
const LINES: u64 = 10;

/// Shared by all that read.
#[derive(Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Disputes that were read since the start.
    read: Arc<AtomicU64>,
    started: Instant,
}

impl Progress {
    /// Begins, and says so where an earlier run had come some way.
    pub(super) fn begin(slices: &[Slice]) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len} slices, {msg}");
        let bar = ProgressBar::new(len(slices)).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let done: Vec<_> = slices.iter().filter(|slice| slice.is_done).collect();
        let read = slices.iter().fold(0_u64, |sum, slice| sum.saturating_add(slice.tally.all()));
        if read > 0 || !done.is_empty() {
            say(&format!(
                "backfill: goes on where the last one ended: {} of {} slices are done, {} disputes were read",
                grouped(len(&done)),
                grouped(len(slices)),
                grouped(read)
            ));
        }
        bar.set_position(len(&done));
        bar.set_message("asking Stripe");
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, read: Arc::new(AtomicU64::new(0)), started: Instant::now() }
    }

    /// A page was read.
    pub(super) fn page(&self, before: &Slice, after: &Slice) {
        let more = after.tally.all().saturating_sub(before.tally.all());
        let read = self.read.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        let rate = u128::from(read).saturating_mul(1000).checked_div(self.started.elapsed().as_millis());
        let rate = rate.and_then(|rate| u64::try_from(rate).ok()).unwrap_or(read);
        self.bar.set_message(format!("{} disputes, {} a second", grouped(read), grouped(rate)));
        if after.is_done {
            self.bar.inc(1);
            self.line(self.bar.position(), read);
        }
    }

    /// Where there is no bar.
    fn line(&self, done: u64, read: u64) {
        let all = self.bar.length().unwrap_or_default();
        let part = |done: u64| done.saturating_mul(LINES).checked_div(all);
        if self.bar.is_hidden() && part(done) != part(done.saturating_sub(1)) {
            say(&format!("backfill: {} of {} slices, {} disputes", grouped(done), grouped(all), grouped(read)));
        }
    }

    /// The ledger is away.
    pub(super) fn waits(&self, seconds: u64) {
        let line = format!("the database is away or busy; a page is read again in {seconds} s");
        self.bar.set_message(line.clone());
        if self.bar.is_hidden() {
            say(&format!("backfill: {line}"));
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Beside the result, which goes to standard output. Where standard error is gone, nobody is there to see it.
fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
