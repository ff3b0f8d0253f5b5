//! Reads what rules see: a statement for each kind of thing, however many disputes are asked for.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{FollowedUp, LedgerError};
use chargebook_domain::rules::{CooldownPer, CustomerSubject, DisputeSubject, OrderSubject, RuleName, Subject, Tag};
use chargebook_domain::{
    Bucket, Currency, CustomerFigures, CustomerId, DisputeKey, Money, OrderPayment, OrderRef, Outcome, Status, Trigger,
    normal_email,
};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::PostgresLedger;
use crate::error::{corrupt, ledger_error, read_error};
use crate::load::{Keys, id, key};

/// A dispute, whose it is, and its one order.
struct Found {
    dispute: DisputeSubject,
    customer: Option<CustomerId>,
    order: Option<OrderRef>,
}

impl PostgresLedger {
    /// What is looked at where this happened to each of these, in order. All of it is of one moment, but for the orders.
    pub(super) async fn subjects(
        &self,
        happened: &[(&DisputeKey, &BTreeSet<Trigger>)],
    ) -> Result<Vec<Option<FollowedUp>>, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        let keys = Keys::of(happened.iter().map(|(key, _)| *key));
        let found = disputes(&mut transaction, &keys).await?;
        let ids: BTreeSet<_> = found.values().filter_map(|found| found.customer.as_ref()).collect();
        let ids: Vec<_> = ids.into_iter().map(CustomerId::as_str).collect();
        let mut customers = customers(&mut transaction, &ids).await?;
        amounts(&mut transaction, &ids, &mut customers).await?;
        let for_customers = fired_for_customers(&mut transaction, &ids).await?;
        let for_disputes = fired_for_disputes(&mut transaction, &keys).await?;
        transaction.commit().await.map_err(ledger_error)?;

        let orders = found.values().filter_map(|found| found.order.clone()).collect();
        let payments = self.orders.payments(&self.pool, &BTreeSet::new(), &BTreeSet::new(), &orders).await?;
        self.count_orders_of_view(&found, &payments, &mut customers).await?;
        let subject = |(key, triggers): &(&DisputeKey, &BTreeSet<Trigger>)| {
            let found = found.get(key)?;
            let order = found.order.as_ref().map(|order| {
                let of_order = payments.iter().filter(|payment| payment.order_ref == *order);
                OrderSubject { order_ref: order.clone(), placed_at: of_order.filter_map(|one| one.placed_at).min() }
            });
            let customer = found.customer.as_ref().and_then(|id| customers.get(id)).cloned();
            let mut fired = for_disputes.get(key).cloned().unwrap_or_default();
            fired.extend(
                customer
                    .iter()
                    .filter_map(|customer| for_customers.get(&customer.id))
                    .flatten()
                    .map(|((rule, per), at)| ((rule.clone(), *per), *at)),
            );
            let dispute = Some(found.dispute.clone());
            let triggers = (*triggers).clone();
            Some(FollowedUp {
                subject: Subject { triggers, livemode: true, dispute, customer, order, ratio: None },
                fired,
            })
        };
        Ok(happened.iter().map(subject).collect())
    }

    /// Counts the orders of customers where they are in a view, by the address of a payment that made somebody a
    /// customer. They placed those at least that are disputed: an address may be written there in a way that is not found.
    async fn count_orders_of_view(
        &self,
        found: &BTreeMap<DisputeKey, Found>,
        payments: &[OrderPayment],
        customers: &mut BTreeMap<CustomerId, CustomerSubject>,
    ) -> Result<(), LedgerError> {
        let (Some(key), false) = (self.customer_key, self.orders.is_table()) else { return Ok(()) };
        let orders: BTreeSet<_> = found.values().filter_map(|found| found.order.as_ref()).collect();
        let named = payments.iter().filter(|payment| orders.contains(&payment.order_ref));
        let emails: BTreeSet<_> =
            named.filter_map(|payment| Some(normal_email(payment.customer_email.as_deref()?))).collect();
        let emails = emails
            .iter()
            .map(String::as_str)
            .filter(|email| key.customer(email).is_some_and(|customer| customers.contains_key(&customer)));
        let counted = self.orders.orders_by_email(&self.pool, &emails.collect::<Vec<_>>()).await?;
        for (email, orders) in counted {
            let customer = key.customer(&email).and_then(|customer| customers.get_mut(&customer));
            if let Some(customer) = customer {
                customer.figures.orders = u64::try_from(orders).unwrap_or_default();
            }
        }
        for customer in customers.values_mut() {
            customer.figures.orders = customer.figures.orders.max(customer.figures.disputed_orders);
        }
        Ok(())
    }
}

