//! Where order payments are read from: Chargebook's own table, or a view of the user's own.

use std::collections::BTreeSet;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{ChargeId, Currency, Money, OrderPayment, OrderRef, PaymentIntentId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgExecutor, PgPool, Row};

use crate::error::read_error;
use crate::load::id;

/// In which unit a view states amounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AmountUnit {
    /// Major units with decimals, such as 12.34.
    Major,
    /// Minor units as Stripe has them.
    Minor,
    /// Hundredths, whatever the currency.
    X100,
}

/// Where order payments are read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderSource {
    /// `chargebook.orders`.
    Table,
    /// A view with the columns `order_ref`, `payment_intent_id`, `charge_id`, `amount`, `currency`, `customer_email`,
    /// `placed_at` and, if it has them, `refunded` and `card_brand`.
    View {
        /// Its name, quoted for SQL.
        quoted: String,
        /// The unit of its amounts.
        unit: AmountUnit,
    },
}

/// The text can't be the name of a view.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the name of a view is one or two words of letters, digits and underscores, such as shop.chargebook_orders")]
pub struct InvalidViewName;

/// What `orders check` found out about a view.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MappingReport {
    /// Rows that were looked at.
    pub rows: i64,
    /// Of these, without any of charge and payment intent: they can only be matched by order.
    pub without_payment: i64,
    /// Without a charge.
    pub without_charge: i64,
    /// Without a payment intent.
    pub without_payment_intent: i64,
    /// Without a time.
    pub without_placed_at: i64,
    /// Charges or payment intents that stand at several orders.
    pub duplicates: i64,
    /// Disputes matched with an order in the same currency.
    pub compared: i64,
    /// Of these, disputed for exactly 100 times what the order says, or a hundredth of it: the unit is wrong.
    pub off_by_100: i64,
    /// Rows whose amount or currency can't be read in this unit, with the first such order.
    pub unreadable: i64,
    /// The first order that can't be read.
    pub first_unreadable: Option<String>,
}

