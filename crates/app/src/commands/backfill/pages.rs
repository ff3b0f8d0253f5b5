//! Reads the slices of a backfill, several at a time.

use std::error::Error;
use std::time::Duration;

use chargebook_domain::ports::Slice;
use chargebook_domain::service::{AskError, Backfill};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::progress::Progress;

/// How many pages are under way. Each is held in memory, with its payments.
const AT_A_TIME: usize = 8;

/// How long the pages under way have when no more are wanted. What is not booked then is read again.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

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
    is_enough: watch::Receiver<bool>,
    progress: Progress,
) -> Ended {
    while !slice.is_done && !*is_enough.borrow() {
        match backfill.page(&slice).await {
            Ok(advanced) => {
                progress.page(&slice, &advanced);
                slice = advanced;
            }
            Err(error) => return (place, slice, Err(error)),
        }
    }
    (place, slice, Ok(()))
}
