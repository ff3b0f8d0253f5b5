//! `explain`: why a dispute is in the books as it is, or is not there at all.

mod advice;

use chargebook_domain::ID_BYTES_MAX;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::Clues;
use clap::Args;
use serde::Serialize;

use super::screen::Screen;
use super::{Done, Failure};
use crate::settings::Settings;

use advice::{Advice, Expected, advise};

#[derive(Args)]
pub(super) struct Options {
    /// A dispute (dp_, du_), an event (evt_), a charge (ch_), a payment intent (pi_), a fraud warning (issfr_), or an order
    id: String,
}

/// What is shown.
#[derive(Serialize)]
struct Explained<'a> {
    id: &'a str,
    #[serde(flatten)]
    advice: &'a Advice,
    clues: &'a Clues,
}

pub(super) async fn run(
    Options { id }: Options,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    let id = id.trim();
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err(Failure::Usage(format!("write an id of 1 to {ID_BYTES_MAX} bytes, such as du_...")));
    }
    let clues = ledger.clues(id).await.map_err(Failure::failed)?;
    let asks_stripe = settings.stripe_api.key.is_some();
    let advice = advise(id, &clues, &Expected { admission: &settings.admission, asks_stripe, zone: screen.zone });
    let explained = Explained { id, advice: &advice, clues: &clues };
    screen.show(&explained, |explained| explained.advice.to_string())?;
    Ok(if advice.is_in_order { Done::Well } else { Done::NeedsAttention })
}
