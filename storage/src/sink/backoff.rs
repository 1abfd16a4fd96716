//! Pauses between tries: exponential, with full jitter.
//!
//! The pause is drawn evenly from zero to a bound that doubles with each failure, so that several
//! sinks that lost one server do not come back at one moment. (Source: "Exponential Backoff And
//! Jitter", AWS Architecture Blog, 2015.)

use std::time::Duration;

/// Doublings after which the bound no longer grows; far behind every sensible longest pause.
const DOUBLINGS_MAX: u32 = 20;

/// The pauses of one sink.
#[derive(Debug)]
pub(super) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    /// Bounds double from `least` to `most`; `seed` makes sinks draw apart.
    pub(super) const fn new(least: Duration, most: Duration, seed: u64) -> Self {
        Self {
            least,
            most,
            failures: 0,
            state: seed,
        }
    }

    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause before the next try.
    pub(super) fn pause(&mut self) -> Duration {
        let bound = self
            .least
            .saturating_mul(1 << self.failures.min(DOUBLINGS_MAX))
            .min(self.most);
        self.failures = self.failures.saturating_add(1);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let drawn = (u128::from(self.draw()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
    }

    /// `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014): small, and good enough to spread pauses.
    const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_the_longest_and_pauses_use_their_whole_range() {
        let (least, most) = (Duration::from_millis(100), Duration::from_secs(30));
        for failures in 0..12 {
            let bound = (least * (1 << failures)).min(most);
            let mut highest = Duration::ZERO;
            let mut lowest = most;
            for seed in 0..400 {
                let mut backoff = Backoff::new(least, most, seed);
                (0..failures).for_each(|_| {
                    backoff.pause();
                });
                let pause = backoff.pause();
                assert!(pause <= bound);
                highest = highest.max(pause);
                lowest = lowest.min(pause);
            }
            assert!(highest > bound * 9 / 10 && lowest < bound / 10);
        }
    }

    #[test]
    fn a_success_brings_the_first_bound_back() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(60), 7);
        (0..10).for_each(|_| {
            backoff.pause();
        });
        backoff.succeeded();
        assert!(backoff.pause() <= Duration::from_millis(1));
    }
}
