//! The balances of a day: how disputed money moved, and whether the journal agrees with the figures.

use std::collections::{BTreeMap, BTreeSet};

use super::{DayBooks, LedgerMove};
use crate::money::{add, sub};
use crate::{Currency, EntryKind, LedgerAccount, MoneyError};

/// How disputed money moved through the account that holds it: opening + withdrawn + reinstated + written off + fx +
/// late = closing. Each part carries its sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RollForward {
    /// The balance before the day.
    pub opening: i64,
    /// Taken back by movements of the day.
    pub withdrawn: i64,
    /// Returned by movements of the day; negative.
    pub reinstated: i64,
    /// Close-outs of the day.
    pub written_off: i64,
    /// Of these, what the exchange rate took.
    pub fx: i64,
    /// Entries whose true date is before the day.
    pub late: i64,
    /// The balance after the day.
    pub closing: i64,
}

/// One comparison of the journal with the figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The account.
    pub account: LedgerAccount,
    /// The currency.
    pub currency: Currency,
    /// The balance of the account.
    pub journal_minor: i64,
    /// What the figures say it is, and what people adjusted.
    pub figures_minor: i64,
}

impl Proof {
    /// Whether both agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.journal_minor == self.figures_minor
    }
}

pub(super) fn roll_forward(books: &DayBooks) -> Result<BTreeMap<Currency, RollForward>, MoneyError> {
    let mut rolls: BTreeMap<Currency, RollForward> = BTreeMap::new();
    for ((account, currency), opening) in &books.opening {
        if *account == LedgerAccount::DisputesReceivable && *opening != 0 {
            rolls.entry(*currency).or_default().opening = *opening;
        }
    }
    for moved in &books.moves {
        let sum = add(moved.debit_minor, moved.credit_minor)?;
        if moved.account == LedgerAccount::FxDifference && !moved.late {
            let roll = rolls.entry(moved.currency).or_default();
            roll.fx = sub(roll.fx, sum)?;
            roll.written_off = add(roll.written_off, sum)?;
        }
        if moved.account != LedgerAccount::DisputesReceivable {
            continue;
        }
        let roll = rolls.entry(moved.currency).or_default();
        match moved.kind {
            _ if moved.late => roll.late = add(roll.late, sum)?,
            EntryKind::Movement | EntryKind::Reclassification => {
                roll.withdrawn = add(roll.withdrawn, moved.debit_minor)?;
                roll.reinstated = add(roll.reinstated, moved.credit_minor)?;
            }
            EntryKind::CloseOut | EntryKind::Adjustment => {
                roll.written_off = add(roll.written_off, sum)?;
            }
        }
    }
    for roll in rolls.values_mut() {
        let parts = [roll.withdrawn, roll.reinstated, roll.written_off, roll.fx, roll.late];
        roll.closing = parts.into_iter().try_fold(roll.opening, add)?;
    }
    rolls.retain(|_, roll| *roll != RollForward::default());
    Ok(rolls)
}

/// Compares the balances of the journal with what the resolution rows and the fees say they are.
pub(super) fn proof(books: &DayBooks) -> Result<Vec<Proof>, MoneyError> {
    let mut balances = books.opening.clone();
    for moved in &books.moves {
        let LedgerMove { account, currency, debit_minor, credit_minor, .. } = *moved;
        let balance = balances.entry((account, currency)).or_default();
        *balance = add(*balance, add(debit_minor, credit_minor)?)?;
    }
    let currencies: BTreeSet<_> =
        balances.keys().map(|(_, currency)| *currency).chain(books.resolved.keys().copied()).collect();
    let mut proof = Vec::new();
    for currency in currencies {
        let balance = |account| balances.get(&(account, currency)).copied().unwrap_or_default();
        let resolved = books.resolved.get(&currency).copied().unwrap_or_default();
        let unresolved = books.unresolved.get(&currency).copied().unwrap_or_default();
        let fees = add(add(resolved.fee, unresolved.undecided_fee_minor)?, unresolved.account_fee_minor)?;
        let suspense =
            add(add(resolved.suspense, unresolved.undecided_suspense_minor)?, unresolved.account_suspense_minor)?;
        let adjusted = |account| books.adjusted.get(&(account, currency)).copied().unwrap_or_default();
        let mut compare = |account, journal_minor, figures_minor| {
            proof.push(Proof { account, currency, journal_minor, figures_minor });
        };
        let (receivable, losses) = (LedgerAccount::DisputesReceivable, LedgerAccount::ChargebackLosses);
        let principal = add(resolved.pending, unresolved.undecided_principal_minor)?;
        if balances.contains_key(&(LedgerAccount::DisputesContra, currency)) {
            // Against revenue a loss has no account of its own; so all that is out or lost is compared at once.
            let held = [LedgerAccount::DisputesContra, receivable, losses];
            let figures = held.map(adjusted).into_iter().try_fold(add(principal, resolved.loss)?, add)?;
            compare(LedgerAccount::DisputesContra, held.map(balance).into_iter().try_fold(0, add)?, figures);
        } else {
            compare(receivable, balance(receivable), add(principal, adjusted(receivable))?);
            compare(losses, balance(losses), add(resolved.loss, adjusted(losses))?);
        }
        let others = [
            (LedgerAccount::DisputesSuspense, suspense),
            (LedgerAccount::DisputeFees, fees),
            (LedgerAccount::FxDifference, resolved.fx),
        ];
        for (account, figures_minor) in others {
            compare(account, balance(account), add(figures_minor, adjusted(account))?);
        }
    }
    Ok(proof)
}
