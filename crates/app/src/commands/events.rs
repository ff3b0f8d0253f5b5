//! `events list`, `events replay`.

use std::sync::Arc;

use chargebook_domain::ports::{Clock, SourceEvent};
use chargebook_domain::service::{Ingest, Receipt, Received};
use chargebook_domain::{AccountId, CauseId};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{EventLine, KeptBody};
use chargebook_source_stripe::read_kept;
use chargebook_source_woocommerce as woocommerce;
use clap::{Args, Subcommand, value_parser};

use super::disputes::account;
use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::{Columns, len, maybe, word};

/// How many events one look at the quarantine takes.
const QUARANTINED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub(super) enum Command {
    /// What was received, the latest first
    List(List),
    /// Reads kept events again, and books what can be booked now: after an upgrade, or when settings were corrected
    Replay(Replay),
}

#[derive(Args)]
pub(super) struct List {
    /// Only what could not be booked
    #[arg(long)]
    quarantined: bool,
    /// Only of this book, such as default or acct_...
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Replay {
    /// One event; without it, everything that is quarantined
    id: Option<String>,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    match command {
        Command::List(list) => {
            let disposition = list.quarantined.then_some("quarantined");
            let events =
                ledger.events(disposition, list.account.as_ref(), list.limit).await.map_err(Failure::failed)?;
            screen.show(&events, |events| listed(events, screen))?;
            Ok(Done::Well)
        }
        Command::Replay(replay) => replayed(replay, ledger, settings).await,
    }
}

fn listed(events: &[EventLine], screen: Screen) -> String {
    if events.is_empty() {
        return "No events.".to_owned();
    }
    let columns = Columns::of(events)
        .left("Received", |event| screen.time(event.received_at))
        .left("Event", |event| event.event_id.clone())
        .left("Book", |event| event.account.clone())
        .left("Type", |event| event.event_type.clone())
        .left("What became of it", |event| word(&event.disposition))
        .left("Why", |event| maybe(event.reason.as_deref()).to_owned());
    columns.table().to_string()
}

/// What became of events that were read again.
#[derive(Default)]
struct Replayed {
    booked: u64,
    known: u64,
    kept: u64,
    /// Their bodies were removed, so that nobody can read them again.
    removed: u64,
    /// They are answers of Stripe's API or a shop's, which is asked again for them.
    asked_for: u64,
    /// Whether there are more than were looked at.
    more: bool,
}

/// How the kinds begin of what was read, and not received.
const READ: &str = "read.";

async fn replayed(replay: Replay, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let one = replay.id.is_some();
    let mut replayed = Replayed::default();
    let ids = match replay.id {
        Some(id) => vec![id],
        None => quarantined(ledger, &mut replayed).await?,
    };
    let ingest = Ingest::new(Arc::new(ledger.clone()), settings.rules, settings.admission.clone());
    for id in ids {
        let id = CauseId::parse(&id).map_err(Refused::wrong_usage)?;
        let bodies = ledger.bodies(&id).await.map_err(Failure::failed)?;
        if bodies.is_empty() && one {
            return Err(Refused::new(format!("no body of event {id} is kept")).into());
        }
        replayed.removed += u64::from(bodies.is_empty());
        for KeptBody { account, event_type, body, received_at } in bodies {
            if event_type.starts_with(READ) {
                replayed.asked_for += 1;
                continue;
            }
            let text = String::from_utf8_lossy(&body);
            let read = if woocommerce::came_through_a_shop(&account, &event_type, &text) {
                woocommerce::read_kept(&account, &text, received_at)
            } else {
                read_kept(&account, &text)
            };
            // It stays under the id that it was kept under, also where its own can be read by now.
            let event = SourceEvent { id: id.clone(), ..read };
            let batch = [Received { event, body, received_at }];
            match ingest.ingest(&batch, SystemClock.now()).await.map_err(Failure::failed)?.as_slice() {
                [Receipt::Recorded] => replayed.booked += 1,
                [Receipt::Quarantined] => replayed.kept += 1,
                _ => replayed.known += 1,
            }
        }
    }
    told(&replayed)
}

fn told(replayed: &Replayed) -> Result<Done, Failure> {
    let Replayed { booked, known, kept, removed, asked_for, more } = replayed;
    let mut told = vec![format!("{booked} events were booked, {known} were known before, {kept} stay quarantined.")];
    if *asked_for > 0 {
        told.push(format!(
            "{asked_for} were read from Stripe's API or a shop's and stay quarantined: `chargebook backfill`, `chargebook \
             tieout --repair` and `chargebook woocommerce pull` read them again."
        ));
    }
    if *removed > 0 {
        told.push(format!("{removed} were skipped and stay quarantined: their bodies are not kept."));
    }
    if *more {
        told.push(format!("These were the latest {QUARANTINED_MAX}, more are quarantined: replay again, or name one."));
    }
    say(&told.join("\n"))?;
    Ok(if kept + removed + asked_for > 0 || *more { Done::NeedsAttention } else { Done::Well })
}

/// The latest quarantined events that were received.
async fn quarantined(ledger: &PostgresLedger, replayed: &mut Replayed) -> Result<Vec<String>, Failure> {
    let events = ledger.events(Some("quarantined"), None, QUARANTINED_MAX + 1).await.map_err(Failure::failed)?;
    let max = usize::try_from(QUARANTINED_MAX).unwrap_or(usize::MAX);
    replayed.more = events.len() > max;
    let (read, received): (Vec<_>, Vec<_>) =
        events.into_iter().take(max).partition(|event| event.event_type.starts_with(READ));
    replayed.asked_for = len(&read);
    Ok(received.into_iter().map(|event| event.event_id).collect())
}
