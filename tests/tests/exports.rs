//! The journal as accounting systems take it; what free ones of them make of it is asked of these.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use chargebook_domain::{BookRules, Convention};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::scenarios::{PAGE, scenarios};
use chargebook_tests::{
    Ran, Server, TEST_MODE, fresh_database, in_order, run, scratch_folder, send_all, told, with_orders,
};

const CODES: &str = "assets:stripe-balance=105,assets:disputes-receivable=106,assets:disputes-suspense=107,\
                     expenses:dispute-fees=604,expenses:chargeback-losses=605,expenses:fx-difference=606,\
                     income:disputes-contra=409";

/// Books of many stories in many currencies.
struct Books {
    url: String,
    ledger: PostgresLedger,
    folder: PathBuf,
}

impl Books {
    async fn keep() -> Self {
        let stories = told(60);
        let (url, ledger) = with_orders(&stories).await;
        let server = Arc::new(Server::start(&url, &TEST_MODE).await);
        send_all(&[Arc::clone(&server)], in_order(&stories), 8).await;
        assert_eq!(Arc::into_inner(server).unwrap().stop().await, 0);
        Self { url, ledger, folder: scratch_folder() }
    }

    /// Every scenario of docs/accounting.md, one after the other.
    async fn of_scenarios(convention: Convention) -> Self {
        let (url, ledger) = fresh_database().await;
        let rules = BookRules { convention, ..BookRules::default() };
        for (number, scenario) in scenarios(PAGE).into_iter().enumerate() {
            scenario.begun(0, &number.to_string()).book(&ledger, rules).await;
        }
        Self { url, ledger, folder: scratch_folder() }
    }

    async fn export(&self, more: &[&str]) -> Ran {
        let all = ["export", "journal", "--from", "2000-01-01", "--to", "2999-12-31"];
        let settings = [("CHARGEBOOK_DATABASE__URL", self.url.as_str()), ("CHARGEBOOK_JOURNAL__CODES", CODES)];
        run(&self.folder, &settings, &[&all[..], more].concat()).await
    }

    /// Balances by account and currency, which are both in capitals, since systems write them so.
    async fn trial_balance(&self) -> BTreeMap<(String, String), String> {
        let mut balances = BTreeMap::<_, i64>::new();
        for line in self.ledger.trial_balance().await.unwrap() {
            *balances.entry((line.ledger_account.to_uppercase(), line.currency.to_uppercase())).or_default() +=
                line.balance_minor;
        }
        balances.retain(|_, minor| *minor != 0);
        balances
            .into_iter()
            .map(|(key, minor)| {
                let major = major(minor, &key.1);
                (key, major)
            })
            .collect()
    }
}

/// An amount with the decimals of its currency, those at its end that are zeros left out.
fn major(minor: i64, code: &str) -> String {
    let currency = chargebook_domain::Currency::parse(&code.to_lowercase()).unwrap();
    chargebook_domain::Money::new(minor, currency).to_major().unwrap().normalize().to_string()
}

/// What a program of the machine says; it has to end well.
fn asked(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; script/bootstrap --tests installs it"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{err}");
    out
}

/// The balances in lines of account, currency and amount.
fn balances(lines: &str) -> BTreeMap<(String, String), String> {
    let line = |line: &str| {
        let fields: Vec<_> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let currency = fields[1].to_owned();
        let minor = chargebook_domain::Currency::parse(&currency.to_lowercase()).unwrap();
        let minor = chargebook_domain::Money::from_major(fields[2], minor).unwrap().minor();
        let amount = major(minor, &currency);
        ((fields[0].to_uppercase(), currency), amount)
    };
    lines.lines().skip(1).map(line).filter(|(_, amount)| amount != "0").collect()
}

#[tokio::test]
async fn hledger_and_beancount_take_the_journal_and_have_the_balances_of_the_trial_balance() {
    are_taken(&Books::keep().await).await;
}

