use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{
    Answer, Claim, ClaimRequest, Due, Entry, Found, Imported, Ledger, LedgerError, Link, Linked, LookTimes, Lookup,
    Mail, Mails, Notifier, OrderBook, RequestId, Seal, Sealed, SendOutcome, Summaries,
};
use chargebook_domain::summary::DayBooks;
use chargebook_domain::{AccountId, DisputeKey, OrderPayment, Stored};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::gate::{Gate, Step};

/// What a process uses, with its gate before each call and after it.
#[derive(Clone)]
pub(super) struct Faulty<T> {
    pub(super) inner: T,
    pub(super) gate: Arc<Gate>,
}

impl<T> Faulty<T> {
    async fn call<A>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<A, LedgerError>> + Send,
    ) -> Result<A, LedgerError> {
        self.gate.pass(Step::Before(name)).await?;
        let answer = call.await?;
        self.gate.pass(Step::After(name)).await?;
        Ok(answer)
    }
}

#[async_trait]
impl<B: Ledger> Ledger for Faulty<B> {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.call("load", self.inner.load(lookups)).await
    }

    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        let answers = self.call("record", self.inner.record(batch, recorded_at)).await?;
        self.gate.count_stale(answers.iter().filter(|answer| **answer == Answer::Stale).count());
        Ok(answers)
    }
}

#[async_trait]
impl<B: OrderBook> OrderBook for Faulty<B> {
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError> {
        self.call("import", self.inner.import(payments)).await
    }

    async fn link(&self, link: &Link) -> Result<Linked, LedgerError> {
        self.call("link", self.inner.link(link)).await
    }

    async fn due(&self, after: Option<DisputeKey>, limit: u32) -> Result<Vec<DisputeKey>, LedgerError> {
        self.call("due", self.inner.due(after, limit)).await
    }
}

#[async_trait]
impl<B: Summaries> Summaries for Faulty<B> {
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError> {
        self.call("sealed", self.inner.sealed(zone)).await
    }

    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        self.call("seal", self.inner.seal(seal)).await
    }

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        self.call("books", self.inner.books(seal, book)).await
    }

    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        self.call("keep", self.inner.keep(seal, books)).await
    }

    async fn undelivered(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        self.call("undelivered", self.inner.undelivered(channels, mails, now)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.call("claim", self.inner.claim(request)).await
    }

    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError> {
        self.call("settle", self.inner.settle(claim, outcome, now)).await
    }

    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError> {
        self.call("in_doubt", self.inner.in_doubt(channel, place, times)).await
    }

    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        self.call("looked", self.inner.looked(claim, found)).await
    }
}

#[async_trait]
impl<N: Notifier> Notifier for Faulty<N> {
    fn channel(&self) -> &'static str {
        self.inner.channel()
    }

    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        let reason = || "as the schedule has it".to_owned();
        if self.gate.pass(Step::Before("send")).await.is_err() {
            return SendOutcome::Refused { reason: reason(), retry_after: Some(Duration::from_mins(1)) };
        }
        let outcome = self.inner.send(mail, attempt).await;
        match self.gate.pass(Step::After("send")).await {
            Ok(()) => outcome,
            Err(_) => SendOutcome::Unknown { reason: reason() },
        }
    }

    fn place(&self) -> Option<String> {
        self.inner.place()
    }

    async fn find(&self, reference: &str, attempt: &RequestId) -> Found {
        self.inner.find(reference, attempt).await
    }
}
