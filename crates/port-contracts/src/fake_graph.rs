//! A Microsoft Graph and its sign-in service on loopback, which can be told to fail.
//!
//! It knows three requests: `POST /{tenant}/oauth2/v2.0/token`, `POST /v1.0/users/{user}/sendMail`, and
//! `GET /v1.0/users/{user}/messages` with the filter that finds mails by their reference. What it accepts it remembers,
//! also where the answer to it is scripted to get lost: so a test can say that no fault made two mails.

mod assertion;
mod look;
mod mail;
mod mime;
mod reply;
mod sign_in;

use std::collections::{BTreeSet, VecDeque};
use std::io;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use self::assertion::Trusted;
pub use self::look::LookFault;
pub use self::mail::{AcceptedMail, Fault};
pub use self::mime::MimeMail;
use self::sign_in::may;
pub use self::sign_in::{SignInFault, TokenRequest};
use crate::fake_http::{Ending, Reply, Request, read_request, write_reply};
use crate::fake_server::{self, Listening};

/// The text that stands in each error message of the fake: it must never reach a person.
pub const ERROR_TEXT: &str = "Text of the service, which may change and may name people.";

/// The service's clock, which stands still.
const DATE: &str = "Sat, 21 Nov 2026 07:00:00 GMT";

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct FakeGraph {
    listening: Listening,
    state: Shared,
}

impl FakeGraph {
    /// Starts a fake on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let state = Shared::default();
        let shared = state.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await?;
        Ok(Self { listening, state })
    }

    /// The setting `outlook.graph_base`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}/v1.0", self.listening.address)
    }

    /// The time at this service, by which it judges assertions.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::parse_from_rfc2822(DATE).unwrap_or_default().to_utc()
    }

    /// The setting `outlook.authority`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("http://{}", self.listening.address)
    }

    /// Each fault meets one sendMail request, in this order and after those scripted before; then mails are accepted.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().faults.extend(faults);
    }

    /// Each fault meets one token request, in this order and after those scripted before; then tokens are issued.
    pub fn script_sign_in(&self, faults: impl IntoIterator<Item = SignInFault>) {
        self.state.lock().sign_in_faults.extend(faults);
    }

    /// Each fault meets one look for mails, in this order and after those scripted before; then looks are answered.
    pub fn script_looks(&self, faults: impl IntoIterator<Item = LookFault>) {
        self.state.lock().look_faults.extend(faults);
    }

    /// The next looks find nothing, as before Exchange has indexed what it accepted.
    pub fn hide_from_looks(&self, looks: usize) {
        self.state.lock().looks_in_vain = looks;
    }

    /// From now on a look needs a token with the role `Mail.Read`. Otherwise, as where RBAC for Applications grants it,
    /// the token's roles do not matter.
    pub fn need_a_role_to_look(&self) {
        self.state.lock().looks_need_a_role = true;
    }

    /// What lifetime and roles the tokens say that are issued from now on; an hour and `Mail.Send` otherwise.
    pub fn issue_tokens(&self, lifetime_seconds: u32, roles: &[&str]) {
        let mut state = self.state.lock();
        state.token_lifetime_seconds = lifetime_seconds;
        state.token_roles = roles.iter().map(ToString::to_string).collect();
    }

    /// From now on an application can prove itself by the key of this certificate: its DER, and the DER of its
    /// `RSAPublicKey`.
    pub fn trust_certificate(&self, certificate: &[u8], public_key: Vec<u8>) {
        self.state.lock().trusted.add_certificate(certificate, public_key);
    }

    /// From now on an application can prove itself by this token of another platform.
    pub fn trust_token(&self, token: &str) {
        self.state.lock().trusted.add_token(token);
    }

    /// Every mail that was accepted, whether or not the answer arrived.
    #[must_use]
    pub fn accepted(&self) -> Vec<AcceptedMail> {
        self.state.lock().accepted.clone()
    }

    /// How many sendMail requests were read to their end.
    #[must_use]
    pub fn send_requests(&self) -> usize {
        self.state.lock().send_requests
    }

    /// How many looks were read to their end.
    #[must_use]
    pub fn look_requests(&self) -> usize {
        self.state.lock().look_requests
    }

    /// Every token request that was read to its end.
    #[must_use]
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.state.lock().token_requests.clone()
    }

    /// Every access token issued so far.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<String> {
        self.state.lock().issued_tokens.clone()
    }
}

type Shared = fake_server::Shared<State>;

#[derive(Debug)]
struct State {
    faults: VecDeque<Fault>,
    look_faults: VecDeque<LookFault>,
    sign_in_faults: VecDeque<SignInFault>,
    accepted: Vec<AcceptedMail>,
    drafts: Vec<AcceptedMail>,
    looks_in_vain: usize,
    looks_need_a_role: bool,
    send_requests: usize,
    look_requests: usize,
    token_requests: Vec<TokenRequest>,
    issued_tokens: Vec<String>,
    revoked_tokens: BTreeSet<String>,
    trusted: Trusted,
    token_lifetime_seconds: u32,
    token_roles: Vec<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            faults: VecDeque::new(),
            look_faults: VecDeque::new(),
            sign_in_faults: VecDeque::new(),
            accepted: Vec::new(),
            drafts: Vec::new(),
            looks_in_vain: 0,
            looks_need_a_role: false,
            send_requests: 0,
            look_requests: 0,
            token_requests: Vec::new(),
            issued_tokens: Vec::new(),
            revoked_tokens: BTreeSet::new(),
            trusted: Trusted::default(),
            token_lifetime_seconds: 3600,
            token_roles: vec!["Mail.Send".to_owned()],
        }
    }
}

impl State {
    /// The token that came with a request, if it is one that is accepted.
    fn accepted_token(&self, request: &Request) -> Option<String> {
        let token = request.header("authorization")?.strip_prefix("Bearer ")?;
        let accepted = self.issued_tokens.iter().any(|issued| issued == token) && !self.revoked_tokens.contains(token);
        accepted.then(|| token.to_owned())
    }
}

/// One request a connection. Its errors are the client's: a client that goes away is no fault of the fake.
async fn serve(stream: TcpStream, state: Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
    let ending = answer(&request, &mut state.lock());
    match ending {
        Ending::Reply(reply) => {
            let reply =
                reply.with_header("date", Some(DATE.to_owned())).with_header("connection", Some("close".to_owned()));
            write_reply(&mut stream, reply).await?;
            stream.shutdown().await
        }
        Ending::Hang => std::future::pending().await,
        Ending::Drop => Ok(()),
        Ending::Reset => stream.get_ref().set_zero_linger(),
    }
}

fn answer(request: &Request, state: &mut State) -> Ending {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => sign_in::answer(tenant, request, state),
        ("POST", ["v1.0", "users", user, "sendMail"]) => mail::answer(user, request, state),
        ("GET", ["v1.0", "users", user, "messages"]) => look::answer(user, query, request, state),
        _ => Ending::Reply(Reply::graph_error(404, "ResourceNotFound")),
    }
}
