//! From what was found to sentences: what that is, and what to do.

use std::collections::BTreeSet;
use std::fmt;

use chargebook_domain::{AccountId, Admission};
use chargebook_ledger_postgres::reading::{Clues, DisputeClue, EventLine, PaymentClue, WholeClue};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::tables::{amount, currency};

/// What this deployment expects, and how it shows times.
pub(super) struct Expected<'a> {
    pub(super) admission: &'a Admission,
    /// Whether there is a key with which the source can be asked.
    pub(super) asks_stripe: bool,
    pub(super) zone: Tz,
}

/// What was found, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(super) struct Advice {
    /// Whether it is in the books, and nothing waits for a person.
    pub(super) is_in_order: bool,
    /// What was found, and where.
    pub(super) found: Vec<String>,
    /// What to do, in this order; each once.
    pub(super) what_to_do: Vec<String>,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Found:")?;
        self.found.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        if self.what_to_do.is_empty() {
            return write!(f, "Nothing to do.");
        }
        write!(f, "What to do:")?;
        self.what_to_do.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// What the clues about an id say.
pub(super) fn advise(id: &str, clues: &Clues, expected: &Expected<'_>) -> Advice {
    let mut advising = Advising { expected, advice: Advice::default(), is_wrong: false };
    clues.disputes.iter().for_each(|dispute| advising.dispute(dispute));
    advising.events(clues);
    if clues.disputes.is_empty() {
        clues.payments.iter().for_each(|payment| advising.found(format!("{}: no dispute of it", paid(payment))));
    }
    advising.warnings(clues);
    for untied in &clues.untied {
        let money = shown(untied.amount_minor, &untied.currency);
        let at = advising.time(untied.occurred_at);
        let (movement, book) = (&untied.movement_id, &untied.account);
        advising.found(format!("movement {movement} in the book {book}: {money} at {at}, tied to no dispute"));
        advising.must(
            "It is money of a dispute that is not in the books: `chargebook backfill --since` a day before it was \
                       filed brings the dispute, and `chargebook tieout` compares the money then."
                .to_owned(),
        );
    }
    if clues.disputes.is_empty() {
        advising.missing(id, clues);
    }
    let Advising { mut advice, is_wrong, .. } = advising;
    advice.is_in_order = !is_wrong && !clues.disputes.is_empty();
    advice
}

struct Advising<'a> {
    expected: &'a Expected<'a>,
    advice: Advice,
    is_wrong: bool,
}

