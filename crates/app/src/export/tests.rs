use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use chargebook_domain::{Currency, LedgerAccount, Money};
use chrono::{DateTime, NaiveDate};

use super::*;

fn posting(account: LedgerAccount, minor: i64, code: &str) -> Posting {
    Posting { account, amount: Money::new(minor, Currency::parse(code).unwrap()) }
}

fn entry(id: &str, postings: Vec<Posting>) -> Entry {
    Entry {
        book: "default".to_owned(),
        id: id.to_owned(),
        posted_on: NaiveDate::from_ymd_opt(2026, 8, 1).unwrap(),
        occurred_at: DateTime::from_timestamp(1_785_582_000, 0).unwrap(),
        dispute: Some("du_1".to_owned()),
        order: Some("1001".to_owned()),
        kind: "movement".to_owned(),
        narration: "Withdrawal, \"du_1\"".to_owned(),
        postings,
    }
}

fn withdrawal(code: &str) -> Entry {
    entry(
        "movement:txn_1",
        vec![
            posting(LedgerAccount::StripeBalance, -11_500, code),
            posting(LedgerAccount::DisputesReceivable, 10_000, code),
            posting(LedgerAccount::DisputeFees, 1500, code),
        ],
    )
}

fn names() -> AccountNames {
    AccountNames::new(BTreeMap::from([(LedgerAccount::StripeBalance, "=1050 Stripe".to_owned())]))
}

fn xero() -> Xero {
    let codes = [(LedgerAccount::StripeBalance, "105"), (LedgerAccount::DisputesReceivable, "106")];
    let codes = codes.into_iter().chain([(LedgerAccount::DisputeFees, "604")]);
    Xero { codes: codes.map(|(account, code)| (account, code.to_owned())).collect(), tax_rate: "Tax Exempt".to_owned() }
}

