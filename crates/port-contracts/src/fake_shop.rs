//! A WooCommerce shop on loopback: the part of its REST API that lists orders, and WooPayments' disputes.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use url::Url;

use crate::fake_http::{Reply, Request, read_request, write_reply};
use crate::fake_server::{self, Listening};

/// The consumer key that it accepts.
pub const KEY: &str = "ck_of_the_fake_shop";

/// And the secret that belongs to it.
pub const SECRET: &str = "cs_of_the_fake_shop";

/// The text in each refusal: it must never reach a person.
pub const ERROR_TEXT: &str = "Text of the shop, which may name people.";

const ORDERS_A_PAGE: usize = 100;
const DISPUTES_A_PAGE: usize = 25;

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct FakeShop {
    listening: Listening,
    state: Shared,
}

impl FakeShop {
    /// Starts a shop on a free port of 127.0.0.1, which says that it is `now`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(now: DateTime<Utc>) -> io::Result<Self> {
        let state = Shared::new(State { now, orders: vec![], disputes: vec![], revoked: false });
        let shared = state.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await?;
        Ok(Self { listening, state })
    }

    /// Where the shop is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/blog", self.listening.address)
    }

    /// Adds an order as the REST API v3 writes it; by `date_modified_gmt` it is listed.
    pub fn order(&self, order: Value) {
        self.state.lock().orders.push(order);
    }

    /// A dispute of WooPayments' stands so now, in place of what was known of it.
    pub fn stands(&self, dispute: Value) {
        let mut state = self.state.lock();
        state.disputes.retain(|known| known["id"] != dispute["id"]);
        state.disputes.push(dispute);
    }

    /// The key is not accepted any more.
    pub fn revoke(&self) {
        self.state.lock().revoked = true;
    }
}

type Shared = fake_server::Shared<State>;

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    orders: Vec<Value>,
    disputes: Vec<Value>,
    revoked: bool,
}

impl State {
    fn answer(&self, request: &Request) -> Reply {
        let expected = format!("Basic {}", STANDARD.encode(format!("{KEY}:{SECRET}")));
        if self.revoked || request.header("authorization") != Some(&expected) {
            return error(401, "woocommerce_rest_cannot_view");
        }
        let Ok(url) = Url::parse(&format!("http://shop{}", request.target)) else {
            return error(400, "rest_invalid_param");
        };
        let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let page = asked("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
        let reply = match url.path().strip_prefix("/blog/wp-json/wc/v3/") {
            Some("orders") => self.orders(page, asked("modified_after").as_deref().unwrap_or_default()),
            Some("payments/disputes") => self.disputes(page),
            Some(path) => match path.strip_prefix("payments/disputes/") {
                Some(id) => self.dispute(id),
                None => error(404, "rest_no_route"),
            },
            None => error(404, "rest_no_route"),
        };
        reply.with_header("date", Some(self.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()))
    }

    fn orders(&self, page: usize, after: &str) -> Reply {
        let modified = |order: &&Value| order["date_modified_gmt"].as_str().unwrap_or_default() > after;
        let orders: Vec<_> = self.orders.iter().filter(modified).collect();
        let pages = orders.len().div_ceil(ORDERS_A_PAGE).to_string();
        let listed: Vec<_> = orders.into_iter().skip((page - 1) * ORDERS_A_PAGE).take(ORDERS_A_PAGE).collect();
        Reply::json(200, json!(listed).to_string()).with_header("x-wp-totalpages", Some(pages))
    }

    /// The latest first, and without their money.
    fn disputes(&self, page: usize) -> Reply {
        let mut disputes: Vec<_> = self.disputes.iter().collect();
        disputes.sort_by_key(|dispute| std::cmp::Reverse(dispute["created"].as_i64()));
        let row = |dispute: &Value| {
            let created = DateTime::from_timestamp(dispute["created"].as_i64().unwrap_or_default(), 0);
            let created =
                created.map(|time| time.naive_utc()).map(|time: NaiveDateTime| time.format("%F %T").to_string());
            json!({ "dispute_id": dispute["id"], "created": created, "customer_email": ERROR_TEXT })
        };
        let rows = disputes.into_iter().skip((page - 1) * DISPUTES_A_PAGE).take(DISPUTES_A_PAGE).map(row);
        Reply::json(200, json!({ "data": rows.collect::<Vec<_>>() }).to_string())
    }

    fn dispute(&self, id: &str) -> Reply {
        match self.disputes.iter().find(|dispute| dispute["id"] == id) {
            Some(dispute) => Reply::json(200, dispute.to_string()),
            None => error(404, "wcpay_dispute_not_found"),
        }
    }
}

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, json!({ "code": code, "message": ERROR_TEXT }).to_string())
}

/// One request a connection. Its errors are the client's: a client that goes away is no fault of the fake.
async fn serve(stream: TcpStream, state: Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
    let reply = state.lock().answer(&request).with_header("connection", Some("close".to_owned()));
    write_reply(&mut stream, reply).await?;
    stream.shutdown().await
}
