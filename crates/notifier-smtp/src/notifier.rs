//! The notifier itself: one connection a mail, and one mail a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Clock, Found, Mail, Notifier, RequestId, SendOutcome};
use chargebook_mime::{Letterhead, REFERENCE_HEADER, message};
use lettre::Address;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, instrument};

use crate::outcome::{SmtpFailure, failure, outcome};
use crate::server::{Server, Step, ask_for_nothing, deliver};
use crate::settings::{SettingProblem, SmtpSettings};
use crate::trouble::Trouble;

const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server may take to say goodbye. Nothing depends on what it says.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends mail by SMTP to the recipients of the settings.
pub struct SmtpNotifier {
    server: Server,
    from: Address,
    recipients: Vec<Address>,
    to: Vec<String>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for SmtpNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpNotifier").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What a check has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SmtpChecked {
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
    /// Whether the server took a log-in; where not, none is set.
    pub is_logged_in: bool,
}

impl SmtpNotifier {
    /// Checks the settings, reads the file of certificates, and dates mails by `clock`. Nothing is sent yet.
    ///
    /// # Errors
    /// Every setting that cannot be right, all at once.
    pub fn new(settings: &SmtpSettings, clock: Arc<dyn Clock>) -> Result<Self, Vec<SettingProblem>> {
        let settings = settings.check()?;
        let server = Server::new(&settings).map_err(|problem| vec![problem])?;
        let to = settings.recipients.iter().map(ToString::to_string).collect();
        Ok(Self { server, from: settings.from, recipients: settings.recipients, to, clock, timeout: TIMEOUT })
    }

    /// Gives up after this time instead of half a minute, whatever was begun.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Connects, starts TLS and logs in, as for a mail, and sends none: says whether the server would listen, not whether
    /// it would take a mail from this sender to these recipients.
    ///
    /// # Errors
    /// Why it would not.
    pub async fn check(&self) -> Result<SmtpChecked, SmtpFailure> {
        let mut step = Step::Connect;
        let looked = timeout(self.timeout, async {
            let mut connection = self.server.open(&mut step).await?;
            ask_for_nothing(&mut connection).await.map(|()| connection)
        });
        let looked = looked.await.unwrap_or(Err(Trouble::TimedOut));
        let mut connection = looked.map_err(|trouble| failure(step, &trouble, self.server.has_token()))?;
        self.hang_up(&mut connection).await;
        Ok(SmtpChecked { is_encrypted: self.server.is_encrypted(), is_logged_in: self.server.logs_in() })
    }

    async fn send_by(&self, deadline: Instant, message: &[u8], step: &mut Step) -> Result<(), Trouble> {
        let opened = timeout_at(deadline, self.server.open(step)).await;
        let mut connection = opened.unwrap_or(Err(Trouble::TimedOut))?;
        let envelope = (&self.from, self.recipients.as_slice());
        let delivered = timeout_at(deadline, deliver(&mut connection, envelope, message, step)).await;
        let delivered = delivered.unwrap_or(Err(Trouble::TimedOut));
        // Where the mail was refused, that ends its transaction as well.
        if !matches!(delivered, Err(Trouble::Lost | Trouble::TimedOut)) {
            self.hang_up(&mut connection).await;
        }
        delivered
    }

    /// What the server says to that does not matter: what became of the mail is known.
    async fn hang_up(&self, connection: &mut AsyncSmtpConnection) {
        if timeout(QUIT_TIMEOUT.min(self.timeout), connection.quit()).await.is_err() {
            debug!("the mail server did not answer QUIT in time");
        }
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    fn channel(&self) -> &'static str {
        "smtp"
    }

    #[instrument(name = "notifier.send", skip_all, fields(mail.reference = mail.reference))]
    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        let letterhead = Letterhead {
            from_name: "Chargebook",
            from: self.from.as_ref(),
            to: &self.to,
            date: self.clock.now(),
            message_id: &format!("{attempt}@{}", self.from.domain()),
            headers: &[(REFERENCE_HEADER, &mail.reference), ("Auto-Submitted", "auto-generated")],
        };
        let message = message(&letterhead, mail);
        debug!(mail.client_request_id = %attempt, "handing over the mail");
        let mut step = Step::Connect;
        match self.send_by(Instant::now() + self.timeout, &message, &mut step).await {
            Ok(()) => SendOutcome::Accepted { receipt: None },
            Err(trouble) => outcome(step, &trouble, self.server.has_token(), attempt),
        }
    }

    fn place(&self) -> Option<String> {
        None
    }

    async fn find(&self, _: &str, _: &RequestId) -> Found {
        Found::CannotTell {
            reason: format!(
                "By SMTP no mail can be looked for. Look for its {REFERENCE_HEADER} in a recipient's mailbox, or in the \
                 mail server's log for its Message-ID."
            ),
        }
    }
}
