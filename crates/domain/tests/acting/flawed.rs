//! Follow-ups that the ledger refuses, or that it is away for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Conclusion, FollowUp, FollowUps, FollowedUp, LedgerError};
use chargebook_domain::service::Acted;
use chargebook_domain::{DisputeKey, Trigger};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::samples::{day, dispute_key};
use chrono::{DateTime, Utc};

use crate::{Books, act, done, mail, now, rule};

/// A ledger with flaws.
pub(crate) struct Flawed {
    pub(crate) ledger: InMemoryLedger,
    /// At most this many are handed out at once.
    pub(crate) limit: u32,
    /// The dispute of which nothing can be kept.
    pub(crate) refused: Option<DisputeKey>,
    /// The dispute that can't be read.
    pub(crate) corrupt: Option<DisputeKey>,
    /// Whether it is away when something is to be kept.
    pub(crate) is_away: AtomicBool,
    /// Why something was put off, and to when.
    pub(crate) put_off: Mutex<Vec<(String, Option<DateTime<Utc>>)>>,
}

impl Flawed {
    pub(crate) fn of(ledger: &InMemoryLedger) -> Self {
        Self {
            ledger: ledger.clone(),
            limit: u32::MAX,
            refused: None,
            corrupt: None,
            is_away: AtomicBool::new(false),
            put_off: Mutex::default(),
        }
    }
}

#[async_trait]
impl FollowUps for Flawed {
    async fn claim_follow_ups(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<FollowUp>, LedgerError> {
        self.ledger.claim_follow_ups(now, lease, limit.min(self.limit)).await
    }

    async fn followed_up(&self, follow_ups: &[FollowUp]) -> Result<Vec<Option<FollowedUp>>, LedgerError> {
        if follow_ups.iter().any(|follow_up| Some(&follow_up.key) == self.corrupt.as_ref()) {
            return Err(LedgerError::Corrupt { what: "a row".to_owned() });
        }
        self.ledger.followed_up(follow_ups).await
    }

    async fn subject_of(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
    ) -> Result<Option<FollowedUp>, LedgerError> {
        self.ledger.subject_of(key, triggers).await
    }

    async fn conclude(&self, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(LedgerError::Unavailable("away".into()));
        }
        if conclusions.iter().any(|conclusion| Some(&conclusion.follow_up.key) == self.refused.as_ref()) {
            return Err(LedgerError::Refused { reason: "a text contains NUL".to_owned() });
        }
        self.ledger.conclude(conclusions, now).await
    }

    async fn put_off(
        &self,
        follow_up: &FollowUp,
        reason: &str,
        next: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.put_off.lock().unwrap().push((reason.to_owned(), next));
        self.ledger.put_off(follow_up, reason, next, now).await
    }
}

#[test]
fn a_follow_up_that_is_refused_keeps_no_other_back_and_is_given_up_at_last() {
    now(async {
        let rules = vec![rule("a", Trigger::DisputeFiled, vec![mail()])];
        let books = Books::new(Vec::new());
        for dispute in ["du_1", "du_2", "du_3", "du_4"] {
            books.happen(dispute, "lost", day(0)).await;
        }
        let flawed = Arc::new(Flawed {
            refused: Some(dispute_key("du_2")),
            corrupt: Some(dispute_key("du_3")),
            ..Flawed::of(&books.ledger)
        });
        let act = act(flawed.clone(), rules);
        let mut at = day(0);
        assert_eq!(act.run(at).await.unwrap(), Acted { done: 2, put_off: 2, failed: 0 });
        let owed = books.owed(at).await;
        assert_eq!(
            owed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
            ["default/du_1/1:a:0", "default/du_4/1:a:0"]
        );
        let mut attempts = 1;
        loop {
            assert!(act.run(at).await.unwrap().is_idle());
            at = flawed.put_off.lock().unwrap().iter().filter_map(|(_, next)| *next).max().unwrap();
            attempts += 1;
            match act.run(at).await.unwrap() {
                Acted { done: 0, put_off: 2, failed: 0 } => {}
                ended => break assert_eq!(ended, Acted { done: 0, put_off: 0, failed: 2 }),
            }
        }
        assert_eq!(attempts, 9);
        assert!(act.run(day(100)).await.unwrap().is_idle());
        let put_off = flawed.put_off.lock().unwrap();
        assert_eq!(put_off[0].0, "the ledger refused the content: a text contains NUL");
        assert_eq!(put_off[1].0, "the ledger holds something that can't be read: a row");
    });
}

#[test]
fn what_the_ledger_could_not_keep_while_it_was_away_is_worked_again() {
    now(async {
        let books = Books::new(Vec::new());
        books.happen("du_1", "lost", day(0)).await;
        let flawed = Arc::new(Flawed::of(&books.ledger));
        flawed.is_away.store(true, Ordering::Relaxed);
        let act = act(flawed.clone(), vec![rule("a", Trigger::DisputeFiled, vec![mail()])]);
        assert!(matches!(act.run(day(0)).await, Err(LedgerError::Unavailable(_))));
        flawed.is_away.store(false, Ordering::Relaxed);
        assert!(act.run(day(0)).await.unwrap().is_idle(), "for as long as the lease");
        assert_eq!(act.run(day(1)).await.unwrap(), done(1));
        assert_eq!(books.owed(day(1)).await.len(), 1);
    });
}
