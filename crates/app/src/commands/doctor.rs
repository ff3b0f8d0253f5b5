//! `doctor`: looks at everything that must be right before the server can work, and says what to do about the rest.

mod asking;
mod ingestion;
mod mail;
mod outlook;

use chargebook_domain::ports::Clock;
use chargebook_ledger_postgres::{MappingReport, MigrationState, PostgresLedger};
use chrono::TimeDelta;

use super::screen::show;
use super::{Done, Failure};
use crate::clock::SystemClock;
use crate::finding::{Finding, SETTINGS, State};
use crate::settings::{Problem, Settings};
use crate::telemetry::chain;
use crate::wiring::Database;

/// Beyond this, days and "more than 24 hours ahead" are decided by a clock that is wrong.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(5);

pub(super) async fn run(settings: Result<Settings, Vec<Problem>>, json: bool) -> Result<Done, Failure> {
    let (findings, done) = match settings {
        Err(problems) => (problems.iter().map(Finding::of_setting).collect(), Done::WrongSettings),
        Ok(settings) => {
            let findings = look(&settings).await;
            let done = if findings.iter().any(Finding::is_wrong_setting) {
                Done::WrongSettings
            } else if findings.iter().any(|finding| finding.state == State::Attention) {
                Done::NeedsAttention
            } else {
                Done::Well
            };
            (findings, done)
        }
    };
    show(json, &findings, |findings| findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    Ok(done)
}

async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![webhook_secrets(settings)];
    findings.extend(database(settings).await);
    findings.extend(asking::key(settings).await);
    findings.extend(outlook::outlook(settings).await);
    findings.extend(mail::smtp(settings).await);
    findings.push(mail::webhook(settings));
    if !findings.iter().any(Finding::is_wrong_setting) {
        findings.push(Finding::well(SETTINGS, "every setting can be used"));
    }
    findings.sort_by_key(|finding| finding.check != SETTINGS);
    findings
}

fn webhook_secrets(settings: &Settings) -> Finding {
    let about = "webhook secrets";
    match settings.webhook_secrets.len() {
        0 if !settings.shops.is_empty() => {
            Finding::not_used(about, "none of Stripe's: webhooks are taken from shops only")
        }
        0 => Finding::attention(about, "there is none")
            .remedy("set stripe.webhook_secrets to your endpoint's signing secret"),
        1 => Finding::well(about, "one"),
        several => Finding::well(about, format!("{several}; a delivery signed with any of them is accepted")),
    }
}

async fn database(settings: &Settings) -> Vec<Finding> {
    let about = "database";
    let database = match Database::open_existing(settings).await {
        Ok(database) => database,
        Err(error) => return vec![Finding::attention(about, error.to_string())],
    };
    let mut findings = Vec::new();
    match clock_skew(&database.ledger).await {
        Err(error) => {
            let remedy = "check database.url, and that the database runs";
            findings.push(Finding::attention(about, chain(&error)).remedy(remedy));
        }
        Ok(skew) => {
            findings.push(Finding::well(about, "it can be reached"));
            findings.push(skew);
            findings.extend(schema(settings, &database.ledger).await);
        }
    }
    database.close().await;
    findings
}

async fn clock_skew(ledger: &PostgresLedger) -> Result<Finding, chargebook_domain::ports::LedgerError> {
    let before = SystemClock.now();
    let theirs = ledger.database_now().await?;
    let after = SystemClock.now();
    // Their reading was taken somewhere between ours.
    let ahead = theirs.signed_duration_since(after);
    let behind = before.signed_duration_since(theirs);
    let skew = ahead.max(behind).max(TimeDelta::zero());
    let about = "clocks";
    Ok(if skew > SKEW_MAX {
        let seconds = skew.num_seconds();
        let detail = format!("this machine's and the database's are {seconds} s apart");
        Finding::attention(about, detail).remedy("set them by NTP")
    } else {
        Finding::well(about, "this machine's and the database's agree")
    })
}

async fn schema(settings: &Settings, ledger: &PostgresLedger) -> Vec<Finding> {
    let about = "migrations";
    let mut findings = vec![match ledger.migration_state().await {
        Ok(MigrationState::UpToDate) => Finding::well(about, "the tables are up to date"),
        Ok(MigrationState::Ahead) => Finding::well(about, "a newer Chargebook has migrated the database"),
        Ok(MigrationState::Behind { missing }) => {
            return vec![
                Finding::attention(about, format!("{missing} are missing")).remedy("run `chargebook migrate`"),
            ];
        }
        Err(error) => return vec![Finding::attention(about, chain(&error))],
    }];
    match ledger.is_demo().await {
        Ok(false) => {}
        Ok(true) => {
            findings.push(Finding::attention("database", "it is a demo's").remedy("set database.url to your own"));
        }
        Err(error) => findings.push(Finding::attention("database", chain(&error))),
    }
    let about = "privileges";
    findings.push(match ledger.missing_privileges().await {
        Ok(missing) if missing.is_empty() => Finding::well(about, "the role may do all that the server does"),
        Ok(missing) => {
            Finding::attention(about, format!("missing: {}", missing.join(", "))).remedy("GRANT them to the role")
        }
        Err(error) => Finding::attention(about, chain(&error)),
    });
    findings.push(match ledger.check_orders().await {
        Ok(report) => orders(&report),
        Err(error) => Finding::attention("orders", chain(&error)).remedy("see docs/orders.md for the columns"),
    });
    findings.extend(asking::record(settings, ledger).await);
    findings.extend(ingestion::ingestion(settings, ledger).await);
    findings
}

fn orders(report: &MappingReport) -> Finding {
    let about = "orders";
    let more = "see `chargebook orders check`";
    if report.rows == 0 {
        let remedy = "`chargebook orders import FILE`, or orders.mode = \"view\"";
        return Finding::not_used(about, "there is none yet").remedy(remedy);
    }
    if report.unreadable > 0 {
        let first = report.first_unreadable.as_deref().unwrap_or_default();
        return Finding::attention(about, format!("{} can't be read, first {first}", report.unreadable)).remedy(more);
    }
    if report.off_by_100 > 0 {
        let detail = format!("{} are off by a factor of 100", report.off_by_100);
        return Finding::attention(about, detail).remedy(format!("check orders.amount_unit, {more}"));
    }
    if report.duplicates > 0 {
        let detail = format!("{} payments stand at several orders", report.duplicates);
        return Finding::attention(about, detail).remedy(more);
    }
    Finding::well(about, format!("{} were looked at", report.rows))
}
