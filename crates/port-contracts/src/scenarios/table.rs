//! The scenarios: what arrives, and what the books must say of it.

use std::collections::BTreeMap;

use crate::samples::{self, day, dispute_key, payment};
use chargebook_domain::{
    Basis, Bucket, Claims, Convention, Currency, Deltas, Discrepancy, DisputeKey, EntryKind, Extent, LedgerAccount,
    Money, Movement, OrderMatch, OrderPayment, OrderRef, OrderResolution, Outcome, ResolutionKind,
};

use super::notation;
use super::page::{Block, Section, blocks};

/// A history of one dispute or several, as it stands on the page.
pub struct Scenario {
    /// Its heading.
    pub name: String,
    /// What the shop knows of its orders.
    pub payments: Vec<OrderPayment>,
    /// Its disputes.
    pub disputes: Vec<Disputed>,
    /// Movements that no dispute claims, and their entries.
    pub unclaimed: Option<(Vec<Moved>, Vec<Part>)>,
}

/// What arrives of a dispute, and what the books must say of it.
pub struct Disputed {
    /// The dispute.
    pub key: DisputeKey,
    /// The statements, in the order of arrival.
    pub said: Vec<Said>,
    /// Its movements.
    pub moved: Vec<Moved>,
    /// The entries, under the convention `holding`.
    pub journal: Vec<Part>,
    /// The resolution rows, as they come when it arrives as written.
    pub rows: Vec<Row>,
    /// What it means for orders.
    pub shares: Vec<Share>,
    /// What is flagged.
    pub odd: Vec<Discrepancy>,
    /// How it ends.
    pub outcome: Outcome,
    /// Where finance puts it then.
    pub bucket: Bucket,
    /// The day of its closing; `None` while it is open.
    pub closed_on: Option<i64>,
    claimed: Money,
}

/// A statement.
pub struct Said {
    /// Its day, counted from the filing.
    pub day: i64,
    /// The status.
    pub status: String,
    /// Whether the source told or was asked.
    pub basis: Basis,
    /// What else is claimed.
    pub claims: Claims,
}

/// A movement, and the day of the first statement that shows it.
pub struct Moved {
    /// The day of that statement.
    pub seen_on: i64,
    /// The movement.
    pub movement: Movement,
}

/// The postings of an entry in one of its currencies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Part {
    /// Its day, counted from the filing.
    pub day: i64,
    /// What the entry is for.
    pub kind: EntryKind,
    /// The currency that moved.
    pub currency: Currency,
    /// The amounts by account, in minor units, debit positive.
    pub postings: BTreeMap<LedgerAccount, i64>,
}

/// A resolution row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its day, counted from the filing.
    pub day: i64,
    /// The currency that moved.
    pub currency: Currency,
    /// Why it is there.
    pub kind: ResolutionKind,
    /// What it changes.
    pub deltas: Deltas,
}

/// What a dispute means for an order, in one settlement currency.
pub struct Share {
    /// The order.
    pub order: OrderRef,
    /// `None` where other orders match as well.
    pub extent: Option<Extent>,
    /// The currency that moved.
    pub currency: Currency,
    /// The figures, in minor units.
    pub figures: Deltas,
}

impl Part {
    /// The same under a convention: against revenue, one account stands for the receivable and the losses.
    #[must_use]
    pub fn under(&self, convention: Convention) -> Option<Self> {
        let mut postings = BTreeMap::new();
        for (account, minor) in &self.postings {
            let account = match (account, convention) {
                (LedgerAccount::DisputesReceivable | LedgerAccount::ChargebackLosses, Convention::Contra) => {
                    LedgerAccount::DisputesContra
                }
                (account, _) => *account,
            };
            *postings.entry(account).or_default() += minor;
        }
        postings.retain(|_, minor| *minor != 0);
        (!postings.is_empty()).then(|| Self { postings, ..self.clone() })
    }
}

