//! Asking again: which failures are worth it is said where they are seen, how often and when is said here.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::ApiError;
use crate::limiter::Limiter;

/// How long an answer of Stripe's is waited for, and how often it is asked again.
#[derive(Clone, Debug)]
pub struct Patience {
    /// The most attempts for one answer.
    pub attempts: u32,
    /// The most time for one answer, with all attempts and the waits between them.
    pub in_all: Duration,
    /// The longest wait before the second attempt. It doubles with each further one; how much of it is waited is random.
    pub first_wait: Duration,
    /// The longest wait of all.
    pub longest_wait: Duration,
    /// The most time for one attempt to read one object.
    pub object_within: Duration,
    /// The most time for one attempt to read a page of a list.
    pub page_within: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 6,
            in_all: Duration::from_mins(2),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            object_within: Duration::from_secs(10),
            page_within: Duration::from_secs(30),
        }
    }
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ApiError,
    /// Whether asking again can help.
    pub(crate) again: bool,
    /// How long Stripe asks to be left alone.
    pub(crate) wait: Option<Duration>,
}

impl Failure {
    /// One that stays as it is.
    pub(crate) fn lasting(error: ApiError) -> Self {
        Self { error, again: false, wait: None }
    }

    /// One that may pass.
    pub(crate) fn passing(error: ApiError) -> Self {
        Self { error, again: true, wait: None }
    }
}

impl Patience {
    /// Makes attempts until one gets an answer, or none can any more. Attempts are counted from 1.
    pub(crate) async fn insist<T, F>(&self, limiter: &Limiter, mut attempt: impl FnMut(u32) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let end = Instant::now() + self.in_all;
        let mut last = ApiError::RateLimited;
        for number in 1..=self.attempts {
            limiter.turn(end).await.map_err(|_| last)?;
            let outcome = timeout_at(end, attempt(number)).await;
            let failure = match outcome.unwrap_or_else(|_| Err(Failure::passing(ApiError::NoAnswer))) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.error == ApiError::RateLimited {
                limiter.fall();
            }
            let asked = failure.wait.unwrap_or_default();
            // What Stripe asks of one request is meant for all of them.
            limiter.pause(asked);
            let wait = self.wait_after(number).max(asked);
            if !failure.again || number == self.attempts || wait > end.duration_since(Instant::now()) {
                return Err(failure.error);
            }
            last = failure.error;
            sleep(wait).await;
        }
        Err(last)
    }

    /// Anything up to a bound that doubles: those who failed together do not ask together again.
    fn wait_after(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let bound = self.first_wait.saturating_mul(doubled).min(self.longest_wait);
        let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(fastrand::u64(0..=bound_ms))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const FAILED: ApiError = ApiError::Failed { status: 500 };

    /// What comes of attempts that end like this, how many there were, and how long it took.
    async fn insist(
        patience: &Patience,
        limiter: &Limiter,
        attempt: impl Fn(u32) -> Result<u32, Failure>,
    ) -> (Result<u32, ApiError>, u32, Duration) {
        let begun = Instant::now();
        let mut attempts = 0;
        let outcome = patience
            .insist(limiter, |number| {
                attempts = number;
                std::future::ready(attempt(number))
            })
            .await;
        (outcome, attempts, begun.elapsed())
    }

    fn unlimited() -> Limiter {
        Limiter::new(NonZeroU32::new(1_000_000).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_six_times_with_growing_waits() {
        let mut longest = Duration::ZERO;
        for _ in 0..200 {
            let (outcome, attempts, took) =
                insist(&Patience::default(), &unlimited(), |_| Err(Failure::passing(FAILED))).await;
            assert_eq!((outcome, attempts), (Err(FAILED), 6));
            // 0.5 + 1 + 2 + 4 + 8 seconds, and what timers are late.
            assert!(took <= Duration::from_millis(15_510), "{took:?}");
            longest = longest.max(took);
        }
        assert!(longest >= Duration::from_secs(8), "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_ends_it() {
        let answer = |number| if number == 3 { Ok(number) } else { Err(Failure::passing(FAILED)) };
        assert_eq!(insist(&Patience::default(), &unlimited(), answer).await.0, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_as_it_is_is_tried_once() {
        let refused = |_| Err(Failure::lasting(ApiError::KeyRefused));
        let (outcome, attempts, took) = insist(&Patience::default(), &unlimited(), refused).await;
        assert_eq!((outcome, attempts, took), (Err(ApiError::KeyRefused), 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stripe_asks_for_is_waited_and_by_every_request() {
        let limiter = unlimited();
        let too_many = |number| match number {
            1 => Err(Failure { wait: Some(Duration::from_secs(20)), ..Failure::passing(ApiError::RateLimited) }),
            _ => Ok(number),
        };
        let patience = Patience::default();
        let begun = Instant::now();
        let other = async {
            sleep(Duration::from_secs(1)).await;
            limiter.turn(begun + Duration::from_mins(1)).await.unwrap();
            begun.elapsed()
        };
        let ((outcome, _, took), other) = tokio::join!(insist(&patience, &limiter, too_many), other);
        assert_eq!(outcome, Ok(2));
        assert!(took >= Duration::from_secs(20) && other >= Duration::from_secs(20), "{took:?} {other:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_requests_make_the_rate_fall() {
        for (error, expected) in [(ApiError::RateLimited, 10), (FAILED, 20)] {
            let limiter = Limiter::new(NonZeroU32::new(20).unwrap());
            let fails_once = |number| if number == 1 { Err(Failure::passing(error)) } else { Ok(number) };
            insist(&Patience::default(), &limiter, fails_once).await.0.unwrap();
            let begun = Instant::now();
            let mut turns = 0_u32;
            while limiter.turn(begun + Duration::from_secs(1)).await.is_ok() {
                turns += 1;
            }
            assert!(turns.abs_diff(expected) <= 2, "{error}: {turns}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_too_long_is_not_begun() {
        let limiter = unlimited();
        let too_many =
            |_| Err(Failure { wait: Some(Duration::from_mins(10)), ..Failure::passing(ApiError::RateLimited) });
        let (outcome, attempts, took) = insist(&Patience::default(), &limiter, too_many).await;
        assert_eq!((outcome, attempts, took), (Err(ApiError::RateLimited), 1, Duration::ZERO));
        // Other requests give up as well, and at once, until the time is near.
        let (outcome, attempts, took) = insist(&Patience::default(), &limiter, Ok).await;
        assert_eq!((outcome, attempts, took), (Err(ApiError::RateLimited), 0, Duration::ZERO));
        sleep(Duration::from_mins(9)).await;
        let (outcome, _, took) = insist(&Patience::default(), &limiter, Ok).await;
        assert_eq!(outcome, Ok(1));
        assert!(took >= Duration::from_secs(59), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_at_all_is_given_up_on_in_time() {
        let begun = Instant::now();
        let outcome = Patience::default().insist(&unlimited(), |_| std::future::pending::<Result<(), Failure>>()).await;
        assert_eq!(outcome, Err(ApiError::NoAnswer));
        assert!(begun.elapsed() <= Duration::from_millis(120_010), "{:?}", begun.elapsed());
    }
}
