//! The ways that mail can go beside Outlook.

use std::sync::Arc;

use chargebook_notifier_smtp::{SettingProblem, SmtpNotifier};
use chargebook_notifier_webhook::WebhookSettings;

use crate::clock::SystemClock;
use crate::finding::{Finding, SETTINGS};
use crate::settings::{Channel, Settings};
use crate::wiring::checks;

const WEBHOOK: &str = "mail webhook";

/// Whether the mail server would listen. It is sent no mail.
pub(super) async fn smtp(settings: &Settings) -> Vec<Finding> {
    let Some(smtp) = &settings.smtp else { return vec![Finding::not_used("SMTP", "it is not set up")] };
    let notifier = match SmtpNotifier::new(smtp, Arc::new(SystemClock)) {
        Ok(notifier) => notifier,
        Err(problems) => {
            let wrong = |problem: &SettingProblem| Finding::attention(SETTINGS, problem.to_string());
            return problems.iter().map(|problem| wrong(problem).remedy(Channel::Smtp.remedy())).collect();
        }
    };
    vec![checks::smtp(&notifier).await]
}

/// Where the day's mail is posted. To ask there would be to post something, so nothing is asked.
pub(super) fn webhook(settings: &Settings) -> Finding {
    match settings.webhook.as_ref().and_then(WebhookSettings::origin) {
        None => Finding::not_used(WEBHOOK, "it is not set up"),
        Some(origin) => Finding::well(WEBHOOK, format!("the day's mail can be posted to {origin}; it was not asked")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chargebook_port_contracts::fake_smtp::{FakeSmtp, Step, Trouble};

    use super::*;
    use crate::finding::State;
    use crate::settings::FileText;

    fn settings(text: &str) -> Settings {
        let read_file = |_: &Path| Ok(String::new());
        Settings::read(Some(FileText { path: "test.toml", text }), &[].into(), &read_file).unwrap()
    }

    fn of_port(port: u16) -> Settings {
        settings(&format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"a@b.c\"\nrecipients = \"d@e.f\""
        ))
    }

    async fn only(settings: &Settings) -> Finding {
        let mut findings = smtp(settings).await;
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }

    #[tokio::test]
    async fn a_mail_server_is_asked_and_sent_nothing() {
        let fake = FakeSmtp::start().await.unwrap();
        let finding = only(&of_port(fake.port())).await;
        assert_eq!(finding.to_string(), "ok SMTP: the mail server answers without TLS, nobody logs in");
        fake.script([(Step::Greeting, Trouble::Says(554, "5.7.1"))]);
        let finding = only(&of_port(fake.port())).await;
        assert!(finding.state == State::Attention && finding.detail.contains("554 5.7.1"), "{finding}");
        assert!(fake.taken().is_empty());
        assert!(only(&settings("")).await.state == State::NotUsed);
    }

    #[test]
    fn of_a_webhook_only_its_origin_is_named() {
        let chat = settings("[webhook]\nurl = \"https://hooks.example/services/t0ken\"\nformat = \"chat\"");
        let expected = "ok mail webhook: the day's mail can be posted to https://hooks.example; it was not asked";
        assert_eq!(webhook(&chat).to_string(), expected);
        assert!(webhook(&settings("")).state == State::NotUsed);
    }
}
