use std::future::pending;

use async_trait::async_trait;
use chargebook_domain::ports::{
    Clock, Detail, DisputeReader, Listing, MockClock, MockCompleteness, MockDisputeReader, MockLedger, MockReadQueue,
    MockSweeps, MovementKind, Page, Read, ReadClaim, ReadError, ReadMovement, Sweep, SweepRequest,
};
use chargebook_domain::service::{Ingest, every};
use chargebook_domain::{Admission, BookRules, DisputeId, DisputeKey, ReadReason};
use tokio::sync::mpsc;

use super::*;

fn ask(reader: impl DisputeReader + 'static) -> Ask {
    let mut clock = MockClock::new();
    clock.expect_now().returning(|| "2026-03-10T12:00:00Z".parse().unwrap());
    let admission = Admission { livemode: true, accounts: [].into() };
    let ingest = Ingest::new(Arc::new(MockLedger::new()), BookRules::default(), admission);
    let clock: Arc<dyn Clock> = Arc::new(clock);
    Ask { reader: Arc::new(reader), ingest, clock }
}

fn gap_sweep(reader: impl DisputeReader + 'static, sweeps: MockSweeps) -> Worker {
    let sweeper = Sweeper::new(ask(reader), Arc::new(sweeps), Arc::new(MockCompleteness::new()));
    Worker::sweep(sweeper, AccountId::own(), SweepKind::Gaps, Findings::default())
}

fn granted(request: &SweepRequest) -> Sweep {
    Sweep { account: request.account.clone(), kind: request.kind, attempt: 1, last: None }
}

/// What one attempt shows.
async fn attempt(worker: &Worker) -> Attempted {
    let (_stop, stopped) = watch::channel(false);
    (worker.work)(stopped).await
}

/// Never answers, and tells when it is asked.
struct Silent(mpsc::UnboundedSender<()>);

#[async_trait]
impl DisputeReader for Silent {
    async fn dispute(&self, _: &DisputeKey) -> Result<Read, ReadError> {
        pending().await
    }

    async fn disputes(&self, _: &Listing, _: Detail) -> Result<Page<Read>, ReadError> {
        pending().await
    }

    async fn events(&self, _: &Listing) -> Result<Page<Read>, ReadError> {
        self.0.send(()).unwrap();
        pending().await
    }

    async fn movements(&self, _: &Listing, _: MovementKind) -> Result<Page<ReadMovement>, ReadError> {
        pending().await
    }
}

#[tokio::test]
async fn a_source_that_never_answers_does_not_keep_the_server_from_stopping() {
    let mut sweeps = MockSweeps::new();
    sweeps.expect_begin_sweep().returning(|request| Ok(Some(granted(request))));
    sweeps.expect_whole().returning(|_| Ok(None));
    let (asked, mut when_asked) = mpsc::unbounded_channel();
    let worker = gap_sweep(Silent(asked), sweeps);
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(worker.run(stopped));
    when_asked.recv().await.unwrap();
    stop.send_replace(true);
    running.await.unwrap();
}

#[tokio::test]
async fn a_sweep_is_asked_for_as_at_a_start_until_the_first_is_settled_and_then_as_usual() {
    let (asked, mut intervals) = mpsc::unbounded_channel();
    let mut sweeps = MockSweeps::new();
    let mut refusals = 1;
    sweeps.expect_begin_sweep().returning(move |request| {
        asked.send(request.every).unwrap();
        if refusals > 0 {
            refusals -= 1;
            return Err(chargebook_domain::ports::LedgerError::Unavailable("away".into()));
        }
        Ok(None)
    });
    let worker = gap_sweep(MockDisputeReader::new(), sweeps);
    assert!(attempt(&worker).await.is_err());
    assert_eq!(attempt(&worker).await.unwrap(), Attempt::NothingToDo);
    assert_eq!(attempt(&worker).await.unwrap(), Attempt::NothingToDo);
    let [first, second, third] = [(); 3].map(|()| intervals.try_recv().unwrap());
    assert_eq!((second, third), (first, every(SweepKind::Gaps)));
    assert!(first < third);
}

#[tokio::test]
async fn a_sweep_that_comes_to_its_end_has_worked_and_one_that_fails_says_why() {
    for (answer, expected) in [
        (Ok(Page { items: vec![], next: None }), Ok(Attempt::Worked)),
        (Err(ReadError::Unavailable { reason: "Stripe is away".to_owned() }), Err("Stripe is away".to_owned())),
    ] {
        let mut sweeps = MockSweeps::new();
        sweeps.expect_begin_sweep().returning(|request| Ok(Some(granted(request))));
        sweeps.expect_whole().returning(|_| Ok(None));
        sweeps.expect_note_whole().returning(|_, _| Ok(()));
        sweeps.expect_finish_sweep().returning(|_, _| Ok(()));
        let mut completeness = MockCompleteness::new();
        completeness.expect_unknown_events().returning(|_, _| Ok(vec![]));
        let mut reader = MockDisputeReader::new();
        reader.expect_events().return_once(move |_| answer);
        let sweeper = Sweeper::new(ask(reader), Arc::new(sweeps), Arc::new(completeness));
        let worker = Worker::sweep(sweeper, AccountId::own(), SweepKind::Gaps, Findings::default());
        assert_eq!(attempt(&worker).await.map_err(|error| error.to_string()), expected);
    }
}

#[tokio::test]
async fn where_no_dispute_must_be_read_again_nothing_is_asked() {
    let mut queue = MockReadQueue::new();
    queue.expect_claim_reads().times(1).returning(|_, _, _| Ok(vec![]));
    let worker = Worker::rereads(Reread::new(ask(MockDisputeReader::new()), Arc::new(queue)));
    assert_eq!(attempt(&worker).await.unwrap(), Attempt::NothingToDo);
}

#[tokio::test]
async fn a_source_that_refuses_reads_is_a_failure_also_where_other_disputes_are_read() {
    let claim = |id: &str| {
        let key = DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(id).unwrap() };
        ReadClaim { key, reason: ReadReason::MoneyMissing, attempt: 1 }
    };
    let mut queue = MockReadQueue::new();
    queue.expect_claim_reads().returning(move |_, _, _| Ok(["du_1", "du_2", "du_3"].map(claim).to_vec()));
    queue.expect_settle_read().times(3).returning(|_, _| Ok(()));
    let mut reader = MockDisputeReader::new();
    reader.expect_dispute().returning(|key| match key.dispute.as_str() {
        "du_2" => Err(ReadError::NotFound),
        id => Err(ReadError::Refused { reason: format!("the key may not read disputes: {id}") }),
    });
    let worker = Worker::rereads(Reread::new(ask(reader), Arc::new(queue)));
    let failure = attempt(&worker).await.unwrap_err();
    assert_eq!(failure.to_string(), "the key may not read disputes: du_1");
}

#[test]
fn what_sweeps_find_is_counted() {
    let findings = Findings::default();
    for kind in SweepKind::ALL {
        note(&AccountId::own(), kind, Found { new: 2, quarantined: 1 }, &findings);
        note(&AccountId::own(), kind, Found::default(), &findings);
    }
    assert_eq!((findings.gap_events.get(), findings.swept_movements.get()), (3, 3));
}
