//! Reads bodies, within bounds.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;

/// How many bytes of bodies may be held at a time, in the whole process.
#[derive(Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// The part of the budget that one body takes, until it is dropped.
pub(super) struct Held(Option<OwnedSemaphorePermit>);

/// Why there is no body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BodyRefused {
    TooLarge,
    /// The budget is spent.
    Overloaded,
    /// The client went away, or broke the protocol.
    Incomplete,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    fn take(&self, held: &mut Held, bytes: usize) -> Result<(), BodyRefused> {
        let bytes = u32::try_from(bytes).map_err(|_| BodyRefused::Overloaded)?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| BodyRefused::Overloaded)?;
        match &mut held.0 {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads a whole body. One that is refused is read on for a while and thrown away: a client that is cut off while it
/// writes may never see the answer.
pub(super) async fn read(body: Body, budget: &Budget, limits: &Limits) -> Result<(Vec<u8>, Held), BodyRefused> {
    if body.size_hint().lower() > u64::try_from(limits.drained_bytes).unwrap_or(u64::MAX) {
        return Err(BodyRefused::TooLarge);
    }
    let mut taken = Ok((Vec::new(), Held(None)));
    let mut seen = 0_usize;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyRefused::Incomplete)?;
        seen = seen.saturating_add(chunk.len());
        if seen > limits.drained_bytes {
            return Err(BodyRefused::TooLarge);
        }
        if seen > limits.body_bytes {
            taken = Err(BodyRefused::TooLarge);
        }
        taken = taken.and_then(|taken| append(taken, &chunk, budget));
    }
    taken
}

fn append(taken: (Vec<u8>, Held), chunk: &Bytes, budget: &Budget) -> Result<(Vec<u8>, Held), BodyRefused> {
    let (mut bytes, mut held) = taken;
    budget.take(&mut held, chunk.len())?;
    bytes.extend_from_slice(chunk);
    Ok((bytes, held))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_chunks(chunks: &[usize], budget: &Budget) -> Result<(Vec<u8>, Held), BodyRefused> {
        let limits = Limits { body_bytes: 10, drained_bytes: 20, ..Limits::default() };
        let chunks: Vec<_> = chunks.iter().map(|size| Ok::<_, std::io::Error>(vec![b'x'; *size])).collect();
        read(Body::from_stream(futures_util::stream::iter(chunks)), budget, &limits).await
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_bound() {
        let budget = Budget::new(100);
        for (chunks, expected) in [
            (vec![], Ok(0)),
            (vec![4, 6], Ok(10)),
            (vec![4, 7], Err(BodyRefused::TooLarge)),
            (vec![30], Err(BodyRefused::TooLarge)),
        ] {
            let read = read_chunks(&chunks, &budget).await.map(|(bytes, _)| bytes.len());
            assert_eq!(read, expected, "{chunks:?}");
        }
        assert_eq!(budget.0.available_permits(), 100);
    }

    #[tokio::test]
    async fn a_spent_budget_refuses_until_a_body_is_dropped() {
        let budget = Budget::new(16);
        let first = read_chunks(&[5, 5], &budget).await.unwrap();
        assert_eq!(read_chunks(&[5, 2], &budget).await.err(), Some(BodyRefused::Overloaded));
        let second = read_chunks(&[6], &budget).await.unwrap();
        assert_eq!(read_chunks(&[1], &budget).await.err(), Some(BodyRefused::Overloaded));
        drop(first);
        assert!(read_chunks(&[10], &budget).await.is_ok());
        drop(second);
        assert_eq!(budget.0.available_permits(), 16);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_incomplete() {
        let chunks = [Ok(vec![b'x'; 3]), Err(std::io::Error::other("gone"))];
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let read = read(body, &Budget::new(100), &Limits::default()).await;
        assert_eq!(read.err(), Some(BodyRefused::Incomplete));
    }
}