async fn disputes(connection: &mut PgConnection, keys: &Keys<'_>) -> Result<BTreeMap<DisputeKey, Found>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT d.account, d.dispute_id, d.amount_minor, d.currency, d.reason, d.card_brand, d.status, d.outcome,
                  d.case_type, d.opened_at, d.closed_at, d.bucket, d.customer,
                  (SELECT min(r.order_ref) FROM chargebook.order_resolutions r
                   WHERE r.account = d.account AND r.dispute_id = d.dispute_id AND NOT r.ambiguous) AS order_ref
           FROM chargebook.disputes d
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)
           WHERE d.same_as_dispute_id IS NULL"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    let found = rows.into_iter().map(|row| {
        let key = key(&row.account, &row.dispute_id)?;
        let bad = |column| corrupt("disputes", column, &key);
        let currency = Currency::parse(&row.currency).map_err(|_| bad("currency"))?;
        let dispute = DisputeSubject {
            key: key.clone(),
            amount: Money::new(row.amount_minor, currency),
            reason: row.reason,
            card_brand: row.card_brand,
            status: Status::parse(&row.status),
            outcome: Outcome::parse(&row.outcome).ok_or_else(|| bad("outcome"))?,
            case_type: row.case_type,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            bucket: Bucket::parse(&row.bucket).ok_or_else(|| bad("bucket"))?,
        };
        let customer = id(row.customer, |text| CustomerId::parse(text).ok(), || bad("customer"))?;
        let order = id(row.order_ref, |text| OrderRef::parse(text).ok(), || bad("order_ref"))?;
        Ok((key, Found { dispute, customer, order }))
    });
    found.collect()
}

async fn customers(
    connection: &mut PgConnection,
    ids: &[&str],
) -> Result<BTreeMap<CustomerId, CustomerSubject>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT r.customer AS "customer!", r.disputes AS "disputes!", r.open AS "open!", r.won AS "won!",
                  r.lost AS "lost!", r.other_closed AS "other_closed!", r.inquiries AS "inquiries!",
                  r.disputed_orders AS "disputed_orders!", r.orders AS "orders!", r.first_at, r.last_at,
                  (SELECT s.score FROM chargebook.customer_scores s WHERE s.customer = r.customer) AS score,
                  ARRAY(SELECT t.tag FROM chargebook.customer_tags t WHERE t.customer = r.customer) AS "tags!",
                  EXISTS (SELECT FROM chargebook.blocked_customers b WHERE b.customer = r.customer) AS "is_blocked!"
           FROM chargebook.customer_report r WHERE r.customer = ANY($1)"#,
        ids as _
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    let count = |counted: i64| u64::try_from(counted).unwrap_or_default();
    let customers = rows.into_iter().map(|row| {
        let id = CustomerId::parse(&row.customer).map_err(|_| corrupt("customers", "customer", &row.customer))?;
        let bad = |column| corrupt("customer_scores", column, &id);
        let figures = CustomerFigures {
            orders: count(row.orders),
            disputed_orders: count(row.disputed_orders),
            disputes: count(row.disputes),
            open: count(row.open),
            won: count(row.won),
            lost: count(row.lost),
            other_closed: count(row.other_closed),
            inquiries: count(row.inquiries),
            disputed: Vec::new(),
            first_at: row.first_at,
            last_at: row.last_at,
        };
        let tags = row.tags.iter().map(|tag| Tag::parse(tag).map_err(|_| corrupt("customer_tags", "tag", &id)));
        let customer = CustomerSubject {
            figures,
            score: None,
            score_before: row.score.map(|score| u8::try_from(score).map_err(|_| bad("score"))).transpose()?,
            tags: tags.collect::<Result<_, _>>()?,
            blocked: row.is_blocked,
            id: id.clone(),
        };
        Ok((id, customer))
    });
    customers.collect()
}

async fn amounts(
    connection: &mut PgConnection,
    ids: &[&str],
    customers: &mut BTreeMap<CustomerId, CustomerSubject>,
) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT customer AS "customer!", currency AS "currency!", disputed_minor AS "disputed_minor!"
           FROM chargebook.customer_amounts WHERE customer = ANY($1) ORDER BY customer, currency"#,
        ids as _
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    for row in rows {
        let customer = CustomerId::parse(&row.customer).ok().and_then(|id| customers.get_mut(&id));
        let Some(customer) = customer else { continue };
        let currency = Currency::parse(&row.currency).map_err(|_| corrupt("disputes", "currency", &row.customer))?;
        customer.figures.disputed.push(Money::new(row.disputed_minor, currency));
    }
    Ok(())
}

type Fired = BTreeMap<(RuleName, CooldownPer), DateTime<Utc>>;

async fn fired_for_customers(
    connection: &mut PgConnection,
    ids: &[&str],
) -> Result<BTreeMap<CustomerId, Fired>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT customer AS "customer!", rule, max(evaluated_at) AS "at!" FROM chargebook.rule_log
           WHERE fired AND customer = ANY($1) GROUP BY customer, rule"#,
        ids as _
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    let mut fired = BTreeMap::<_, Fired>::new();
    for row in rows {
        let customer = CustomerId::parse(&row.customer).map_err(|_| corrupt("rule_log", "customer", &row.customer))?;
        let rule = rule_name(&row.rule)?;
        fired.entry(customer).or_default().insert((rule, CooldownPer::Customer), row.at);
    }
    Ok(fired)
}

async fn fired_for_disputes(
    connection: &mut PgConnection,
    keys: &Keys<'_>,
) -> Result<BTreeMap<DisputeKey, Fired>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT account AS "account!", dispute_id AS "dispute_id!", rule, max(evaluated_at) AS "at!"
           FROM chargebook.rule_log l
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)
           WHERE fired GROUP BY account, dispute_id, rule"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    let mut fired = BTreeMap::<_, Fired>::new();
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        fired.entry(key).or_default().insert((rule_name(&row.rule)?, CooldownPer::Dispute), row.at);
    }
    Ok(fired)
}

fn rule_name(rule: &str) -> Result<RuleName, LedgerError> {
    RuleName::parse(rule).map_err(|_| corrupt("rule_log", "rule", rule))
}
