//! A connection to the mail server, driven command by command, so that it is known how far a mail came: what lettre sends
//! as one doesn't tell a connection that was lost before the mail from one lost after it. Nothing is repeated.

use std::fmt;
use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};

use crate::settings::{Checked, Proof, Security, SettingProblem};
use crate::trouble::{Trouble, done};

/// How long one of the server's addresses is tried before the next.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What was begun last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Connecting, TLS and EHLO.
    Connect,
    LogIn,
    Sender,
    /// Naming a recipient, counted from 1.
    Recipient(usize),
    /// Asking whether the mail may come.
    Data,
    /// The mail itself. From here on the server may have it.
    Content,
}

/// The mail server, and how it is spoken to.
pub(crate) struct Server {
    host: String,
    port: u16,
    protection: Protection,
    hello: ClientId,
    log_in: Option<(String, Proof)>,
}

enum Protection {
    StartTls(TlsParameters),
    Tls(TlsParameters),
    Plain,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Server {
    /// The server of the settings. The file of certificates is read here.
    pub(crate) fn new(settings: &Checked) -> Result<Self, SettingProblem> {
        let protection = match settings.security {
            Security::StartTls => Protection::StartTls(tls(settings)?),
            Security::Tls => Protection::Tls(tls(settings)?),
            Security::Plain => Protection::Plain,
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            protection,
            // Relays take a domain that exists, and not all take the address of loopback.
            hello: ClientId::Domain(settings.from.domain().to_owned()),
            log_in: settings.log_in.clone(),
        })
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        !matches!(self.protection, Protection::Plain)
    }

    /// Whether somebody logs in.
    pub(crate) fn logs_in(&self) -> bool {
        self.log_in.is_some()
    }

    /// Whether it logs in with a token, which somebody else renews.
    pub(crate) fn has_token(&self) -> bool {
        matches!(self.log_in, Some((_, Proof::TokenFile(_))))
    }

    /// A connection over which mail can be sent.
    pub(crate) async fn open(&self, step: &mut Step) -> Result<AsyncSmtpConnection, Trouble> {
        let wrapped = match &self.protection {
            Protection::Tls(tls) => Some(tls.clone()),
            Protection::StartTls(_) | Protection::Plain => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIMEOUT), &self.hello, wrapped, None).await?;
        if let Protection::StartTls(tls) = &self.protection {
            if !connection.can_starttls() {
                return Err(Trouble::NoStartTls);
            }
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some((user, proof)) = &self.log_in {
            *step = Step::LogIn;
            log_in(&mut connection, user, proof).await?;
        }
        Ok(connection)
    }
}

/// Asks for nothing, which a server answers only to those it listens to.
pub(crate) async fn ask_for_nothing(connection: &mut AsyncSmtpConnection) -> Result<(), Trouble> {
    done(&connection.command(Noop).await?)
}

/// Hands over one mail to all recipients. Where one is not taken, nobody gets it.
pub(crate) async fn deliver(
    connection: &mut AsyncSmtpConnection,
    (from, recipients): (&Address, &[Address]),
    message: &[u8],
    step: &mut Step,
) -> Result<(), Trouble> {
    *step = Step::Sender;
    done(&connection.command(Mail::new(Some(from.clone()), Vec::new())).await?)?;
    for (number, recipient) in (1..).zip(recipients) {
        *step = Step::Recipient(number);
        done(&connection.command(Rcpt::new(recipient.clone(), Vec::new())).await?)?;
    }
    *step = Step::Data;
    if !connection.command(Data).await?.has_code(354) {
        return Err(Trouble::Lost);
    }
    *step = Step::Content;
    done(&connection.message(message).await?)
}

async fn log_in(connection: &mut AsyncSmtpConnection, user: &str, proof: &Proof) -> Result<(), Trouble> {
    let (mechanisms, secret) = match proof {
        Proof::Password(password) => (&[Mechanism::Plain, Mechanism::Login][..], password.clone()),
        Proof::TokenFile(file) => {
            let token = tokio::fs::read_to_string(file).await.map(|text| SecretString::from(text.trim()));
            (&[Mechanism::Xoauth2][..], token.map_err(|_| Trouble::NoToken)?)
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(Trouble::NoToken);
    }
    if connection.server_info().get_auth_mechanism(mechanisms).is_none() {
        return Err(Trouble::NoLogIn);
    }
    let credentials = Credentials::new(user.to_owned(), secret.expose_secret().to_owned());
    done(&connection.auth(mechanisms, &credentials).await?)
}

fn tls(settings: &Checked) -> Result<TlsParameters, SettingProblem> {
    let builder = TlsParametersBuilder::new(settings.host.clone());
    let builder = match &settings.ca_file {
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
        Some(file) => {
            let problem = |what: String| SettingProblem::new("smtp.ca_file", what);
            let unreadable = |why: io::Error| {
                let may = "see that it is there, and that the user of this process may read it";
                problem(format!("the file can't be read ({}): {may}", why.kind()))
            };
            let pem = std::fs::read(file).map_err(unreadable)?;
            let is_pem = pem.windows(BEGIN.len()).any(|window| window == BEGIN);
            let certificates = Certificate::from_pem(&pem).ok().filter(|_| is_pem);
            let certificates =
                certificates.ok_or_else(|| problem("the file holds no certificates as PEM".to_owned()))?;
            builder.certificate_store(CertificateStore::None).add_root_certificate(certificates)
        }
    };
    let key = if settings.ca_file.is_some() { "smtp.ca_file" } else { "smtp" };
    builder.build().map_err(|_| SettingProblem::new(key, "TLS cannot be started with these certificates"))
}

/// How a certificate begins in a file. One without any would be read as an empty list.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
