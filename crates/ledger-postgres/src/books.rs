//! What a summary of one day is composed from.

mod as_of;
mod carried;
mod content;
mod entries;
mod kept;
mod known;
mod proof;
mod received;
mod recent;
mod standing;
mod stood;
mod words;

use chargebook_domain::ports::{LedgerError, Seal};
use chargebook_domain::summary::{DayBooks, DayRow, LedgerMove};
use chargebook_domain::{
    AccountId, Currency, Deltas, DisputeId, DisputeKey, EntryKind, LedgerAccount, Money, OrderRef, Outcome,
    ResolutionKind,
};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

pub(crate) use self::carried::carry;
pub(crate) use self::known::known_books;
use crate::error::{corrupt, read_error};

/// The day, what of it is looked at, and whether its rows are those that are sealed in it or those that would be.
struct Day<'a> {
    date: NaiveDate,
    /// The one book that is looked at; `None` for all.
    book: Option<&'a str>,
    zone: &'a str,
    sealed: bool,
    /// Only what was recorded by then counts, and rows that were sealed later are not sealed; `None` is now.
    as_of: Option<DateTime<Utc>>,
    /// The last day that is sealed, or was then: one before all rows while there is none.
    last: NaiveDate,
    /// Rows dated before it are the opening balance, while that is not sealed.
    start: NaiveDate,
    /// The last sealed day up to it to which the sums were carried.
    carried: Option<NaiveDate>,
    /// The last before it.
    carried_before: Option<NaiveDate>,
}

impl<'a> Day<'a> {
    async fn of(
        snapshot: &mut PgConnection,
        seal: &'a Seal,
        book: Option<&'a AccountId>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Self, LedgerError> {
        let known = sqlx::query!(
            r#"WITH sealed AS (
                       SELECT * FROM chargebook.summaries WHERE sealed_at <= coalesce($2, 'infinity'::timestamptz)
                   )
                   SELECT EXISTS (SELECT FROM sealed WHERE business_date = $1 AND state = 'sealed') AS "sealed!",
                          (SELECT max(business_date) FROM sealed) AS last,
                          (SELECT max(business_date) FROM sealed WHERE is_carried AND business_date <= $1) AS carried,
                          (SELECT max(business_date) FROM sealed WHERE is_carried AND business_date < $1)
                            AS carried_before"#,
            seal.date,
            as_of
        )
        .fetch_one(&mut *snapshot)
        .await
        .map_err(read_error)?;
        Ok(Self {
            date: seal.date,
            book: book.map(AccountId::as_str),
            zone: seal.zone.name(),
            sealed: known.sealed,
            as_of,
            last: known.last.unwrap_or_default(),
            start: seal.books_start.filter(|_| known.last.is_none()).unwrap_or_default(),
            carried: known.carried,
            carried_before: known.carried_before,
        })
    }
}

pub(crate) fn currency(code: &str, table: &str) -> Result<Currency, LedgerError> {
    Currency::parse(code).map_err(|_| corrupt(table, "currency", code))
}

pub(crate) fn ledger_account(name: &str) -> Result<LedgerAccount, LedgerError> {
    LedgerAccount::parse(name).ok_or_else(|| corrupt("postings", "ledger_account", name))
}

/// A resolution row with its dispute, and the sums of the rows that were sealed before it.
struct SealedRow {
    account: String,
    dispute_id: String,
    revision: i32,
    currency: String,
    kind: String,
    occurred_at: DateTime<Utc>,
    recovered_delta_minor: i64,
    loss_delta_minor: i64,
    fee_delta_minor: i64,
    fx_delta_minor: i64,
    pending_delta_minor: i64,
    suspense_delta_minor: i64,
    net_delta_minor: i64,
    closed_delta: i64,
    won_delta: i64,
    lost_delta: i64,
    reason: Option<String>,
    card_brand: Option<String>,
    amount_minor: i64,
    disputed_currency: String,
    evidence_submitted: Option<bool>,
    outcome: String,
    order_ref: Option<String>,
    recovered_before: i64,
    loss_before: i64,
    fee_before: i64,
    fx_before: i64,
    pending_before: i64,
    suspense_before: i64,
    net_before: i64,
    closed_before: i64,
    won_before: i64,
    lost_before: i64,
}