/// A folder of its own for whoever asks, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chargebook-export-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn files(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a layout makes of entries, file by file.
fn written(layout: &dyn Layout, entries: &[Entry]) -> Vec<String> {
    let folder = Folder::new();
    let mut files = Files::create(Some(&folder.0.join("journal.csv")), layout.head()).unwrap();
    for entry in entries {
        layout.write(entry, &mut files).unwrap();
    }
    let paths = files.finish().unwrap();
    assert_eq!(folder.files(), paths.len(), "nothing else is left");
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn quickbooks_gets_an_entry_by_its_number_with_debits_and_credits() {
    assert_eq!(
        written(&QuickBooks(names()), &[withdrawal("usd")]),
        ["JournalNo,JournalDate,AccountName,Debits,Credits,Description,Name\n\
          CB-4c11d900a1e63502d6,08/01/2026,'=1050 Stripe,,115.00,\"Withdrawal, \"\"du_1\"\"\",\n\
          CB-4c11d900a1e63502d6,08/01/2026,assets:disputes-receivable,100.00,,\"Withdrawal, \"\"du_1\"\"\",\n\
          CB-4c11d900a1e63502d6,08/01/2026,expenses:dispute-fees,15.00,,\"Withdrawal, \"\"du_1\"\"\",\n"]
    );
}

#[test]
fn xero_gets_codes_signed_amounts_and_a_narration_that_no_other_journal_has() {
    assert_eq!(
        written(&xero(), &[withdrawal("jpy")]),
        ["*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,TrackingOption1,TrackingName2,\
          TrackingOption2\n\
          \"Withdrawal, \"\"du_1\"\" CB-6661e7db745711388e\",01/08/2026,1001,105,Tax Exempt,-11500,,,,\n\
          \"Withdrawal, \"\"du_1\"\" CB-6661e7db745711388e\",01/08/2026,1001,106,Tax Exempt,10000,,,,\n\
          \"Withdrawal, \"\"du_1\"\" CB-6661e7db745711388e\",01/08/2026,1001,604,Tax Exempt,1500,,,,\n"]
    );
}

#[test]
fn netsuite_gets_the_currency_and_one_side_of_each_line() {
    assert_eq!(
        written(&NetSuite(names()), &[withdrawal("eur")]),
        ["External ID,Date,Currency,Exchange Rate,Memo,Account,Debit,Credit,Line Memo\n\
          CB-680c3822aa8e3cd375,08/01/2026,EUR,,\"Withdrawal, \"\"du_1\"\"\",'=1050 Stripe,,115.00,1001\n\
          CB-680c3822aa8e3cd375,08/01/2026,EUR,,\"Withdrawal, \"\"du_1\"\"\",assets:disputes-receivable,100.00,,1001\n\
          CB-680c3822aa8e3cd375,08/01/2026,EUR,,\"Withdrawal, \"\"du_1\"\"\",expenses:dispute-fees,15.00,,1001\n"]
    );
}

#[test]
fn an_entry_in_two_currencies_is_two_with_numbers_of_their_own() {
    let both = entry(
        "close_out:1",
        vec![
            posting(LedgerAccount::FxDifference, 10, "usd"),
            posting(LedgerAccount::FxDifference, -9, "eur"),
            posting(LedgerAccount::DisputesReceivable, -10, "usd"),
            posting(LedgerAccount::DisputesReceivable, 9, "eur"),
        ],
    );
    let written = written(&NetSuite(names()), &[both]).concat();
    let numbers: BTreeSet<_> = written.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(numbers.len(), 2, "{written}");
    assert!(numbers.iter().all(|number| number.len() == 21), "{numbers:?}");
}

#[test]
fn xeros_files_have_300_lines_at_most_and_no_entry_is_torn() {
    let entries: Vec<_> = (0..101).map(|_| withdrawal("usd")).collect();
    let lengths: Vec<_> = written(&xero(), &entries).iter().map(|file| file.lines().count() - 1).collect();
    assert_eq!(lengths, [300, 3]);
}

#[test]
fn half_of_an_export_is_no_file() {
    let folder = Folder::new();
    let mut files = Files::create(Some(&folder.0.join("journal.csv")), String::new()).unwrap();
    files.write_all(b"half").unwrap();
    assert_eq!(folder.files(), 1);
    drop(files);
    assert_eq!(folder.files(), 0);
}

#[test]
fn hledger_and_beancount_get_their_own_files() {
    assert_eq!(
        written(&Hledger(AccountNames::default()), &[withdrawal("kwd")]),
        ["2026-08-01 * (movement:txn_1) Withdrawal  \"du_1\" | order 1001\n    \
          ; dispute:du_1, order:1001, book:default\n    \
          assets:stripe-balance  -11.500 KWD\n    \
          assets:disputes-receivable  10.000 KWD\n    \
          expenses:dispute-fees  1.500 KWD\n\n"]
    );
    assert_eq!(
        written(&Beancount(AccountNames::default()), &[withdrawal("jpy")]),
        ["plugin \"beancount.plugins.auto_accounts\"\n\n\
          2026-08-01 * \"Stripe\" \"Withdrawal, \\\"du_1\\\"\" ^du_1 #dispute\n  \
          entry: \"movement:txn_1\"\n  dispute: \"du_1\"\n  order: \"1001\"\n  book: \"default\"\n  \
          Assets:Stripe-Balance  -11500 JPY\n  \
          Assets:Disputes-Receivable  10000 JPY\n  \
          Expenses:Dispute-Fees  1500 JPY\n\n"]
    );
}

/// What is said of an entry that can't be written.
fn refused(layout: &dyn Layout, entries: &[Entry]) -> String {
    let mut survey = Survey::default();
    for entry in entries {
        survey.look(entry, layout);
    }
    survey.judge(layout).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn what_a_layout_cannot_say_exactly_is_refused_by_name() {
    let fils = |minor| entry("movement:txn_2", vec![posting(LedgerAccount::DisputeFees, minor, "kwd")]);
    let dinar = refused(&NetSuite(names()), &[withdrawal("usd"), fils(1_500_001)]);
    assert!(dinar.contains("1 entries") && dinar.contains("movement:txn_2 of 2026-08-01"), "{dinar}");
    assert_eq!(refused(&NetSuite(names()), &[fils(1_500_010)]), "", "hundredths of a dinar are exact");
    let line = written(&NetSuite(names()), &[fils(1_500_010)]).concat();
    assert!(line.contains(",1500.01,,"), "{line}");
    let long = entry("movement:txn_3", vec![posting(LedgerAccount::DisputeFees, 1_000_000_000_000, "usd")]);
    assert!(refused(&NetSuite(names()), &[long]).contains("ten digits"));
    let unknown: Vec<_> = (0..7).map(|_| withdrawal("zzz")).collect();
    let told = refused(&Hledger(names()), &unknown);
    assert!(told.contains("7 entries") && told.ends_with("and 2 more"), "{told}");
    let codeless = Xero { codes: BTreeMap::new(), tax_rate: String::new() };
    assert!(refused(&codeless, &[withdrawal("usd")]).contains("journal.codes"));
    assert!(refused(&Beancount(names()), &[withdrawal("usd")]).contains("journal.accounts"));
}

#[test]
fn a_layout_without_a_place_for_the_currency_takes_one_at_a_time() {
    let both = [withdrawal("usd"), withdrawal("eur")];
    for (layout, is_refused) in
        [(&QuickBooks(names()) as &dyn Layout, true), (&xero(), true), (&NetSuite(names()), false)]
    {
        let told = refused(layout, &both);
        assert_eq!(told.contains("eur and usd") && told.contains("--currency"), is_refused, "{told}");
    }
}

#[test]
fn no_text_is_a_formula() {
    for (text, written) in [
        ("1001", "1001"),
        ("", ""),
        ("a=b", "a=b"),
        ("=HYPERLINK(\"http://127.0.0.1\")", "'=HYPERLINK(\"http://127.0.0.1\")"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
    ] {
        assert_eq!(no_formula(text), written);
    }
}
