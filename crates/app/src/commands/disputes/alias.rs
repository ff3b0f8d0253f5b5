use std::sync::Arc;

use chargebook_domain::ports::{Alias, Clock, Joined, LedgerError};
use chargebook_domain::service::{Join, MatchOrders};
use chargebook_ledger_postgres::PostgresLedger;
use clap::Args;

use super::{Which, find};
use crate::clock::SystemClock;
use crate::commands::{Done, Failure, Refused, say};
use crate::settings::Settings;

#[derive(Args)]
pub(in crate::commands) struct Pair {
    /// The double: it keeps its facts, and counts as nothing from now on
    id: String,
    /// The book of the double, where several books have a dispute of this id
    #[arg(long)]
    account: Option<String>,
    /// The dispute that counts
    same_as: String,
    /// The book of the dispute that counts, where several books have one of this id
    #[arg(long)]
    same_as_account: Option<String>,
    /// Who says so
    #[arg(long)]
    by: String,
    /// Why they are the same
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(pair: Pair, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let key = find(&Which { id: pair.id, account: pair.account }, ledger).await?;
    let same_as = find(&Which { id: pair.same_as, account: pair.same_as_account }, ledger).await?;
    if key == same_as {
        return Err(Failure::Usage(format!("{key} can't be a double of itself: name two disputes")));
    }
    let shared = Arc::new(ledger.clone());
    let matching = MatchOrders::new(shared.clone(), shared.clone(), settings.rules);
    let join = Join::new(shared.clone(), shared, matching, settings.rules);
    let (joined_by, joined_at) = (pair.by, SystemClock.now());
    let alias = Alias { key: key.clone(), same_as: same_as.clone(), joined_by, reason: pair.reason, joined_at };
    let answer = match join.join(&alias).await {
        Ok(joined) => joined,
        Err(LedgerError::Refused { reason }) => return Err(Refused::new(reason).into()),
        Err(error) => return Err(Failure::failed(error)),
    };
    match answer {
        Joined::Kept => say(&format!("{key} is the same as {same_as}, and counts as nothing from now on.")),
        Joined::KnownBefore => say(&format!("{key} is known to be the same as {same_as}.")),
        Joined::NoSuchDispute(key) => Err(Refused::new(format!("no dispute {key} is in the books")).into()),
        Joined::IsADouble { key, of } => {
            let message = format!("{key} is a double of {of} already: name {of} in its place, if that is meant");
            Err(Refused::new(message).into())
        }
        Joined::HasTies(key) => {
            let message = format!(
                "fees of the account are tied to {key}, so that it must count: name the two the other way round"
            );
            Err(Refused::new(message).into())
        }
        Joined::HasDoubles(key) => {
            let message =
                format!("others are doubles of {key}, so that it must count: name the two the other way round");
            Err(Refused::new(message).into())
        }
    }?;
    Ok(Done::Well)
}
