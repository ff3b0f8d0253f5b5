//! Whether mail can go through Outlook.

use std::sync::Arc;

use chargebook_domain::ports::{Clock, Found, Notifier, RequestId};
use chargebook_notifier_outlook::{OutlookNotifier, SettingProblem};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, SETTINGS};
use crate::clock::SystemClock;
use crate::settings::{Channel, Settings};

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
            let wrong = |problem: &SettingProblem| Finding::attention(SETTINGS, problem.to_string());
            return problems.iter().map(|problem| wrong(problem).remedy(Channel::Outlook.remedy())).collect();
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
    let ends_at = outlook.credential.certificate_ends_at();
    findings.extend(ends_at.and_then(|ends_at| certificate(ends_at, SystemClock.now())));
    findings
}

/// Nothing needs them: without, a mail in doubt waits for a person.
async fn look_ups(notifier: &OutlookNotifier) -> Finding {
    let about = "Outlook look-ups";
    match notifier.find(OF_NO_MAIL, &RequestId::of("outlook", OF_NO_MAIL, 0, DateTime::UNIX_EPOCH)).await {
        Found::There | Found::NotThere => {
            Finding::well(about, "a mail in doubt can be looked for in the sender's mailbox")
        }
        Found::CannotTell { reason } => {
            Finding::not_used(about, format!("a mail in doubt waits for a person, as none can be looked for. {reason}"))
        }
    }
}

/// Of one that has ended, the sign-in says it.
fn certificate(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Finding> {
    let about = "Outlook certificate";
    let left = ends_at.signed_duration_since(now);
    let detail = format!("it ends at {}", ends_at.format("%Y-%m-%d %H:%M UTC"));
    if left <= TimeDelta::zero() {
        None
    } else if left <= RENEW_WITHIN {
        let remedy =
            "upload a new one to the application in Entra, and put it into the file of outlook.certificate_file";
        Some(Finding::attention(about, detail).remedy(remedy))
    } else {
        Some(Finding::well(about, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_asks_for_attention_in_its_last_month() {
        let ends_at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let found = |left| certificate(ends_at, ends_at - left).map(|finding| finding.to_string());
        let last_month = "!! Outlook certificate: it ends at 2026-05-28 20:26 UTC; upload a new one to the application in Entra, \
                          and put it into the file of outlook.certificate_file";
        for left in [TimeDelta::seconds(1), TimeDelta::days(30)] {
            assert_eq!(found(left).as_deref(), Some(last_month));
        }
        let well = found(TimeDelta::days(31)).unwrap();
        assert_eq!(well, "ok Outlook certificate: it ends at 2026-05-28 20:26 UTC");
        assert_eq!(found(TimeDelta::zero()), None);
    }
}
