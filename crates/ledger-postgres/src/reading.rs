//! What people and programs read: lists, one dispute's whole story, the journal. The names are those of the tables.

mod acting;
mod conventions;
mod customers;
mod explain;
mod lines;
mod report;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{AccountId, CauseId, DiscrepancyKind, DisputeId};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use futures_util::TryStreamExt;

use crate::PostgresLedger;
use crate::error::{corrupt, read_error};

pub use acting::{FollowUpLine, MessageLine, QueueLine, RuleFilter, RuleLine};
pub use conventions::ConventionLine;
pub use customers::{
    CustomerAmount, CustomerDecision, CustomerDispute, CustomerLine, CustomerOrder, CustomerStory, Decision,
    LinkedCustomer,
};
pub use explain::{Clues, DisputeClue, PaymentClue, UntiedClue, WarningClue, WholeClue};
pub use lines::{
    AttemptLine, BalanceLine, DiscrepancyLine, DisputeLine, EventLine, HistoryLine, JournalLine, MovementLine,
    OrderLine, ResolutionLine, Story, SummaryLine,
};
pub use report::{GroupBy, ReportFilter, ReportLine};

/// Which disputes are listed. What is `None` does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisputeFilter {
    /// By outcome, such as `won`.
    pub outcome: Option<String>,
    /// By bucket, such as `recovery_pending`.
    pub bucket: Option<String>,
    /// By order match, such as `orphan`.
    pub order_match: Option<String>,
    /// Only those whose money needs an explanation.
    pub money_questions: bool,
    /// By book.
    pub account: Option<AccountId>,
    /// By id.
    pub dispute: Option<DisputeId>,
    /// At most this many; all of them when `None`.
    pub limit: Option<i64>,
}

/// The kinds of discrepancies that ask for an explanation of money.
pub(crate) fn money_questions() -> Vec<&'static str> {
    DiscrepancyKind::ALL.into_iter().filter(|kind| kind.is_money_question()).map(DiscrepancyKind::as_str).collect()
}

/// The body of an event as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBody {
    /// The book that has it.
    pub account: AccountId,
    /// The source's word for the kind of event.
    pub event_type: String,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

