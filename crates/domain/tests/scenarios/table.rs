//! The scenarios: what arrives, and what the books must say of it.

use std::collections::BTreeMap;

use chargebook_domain::{
    Basis, Bucket, Claims, Convention, Currency, Deltas, Discrepancy, DisputeKey, EntryKind, Extent, LedgerAccount,
    Money, Movement, OrderMatch, OrderPayment, OrderRef, OrderResolution, Outcome, ResolutionKind,
};
use chargebook_port_contracts::samples::{self, day, dispute_key, payment};

use crate::notation;
use crate::page::{Block, Section, blocks};

/// A history of one dispute or several, as it stands on the page.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) payments: Vec<OrderPayment>,
    pub(crate) disputes: Vec<Disputed>,
    /// Movements that no dispute claims, and their entries.
    pub(crate) unclaimed: Option<(Vec<Moved>, Vec<Part>)>,
}

/// What arrives of a dispute, and what the books must say of it.
pub(crate) struct Disputed {
    pub(crate) key: DisputeKey,
    pub(crate) said: Vec<Said>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) journal: Vec<Part>,
    pub(crate) rows: Vec<Row>,
    pub(crate) shares: Vec<Share>,
    pub(crate) odd: Vec<Discrepancy>,
    pub(crate) outcome: Outcome,
    pub(crate) bucket: Bucket,
    pub(crate) closed_on: Option<i64>,
    claimed: Money,
}

/// A statement.
pub(crate) struct Said {
    pub(crate) day: i64,
    pub(crate) status: String,
    pub(crate) basis: Basis,
    pub(crate) claims: Claims,
}

/// A movement, and the day of the first statement that shows it.
pub(crate) struct Moved {
    pub(crate) seen_on: i64,
    pub(crate) movement: Movement,
}

/// The postings of an entry in one of its currencies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Part {
    pub(crate) day: i64,
    pub(crate) kind: EntryKind,
    pub(crate) currency: Currency,
    pub(crate) postings: BTreeMap<LedgerAccount, i64>,
}

/// A resolution row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) day: i64,
    pub(crate) currency: Currency,
    pub(crate) kind: ResolutionKind,
    pub(crate) deltas: Deltas,
}

/// What a dispute means for an order, in one settlement currency.
pub(crate) struct Share {
    pub(crate) order: OrderRef,
    /// `None` where other orders match as well.
    pub(crate) extent: Option<Extent>,
    pub(crate) currency: Currency,
    pub(crate) figures: Deltas,
}

impl Part {
    /// The same under a convention: against revenue, one account stands for the receivable and the losses.
    pub(crate) fn under(&self, convention: Convention) -> Option<Self> {
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
    pub(crate) fn order_match(&self) -> OrderMatch {
        let mut orders: Vec<_> = self.shares.iter().map(|share| share.order.clone()).collect();
        orders.sort();
        orders.dedup();
        match (orders.as_slice(), self.shares.first().and_then(|share| share.extent)) {
            ([], _) => OrderMatch::Orphan,
            ([order], Some(extent)) => OrderMatch::Matched { order: order.clone(), extent },
            _ => OrderMatch::Ambiguous(orders),
        }
    }

    pub(crate) fn order_resolutions(&self) -> Vec<OrderResolution> {
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
pub(crate) fn scenarios(page: &str) -> Vec<Scenario> {
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