impl Advising<'_> {
    fn found(&mut self, line: String) {
        self.advice.found.push(line);
    }

    /// Something that a person must do.
    fn must(&mut self, sentence: String) {
        self.is_wrong = true;
        if !self.advice.what_to_do.contains(&sentence) {
            self.advice.what_to_do.push(sentence);
        }
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.expected.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    fn dispute(&mut self, dispute: &DisputeClue) {
        let DisputeClue { account, dispute_id, status, statements, .. } = dispute;
        let money = shown(dispute.amount_minor, &dispute.currency);
        let filed = dispute.opened_at.map_or_else(|| "at a time not known".to_owned(), |at| self.time(at));
        self.found(format!(
            "dispute {dispute_id} in the book {account}: {status}, {money}, filed {filed}; {statements} statements of it"
        ));
        for double in &dispute.doubles {
            self.found(format!("  {double} is the same dispute, and counts as nothing"));
        }
        if let Some(same_as) = &dispute.same_as {
            let by = dispute.joined_by.as_deref().unwrap_or_default();
            let reason = dispute.join_reason.as_deref().unwrap_or_default();
            self.found(format!(
                "  it is the same as {same_as} (says {by}: {reason}); that one counts, and this does not"
            ));
            return;
        }
        self.other_account(account);
        match dispute.order_match.as_str() {
            "orphan" => self.orphan(dispute),
            "ambiguous" => {
                self.found(format!("  it may be about any of the orders {}", dispute.orders.join(", ")));
                self.must(format!(
                    "Say which order {dispute_id} is about: `chargebook dispute link {dispute_id} ORDER`."
                ));
            }
            _ => self.found(format!("  it is about order {}", dispute.orders.join(", "))),
        }
        if let (Some(reason), Some(due)) = (&dispute.read_reason, dispute.read_due_at) {
            let (reason, due) = (reason.replace('_', " "), self.time(due));
            self.found(format!("  it is read again at Stripe from {due} on: {reason}"));
        }
    }

    /// A book whose events are no longer expected gets no news.
    fn other_account(&mut self, account: &str) {
        let accounts = &self.expected.admission.accounts;
        let is_left_out = account.starts_with("acct_") && !accounts.is_empty();
        if is_left_out && !accounts.iter().any(|expected| expected.as_str() == account) {
            self.must(format!("Name {account} in stripe.accounts: at present its events are quarantined."));
        }
    }

    fn orphan(&mut self, dispute: &DisputeClue) {
        let looked_for = [
            dispute.charge_id.as_ref().map(|charge| format!("charge {charge}")),
            dispute.payment_intent_id.as_ref().map(|intent| format!("payment intent {intent}")),
            dispute.order_hint.as_ref().map(|order| format!("order {order}, which the payment names")),
        ];
        let looked_for: Vec<_> = looked_for.into_iter().flatten().collect();
        if looked_for.is_empty() {
            self.found("  it has no order, and names nothing by which one could be found".to_owned());
        } else {
            self.found(format!("  no order has its {}", looked_for.join(", or ")));
        }
        for near in &dispute.near {
            let at = near.placed_at.map(|at| format!(" on {}", self.time(at))).unwrap_or_default();
            self.found(format!("  for the same amount there is {}{at}", paid(near)));
        }
        let id = &dispute.dispute_id;
        self.must(format!(
            "Import the order, or let the view show it; or say which it is: `chargebook dispute link {id} ORDER`."
        ));
    }

    fn events(&mut self, clues: &Clues) {
        let mut told = BTreeSet::new();
        for event in clues.events.iter().chain(&clues.named_in_quarantine) {
            let EventLine { account, event_id, event_type, disposition, .. } = event;
            if !told.insert((account, event_id)) {
                continue;
            }
            let at = self.time(event.received_at);
            let kind = if event_type.is_empty() { "of no type that can be read" } else { event_type };
            match &event.reason {
                Some(reason) => {
                    self.found(format!("event {event_id} ({kind}) in the book {account}: quarantined {at}: {reason}"));
                    self.quarantined(event, reason);
                }
                None => self.found(format!("event {event_id} ({kind}) in the book {account}: {disposition} {at}")),
            }
        }
    }

    fn quarantined(&mut self, event: &EventLine, reason: &str) {
        let EventLine { account, event_id, event_type, .. } = event;
        let replay = format!("`chargebook events replay {event_id}`");
        self.must(if event_type.starts_with("read.") {
            "What was read at Stripe is booked when it is read again: `chargebook backfill`, or `chargebook tieout --repair`."
                .to_owned()
        } else if reason.contains("stripe.livemode") {
            let mode = mode(self.expected.admission.livemode);
            format!("These are {mode} mode books: leave it there, or ask the books of the other mode; where the setting is \
                     wrong, correct stripe.livemode, then {replay}.")
        } else if reason.contains("stripe.accounts") {
            format!("If the account {account} is yours, name it in stripe.accounts, then {replay}; else leave it there.")
        } else {
            format!("Correct what is named as the reason, or install a newer version, then {replay}.")
        });
    }

    fn warnings(&mut self, clues: &Clues) {
        for warning in &clues.warnings {
            let of = warning.charge_id.as_deref().unwrap_or("a payment that is not named");
            let kind = warning.fraud_type.as_deref().unwrap_or("unknown").replace('_', " ");
            let (id, book, at) = (&warning.warning_id, &warning.account, self.time(warning.occurred_at));
            self.found(format!("early fraud warning {id} in the book {book}: {kind}, of {of}, {at}"));
        }
        if !clues.warnings.is_empty() && clues.disputes.is_empty() {
            self.must(
                "A warning is no dispute: it is counted, and may become one; refunding the payment avoids that."
                    .to_owned(),
            );
        }
    }

    /// Why there may be no dispute of it.
    fn missing(&mut self, id: &str, clues: &Clues) {
        if self.advice.found.is_empty() {
            self.found(format!(
                "nothing: no dispute, event, payment, fraud warning or untied movement has {id}, and no event in quarantine \
                 names it"
            ));
        }
        let Admission { livemode, accounts } = self.expected.admission;
        let of_accounts = if accounts.is_empty() {
            String::new()
        } else {
            let names: Vec<_> = accounts.iter().map(AccountId::as_str).collect();
            format!(", of the endpoint's own account or of {}", names.join(", "))
        };
        let mode = mode(*livemode);
        self.must(format!(
            "Look it up in Stripe's dashboard: these books take what is of {mode} mode (stripe.livemode){of_accounts}."
        ));
        for WholeClue { account, from_at, until_at } in &clues.whole {
            let (from, until) = (self.time(*from_at), self.time(*until_at));
            self.must(format!(
                "Nothing is missing in the book {account} from {from} to {until}: what was filed then is of another mode or \
                 account."
            ));
        }
        self.must(if self.expected.asks_stripe {
            "If it was filed earlier, or is not mentioned above: `chargebook backfill --since` a day before it was filed."
                .to_owned()
        } else {
            "Set stripe.api_key, so that lost events are fetched and `chargebook backfill` can read it; or resend its events \
             from Stripe's dashboard."
                .to_owned()
        });
        self.must("`chargebook doctor` says whether deliveries arrive and are booked.".to_owned());
    }
}

fn mode(is_live: bool) -> &'static str {
    if is_live { "live" } else { "test" }
}

fn shown(minor: i64, code: &str) -> String {
    format!("{} {}", amount(minor, code), currency(code))
}

fn paid(payment: &PaymentClue) -> String {
    let by = payment.charge_id.as_ref().or(payment.payment_intent_id.as_ref());
    let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
    format!("order {}, {} paid{by}", payment.order_ref, shown(payment.amount_minor, &payment.currency))
}

#[cfg(test)]
mod tests;
