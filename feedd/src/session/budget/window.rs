//! A sliding window over what was booked.
//!
//! Invariant: in no interval of the window's length, wherever it begins, is more than the share
//! booked. A venue that counts in fixed minutes therefore never sees more either.

use std::collections::VecDeque;

/// So much in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// Attempts, requests or weight.
    pub(super) most: u32,
    /// Nanoseconds.
    pub(super) window: i64,
}

impl Limit {
    /// `percent` of it, rounded down. Less than one in a window becomes one in a longer window.
    pub(super) fn share(self, percent: u8) -> Self {
        let percent = u64::from(percent.clamp(1, 100));
        let most = u64::from(self.most) * percent / 100;
        if most > 0 {
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            return Self { most, ..self };
        }
        let whole = (u64::from(self.most.max(1)) * percent).cast_signed();
        let longer = self.window.saturating_mul(100).saturating_add(whole - 1) / whole;
        Self {
            most: 1,
            window: longer,
        }
    }
}

/// One booking.
#[derive(Clone, Copy, Debug)]
struct Use {
    at: i64,
    amount: u32,
    number: u64,
}

/// What was booked lately.
#[derive(Debug)]
pub(super) struct Window {
    limit: Limit,
    uses: VecDeque<Use>,
    sum: u32,
    number: u64,
}

impl Window {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            uses: VecDeque::new(),
            sum: 0,
            number: 0,
        }
    }

    pub(super) const fn limit(&self) -> Limit {
        self.limit
    }

    /// What the window holds at `now`.
    pub(super) fn sum(&mut self, now: i64) -> u32 {
        self.expire(now);
        self.sum
    }

    /// What an amount counts: at least one, at most the whole share. A request that weighs more
    /// than the share goes out when the window is empty, or it would never go.
    pub(super) const fn counted(&self, amount: u32) -> u32 {
        if amount == 0 {
            1
        } else if amount > self.limit.most {
            self.limit.most
        } else {
            amount
        }
    }

    /// Nanoseconds until `amount` fits below `cap`; 0 = now.
    pub(super) fn wait(&mut self, amount: u32, cap: u32, now: i64) -> i64 {
        self.expire(now);
        let cap = cap.clamp(1, self.limit.most);
        let amount = self.counted(amount).min(cap);
        let mut left = self.sum;
        for entry in &self.uses {
            if left + amount <= cap {
                break;
            }
            left -= entry.amount;
            if left + amount <= cap {
                return entry.at + self.limit.window - now;
            }
        }
        0
    }

    /// Books `amount` without asking; returns the booking's number.
    pub(super) fn take(&mut self, amount: u32, now: i64) -> u64 {
        self.expire(now);
        self.number += 1;
        // What was read from a file may exceed a share that was made smaller: the rest is full.
        let amount = self.counted(amount).min(self.limit.most - self.sum);
        if amount > 0 {
            let number = self.number;
            let at = self.uses.back().map_or(now, |last| last.at.max(now));
            self.uses.push_back(Use { at, amount, number });
            self.sum += amount;
        }
        self.number
    }

    /// What was booked after booking `number`.
    pub(super) fn since(&self, number: u64) -> u32 {
        let later = self.uses.iter().rev();
        later
            .take_while(|entry| entry.number > number)
            .map(|entry| entry.amount)
            .sum()
    }

    /// Bookings as (time, amount), those of one second in one: at its end, so that none is
    /// forgotten early.
    pub(super) fn seconds(&mut self, now: i64) -> Vec<(i64, u32)> {
        const SECOND: i64 = 1_000_000_000;
        self.expire(now);
        let mut seconds: Vec<(i64, u32)> = Vec::new();
        for entry in &self.uses {
            match seconds.last_mut() {
                Some((at, amount)) if *at / SECOND == entry.at / SECOND => {
                    (*at, *amount) = (entry.at, *amount + entry.amount);
                }
                _ => seconds.push((entry.at, entry.amount)),
            }
        }
        seconds
    }

    fn expire(&mut self, now: i64) {
        while let Some(first) = self.uses.front()
            && first.at + self.limit.window <= now
        {
            self.sum -= first.amount;
            self.uses.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_below_one_makes_the_window_longer() {
        let second = Limit {
            most: 1,
            window: 1_000,
        };
        assert_eq!(second.share(100), second);
        let share = second.share(80);
        assert_eq!((share.most, share.window), (1, 1_250));
        let share = second.share(30);
        assert_eq!((share.most, share.window), (1, 3_334));
    }

    proptest! {
        #[test]
        fn no_interval_of_a_window_s_length_holds_more_than_the_share(
            most in 1_u32..200,
            percent in 1_u8..=100,
            calls in proptest::collection::vec((0_i64..400, 0_u32..260, any::<bool>()), 1..300),
        ) {
            let limit = Limit { most, window: 1_000 }.share(percent);
            let mut window = Window::new(limit);
            let (mut now, mut booked) = (0, Vec::new());
            for (pause, amount, patient) in calls {
                now += pause;
                let wait = window.wait(amount, u32::MAX, now);
                prop_assert!((0..=limit.window).contains(&wait));
                if wait > 0 && patient {
                    now += wait;
                    prop_assert_eq!(window.wait(amount, u32::MAX, now), 0, "the wait was not enough");
                }
                if window.wait(amount, u32::MAX, now) == 0 {
                    booked.push((now, window.counted(amount)));
                    window.take(amount, now);
                }
            }
            for (at, (from, _)) in booked.iter().enumerate() {
                let inside: u32 = booked[at..]
                    .iter()
                    .take_while(|(time, _)| *time < from + limit.window)
                    .map(|(_, amount)| amount)
                    .sum();
                prop_assert!(inside <= limit.most, "{inside} of {}", limit.most);
            }
        }

        #[test]
        fn seconds_keep_every_booking_and_none_for_a_shorter_time(
            pauses in proptest::collection::vec(0_i64..3_000_000_000, 1..60),
        ) {
            let mut window = Window::new(Limit { most: 1_000, window: 60_000_000_000 });
            let mut now = 0;
            for pause in pauses {
                now += pause;
                window.take(3, now);
            }
            let seconds = window.seconds(now);
            prop_assert_eq!(seconds.iter().map(|(_, amount)| amount).sum::<u32>(), window.sum(now));
            for entry in &window.uses {
                let kept = seconds.iter().any(|(at, _)| *at >= entry.at && *at / 1_000_000_000 == entry.at / 1_000_000_000);
                prop_assert!(kept);
            }
        }
    }
}
