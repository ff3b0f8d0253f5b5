//! What is told beside the figures of a kept day.

use std::collections::BTreeMap;

use chargebook_domain::Currency;
use chargebook_domain::monitor::{Floor, Level, Network, NetworkRatio, Ratio};
use chargebook_domain::ports::Period;
use chargebook_domain::summary::{Attention, OpenBalance, ReasonCount, Received, TrendDay, Window};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::super::words::Word;
use super::keyed;

#[derive(Serialize, Deserialize)]
pub(super) struct Closed {
    won: u64,
    lost: u64,
    won_challenged: u64,
    lost_challenged: u64,
    inquiries: u64,
    prevented: u64,
    refunded: u64,
    /// Recovered and lost.
    principal_minor: BTreeMap<Word<Currency>, (i64, i64)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TrendDay")]
struct TrendDef {
    date: NaiveDate,
    won: u64,
    lost: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Trend(#[serde(with = "TrendDef")] pub(super) TrendDay);

#[derive(Serialize, Deserialize)]
#[serde(remote = "ReasonCount")]
struct ReasonDef {
    reason: Option<String>,
    won: u64,
    lost: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Reason(#[serde(with = "ReasonDef")] pub(super) ReasonCount);

#[derive(Serialize, Deserialize)]
pub(super) struct Open {
    disputes: u64,
    inquiries: u64,
    at_risk_minor: BTreeMap<Word<Currency>, i64>,
    filed: u64,
    filed_minor: BTreeMap<Word<Currency>, i64>,
    oldest_opened_at: Option<DateTime<Utc>>,
    evidence_due_soon: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attention")]
struct AttentionDef {
    orphans: u64,
    ambiguous: u64,
    recovery_pending: u64,
    money_questions: u64,
    quarantined: u64,
    undelivered: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Needs(#[serde(with = "AttentionDef")] pub(super) Attention);

#[derive(Serialize, Deserialize)]
pub(super) struct Arrived {
    recorded: u64,
    ignored: u64,
    quarantined: u64,
    whole: Option<(DateTime<Utc>, DateTime<Utc>)>,
    money_compared_at: Option<DateTime<Utc>>,
}

impl Arrived {
    pub(super) fn of(received: Received) -> Self {
        let Received { recorded, ignored, quarantined, whole, money_compared_at } = received;
        let whole = whole.map(|Period { from, until }| (from, until));
        Self { recorded, ignored, quarantined, whole, money_compared_at }
    }

    pub(super) fn received(self) -> Received {
        let Self { recorded, ignored, quarantined, whole, money_compared_at } = self;
        let whole = whole.map(|(from, until)| Period { from, until });
        Received { recorded, ignored, quarantined, whole, money_compared_at }
    }
}

/// How near the month is to a programme of a network.
#[derive(Serialize, Deserialize)]
pub(super) struct Programme {
    network: Word<Network>,
    name: String,
    threshold_bps: u64,
    events: u64,
    payments: Option<u64>,
    floor: Word<Floor>,
    level: Option<Word<Level>>,
}

impl Programme {
    pub(super) fn of(of: NetworkRatio) -> Self {
        Self {
            network: Word(of.network),
            name: of.programme,
            threshold_bps: of.threshold_bps,
            events: of.ratio.events,
            payments: of.ratio.payments,
            floor: Word(of.floor),
            level: of.level.map(Word),
        }
    }

    pub(super) fn ratio(self) -> NetworkRatio {
        NetworkRatio {
            network: self.network.0,
            programme: self.name,
            threshold_bps: self.threshold_bps,
            ratio: Ratio { events: self.events, payments: self.payments },
            floor: self.floor.0,
            level: self.level.map(|Word(level)| level),
        }
    }
}

impl Closed {
    pub(super) fn of(window: Window) -> Self {
        let Window { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal } = window;
        let principal_minor = keyed(principal, |of| of);
        Self { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal_minor }
    }

    pub(super) fn window(self) -> Window {
        let Self { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal_minor } = self;
        let principal = by_currency(principal_minor);
        Window { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal }
    }
}

impl Open {
    pub(super) fn of(open: OpenBalance) -> Self {
        Self {
            disputes: open.disputes,
            inquiries: open.inquiries,
            at_risk_minor: keyed(open.at_risk, |of| of),
            filed: open.filed,
            filed_minor: keyed(open.filed_amounts, |of| of),
            oldest_opened_at: open.oldest_opened_at,
            evidence_due_soon: open.evidence_due_soon,
        }
    }

    pub(super) fn open(self) -> OpenBalance {
        OpenBalance {
            disputes: self.disputes,
            inquiries: self.inquiries,
            at_risk: by_currency(self.at_risk_minor),
            filed: self.filed,
            filed_amounts: by_currency(self.filed_minor),
            oldest_opened_at: self.oldest_opened_at,
            evidence_due_soon: self.evidence_due_soon,
        }
    }
}

fn by_currency<T>(kept: BTreeMap<Word<Currency>, T>) -> BTreeMap<Currency, T> {
    kept.into_iter().map(|(Word(currency), of)| (currency, of)).collect()
}
