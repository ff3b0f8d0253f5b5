//! As much of HTTP/1.1 as the fake needs. Written by hand because a server library has no way to end an answer midway.

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::ERROR_TEXT;

/// A request without its body, which no request to read has.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// The path and the query.
    pub(super) target: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        Some(self.headers.iter().find(named)?.1.as_str())
    }
}

/// How one request ends, as the client sees it.
#[derive(Debug)]
pub(super) enum Ending {
    Reply(Reply),
    /// The connection stays open and nothing comes.
    Hang,
    /// The connection is reset without an answer.
    Reset,
}

/// How a reply is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    Whole,
    After(Duration),
    ResetMidway,
    CutOff,
    LengthTooShort,
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) manner: Manner,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, manner: Manner::Whole, headers: Vec::new(), body: String::new() }
    }

    pub(super) fn html(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1>{ERROR_TEXT}</body></html>");
        Self { body, ..Self::empty(status) }.with_header("content-type", Some("text/html".to_owned()))
    }

    pub(super) fn json(status: u16, body: String) -> Self {
        Self { body, ..Self::empty(status) }.with_header("content-type", Some("application/json".to_owned()))
    }

    pub(super) fn error(status: u16, kind: &str, code: Option<&str>) -> Self {
        Self::error_about(status, kind, code, ERROR_TEXT)
    }

    pub(super) fn error_about(status: u16, kind: &str, code: Option<&str>, message: &str) -> Self {
        let mut error = json!({ "message": message, "type": kind });
        if let Some(code) = code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{code}"));
        }
        Self::json(status, json!({ "error": error }).to_string())
    }

    pub(super) fn with_header(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

/// The next request; `None` when the client has closed the connection.
pub(super) async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Head>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace().map(ToOwned::to_owned);
    let mut head = Head {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        headers: Vec::new(),
    };
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        head.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let length = head.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    Ok(Some(head))
}

/// Whether the connection is of any more use.
pub(super) async fn write_reply(stream: &mut BufReader<TcpStream>, reply: Reply) -> io::Result<bool> {
    let (body, half) = (reply.body.as_bytes(), reply.body.len() / 2);
    let (said, sent) = match reply.manner {
        Manner::Whole | Manner::After(_) => (body.len(), body),
        Manner::ResetMidway | Manner::CutOff => (body.len(), &body[..half]),
        Manner::LengthTooShort => (half, body),
    };
    if let Manner::After(duration) = reply.manner {
        tokio::time::sleep(duration).await;
    }
    let head: String = reply.headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let mut bytes = format!("HTTP/1.1 {} Fake\r\n{head}content-length: {said}\r\n\r\n", reply.status).into_bytes();
    bytes.extend_from_slice(sent);
    stream.write_all(&bytes).await?;
    if let Manner::ResetMidway = reply.manner {
        stream.get_ref().set_zero_linger()?;
    }
    Ok(matches!(reply.manner, Manner::Whole | Manner::After(_)))
}
