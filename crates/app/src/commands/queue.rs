//! `queue list`, `queue resend`.

use std::fmt::Write as _;

use chargebook_domain::ports::{Clock, Outbox};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{FollowUpLine, MessageLine, QueueLine};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;

use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::tables::{Columns, maybe, word};

#[derive(Subcommand)]
pub(super) enum Command {
    /// What waits to be followed up and to be sent, and what could not be
    List(List),
    /// Makes a dead message due once more
    Resend(Resend),
}

#[derive(Args)]
pub(super) struct List {
    /// Only this state [default: all but done]
    #[arg(long, value_parser = PossibleValuesParser::new(["queued", "running", "done", "failed", "dead"]))]
    state: Option<String>,
    /// At most this many of each queue
    #[arg(long, default_value_t = 20, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Resend {
    /// The message's id, as `queue list` shows it
    id: String,
}

#[derive(Serialize)]
struct Queues {
    counts: Vec<QueueLine>,
    follow_ups: Vec<FollowUpLine>,
    messages: Vec<MessageLine>,
}

pub(super) async fn run(command: Command, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    match command {
        Command::List(list) => show_list(list, ledger, screen).await,
        Command::Resend(Resend { id }) => {
            if !ledger.resend(&id, SystemClock.now()).await.map_err(Failure::failed)? {
                let message =
                    format!("no dead message has the id {id}; `chargebook queue list --state dead` shows them");
                return Err(Refused::new(message).into());
            }
            say("It is due: the server sends it within seconds.")?;
            Ok(Done::Well)
        }
    }
}

async fn show_list(list: List, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let state = list.state.as_deref();
    let mut follow_ups = ledger.follow_ups(state, list.limit).await.map_err(Failure::failed)?;
    let mut messages = ledger.messages(state, list.limit).await.map_err(Failure::failed)?;
    if state.is_none() {
        follow_ups.retain(|line| line.state != "done");
        messages.retain(|line| line.state != "done");
    }
    let counts = ledger.queues().await.map_err(Failure::failed)?;
    let is_stuck = counts.iter().any(|line| line.state == "failed" || line.state == "dead");
    screen.show(&Queues { counts, follow_ups, messages }, |queues| told(queues, screen))?;
    Ok(if is_stuck { Done::NeedsAttention } else { Done::Well })
}

fn told(queues: &Queues, screen: Screen) -> String {
    if queues.counts.is_empty() {
        return "Nothing was queued yet.".to_owned();
    }
    let counts = Columns::of(&queues.counts)
        .left("Queue", |line| word(&line.queue))
        .left("State", |line| word(&line.state))
        .right("Rows", |line| line.rows.to_string())
        .left("Oldest", |line| screen.time(line.oldest_at))
        .table();
    let mut text = counts.to_string();
    if !queues.follow_ups.is_empty() {
        let table = Columns::of(&queues.follow_ups)
            .left("Dispute", |line| line.dispute_id.clone())
            .left("What happened", |line| line.triggers.join(", ").replace('_', " "))
            .left("State", |line| word(&line.state))
            .right("Attempt", |line| line.attempt.to_string())
            .left("Due", |line| screen.time(line.due_at))
            .left("Why", |line| maybe(line.reason.as_deref()).to_owned())
            .table();
        // Writing to a String can't fail.
        let _ = write!(text, "\n\nFollow-ups\n{table}");
    }
    if !queues.messages.is_empty() {
        let table = Columns::of(&queues.messages)
            .left("Message", |line| line.message_id.clone())
            .left("Goes to", |line| line.endpoint.clone().unwrap_or_else(|| line.kind.clone()))
            .left("State", |line| word(&line.state))
            .right("Attempt", |line| line.attempt.to_string())
            .left("Due", |line| screen.time(line.due_at))
            .left("Why", |line| maybe(line.reason.as_deref()).to_owned())
            .table();
        let _ = write!(text, "\n\nMessages\n{table}");
    }
    text
}