#[tokio::test]
async fn hledger_and_beancount_take_every_scenario_under_both_conventions() {
    for convention in [Convention::Holding, Convention::Contra] {
        are_taken(&Books::of_scenarios(convention).await).await;
    }
}

async fn are_taken(books: &Books) {
    let expected = books.trial_balance().await;
    let currencies = expected.keys().map(|(_, currency)| currency.as_str()).collect::<std::collections::BTreeSet<_>>();
    assert!(expected.len() > 6 && currencies.len() > 2, "{expected:?}");

    let journal = books.folder.join("books.journal");
    let written = books.export(&["--format", "hledger", "--out", journal.to_str().unwrap()]).await;
    assert_eq!(written.code, 0, "{written:?}");
    asked("hledger", &["check", "-f"], &journal);
    let told = asked("hledger", &["bal", "-N", "--flat", "--layout=bare", "-O", "csv", "-f"], &journal);
    assert_eq!(balances(&told), expected);

    let ledger = books.folder.join("books.beancount");
    let written = books.export(&["--format", "beancount", "--out", ledger.to_str().unwrap()]).await;
    assert_eq!(written.code, 0, "{written:?}");
    asked("bean-check", &[], &ledger);
    let query = "SELECT account, currency, sum(number) GROUP BY account, currency";
    let told = Command::new("bean-query").args(["-q", "-f", "csv"]).arg(&ledger).arg(query).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    assert_eq!(balances(&String::from_utf8(told.stdout).unwrap()), expected);

    // What is said at the end is the same again.
    for ((account, currency), amount) in &expected {
        let (account, currency) = (account.to_lowercase(), currency.as_str());
        let line = written.err.lines().find(|line| line.contains(&account) && line.ends_with(currency)).unwrap();
        let said = line.split_whitespace().nth(1).unwrap().replace(',', "");
        let minor = |text: &str| balances(&format!("\n{account},{currency},{text}"));
        assert_eq!(minor(&said), minor(amount), "{line}");
    }
}

#[tokio::test]
async fn every_system_gets_all_of_the_journal_or_nothing() {
    let books = Books::keep().await;
    let lines = books.export(&["--currency", "usd"]).await;
    let postings = lines.out.lines().count() - 1;
    assert!(postings > 0 && lines.err.contains(&format!("with {postings} postings")), "{}", lines.err);
    for format in ["qbo", "netsuite"] {
        let exported = books.export(&["--format", format, "--currency", "USD"]).await;
        assert_eq!((exported.code, exported.out.lines().count() - 1), (0, postings), "{}", exported.err);
        let again = books.export(&["--format", format, "--currency", "usd"]).await;
        assert_eq!(again.out, exported.out, "the same entries have the same numbers");
    }
    let file = books.folder.join("xero.csv");
    let xero = books.export(&["--format", "xero", "--currency", "usd", "--out", file.to_str().unwrap()]).await;
    let files: Vec<_> = xero.err.lines().filter_map(|line| line.strip_prefix("written to ")).collect();
    let counted = files.iter().map(|file| fs::read_to_string(file).unwrap().lines().count() - 1);
    let counted: Vec<_> = counted.collect();
    assert_eq!((xero.code, counted.iter().sum::<usize>()), (0, postings), "{xero:?}");
    assert!(counted.iter().all(|lines| *lines <= 300), "{counted:?}");

    let unnamed = books.export(&["--format", "qbo"]).await;
    assert_eq!((unnamed.code, unnamed.out.as_str()), (2, ""), "{unnamed:?}");
    assert!(unnamed.err.contains("--currency"), "{unnamed:?}");
    let nowhere = books.folder.join("none.csv");
    let refused = books.export(&["--format", "qbo", "--out", nowhere.to_str().unwrap()]).await;
    let left = fs::read_dir(&books.folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = left.filter(|name| name.starts_with("none")).collect();
    assert_eq!((refused.code, &left), (2, &vec![]), "{refused:?}");
    assert_eq!(books.export(&["--currency", "us"]).await.code, 2);
}
