//! What has to do with asking Stripe: the key, how far the record is whole, what asking costs.

use chargebook_domain::ports::{Clock, Period, ReadError, Sweeps};
use chargebook_domain::{AccountId, BudgetLine, READS_A_MONTH, read_budget};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_source_stripe::{Permission, PermissionState};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Finding;
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::grouped;
use crate::telemetry::chain;
use crate::wiring;

/// A record that ends earlier than this shows that its sweep, which is hourly, does not come to its end.
const WHOLE_WITHIN: TimeDelta = TimeDelta::hours(3);

/// A month, for what a day costs.
const DAYS: u64 = 30;

const KEY: &str = "Stripe key";
const RECORD: &str = "record";
const BUDGET: &str = "read budget";

/// Whether the key works, and what it may not read.
pub(super) async fn key(settings: &Settings) -> Vec<Finding> {
    match wiring::stripe_api(settings) {
        Err(error) => vec![Finding::attention(KEY, error.to_string())],
        Ok(Some(api)) => permissions(&api.permissions().await),
        Ok(None) => {
            let detail = "stripe.api_key is not set: webhooks are booked without it, but history, lost events and late \
                          money are not looked for";
            vec![Finding::not_used(KEY, detail).remedy("the README says how to make a restricted key")]
        }
    }
}

fn permissions(permissions: &[Permission]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let granted: Vec<_> =
        permissions.iter().filter(|it| it.state == PermissionState::Granted).map(|it| it.name).collect();
    if !granted.is_empty() {
        findings.push(Finding::well(KEY, format!("it may read {}", granted.join(", "))));
    }
    let mut told: Option<&ReadError> = None;
    for Permission { name, needed_for, state } in permissions {
        match state {
            PermissionState::Granted => {}
            PermissionState::Missing => {
                let remedy = format!("give it the permission to read \"{name}\" in Stripe's dashboard");
                findings.push(
                    Finding::attention(KEY, format!("it may not read {name}, which is for {needed_for}"))
                        .remedy(remedy),
                );
            }
            // One cause keeps all of them from being answered.
            PermissionState::Unknown(error) if told == Some(error) => {}
            PermissionState::Unknown(error) => {
                findings.push(Finding::attention(KEY, error.to_string()));
                told = Some(error);
            }
        }
    }
    findings
}

/// How far the record of each book is whole, and what keeping it so costs.
pub(super) async fn record(settings: &Settings, ledger: &PostgresLedger) -> Vec<Finding> {
    if settings.stripe_api.key.is_none() {
        return vec![Finding::not_used(RECORD, "how far it is whole is not known without stripe.api_key")];
    }
    let now = SystemClock.now();
    let mut findings = Vec::new();
    for book in settings.books() {
        findings.push(match ledger.whole(&book).await {
            Ok(period) => whole(&book, period, now),
            Err(error) => Finding::attention(RECORD, chain(&error)),
        });
        findings.push(match ledger.read_volume(&book, now).await {
            Ok(volume) => budget(&book, &read_budget(&volume)),
            Err(error) => Finding::attention(BUDGET, chain(&error)),
        });
    }
    findings
}

fn whole(book: &AccountId, period: Option<Period>, now: DateTime<Utc>) -> Finding {
    let Some(Period { from, until }) = period else {
        return Finding::not_used(RECORD, format!("how far that of {book} is whole is not known yet"))
            .remedy("a running server looks for lost events by itself, and `chargebook backfill` for what is older");
    };
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let detail = format!("that of {book} is whole from {} until {}", time(from), time(until));
    if now.signed_duration_since(until) > WHOLE_WITHIN {
        let remedy = "run the server, or see in its log why the sweep for gaps fails";
        return Finding::attention(RECORD, detail).remedy(remedy);
    }
    Finding::well(RECORD, detail)
}

fn budget(book: &AccountId, lines: &[BudgetLine]) -> Finding {
    let a_day = lines.iter().fold(0_u64, |sum, line| sum.saturating_add(line.per_day));
    let a_month = a_day.saturating_mul(DAYS);
    let [shown_day, shown_month, granted] = [a_day, a_month, READS_A_MONTH].map(grouped);
    let detail = format!(
        "that of {book} is {shown_day} requests a day, {shown_month} in {DAYS} days; Stripe grants {granted} a month at least"
    );
    let list = lines.iter().map(|line| format!("{:>7} a day: {}", grouped(line.per_day), line.what)).collect();
    let finding = if a_month > READS_A_MONTH {
        let remedy = "compare it with your payments at Stripe: each adds to what is granted";
        Finding::attention(BUDGET, detail).remedy(remedy)
    } else {
        Finding::well(BUDGET, detail)
    };
    Finding { list, ..finding }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn each_missing_permission_is_a_finding_and_one_failure_is_told_once() {
        let unknown = || PermissionState::Unknown(ReadError::Unavailable { reason: "Stripe is away".to_owned() });
        let permission = |name, state| Permission { name, needed_for: "something", state };
        let findings = permissions(&[
            permission("Disputes", PermissionState::Granted),
            permission("Events", PermissionState::Missing),
            permission("Charges", unknown()),
            permission("PaymentIntents", unknown()),
        ]);
        let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "ok Stripe key: it may read Disputes",
                "!! Stripe key: it may not read Events, which is for something; give it the permission to read \"Events\" in \
                 Stripe's dashboard",
                "!! Stripe key: Stripe is away",
            ]
        );
    }

    #[test]
    fn a_record_that_ends_hours_ago_needs_attention() {
        let now = at("2026-11-21T12:00:00Z");
        for (until, state) in [("2026-11-21T09:00:00Z", State::Ok), ("2026-11-21T08:59:59Z", State::Attention)] {
            let period = Period { from: at("2026-01-01T00:00:00Z"), until: at(until) };
            let finding = whole(&AccountId::own(), Some(period), now);
            assert!(finding.state == state, "{finding}");
        }
        assert!(whole(&AccountId::own(), None, now).state == State::NotUsed);
    }

    #[test]
    fn a_budget_beyond_what_is_granted_needs_attention() {
        let lines = |per_day| vec![BudgetLine { what: "events", per_day }, BudgetLine { what: "money", per_day: 4 }];
        let shown = budget(&AccountId::own(), &lines(329)).to_string();
        let expected = "ok read budget: that of default is 333 requests a day, 9,990 in 30 days; Stripe grants 10,000 a \
                        month at least\n       329 a day: events\n         4 a day: money";
        assert_eq!(shown, expected);
        assert!(budget(&AccountId::own(), &lines(330)).state == State::Attention);
    }
}
