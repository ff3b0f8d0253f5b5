//! The files that people keep books in: hledger's and beancount's.

use std::io::Write;

use chargebook_domain::LedgerAccount;

use super::{AccountNames, Entry, ExportError, Files, Layout};

const UNKNOWN_DECIMALS: &str = "nobody knows how many decimals its currency has";

/// hledger's journal. <https://hledger.org/hledger.html#journal>
pub(crate) struct Hledger(pub AccountNames);

impl Layout for Hledger {
    fn head(&self) -> String {
        String::new()
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        let is_name = |account| {
            let name = self.0.name(account);
            !name.contains("  ") && !name.contains([';', '\t', '\n', '(', '[', '*', '!'])
        };
        objection(entry, is_name, "one of its accounts has a name that hledger can't read: see journal.accounts")
    }

    fn is_of_one_currency(&self) -> bool {
        false
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        let order = entry.order.as_ref().map(|order| format!(" | order {}", plain(order))).unwrap_or_default();
        writeln!(files, "{} * ({}) {}{order}", entry.posted_on, code(&entry.id), plain(&entry.narration))?;
        let tags =
            [("dispute", entry.dispute.as_deref()), ("order", entry.order.as_deref()), ("book", Some(&entry.book))];
        let tags = tags.iter().filter_map(|(name, value)| Some(format!("{name}:{}", plain((*value)?))));
        writeln!(files, "    ; {}", tags.collect::<Vec<_>>().join(", "))?;
        for posting in &entry.postings {
            let amount = posting.amount.to_major().unwrap_or_default();
            let currency = posting.amount.currency().code().to_uppercase();
            writeln!(files, "    {}  {amount} {currency}", self.0.name(posting.account))?;
        }
        Ok(writeln!(files)?)
    }
}

/// Beancount's. <https://beancount.github.io/docs/beancount_language_syntax.html>
pub(crate) struct Beancount(pub AccountNames);

impl Layout for Beancount {
    /// Accounts are opened by being used, so that several files can be included in one.
    fn head(&self) -> String {
        "plugin \"beancount.plugins.auto_accounts\"\n\n".to_owned()
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        let is_name = |account| beancount_account(self.0.name(account)).is_some();
        let why = "one of its accounts has a name that beancount can't have: it is Assets, Liabilities, Equity, Income or \
                   Expenses and words of letters, digits and dashes, with colons between: see journal.accounts";
        objection(entry, is_name, why)
    }

    fn is_of_one_currency(&self) -> bool {
        false
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        let link = entry.dispute.as_deref().filter(|dispute| is_link(dispute));
        let link = link.map(|dispute| format!(" ^{dispute}")).unwrap_or_default();
        writeln!(files, "{} * \"Stripe\" \"{}\"{link} #dispute", entry.posted_on, quoted(&entry.narration))?;
        let known = [
            ("entry", Some(entry.id.as_str())),
            ("dispute", entry.dispute.as_deref()),
            ("order", entry.order.as_deref()),
            ("book", Some(&entry.book)),
        ];
        for (name, value) in known.iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
            writeln!(files, "  {name}: \"{}\"", quoted(value))?;
        }
        for posting in &entry.postings {
            let account = beancount_account(self.0.name(posting.account)).unwrap_or_default();
            let amount = posting.amount.to_major().unwrap_or_default();
            writeln!(files, "  {account}  {amount} {}", posting.amount.currency().code().to_uppercase())?;
        }
        Ok(writeln!(files)?)
    }
}

fn objection(entry: &Entry, is_name: impl Fn(LedgerAccount) -> bool, bad_name: &'static str) -> Option<&'static str> {
    if entry.postings.iter().any(|posting| posting.amount.to_major().is_none()) {
        return Some(UNKNOWN_DECIMALS);
    }
    entry.postings.iter().any(|posting| !is_name(posting.account)).then_some(bad_name)
}

/// A text without what ends a description or a tag.
fn plain(text: &str) -> String {
    text.replace(|character: char| character.is_control() || [';', ','].contains(&character), " ")
}

/// A text without what ends a code.
fn code(text: &str) -> String {
    plain(text).replace(['(', ')'], " ")
}

/// A text within quotes.
fn quoted(text: &str) -> String {
    text.replace(char::is_control, " ").replace('\\', "\\\\").replace('"', "\\\"")
}

/// What beancount takes in a link.
fn is_link(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || "-_/.".contains(character))
}

/// An account as beancount writes it: `assets:stripe-balance` is `Assets:Stripe-Balance`. `None` for a name that is none.
fn beancount_account(name: &str) -> Option<String> {
    let words = name.split(':').map(|word| {
        let parts: Vec<_> = word.split('-').map(capital).collect();
        let word = parts.join("-");
        let begins = word.starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit());
        let goes_on = word.chars().all(|character| character.is_alphanumeric() || character == '-');
        (begins && goes_on).then_some(word)
    });
    let words = words.collect::<Option<Vec<_>>>()?;
    let is_root = ["Assets", "Liabilities", "Equity", "Income", "Expenses"].contains(&words.first()?.as_str());
    (is_root && words.len() > 1).then(|| words.join(":"))
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    first + characters.as_str()
}