impl OrderSource {
    /// A view by its name, with or without a schema.
    ///
    /// # Errors
    /// [`InvalidViewName`].
    pub fn view(name: &str, unit: AmountUnit) -> Result<Self, InvalidViewName> {
        let parts: Vec<_> = name.split('.').collect();
        let plain = |part: &&str| {
            !part.is_empty() && part.len() <= 63 && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if parts.len() > 2 || !parts.iter().all(plain) {
            return Err(InvalidViewName);
        }
        let quoted = parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(".");
        Ok(Self::View { quoted, unit })
    }

    /// Whether orders are Chargebook's own.
    pub(crate) fn is_table(&self) -> bool {
        *self == Self::Table
    }

    /// The relation, for SQL.
    pub(crate) fn relation(&self) -> &str {
        match self {
            Self::Table => "chargebook.orders",
            Self::View { quoted, .. } => quoted,
        }
    }

    /// The payments that match any of these.
    pub(crate) async fn payments(
        &self,
        executor: impl PgExecutor<'_>,
        charges: &BTreeSet<ChargeId>,
        intents: &BTreeSet<PaymentIntentId>,
        orders: &BTreeSet<OrderRef>,
    ) -> Result<Vec<OrderPayment>, LedgerError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {} FROM {} o WHERE {} = ANY($1) OR {} = ANY($2) OR {} = ANY($3)",
            self.columns(),
            self.relation(),
            self.text("charge_id"),
            self.text("payment_intent_id"),
            self.text("order_ref")
        )))
        .bind(charges.iter().map(ChargeId::as_str).collect::<Vec<_>>())
        .bind(intents.iter().map(PaymentIntentId::as_str).collect::<Vec<_>>())
        .bind(orders.iter().map(OrderRef::as_str).collect::<Vec<_>>())
        .fetch_all(executor)
        .await
        .map_err(|error| self.error(error))?;
        let readable = rows.iter().filter_map(|row| match (self, self.payment(row)) {
            // One odd row of a shop must not keep disputes out of the books; `orders check` counts it.
            (Self::View { .. }, Err(LedgerError::Corrupt { what })) => {
                tracing::warn!(orders.row = %what, "an order payment can't be read, and is left out");
                None
            }
            (_, payment) => Some(payment),
        });
        readable.collect()
    }

    /// Payments of exactly this amount for orders that were placed within a time, the latest first.
    pub(crate) async fn placed_for(
        &self,
        pool: &PgPool,
        amount: Money,
        between: [DateTime<Utc>; 2],
        limit: i64,
    ) -> Result<Vec<OrderPayment>, LedgerError> {
        let Some(stated) = self.stated(amount) else { return Ok(Vec::new()) };
        let column = if *self == Self::Table { "amount_minor" } else { "amount" };
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {} FROM {} o WHERE o.placed_at BETWEEN $1 AND $2 AND o.{column} = $3 AND lower(o.currency::text) = $4 \
             ORDER BY o.placed_at DESC LIMIT $5",
            self.columns(),
            self.relation()
        )))
        .bind(between[0])
        .bind(between[1])
        .bind(stated)
        .bind(amount.currency().code())
        .bind(limit)
        .fetch_all(pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(rows.iter().filter_map(|row| self.payment(row).ok()).collect())
    }

    /// How many orders each of these normal e-mail addresses has in a view; those that have none are left out. In the table
    /// orders are counted by their customers.
    pub(crate) async fn orders_by_email(
        &self,
        pool: &PgPool,
        emails: &[&str],
    ) -> Result<Vec<(String, i64)>, LedgerError> {
        if emails.is_empty() || self.is_table() {
            return Ok(Vec::new());
        }
        sqlx::query_as(AssertSqlSafe(format!(
            "SELECT lower(btrim(o.customer_email::text)), count(DISTINCT o.order_ref::text) FROM {} o \
             WHERE lower(btrim(o.customer_email::text)) = ANY($1) GROUP BY 1",
            self.relation()
        )))
        .bind(emails)
        .fetch_all(pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// A column of `o` as text, for comparing. Where it is text already this changes nothing, and indexes serve.
    pub(crate) fn text(&self, column: &'static str) -> String {
        match self {
            Self::Table => format!("o.{column}"),
            Self::View { .. } => format!("o.{column}::text"),
        }
    }

    /// A view that fails, in whatever way, is away until somebody repairs it: no dispute is refused for it.
    pub(crate) fn error(&self, error: sqlx::Error) -> LedgerError {
        match (self, read_error(error)) {
            (Self::View { quoted, .. }, LedgerError::Corrupt { what }) => {
                LedgerError::Unavailable(format!("the view {quoted} holds {what}").into())
            }
            (_, error) => error,
        }
    }

    /// The columns, as text where the user's own types may differ.
    fn columns(&self) -> &'static str {
        match self {
            Self::Table => {
                "o.order_ref, o.charge_id, o.payment_intent_id, o.amount_minor::numeric AS amount, o.currency, \
                 o.refunded_minor::numeric AS refunded, o.customer_email, o.placed_at, o.card_brand"
            }
            Self::View { .. } => {
                "o.order_ref::text AS order_ref, nullif(o.charge_id::text, '') AS charge_id, \
                 nullif(o.payment_intent_id::text, '') AS payment_intent_id, o.amount::numeric AS amount, \
                 o.currency::text AS currency, (to_jsonb(o) ->> 'refunded')::numeric AS refunded, \
                 o.customer_email::text AS customer_email, CASE WHEN isfinite(o.placed_at::timestamptz) THEN o.placed_at::timestamptz END AS placed_at, to_jsonb(o) ->> 'card_brand' AS card_brand"
            }
        }
    }

    fn payment(&self, row: &PgRow) -> Result<OrderPayment, LedgerError> {
        let order: String = row.try_get("order_ref").map_err(read_error)?;
        let bad = |column: &str| LedgerError::Corrupt { what: format!("{}.{column} of {order}", self.relation()) };
        let text = |column: &str| row.try_get::<Option<String>, _>(column).map_err(read_error);
        let currency = text("currency")?.unwrap_or_default();
        let currency = Currency::parse(currency.trim()).map_err(|_| bad("currency"))?;
        let amount: Decimal = row.try_get("amount").map_err(read_error)?;
        let refunded: Option<Decimal> = row.try_get("refunded").map_err(read_error)?;
        let minor = |amount: Decimal, column: &str| self.minor(amount, currency).ok_or_else(|| bad(column));
        let placed_at: Option<DateTime<Utc>> = row.try_get("placed_at").map_err(read_error)?;
        Ok(OrderPayment {
            order_ref: OrderRef::parse(&order).map_err(|_| bad("order_ref"))?,
            charge: id(text("charge_id")?, |text| ChargeId::parse(text).ok(), || bad("charge_id"))?,
            payment_intent: id(
                text("payment_intent_id")?,
                |text| PaymentIntentId::parse(text).ok(),
                || bad("payment_intent_id"),
            )?,
            amount: Money::new(minor(amount, "amount")?, currency),
            refunded_minor: refunded.map(|refunded| minor(refunded, "refunded")).transpose()?,
            customer_email: text("customer_email")?,
            placed_at,
            card_brand: text("card_brand")?,
            updated_at: None,
        })
    }

    /// An amount in minor units, or `None` when it does not fit exactly.
    fn minor(&self, amount: Decimal, currency: Currency) -> Option<i64> {
        let whole = |amount: Decimal| {
            let amount = amount.normalize();
            (amount.scale() == 0).then(|| i64::try_from(amount.mantissa()).ok()).flatten()
        };
        let unit = match self {
            Self::Table => AmountUnit::Minor,
            Self::View { unit, .. } => *unit,
        };
        let major = match unit {
            AmountUnit::Minor => return whole(amount),
            AmountUnit::Major => amount,
            AmountUnit::X100 => amount.checked_div(Decimal::ONE_HUNDRED)?,
        };
        let factor = 10_i64.checked_pow(currency.exponent()?)?;
        whole(major.checked_mul(Decimal::from(factor))?)
    }

    /// An amount as it is stated here, or `None` when it can't be.
    fn stated(&self, amount: Money) -> Option<Decimal> {
        let unit = match self {
            Self::Table => AmountUnit::Minor,
            Self::View { unit, .. } => *unit,
        };
        let minor = Decimal::from(amount.minor());
        if unit == AmountUnit::Minor {
            return Some(minor);
        }
        let major = minor.checked_div(Decimal::from(10_i64.checked_pow(amount.currency().exponent()?)?))?;
        if unit == AmountUnit::Major { Some(major) } else { major.checked_mul(Decimal::ONE_HUNDRED) }
    }

    /// Looks at up to 10,000 rows of the mapping.
    pub(crate) async fn check(&self, pool: &PgPool) -> Result<MappingReport, LedgerError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {} FROM (SELECT * FROM {} LIMIT 10000) o",
            self.columns(),
            self.relation()
        )))
        .fetch_all(pool)
        .await
        .map_err(|error| self.error(error))?;
        let mut report = MappingReport::default();
        for row in &rows {
            report.rows += 1;
            let payment = match self.payment(row) {
                Ok(payment) => payment,
                Err(LedgerError::Corrupt { what }) => {
                    report.unreadable += 1;
                    report.first_unreadable.get_or_insert(what);
                    continue;
                }
                Err(error) => return Err(error),
            };
            report.without_charge += i64::from(payment.charge.is_none());
            report.without_payment_intent += i64::from(payment.payment_intent.is_none());
            report.without_payment += i64::from(payment.charge.is_none() && payment.payment_intent.is_none());
            report.without_placed_at += i64::from(payment.placed_at.is_none());
        }
        report.duplicates = self.count(pool, DUPLICATES).await?;
        (report.compared, report.off_by_100) = self.off_by_100(pool).await?;
        Ok(report)
    }

    async fn count(&self, pool: &PgPool, sql: &str) -> Result<i64, LedgerError> {
        let sql = sql.replace("{relation}", self.relation());
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.map_err(|error| self.error(error))
    }

    /// Of disputes that match an order by charge or intent: how many there are in the order's currency, and how many of
    /// these are for exactly 100 times its amount or a hundredth of it.
    async fn off_by_100(&self, pool: &PgPool) -> Result<(i64, i64), LedgerError> {
        let disputes = sqlx::query!(
            r#"SELECT charge_id, payment_intent_id, amount_minor, currency FROM chargebook.disputes
               ORDER BY opened_at DESC NULLS LAST LIMIT 1000"#
        )
        .fetch_all(pool)
        .await
        .map_err(read_error)?;
        let charges = disputes.iter().filter_map(|dispute| ChargeId::parse(dispute.charge_id.as_deref()?).ok());
        let intents =
            disputes.iter().filter_map(|dispute| PaymentIntentId::parse(dispute.payment_intent_id.as_deref()?).ok());
        let payments = self.payments(pool, &charges.collect(), &intents.collect(), &BTreeSet::new()).await?;
        let (mut compared, mut off) = (0, 0);
        for dispute in &disputes {
            let same = payments.iter().find(|payment| {
                let charge = payment.charge.as_ref().map(ChargeId::as_str);
                let intent = payment.payment_intent.as_ref().map(PaymentIntentId::as_str);
                payment.amount.currency().code() == dispute.currency
                    && ((charge.is_some() && charge == dispute.charge_id.as_deref())
                        || (intent.is_some() && intent == dispute.payment_intent_id.as_deref()))
            });
            let Some(payment) = same else { continue };
            let (paid, claimed) = (payment.amount.minor(), dispute.amount_minor);
            compared += 1;
            off += i64::from(paid.checked_mul(100) == Some(claimed) || claimed.checked_mul(100) == Some(paid));
        }
        Ok((compared, off))
    }
}

