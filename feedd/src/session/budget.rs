//! Connection attempts within the venue's limit, shared by the lines of a feed.

use std::collections::VecDeque;

use feedd_codecs::venue::Facts;

/// Part of the venue's limit that is used, in percent: other programs share the address.
const SHARE_PERCENT: u32 = 80;

/// A sliding window over the connection attempts of one feed.
#[derive(Debug)]
pub struct ConnectBudget {
    most: usize,
    window: i64,
    attempts: VecDeque<i64>,
}

impl ConnectBudget {
    /// The budget of a venue.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        let most = (facts.connects_max * SHARE_PERCENT / 100).max(1);
        Self {
            most: most as usize,
            window: facts.connect_window,
            attempts: VecDeque::new(),
        }
    }

    /// Books an attempt at `now` (monotonic ns), or tells how long to wait for one.
    ///
    /// # Errors
    ///
    /// The nanoseconds until an attempt is free.
    pub fn book(&mut self, now: i64) -> Result<(), i64> {
        while self
            .attempts
            .front()
            .is_some_and(|first| first + self.window <= now)
        {
            self.attempts.pop_front();
        }
        match self.attempts.front() {
            Some(first) if self.attempts.len() >= self.most => Err(first + self.window - now),
            _ => {
                self.attempts.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feedd_codecs::venue::StreamOptions;
    use feedd_codecs::{Venue, VenueId, with_venue};

    #[test]
    fn no_window_holds_more_attempts_than_the_share() {
        let id = VenueId::KRAKEN_SPOT;
        let facts = with_venue!(id, V => V::new(id, StreamOptions::default()).facts());
        let mut budget = ConnectBudget::new(facts);
        let (mut now, mut booked) = (0, Vec::new());
        while booked.len() < 1000 {
            match budget.book(now) {
                Ok(()) => booked.push(now),
                Err(wait) => {
                    assert!(wait > 0);
                    now += wait;
                }
            }
            now += 1_000_000;
        }
        for (at, first) in booked.iter().enumerate() {
            let inside = booked[at..]
                .iter()
                .take_while(|time| **time < first + facts.connect_window)
                .count();
            assert!(inside <= 120, "{inside} attempts in one window");
        }
    }
}
