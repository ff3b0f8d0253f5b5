//! Figures as the templates take them.

use chargebook_domain::summary::{Ratio, Summary, Totals};
use chargebook_domain::{Currency, Deltas, Money};

use super::NumberFormat;
use super::numbers::Amount;

/// A column of the figures, in the order in which they are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Recovered,
    Lost,
    Fees,
    Fx,
    Pending,
    Suspense,
    Net,
    ClosedCount,
    WonCount,
    LostCount,
}

impl Column {
    pub(super) const AMOUNTS: [Self; 7] =
        [Self::Recovered, Self::Lost, Self::Fees, Self::Fx, Self::Pending, Self::Suspense, Self::Net];

    pub(super) const COUNTS: [Self; 3] = [Self::ClosedCount, Self::WonCount, Self::LostCount];

    /// The column's figure: minor units, or a count.
    pub(super) fn of(self, deltas: &Deltas) -> i64 {
        match self {
            Self::Recovered => deltas.recovered,
            Self::Lost => deltas.loss,
            Self::Fees => deltas.fee,
            Self::Fx => deltas.fx,
            Self::Pending => deltas.pending,
            Self::Suspense => deltas.suspense,
            Self::Net => deltas.net,
            Self::ClosedCount => deltas.closed,
            Self::WonCount => deltas.won,
            Self::LostCount => deltas.lost,
        }
    }

    pub(super) fn money(self, deltas: &Deltas, currency: Currency) -> Money {
        Money::new(self.of(deltas), currency)
    }
}

/// A share with its parts, ready to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Share {
    /// `75.0`, or `None` when there is nothing to divide.
    pub(super) percent: Option<String>,
    /// The same in whole percent, for a bar.
    pub(super) whole_percent: u64,
    pub(super) part: String,
    pub(super) whole: String,
}

impl Share {
    pub(super) fn of_counts(ratio: Ratio, numbers: NumberFormat) -> Self {
        Self::new(ratio, [ratio.part.to_string(), ratio.whole.to_string()], numbers)
    }

    pub(super) fn of_money(ratio: Ratio, currency: Currency, numbers: NumberFormat) -> Self {
        // Beyond 64 bits the domain refuses to sum, so that the text is never needed.
        let text = |minor: u64| {
            let money = i64::try_from(minor).map(|minor| numbers.amount(Money::new(minor, currency)));
            money.map_or_else(|_| minor.to_string(), |amount| amount.grouped())
        };
        Self::new(ratio, [text(ratio.part), text(ratio.whole)], numbers)
    }

    fn new(ratio: Ratio, [part, whole]: [String; 2], numbers: NumberFormat) -> Self {
        let permille = ratio.permille();
        let percent = permille.map(|permille| numbers.rewrite(&format!("{}.{}", permille / 10, permille % 10)));
        Self { percent, whole_percent: permille.unwrap_or(0) / 10, part, whole }
    }
}

/// Won of won and lost.
pub(super) fn rate(won: u64, lost: u64, numbers: NumberFormat) -> Share {
    Share::of_counts(Ratio { part: won, whole: won.saturating_add(lost) }, numbers)
}

/// Recovered of recovered and lost.
pub(super) fn rate_by_value([recovered, lost]: [i64; 2], currency: Currency, numbers: NumberFormat) -> Share {
    let [recovered, lost] = [recovered, lost].map(|minor| u64::try_from(minor).unwrap_or(0));
    Share::of_money(Ratio { part: recovered, whole: recovered.saturating_add(lost) }, currency, numbers)
}

/// What the day did to the books in one currency, each row in the order of [`Column::AMOUNTS`].
pub(super) struct CurrencyFigures {
    pub(super) currency: Currency,
    pub(super) decided: [Amount; 7],
    pub(super) changes: [Amount; 7],
    pub(super) total: [Amount; 7],
    pub(super) by_value: Option<Share>,
}

impl CurrencyFigures {
    /// Every currency in which the day moved money.
    pub(super) fn of(summary: &Summary, numbers: NumberFormat) -> Vec<Self> {
        let currencies = summary.totals.keys().map(|currency| Self::new(summary, *currency, numbers));
        currencies.filter(Self::has_money).collect()
    }

    fn new(summary: &Summary, currency: Currency, numbers: NumberFormat) -> Self {
        let row = |totals: &Totals| {
            let deltas = totals.get(&currency).copied().unwrap_or_default();
            Column::AMOUNTS.map(|column| numbers.amount(column.money(&deltas, currency)))
        };
        let by_value = summary.win_rate_by_value.get(&currency).filter(|ratio| ratio.whole > 0);
        Self {
            currency,
            decided: row(&summary.decided.totals),
            changes: row(&summary.changes.totals),
            total: row(&summary.totals),
            by_value: by_value.map(|ratio| Share::of_money(*ratio, currency, numbers)),
        }
    }

    /// Which of [`Column::AMOUNTS`] are shown: those that every reader looks for, and what any currency has besides.
    pub(super) fn show(all: &[Self]) -> [bool; 7] {
        Column::AMOUNTS.map(|column| {
            let is_rare = matches!(column, Column::Fx | Column::Pending | Column::Suspense);
            let has = |(of, amounts): (Column, [Amount; 3])| {
                of == column && amounts.into_iter().any(|amount| amount.minor() != 0)
            };
            !is_rare || all.iter().any(|figures| figures.columns().any(has))
        })
    }

    fn has_money(&self) -> bool {
        self.decided.iter().chain(&self.changes).any(|amount| amount.minor() != 0)
    }

    /// The same column by column.
    pub(super) fn columns(&self) -> impl Iterator<Item = (Column, [Amount; 3])> {
        let rows = self.decided.into_iter().zip(self.changes).zip(self.total);
        Column::AMOUNTS.into_iter().zip(rows.map(|((decided, changes), total)| [decided, changes, total]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_shown_without_its_parts() {
        let usd = Currency::parse("usd").unwrap();
        let numbers = NumberFormat::default();
        let share = rate(2, 1, numbers);
        assert_eq!((share.percent.as_deref(), share.part.as_str(), share.whole.as_str()), (Some("66.7"), "2", "3"));
        assert_eq!(rate(0, 0, numbers).percent, None);
        let share = rate_by_value([93_000, 31_000], usd, numbers);
        assert_eq!(share.percent.as_deref(), Some("75.0"));
        assert_eq!((share.part.as_str(), share.whole.as_str()), ("930.00", "1,240.00"));
        assert_eq!(rate_by_value([-1, 0], usd, numbers).percent, None);
        let german = NumberFormat::of_locale("de-DE").unwrap();
        let share = rate_by_value([93_000, 31_000], usd, german);
        assert_eq!((share.percent.as_deref(), share.whole.as_str()), (Some("75,0"), "1.240,00"));
    }
}
