//! What people enter of disputes, as source events: what is typed twice has one id, and is booked once.

use std::fmt::Display;
use std::sync::Arc;

use chargebook_domain::ports::{Ledger, Lookup, Reading, SourceEvent};
use chargebook_domain::service::{Ingest, Receipt, Received, Said};
use chargebook_domain::{AccountId, Basis, CauseId, Claims, DisputeId, DisputeKey, Observation, Status, Stored};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::commands::{Done, Failure, Refused, say};
use crate::settings::{Settings, nearest_of};

/// The kind of event that such an entry is.
const EVENT_TYPE: &str = "manual.dispute";

/// How a gateway without webhooks names a dispute.
#[derive(Args)]
pub(super) struct AtGateway {
    /// The gateway; its book is manual:<gateway>
    #[arg(long)]
    pub(super) gateway: String,
    /// What the gateway calls the dispute
    #[arg(long)]
    pub(super) id: String,
}

impl AtGateway {
    pub(super) fn key(&self) -> Result<DisputeKey, Failure> {
        let account = AccountId::manual(&self.gateway).map_err(|error| wrong("gateway", &error))?;
        let dispute = DisputeId::parse(&self.id).map_err(|error| wrong("id", &error))?;
        Ok(DisputeKey { account, dispute })
    }

    /// Refuses the book of a gateway that the settings don't name, where they name any.
    pub(super) fn is_expected(&self, book: &AccountId, settings: &Settings) -> Result<(), Failure> {
        if !settings.gateways.is_empty() && !settings.gateways.contains(book) {
            let known =
                || settings.gateways.iter().filter_map(|book| book.as_str().split_once(':')).map(|(_, name)| name);
            let meant = nearest_of(&self.gateway, known()).map(|name| format!("; did you mean {name}?"));
            let (gateway, meant, known) = (&self.gateway, meant.unwrap_or_default(), known().collect::<Vec<_>>());
            let message = format!("{gateway} is not among manual.gateways, which are {}{meant}", known.join(", "));
            return Err(wrong("gateway", &message));
        }
        Ok(())
    }
}

/// Something is wrong with an argument.
pub(super) fn wrong(argument: &str, error: &dyn Display) -> Failure {
    Failure::Usage(format!("--{argument}: {error}"))
}

pub(super) fn status(text: &str) -> Result<Status, Failure> {
    let status = Status::parse(text);
    if status.outcome().is_none() {
        return Err(wrong("status", &"it is no status that Stripe has; write one such as needs_response, won or lost"));
    }
    Ok(status)
}

/// When a day begins where the books are kept.
pub(super) fn midnight(day: NaiveDate, settings: &Settings) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN).and_local_timezone(settings.schedule.zone).earliest();
    local.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |at| at.to_utc())
}

/// What is known of a dispute, in the book where it counts: one that Stripe tells of as well is booked there.
pub(super) async fn at_home(key: &DisputeKey, ledger: &PostgresLedger) -> Result<(DisputeKey, Stored), Failure> {
    let mut key = key.clone();
    loop {
        let stored = ledger.load(&[Lookup::recorded(key.clone())]).await.map_err(Failure::failed)?.pop();
        let stored = stored.unwrap_or_default();
        match (stored.home(&key), &stored.same_as) {
            (Some(home), _) => key = home.clone(),
            (None, Some(same)) => {
                let message = format!("{key} is a double of {same}, and counts as nothing: say it of that one");
                return Err(Refused::new(message).into());
            }
            (None, None) => return Ok((key, stored)),
        }
    }
}

/// A statement that a person makes of a dispute.
pub(super) struct Statement {
    pub(super) key: DisputeKey,
    pub(super) status: Status,
    pub(super) as_of: DateTime<Utc>,
    pub(super) claims: Claims,
}

impl Statement {
    /// Books it; `body` holds what was typed, beside who typed it. Says how the dispute stands then.
    pub(super) async fn book(
        self,
        mut body: Value,
        said: &Said,
        ledger: &PostgresLedger,
        settings: &Settings,
    ) -> Result<Done, Failure> {
        if self.as_of > said.at {
            return Err(wrong("since", &"it can't be in the future"));
        }
        body["by"] = json!(said.by);
        body["reason"] = json!(said.reason);
        let body = body.to_string().into_bytes();
        let id = CauseId::of_body(&Sha256::digest(&body).into());
        let (key, status) = (self.key.clone(), self.status.clone());
        // What is said of today is of another moment each time, and is said once all the same.
        if at_home(&key, ledger).await?.1.facts.lines().any(|line| line.cause == id) {
            say("It was entered before, exactly so.")?;
            return Ok(Done::Well);
        }
        let event = self.event(id);
        let ingest = Ingest::new(Arc::new(ledger.clone()), settings.rules, settings.admission.clone());
        let received = Received { event, body, received_at: said.at };
        let receipts = ingest.ingest(&[received], said.at).await.map_err(Failure::failed)?;
        if !matches!(receipts.as_slice(), [Receipt::Recorded | Receipt::Duplicate]) {
            let message = "it could not be booked; `chargebook events list --quarantined` says why";
            return Err(Refused::new(message).into());
        }
        let (home, stored) = at_home(&key, ledger).await?;
        let present = stored.facts.present().map_or_else(|| status.clone(), |line| line.status.clone());
        if present == status {
            say(&format!("Dispute {home} is {} in the books.", status.as_str()))?;
            return Ok(Done::Well);
        }
        let (status, present) = (status.as_str(), present.as_str());
        say(&format!(
            "It is booked, and dispute {home} stays {present}: {status} was before that, or on the same day."
        ))?;
        Ok(Done::NeedsAttention)
    }

    fn event(self, id: CauseId) -> SourceEvent {
        let (account, event_type) = (self.key.account.clone(), EVENT_TYPE.to_owned());
        let observation = Observation {
            key: self.key,
            cause: id.clone(),
            basis: Basis::Event,
            as_of: self.as_of,
            status: self.status,
            claims: self.claims,
            movements: Vec::new(),
        };
        SourceEvent { account, id, event_type, livemode: None, reading: Reading::Dispute(Box::new(observation)) }
    }
}
