//! `rules check`, `rules log`, `rules test`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::ports::{Clock, Deed, Way};
use chargebook_domain::rules::{Action, Condition, CooldownPer, Rule};
use chargebook_domain::service::Looked;
use chargebook_domain::{CustomerId, Trigger};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{RuleFilter, RuleLine};
use chrono::TimeDelta;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;

use super::disputes::{Which, find};
use super::screen::Screen;
use super::{Done, Failure, Refused, usable};
use crate::clock::SystemClock;
use crate::rules_file::{self, RuleFile};
use crate::settings::Settings;
use crate::tables::{Columns, counted, len, maybe};
use crate::wiring::{self, Database};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Reads the rules, and says what each does or everything that is wrong
    Check(Check),
    /// Which rules were looked at, and why each fired or did not, the latest first
    Log(Log),
    /// Says what the rules would do for a dispute now; nothing is done
    Test(Test),
}

#[derive(Args)]
pub(super) struct Check {
    /// The file [default: rules.file of the settings]
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Log {
    /// Only this rule
    #[arg(long)]
    rule: Option<String>,
    /// Only this dispute
    #[arg(long)]
    dispute: Option<String>,
    /// Its book, where several books have a dispute of this id
    #[arg(long, requires = "dispute")]
    account: Option<String>,
    /// Only this customer, by the whole hash
    #[arg(long, value_parser = |text: &str| CustomerId::parse(text))]
    customer: Option<CustomerId>,
    /// Only those that fired
    #[arg(long)]
    fired: bool,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Test {
    /// The dispute
    #[arg(long)]
    dispute: String,
    /// Its book, where several books have a dispute of this id
    #[arg(long)]
    account: Option<String>,
    /// What is taken to have happened; may be given several times [default: all that can happen to a dispute]
    #[arg(long, value_parser = PossibleValuesParser::new(Trigger::ALL.map(Trigger::as_str)))]
    when: Vec<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    if let Command::Check(check) = command {
        return checked(check, settings, screen);
    }
    let database = Database::open_existing(settings).await?;
    let ledger = &database.ledger;
    let done = match (usable(ledger).await, command) {
        (Err(failure), _) => Err(failure),
        (Ok(()), Command::Log(log)) => show_log(log, ledger, screen).await,
        (Ok(()), Command::Test(test)) => tested(test, ledger, settings, screen).await,
        (Ok(()), Command::Check(_)) => Ok(Done::Well),
    };
    database.close().await;
    done
}

/// A rule in words.
#[derive(Serialize)]
struct RuleShown {
    name: String,
    when: Vec<&'static str>,
    all: Vec<String>,
    actions: Vec<String>,
    cooldown: Option<String>,
}

fn checked(check: Check, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    let Some(path) = check.file.or_else(|| settings.rules_file.clone()) else {
        return Err(Failure::Usage("there is no file of rules: name one, or set rules.file".to_owned()));
    };
    let RuleFile { rules, endpoints } = rules_file::read(&path).map_err(Failure::Settings)?;
    let shown: Vec<_> = rules.iter().map(rule_shown).collect();
    screen.show(&shown, |shown| {
        let of_rules = counted(len(shown), "rule", "rules");
        let of_endpoints = counted(endpoints.keys().map(|_| 1_u64).sum(), "endpoint", "endpoints");
        let lines: Vec<_> = shown.iter().map(told).collect();
        format!("{} is in order: {of_rules}, {of_endpoints}.\n\n{}", path.display(), lines.join("\n\n"))
    })?;
    Ok(Done::Well)
}

fn rule_shown(rule: &Rule) -> RuleShown {
    let per = match rule.per {
        CooldownPer::Customer => "a customer",
        CooldownPer::Dispute => "a dispute",
    };
    let cooldown = rule.cooldown.map(|time| format!("once in {} for {per}", lasting(time)));
    RuleShown {
        name: rule.name.to_string(),
        when: rule.when.iter().copied().map(Trigger::as_str).collect(),
        all: rule.all.iter().map(Condition::to_string).collect(),
        actions: rule.actions.iter().map(action).collect(),
        cooldown,
    }
}

/// A stretch in the largest unit that it is whole in.
fn lasting(time: TimeDelta) -> String {
    let units = [(time.num_days(), "day"), (time.num_hours(), "hour"), (time.num_minutes(), "minute")];
    let whole = [TimeDelta::days, TimeDelta::hours, TimeDelta::minutes];
    let found = units.into_iter().zip(whole).find(|((count, _), of)| *count > 0 && of(*count) == time);
    let (count, unit) = found.map_or((time.num_minutes(), "minute"), |(named, _)| named);
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn action(action: &Action) -> String {
    match action {
        Action::Block { reason } => format!("block the customer: {}", reason.as_str()),
        Action::Unblock => "take the block away".to_owned(),
        Action::Tag { tag } => format!("tag the customer {tag}"),
        Action::Mail { subject } => format!("mail \"{}\"", subject.as_str()),
        Action::Webhook { endpoint } => format!("post to {endpoint}"),
    }
}

fn told(rule: &RuleShown) -> String {
    let all = if rule.all.is_empty() { "always".to_owned() } else { rule.all.join("; ") };
    let mut lines = vec![
        rule.name.clone(),
        format!("  when      {}", rule.when.join(", ")),
        format!("  if all    {all}"),
        format!("  then      {}", rule.actions.join("; then ")),
    ];
    lines.extend(rule.cooldown.as_ref().map(|cooldown| format!("  at most   {cooldown}")));
    lines.join("\n")
}

async fn show_log(log: Log, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let dispute = match log.dispute {
        Some(id) => Some(find(&Which { id, account: log.account }, ledger).await?),
        None => None,
    };
    let customer = log.customer.map(|customer| customer.to_string());
    let filter = RuleFilter { rule: log.rule, dispute, customer, fired: log.fired.then_some(true) };
    let lines = ledger.rule_log(&filter, log.limit).await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No rule was looked at.".to_owned();
        }
        let about = |line: &RuleLine| line.dispute_id.clone().unwrap_or_else(|| line.follow_up.clone());
        Columns::of(lines)
            .left("At", |line| screen.time(line.evaluated_at))
            .left("Rule", |line| line.rule.clone())
            .left("About", about)
            .left("Fired", |line| if line.fired { "yes" } else { "no" })
            .left("Why", |line| line.why.clone())
            .table()
            .to_string()
    })?;
    Ok(Done::Well)
}

