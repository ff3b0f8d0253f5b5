//! As much of HTTP/1.1 as the fake needs. Written by hand because a server library has no way to close a connection
//! without an answer.

use std::io;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ERROR_TEXT;

const LONGEST_REQUEST: usize = 8 * 1024 * 1024;
const REQUEST_ID: &str = "7d9a4c1e-0000-4000-8000-00000000c0de";

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        Some(self.headers.iter().find(named)?.1.as_str())
    }
}

#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    pub(super) fn html(status: u16) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: format!("<html><body><h1>{status}</h1>{ERROR_TEXT}</body></html>"),
        }
    }

    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
    }

    pub(super) fn graph_error(status: u16, code: &str) -> Self {
        let inner = json!({"date": "2026-11-21T07:00:00", "request-id": REQUEST_ID, "client-request-id": REQUEST_ID});
        let error = json!({"code": code, "message": ERROR_TEXT, "innerError": inner});
        Self::json(status, &json!({ "error": error })).with_request_id()
    }

    pub(super) fn with_request_id(self) -> Self {
        self.with_header("request-id", Some(REQUEST_ID.to_owned()))
    }

    pub(super) fn with_header(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

pub(super) async fn read_request(stream: &mut TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        read_more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut request = Request {
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    };
    let length: usize = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let body_start = head_end + 4;
    while bytes.len() - body_start < length {
        read_more(stream, &mut bytes).await?;
    }
    request.body = bytes.split_off(body_start);
    Ok(request)
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    if bytes.len() > LONGEST_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    match stream.read_buf(bytes).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

pub(super) async fn write_reply(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    let head: String = reply.headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let text = format!(
        "HTTP/1.1 {} Scripted\r\n{head}date: Sat, 21 Nov 2026 07:00:00 GMT\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{}",
        reply.status,
        reply.body.len(),
        reply.body
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}
