//! Lines of single disputes as the templates take them.

use chargebook_domain::summary::{ChangeLine, ClosedLine, DayRow, Summary};
use chargebook_domain::{AccountId, Currency, Money, Outcome, ResolutionKind};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::amounts::Column;
use super::numbers::Amount;
use super::shown;
use super::{Dashboard, MailStyle};

/// What a reader knows a dispute by.
pub(super) struct Named {
    pub(super) order: Option<String>,
    pub(super) dispute: String,
    /// Where it is seen.
    pub(super) page: Option<String>,
    /// The book, where it is not the key's own.
    pub(super) account: Option<String>,
}

/// Longer names may break anywhere, so that they do not widen the page.
const UNBROKEN_BYTES_MAX: usize = 30;

impl Named {
    fn new(row: &DayRow, dashboard: Dashboard) -> Self {
        let account = Some(&row.key.account).filter(|account| **account != AccountId::own());
        Self {
            order: row.order.as_ref().map(|order| shown::identifier(order.as_str())),
            dispute: shown::identifier(row.key.dispute.as_str()),
            page: dashboard.page(&row.key),
            account: account.map(|account| shown::identifier(account.as_str())),
        }
    }

    /// Whether a name is so long that it may break anywhere.
    pub(super) fn breaks(&self) -> bool {
        let names = [self.order.as_deref(), Some(self.dispute.as_str()), self.account.as_deref()];
        names.into_iter().flatten().any(|name| name.len() > UNBROKEN_BYTES_MAX)
    }
}

/// A dispute that was decided on the day.
pub(super) struct Closed {
    pub(super) named: Named,
    /// The time, with the date where the mail is of several days.
    pub(super) when: String,
    pub(super) reason: Option<String>,
    pub(super) card_brand: Option<String>,
    pub(super) contested: Option<bool>,
    pub(super) outcome: Outcome,
    pub(super) disputed: Amount,
    pub(super) currency: Currency,
    pub(super) recovered: Amount,
    pub(super) lost: Amount,
    pub(super) fees: Amount,
    pub(super) net: Amount,
    /// What `net` has beside lost and fees, where it is not zero.
    pub(super) besides: Vec<(Column, Amount)>,
}

impl Closed {
    pub(super) fn new(line: &ClosedLine, summary: &Summary, style: &MailStyle) -> Self {
        let (row, numbers) = (&line.row, style.numbers);
        let when = if summary.from < summary.date {
            moment(row.occurred_at, summary.zone)
        } else {
            row.occurred_at.with_timezone(&summary.zone).format("%H:%M").to_string()
        };
        let amount = |column: Column| numbers.amount(column.money(&line.deltas, row.currency));
        let besides = [Column::Fx, Column::Pending, Column::Suspense];
        Self {
            named: Named::new(row, style.dashboard),
            when,
            reason: row.reason.as_deref().map(shown::word),
            card_brand: row.card_brand.as_deref().map(shown::word),
            contested: row.evidence_submitted,
            outcome: line.outcome,
            disputed: numbers.amount(row.disputed),
            currency: row.currency,
            recovered: amount(Column::Recovered),
            lost: amount(Column::Lost),
            fees: amount(Column::Fees),
            net: amount(Column::Net),
            besides: besides
                .into_iter()
                .map(|column| (column, amount(column)))
                .filter(|(_, amount)| amount.minor() != 0)
                .collect(),
        }
    }
}

/// A change to an earlier decision.
pub(super) struct Change {
    pub(super) named: Named,
    pub(super) kind: ResolutionKind,
    /// The true date, and the time.
    pub(super) when: String,
    pub(super) currency: Currency,
    pub(super) columns: Vec<ChangedColumn>,
}

/// A figure that changed.
pub(super) struct ChangedColumn {
    pub(super) column: Column,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) difference: String,
}

impl Change {
    pub(super) fn new(line: &ChangeLine, zone: Tz, style: &MailStyle) -> Self {
        let (row, numbers) = (&line.row, style.numbers);
        let changed = |column: &Column| column.of(&row.deltas) != 0;
        let show = |column: Column, figure: i64| {
            if Column::COUNTS.contains(&column) {
                figure.to_string()
            } else {
                numbers.amount(Money::new(figure, row.currency)).grouped()
            }
        };
        let columns = Column::COUNTS.into_iter().chain(Column::AMOUNTS).filter(changed);
        Self {
            named: Named::new(row, style.dashboard),
            kind: row.kind,
            when: moment(row.occurred_at, zone),
            currency: row.currency,
            columns: columns
                .map(|column| ChangedColumn {
                    column,
                    old: show(column, column.of(&line.old)),
                    new: show(column, column.of(&line.new)),
                    difference: show(column, column.of(&row.deltas)),
                })
                .collect(),
        }
    }
}

/// A moment as it is read.
pub(super) fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y %H:%M").to_string()
}
