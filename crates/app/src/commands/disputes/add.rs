use std::sync::Arc;

use chargebook_domain::ports::{Clock, Reading, SourceEvent};
use chargebook_domain::service::{Ingest, Receipt, Received};
use chargebook_domain::{
    AccountId, Basis, CauseId, Claims, Currency, DisputeId, DisputeKey, Money, Observation, OrderRef, Status,
};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::clock::SystemClock;
use crate::commands::{Done, Failure, Refused, say};
use crate::settings::Settings;

/// The kind of event that such an entry is.
const EVENT_TYPE: &str = "manual.dispute";

#[derive(Args)]
pub(in crate::commands) struct Entered {
    /// The gateway; its book is manual:<gateway>
    #[arg(long)]
    gateway: String,
    /// What the gateway calls the dispute. Entered again with another status, it is the same dispute
    #[arg(long)]
    id: String,
    /// What the cardholder disputes, in major units, such as 12.50
    #[arg(long)]
    amount: String,
    /// Its currency, such as usd
    #[arg(long)]
    currency: String,
    /// The day it was filed, such as 2026-11-01
    #[arg(long)]
    filed: NaiveDate,
    #[arg(long, help = "Its status in Stripe's words, such as needs_response, under_review, won or lost")]
    status: String,
    /// The day it got that status [default: the day it was filed]
    #[arg(long)]
    since: Option<NaiveDate>,
    /// The order it is about
    #[arg(long)]
    order: Option<String>,
    /// The card's brand, such as visa
    #[arg(long)]
    brand: Option<String>,
    /// The gateway's word for the cardholder's reason
    #[arg(long)]
    dispute_reason: Option<String>,
    /// Who enters it
    #[arg(long)]
    by: String,
    /// Where it is known from
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(entered: Entered, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let received = received(&entered, settings, SystemClock.now())?;
    let key = match &received.event.reading {
        Reading::Dispute(observation) => observation.key.clone(),
        _ => return Ok(Done::Well),
    };
    let ingest = Ingest::new(Arc::new(ledger.clone()), settings.rules, settings.admission.clone());
    let receipts = ingest.ingest(&[received], SystemClock.now()).await.map_err(Failure::failed)?;
    match receipts.first() {
        Some(Receipt::Recorded) => say(&format!("Dispute {key} is {} in the books.", entered.status))?,
        Some(Receipt::Duplicate) => say("It was entered before, exactly so.")?,
        Some(Receipt::Ignored | Receipt::Quarantined) | None => {
            let message = "it could not be booked; `chargebook events list --quarantined` says why";
            return Err(Refused::new(message).into());
        }
    }
    Ok(Done::Well)
}

/// The entry as a source event: what is typed twice has one id, and is booked once.
fn received(entered: &Entered, settings: &Settings, now: DateTime<Utc>) -> Result<Received, Failure> {
    let wrong = |argument: &str, error: &dyn std::fmt::Display| Failure::Usage(format!("--{argument}: {error}"));
    let account = AccountId::parse(&format!("manual:{}", entered.gateway)).map_err(|error| wrong("gateway", &error))?;
    let dispute = DisputeId::parse(&entered.id).map_err(|error| wrong("id", &error))?;
    let currency = Currency::parse(&entered.currency).map_err(|error| wrong("currency", &error))?;
    let amount = Money::from_major(&entered.amount, currency).map_err(|error| wrong("amount", &error))?;
    if amount.minor() <= 0 {
        return Err(wrong("amount", &"it must be more than nothing"));
    }
    let status = Status::parse(&entered.status);
    if status.outcome().is_none() {
        return Err(wrong("status", &"it is no status that Stripe has; write one such as needs_response, won or lost"));
    }
    let order = entered.order.as_deref().map(OrderRef::parse).transpose().map_err(|error| wrong("order", &error))?;
    let midnight = |day: NaiveDate| {
        let local = day.and_time(NaiveTime::MIN).and_local_timezone(settings.schedule.zone).earliest();
        local.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |at| at.to_utc())
    };
    let since = entered.since.unwrap_or(entered.filed);
    if since < entered.filed {
        return Err(wrong("since", &"it can't be before the day the dispute was filed"));
    }
    let body = json!({
        "gateway": entered.gateway, "id": entered.id, "amount_minor": amount.minor(), "currency": currency.code(),
        "filed": entered.filed, "status": status.as_str(), "since": since, "order": entered.order,
        "brand": entered.brand, "dispute_reason": entered.dispute_reason, "by": entered.by, "reason": entered.reason,
    });
    let body = body.to_string().into_bytes();
    let id = CauseId::of_body(&Sha256::digest(&body).into());
    let observation = Observation {
        key: DisputeKey { account: account.clone(), dispute },
        cause: id.clone(),
        basis: Basis::Event,
        as_of: midnight(since),
        status,
        claims: Claims {
            order_hint: order,
            reason: entered.dispute_reason.clone(),
            card_brand: entered.brand.clone(),
            opened_at: Some(midnight(entered.filed)),
            ..Claims::of(amount)
        },
        movements: Vec::new(),
    };
    let reading = Reading::Dispute(Box::new(observation));
    let event = SourceEvent { account, id, event_type: EVENT_TYPE.to_owned(), livemode: None, reading };
    Ok(Received { event, body, received_at: now })
}
