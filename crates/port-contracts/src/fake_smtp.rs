//! A mail server on loopback, which can be told to fail at each step of a conversation.
//!
//! What it takes it remembers, also where the answer to it is scripted to get lost: so a test can say that no fault made
//! two mails. It speaks as much of SMTP as a client that sends mail needs, with TLS or without.

mod certificates;
mod conversation;

use std::collections::VecDeque;
use std::io;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

pub use self::certificates::Certificates;
use self::conversation::Conversation;
use crate::fake_server::{self, Listening};

/// The text that stands in each reply of the fake: it must never reach a person.
pub const REPLY_TEXT: &str = "Text of the server, which may name nobody@example.com.";

/// When TLS begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    /// Never.
    Never,
    /// After STARTTLS.
    OnRequest,
    /// With the connection.
    AtOnce,
}

/// A step of a conversation, as the server sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The client has connected.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    LogIn,
    /// NOOP.
    Nothing,
    /// MAIL.
    Sender,
    /// RCPT, counted from 1.
    Recipient(usize),
    /// DATA.
    Data,
    /// The content's last line.
    Content,
    /// QUIT.
    Goodbye,
}

/// What happens at a step, in place of the reply that it should have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// A reply with this code, and what stands before its text.
    Says(u16, &'static str),
    /// Something that is no reply.
    Nonsense,
    /// The connection is closed.
    Drop,
    /// Nothing comes.
    Hang,
    /// Of a content: it is taken, and the connection is closed.
    TakeAndDrop,
    /// Of a content: it is taken, and nothing comes.
    TakeAndHang,
    /// Of a content: the connection is closed when its first line has come.
    CutOff,
}

/// What happens to one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// When.
    pub step: Step,
    /// What.
    pub trouble: Trouble,
}

/// A mail that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenMail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The content, as it was before its dots were doubled.
    pub content: Vec<u8>,
    /// What EHLO said.
    pub hello: String,
    /// Who was logged in.
    pub user: Option<String>,
    /// Whether it came by TLS.
    pub is_encrypted: bool,
}

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct FakeSmtp {
    listening: Listening,
    state: Shared,
}

impl FakeSmtp {
    /// Starts a fake without TLS on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::run(Encryption::Never, None).await
    }

    /// Starts a fake with TLS and this certificate.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_with(encryption: Encryption, certificates: &Certificates) -> io::Result<Self> {
        Self::run(encryption, Some(certificates.acceptor())).await
    }

    async fn run(encryption: Encryption, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let state = Shared::default();
        let shared = state.clone();
        let serve = move |stream| serve(stream, shared.clone(), encryption, tls.clone());
        Ok(Self { listening: Listening::start(serve).await?, state })
    }

    /// The setting `smtp.port`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address.port()
    }

    /// Each fault meets one connection, in this order and after those scripted before; then mails are taken.
    pub fn script(&self, faults: impl IntoIterator<Item = (Step, Trouble)>) {
        let faults = faults.into_iter().map(|(step, trouble)| Fault { step, trouble });
        self.state.lock().faults.extend(faults);
    }

    /// From now on only this user may send, with this password or this token.
    pub fn ask_for(&self, user: &str, secret: &str) {
        self.state.lock().log_in = Some((user.to_owned(), secret.to_owned()));
    }

    /// From now on these ways of logging in are offered; `PLAIN`, `LOGIN` and `XOAUTH2` otherwise.
    pub fn offer(&self, mechanisms: &str) {
        mechanisms.clone_into(&mut self.state.lock().mechanisms);
    }

    /// Every mail that was taken, whether or not the answer arrived.
    #[must_use]
    pub fn taken(&self) -> Vec<TakenMail> {
        self.state.lock().taken.clone()
    }

    /// How often somebody has connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.lock().connections
    }

    /// The first word of each line that came as a command, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.state.lock().commands.clone()
    }
}

type Shared = fake_server::Shared<State>;

#[derive(Debug)]
struct State {
    faults: VecDeque<Fault>,
    log_in: Option<(String, String)>,
    mechanisms: String,
    taken: Vec<TakenMail>,
    connections: usize,
    commands: Vec<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            faults: VecDeque::new(),
            log_in: None,
            mechanisms: "PLAIN LOGIN XOAUTH2".to_owned(),
            taken: Vec::new(),
            connections: 0,
            commands: Vec::new(),
        }
    }
}

/// Its errors are the client's: a client that goes away is no fault of the fake.
async fn serve(stream: TcpStream, state: Shared, encryption: Encryption, tls: Option<TlsAcceptor>) -> io::Result<()> {
    let fault = {
        let mut state = state.lock();
        state.connections += 1;
        state.faults.pop_front()
    };
    let mut conversation = match (encryption, tls) {
        (Encryption::AtOnce, Some(tls)) => {
            let stream = tls.accept(stream).await?;
            Conversation::new(Box::new(stream), state, None)
        }
        (Encryption::OnRequest, tls) => Conversation::new(Box::new(stream), state, tls),
        (Encryption::Never | Encryption::AtOnce, _) => Conversation::new(Box::new(stream), state, None),
    };
    conversation.is_encrypted = encryption == Encryption::AtOnce;
    conversation.fault = fault;
    conversation.hold().await
}
