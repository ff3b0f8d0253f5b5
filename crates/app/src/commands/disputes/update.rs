use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::entered::{AtGateway, Statement, at_home, status, wrong};
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
    let key = update.dispute.key()?;
    let (status, said) = (status(&update.status)?, update.signed.now());
    let (_, stored) = at_home(&key, ledger).await?;
    let Some(present) = stored.facts.present() else {
        update.dispute.is_expected(&key.account, settings)?;
        return Err(wrong("id", &format!("no dispute {key} is in the books; `chargebook dispute add` enters one")));
    };
    let since = update.since.unwrap_or_else(|| settings.rules.business_date(said.at));
    if present.claims.opened_at.is_some_and(|filed_at| since < settings.rules.business_date(filed_at)) {
        return Err(wrong("since", &"it can't be before the day the dispute was filed"));
    }
    let body = json!({
        "gateway": update.dispute.gateway, "id": update.dispute.id, "status": status.as_str(), "since": since,
    });
    // After what was entered for the beginning of the day, as disputes are when they are added.
    let as_of = settings.rules.moment_of(since, said.at);
    let claims = present.claims.clone();
    Statement { key, status, as_of, claims }.book(body, &said, ledger, settings).await
}
