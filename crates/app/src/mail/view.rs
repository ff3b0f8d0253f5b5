//! The summary as the templates take it: everything is worked out and bounded here, and worded there.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chargebook_domain::summary::{Attention, RollForward, Summary, Unresolved, Window};
use chargebook_domain::{AccountId, Currency, LedgerAccount, Money, Outcome};
use chrono::{DateTime, Utc};

use super::amounts::{Column, CurrencyFigures, Share, rate, rate_by_value};
use super::arrived::Arrived;
use super::by_book::ByBook;
use super::lines::{Change, Closed, moment};
use super::networks::Networks;
use super::numbers::Amount;
use super::recent::{Reasons, Trend};
use super::shown;
use super::{AccountNames, MailStyle, NumberFormat};

/// As many closed disputes are shown one by one.
const CLOSED_MAX: usize = 200;

/// As many changes are shown one by one.
const CHANGES_MAX: usize = 100;

pub(super) struct View<'a> {
    pub(super) summary: &'a Summary,
    /// The moment of which it is told, where that is not now.
    pub(super) as_of: Option<String>,
    /// When a person had it sent, where that is why it goes.
    pub(super) sent_again: Option<String>,
    /// The file of the day's disputes, where it goes with the mail.
    pub(super) file: Option<String>,
    /// The file of the day's journal entries, where it goes with the mail.
    pub(super) journal: Option<String>,
    /// The book, of whose mail this is.
    pub(super) account: Option<String>,
    pub(super) by_book: ByBook,
    pub(super) win_rate: Share,
    /// What the day recovered in all, by currency; zeros left out.
    pub(super) recovered: Vec<Amount>,
    /// The same as the subject has it: the largest number first.
    pub(super) recovered_by_size: Vec<Amount>,
    pub(super) figures: Vec<CurrencyFigures>,
    /// Which columns of the figures are shown.
    pub(super) figures_show: [bool; 7],
    pub(super) closed: Listed<Closed>,
    pub(super) changes: Listed<Change>,
    /// How many disputes have changes.
    pub(super) changed_disputes: usize,
    pub(super) receivable: &'a str,
    pub(super) rolls: Vec<[Amount; 7]>,
    /// Which columns of the rolls are shown.
    pub(super) rolls_show: [bool; 7],
    pub(super) unresolved: Vec<[Amount; 5]>,
    /// Which columns of what is unresolved are shown.
    pub(super) unresolved_show: [bool; 5],
    pub(super) doubts: Vec<Doubt<'a>>,
    pub(super) needs: Vec<(Need, u64)>,
    pub(super) at_risk: Vec<Amount>,
    pub(super) filed: Vec<Amount>,
    pub(super) oldest: Option<Oldest>,
    pub(super) month: WindowView,
    pub(super) ninety_days: WindowView,
    pub(super) by_value: Vec<(Currency, Share, Share)>,
    pub(super) trend: Option<Trend>,
    pub(super) reasons: Reasons,
    pub(super) networks: Option<Networks>,
    pub(super) arrived: Option<Arrived>,
}

/// Lines that are shown, and how many more there are.
pub(super) struct Listed<Line> {
    pub(super) shown: Vec<Line>,
    pub(super) more: usize,
}

/// A comparison of the journal with the figures that does not agree.
pub(super) struct Doubt<'a> {
    pub(super) account: &'a str,
    pub(super) journal: Amount,
    pub(super) figures: Amount,
}

/// What needs a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Orphans,
    Ambiguous,
    RecoveryPending,
    MoneyQuestions,
    Quarantined,
    Undelivered,
}

/// The oldest open dispute.
pub(super) struct Oldest {
    pub(super) date: String,
    pub(super) days: i64,
}

/// A longer window.
pub(super) struct WindowView {
    pub(super) won: u64,
    pub(super) lost: u64,
    pub(super) win_rate: Share,
    pub(super) challenged: Share,
    pub(super) inquiries: u64,
    pub(super) prevented: u64,
    pub(super) refunded: u64,
}

/// How many digits of what the summary was kept as are shown: enough to tell it from any other.
const SEAL_DIGITS: usize = 16;

impl<'a> View<'a> {
    /// What the summary was kept as, in short.
    pub(super) fn seal(&self) -> Option<&str> {
        self.summary.sha256.as_deref()?.get(..SEAL_DIGITS)
    }

