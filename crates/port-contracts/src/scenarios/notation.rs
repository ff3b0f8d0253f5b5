//! Reads the values of a scenario's lines.

use std::collections::BTreeMap;

use crate::samples::{charge, day, intent, movement, order, payment};
use chargebook_domain::{
    Basis, Bucket, Category, Claims, Currency, Deltas, Discrepancy, DiscrepancyKind, EntryKind, Extent, LedgerAccount,
    Money, Movement, OrderPayment, OrderRef, Outcome, ResolutionKind,
};

use super::page::Item;
use super::table::{Moved, Part, Row, Said, Share};

impl<'a> Item<'a> {
    fn number(self, text: &str) -> i64 {
        text.parse().unwrap_or_else(|_| self.refuse(&format!("{text:?} is no number")))
    }

    fn currency(self, code: &str) -> Currency {
        Currency::parse(code).unwrap_or_else(|_| self.refuse(&format!("{code:?} is no currency")))
    }

    fn known<T>(self, word: &str, found: Option<T>) -> T {
        found.unwrap_or_else(|| self.refuse(&format!("{word:?} is not known")))
    }

    /// Reads `day 40 decided usd: fee +1500, net -1500` into the words before the colon and what is named after it.
    fn named(self) -> (Vec<&'a str>, BTreeMap<&'a str, i64>) {
        let (head, cells) = self.text.split_once(": ").unwrap_or_else(|| self.refuse("no colon"));
        let mut named = BTreeMap::new();
        for cell in cells.split(", ").filter(|_| cells != "none") {
            let (name, value) = cell.split_once(' ').unwrap_or_else(|| self.refuse("a name without a number"));
            if named.insert(name, self.number(value)).is_some() {
                self.refuse("a name is there twice");
            }
        }
        (head.split(' ').collect(), named)
    }

    fn nothing_left(self, named: &BTreeMap<&str, i64>) {
        if let Some(name) = named.keys().next() {
            self.refuse(&format!("{name:?} is not known"));
        }
    }
}

/// Reads `du_1 10000 usd ch_1 pi_1 names #1001`, or a part of it, over what is claimed otherwise. Answers the id too.
pub(super) fn claims(item: Item<'_>, otherwise: &Claims) -> (Option<String>, Claims) {
    let (mut id, mut claims) = (None, otherwise.clone());
    let mut words = item.text.split(' ');
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_else(|| item.refuse("it ends too early"));
        match word.split_once('_').map_or(word, |(kind, _)| kind) {
            "du" => id = Some(word.to_owned()),
            "ch" => claims.charge = Some(charge(word)),
            "pi" => claims.payment_intent = Some(intent(word)),
            "names" => claims.order_hint = Some(order(next())),
            amount => claims.disputed = Money::new(item.number(amount), item.currency(next())),
        }
    }
    (id, claims)
}

/// Reads `#1001 ch_1 usd: paid 10000, refunded 0`.
pub(super) fn paid(item: Item<'_>) -> OrderPayment {
    let (head, mut named) = item.named();
    let [order_ref, by @ .., code] = head.as_slice() else { item.refuse("no order and no currency") };
    let paid = named.remove("paid").unwrap_or_else(|| item.refuse("not said what was paid"));
    let refunded_minor = named.remove("refunded");
    item.nothing_left(&named);
    let amount = Money::new(paid, item.currency(code));
    let (charge, payment_intent) = match by {
        [] => (None, None),
        [id] if id.starts_with("pi_") => (None, Some(intent(id))),
        [id] => (Some(charge(id)), None),
        _ => item.refuse("more than a charge or a payment intent"),
    };
    OrderPayment { charge, payment_intent, amount, refunded_minor, ..payment(order_ref) }
}

/// Reads `needs_response@0 > read lost@40 claiming 12000 usd`.
pub(super) fn said(item: Item<'_>, otherwise: &Claims) -> Vec<Said> {
    let one = |text: &str| {
        let (what, claimed) =
            text.split_once(" claiming ").map_or((text, None), |(what, claimed)| (what, Some(claimed)));
        let (status, on) = what.split_once('@').unwrap_or_else(|| item.refuse("a status without a day"));
        let read = status.strip_prefix("read ");
        Said {
            day: item.number(on),
            status: read.unwrap_or(status).to_owned(),
            basis: if read.is_some() { Basis::Read } else { Basis::Event },
            claims: claimed.map_or_else(
                || otherwise.clone(),
                |text| match claims(item.with(text), otherwise) {
                    (None, claims) => claims,
                    (Some(_), _) => item.refuse("it claims to be another dispute"),
                },
            ),
        }
    };
    item.text.split(" > ").map(one).collect()
}