impl PostgresLedger {
    /// Disputes, the latest filed first, a line for each settlement currency.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn disputes(&self, filter: &DisputeFilter) -> Result<Vec<DisputeLine>, LedgerError> {
        sqlx::query_as!(
            DisputeLine,
            r#"SELECT account AS "account!", dispute_id AS "dispute_id!", charge_id, payment_intent_id, order_ref,
                      order_match AS "order_match!", disputed_minor AS "disputed_minor!",
                      disputed_currency AS "disputed_currency!", reason, case_type, card_brand, status AS "status!",
                      outcome AS "outcome!", bucket AS "bucket!", opened_at, closed_at, evidence_due_by,
                      evidence_submitted, settlement_currency AS "settlement_currency!",
                      withdrawn_minor AS "withdrawn_minor!", reinstated_minor AS "reinstated_minor!",
                      recovered_minor AS "recovered_minor!", loss_minor AS "loss_minor!", fee_minor AS "fee_minor!",
                      fx_minor AS "fx_minor!", pending_minor AS "pending_minor!", suspense_minor AS "suspense_minor!",
                      net_minor AS "net_minor!"
               FROM chargebook.dispute_report r
               WHERE ($1::text IS NULL OR outcome = $1) AND ($2::text IS NULL OR bucket = $2)
                 AND ($3::text IS NULL OR order_match = $3) AND ($4::text IS NULL OR account = $4)
                 AND ($5::text IS NULL OR dispute_id = $5)
                 AND ($7::text[] IS NULL OR EXISTS (SELECT FROM chargebook.discrepancies q WHERE q.account = r.account
                        AND q.dispute_id = r.dispute_id AND q.kind = ANY($7)))
               ORDER BY opened_at DESC NULLS LAST, account, dispute_id, settlement_currency LIMIT $6"#,
            filter.outcome,
            filter.bucket,
            filter.order_match,
            filter.account.as_ref().map(AccountId::as_str),
            filter.dispute.as_ref().map(DisputeId::as_str),
            filter.limit,
            filter.money_questions.then(money_questions) as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// The books that know a dispute by this id; usually one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn accounts_of(&self, dispute: &DisputeId) -> Result<Vec<AccountId>, LedgerError> {
        let accounts = sqlx::query_scalar!(
            "SELECT account FROM chargebook.disputes WHERE dispute_id = $1 ORDER BY account",
            dispute.as_str()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        Ok(accounts.iter().filter_map(|account| AccountId::parse(account).ok()).collect())
    }

    /// The whole story of a dispute.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn story(&self, account: &AccountId, dispute: &DisputeId) -> Result<Story, LedgerError> {
        let of_this = DisputeFilter {
            dispute: Some(dispute.clone()),
            account: Some(account.clone()),
            ..DisputeFilter::default()
        };
        let facts = self.disputes(&of_this).await?;
        let (account, dispute) = (account.as_str(), dispute.as_str());
        let orders = sqlx::query_as!(
            OrderLine,
            r#"SELECT order_ref, settlement_currency, outcome, bucket, recovered_minor, loss_minor, fee_minor, net_minor,
                      ambiguous
               FROM chargebook.order_resolutions WHERE account = $1 AND dispute_id = $2
               ORDER BY order_ref, settlement_currency"#,
            account,
            dispute
        );
        let history = sqlx::query_as!(
            HistoryLine,
            r#"SELECT status, as_of, cause, basis, recorded_at FROM chargebook.dispute_history
               WHERE account = $1 AND dispute_id = $2 ORDER BY as_of, cause"#,
            account,
            dispute
        );
        let movements = sqlx::query_as!(
            MovementLine,
            r#"SELECT movement_id AS "movement_id!", category AS "category!", amount_minor AS "amount_minor!",
                      fee_minor AS "fee_minor!", net_minor AS "net_minor!", currency AS "currency!",
                      occurred_at AS "occurred_at!", tied AS "tied!"
               FROM chargebook.dispute_movements WHERE account = $1 AND dispute_id = $2
               ORDER BY occurred_at, movement_id"#,
            account,
            dispute
        );
        let journal = sqlx::query_as!(
            JournalLine,
            r#"SELECT e.account, e.entry_id, e.dispute_id, NULL AS order_ref, e.kind, e.occurred_at, e.posted_on,
                      e.narration, p.line, p.ledger_account, p.amount_minor, p.currency, e.sealed_in
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE e.account = $1 AND e.dispute_id = $2 ORDER BY e.occurred_at, e.kind DESC, e.entry_id, p.line"#,
            account,
            dispute
        );
        let resolutions = sqlx::query_as!(
            ResolutionLine,
            r#"SELECT revision, currency, kind, outcome, recovered_delta_minor, loss_delta_minor, fee_delta_minor, fx_delta_minor,
                      pending_delta_minor, suspense_delta_minor, net_delta_minor, occurred_at, sealed_in
               FROM chargebook.resolutions WHERE account = $1 AND dispute_id = $2 ORDER BY revision, currency"#,
            account,
            dispute
        );
        let discrepancies = sqlx::query_as!(
            DiscrepancyLine,
            r#"SELECT kind, detail, noticed_at FROM chargebook.discrepancies
               WHERE account = $1 AND dispute_id = $2 ORDER BY kind, detail"#,
            account,
            dispute
        );
        Ok(Story {
            facts,
            orders: orders.fetch_all(&self.pool).await.map_err(read_error)?,
            history: history.fetch_all(&self.pool).await.map_err(read_error)?,
            movements: movements.fetch_all(&self.pool).await.map_err(read_error)?,
            journal: journal.fetch_all(&self.pool).await.map_err(read_error)?,
            resolutions: resolutions.fetch_all(&self.pool).await.map_err(read_error)?,
            discrepancies: discrepancies.fetch_all(&self.pool).await.map_err(read_error)?,
        })
    }

