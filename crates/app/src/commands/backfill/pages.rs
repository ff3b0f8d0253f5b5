//! Reads the slices of a backfill, several at a time.

use std::error::Error;
use std::time::Duration;

use chargebook_domain::ports::{LedgerError, Slice};
use chargebook_domain::service::{AskError, Backfill};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::progress::Progress;

/// How many pages are under way. Each is held in memory, with its payments.
const AT_A_TIME: usize = 8;

/// How long the pages under way have when no more are wanted. What is not booked then is read again.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// How long, in seconds, a slice waits for a ledger that is away or too busy, each time that it is so again without a page
/// between: a database restarts in less than all of them.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// Why not every slice is done.
#[derive(Debug)]
pub(super) enum Broken {
    /// The user wanted it.
    Stopped,
    /// It can't go on.
    Failed(Box<dyn Error + Send + Sync>),
}

/// A slice by its place, how far it has come, and what went wrong.
type Ended = (usize, Slice, Result<(), AskError>);

/// Reads on in every slice until all are done, one fails, or `stop` ends.
pub(super) async fn read_all(
    backfill: &Backfill,
    slices: &mut [Slice],
    progress: &Progress,
    stop: impl Future<Output = ()>,
) -> Option<Broken> {
    let open: Vec<_> = slices.iter().cloned().enumerate().filter(|(_, slice)| !slice.is_done).collect();
    let mut waiting = open.into_iter();
    let (no_more, is_enough) = watch::channel(false);
    let mut under_way = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let broken = loop {
        let free = AT_A_TIME.saturating_sub(under_way.len());
        for (place, slice) in waiting.by_ref().take(free) {
            under_way.spawn(read(backfill.clone(), (place, slice), is_enough.clone(), progress.clone()));
        }
        tokio::select! {
            () = &mut stop => break Broken::Stopped,
            ended = under_way.join_next() => match ended.map(|ended| put_back(ended, slices)) {
                None => return None,
                Some(Ok(())) => {}
                Some(Err(error)) => break Broken::Failed(error),
            },
        }
    };
    no_more.send_replace(true);
    let rest = async {
        while let Some(ended) = under_way.join_next().await {
            // The first failure is the one that is told.
            let _ = put_back(ended, slices);
        }
    };
    // Whatever takes longer is broken off with the tasks.
    drop(timeout(FINISH_WITHIN, rest).await);
    Some(broken)
}

fn put_back(ended: Result<Ended, JoinError>, slices: &mut [Slice]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (place, slice, result) = ended?;
    if let Some(kept) = slices.get_mut(place) {
        *kept = slice;
    }
    Ok(result?)
}

/// Reads a slice, page by page, until it is done or it is enough.
async fn read(
    backfill: Backfill,
    (place, mut slice): (usize, Slice),
    mut is_enough: watch::Receiver<bool>,
    progress: Progress,
) -> Ended {
    let mut pauses = PAUSES.into_iter();
    while !slice.is_done && !*is_enough.borrow() {
        match backfill.page(&slice).await {
            Ok(advanced) => {
                progress.page(&slice, &advanced);
                slice = advanced;
                pauses = PAUSES.into_iter();
            }
            Err(error) => {
                let is_away = matches!(error, AskError::Ledger(LedgerError::Unavailable(_)));
                let Some(pause) = pauses.next().filter(|_| is_away) else { return (place, slice, Err(error)) };
                progress.waits(pause);
                // Whoever stops it does not wait.
                drop(timeout(Duration::from_secs(pause), is_enough.wait_for(|is_enough| *is_enough)).await);
            }
        }
    }
    (place, slice, Ok(()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chargebook_domain::ports::{
        Clock, MockBackfills, MockClock, MockDisputeReader, MockLedger, MockSweeps, Page, Period,
    };
    use chargebook_domain::service::{Ask, Ingest};
    use chargebook_domain::{AccountId, Admission, BookRules};
    use tokio::time::{Instant, sleep};

    use super::*;

    /// A backfill of one empty page, which the ledger keeps only after it was away so often.
    fn backfill(times_away: usize) -> Backfill {
        let mut reader = MockDisputeReader::new();
        reader.expect_disputes().returning(|_, _| Ok(Page { items: vec![], next: None }));
        let mut backfills = MockBackfills::new();
        let mut left = times_away;
        backfills.expect_advance().returning(move |_| match left.checked_sub(1) {
            Some(fewer) => {
                left = fewer;
                Err(LedgerError::Unavailable("away".into()))
            }
            None => Ok(()),
        });
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| "2026-03-10T12:00:00Z".parse().unwrap());
        let admission = Admission { livemode: true, accounts: [].into() };
        let ingest = Ingest::new(Arc::new(MockLedger::new()), BookRules::default(), admission);
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let ask = Ask { reader: Arc::new(reader), ingest, clock };
        Backfill::new(ask, Arc::new(backfills), Arc::new(MockSweeps::new()))
    }

    async fn read_one(times_away: usize, stop: impl Future<Output = ()>) -> (Slice, Option<Broken>) {
        let day = |day: &str| format!("2026-03-{day}T00:00:00Z").parse().unwrap();
        let period = Period { from: day("01"), until: day("02") };
        let mut slices = [Slice::of(AccountId::own(), period, period)];
        let progress = Progress::begin(&slices);
        let broken = read_all(&backfill(times_away), &mut slices, &progress, stop).await;
        let [slice] = slices;
        (slice, broken)
    }

    #[tokio::test(start_paused = true)]
    async fn a_ledger_that_is_away_for_a_minute_is_waited_for() {
        let (slice, broken) = read_one(PAUSES.len(), std::future::pending()).await;
        assert!(slice.is_done && broken.is_none(), "{broken:?}");
        let (slice, broken) = read_one(PAUSES.len() + 1, std::future::pending()).await;
        assert!(!slice.is_done && matches!(broken, Some(Broken::Failed(_))), "{broken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_it_does_not_wait_for_the_ledger() {
        let started = Instant::now();
        let (slice, broken) = read_one(usize::MAX, sleep(Duration::from_secs(10))).await;
        assert!(!slice.is_done && matches!(broken, Some(Broken::Stopped)), "{broken:?}");
        assert_eq!(started.elapsed(), Duration::from_secs(10));
    }
}
