//! What networks count, and which levels somebody was told of.

mod warnings;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::monitor::{AlertKey, Level, Month, Network, Tally, TypedCount};
use chargebook_domain::ports::{LedgerError, LoggedRule, Monitoring, OutboxMessage};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::books::currency;
use crate::error::{corrupt, ledger_error, read_error};
use crate::order_source::OrderSource;
use crate::{PostgresLedger, column, count, outbox};

#[async_trait]
impl Monitoring for PostgresLedger {
    async fn tally(&self, bounds: &[DateTime<Utc>]) -> Result<Vec<Tally>, LedgerError> {
        let mut tallies = Tallies::between(bounds);
        if tallies.all.is_empty() {
            return Ok(Vec::new());
        }
        // One snapshot for all parts.
        let mut snapshot = self.begin().await.map_err(read_error)?;
        for setting in ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SET LOCAL jit = off"] {
            sqlx::query(setting).execute(&mut *snapshot).await.map_err(read_error)?;
        }
        filed(&mut snapshot, &mut tallies).await?;
        paid(&mut snapshot, &mut tallies).await?;
        opened(&mut snapshot, &mut tallies).await?;
        let unbranded = warnings::count_branded(&mut snapshot, &mut tallies).await?;
        if self.orders == OrderSource::Table {
            orders_of_the_table(&mut snapshot, &mut tallies).await?;
        }
        snapshot.commit().await.map_err(read_error)?;
        if self.orders != OrderSource::Table {
            self.orders_of_the_view(&mut tallies).await?;
        }
        self.count_by_orders(unbranded, &mut tallies).await?;
        Ok(tallies.all)
    }

    async fn payments(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Tally, LedgerError> {
        let bounds = [from, until];
        let mut tallies = Tallies::between(&bounds);
        if self.orders == OrderSource::Table {
            let mut connection = self.pool.acquire().await.map_err(read_error)?;
            orders_of_the_table(&mut connection, &mut tallies).await?;
        } else {
            self.orders_of_the_view(&mut tallies).await?;
        }
        Ok(tallies.all.pop().unwrap_or_default())
    }

    async fn typed_in(&self) -> Result<Vec<(Network, Month, u64)>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT DISTINCT ON (network, month) network, month, payments FROM chargebook.payment_counts
               ORDER BY network, month, counted_at DESC"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        rows.into_iter()
            .map(|row| {
                let network = network(&row.network, "payment_counts")?;
                Ok((network, Month::of(row.month), count(row.payments)))
            })
            .collect()
    }

    async fn type_in(&self, typed: &TypedCount) -> Result<(), LedgerError> {
        let payments = i64::try_from(typed.payments)
            .map_err(|_| LedgerError::Refused { reason: "a count beyond 64 bits".to_owned() })?;
        sqlx::query!(
            r#"INSERT INTO chargebook.payment_counts (network, month, counted_at, payments, counted_by, reason)
               VALUES ($1, $2, $3, $4, $5, $6)"#,
            typed.network.as_str(),
            typed.month.first_day(),
            typed.at,
            payments,
            typed.by,
            typed.reason
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }

    async fn alerted(&self, month: Month) -> Result<BTreeSet<AlertKey>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT network, programme, level FROM chargebook.monitor_alerts WHERE month = $1"#,
            month.first_day()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        rows.into_iter()
            .map(|row| {
                let level = Level::parse(&row.level).ok_or_else(|| corrupt("monitor_alerts", "level", &row.level))?;
                let network = network(&row.network, "monitor_alerts")?;
                Ok(AlertKey { network, programme: row.programme, month, level })
            })
            .collect()
    }

    async fn keep_alert(
        &self,
        alert: &AlertKey,
        rules: &[LoggedRule],
        messages: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let kept = sqlx::query!(
            r#"INSERT INTO chargebook.monitor_alerts (network, programme, month, level, alerted_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"#,
            alert.network.as_str(),
            alert.programme,
            alert.month.first_day(),
            alert.level.as_str(),
            now
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        outbox::owe(&mut transaction, &messages.iter().collect::<Vec<_>>(), now).await?;
        log(&mut transaction, &format!("alert/{alert}"), rules, now).await?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(true)
    }
}

/// The tallies between moments, as they are being counted.
struct Tallies<'a> {
    bounds: &'a [DateTime<Utc>],
    first: DateTime<Utc>,
    end: DateTime<Utc>,
    all: Vec<Tally>,
}

impl<'a> Tallies<'a> {
    fn between(bounds: &'a [DateTime<Utc>]) -> Self {
        let (first, end) = (bounds.first().copied(), bounds.last().copied());
        let all = bounds.windows(2).map(|_| Tally::default()).collect();
        Self { bounds, first: first.unwrap_or_default(), end: end.unwrap_or_default(), all }
    }

    /// The one that `width_bucket` numbers so, from 1.
    fn nth(&mut self, bucket: i32) -> Result<&mut Tally, LedgerError> {
        let nth = usize::try_from(bucket).ok().and_then(|bucket| bucket.checked_sub(1));
        nth.and_then(|nth| self.all.get_mut(nth)).ok_or_else(|| corrupt("a count", "month", bucket))
    }
}

