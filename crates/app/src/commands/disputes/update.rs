use chargebook_domain::ports::{Ledger, Lookup};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::entered::{AtGateway, Statement, midnight, status, wrong};
use crate::commands::{Done, Failure, Signed};
use crate::settings::Settings;

#[derive(Args)]
pub(in crate::commands) struct Update {
    #[command(flatten)]
    dispute: AtGateway,
    #[arg(long, help = "Its status now, in Stripe's words, such as under_review, won or lost")]
    status: String,
    /// The day it got that status [default: today]
    #[arg(long)]
    since: Option<NaiveDate>,
    #[command(flatten)]
    signed: Signed,
}

pub(super) async fn run(update: Update, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let key = update.dispute.key(settings)?;
    let (status, said) = (status(&update.status)?, update.signed.now());
    let stored = ledger.load(&[Lookup::recorded(key.clone())]).await.map_err(Failure::failed)?;
    let present = stored.first().and_then(|stored| stored.facts.present());
    let Some(present) = present else {
        return Err(wrong("id", &format!("no dispute {key} is in the books; `chargebook dispute add` enters one")));
    };
    let since = update.since.unwrap_or_else(|| settings.rules.business_date(said.at));
    if present.claims.opened_at.is_some_and(|filed_at| midnight(since, settings) < filed_at) {
        return Err(wrong("since", &"it can't be before the day the dispute was filed"));
    }
    let body = json!({
        "gateway": update.dispute.gateway, "id": update.dispute.id, "status": status.as_str(), "since": since,
    });
    let claims = present.claims.clone();
    Statement { key, status, since, claims }.book(body, &said, ledger, settings).await
}
