//! One connection, from the greeting to its end.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

use super::{Fault, REPLY_TEXT, Shared, Step, TakenMail, Trouble};

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Conversation {
    stream: BufReader<Box<dyn Stream>>,
    state: Shared,
    /// What STARTTLS begins with, if it is offered.
    tls: Option<TlsAcceptor>,
    pub(super) fault: Option<Fault>,
    pub(super) is_encrypted: bool,
    hello: String,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

impl Conversation {
    pub(super) fn new(stream: Box<dyn Stream>, state: Shared, tls: Option<TlsAcceptor>) -> Self {
        Self {
            stream: BufReader::new(stream),
            state,
            tls,
            fault: None,
            is_encrypted: false,
            hello: String::new(),
            user: None,
            from: String::new(),
            to: Vec::new(),
        }
    }

    /// Until one side closes the connection.
    pub(super) async fn hold(&mut self) -> io::Result<()> {
        self.answer(Step::Greeting, 220, "fake.example ESMTP").await?;
        loop {
            let line = self.line().await?;
            let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
            self.state.lock().commands.push(command.to_owned());
            match command {
                "EHLO" => self.hello(rest).await?,
                "STARTTLS" => self.start_tls().await?,
                "AUTH" => self.log_in(rest).await?,
                "NOOP" => self.answer(Step::Nothing, 250, "2.0.0").await?,
                "MAIL" => self.sender(rest).await?,
                "RCPT" => {
                    self.to.push(address(rest));
                    self.answer(Step::Recipient(self.to.len()), 250, "2.1.5").await?;
                }
                "DATA" => self.data().await?,
                "QUIT" => return self.answer(Step::Goodbye, 221, "2.0.0").await,
                _ => self.reply(502, "5.5.1").await?,
            }
        }
    }

    async fn hello(&mut self, name: &str) -> io::Result<()> {
        name.clone_into(&mut self.hello);
        let mut offers = vec!["250-fake.example".to_owned(), "250-8BITMIME".to_owned()];
        if self.tls.is_some() && !self.is_encrypted {
            offers.push("250-STARTTLS".to_owned());
        }
        if self.is_encrypted {
            offers.push(format!("250-AUTH {}", self.state.lock().mechanisms));
        }
        if self.meet(Step::Hello).await? {
            return Ok(());
        }
        self.write(&format!("{}\r\n", offers.join("\r\n"))).await?;
        self.reply(250, "SIZE 1000000").await
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        if self.meet(Step::StartTls).await? {
            return Ok(());
        }
        let Some(tls) = self.tls.clone() else { return self.reply(502, "5.5.1").await };
        self.reply(220, "2.0.0").await?;
        let (nothing, _) = tokio::io::duplex(1);
        let stream = std::mem::replace(&mut self.stream, BufReader::new(Box::new(nothing)));
        self.stream = BufReader::new(Box::new(tls.accept(stream.into_inner()).await?));
        self.is_encrypted = true;
        Ok(())
    }

    async fn log_in(&mut self, rest: &str) -> io::Result<()> {
        if self.meet(Step::LogIn).await? {
            return Ok(());
        }
        let (mechanism, first) = rest.split_once(' ').unwrap_or((rest, ""));
        let said = match mechanism {
            "PLAIN" => decoded(first).trim_start_matches('\0').replace('\0', " "),
            "LOGIN" => {
                let mut words = Vec::new();
                for question in ["Username:", "Password:"] {
                    self.write(&format!("334 {}\r\n", STANDARD.encode(question))).await?;
                    words.push(decoded(&self.line().await?));
                }
                words.join(" ")
            }
            _ => decoded(first).replace("user=", "").replace("\u{1}auth=Bearer ", " ").replace('\u{1}', ""),
        };
        let expected = self.state.lock().log_in.clone();
        match said.split_once(' ') {
            Some((user, secret)) if expected == Some((user.to_owned(), secret.to_owned())) => {
                self.user = Some(user.to_owned());
                self.reply(235, "2.7.0").await
            }
            _ if mechanism == "XOAUTH2" => {
                // The client is to say nothing to that, and then hears 535.
                self.write(&format!("334 {}\r\n", STANDARD.encode(r#"{"status":"401"}"#))).await?;
                self.line().await?;
                self.reply(535, "5.7.8").await
            }
            _ => self.reply(535, "5.7.8").await,
        }
    }

    async fn sender(&mut self, rest: &str) -> io::Result<()> {
        let must_log_in = self.state.lock().log_in.is_some() && self.user.is_none();
        if must_log_in {
            return self.reply(530, "5.7.0").await;
        }
        self.from = address(rest);
        self.to.clear();
        self.answer(Step::Sender, 250, "2.1.0").await
    }

    async fn data(&mut self) -> io::Result<()> {
        if self.meet(Step::Data).await? {
            return Ok(());
        }
        self.write(&format!("354 {REPLY_TEXT}\r\n")).await?;
        let trouble = self.fault.filter(|fault| fault.step == Step::Content).map(|fault| fault.trouble);
        let mut content = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 || trouble == Some(Trouble::CutOff) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.strip_prefix(b".") {
                Some(b"\r\n") => break,
                Some(rest) => content.extend_from_slice(rest),
                None => content.extend_from_slice(&line),
            }
        }
        if matches!(trouble, None | Some(Trouble::TakeAndDrop | Trouble::TakeAndHang)) {
            self.take(content);
        }
        self.answer(Step::Content, 250, "2.0.0").await
    }

    fn take(&mut self, content: Vec<u8>) {
        let Self { from, to, hello, user, is_encrypted, .. } = self;
        let (from, to, hello) = (from.clone(), to.clone(), hello.clone());
        let mail = TakenMail { from, to, content, hello, user: user.clone(), is_encrypted: *is_encrypted };
        self.state.lock().taken.push(mail);
    }

    async fn answer(&mut self, step: Step, code: u16, before: &str) -> io::Result<()> {
        if self.meet(step).await? { Ok(()) } else { self.reply(code, before).await }
    }

    /// Whether a fault has taken the place of this step's reply.
    async fn meet(&mut self, step: Step) -> io::Result<bool> {
        let Some(Fault { trouble, .. }) = self.fault.filter(|fault| fault.step == step) else { return Ok(false) };
        match trouble {
            Trouble::Says(code, before) => self.reply(code, before).await?,
            Trouble::Nonsense => self.write("HTTP/1.1 400 Bad Request\r\n\r\n").await?,
            Trouble::Hang | Trouble::TakeAndHang => std::future::pending().await,
            Trouble::Drop | Trouble::TakeAndDrop | Trouble::CutOff => {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(true)
    }

    async fn reply(&mut self, code: u16, before: &str) -> io::Result<()> {
        self.write(&format!("{code} {before} {REPLY_TEXT}\r\n")).await
    }

    async fn write(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches("\r\n").to_owned())
    }
}

/// What stands between the brackets.
fn address(text: &str) -> String {
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default()
}
