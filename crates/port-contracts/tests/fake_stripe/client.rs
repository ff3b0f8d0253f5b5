//! A client of one connection, which it keeps.

use std::io::{self, ErrorKind};

use chargebook_port_contracts::fake_stripe::{FakeStripe, KEY};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    /// The header `Authorization`.
    pub(crate) authorization: String,
    /// The header `Stripe-Account`.
    pub(crate) account: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of the error, or its type where it has none.
    pub(crate) fn error(&self) -> String {
        let error = &self.json()["error"];
        error["code"].as_str().or(error["type"].as_str()).unwrap().to_owned()
    }
}

impl Client {
    pub(crate) async fn of(fake: &FakeStripe) -> Self {
        let address = fake.base().strip_prefix("http://").unwrap().to_owned();
        let stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        Self { stream, authorization: format!("Bearer {KEY}"), account: None }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target).await.unwrap()
    }

    pub(crate) async fn send(&mut self, method: &str, target: &str) -> io::Result<Answer> {
        let account = self.account.map(|account| format!("Stripe-Account: {account}\r\n")).unwrap_or_default();
        let authorization = &self.authorization;
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: fake\r\nAuthorization: {authorization}\r\n{account}\r\n");
        self.stream.write_all(head.as_bytes()).await?;
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        while let Some((name, value)) = self.line().await?.split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: String::new() };
        let mut body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
        self.stream.read_exact(&mut body).await?;
        answer.body = String::from_utf8(body).unwrap();
        Ok(answer)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// The objects of a page.
    pub(crate) async fn page(&mut self, target: &str) -> Vec<Value> {
        let answer = self.get(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.json()["data"].as_array().unwrap().clone()
    }

    /// The objects of all pages of a list, of which `target` is the first.
    pub(crate) async fn all(&mut self, target: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map(|last| format!("&starting_after={}", last["id"].as_str().unwrap()));
            let answer = self.get(&format!("{target}{}", after.unwrap_or_default())).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.body);
            let mut page = answer.json();
            assert_eq!(page["object"], "list");
            assert_eq!(page["url"].as_str(), target.split('?').next());
            all.append(page["data"].as_array_mut().unwrap());
            if page["has_more"] == false {
                return all;
            }
        }
    }
}
