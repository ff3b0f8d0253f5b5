//! A real mail server, aiosmtpd (Debian's python3-aiosmtpd; script/bootstrap --tests installs it), which keeps what it
//! takes in a Maildir.

use std::fs;
use std::path::PathBuf;

use chargebook_domain::ports::{Attachment, Mail, Notifier, SendOutcome};
use chargebook_notifier_smtp::{Security, SmtpSettings};
use chargebook_port_contracts::contract::notifier::Arrived;
use chargebook_port_contracts::fake_smtp::Certificates;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::{RECIPIENTS, attempt, mail, notifier_of, settings};

/// Its server tells its port when it listens, which its command line does not.
const SERVER: &str = include_str!("server.py");

struct RealServer {
    port: u16,
    maildir: PathBuf,
    _process: Child,
}

impl RealServer {
    async fn start(manner: &str, certificates: &Certificates) -> Self {
        let maildir = certificates.dir().join("maildir");
        let mut process = Command::new(python())
            .args(["-c", SERVER, manner])
            .args([&maildir, &certificates.certificate(), &certificates.key()])
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap();
        Self { port: port.unwrap().parse().unwrap(), maildir, _process: process }
    }

    fn arrived(&self) -> Vec<Arrived> {
        let files = fs::read_dir(self.maildir.join("new")).unwrap();
        files.map(|file| Arrived::of_message(&fs::read(file.unwrap().path()).unwrap())).collect()
    }
}

/// The Python that has aiosmtpd: on the PATH there may be one before Debian's own, which finds no packages of Debian's.
fn python() -> &'static str {
    let has_it = |python: &&str| {
        let tried = std::process::Command::new(python).args(["-c", "import aiosmtpd"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_it).expect("aiosmtpd: run script/bootstrap --tests")
}

/// Mails of every kind of content, through this server as it comes.
async fn mails_arrive_whole(manner: &str, security: Security) {
    let certificates = Certificates::make("DNS:localhost,IP:127.0.0.1");
    let server = RealServer::start(manner, &certificates).await;
    let ca_file = (security != Security::Plain).then(|| certificates.authority());
    let settings = SmtpSettings { security, ca_file, ..settings(server.port) };
    let notifier = notifier_of(&settings);
    let checked = notifier.check().await.unwrap();
    assert_eq!(checked.is_encrypted, security != Security::Plain);
    let csv = "du_1,€ 10.00,\"two\nlines\"\r\n".repeat(20_000);
    let file = |name: &str, media_type, content: Vec<u8>| Attachment { name: name.to_owned(), media_type, content };
    let bytes = (0..=255).cycle().take(3000).collect();
    let attachments =
        vec![file("day.csv", "text/csv", csv.into_bytes()), file("odd.bin", "application/octet-stream", bytes)];
    let sent = Mail { attachments, ..mail() };
    assert_eq!(notifier.send(&sent, &attempt()).await, SendOutcome::Accepted { receipt: None });
    let arrived = server.arrived();
    let [arrived] = &arrived[..] else { panic!("{} mails arrived", arrived.len()) };
    arrived.is(&sent);
    let header = |name: &str| arrived.header(name);
    assert_eq!(header("X-RcptTo"), RECIPIENTS.join(", "));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Was-Encrypted"), if security == Security::Plain { "no" } else { "yes" });
}

#[tokio::test]
async fn mails_arrive_whole_without_tls() {
    mails_arrive_whole("plain", Security::Plain).await;
}

#[tokio::test]
async fn mails_arrive_whole_by_starttls() {
    mails_arrive_whole("starttls", Security::StartTls).await;
}

#[tokio::test]
async fn mails_arrive_whole_by_tls() {
    mails_arrive_whole("tls", Security::Tls).await;
}

#[tokio::test]
async fn a_real_server_that_wants_tls_first_says_so() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let server = RealServer::start("starttls", &certificates).await;
    let outcome = notifier_of(&settings(server.port)).send(&mail(), &attempt()).await;
    let SendOutcome::Refused { reason, retry_after: None } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("it said 530") && reason.contains("smtp.security"), "{reason}");
}
