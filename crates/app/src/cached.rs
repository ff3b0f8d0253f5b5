//! What is read from the database now and then, by however many ask.

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::LedgerError;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How old an answer may be.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// Asks the database.
pub(crate) type AskLedger<T> = dyn Fn() -> BoxFuture<'static, Result<T, LedgerError>> + Send + Sync;

/// The last answer, as long as it is fresh.
pub(crate) struct Cached<T> {
    ask: Arc<AskLedger<T>>,
    within: Duration,
    last: Mutex<Option<(Instant, Option<T>)>>,
}

impl<T: Copy> Cached<T> {
    pub(crate) fn new(ask: Arc<AskLedger<T>>, within: Duration) -> Self {
        Self { ask, within, last: Mutex::new(None) }
    }

    /// `None` where the database can't be asked at present: what was is not told as what is.
    pub(crate) async fn get(&self) -> Option<T> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < FRESH_FOR
        {
            return answer;
        }
        let answer = timeout(self.within, (self.ask)()).await.ok().and_then(Result::ok);
        *last = Some((Instant::now(), answer));
        answer
    }
}
