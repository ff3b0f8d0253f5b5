//! A migration works with the code before it, because that runs meanwhile: it adds, and takes nothing away.

use crate::tree::{files, text};

/// What code that runs would miss, or would be refused by.
const TAKES_AWAY: [&str; 6] = ["drop table", "drop column", "drop view", " rename ", "set not null", "set data type"];

/// Those that take away what no version since the one before has used, each with the reason why that is so.
const CONTRACTIONS: [(&str, &str); 0] = [];

/// A migration in lower case, without comments and with single spaces.
fn statements(name: &str) -> Vec<String> {
    let sql = text(name).to_lowercase();
    let sql: Vec<_> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let sql = sql.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    sql.split(';').map(|statement| statement.trim().to_owned()).collect()
}

fn migrations() -> impl Iterator<Item = String> {
    files().into_iter().filter(|name| name.starts_with("migrations/"))
}

#[test]
fn a_migration_takes_nothing_away_that_the_version_before_it_uses() {
    for name in migrations().filter(|name| !CONTRACTIONS.iter().any(|(known, _)| known == name)) {
        for statement in statements(&name) {
            for taken in TAKES_AWAY {
                assert!(
                    !format!(" {statement} ").contains(taken),
                    "{name}: `{taken}` breaks the version that still runs: see docs/deployment.md, \"Upgrades\""
                );
            }
        }
    }
}

#[test]
fn a_new_column_needs_nothing_of_the_version_before_it() {
    for name in migrations() {
        for statement in statements(&name) {
            for column in statement.split("add column").skip(1) {
                // Up to the next of them; a comma within a type or a default hides nothing that is asked here.
                let column = column.split(", add ").next().unwrap_or_default();
                let is_needed = column.contains("not null") && !column.contains("default");
                assert!(!is_needed, "{name}: the version before inserts rows without the column{column}");
            }
        }
    }
}
