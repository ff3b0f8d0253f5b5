use chargebook_domain::{Claims, Currency, Money, OrderRef};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::entered::{AtGateway, Statement, midnight, status, wrong};
use crate::commands::{Done, Failure, Signed};
use crate::settings::Settings;

#[derive(Args)]
pub(in crate::commands) struct Entered {
    #[command(flatten)]
    dispute: AtGateway,
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
    #[command(flatten)]
    signed: Signed,
}

pub(super) async fn run(entered: Entered, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let key = entered.dispute.key()?;
    entered.dispute.is_expected(&key.account, settings)?;
    let currency = Currency::parse(&entered.currency).map_err(|error| wrong("currency", &error))?;
    let amount = Money::from_major(&entered.amount, currency).map_err(|error| wrong("amount", &error))?;
    if amount.minor() <= 0 {
        return Err(wrong("amount", &"it must be more than nothing"));
    }
    let status = status(&entered.status)?;
    let order = entered.order.as_deref().map(OrderRef::parse).transpose().map_err(|error| wrong("order", &error))?;
    let said = entered.signed.now();
    if midnight(entered.filed, settings) > said.at {
        return Err(wrong("filed", &"it can't be in the future"));
    }
    let since = entered.since.unwrap_or(entered.filed);
    if since < entered.filed {
        return Err(wrong("since", &"it can't be before the day the dispute was filed"));
    }
    let body = json!({
        "gateway": entered.dispute.gateway, "id": entered.dispute.id, "amount_minor": amount.minor(),
        "currency": currency.code(), "filed": entered.filed, "status": status.as_str(), "since": since,
        "order": entered.order, "brand": entered.brand, "dispute_reason": entered.dispute_reason,
    });
    let claims = Claims {
        order_hint: order,
        reason: entered.dispute_reason,
        card_brand: entered.brand,
        opened_at: Some(midnight(entered.filed, settings)),
        ..Claims::of(amount)
    };
    let as_of = midnight(since, settings);
    Statement { key, status, as_of, claims }.book(body, &said, ledger, settings).await
}
