//! As much of Markdown as the documents use.

/// What stands between backticks, outside of code blocks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    let prose = without_blocks(text);
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The targets of links, outside of code.
pub(crate) fn links(text: &str) -> Vec<String> {
    let prose = without_blocks(text);
    let without_code: String = prose.split('`').step_by(2).collect();
    let after = without_code.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of the headings, as forges make them.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let prose = without_blocks(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The code blocks of a language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<(bool, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut block) {
            (Some(opening), None) => block = Some((opening.trim() == language, String::new())),
            (Some(_), Some(_)) => found.extend(block.take()),
            (None, Some((_, lines))) => {
                lines.push_str(line);
                lines.push('\n');
            }
            (None, None) => {}
        }
    }
    found.into_iter().filter(|(wanted, _)| *wanted).map(|(_, lines)| lines).collect()
}

/// The rows of the tables below a heading, down to the next: the cells without the bars.
pub(crate) fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let lines = below.take_while(|line| !line.starts_with('#'));
    let rows = lines.filter_map(|line| line.strip_prefix('|')?.trim_end().strip_suffix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn without_blocks(text: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

#[test]
fn spans_links_blocks_and_rows_are_found() {
    let text =
        "# A `b`: c-d\n[x](docs/y.md#z) `p/q`\n```toml\n`not` [this](one)\n```\n\n## Table\n| `k` | 1 |\n|---|---|\n";
    assert_eq!(code_spans(text), ["b", "p/q", "k"]);
    assert_eq!(links(text), ["docs/y.md#z"]);
    assert_eq!(anchors(text), ["a-b-c-d", "table"]);
    assert_eq!(blocks(text, "toml"), ["`not` [this](one)\n"]);
    assert_eq!(rows(text, "## Table"), [vec!["`k`", "1"], vec!["---", "---"]]);
}
