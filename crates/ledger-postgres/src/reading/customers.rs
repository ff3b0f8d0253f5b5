//! What is known of customers. Figures are counted when they are read.

mod lines;

use std::collections::BTreeMap;

use chargebook_domain::CustomerId;
use chargebook_domain::ports::LedgerError;

use crate::PostgresLedger;
use crate::error::{corrupt, read_error};

pub use lines::{
    CustomerAmount, CustomerDecision, CustomerDispute, CustomerLine, CustomerOrder, CustomerStory, Decision,
    LinkedCustomer,
};

/// How many disputes and decisions a story has at most, the latest.
const SHOWN: i64 = 200;

/// How many others of each strength a story names, those with the most disputes in common.
const LINKED: i64 = 20;

/// Over how many cards others are looked for at most, those used last.
const CARDS: i64 = 100;

impl PostgresLedger {
    /// Whether a customer is blocked, and what else a checkout may want to know, by the hash of the e-mail under the
    /// present key or a former one. A look into indexes, made for being asked at every checkout.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn decision(&self, customer: &CustomerId) -> Result<Decision, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT d.is_blocked AS "is_blocked?", d.decided_at AS "decided_at?", d.reason AS "reason?",
                      s.score AS "score?"
               FROM (SELECT coalesce(replaced_by, customer) AS customer FROM chargebook.customers WHERE customer = $1) c
               LEFT JOIN LATERAL (SELECT is_blocked, decided_at, reason FROM chargebook.customer_decisions d
                   WHERE d.customer = c.customer ORDER BY decided_at DESC, decided_by DESC LIMIT 1) d ON true
               LEFT JOIN chargebook.customer_scores s ON s.customer = c.customer"#,
            customer.as_str()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(read_error)?;
        let Some(row) = row else { return Ok(Decision::default()) };
        let blocked = row.is_blocked.unwrap_or(false);
        Ok(Decision { known: true, blocked, since: row.decided_at, reason: row.reason, score: row.score })
    }

    /// Up to `limit` customers, in this order and then by hash. By score, lost and disputes these are the customers whose
    /// score was computed.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn customers(&self, order: CustomerOrder, limit: i64) -> Result<Vec<CustomerLine>, LedgerError> {
        let page = match order {
            CustomerOrder::Score => {
                sqlx::query_scalar!(
                    "SELECT customer FROM chargebook.customer_scores ORDER BY score, customer LIMIT $1",
                    limit
                )
                .fetch_all(&self.pool)
                .await
            }
            CustomerOrder::Lost => {
                sqlx::query_scalar!(
                    "SELECT customer FROM chargebook.customer_scores ORDER BY lost DESC, customer LIMIT $1",
                    limit
                )
                .fetch_all(&self.pool)
                .await
            }
            CustomerOrder::Disputes => {
                sqlx::query_scalar!(
                    "SELECT customer FROM chargebook.customer_scores ORDER BY disputes DESC, customer LIMIT $1",
                    limit
                )
                .fetch_all(&self.pool)
                .await
            }
            CustomerOrder::Latest => {
                sqlx::query_scalar!(
                    r#"SELECT customer AS "customer!" FROM chargebook.disputes d
                   WHERE customer IS NOT NULL AND same_as_dispute_id IS NULL AND opened_at IS NOT NULL AND NOT EXISTS (
                       SELECT FROM chargebook.disputes l WHERE l.customer = d.customer AND l.same_as_dispute_id IS NULL
                         AND (l.opened_at, l.account, l.dispute_id) > (d.opened_at, d.account, d.dispute_id))
                   ORDER BY opened_at DESC, account DESC, dispute_id DESC LIMIT $1"#,
                    limit
                )
                .fetch_all(&self.pool)
                .await
            }
            CustomerOrder::Blocked => {
                sqlx::query_scalar!(
                    r#"SELECT customer FROM chargebook.customer_decisions d
                   WHERE is_blocked AND NOT EXISTS (
                       SELECT FROM chargebook.customer_decisions l WHERE l.customer = d.customer
                         AND (l.decided_at, l.decided_by) > (d.decided_at, d.decided_by))
                   ORDER BY decided_at DESC, customer LIMIT $1"#,
                    limit
                )
                .fetch_all(&self.pool)
                .await
            }
        };
        self.lines(&page.map_err(read_error)?).await
    }

    /// Up to `limit` customers whose hash begins with `prefix`, by hash; those of former keys as well.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn customers_beginning(&self, prefix: &str, limit: i64) -> Result<Vec<CustomerId>, LedgerError> {
        // Behind every digit that could follow.
        let end = format!("{prefix}g");
        let customers = sqlx::query_scalar!(
            "SELECT customer FROM chargebook.customers WHERE customer >= $1 AND customer < $2 ORDER BY customer LIMIT $3",
            prefix,
            end,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let parse =
            |customer: &String| CustomerId::parse(customer).map_err(|_| corrupt("customers", "customer", customer));
        customers.iter().map(parse).collect()
    }

    /// All that is known of a customer, by the hash under the present key or a former one; `None` when that is nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn customer(&self, customer: &CustomerId) -> Result<Option<CustomerStory>, LedgerError> {
        let present = sqlx::query_scalar!(
            r#"SELECT coalesce(replaced_by, customer) AS "customer!" FROM chargebook.customers WHERE customer = $1"#,
            customer.as_str()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(read_error)?;
        let Some(present) = present else { return Ok(None) };
        let Some(line) = self.lines(std::slice::from_ref(&present)).await?.pop() else { return Ok(None) };
        let score =
            sqlx::query!("SELECT reasons, scored_at FROM chargebook.customer_scores WHERE customer = $1", present);
        let former = sqlx::query_scalar!(
            "SELECT customer FROM chargebook.customers WHERE replaced_by = $1 ORDER BY known_since DESC, customer",
            present
        );
        let former = former.fetch_all(&self.pool).await.map_err(read_error)?;
        let hashes = [std::slice::from_ref(&present), &former].concat();
        // The decision that counted when a key gave way to another is there under both hashes.
        let decisions = sqlx::query_as!(
            CustomerDecision,
            r#"SELECT DISTINCT decided_at, decided_by, is_blocked, reason FROM chargebook.customer_decisions
               WHERE customer = ANY($1) ORDER BY decided_at DESC, decided_by DESC LIMIT $2"#,
            &hashes,
            SHOWN
        );
        let score = score.fetch_optional(&self.pool).await.map_err(read_error)?;
        let (score_reasons, scored_at) = score.map(|row| (row.reasons, row.scored_at)).unzip();
        Ok(Some(CustomerStory {
            line,
            score_reasons: score_reasons.unwrap_or_default(),
            scored_at,
            former,
            dispute_list: self.disputes_of(&present).await?,
            decisions: decisions.fetch_all(&self.pool).await.map_err(read_error)?,
            linked: self.linked(&present).await?,
        }))
    }

    /// The figures of customers, in the order of their hashes here.
    async fn lines(&self, customers: &[String]) -> Result<Vec<CustomerLine>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT r.customer AS "customer!", r.known_since AS "known_since!", s.score AS "score?",
                      d.is_blocked AS "is_blocked?", r.disputes AS "disputes!", r.open AS "open!", r.won AS "won!",
                      r.lost AS "lost!", r.other_closed AS "other_closed!", r.inquiries AS "inquiries!",
                      r.disputed_orders AS "disputed_orders!", r.orders AS "orders!",
                      r.disputed_orders * 10000 / nullif(r.orders, 0) AS dispute_rate_bps, r.first_at, r.last_at,
                      ARRAY(SELECT tag FROM chargebook.customer_tags t WHERE t.customer = r.customer ORDER BY tag)
                          AS "tags!"
               FROM UNNEST($1::text[]) WITH ORDINALITY AS p(customer, place)
               JOIN chargebook.customer_report r USING (customer)
               LEFT JOIN chargebook.customer_scores s USING (customer)
               LEFT JOIN LATERAL (SELECT is_blocked FROM chargebook.customer_decisions d
                   WHERE d.customer = p.customer ORDER BY decided_at DESC, decided_by DESC LIMIT 1) d ON true
               ORDER BY p.place"#,
            customers
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let sums = sqlx::query!(
            r#"SELECT customer AS "customer!", currency AS "currency!", disputed_minor AS "disputed_minor!",
                      lost_minor AS "lost_minor!", won_minor AS "won_minor!"
               FROM chargebook.customer_amounts WHERE customer = ANY($1) ORDER BY currency"#,
            customers
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let mut amounts: BTreeMap<String, Vec<CustomerAmount>> = BTreeMap::new();
        for row in sums {
            let (disputed_minor, lost_minor, won_minor) = (row.disputed_minor, row.lost_minor, row.won_minor);
            let amount = CustomerAmount { currency: row.currency, disputed_minor, lost_minor, won_minor };
            amounts.entry(row.customer).or_default().push(amount);
        }
        let line = rows.into_iter().map(|row| CustomerLine {
            amounts: amounts.remove(&row.customer).unwrap_or_default(),
            customer: row.customer,
            known_since: row.known_since,
            score: row.score,
            blocked: row.is_blocked.unwrap_or(false),
            disputes: row.disputes,
            open: row.open,
            won: row.won,
            lost: row.lost,
            other_closed: row.other_closed,
            inquiries: row.inquiries,
            disputed_orders: row.disputed_orders,
            orders: row.orders,
            dispute_rate_bps: row.dispute_rate_bps,
            first_at: row.first_at,
            last_at: row.last_at,
            tags: row.tags,
        });
        Ok(line.collect())
    }

    async fn disputes_of(&self, customer: &str) -> Result<Vec<CustomerDispute>, LedgerError> {
        sqlx::query_as!(
            CustomerDispute,
            r#"SELECT d.account, d.dispute_id, r.order_ref AS "order_ref?", d.status, d.outcome,
                      d.amount_minor AS disputed_minor, d.currency AS disputed_currency, d.opened_at, d.closed_at
               FROM (SELECT * FROM chargebook.disputes WHERE customer = $1 AND same_as_dispute_id IS NULL
                     ORDER BY opened_at DESC NULLS LAST, account, dispute_id LIMIT $2) d
               LEFT JOIN LATERAL (SELECT min(r.order_ref) AS order_ref FROM chargebook.order_resolutions r
                   WHERE r.account = d.account AND r.dispute_id = d.dispute_id AND NOT r.ambiguous) r ON true
               ORDER BY d.opened_at DESC NULLS LAST, d.account, d.dispute_id"#,
            customer,
            SHOWN
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// The strong links first. Who is linked strongly is not named as linked weakly as well.
    async fn linked(&self, customer: &str) -> Result<Vec<LinkedCustomer>, LedgerError> {
        sqlx::query_as!(
            LinkedCustomer,
            r#"WITH own AS (
                   SELECT card_hash, card_brand, card_last4, max(opened_at) AS used_at FROM chargebook.disputes
                   WHERE customer = $1 AND same_as_dispute_id IS NULL GROUP BY card_hash, card_brand, card_last4
                   ORDER BY used_at DESC NULLS LAST, card_hash, card_brand, card_last4 LIMIT $2
               ), strong AS (
                   SELECT o.customer, count(DISTINCT o.card_hash) AS cards, count(*) AS disputes
                   FROM (SELECT DISTINCT card_hash FROM own) c JOIN chargebook.disputes o USING (card_hash)
                   WHERE o.customer <> $1 AND o.same_as_dispute_id IS NULL GROUP BY o.customer
               ), weak AS (
                   SELECT o.customer, count(DISTINCT (o.card_brand, o.card_last4)) AS cards, count(*) AS disputes
                   FROM (SELECT DISTINCT card_brand, card_last4 FROM own) c
                   JOIN chargebook.disputes o USING (card_brand, card_last4)
                   WHERE o.customer <> $1 AND o.same_as_dispute_id IS NULL GROUP BY o.customer
               )
               (SELECT 'strong' AS "link!", customer AS "customer!", cards AS "cards!", disputes AS "disputes!"
                FROM strong ORDER BY disputes DESC, customer LIMIT $3)
               UNION ALL
               (SELECT 'weak', customer, cards, disputes FROM weak WHERE customer NOT IN (SELECT customer FROM strong)
                ORDER BY disputes DESC, customer LIMIT $3)"#,
            customer,
            CARDS,
            LINKED
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
