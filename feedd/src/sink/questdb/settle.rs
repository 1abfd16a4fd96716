//! Rows that the server has acknowledged and its host may still lose.

use std::collections::VecDeque;
use std::time::Duration;

use feedd_storage::sink::Ack;

/// Parts that the time is cut into, so that a few entries are enough.
const PARTS: u32 = 64;

/// How far the rows are that were acknowledged long enough ago.
#[derive(Debug)]
pub(super) struct Settling {
    settle: Duration,
    /// The first row that is not known to be safe; 0 before the first.
    below: u64,
    parts: VecDeque<Part>,
}

/// Rows that were acknowledged at about one time.
#[derive(Debug)]
struct Part {
    since: Duration,
    until: Duration,
    next_seq: u64,
}

impl Settling {
    pub(super) const fn new(settle: Duration) -> Self {
        Self {
            settle,
            below: 0,
            parts: VecDeque::new(),
        }
    }

    /// Forgets everything: what is not below `acked` comes again.
    pub(super) fn restart(&mut self, acked: u64) {
        self.below = acked;
        self.parts.clear();
    }

    /// All rows below `next_seq` were acknowledged by `now`.
    pub(super) fn push(&mut self, now: Duration, next_seq: u64) {
        match self.parts.back_mut() {
            Some(part) if now < part.since + self.settle / PARTS => {
                part.until = now;
                part.next_seq = next_seq;
            }
            _ => self.parts.push_back(Part {
                since: now,
                until: now,
                next_seq,
            }),
        }
    }

    /// What may be said of the rows now.
    pub(super) fn ack(&mut self, now: Duration) -> Ack {
        while let Some(part) = self.parts.front()
            && part.until + self.settle <= now
        {
            self.below = part.next_seq;
            self.parts.pop_front();
        }
        if self.parts.is_empty() {
            Ack::All
        } else {
            Ack::Below(self.below)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn rows_are_acknowledged_only_after_the_time_has_passed() {
        let mut settling = Settling::new(at(6_400));
        settling.push(at(0), 10);
        settling.push(at(99), 20);
        settling.push(at(100), 30);
        assert_eq!(settling.ack(at(6_400)), Ack::Below(0));
        // The first part ended at 99.
        assert_eq!(settling.ack(at(6_499)), Ack::Below(20));
        assert_eq!(settling.ack(at(6_500)), Ack::All);
    }

    #[test]
    fn without_a_time_everything_is_acknowledged_at_once_and_entries_stay_few() {
        let mut settling = Settling::new(Duration::ZERO);
        settling.push(at(5), 10);
        assert_eq!(settling.ack(at(5)), Ack::All);
        let mut settling = Settling::new(at(640));
        for ms in 0..10_000 {
            settling.push(at(ms), ms);
            let _ = settling.ack(at(ms));
            assert!(settling.parts.len() <= 66);
        }
    }

    #[test]
    fn after_a_restart_nothing_is_acknowledged_that_was_not_sent_again() {
        let mut settling = Settling::new(at(100));
        settling.push(at(0), 10);
        settling.restart(3);
        settling.push(at(50), 5);
        assert_eq!(settling.ack(at(149)), Ack::Below(3));
    }
}