/// Charges, and payment intents, that stand at more than one order.
const DUPLICATES: &str = "SELECT count(*) FROM (
    SELECT 1 FROM {relation} WHERE charge_id::text <> '' GROUP BY charge_id HAVING count(DISTINCT order_ref) > 1
    UNION ALL
    SELECT 1 FROM {relation} WHERE coalesce(charge_id::text, '') = '' AND payment_intent_id::text <> ''
    GROUP BY payment_intent_id HAVING count(DISTINCT order_ref) > 1) d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_named_plainly() {
        let name = |name| OrderSource::view(name, AmountUnit::Major).map(|source| source.relation().to_owned());
        assert_eq!(name("shop.orders"), Ok("\"shop\".\"orders\"".to_owned()));
        for bad in ["", "a.b.c", "orders; DROP TABLE x", "or\"ders", "a.", ".b"] {
            assert_eq!(name(bad), Err(InvalidViewName), "{bad:?}");
        }
    }

    #[test]
    fn an_amount_is_looked_for_as_it_is_stated() {
        for (unit, minor, code, stated) in [
            (AmountUnit::Major, 1234, "usd", "12.34"),
            (AmountUnit::Major, 5000, "jpy", "5000"),
            (AmountUnit::X100, 5000, "jpy", "500000"),
            (AmountUnit::Minor, 1234, "kwd", "1234"),
        ] {
            let source = OrderSource::view("orders", unit).unwrap();
            let amount = Money::new(minor, Currency::parse(code).unwrap());
            assert_eq!(source.stated(amount), Some(stated.parse().unwrap()), "{unit:?} {code}");
            assert_eq!(source.minor(stated.parse().unwrap(), amount.currency()), Some(minor), "{unit:?} {code}");
        }
    }

    #[test]
    fn amounts_are_taken_exactly_or_not_at_all() {
        let minor = |unit, amount: &str, code| {
            let source = OrderSource::view("orders", unit).unwrap();
            source.minor(amount.parse().unwrap(), Currency::parse(code).unwrap())
        };
        assert_eq!(minor(AmountUnit::Major, "12.340", "usd"), Some(1234));
        assert_eq!(minor(AmountUnit::Major, "12.345", "usd"), None);
        assert_eq!(minor(AmountUnit::Major, "5000", "jpy"), Some(5000));
        assert_eq!(minor(AmountUnit::X100, "500000", "jpy"), Some(5000));
        assert_eq!(minor(AmountUnit::X100, "1234", "usd"), Some(1234));
        assert_eq!(minor(AmountUnit::Minor, "1234", "kwd"), Some(1234));
        assert_eq!(minor(AmountUnit::Major, "1.5", "zzz"), None);
    }
}
