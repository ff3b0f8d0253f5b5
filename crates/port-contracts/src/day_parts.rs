//! That the books of a day add up: the parts of all books to the whole.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chargebook_domain::summary::{
    Attention, DayBooks, DayRow, LedgerMove, OpenBalance, ReasonCount, Summary, TrendDay, Unresolved, Window, compose,
};
use chargebook_domain::{Currency, Deltas, EntryKind, LedgerAccount, Money};
use chrono::NaiveDate;

/// Checks that the days of all books make the day of all together, and so do their summaries; and that each is proven by
/// its own journal.
pub fn check_day_parts(whole: &DayBooks, parts: &[DayBooks]) {
    assert_eq!(
        parts.iter().filter_map(|part| part.book.clone()).collect::<Vec<_>>(),
        Vec::from_iter(whole.books.clone())
    );
    let known = |row: DayRow| if whole.sealed { figures_of(row) } else { row };
    let rows_of_parts = parts.iter().flat_map(|part| part.rows.clone());
    assert_eq!(sorted(rows_of_parts.map(known)), sorted(whole.rows.iter().cloned().map(known)));
    assert_eq!(moves(parts), moves([whole]));
    assert_eq!(added(parts.iter().map(|part| &part.opening)), whole.opening);
    assert_eq!(totals(parts.iter().map(|part| &part.resolved)), whole.resolved);
    assert_eq!(parts.iter().map(|part| &part.unresolved).fold(BTreeMap::new(), plus_unresolved), whole.unresolved);
    // What stands beside the figures is as of when it was kept, for each book at another time.
    if !whole.sealed {
        check_what_stands_beside(whole, parts);
    }

    let of_whole = compose(whole).unwrap();
    let of_parts: Vec<_> = parts.iter().map(|part| compose(part).unwrap()).collect();
    assert_eq!(of_parts.iter().map(Summary::closed).sum::<usize>(), of_whole.closed());
    assert_eq!(totals(of_parts.iter().map(|part| &part.totals)), of_whole.totals);
    for part in of_parts {
        assert!(part.proven(), "{:?}: {:?}", part.book, part.proof);
        let book = part.book.unwrap();
        assert_eq!(
            of_whole.books[&book], part.totals,
            "the table of the mail together says what the mail of {book} says"
        );
    }
}

fn check_what_stands_beside(whole: &DayBooks, parts: &[DayBooks]) {
    assert_eq!(parts.iter().map(|part| &part.month_to_date).fold(Window::default(), plus_window), whole.month_to_date);
    assert_eq!(parts.iter().map(|part| &part.ninety_days).fold(Window::default(), plus_window), whole.ninety_days);
    assert_eq!(trend(parts), trend([whole]));
    assert_eq!(reasons(parts), reasons([whole]));
    for day_books in parts.iter().chain([whole]) {
        let (won, lost) = reasons([day_books]).values().fold((0, 0), |sum, (won, lost)| (sum.0 + won, sum.1 + lost));
        assert_eq!((won, lost), (day_books.ninety_days.won, day_books.ninety_days.lost), "{:?}", day_books.book);
    }
    assert_eq!(parts.iter().map(|part| &part.open).fold(OpenBalance::default(), plus_open), whole.open);
    let attention = parts.iter().map(|part| &part.attention).fold(Attention::default(), plus_attention);
    assert_eq!(attention, Attention { undelivered: 0, ..whole.attention });
}

/// A row without what is known of its dispute, which is as of when it was kept.
fn figures_of(row: DayRow) -> DayRow {
    let disputed = Money::new(0, row.currency);
    DayRow { order: None, reason: None, card_brand: None, evidence_submitted: None, disputed, ..row }
}

fn sorted(rows: impl IntoIterator<Item = DayRow>) -> Vec<DayRow> {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|row| (row.key.clone(), row.revision, row.currency));
    rows
}

type Moved = BTreeMap<(LedgerAccount, Currency, EntryKind, bool), (i64, i64)>;

fn moves<'a>(parts: impl IntoIterator<Item = &'a DayBooks>) -> Moved {
    let mut sums = Moved::new();
    for LedgerMove { account, currency, kind, late, debit_minor, credit_minor } in
        parts.into_iter().flat_map(|part| &part.moves)
    {
        let (debit, credit) = sums.entry((*account, *currency, *kind, *late)).or_default();
        (*debit, *credit) = (*debit + debit_minor, *credit + credit_minor);
    }
    sums
}