    pub(super) fn new(summary: &'a Summary, style: &'a MailStyle, sent_again: Option<DateTime<Utc>>) -> Self {
        let (accounts, numbers) = (&style.accounts, style.numbers);
        let amount = |minor, currency| numbers.amount(Money::new(minor, currency));
        let figures = CurrencyFigures::of(summary, numbers);
        let rolls: Vec<_> =
            summary.roll_forward.iter().map(|(currency, roll)| roll_row(*currency, roll, numbers)).collect();
        let unresolved = unresolved(summary, numbers);
        let changed: BTreeSet<_> = summary.changes.lines.iter().map(|line| &line.row.key).collect();
        Self {
            summary,
            as_of: summary.as_of.map(|at| moment(at, summary.zone)),
            sent_again: sent_again.map(|at| moment(at, summary.zone)),
            file: None,
            journal: None,
            account: summary.book.as_ref().map(|book| shown::identifier(book.as_str())),
            by_book: ByBook::of(summary, numbers),
            win_rate: Share::of_counts(summary.win_rate, numbers),
            recovered: recovered(summary, numbers),
            recovered_by_size: recovered_by_size(summary, numbers),
            figures_show: CurrencyFigures::show(&figures),
            figures,
            closed: closed(summary, style),
            changes: changes(summary, style),
            changed_disputes: changed.len(),
            receivable: accounts.name(LedgerAccount::DisputesReceivable),
            rolls_show: show_rolls(&rolls),
            rolls,
            unresolved_show: std::array::from_fn(|column| is_used(&unresolved, column)),
            unresolved,
            doubts: doubts(summary, accounts, numbers),
            needs: needs(&summary.attention),
            at_risk: summary.open.at_risk.iter().map(|(currency, minor)| amount(*minor, *currency)).collect(),
            filed: summary.open.filed_amounts.iter().map(|(currency, minor)| amount(*minor, *currency)).collect(),
            oldest: oldest(summary),
            month: WindowView::new(&summary.month_to_date, numbers),
            ninety_days: WindowView::new(&summary.ninety_days, numbers),
            by_value: windows_by_value(summary, numbers),
            trend: Trend::of(summary),
            reasons: Reasons::of(summary, numbers),
            networks: Networks::of(summary, numbers),
            arrived: Arrived::of(summary),
        }
    }

    /// The date as the subject has it.
    pub(super) fn short_date(&self) -> String {
        self.dates("%-d %b", "%-d %b")
    }

    /// The book to which the list of what needs a person is narrowed. The own one's mail has what is quarantined of
    /// accounts without a book too, and which mails went is a matter of the mailbox.
    pub(super) fn listed_of(&self, need: Need) -> Option<&str> {
        let is_wider = match need {
            Need::Undelivered => true,
            Need::Quarantined => self.summary.book.as_ref() == Some(&AccountId::own()),
            Need::Orphans | Need::Ambiguous | Need::RecoveryPending | Need::MoneyQuestions => false,
        };
        self.account.as_deref().filter(|_| !is_wider)
    }

    /// The date as the heading has it.
    pub(super) fn long_date(&self) -> String {
        self.dates("%A, %-d %B %Y", "%-d %B")
    }

    /// Whether several days are one mail.
    pub(super) fn is_of_several(&self) -> bool {
        self.summary.from < self.summary.date
    }

    /// The date, and the first before it where there are several.
    fn dates(&self, last: &str, first: &str) -> String {
        let date = self.summary.date.format(last);
        if self.is_of_several() { format!("{} to {date}", self.summary.from.format(first)) } else { date.to_string() }
    }

    pub(super) fn open_heading(&self) -> &'static str {
        if self.as_of.is_some() { "Open then" } else { "Open now" }
    }

    pub(super) fn won(&self) -> usize {
        self.summary.count(Outcome::Won)
    }

    pub(super) fn lost(&self) -> usize {
        self.summary.count(Outcome::Lost)
    }

    /// How many columns the table of the figures has.
    pub(super) fn figures_width(&self) -> usize {
        self.figures_show.iter().filter(|is_shown| **is_shown).count().saturating_add(1)
    }

    /// Whether there is anything to say of what was recovered.
    pub(super) fn says_recovered(&self) -> bool {
        self.summary.closed() > 0 || !self.recovered.is_empty()
    }

    /// Whether any dispute is listed.
    pub(super) fn lists_disputes(&self) -> bool {
        !self.closed.shown.is_empty() || !self.changes.shown.is_empty()
    }

    /// How many were decided but are neither won nor lost.
    pub(super) fn apart(&self) -> usize {
        self.summary.closed().saturating_sub(self.won()).saturating_sub(self.lost())
    }
}

fn recovered(summary: &Summary, numbers: NumberFormat) -> Vec<Amount> {
    recovered_money(summary).map(|money| numbers.amount(money)).collect()
}

fn recovered_money(summary: &Summary) -> impl Iterator<Item = Money> {
    let totals = summary.totals.iter().map(|(currency, deltas)| Column::Recovered.money(deltas, *currency));
    totals.filter(|money| money.minor() != 0)
}

/// The same, the largest number first, whatever its currency is worth.
fn recovered_by_size(summary: &Summary, numbers: NumberFormat) -> Vec<Amount> {
    let mut recovered: Vec<_> = recovered_money(summary).collect();
    recovered.sort_by_key(|money| Reverse(as_read(*money)));
    recovered.into_iter().map(|money| numbers.amount(money)).collect()
}

/// An amount as a number of ten-thousandths, which all that are known to be minor units are whole ones of.
fn as_read(money: Money) -> i128 {
    let decimals = money.currency().exponent().unwrap_or(2);
    i128::from(money.minor()).saturating_mul(10_i128.saturating_pow(4_u32.saturating_sub(decimals)))
}

