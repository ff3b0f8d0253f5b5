//! What the demo shows in the end, read from the database as anybody could.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::iter;
use std::net::SocketAddr;
use std::path::Path;

use chargebook_domain::{Bucket, LedgerAccount, Outcome};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{BalanceLine, DisputeFilter, DisputeLine, SummaryLine};
use comfy_table::{Cell, CellAlignment, Color, LineStyle, Row, Table, TableStyle};

use super::days::Happened;
use super::show::Show;
use super::{DemoError, failed};
use crate::tables::{amount, currency, grouped, word};

/// The state of the books.
pub(super) struct Report {
    happened: Happened,
    disputes: Vec<DisputeLine>,
    balances: Vec<BalanceLine>,
    summaries: Vec<SummaryLine>,
}

/// The money of all disputes that are settled in one currency, in minor units.
#[derive(Clone, Copy, Default)]
struct Total {
    recovered: i64,
    loss: i64,
    fx: i64,
    pending: i64,
    held: i64,
    suspense: i64,
    fee: i64,
    net: i64,
}

impl Report {
    pub(super) async fn read(ledger: &PostgresLedger, happened: Happened) -> Result<Self, DemoError> {
        let disputes = ledger.disputes(&DisputeFilter::default()).await.map_err(failed("read its disputes"))?;
        let balances = ledger.trial_balance().await.map_err(failed("read its trial balance"))?;
        let summaries = ledger.summaries(None, 10).await.map_err(failed("read its days"))?;
        Ok(Self { happened, disputes, balances, summaries })
    }

    /// All tables, under headings that `show` makes.
    pub(super) fn tables(&self, show: Show) -> String {
        let sections = [
            ("What became of the webhooks", self.webhooks(), ""),
            ("Disputes", self.outcomes(), ""),
            (
                "Money, by the currency it was settled in",
                self.money(),
                "net = -(lost + exchange + pending + held while undecided + fees)\n",
            ),
            (
                "Trial balance, debit positive",
                self.trial_balance(),
                "Each currency sums to zero, and assets:stripe-balance is the net of the table above.\n",
            ),
        ];
        let written = sections.map(|(title, table, note)| format!("\n{}\n{table}\n{note}", show.bold(title)));
        written.concat()
    }

    fn webhooks(&self) -> Table {
        let answers = self.happened.answers;
        let mut table = table(["received", "recorded", "duplicate", "ignored: not about disputes", "quarantined"]);
        align_right(&mut table, 0);
        let counts =
            [answers.all(), answers.recorded, answers.duplicate, answers.ignored, answers.quarantined].map(grouped);
        table.add_row(counts);
        table
    }

    fn outcomes(&self) -> Table {
        let mut table = table(["outcome", "bucket", "disputes", "of one order", "ambiguous", "orphan"]);
        align_right(&mut table, 2);
        let known: BTreeMap<_, _> =
            self.disputes.iter().map(|line| ((&line.account, &line.dispute_id), line)).collect();
        let count = |test: &dyn Fn(&DisputeLine) -> bool| known.values().filter(|line| test(line)).count();
        let counts = |test: &dyn Fn(&DisputeLine) -> bool| {
            let matched = |word| count(&|line| test(line) && line.order_match == word).to_string();
            [count(test).to_string(), matched("matched"), matched("ambiguous"), matched("orphan")]
        };
        let buckets =
            [Bucket::Recovered, Bucket::RecoveryPending, Bucket::ConfirmedLoss, Bucket::NoLoss, Bucket::Undecided];
        for (outcome, bucket) in outcomes().flat_map(|outcome| buckets.map(|bucket| (outcome, bucket))) {
            let is_here = |line: &DisputeLine| line.outcome == outcome.as_str() && line.bucket == bucket.as_str();
            if count(&is_here) > 0 {
                let words = [outcome.as_str(), bucket.as_str()].map(word);
                table.add_row(words.into_iter().chain(counts(&is_here).map(Cell::new)));
            }
        }
        let all = ["all".to_owned(), String::new()].into_iter().chain(counts(&|_| true));
        table.add_row(all);
        table
    }

    fn money(&self) -> Table {
        let mut table = table(["", "recovered", "lost", "exchange", "pending", "held, undecided", "fees", "net"]);
        align_right(&mut table, 1);
        for (code, total) in self.totals() {
            let Total { recovered, loss, fx, pending, held, fee, net, .. } = total;
            let amounts = [recovered, loss, fx, pending, held, fee, net].map(|minor| amount(minor, code));
            table.add_row([currency(code)].into_iter().chain(amounts));
        }
        table
    }

