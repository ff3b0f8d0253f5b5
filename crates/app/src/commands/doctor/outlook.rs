//! Whether mail can go through Outlook.

use std::sync::Arc;

use chargebook_domain::ports::{Clock, Found, Notifier};
use chargebook_notifier_outlook::{OutlookNotifier, OutlookSettings};
use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use crate::clock::SystemClock;
use crate::settings::Settings;

/// So long before its end somebody is told of a certificate.
const RENEW_WITHIN: TimeDelta = TimeDelta::days(30);

/// No mail has it, so that looking for it shows only whether one may look.
const OF_NO_MAIL: &str = "doctor";

pub(super) async fn outlook(settings: &Settings) -> Vec<Finding> {
    let about = "Outlook";
    let Some(outlook) = &settings.outlook else {
        let detail = format!("it is not set up; mail goes to {}/mail", settings.data_dir.display());
        return vec![Finding::not_used(about, detail)];
    };
    let notifier = match OutlookNotifier::new(outlook.clone(), Arc::new(SystemClock)) {
        Ok(notifier) => notifier,
        Err(problems) => {
            return problems.iter().map(|problem| Finding::attention(about, problem.to_string())).collect();
        }
    };
    let mut findings = Vec::new();
    match notifier.check().await {
        Ok(claims) => {
            findings.push(Finding::well(about, format!("the application can sign in. {}", claims.remark())));
            findings.push(look_ups(&notifier).await);
        }
        Err(failure) => findings.push(Finding::attention(about, failure.to_string())),
    }
    findings.extend(certificate(outlook, SystemClock.now()));
    findings
}

/// Nothing needs them: without, a mail in doubt waits for a person.
async fn look_ups(notifier: &OutlookNotifier) -> Finding {
    let about = "Outlook look-ups";
    match notifier.find(OF_NO_MAIL).await {
        Found::There | Found::NotThere => {
            Finding::well(about, "a mail in doubt can be looked for in the sender's mailbox")
        }
        Found::CannotTell { reason } => {
            Finding::not_used(about, format!("a mail in doubt waits for a person, as none can be looked for. {reason}"))
        }
    }
}

/// Of one that has ended, the sign-in says it.
fn certificate(outlook: &OutlookSettings, now: DateTime<Utc>) -> Option<Finding> {
    let about = "Outlook certificate";
    let ends_at = outlook.credential.certificate_ends_at().filter(|ends_at| *ends_at > now)?;
    let detail = format!("it ends at {}", ends_at.format("%Y-%m-%d %H:%M UTC"));
    Some(if ends_at.signed_duration_since(now) <= RENEW_WITHIN {
        let remedy =
            "upload a new one to the application in Entra, and put it into the file of outlook.certificate_file";
        Finding::attention(about, detail).remedy(remedy)
    } else {
        Finding::well(about, detail)
    })
}