    /// Source events, the latest first. What is `None` does not narrow.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn events(
        &self,
        disposition: Option<&str>,
        account: Option<&AccountId>,
        limit: i64,
    ) -> Result<Vec<EventLine>, LedgerError> {
        sqlx::query_as!(
            EventLine,
            r#"SELECT account, event_id, event_type, received_at, disposition, reason FROM chargebook.source_events
               WHERE ($1::text IS NULL OR disposition = $1) AND ($3::text IS NULL OR account = $3)
               ORDER BY received_at DESC, account, event_id LIMIT $2"#,
            disposition,
            limit,
            account.map(AccountId::as_str)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// The kept bytes of an event, and when it was received; one for each book that has it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn bodies(&self, event: &CauseId) -> Result<Vec<KeptBody>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT b.account, e.event_type, b.body, e.received_at FROM chargebook.source_event_bodies b
               JOIN chargebook.source_events e USING (account, event_id) WHERE b.event_id = $1 ORDER BY b.account"#,
            event.as_str()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let kept = rows.into_iter().map(|row| {
            let account = AccountId::parse(&row.account);
            let account = account.map_err(|_| corrupt("source_event_bodies", "account", event))?;
            Ok(KeptBody { account, event_type: row.event_type, body: row.body, received_at: row.received_at })
        });
        kept.collect()
    }

    /// Sealed days and their mails, the latest first; with `account`, only the mails of that book.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn summaries(&self, account: Option<&AccountId>, limit: i64) -> Result<Vec<SummaryLine>, LedgerError> {
        sqlx::query_as!(
            SummaryLine,
            r#"SELECT s.business_date, s.time_zone, s.state, s.sealed_at, split_part(d.channel, '/', 1) AS "channel?",
                      substring(d.channel FROM '/(.*)$') AS "account?", d.state AS "delivery?",
                      d.attempt AS "attempt?", d.receipt, d.reason, d.retry_at
               FROM chargebook.summaries s LEFT JOIN chargebook.summary_deliveries d USING (business_date)
               WHERE $2::text IS NULL OR substring(d.channel FROM '/(.*)$') = $2
               ORDER BY s.business_date DESC, d.channel LIMIT $1"#,
            limit,
            account.map(AccountId::as_str)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// Every attempt to send the mails of the days since one, the latest day first and its attempts in order.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn summary_attempts(&self, since: NaiveDate) -> Result<Vec<AttemptLine>, LedgerError> {
        sqlx::query_as!(
            AttemptLine,
            r#"SELECT business_date, split_part(channel, '/', 1) AS "channel!", substring(channel FROM '/(.*)$') AS account,
                      attempt, request_id, by_person, begun_at, ended_at, outcome, receipt, reason, looked_at, found
               FROM chargebook.summary_attempts WHERE business_date >= $1
               ORDER BY business_date DESC, summary_attempts.channel, attempt"#,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// The trial balance.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn trial_balance(&self) -> Result<Vec<BalanceLine>, LedgerError> {
        sqlx::query_as!(
            BalanceLine,
            r#"SELECT account AS "account!", ledger_account AS "ledger_account!", currency AS "currency!",
                      balance_minor AS "balance_minor!"
               FROM chargebook.trial_balance ORDER BY account, currency, ledger_account"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// The balances of all that is posted through a day: those of the accounts that don't stand at zero.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn closing_balances(&self, through: NaiveDate) -> Result<Vec<BalanceLine>, LedgerError> {
        sqlx::query_as!(
            BalanceLine,
            r#"SELECT p.account, p.ledger_account, p.currency, sum(p.amount_minor)::bigint AS "balance_minor!"
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE e.posted_on <= $1
               GROUP BY 1, 2, 3 HAVING sum(p.amount_minor) <> 0 ORDER BY 1, 3, 2"#,
            through
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// How many postings [`Self::journal`] hands over.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn journal_postings(
        &self,
        days: &std::ops::RangeInclusive<NaiveDate>,
        (books_start, zone): (Option<NaiveDate>, Tz),
        account: Option<&AccountId>,
    ) -> Result<u64, LedgerError> {
        let mut transaction = self.begin().await.map_err(read_error)?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await.map_err(read_error)?;
        let postings = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!"
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE GREATEST(e.posted_on, $3::date) BETWEEN $1 AND $2
                 AND NOT coalesce(e.sealed_in < $3, (e.occurred_at AT TIME ZONE $5)::date < $3, false)
                 AND ($4::text IS NULL OR e.account = $4)"#,
            *days.start(),
            *days.end(),
            books_start,
            account.map(AccountId::as_str),
            zone.name()
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(read_error)?;
        Ok(u64::try_from(postings).unwrap_or_default())
    }

    /// Hands each posting that is dated within the days to `each`, in the order of dates and entries, without holding
    /// them all. The opening balance is left out; what became known later of the time before `books_start` is dated on
    /// it. So the opening and all exports together are the books. With `account`, only the postings of that book.
    ///
    /// # Errors
    /// [`LedgerError`]; the postings before it were handed over.
    pub async fn journal<E: From<LedgerError>>(
        &self,
        days: &std::ops::RangeInclusive<NaiveDate>,
        (books_start, zone): (Option<NaiveDate>, Tz),
        account: Option<&AccountId>,
        mut each: impl FnMut(JournalLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut transaction = self.begin().await.map_err(read_error)?;
        // It takes as long as whoever takes the lines does.
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await.map_err(read_error)?;
        let mut lines = sqlx::query_as!(
            JournalLine,
            r#"SELECT e.account, e.entry_id, e.dispute_id,
                      (SELECT min(o.order_ref) FROM chargebook.order_resolutions o WHERE o.account = e.account
                         AND o.dispute_id = e.dispute_id AND NOT o.ambiguous) AS order_ref,
                      e.kind, e.occurred_at, GREATEST(e.posted_on, $3::date) AS "posted_on!", e.narration, p.line, p.ledger_account, p.amount_minor,
                      p.currency, e.sealed_in
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE GREATEST(e.posted_on, $3::date) BETWEEN $1 AND $2
                 AND NOT coalesce(e.sealed_in < $3, (e.occurred_at AT TIME ZONE $5)::date < $3, false)
                 AND ($4::text IS NULL OR e.account = $4)
               ORDER BY GREATEST(e.posted_on, $3::date), e.account, e.entry_id, p.line"#,
            *days.start(),
            *days.end(),
            books_start,
            account.map(AccountId::as_str),
            zone.name()
        )
        .fetch(&mut *transaction);
        while let Some(line) = lines.try_next().await.map_err(read_error)? {
            each(line)?;
        }
        Ok(())
    }
}
