//! The REST API of a shop: what its webhooks did not tell.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Cursor, Page, Read, ReadError, ShopReader};
use chargebook_domain::{AccountId, DisputeId};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::delivery::{READ_DISPUTE, READ_ORDER, read_asked};
use crate::error::ApiError;
use crate::settings::{WooApiSettingsError, check_key, checked_base};
use crate::transport::{Answer, Transport};

/// The most that WooCommerce gives.
const ORDERS_A_PAGE: usize = 100;

/// Each of them is asked for by itself, through the shop.
const DISPUTES_A_PAGE: usize = 25;

/// A list of more is none: ten million orders are changed in no period that anybody reads.
const PAGES_MAX: u32 = 100_000;

/// How the list of disputes writes times, which are UTC.
const LISTED_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// A client of one shop's REST API. What it reads is of the book of the shop.
pub struct WooApi {
    account: AccountId,
    transport: Transport,
}

impl WooApi {
    /// A client for the shop at `base`, such as `https://shop.example/`, by a consumer key that may read and whose user is
    /// a shop manager.
    ///
    /// # Errors
    /// [`WooApiSettingsError`]; `http:` is accepted for loopback addresses only, as the key is sent along.
    pub fn new(
        account: AccountId,
        base: &str,
        key: &SecretString,
        secret: &SecretString,
    ) -> Result<Self, WooApiSettingsError> {
        check_key(key, secret)?;
        Ok(Self { account, transport: Transport::new(checked_base(base)?, key, secret)? })
    }

    /// The client with another bound of the wait before the second of its attempts; it doubles with each further one.
    #[must_use]
    pub fn with_first_wait(mut self, wait: Duration) -> Self {
        self.transport.first_wait = wait;
        self
    }

    /// One dispute of WooPayments' as it is now, with its movements of money.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::NotFound`] when the shop does not know it.
    pub async fn dispute(&self, dispute: &DisputeId) -> Result<Read, ReadError> {
        Ok(self.one(dispute.as_str()).await?)
    }

    async fn one(&self, dispute: &str) -> Result<Read, ApiError> {
        // WooPayments' route knows no other ids, and they stand in a path.
        if !dispute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(ApiError::NotFound);
        }
        let Answer { content, as_of, .. } =
            self.transport.ask("dispute", &format!("payments/disputes/{dispute}"), &[]).await?;
        let named: Named = parse(&content)?;
        if named.id != dispute {
            return Err(ApiError::NotWooCommerce);
        }
        Ok(self.read(content.get(), as_of, READ_DISPUTE))
    }

    fn not_given(&self, dispute: &str, as_of: DateTime<Utc>) -> Read {
        let body = serde_json::json!({ "listed": dispute }).to_string();
        self.read(&body, as_of, READ_DISPUTE)
    }

    fn read(&self, body: &str, as_of: DateTime<Utc>, kind: &'static str) -> Read {
        Read { event: read_asked(&self.account, body, as_of, kind), body: body.as_bytes().to_vec() }
    }
}

#[async_trait]
impl ShopReader for WooApi {
    /// WooPayments' disputes, the latest first; none where the shop has no such route, as without WooPayments. The list has
    /// no money, so that each dispute is asked for by itself; one that the shop lists and can't give is an item that is
    /// not understood, and hides no other.
    async fn disputes(&self, filed_from: DateTime<Utc>, after: Option<Cursor>) -> Result<Page<Read>, ReadError> {
        let (page, before) = place(after.as_ref())?;
        let query = [
            ("page", page.to_string()),
            ("pagesize", DISPUTES_A_PAGE.to_string()),
            ("sort", "created".to_owned()),
            ("direction", "desc".to_owned()),
        ];
        let answer = match self.transport.ask("disputes", "payments/disputes", &query).await {
            Err(ApiError::NoRoute) => return Ok(Page { items: Vec::new(), next: None }),
            answered => answered?,
        };
        let Listed { data: rows } = parse(&answer.content)?;
        let Some(first) = rows.first().map(|row| row.dispute_id.clone()) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        // A shop that does not look at the number would give its first page for ever.
        if page > 1 && first == before {
            return Err(ApiError::Endless.into());
        }
        let is_over = rows.last().is_some_and(|row| row.is_before(filed_from));
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| !row.is_before(filed_from)) {
            items.push(match self.one(&row.dispute_id).await {
                Err(ApiError::NotFound | ApiError::Failed { .. }) => self.not_given(&row.dispute_id, answer.as_of),
                outcome => outcome?,
            });
        }
        let next = if is_over { None } else { Some(cursor(page, &first)?) };
        Ok(Page { items, next })
    }

    /// By their ids.
    async fn orders(&self, modified_from: DateTime<Utc>, after: Option<Cursor>) -> Result<Page<Read>, ReadError> {
        let (page, _) = place(after.as_ref())?;
        // WooCommerce counts in whole seconds, and takes what is after this one.
        let modified_after = modified_from.checked_sub_signed(TimeDelta::seconds(1)).unwrap_or(modified_from);
        let query = [
            ("modified_after", modified_after.format("%Y-%m-%dT%H:%M:%S").to_string()),
            ("dates_are_gmt", "true".to_owned()),
            ("per_page", ORDERS_A_PAGE.to_string()),
            // So that an order which changes meanwhile makes others come twice, and none be missed.
            ("orderby", "id".to_owned()),
            ("order", "asc".to_owned()),
            ("page", page.to_string()),
        ];
        let answer = self.transport.ask("orders", "orders", &query).await?;
        let orders: Vec<Box<RawValue>> = parse(&answer.content)?;
        let is_full = orders.len() >= ORDERS_A_PAGE;
        let has_more = answer.pages.map_or(is_full, |pages| page < pages && !orders.is_empty());
        let items = orders.iter().map(|order| self.read(order.get(), answer.as_of, READ_ORDER)).collect();
        Ok(Page { items, next: if has_more { Some(cursor(page, "")?) } else { None } })
    }
}

impl fmt::Debug for WooApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WooApi").field("account", &self.account).finish_non_exhaustive()
    }
}

/// A page of the list of disputes, as WooPayments wraps it.
#[derive(Deserialize)]
struct Listed {
    data: Vec<ListedDispute>,
}

/// All that is needed of a dispute that is listed.
#[derive(Deserialize)]
struct ListedDispute {
    dispute_id: String,
    created: Option<String>,
}

impl ListedDispute {
    /// One whose time can't be read is not before anything.
    fn is_before(&self, time: DateTime<Utc>) -> bool {
        let created = self.created.as_deref().and_then(|text| NaiveDateTime::parse_from_str(text, LISTED_TIME).ok());
        created.is_some_and(|created| created.and_utc() < time)
    }
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

fn parse<'a, T: Deserialize<'a>>(content: &'a RawValue) -> Result<T, ApiError> {
    serde_json::from_str(content.get()).map_err(|_| ApiError::NotWooCommerce)
}

/// The number of the page, and what the page before it began with.
fn place(after: Option<&Cursor>) -> Result<(u32, &str), ApiError> {
    let Some(after) = after else { return Ok((1, "")) };
    let (page, first) = after.as_str().split_once(' ').unwrap_or((after.as_str(), ""));
    Ok((page.parse().map_err(|_| ApiError::Endless)?, first))
}

/// The place after the page of this number, which began so.
fn cursor(page: u32, first: &str) -> Result<Cursor, ApiError> {
    let next = page.saturating_add(1);
    if next > PAGES_MAX { Err(ApiError::Endless) } else { Ok(Cursor::new(format!("{next} {first}"))) }
}
