//! A rule, but for its conditions.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::Trigger;
use chargebook_domain::rules::{Action, CooldownPer, EndpointName, OneLine, Rule, RuleName, Tag, impossible};
use chargebook_notifier_webhook::WebhookEndpoint;
use chrono::TimeDelta;
use toml::Value;

use super::condition::condition;
use super::section::{Notes, Section, one_of};
use super::{RULES_MAX, WHOLE};

/// How many conditions a rule may have.
const CONDITIONS_MAX: usize = 20;

/// How many actions.
const ACTIONS_MAX: usize = 10;

/// The longest cooldown.
const COOLDOWN_MAX: TimeDelta = TimeDelta::days(366);

const KEYS: [&str; 6] = ["name", "when", "all", "actions", "cooldown", "per"];

type Endpoints = BTreeMap<EndpointName, Option<WebhookEndpoint>>;

/// Every rule that has a name; of one with a problem, what can be read of it.
pub(super) fn rules(top: &mut Section, endpoints: &Endpoints, notes: &mut Notes) -> Vec<Rule> {
    let sections = top.tables("rule", "rule", notes);
    at_most(WHOLE, sections.len(), RULES_MAX, "rules", notes);
    let mut rules = Vec::new();
    for section in sections {
        let (place, known) = (named(&section), notes.problems.len());
        let Some(rule) = rule(Section { place: place.clone(), ..section }, endpoints, notes) else { continue };
        // What is wrong in a part would only be said again of the whole.
        if notes.problems.len() == known
            && let Some(why) = impossible(&rule)
        {
            notes.note(&place, format!("it can't do what it says: {why}"), "correct it, or remove the rule");
        }
        rules.push(rule);
    }
    rules
}

/// A rule by its name, or by its number while it has none that can be used.
fn named(section: &Section) -> String {
    let name = section.table.get("name").and_then(Value::as_str).and_then(|name| RuleName::parse(name).ok());
    name.map_or_else(|| section.place.clone(), |name| format!("rule {name}"))
}

fn rule(mut section: Section, endpoints: &Endpoints, notes: &mut Notes) -> Option<Rule> {
    let name = section.need("name", RuleName::parse, notes);
    let when = triggers(&mut section, notes);
    let conditions = section.tables("all", "condition", notes);
    at_most(&section.place, conditions.len(), CONDITIONS_MAX, "conditions", notes);
    let all = conditions.into_iter().filter_map(|section| condition(section, notes)).collect();
    let has_actions = section.table.get("actions").is_some_and(|actions| actions.as_array() != Some(&Vec::new()));
    let actions = section.tables("actions", "action", notes);
    if !has_actions {
        notes.note(&section.place, "it does nothing", "write actions = [{ do = \"mail\", subject = \"...\" }]");
    }
    at_most(&section.place, actions.len(), ACTIONS_MAX, "actions", notes);
    let actions = actions.into_iter().filter_map(|section| action(section, endpoints, notes)).collect();
    let (cooldown, per) = cooldown(&mut section, notes);
    section.finish(&KEYS, notes);
    Some(Rule { name: name?, when, all, actions, cooldown, per })
}

fn at_most(place: &str, count: usize, max: usize, what: &str, notes: &mut Notes) {
    if count > max {
        notes.note(place, format!("it has {count} {what}"), format!("{max} at most: each is looked at every time"));
    }
}

fn triggers(section: &mut Section, notes: &mut Notes) -> BTreeSet<Trigger> {
    let known = Trigger::ALL.map(Trigger::as_str);
    let given = section.table.contains_key("when");
    let mut triggers = BTreeSet::new();
    let Some(words) = section.list("when", notes).or_else(|| (!given).then(Vec::new)) else { return triggers };
    if words.is_empty() {
        let remedy = format!("write when = [\"...\"] with some of {}", known.join(", "));
        notes.note(&section.place, "it waits for nothing", remedy);
    }
    for word in words {
        let word = word.as_str().unwrap_or_default();
        match Trigger::parse(word) {
            Some(trigger) => {
                triggers.insert(trigger);
            }
            None => notes.note(&section.place, format!("there is no trigger `{word}`"), one_of(word, &known)),
        }
    }
    triggers
}

fn action(mut section: Section, endpoints: &Endpoints, notes: &mut Notes) -> Option<Action> {
    let word = section.need("do", |text| Ok::<_, String>(text.to_owned()), notes)?;
    let (action, key) = match word.as_str() {
        "block" => (section.need("reason", OneLine::parse, notes).map(|reason| Action::Block { reason }), "reason"),
        "unblock" => (Some(Action::Unblock), "do"),
        "tag" => (section.need("tag", Tag::parse, notes).map(|tag| Action::Tag { tag }), "tag"),
        "mail" => (section.need("subject", OneLine::parse, notes).map(|subject| Action::Mail { subject }), "subject"),
        "webhook" => {
            let endpoint = section.need("endpoint", EndpointName::parse, notes);
            (endpoint.map(|endpoint| Action::Webhook { endpoint }), "endpoint")
        }
        _ => {
            notes.note(&section.place, format!("there is no action `{word}`"), one_of(&word, &Action::WORDS));
            return None;
        }
    };
    if let Some(Action::Webhook { endpoint }) = action.as_ref()
        && !endpoints.contains_key(endpoint)
    {
        let known: Vec<_> = endpoints.keys().map(EndpointName::as_str).collect();
        let write = format!("write [endpoint.{endpoint}] with its url and secret");
        let remedy = if known.is_empty() { write } else { one_of(endpoint.as_str(), &known) };
        notes.note(&section.place, format!("there is no endpoint `{endpoint}`"), remedy);
    }
    section.finish(&["do", key], notes);
    action
}

/// How long a rule is quiet once it has fired, and for whom.
fn cooldown(section: &mut Section, notes: &mut Notes) -> (Option<TimeDelta>, CooldownPer) {
    let given = section.table.contains_key("cooldown");
    let cooldown = given.then(|| section.need("cooldown", duration, notes)).flatten();
    let per = section.text("per", notes).map(|word| (CooldownPer::parse(&word), word));
    match per {
        Some(_) if !given => notes.note(&section.place, "`per` is for a cooldown only", "set cooldown, or remove it"),
        Some((None, word)) => {
            let known = CooldownPer::ALL.map(CooldownPer::as_str);
            notes.note(&section.place, format!("there is no cooldown per `{word}`"), one_of(&word, &known));
        }
        Some((Some(per), _)) => return (cooldown, per),
        None => {}
    }
    (cooldown, CooldownPer::default())
}

/// Whole minutes, hours or days: `30m`, `12h`, `7d`.
fn duration(text: &str) -> Result<TimeDelta, &'static str> {
    let read = || {
        let unit = text.chars().last()?;
        let number = text.strip_suffix(unit)?.parse::<u32>().ok()?.into();
        let duration = match unit {
            'm' => TimeDelta::try_minutes(number),
            'h' => TimeDelta::try_hours(number),
            'd' => TimeDelta::try_days(number),
            _ => None,
        };
        duration.filter(|duration| (TimeDelta::minutes(1)..=COOLDOWN_MAX).contains(duration))
    };
    read().ok_or("write minutes, hours or days, up to a year, such as \"30m\", \"12h\" or \"7d\"")
}
