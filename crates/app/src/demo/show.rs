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

/// A number as people read it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// The length of a list, as a number to be shown.
pub(super) fn len<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((counted(1, "mail", "mails"), counted(2, "mail", "mails")), ("1 mail".into(), "2 mails".into()));
    }
}