    fn trial_balance(&self) -> Table {
        let is_used =
            |account: &&LedgerAccount| self.balances.iter().any(|line| line.ledger_account == account.as_str());
        let accounts: Vec<_> = LedgerAccount::ALL.into_iter().filter(|account| is_used(&account)).collect();
        let names = accounts.iter().map(|account| account.as_str().replace(':', ":\n"));
        let header: Vec<_> = iter::once(String::new()).chain(names).chain(["sum".to_owned()]).collect();
        let mut table = table(header);
        align_right(&mut table, 1);
        for code in self.currencies() {
            let balances = accounts.iter().map(|account| amount(self.balance(Some(account), code), code));
            let sum = self.balance(None, code);
            let sum = Cell::new(amount(sum, code)).fg(if sum == 0 { Color::Green } else { Color::Red });
            table.add_row([Cell::new(currency(code))].into_iter().chain(balances.map(Cell::new)).chain([sum]));
        }
        table
    }

    /// Which mails there are.
    pub(super) fn mails(&self, show: Show) -> String {
        let mut text = format!("{}\n", show.bold("Mails, as .html for browsers and as .eml for mail programs"));
        for (date, subject) in &self.happened.mails {
            let written = self.summaries.iter().find(|line| line.business_date == *date);
            let file = written.and_then(|line| line.receipt.as_deref());
            let file = file.map_or_else(|| "it is not written".into(), |file| Path::new(file).with_extension("html"));
            // Writing to memory does not fail.
            let _ = writeln!(text, "  {subject}\n    {}", file.display());
        }
        text
    }

    /// What the user can do now; `server` is up.
    pub(super) fn what_next(&self, show: Show, config: &Path, server: Option<SocketAddr>) -> String {
        let program = env::args_os().next();
        let program = program.map_or_else(|| "chargebook".into(), |name| name.to_string_lossy().into_owned());
        let mut text = format!("{}\n", show.bold("Look closer"));
        let mut say = |what: &str, command: &str| {
            let _ = writeln!(text, "  {what}\n    {program} --config {} {command}", config.display());
        };
        if let Some(dispute) = &self.happened.late_win {
            say("One dispute that was lost, and won later", &format!("dispute show {dispute}"));
        }
        say("All disputes without an order", "dispute list --orphans");
        if let [(from, _), (to, _)] = self.happened.mails.as_slice() {
            say("The journal of both days as CSV", &format!("export journal --from {from} --to {to}"));
        }
        if let Some(address) = server {
            let _ = write!(
                text,
                "\n{} http://{address}/health/ready says whether it can book, http://{address}/metrics counts.\n\
                 Its clock shows the demo's dates. Ctrl-C stops it and its Postgres; the books stay in the folder.",
                show.bold("The server is up.")
            );
        }
        text.trim_end().to_owned()
    }

    /// Whether the journal sums to zero, and agrees with the movements of money.
    pub(super) fn check(&self) -> Result<(), DemoError> {
        let disagree = |what: String| Err(DemoError::BooksDisagree { what });
        let totals = self.totals();
        for code in self.currencies() {
            if self.balance(None, code) != 0 {
                return disagree(format!("the trial balance in {code} is not zero"));
            }
            let Total { loss, fx, pending, held, suspense, fee, net, .. } =
                totals.get(code).copied().unwrap_or_default();
            if self.balance(Some(&LedgerAccount::StripeBalance), code) != net {
                return disagree(format!("Stripe's balance in {code} is not what its movements come to"));
            }
            if net != -(loss + fx + pending + held + suspense + fee) {
                return disagree(format!("the net of disputes in {code} is not explained by their figures"));
            }
        }
        Ok(())
    }

    fn totals(&self) -> BTreeMap<&str, Total> {
        let mut totals: BTreeMap<_, Total> = BTreeMap::new();
        for line in &self.disputes {
            let total = totals.entry(line.settlement_currency.as_str()).or_default();
            total.recovered += line.recovered_minor;
            total.loss += line.loss_minor;
            total.fx += line.fx_minor;
            total.pending += line.pending_minor;
            total.suspense += line.suspense_minor;
            total.fee += line.fee_minor;
            total.net += line.net_minor;
            if line.closed_at.is_none() {
                total.held += line.withdrawn_minor - line.reinstated_minor;
            }
        }
        totals
    }

    fn currencies(&self) -> BTreeSet<&str> {
        self.balances.iter().map(|line| line.currency.as_str()).collect()
    }

    /// What an account, or all of them, come to in a currency.
    fn balance(&self, account: Option<&LedgerAccount>, code: &str) -> i64 {
        let is_of = |line: &&BalanceLine| {
            line.currency == code && account.is_none_or(|account| line.ledger_account == account.as_str())
        };
        self.balances.iter().filter(is_of).map(|line| line.balance_minor).sum()
    }
}

/// Every outcome, what is decided first.
fn outcomes() -> impl Iterator<Item = Outcome> {
    let (decided, open): (Vec<_>, Vec<_>) = Outcome::ALL.into_iter().partition(|outcome| outcome.is_decided());
    decided.into_iter().chain(open)
}

const LINE_UNDER_HEADER: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(LINE_UNDER_HEADER);
    table.set_header(header);
    table
}

fn align_right(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
