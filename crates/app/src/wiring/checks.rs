//! Whether mail can go, as `doctor` and every start look at it. Nothing is sent.

use chargebook_domain::ports::Clock;
use chargebook_notifier_outlook::{Credential, OutlookNotifier};
use chargebook_notifier_smtp::{SmtpChecked, SmtpNotifier};
use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::SystemClock;
use crate::finding::Finding;

/// So long before its end somebody is told of a certificate.
const RENEW_WITHIN: TimeDelta = TimeDelta::days(30);

/// Whether the application can sign in, which comes first, and how long yet.
pub(crate) async fn outlook(notifier: &OutlookNotifier, credential: &Credential) -> Vec<Finding> {
    let about = "Outlook";
    let signed_in = match notifier.check().await {
        Ok(claims) => Finding::well(about, format!("the application can sign in. {}", claims.remark())),
        Err(failure) => Finding::attention(about, failure.to_string()),
    };
    let ends_at = credential.certificate_ends_at();
    let certificate = ends_at.and_then(|ends_at| certificate(ends_at, SystemClock.now()));
    [Some(signed_in), certificate].into_iter().flatten().collect()
}

/// Whether the mail server would listen.
pub(crate) async fn smtp(notifier: &SmtpNotifier) -> Finding {
    let about = "SMTP";
    match notifier.check().await {
        Ok(SmtpChecked { is_encrypted, is_logged_in }) => {
            let encrypted = if is_encrypted { "by TLS" } else { "without TLS" };
            let log_in = if is_logged_in { "it took the log-in" } else { "nobody logs in" };
            Finding::well(about, format!("the mail server answers {encrypted}, {log_in}"))
        }
        Err(failure) => Finding::attention(about, failure.to_string()),
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