/// Reads `day 1 withdrawal usd seen 50: amount -10000, fee 1500, net -11500`.
pub(super) fn moved(item: Item<'_>, id: &str) -> Moved {
    let (head, mut named) = item.named();
    let ["day", on, category, code, seen @ ..] = head.as_slice() else { item.refuse("no movement") };
    let on = item.number(on);
    let category = item.known(category, Category::parse(category));
    let amount = named.remove("amount").unwrap_or_else(|| item.refuse("no amount"));
    let fee = named.remove("fee").unwrap_or(0);
    let net_minor = named.remove("net").unwrap_or(amount - fee);
    item.nothing_left(&named);
    let currency = item.currency(code);
    let seen_on = match seen {
        [] => on,
        ["seen", seen_on] => item.number(seen_on),
        _ => item.refuse("too many words"),
    };
    Moved { seen_on, movement: Movement { net_minor, currency, ..movement(id, category, day(on), amount, fee) } }
}

/// Reads `day 1 movement usd: stripe-balance -11500, dispute-fees +1500, disputes-receivable +10000`.
pub(super) fn part(item: Item<'_>) -> Part {
    let (head, named) = item.named();
    let ["day", on, kind, code] = head.as_slice() else { item.refuse("no entry") };
    let postings = accounts(item, &named);
    if postings.values().sum::<i64>() != 0 {
        item.refuse("it does not balance");
    }
    let kind = item.known(kind, EntryKind::parse(kind));
    Part { day: item.number(on), kind, currency: item.currency(code), postings }
}

/// Reads `usd: stripe-balance -11500, dispute-fees +1500`.
pub(super) fn balances(item: Item<'_>) -> impl Iterator<Item = ((LedgerAccount, Currency), i64)> {
    let (head, named) = item.named();
    let [code] = head.as_slice() else { item.refuse("no currency") };
    let currency = item.currency(code);
    accounts(item, &named).into_iter().map(move |(account, minor)| ((account, currency), minor))
}

fn accounts(item: Item<'_>, named: &BTreeMap<&str, i64>) -> BTreeMap<LedgerAccount, i64> {
    let account = |name: &str| {
        let is_it = |account: &LedgerAccount| account.as_str().split_once(':').is_some_and(|(_, last)| last == name);
        item.known(name, LedgerAccount::ALL.into_iter().find(is_it))
    };
    named.iter().map(|(name, minor)| (account(name), *minor)).collect()
}

/// Reads `day 40 decided usd: loss +10000, closed +1`.
pub(super) fn row(item: Item<'_>) -> Row {
    let (head, named) = item.named();
    let ["day", on, kind, code] = head.as_slice() else { item.refuse("no row") };
    let kind = item.known(kind, ResolutionKind::parse(kind));
    Row { day: item.number(on), currency: item.currency(code), kind, deltas: deltas(item, &named) }
}

/// Reads `#1001 full usd: loss 10000, net -10000`.
pub(super) fn share(item: Item<'_>) -> Share {
    let (head, mut named) = item.named();
    let [order_ref, extent, code] = head.as_slice() else { item.refuse("no order") };
    let extent = match *extent {
        "ambiguous" => None,
        "full" => Some(Extent::Full),
        "partial" => Some(Extent::Partial),
        "exceeds" => Some(Extent::Exceeds),
        "unknown" => Some(Extent::Unknown),
        other => item.known(other, None),
    };
    let mut figure = |name| named.remove(name).unwrap_or(0);
    let deltas = Deltas {
        recovered: figure("recovered"),
        loss: figure("loss"),
        fee: figure("fee"),
        net: figure("net"),
        ..Deltas::default()
    };
    item.nothing_left(&named);
    let order = OrderRef::parse(order_ref).unwrap_or_else(|_| item.refuse("no order"));
    Share { order, extent, currency: item.currency(code), figures: deltas }
}

fn deltas(item: Item<'_>, named: &BTreeMap<&str, i64>) -> Deltas {
    let mut deltas = Deltas::default();
    for (name, minor) in named {
        let column = match *name {
            "recovered" => &mut deltas.recovered,
            "loss" => &mut deltas.loss,
            "fee" => &mut deltas.fee,
            "fx" => &mut deltas.fx,
            "pending" => &mut deltas.pending,
            "suspense" => &mut deltas.suspense,
            "net" => &mut deltas.net,
            "closed" => &mut deltas.closed,
            "won" => &mut deltas.won,
            "lost" => &mut deltas.lost,
            other => item.known(other, None),
        };
        *column = *minor;
    }
    deltas
}

/// Reads `contradicting_fact amount or currency`.
pub(super) fn odd(item: Item<'_>) -> Discrepancy {
    let (kind, detail) = item.text.split_once(' ').unwrap_or((item.text, ""));
    Discrepancy::new(item.known(kind, DiscrepancyKind::parse(kind)), detail)
}

/// Reads `won, recovered, closed on day 40`, or `open, undecided, not closed`.
pub(super) fn ends(item: Item<'_>) -> (Outcome, Bucket, Option<i64>) {
    let parts: Vec<_> = item.text.split(", ").collect();
    let [outcome, bucket, closed] = parts.as_slice() else { item.refuse("not three parts") };
    let closed_on = match closed.strip_prefix("closed on day ") {
        Some(on) => Some(item.number(on)),
        None if *closed == "not closed" => None,
        None => item.refuse("neither closed nor not"),
    };
    (item.known(outcome, Outcome::parse(outcome)), item.known(bucket, Bucket::parse(bucket)), closed_on)
}
