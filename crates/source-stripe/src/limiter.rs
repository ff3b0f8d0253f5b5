//! How often Stripe is asked.
//!
//! Not the crate governor: its quota is fixed, and this one falls when Stripe says that it is too much.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const SECOND: Duration = Duration::from_secs(1);

/// How long it must have been quiet before the rate rises by a step.
const RISES_AFTER: Duration = Duration::from_secs(2);

/// From nothing to the full rate in this many steps.
const STEPS: u32 = 20;

/// Gives out turns, in the order in which they are asked for, at a rate that falls and rises.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Held by whoever is next.
    queue: tokio::sync::Mutex<()>,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    /// The rate that was configured, per second.
    most: u32,
    /// The rate as it is now, per second: from 1 to `most`.
    rate: u32,
    /// When the rate last changed, or was last said to be too much.
    changed_at: Instant,
    /// The earliest next turn.
    next: Instant,
}

/// The next turn would be after the time until which it is waited for.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct TooLate;

impl Limiter {
    /// At most `per_second` turns a second, and one more after a rest.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let now = Instant::now();
        let pace = Pace { most: per_second.get(), rate: per_second.get(), changed_at: now, next: now };
        Self { queue: tokio::sync::Mutex::new(()), pace: Mutex::new(pace) }
    }

    /// Waits for a turn, but not when it would be after `until`.
    pub(crate) async fn turn(&self, until: Instant) -> Result<(), TooLate> {
        let _next = self.queue.lock().await;
        // A pause that begins while this waits holds for it too, so that the pace is asked again after each wait.
        loop {
            let turn = self.pace().take(Instant::now());
            match turn {
                None => return Ok(()),
                Some(at) if at > until => return Err(TooLate),
                Some(at) => sleep_until(at).await,
            }
        }
    }

    /// Stripe says that it is too much. What it says several times within a second counts once, because the requests it
    /// speaks of were under way together.
    pub(crate) fn fall(&self) {
        let now = Instant::now();
        let mut pace = self.pace();
        if pace.rate == pace.most || now.duration_since(pace.changed_at) >= SECOND {
            pace.rate = (pace.rate / 2).max(1);
        }
        pace.changed_at = now;
        pace.next = pace.next.max(now + pace.interval());
    }

    /// Nobody gets a turn for this long.
    pub(crate) fn pause(&self, time: Duration) {
        let mut pace = self.pace();
        pace.next = pace.next.max(Instant::now() + time);
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    /// Takes the turn, or says when to come again.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        if now < self.next {
            return Some(self.next);
        }
        while self.rate < self.most && now.duration_since(self.changed_at) >= RISES_AFTER {
            self.rate = (self.rate + (self.most / STEPS).max(1)).min(self.most);
            self.changed_at += RISES_AFTER;
        }
        // A turn that was missed is made up for, as timers are late; more than one would be a burst.
        let interval = self.interval();
        let earliest = now.checked_sub(interval).unwrap_or(now);
        self.next = self.next.max(earliest) + interval;
        None
    }

    fn interval(&self) -> Duration {
        SECOND / self.rate
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    fn limiter(per_second: u32) -> Limiter {
        Limiter::new(NonZeroU32::new(per_second).unwrap())
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_hours(1)
    }

    /// The turns that are taken within `seconds` by somebody who always wants one, each in milliseconds from now.
    async fn turns(limiter: &Limiter, seconds: u64) -> Vec<u128> {
        let begun = Instant::now();
        let mut turns = Vec::new();
        while limiter.turn(begun + Duration::from_secs(seconds)).await.is_ok() {
            turns.push(begun.elapsed().as_millis());
        }
        turns
    }

    /// The most of these turns that are within any one second.
    fn most_in_a_second(turns: &[u128]) -> usize {
        turns
            .iter()
            .map(|from| turns.iter().filter(|turn| (*from..from + 1000).contains(turn)).count())
            .max()
            .unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_turns_than_the_rate_and_one() {
        for rate in [1, 20, 90] {
            let limiter = limiter(rate);
            let turns = turns(&limiter, 20).await;
            assert!(most_in_a_second(&turns) <= rate as usize + 1, "{rate}: {turns:?}");
            assert!(turns.len() >= 20 * rate as usize * 9 / 10, "{rate}: {}", turns.len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_is_made_up_for_by_one_turn_only() {
        let limiter = limiter(10);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(turns(&limiter, 1).await.get(..4), Some(&[0, 0, 100, 200][..]));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_have_one_rate() {
        let limiter = Arc::new(limiter(20));
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        for _ in 0..100 {
            let limiter = limiter.clone();
            asking.spawn(async move {
                limiter.turn(in_an_hour()).await.unwrap();
                begun.elapsed().as_millis()
            });
        }
        let turns = asking.join_all().await;
        assert!(most_in_a_second(&turns) <= 21, "{turns:?}");
        assert!(begun.elapsed() <= Duration::from_secs(6), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_falls_by_half_and_rises_again_slowly() {
        let limiter = limiter(20);
        for _ in 0..8 {
            limiter.fall();
        }
        // 10 a second, then one more every two seconds.
        assert!((19..=21).contains(&turns(&limiter, 2).await.len()));
        assert!((21..=23).contains(&turns(&limiter, 2).await.len()));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!((40..=42).contains(&turns(&limiter, 2).await.len()));
        for _ in 0..10 {
            limiter.fall();
            tokio::time::advance(SECOND).await;
        }
        assert!((1..=2).contains(&turns(&limiter, 1).await.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_whoever_waits_already() {
        let limiter = Arc::new(limiter(1));
        let begun = Instant::now();
        limiter.turn(in_an_hour()).await.unwrap();
        let waiting = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.turn(in_an_hour()).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        limiter.pause(Duration::from_secs(30));
        waiting.await.unwrap().unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(30), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_turn_that_comes_too_late() {
        let limiter = limiter(20);
        limiter.pause(Duration::from_secs(30));
        let begun = Instant::now();
        assert_eq!(limiter.turn(begun + Duration::from_secs(29)).await, Err(TooLate));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(limiter.turn(begun + Duration::from_secs(31)).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_who_gives_up_costs_nobody_a_turn() {
        let limiter = limiter(1);
        limiter.turn(in_an_hour()).await.unwrap();
        let begun = Instant::now();
        for _ in 0..5 {
            let short = tokio::time::timeout(Duration::from_millis(100), limiter.turn(in_an_hour()));
            assert!(short.await.is_err());
        }
        limiter.turn(in_an_hour()).await.unwrap();
        assert!(begun.elapsed() <= Duration::from_millis(1001), "{:?}", begun.elapsed());
    }
}