fn added<'a, K: Ord + Clone + 'a, V: AddAssign + Copy + Default + 'a>(
    parts: impl IntoIterator<Item = &'a BTreeMap<K, V>>,
) -> BTreeMap<K, V> {
    let mut sums = BTreeMap::new();
    for (key, value) in parts.into_iter().flatten() {
        *sums.entry(key.clone()).or_insert_with(V::default) += *value;
    }
    sums
}

fn totals<'a>(parts: impl IntoIterator<Item = &'a BTreeMap<Currency, Deltas>>) -> BTreeMap<Currency, Deltas> {
    let mut sums: BTreeMap<Currency, Deltas> = BTreeMap::new();
    for (currency, deltas) in parts.into_iter().flatten() {
        let sum = sums.entry(*currency).or_default();
        *sum = sum.plus(deltas).unwrap();
    }
    sums
}

fn plus_unresolved(
    mut sums: BTreeMap<Currency, Unresolved>,
    part: &BTreeMap<Currency, Unresolved>,
) -> BTreeMap<Currency, Unresolved> {
    for (currency, unresolved) in part {
        let sum = sums.entry(*currency).or_default();
        sum.undecided_fee_minor += unresolved.undecided_fee_minor;
        sum.undecided_principal_minor += unresolved.undecided_principal_minor;
        sum.undecided_suspense_minor += unresolved.undecided_suspense_minor;
        sum.account_fee_minor += unresolved.account_fee_minor;
        sum.account_suspense_minor += unresolved.account_suspense_minor;
    }
    sums
}

fn plus_window(sum: Window, part: &Window) -> Window {
    let mut principal = sum.principal;
    for (currency, (recovered, lost)) in &part.principal {
        let (sum_recovered, sum_lost) = principal.entry(*currency).or_default();
        (*sum_recovered, *sum_lost) = (*sum_recovered + recovered, *sum_lost + lost);
    }
    Window {
        won: sum.won + part.won,
        lost: sum.lost + part.lost,
        won_challenged: sum.won_challenged + part.won_challenged,
        lost_challenged: sum.lost_challenged + part.lost_challenged,
        inquiries: sum.inquiries + part.inquiries,
        prevented: sum.prevented + part.prevented,
        refunded: sum.refunded + part.refunded,
        principal,
    }
}

/// Won and lost of each date.
fn trend<'a>(parts: impl IntoIterator<Item = &'a DayBooks>) -> BTreeMap<NaiveDate, (u64, u64)> {
    let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for TrendDay { date, won, lost } in parts.into_iter().flat_map(|part| &part.trend) {
        let (sum_won, sum_lost) = sums.entry(*date).or_default();
        (*sum_won, *sum_lost) = (*sum_won + won, *sum_lost + lost);
    }
    sums
}

/// Won and lost for each reason. No history has so many that a ledger leaves some out.
fn reasons<'a>(parts: impl IntoIterator<Item = &'a DayBooks>) -> BTreeMap<Option<&'a str>, (u64, u64)> {
    let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for ReasonCount { reason, won, lost } in parts.into_iter().flat_map(|part| &part.reasons) {
        let (sum_won, sum_lost) = sums.entry(reason.as_deref()).or_default();
        (*sum_won, *sum_lost) = (*sum_won + won, *sum_lost + lost);
    }
    sums
}

fn plus_open(mut sum: OpenBalance, part: &OpenBalance) -> OpenBalance {
    sum.disputes += part.disputes;
    sum.inquiries += part.inquiries;
    sum.at_risk = added([&sum.at_risk, &part.at_risk]);
    sum.filed += part.filed;
    sum.filed_amounts = added([&sum.filed_amounts, &part.filed_amounts]);
    sum.oldest_opened_at = [sum.oldest_opened_at, part.oldest_opened_at].into_iter().flatten().min();
    sum.evidence_due_soon += part.evidence_due_soon;
    sum
}

/// Without `undelivered`: mails together count for each book.
fn plus_attention(sum: Attention, part: &Attention) -> Attention {
    Attention {
        orphans: sum.orphans + part.orphans,
        ambiguous: sum.ambiguous + part.ambiguous,
        recovery_pending: sum.recovery_pending + part.recovery_pending,
        money_questions: sum.money_questions + part.money_questions,
        quarantined: sum.quarantined + part.quarantined,
        undelivered: 0,
    }
}