/// What the rules would do.
#[derive(Serialize)]
struct Would {
    score: Option<u8>,
    rules: Vec<RuleWould>,
    deeds: Vec<String>,
}

#[derive(Serialize)]
struct RuleWould {
    rule: String,
    fires: bool,
    why: String,
}

async fn tested(test: Test, ledger: &PostgresLedger, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    let acting = wiring::acting(settings, Arc::new(ledger.clone()))?;
    if acting.rules.iter().next().is_none() {
        return Err(Failure::Usage("there are no rules: set rules.file".to_owned()));
    }
    let key = find(&Which { id: test.dispute, account: test.account }, ledger).await?;
    let mut triggers: BTreeSet<_> = test.when.iter().filter_map(|word| Trigger::parse(word)).collect();
    if triggers.is_empty() {
        triggers.extend(Trigger::ALL.into_iter().filter(|trigger| *trigger != Trigger::RatioLevelReached));
    }
    let looked = acting.act().would(&key, &triggers, SystemClock.now()).await.map_err(Failure::failed)?;
    let Some(looked) = looked else {
        return Err(
            Refused::new(format!("{key} is a double of another dispute, and no rule is looked at for it")).into()
        );
    };
    screen.show(&would(&looked), |would| {
        let rules = Columns::of(&would.rules)
            .left("Rule", |rule| rule.rule.clone())
            .left("Would fire", |rule| if rule.fires { "yes" } else { "no" })
            .left("Why", |rule| rule.why.clone())
            .table();
        let deeds = if would.deeds.is_empty() { "Nothing would be done.".to_owned() } else { would.deeds.join("\n") };
        let score = would.score.map(|score| score.to_string());
        format!("{rules}\n\nThe customer's score would be {}.\n{deeds}", maybe(score.as_deref()))
    })?;
    Ok(Done::Well)
}

fn would(looked: &Looked) -> Would {
    let rules = looked.rules.iter().map(|logged| RuleWould {
        rule: logged.rule.to_string(),
        fires: logged.fired,
        why: logged.why.clone(),
    });
    Would {
        score: looked.score.as_ref().map(|score| score.value),
        rules: rules.collect(),
        deeds: looked.deeds.iter().map(deed).collect(),
    }
}

fn deed(deed: &Deed) -> String {
    match deed {
        Deed::Decide { customer, is_blocked, rule, .. } => {
            let what = if *is_blocked { "block" } else { "unblock" };
            format!("{rule} would {what} the customer {customer}.")
        }
        Deed::Tag { customer, tag, rule } => format!("{rule} would tag the customer {customer} with {tag}."),
        Deed::Send(message) => match &message.way {
            Way::Mail => format!("A mail \"{}\" would be sent.", message.subject),
            Way::Webhook(endpoint) => format!("{endpoint} would be posted to."),
        },
    }
}
