//! Whether mail can go through Outlook.

use std::sync::Arc;

use chargebook_domain::ports::{Found, Notifier, RequestId};
use chargebook_notifier_outlook::{OutlookNotifier, SettingProblem};
use chrono::DateTime;

use crate::clock::SystemClock;
use crate::finding::{Finding, SETTINGS, State};
use crate::settings::{Channel, Settings};
use crate::wiring::checks;

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
    let mut findings = checks::outlook(&notifier, &outlook.credential).await;
    if findings.first().is_some_and(|signed_in| signed_in.state == State::Ok) {
        findings.insert(1, look_ups(&notifier).await);
    }
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