/// The formal disputes, by when they were filed.
async fn filed(snapshot: &mut PgConnection, tallies: &mut Tallies<'_>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(filed_at, $1::timestamptz[]) AS "bucket!", card_brand, currency, count(*) AS "disputes!",
                  count(*) FILTER (WHERE paid_at IS NULL) AS "undated!", sum(amount_minor)::bigint AS "disputed!"
           FROM chargebook.disputes
           WHERE filed_at >= $2 AND filed_at < $3 AND same_as_dispute_id IS NULL
           GROUP BY 1, 2, 3"#,
        tallies.bounds,
        tallies.first,
        tallies.end
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    for row in rows {
        let currency = currency(&row.currency, "disputes")?;
        let tally = tallies.nth(row.bucket)?;
        tally.undated += count(row.undated);
        let counts = tally.of_brand(row.card_brand.as_deref());
        counts.disputes_filed += count(row.disputes);
        let disputed = counts.disputed.entry(currency).or_default();
        *disputed = disputed.saturating_add(row.disputed);
    }
    Ok(())
}

/// The formal disputes, by when their orders were paid.
async fn paid(snapshot: &mut PgConnection, tallies: &mut Tallies<'_>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(paid_at, $1::timestamptz[]) AS "bucket!", card_brand, count(*) AS "disputes!"
           FROM chargebook.disputes
           WHERE paid_at >= $2 AND paid_at < $3 AND filed_at IS NOT NULL AND same_as_dispute_id IS NULL
           GROUP BY 1, 2"#,
        tallies.bounds,
        tallies.first,
        tallies.end
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    for row in rows {
        let counts = tallies.nth(row.bucket)?.of_brand(row.card_brand.as_deref());
        counts.disputes_of_payments += count(row.disputes);
    }
    Ok(())
}

/// All disputes, by when they were opened.
async fn opened(snapshot: &mut PgConnection, tallies: &mut Tallies<'_>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(opened_at, $1::timestamptz[]) AS "bucket!", count(*) AS "disputes!"
           FROM chargebook.disputes
           WHERE opened_at >= $2 AND opened_at < $3 AND same_as_dispute_id IS NULL
           GROUP BY 1"#,
        tallies.bounds,
        tallies.first,
        tallies.end
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    for row in rows {
        tallies.nth(row.bucket)?.opened += count(row.disputes);
    }
    Ok(())
}

/// Payments and orders of Chargebook's own table, which are counted when they are written.
async fn orders_of_the_table(snapshot: &mut PgConnection, tallies: &mut Tallies<'_>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT width_bucket(slot_at, $1::timestamptz[]) AS "bucket!", card_brand, sum(payments)::bigint AS "payments!",
                  sum(orders)::bigint AS "orders!"
           FROM chargebook.order_counts WHERE slot_at >= $2 AND slot_at < $3
           GROUP BY 1, 2"#,
        tallies.bounds,
        tallies.first,
        tallies.end
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    for row in rows {
        let tally = tallies.nth(row.bucket)?;
        tally.orders += count(row.orders);
        tally.of_brand(Some(&row.card_brand)).payments_from_orders += count(row.payments);
    }
    Ok(())
}

impl PostgresLedger {
    /// Payments and orders of a view, which are counted each time.
    async fn orders_of_the_view(&self, tallies: &mut Tallies<'_>) -> Result<(), LedgerError> {
        let sql = format!(
            "SELECT width_bucket(placed_at, $1::timestamptz[]), card_brand, count(*), NULL::bigint
             FROM (SELECT o.placed_at::timestamptz AS placed_at, to_jsonb(o) ->> 'card_brand' AS card_brand
                   FROM {orders} o WHERE o.placed_at::timestamptz >= $2 AND o.placed_at::timestamptz < $3) o
             GROUP BY 1, 2
             UNION ALL
             SELECT width_bucket(o.placed_at::timestamptz, $1::timestamptz[]), NULL, 0, count(DISTINCT o.order_ref)
             FROM {orders} o WHERE o.placed_at::timestamptz >= $2 AND o.placed_at::timestamptz < $3 GROUP BY 1",
            orders = self.orders.relation()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tallies.bounds)
            .bind(tallies.first)
            .bind(tallies.end)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.orders.error(error))?;
        for row in rows {
            let tally = tallies.nth(row.try_get(0).map_err(read_error)?)?;
            let brand: Option<String> = row.try_get(1).map_err(read_error)?;
            tally.of_brand(brand.as_deref()).payments_from_orders += count(row.try_get(2).map_err(read_error)?);
            let orders: Option<i64> = row.try_get(3).map_err(read_error)?;
            tally.orders += orders.map_or(0, count);
        }
        Ok(())
    }
}

/// Logs the rules that were looked at for an alert.
async fn log(
    connection: &mut PgConnection,
    alert: &str,
    rules: &[LoggedRule],
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    sqlx::query!(
        r#"INSERT INTO chargebook.rule_log (follow_up, rule, evaluated_at, fired, why)
           SELECT $1, rule, $2, fired, why FROM UNNEST($3::text[], $4::boolean[], $5::text[]) AS r(rule, fired, why)
           ON CONFLICT (follow_up, rule) DO NOTHING"#,
        alert,
        now,
        &column(rules, |rule| rule.rule.as_str()) as _,
        &column(rules, |rule| rule.fired),
        &column(rules, |rule| rule.why.as_str()) as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

fn network(word: &str, table: &str) -> Result<Network, LedgerError> {
    Network::parse(word).ok_or_else(|| corrupt(table, "network", word))
}
