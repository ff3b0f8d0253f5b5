//! The files that QuickBooks Online, Xero and NetSuite import.
//!
//! An entry has always the same number, made of its id, so that a system that is given it twice can tell.

use std::collections::BTreeMap;
use std::io::Write;

use chargebook_domain::{Currency, LedgerAccount, Money};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::{AccountNames, Entry, ExportError, Files, Layout, Posting, comma_separated, no_formula};

/// What a file of Xero's manual journals may hold, its header left out.
const XERO_LINES_MAX: usize = 300;

/// NetSuite takes ten digits before the point.
const NETSUITE_BELOW: i64 = 10_000_000_000;

const UNKNOWN_DECIMALS: &str = "nobody knows how many decimals its currency has";

/// QuickBooks Online: journal entries as CSV.
/// <https://quickbooks.intuit.com/learn-support/en-us/help-article/import-export-data-files/import-journal-entries/L4tQBwbs7_US_en_US>
pub(crate) struct QuickBooks(pub AccountNames);

impl Layout for QuickBooks {
    fn head(&self) -> String {
        "JournalNo,JournalDate,AccountName,Debits,Credits,Description,Name\n".to_owned()
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        has_unknown_decimals(entry).then_some(UNKNOWN_DECIMALS)
    }

    fn is_of_one_currency(&self) -> bool {
        true
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        let date = entry.posted_on.format("%m/%d/%Y").to_string();
        for (currency, postings) in entry.by_currency() {
            let number = number(entry, currency);
            for posting in postings {
                let name = no_formula(self.0.name(posting.account));
                let (debit, credit) = sides(major(&posting.amount));
                let narration = narration(entry);
                files.write_all(&comma_separated([&number, &date, &name, &debit, &credit, &narration, ""])?)?;
            }
        }
        Ok(())
    }
}

/// Xero: manual journals as CSV, debit positive; what has the same narration and date is one journal.
/// <https://central.xero.com/s/article/Import-manual-journals-US>
pub(crate) struct Xero {
    pub codes: BTreeMap<LedgerAccount, String>,
    /// The name of the tax rate, as Xero's settings call it.
    pub tax_rate: String,
}

impl Layout for Xero {
    fn head(&self) -> String {
        "*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,TrackingOption1,TrackingName2,\
         TrackingOption2\n"
            .to_owned()
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        if entry.postings.iter().any(|posting| !self.codes.contains_key(&posting.account)) {
            return Some("one of its accounts has no code: write it under journal.codes");
        }
        has_unknown_decimals(entry).then_some(UNKNOWN_DECIMALS)
    }

    fn is_of_one_currency(&self) -> bool {
        true
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        let date = entry.posted_on.format("%d/%m/%Y").to_string();
        for (currency, postings) in entry.by_currency() {
            files.room_for(postings.len(), XERO_LINES_MAX)?;
            let narration = no_formula(&format!("{} {}", narration(entry), number(entry, currency)));
            for posting in postings {
                let code = self.codes.get(&posting.account).map_or("", String::as_str);
                let amount = major(&posting.amount).to_string();
                let order = no_formula(entry.order.as_deref().unwrap_or_default());
                let tax = self.tax_rate.as_str();
                files.write_all(&comma_separated([&narration, &date, &order, code, tax, &amount, "", "", "", ""])?)?;
            }
        }
        Ok(())
    }
}

/// NetSuite: journal entries as CSV.
/// <https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1534492737.html>
pub(crate) struct NetSuite(pub AccountNames);

impl Layout for NetSuite {
    fn head(&self) -> String {
        "External ID,Date,Currency,Exchange Rate,Memo,Account,Debit,Credit,Line Memo\n".to_owned()
    }

    fn objection(&self, entry: &Entry) -> Option<&'static str> {
        let amounts = || entry.postings.iter().map(|posting| &posting.amount);
        if has_unknown_decimals(entry) {
            return Some(UNKNOWN_DECIMALS);
        }
        if amounts().any(|amount| major(amount).normalize().scale() > 2) {
            return Some("NetSuite takes two decimals, and it has more");
        }
        let is_long = |amount: &Money| major(amount).abs() >= Decimal::from(NETSUITE_BELOW);
        amounts().any(is_long).then_some("NetSuite takes ten digits before the point, and it has more")
    }

    fn is_of_one_currency(&self) -> bool {
        false
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        let date = entry.posted_on.format("%m/%d/%Y").to_string();
        for (currency, postings) in entry.by_currency() {
            let (number, code) = (number(entry, currency), currency.code().to_uppercase());
            for posting in postings {
                let name = no_formula(self.0.name(posting.account));
                // What has more decimals was refused, so that only zeros are cut off.
                let (debit, credit) = sides(major(&posting.amount).round_dp(2));
                let memo = narration(entry);
                let line = no_formula(entry.order.as_deref().unwrap_or_default());
                let row = [&number, &date, &code, "", &memo, &name, &debit, &credit, &line];
                files.write_all(&comma_separated(row)?)?;
            }
        }
        Ok(())
    }
}

fn has_unknown_decimals(entry: &Entry) -> bool {
    entry.postings.iter().any(|Posting { amount, .. }| amount.to_major().is_none())
}

/// Entries whose decimals nobody knows are refused before.
fn major(amount: &Money) -> Decimal {
    amount.to_major().unwrap_or_default()
}

/// An amount as debit and credit, of which one is left blank.
fn sides(amount: Decimal) -> (String, String) {
    let text = amount.abs().to_string();
    if amount.is_sign_negative() { (String::new(), text) } else { (text, String::new()) }
}

fn narration(entry: &Entry) -> String {
    let dispute = entry.dispute.as_ref().map(|dispute| format!(" {dispute}")).unwrap_or_default();
    let said = if entry.narration.contains(dispute.trim()) { "" } else { dispute.as_str() };
    no_formula(&format!("{}{said}", entry.narration))
}

/// 21 characters, which is what QuickBooks takes: 18 hexadecimal digits of what names the entry and its currency. Two of a
/// thousand million entries share them at one chance in ten thousand.
fn number(entry: &Entry, currency: Currency) -> String {
    let named = format!("{}\n{}\n{}", entry.book, entry.id, currency.code());
    Sha256::digest(named).iter().take(9).fold("CB-".to_owned(), |number, byte| format!("{number}{byte:02x}"))
}
