//! Exponential backoff with full jitter.
//!
//! The pause is drawn evenly from zero to a bound that doubles with each failure. A fleet that lost
//! its venue at one moment does not come back at one moment. (Source: "Exponential Backoff And
//! Jitter", AWS Architecture Blog, 2015.)

use std::time::Duration;

/// A connection that lived this long was good: the next failure starts from the first bound.
const HEALTHY: Duration = Duration::from_secs(60);

/// The pauses between the attempts of one line.
#[derive(Debug)]
pub struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// Bounds double from `least` to `most`; `seed` makes lines draw apart.
    #[must_use]
    pub fn new(least: Duration, most: Duration, seed: u64) -> Self {
        Self {
            least,
            most,
            failures: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// A connection ended after `lived`.
    pub fn ended(&mut self, lived: Duration) {
        if lived >= HEALTHY {
            self.failures = 0;
        }
    }

    /// What failed before works: the next failure starts from the first bound.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let bound = self
            .least
            .saturating_mul(1 << self.failures.min(20))
            .min(self.most);
        self.failures = self.failures.saturating_add(1);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.u64(0..=nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_below_doubling_bounds_and_start_over_after_a_healthy_connection() {
        let (least, most) = (Duration::from_millis(100), Duration::from_secs(5));
        for seed in 0..200 {
            let mut backoff = Backoff::new(least, most, seed);
            for failure in 0..40_u32 {
                let bound = least.saturating_mul(1 << failure.min(20)).min(most);
                assert!(backoff.pause() <= bound);
            }
            backoff.ended(Duration::from_secs(59));
            backoff.ended(HEALTHY);
            assert!(backoff.pause() <= least);
        }
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1), 7);
        let pauses: Vec<Duration> = (0..1000).map(|_| backoff.pause()).collect();
        assert!(
            pauses
                .iter()
                .any(|pause| *pause < Duration::from_millis(50))
        );
        assert!(
            pauses
                .iter()
                .any(|pause| *pause > Duration::from_millis(950))
        );
    }
}
