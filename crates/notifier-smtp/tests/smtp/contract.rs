//! What every notifier promises.

use async_trait::async_trait;
use chargebook_domain::ports::Notifier;
use chargebook_notifier_smtp::SmtpNotifier;
use chargebook_port_contracts::contract::notifier::{Arrived, OtherSide, Remote};
use chargebook_port_contracts::fake_smtp::{FakeSmtp, Step, Trouble};
use chargebook_port_contracts::remote_notifier_contract;

use crate::support::notifier;

struct MailServer {
    fake: FakeSmtp,
    notifier: SmtpNotifier,
}

impl MailServer {
    async fn start() -> Self {
        let fake = FakeSmtp::start().await.unwrap();
        Self { notifier: notifier(&fake), fake }
    }
}

#[async_trait]
impl OtherSide for MailServer {
    fn notifier(&self) -> &dyn Notifier {
        &self.notifier
    }

    async fn arrived(&self) -> Vec<Arrived> {
        self.fake.taken().iter().map(|mail| Arrived::of_message(&mail.content)).collect()
    }

    async fn refuse(&self) {
        self.fake.script([(Step::Content, Trouble::Says(554, "5.7.1")), (Step::Recipient(2), Trouble::Says(450, ""))]);
    }

    /// Its troubles are over by themselves.
    async fn relent(&self) {}
}

impl Remote for MailServer {
    fn lose_next_answer(&self) {
        self.fake.script([(Step::Content, Trouble::TakeAndDrop)]);
    }
}

remote_notifier_contract!(#[tokio::test] () => MailServer::start().await);