impl SealedRow {
    fn read(self) -> Result<DayRow, LedgerError> {
        let bad = |column| corrupt("resolutions", column, &self.dispute_id);
        let disputed = currency(&self.disputed_currency, "disputes")?;
        let order = self.order_ref.as_deref().map(OrderRef::parse);
        Ok(DayRow {
            key: DisputeKey {
                account: AccountId::parse(&self.account).map_err(|_| bad("account"))?,
                dispute: DisputeId::parse(&self.dispute_id).map_err(|_| bad("dispute_id"))?,
            },
            order: order.transpose().map_err(|_| bad("order_ref"))?,
            disputed: Money::new(self.amount_minor, disputed),
            evidence_submitted: self.evidence_submitted,
            outcome: Outcome::parse(&self.outcome).ok_or_else(|| bad("outcome"))?,
            revision: u32::try_from(self.revision).map_err(|_| bad("revision"))?,
            currency: currency(&self.currency, "resolutions")?,
            kind: ResolutionKind::parse(&self.kind).ok_or_else(|| bad("kind"))?,
            deltas: Deltas {
                recovered: self.recovered_delta_minor,
                loss: self.loss_delta_minor,
                fee: self.fee_delta_minor,
                fx: self.fx_delta_minor,
                pending: self.pending_delta_minor,
                suspense: self.suspense_delta_minor,
                net: self.net_delta_minor,
                closed: self.closed_delta,
                won: self.won_delta,
                lost: self.lost_delta,
            },
            before: Deltas {
                recovered: self.recovered_before,
                loss: self.loss_before,
                fee: self.fee_before,
                fx: self.fx_before,
                pending: self.pending_before,
                suspense: self.suspense_before,
                net: self.net_before,
                closed: self.closed_before,
                won: self.won_before,
                lost: self.lost_before,
            },
            occurred_at: self.occurred_at,
            reason: self.reason,
            card_brand: self.card_brand,
        })
    }
}

async fn day_books(
    snapshot: &mut PgConnection,
    seal: &Seal,
    book: Option<AccountId>,
    as_of: Option<DateTime<Utc>>,
) -> Result<DayBooks, LedgerError> {
    let day = Day::of(&mut *snapshot, seal, book.as_ref(), as_of).await?;
    let mut books = DayBooks {
        sealed: day.sealed,
        as_of,
        book: book.clone(),
        rows: rows(&mut *snapshot, &day).await?,
        moves: moves(&mut *snapshot, &day).await?,
        opening: carried::opening(&mut *snapshot, &day).await?,
        resolved: carried::resolved(&mut *snapshot, &day).await?,
        unresolved: proof::unresolved(&mut *snapshot, &day).await?,
        adjusted: proof::adjusted(&mut *snapshot, &day).await?,
        ..DayBooks::empty(seal.date, seal.zone)
    };
    let known_books = known_books(&mut *snapshot).await?;
    let known_books = if let Some(moment) = as_of {
        stood::add(&mut *snapshot, &day, moment, &mut books).await?;
        as_of::known_books(&mut *snapshot, &known_books, moment).await?
    } else {
        standing::add(&mut *snapshot, &day, &known_books, &mut books).await?;
        known_books
    };
    books.books = known::parsed(&known_books, day.book)?;
    Ok(books)
}

