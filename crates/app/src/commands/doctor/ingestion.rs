//! Whether disputes arrive: the last ones, how each source of deliveries is, the queues.

use chargebook_domain::ports::{Clock, LedgerError, Overview, QueueState, RecentDispute};
use chargebook_domain::{Light, SourceHealth};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Finding;
use crate::asking;
use crate::clock::SystemClock;
use crate::deliveries::health_of_sources;
use crate::settings::Settings;
use crate::tables::{amount, counted, currency, grouped, maybe};
use crate::telemetry::chain;

/// What waits for longer than this is worked on by nobody.
const LATE: TimeDelta = TimeDelta::hours(1);

const DISPUTES: &str = "last disputes";
const DELIVERIES: &str = "deliveries";
const QUEUE: &str = "queue";

/// What the books say of what arrived.
pub(super) async fn ingestion(settings: &Settings, ledger: &PostgresLedger) -> Vec<Finding> {
    look(settings, ledger).await.unwrap_or_else(|error| vec![Finding::attention(DELIVERIES, chain(&error))])
}

async fn look(settings: &Settings, ledger: &PostgresLedger) -> Result<Vec<Finding>, LedgerError> {
    let now = SystemClock.now();
    let ingestion = ledger.ingestion(now).await?;
    let whole = match settings.stripe_api.key {
        Some(_) => asking::whole(ledger, &settings.books()).await?,
        None => None,
    };
    let mut findings = vec![disputes(&ingestion.recent)];
    findings.extend(health_of_sources(&settings.sources(), &ingestion, whole, now).iter().map(source));
    findings.extend(ingestion.queues.iter().map(|state| queue(state, now)));
    Ok(findings)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn disputes(recent: &[RecentDispute]) -> Finding {
    let Some(last) = recent.first() else { return Finding::not_used(DISPUTES, "there is none yet") };
    let filed = last.opened_at.map_or_else(|| "-".to_owned(), time);
    let line = |dispute: &RecentDispute| {
        let disputed = dispute.disputed.currency();
        let code = disputed.code();
        let filed = dispute.opened_at.map_or_else(|| "-".to_owned(), time);
        format!(
            "{filed} {} {}: {} {} {}, {}, {}",
            dispute.account,
            dispute.dispute,
            maybe(dispute.card_brand.as_deref()),
            amount(dispute.disputed.minor(), code),
            currency(code),
            dispute.status,
            dispute.order_match
        )
    };
    let finding = Finding::well(DISPUTES, format!("the last was filed {filed}"));
    Finding { list: recent.iter().map(line).collect(), ..finding }
}

fn source(health: &SourceHealth) -> Finding {
    let SourceHealth { source, last_event, answers, light, why, remedy } = health;
    let detail = format!("{source} is {}: {why}", light.as_str());
    let finding = match (light, last_event) {
        (Light::Green, _) => Finding::well(DELIVERIES, detail),
        // Before the first one, there is nothing that could have gone wrong.
        (Light::Yellow, None) => Finding::not_used(DELIVERIES, detail),
        (Light::Yellow | Light::Red, _) => Finding::attention(DELIVERIES, detail),
    };
    let list = answers.iter().map(|(answer, deliveries)| format!("{:>7} of 7 days: {answer}", grouped(*deliveries)));
    Finding { remedy: remedy.clone(), list: list.collect(), ..finding }
}

fn queue(state: &QueueState, now: DateTime<Utc>) -> Finding {
    let QueueState { name, queued, running, failed, oldest_due, failures } = state;
    let shown = format!("{name}: {} waiting, {} being worked on", grouped(*queued), grouped(*running));
    if *failed > 0 {
        let list = failures
            .iter()
            .map(|failure| format!("{} {}: {}", time(failure.ended_at), failure.id, maybe(failure.reason.as_deref())));
        let detail = format!("{shown}, {} given up", counted(*failed, "piece of work was", "pieces of work were"));
        let finding = Finding::attention(QUEUE, detail).remedy("`chargebook queue list` shows them");
        return Finding { list: list.collect(), ..finding };
    }
    match oldest_due.filter(|due| now.signed_duration_since(due) > LATE) {
        Some(due) => Finding::attention(QUEUE, format!("{shown}, the oldest since {}", time(due)))
            .remedy("run the server, or see in its log why it does not work them"),
        None => Finding::well(QUEUE, shown),
    }
}

#[cfg(test)]
mod tests {
    use crate::deliveries::STRIPE;
    use chargebook_domain::ports::QueueFailure;
    use chargebook_domain::{AccountId, Currency, DisputeId, Money};

    use super::super::State;
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn health(light: Light, last_event: Option<DateTime<Utc>>) -> SourceHealth {
        let (source, why) = (STRIPE.to_owned(), "because".to_owned());
        SourceHealth { source, last_event, answers: [("recorded".to_owned(), 3)].into(), light, why, remedy: None }
    }

    #[test]
    fn a_light_that_is_not_green_needs_attention_once_there_were_events() {
        for (light, last_event, state) in [
            (Light::Green, Some(now()), State::Ok),
            (Light::Yellow, Some(now()), State::Attention),
            (Light::Yellow, None, State::NotUsed),
            (Light::Red, None, State::Attention),
        ] {
            let finding = source(&health(light, last_event));
            assert!(finding.state == state, "{finding}");
        }
        let shown = source(&health(Light::Green, Some(now()))).to_string();
        assert_eq!(shown, "ok deliveries: stripe is green: because\n         3 of 7 days: recorded");
    }

    #[test]
    fn a_queue_that_nobody_works_or_that_gave_up_needs_attention() {
        let state = |minutes: i64, failed| QueueState {
            name: "outbox".to_owned(),
            queued: 1,
            running: 0,
            failed,
            oldest_due: Some(now() - TimeDelta::minutes(minutes)),
            failures: vec![QueueFailure { id: "m1".to_owned(), ended_at: now(), reason: Some("410".to_owned()) }],
        };
        for (minutes, failed, expected) in [(60, 0, State::Ok), (61, 0, State::Attention), (0, 1, State::Attention)] {
            let finding = queue(&state(minutes, failed), now());
            assert!(finding.state == expected, "{finding}");
        }
        assert!(queue(&state(0, 1), now()).to_string().ends_with("\n   2026-11-21T12:00:00Z m1: 410"));
    }

    #[test]
    fn the_last_disputes_are_listed() {
        assert!(disputes(&[]).state == State::NotUsed);
        let dispute = RecentDispute {
            account: AccountId::own(),
            dispute: DisputeId::parse("du_1").unwrap(),
            card_brand: Some("visa".to_owned()),
            disputed: Money::new(10_000, Currency::parse("usd").unwrap()),
            status: "lost".to_owned(),
            opened_at: Some(now()),
            order_match: "orphan".to_owned(),
        };
        let shown = disputes(&[dispute]).to_string();
        assert!(shown.ends_with("\n   2026-11-21T12:00:00Z default du_1: visa 100.00 USD, lost, orphan"), "{shown}");
    }
}
