//! The scenarios as they stand on the page. What can't be read is refused with its line: nothing is passed over.

use std::collections::{BTreeMap, BTreeSet};

/// The page that accountants read.
pub const PAGE: &str = include_str!("../../../../docs/accounting.md");

/// The lines of a part of the page, without its heading.
#[must_use]
pub fn part<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).collect()
}

/// Begins the part of the page that is read.
const HEADING: &str = "## Scenarios";

/// A piece of the page, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
}

impl<'a> Item<'a> {
    pub(super) fn with(self, text: &'a str) -> Self {
        Self { text, ..self }
    }

    pub(super) fn refuse(self, why: &str) -> ! {
        panic!("docs/accounting.md:{}: {why}: {:?}", self.line, self.text)
    }
}

/// What a scenario says of one dispute: the lines of it by their first word, which is said once.
pub(super) struct Section<'a> {
    start: Item<'a>,
    lines: BTreeMap<&'a str, Vec<Item<'a>>>,
}

impl<'a> Section<'a> {
    /// The values of a line that may be missing; `None` when it is.
    pub(super) fn take(&mut self, word: &str) -> Option<Vec<Item<'a>>> {
        let mut values = self.lines.remove(word)?;
        if values.len() == 1 {
            values.retain(|value| value.text != "none");
        }
        Some(values)
    }

    /// The values of a line that must be there; empty where it says `none`.
    pub(super) fn values(&mut self, word: &str) -> Vec<Item<'a>> {
        self.take(word).unwrap_or_else(|| self.start.refuse(&format!("no {word:?} below")))
    }

    /// The value of a line that must be there and have one.
    pub(super) fn value(&mut self, word: &str) -> Item<'a> {
        match self.values(word).as_slice() {
            [value] => *value,
            _ => self.start.refuse(&format!("not one {word:?} below")),
        }
    }

    /// Refuses what it says as a whole.
    pub(super) fn refuse(&self, why: &str) -> ! {
        self.start.refuse(why)
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) {
        if let Some((word, values)) = self.lines.into_iter().next() {
            values[0].refuse(&format!("{word:?} is not known here"));
        }
    }
}

/// A scenario: its heading, and what it says of each dispute.
pub(super) struct Block<'a> {
    pub(super) heading: Item<'a>,
    pub(super) sections: Vec<Section<'a>>,
}

/// Every scenario of a page, in its order.
pub(super) fn blocks(page: &str) -> Vec<Block<'_>> {
    let lines = page.lines().enumerate().map(|(index, text)| Item { line: index + 1, text });
    let mut lines = lines.skip_while(|line| line.text != HEADING).skip(1);
    let (mut blocks, mut names) = (Vec::new(), BTreeSet::new());
    let mut heading: Option<Item> = None;
    while let Some(line) = lines.next() {
        if line.text.starts_with('#') {
            if let Some(heading) = heading {
                heading.refuse("a scenario without a block");
            }
            heading = line.text.strip_prefix("#### ").map(|name| line.with(name));
            if heading.is_none() && !line.text.starts_with("### ") {
                line.refuse("the scenarios are the last part of the page, in groups");
            }
        } else if line.text == "```scenario" {
            let heading = heading.take().unwrap_or_else(|| line.refuse("a scenario without a heading"));
            if !names.insert(heading.text) {
                heading.refuse("another scenario has this heading");
            }
            let block: Vec<_> = lines.by_ref().take_while(|line| line.text != "```").collect();
            blocks.push(Block { heading, sections: sections(heading, &block) });
        } else if line.text.starts_with("```") {
            line.refuse("not a scenario");
        }
    }
    if let Some(heading) = heading {
        heading.refuse("a scenario without a block");
    }
    blocks
}

/// A section ends where a line would be in it a second time and is a `dispute`.
fn sections<'a>(heading: Item<'a>, block: &[Item<'a>]) -> Vec<Section<'a>> {
    let mut sections = vec![Section { start: heading, lines: BTreeMap::new() }];
    let mut word = None;
    for line in block {
        let value = line.with(line.text.trim_start());
        if value.text.len() == line.text.len() {
            let (first, rest) = line.text.split_once(' ').unwrap_or_else(|| line.refuse("a word without a value"));
            if first == "dispute" && sections.last().is_some_and(|section| section.lines.contains_key("status")) {
                sections.push(Section { start: *line, lines: BTreeMap::new() });
            }
            let known = &mut sections.last_mut().unwrap().lines;
            if known.insert(first, vec![line.with(rest.trim_start())]).is_some() {
                line.refuse("this was said already");
            }
            word = Some(first);
        } else {
            let word = word.unwrap_or_else(|| line.refuse("it continues nothing"));
            sections.last_mut().unwrap().lines.get_mut(word).unwrap().push(value);
        }
    }
    sections
}
