//! As much of HTTP/1.1 as the fakes need. Written by hand because a server library has no way to close a connection
//! without an answer, or to end an answer midway.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const LONGEST_REQUEST: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path and the query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        Some(self.headers.iter().find(named)?.1.as_str())
    }
}

/// How one request ends, as the client sees it.
#[derive(Debug)]
pub(crate) enum Ending {
    Reply(Reply),
    /// The connection stays open and nothing comes.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// The connection is reset without an answer.
    Reset,
}

/// How a reply is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Whole,
    After(Duration),
    ResetMidway,
    CutOff,
    LengthTooShort,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) manner: Manner,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, manner: Manner::Whole, headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn html(status: u16, text: &str) -> Self {
        let body = format!("<html><body><h1>{status}</h1>{text}</body></html>");
        Self { body, ..Self::empty(status) }.with_header("content-type", Some("text/html".to_owned()))
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        Self { body, ..Self::empty(status) }.with_header("content-type", Some("application/json".to_owned()))
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

/// The next request, read to its end; `None` when the client has closed the connection.
pub(crate) async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace().map(ToOwned::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    if length > LONGEST_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Whether the connection is of any more use.
pub(crate) async fn write_reply(stream: &mut BufReader<TcpStream>, reply: Reply) -> io::Result<bool> {
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
