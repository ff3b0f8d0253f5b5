//! Books observations the way the use cases do, for tests that care for the books and not for deliveries.

use chargebook_domain::ports::{Answer, Cause, Content, Entry, Ledger, Lookup};
use chargebook_domain::{BookRules, DecideError, DisputeKey, Observation, Stored, decide};
use chrono::{DateTime, Utc};

use crate::samples;

/// Decides the observations of one dispute together, and records them as one change.
///
/// # Errors
/// [`DecideError`]; then nothing was recorded.
pub async fn book(
    ledger: &dyn Ledger,
    key: &DisputeKey,
    observations: &[Observation],
    rules: BookRules,
    recorded_at: DateTime<Utc>,
) -> Result<Answer, DecideError> {
    let stored = load(ledger, key, observations).await;
    let change = decide(key, &stored, observations, rules)?;
    let mut causes: Vec<_> = observations.iter().map(|observation| observation.cause.as_str()).collect();
    causes.sort_unstable();
    causes.dedup();
    let causes = causes.into_iter().map(|cause| Cause { account: key.account.clone(), ..samples::cause(cause) });
    let entry = Entry { causes: causes.collect(), content: Content::Change(Box::new(change)) };
    Ok(ledger.record(&[entry], recorded_at).await.unwrap().pop().unwrap())
}

/// Decides and records each observation on its own, in the order given.
///
/// # Errors
/// [`DecideError`]; what was recorded before stays.
pub async fn book_each(
    ledger: &dyn Ledger,
    key: &DisputeKey,
    observations: &[Observation],
    rules: BookRules,
    recorded_at: DateTime<Utc>,
) -> Result<(), DecideError> {
    for observation in observations {
        book(ledger, key, std::slice::from_ref(observation), rules, recorded_at).await?;
    }
    Ok(())
}

/// What is stored of the dispute, with the payments that any of the observations names.
async fn load(ledger: &dyn Ledger, key: &DisputeKey, observations: &[Observation]) -> Stored {
    let recorded = [Lookup::recorded(key.clone())].into_iter();
    let lookups: Vec<_> = recorded.chain(observations.iter().map(Lookup::of)).collect();
    let mut all = ledger.load(&lookups).await.unwrap().into_iter();
    let first = all.next().unwrap();
    all.fold(first, |mut stored, other| {
        let known = stored.payments.clone();
        stored.payments.extend(other.payments.into_iter().filter(|payment| !known.contains(payment)));
        stored
    })
}