impl Disputed {
    /// Which order it is about.
    #[must_use]
    pub fn order_match(&self) -> OrderMatch {
        let mut orders: Vec<_> = self.shares.iter().map(|share| share.order.clone()).collect();
        orders.sort();
        orders.dedup();
        match (orders.as_slice(), self.shares.first().and_then(|share| share.extent)) {
            ([], _) => OrderMatch::Orphan,
            ([order], Some(extent)) => OrderMatch::Matched { order: order.clone(), extent },
            _ => OrderMatch::Ambiguous(orders),
        }
    }

    /// What it means for that order, or for each that it may be of.
    #[must_use]
    pub fn order_resolutions(&self) -> Vec<OrderResolution> {
        let resolution = |share: &Share| OrderResolution {
            order: share.order.clone(),
            settlement_currency: share.currency,
            outcome: self.outcome,
            bucket: self.bucket,
            disputed: self.claimed,
            recovered_minor: share.figures.recovered,
            loss_minor: share.figures.loss,
            fee_minor: share.figures.fee,
            net_minor: share.figures.net,
            closed_at: self.closed_on.map(day),
            ambiguous: share.extent.is_none(),
        };
        self.shares.iter().map(resolution).collect()
    }
}

/// All scenarios of a page.
#[must_use]
pub fn scenarios(page: &str) -> Vec<Scenario> {
    blocks(page).into_iter().map(scenario).collect()
}

fn scenario(block: Block<'_>) -> Scenario {
    let Block { heading, mut sections } = block;
    let orders = sections[0].take("orders");
    let mut scenario = Scenario {
        name: heading.text.to_owned(),
        payments: orders
            .map_or_else(|| vec![payment("#1001")], |orders| orders.into_iter().map(notation::paid).collect()),
        disputes: Vec::new(),
        unclaimed: None,
    };
    let mut movements = 0;
    for mut section in sections {
        let mut moved = Vec::new();
        for item in section.values("money") {
            movements += 1;
            moved.push(notation::moved(item, &format!("txn_{movements}")));
        }
        let journal = journal(&mut section);
        let (id, claims) = match section.take("dispute").as_deref() {
            None => (None, samples::claims()),
            Some([item]) => notation::claims(*item, &samples::claims()),
            Some([]) if scenario.unclaimed.is_none() => {
                scenario.unclaimed = Some((moved, journal));
                section.finish();
                continue;
            }
            Some(_) => section.refuse("a dispute is one, and what is of none is one part"),
        };
        let key = id.map_or_else(samples::sample_key, |id| dispute_key(&id));
        scenario.disputes.push(disputed(&mut section, key, &claims, (moved, journal)));
        section.finish();
    }
    scenario
}

/// Reads the entries, and refuses balances that they don't sum to.
fn journal(section: &mut Section<'_>) -> Vec<Part> {
    let journal: Vec<_> = section.values("journal").into_iter().map(notation::part).collect();
    let items = section.values("balances");
    let balances: BTreeMap<_, _> = items.iter().flat_map(|item| notation::balances(*item)).collect();
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    for part in &journal {
        for (account, minor) in &part.postings {
            *sums.entry((*account, part.currency)).or_default() += minor;
        }
    }
    sums.retain(|_, minor| *minor != 0);
    if balances != sums {
        section.refuse(&format!("the entries sum to {sums:?}, and not to {balances:?}"));
    }
    journal
}

fn disputed(
    section: &mut Section<'_>,
    key: DisputeKey,
    claims: &Claims,
    (moved, journal): (Vec<Moved>, Vec<Part>),
) -> Disputed {
    let (outcome, bucket, closed_on) = notation::ends(section.value("ends"));
    let disputed = Disputed {
        key,
        said: section.values("status").into_iter().flat_map(|item| notation::said(item, claims)).collect(),
        moved,
        journal,
        rows: section.values("rows").into_iter().map(notation::row).collect(),
        shares: section.values("order").into_iter().map(notation::share).collect(),
        odd: section.take("odd").unwrap_or_default().into_iter().map(notation::odd).collect(),
        outcome,
        bucket,
        closed_on,
        claimed: claims.disputed,
    };
    if disputed.said.is_empty() {
        section.refuse("nothing is said of the dispute");
    }
    disputed
}