fn listed<'a, Source: 'a, Line>(lines: &[&'a Source], max: usize, show: impl Fn(&'a Source) -> Line) -> Listed<Line> {
    let shown = lines.iter().take(max).map(|line| show(line)).collect();
    Listed { shown, more: lines.len().saturating_sub(max) }
}

fn closed(summary: &Summary, style: &MailStyle) -> Listed<Closed> {
    let mut lines: Vec<_> = summary.decided.lines.iter().collect();
    lines.sort_by_key(|line| (line.row.occurred_at, &line.row.key));
    listed(&lines, CLOSED_MAX, |line| Closed::new(line, summary, style))
}

fn changes(summary: &Summary, style: &MailStyle) -> Listed<Change> {
    let lines: Vec<_> = summary.changes.lines.iter().collect();
    listed(&lines, CHANGES_MAX, |line| Change::new(line, summary.zone, style))
}

fn roll_row(currency: Currency, roll: &RollForward, numbers: NumberFormat) -> [Amount; 7] {
    let RollForward { opening, withdrawn, reinstated, written_off, fx, late, closing } = *roll;
    [opening, withdrawn, reinstated, written_off, fx, late, closing]
        .map(|minor| numbers.amount(Money::new(minor, currency)))
}

/// Whether any row has something in a column.
pub(super) fn is_used<const WIDTH: usize>(rows: &[[Amount; WIDTH]], column: usize) -> bool {
    rows.iter().any(|row| row.get(column).is_some_and(|amount| amount.minor() != 0))
}

/// Opening and closing, and what moved between them in any currency.
fn show_rolls(rolls: &[[Amount; 7]]) -> [bool; 7] {
    std::array::from_fn(|column| matches!(column, 0 | 6) || is_used(rolls, column))
}

fn unresolved(summary: &Summary, numbers: NumberFormat) -> Vec<[Amount; 5]> {
    let rows = summary.unresolved.iter().filter(|(_, unresolved)| **unresolved != Unresolved::default());
    rows.map(|(currency, unresolved)| {
        let Unresolved {
            undecided_fee_minor,
            undecided_principal_minor,
            undecided_suspense_minor,
            account_fee_minor,
            account_suspense_minor,
        } = *unresolved;
        [
            undecided_principal_minor,
            undecided_fee_minor,
            undecided_suspense_minor,
            account_fee_minor,
            account_suspense_minor,
        ]
        .map(|minor| numbers.amount(Money::new(minor, *currency)))
    })
    .collect()
}

fn doubts<'a>(summary: &Summary, accounts: &'a AccountNames, numbers: NumberFormat) -> Vec<Doubt<'a>> {
    let doubtful = summary.proof.iter().filter(|proof| !proof.agrees());
    doubtful
        .map(|proof| Doubt {
            account: accounts.name(proof.account),
            journal: numbers.amount(Money::new(proof.journal_minor, proof.currency)),
            figures: numbers.amount(Money::new(proof.figures_minor, proof.currency)),
        })
        .collect()
}

fn needs(attention: &Attention) -> Vec<(Need, u64)> {
    let Attention { orphans, ambiguous, recovery_pending, money_questions, quarantined, undelivered } = *attention;
    let mut needs = vec![
        (Need::MoneyQuestions, money_questions),
        (Need::RecoveryPending, recovery_pending),
        (Need::Orphans, orphans),
        (Need::Ambiguous, ambiguous),
        (Need::Quarantined, quarantined),
        (Need::Undelivered, undelivered),
    ];
    needs.retain(|(_, count)| *count > 0);
    needs
}

fn oldest(summary: &Summary) -> Option<Oldest> {
    let date = summary.open.oldest_opened_at?.with_timezone(&summary.zone).date_naive();
    let days = summary.date.signed_duration_since(date).num_days();
    Some(Oldest { date: date.format("%-d %b %Y").to_string(), days })
}

impl WindowView {
    fn new(window: &Window, numbers: NumberFormat) -> Self {
        Self {
            won: window.won,
            lost: window.lost,
            win_rate: rate(window.won, window.lost, numbers),
            challenged: rate(window.won_challenged, window.lost_challenged, numbers),
            inquiries: window.inquiries,
            prevented: window.prevented,
            refunded: window.refunded,
        }
    }
}

/// Month and 90 days side by side, in every currency that one of them has.
fn windows_by_value(summary: &Summary, numbers: NumberFormat) -> Vec<(Currency, Share, Share)> {
    let windows = [&summary.month_to_date, &summary.ninety_days];
    let currencies: BTreeSet<_> = windows.iter().flat_map(|window| window.principal.keys().copied()).collect();
    let share = |window: &Window, currency: Currency| {
        let (recovered, lost) = window.principal.get(&currency).copied().unwrap_or_default();
        rate_by_value([recovered, lost], currency, numbers)
    };
    let rows = currencies.into_iter();
    rows.map(|currency| (currency, share(windows[0], currency), share(windows[1], currency))).collect()
}
