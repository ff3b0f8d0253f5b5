//! What the demo says while it runs.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::{DemoError, failed};

/// How wide the names of steps are.
const NAMES: usize = 9;

/// Standard output. What differs from run to run, such as how long something took, is for terminals only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    is_terminal: bool,
}

impl Show {
    pub(super) fn on_standard_output() -> Self {
        Self { is_terminal: io::stdout().is_terminal() }
    }

    pub(super) fn title(self, seed: u64) -> Result<(), DemoError> {
        let text = format!("Chargebook demo: half a year of a shop's disputes, all invented (seed {seed})");
        say(&format!("{}\n", self.bold(&text)))
    }

    /// A step that is done.
    pub(super) fn step(self, name: &str, what: &str, took: Option<Duration>) -> Result<(), DemoError> {
        let took = took.filter(|_| self.is_terminal).map_or_else(String::new, |took| format!(" ({took:.1?})"));
        say(&format!("{} {what}{took}", self.bold(&format!("{name:<NAMES$}"))))
    }

    pub(super) fn bold(self, text: &str) -> String {
        if self.is_terminal { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Writes lines to standard output.
pub(super) fn say(text: &str) -> Result<(), DemoError> {
    writeln!(io::stdout(), "{text}").map_err(failed("write to standard output"))
}
