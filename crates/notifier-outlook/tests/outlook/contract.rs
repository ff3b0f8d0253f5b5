//! What every notifier promises.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::Notifier;
use chargebook_notifier_outlook::OutlookNotifier;
use chargebook_port_contracts::contract::notifier::{Arrived, OtherSide, Remote};
use chargebook_port_contracts::fake_graph::{AcceptedMail, FakeGraph, Fault};
use chargebook_port_contracts::remote_notifier_contract;

use crate::support::notifier_of;

struct Mailbox {
    fake: FakeGraph,
    notifier: OutlookNotifier,
}

impl Mailbox {
    async fn start() -> Self {
        let fake = FakeGraph::start().await.unwrap();
        Self { notifier: notifier_of(&fake), fake }
    }
}

fn arrived(mail: &AcceptedMail) -> Arrived {
    let message = &mail.body["message"];
    let file = |file: &serde_json::Value| {
        let content = STANDARD.decode(file["contentBytes"].as_str().unwrap()).unwrap();
        (file["name"].as_str().unwrap().to_owned(), content)
    };
    let files = message["attachments"].as_array().map(|files| files.iter().map(file).collect());
    let mark = &message["singleValueExtendedProperties"][0];
    Arrived {
        subject: message["subject"].as_str().unwrap().to_owned(),
        bodies: vec![message["body"]["content"].as_str().unwrap().to_owned()],
        files: files.unwrap_or_default(),
        marks: vec![(mark["id"].to_string(), mark["value"].as_str().unwrap().to_owned())],
    }
}

#[async_trait]
impl OtherSide for Mailbox {
    fn notifier(&self) -> &dyn Notifier {
        &self.notifier
    }

    async fn arrived(&self) -> Vec<Arrived> {
        self.fake.accepted().iter().map(arrived).collect()
    }

    async fn refuse(&self) {
        self.fake.script([Fault::Forbidden, Fault::Throttled { retry_after: None }]);
    }

    /// Its troubles are over by themselves.
    async fn relent(&self) {}
}

impl Remote for Mailbox {
    fn lose_next_answer(&self) {
        self.fake.script([Fault::DropAfterAccept]);
    }
}

remote_notifier_contract!(#[tokio::test] () => Mailbox::start().await);