async fn rows(snapshot: &mut PgConnection, day: &Day<'_>) -> Result<Vec<DayRow>, LedgerError> {
    let rows = sqlx::query_as!(
        SealedRow,
        r#"SELECT r.account, r.dispute_id, r.revision, r.currency, r.kind, r.occurred_at,
                      r.recovered_delta_minor, r.loss_delta_minor, r.fee_delta_minor, r.fx_delta_minor,
                      r.pending_delta_minor, r.suspense_delta_minor, r.net_delta_minor, r.closed_delta, r.won_delta,
                      r.lost_delta, d.reason, d.card_brand, d.amount_minor, d.currency AS disputed_currency,
                      d.evidence_submitted, r.outcome,
                      o.order_ref AS "order_ref?",
                      b.recovered AS "recovered_before!", b.loss AS "loss_before!", b.fee AS "fee_before!",
                      b.fx AS "fx_before!", b.pending AS "pending_before!", b.suspense AS "suspense_before!",
                      b.net AS "net_before!", b.closed AS "closed_before!", b.won AS "won_before!",
                      b.lost AS "lost_before!"
               FROM chargebook.resolutions r
               JOIN chargebook.disputes d USING (account, dispute_id)
               LEFT JOIN LATERAL (SELECT min(o.order_ref) AS order_ref FROM chargebook.order_resolutions o
                    WHERE o.account = r.account AND o.dispute_id = r.dispute_id AND NOT o.ambiguous) o ON true
               CROSS JOIN LATERAL (
                    SELECT coalesce(sum(b.recovered_delta_minor), 0)::bigint AS recovered,
                           coalesce(sum(b.loss_delta_minor), 0)::bigint AS loss,
                           coalesce(sum(b.fee_delta_minor), 0)::bigint AS fee,
                           coalesce(sum(b.fx_delta_minor), 0)::bigint AS fx,
                           coalesce(sum(b.pending_delta_minor), 0)::bigint AS pending,
                           coalesce(sum(b.suspense_delta_minor), 0)::bigint AS suspense,
                           coalesce(sum(b.net_delta_minor), 0)::bigint AS net,
                           coalesce(sum(b.closed_delta), 0)::bigint AS closed,
                           coalesce(sum(b.won_delta), 0)::bigint AS won,
                           coalesce(sum(b.lost_delta), 0)::bigint AS lost
                    FROM chargebook.resolutions b
                    WHERE b.account = r.account AND b.dispute_id = r.dispute_id AND b.currency = r.currency
                      AND CASE WHEN b.sealed_in <= $6 THEN b.sealed_in < $1
                               ELSE NOT $3 AND (b.occurred_at AT TIME ZONE $2)::date < $4
                                 AND b.recorded_at <= coalesce($7, 'infinity'::timestamptz) END) b
               WHERE (($3 AND r.sealed_in = $1) OR (NOT $3
                      AND (r.sealed_in IS NULL OR r.sealed_in > $6 AND r.sealed_in <= 'infinity'::date)
                      AND (r.occurred_at AT TIME ZONE $2)::date BETWEEN $4 AND $1
                      AND r.recorded_at <= coalesce($7, 'infinity'::timestamptz)))
                 AND ($5::text IS NULL OR r.account = $5)
               ORDER BY r.occurred_at, r.account, r.dispute_id, r.revision, r.currency"#,
        day.date,
        day.zone,
        day.sealed,
        day.start,
        day.book,
        day.last,
        day.as_of
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    rows.into_iter().map(SealedRow::read).collect()
}

async fn moves(snapshot: &mut PgConnection, day: &Day<'_>) -> Result<Vec<LedgerMove>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT p.ledger_account, p.currency, e.kind,
                      (e.occurred_at AT TIME ZONE $2)::date < $1 AS "late!",
                      coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0)::bigint AS "debit!",
                      coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor < 0), 0)::bigint AS "credit!"
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE (($3 AND e.sealed_in = $1) OR (NOT $3
                      AND (e.sealed_in IS NULL OR e.sealed_in > $6 AND e.sealed_in <= 'infinity'::date)
                      AND (e.occurred_at AT TIME ZONE $2)::date BETWEEN $4 AND $1
                      AND e.recorded_at <= coalesce($7, 'infinity'::timestamptz)))
                 AND ($5::text IS NULL OR e.account = $5)
               GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"#,
        day.date,
        day.zone,
        day.sealed,
        day.start,
        day.book,
        day.last,
        day.as_of
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(read_error)?;
    rows.into_iter()
        .map(|row| {
            Ok(LedgerMove {
                account: ledger_account(&row.ledger_account)?,
                currency: currency(&row.currency, "postings")?,
                kind: EntryKind::parse(&row.kind).ok_or_else(|| corrupt("journal_entries", "kind", &row.kind))?,
                late: row.late,
                debit_minor: row.debit,
                credit_minor: row.credit,
            })
        })
        .collect()
}
