//! One account: what is booked with a venue, what the venue says is used, and until when it wants
//! to see nothing.

use std::time::Duration;

use super::pools::Pool;
use super::window::{Limit, Window};

/// A stop without a time of its own doubles with each repeat, up to this.
const STOP_OWN_MAX: Duration = Duration::from_secs(3_600);
/// Longest stop that is believed: Binance bans for up to three days (REST general information,
/// read 2026-11).
pub(super) const STOP_MAX: Duration = Duration::from_secs(3 * 86_400);
/// Part of the share, in percent, beyond which only urgent requests go out: a book that waits for
/// its snapshot finds room.
const ROUTINE_PERCENT: u32 = 75;
/// Part of the venue's own limit, in percent, up to which all programs on this address together
/// may have used it by the venue's count.
const ADDRESS_PERCENT: u32 = 95;
/// Part of the share that may be booked and not yet be in the file: a tenth.
const UNSAVED_PART: u32 = 10;

/// Why and how long a venue wants to see nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// How long.
    pub lasts: Duration,
    /// Whether the venue named the time; a time of ours doubles with each repeat.
    pub named: bool,
    /// Whether the address is banned: connections to the same host stop as well.
    pub ban: bool,
    /// In words, for the log.
    pub reason: String,
}

/// What the venue counted.
#[derive(Clone, Copy, Debug)]
struct Reading {
    used: u32,
    at: i64,
    /// The booking that the answer belongs to: later ones may be missing in `used`.
    booking: u64,
}

/// What one venue host counts of one kind.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) key: String,
    /// The hosts of its URLs.
    pub(super) hosts: Vec<String>,
    whole: Limit,
    /// The most that is booked at once.
    heaviest: u32,
    window: Window,
    reading: Option<Reading>,
    /// Monotonic ns.
    stopped_until: i64,
    reason: String,
    strikes: u32,
    unsaved: u32,
    /// Part of `unsaved` that is being written.
    saving: u32,
}

impl Account {
    pub(super) fn new(pool: &Pool, percent: u8) -> Self {
        let whole = pool.limit;
        Self {
            key: pool.key.clone(),
            heaviest: pool.heaviest,
            hosts: Vec::new(),
            whole,
            window: Window::new(whole.share(percent)),
            reading: None,
            stopped_until: i64::MIN,
            reason: String::new(),
            strikes: 0,
            unsaved: 0,
            saving: 0,
        }
    }

    /// What may be booked between two writes of the file.
    fn allowance(&self) -> u32 {
        let most = self.window.limit().most;
        (most / UNSAVED_PART).max(self.heaviest.min(most))
    }

    /// Nanoseconds until `amount` may be booked, 0 = now; [`i64::MAX`] = when the file is written.
    pub(super) fn wait(&mut self, amount: u32, urgent: bool, now: i64) -> i64 {
        let most = self.window.limit().most;
        let cap = if urgent {
            most
        } else {
            (most * ROUTINE_PERCENT / 100).max(1)
        };
        let free = self
            .window
            .wait(amount, cap, now)
            .max(self.stopped_until.saturating_sub(now))
            .max(self.reading_wait(amount, now));
        let counted = self.window.counted(amount);
        if free <= 0 && self.unsaved > 0 && self.unsaved + counted > self.allowance() {
            return i64::MAX;
        }
        free.max(0)
    }

    /// Until the venue's own count leaves room.
    fn reading_wait(&mut self, amount: u32, now: i64) -> i64 {
        let Some(reading) = self.reading else {
            return 0;
        };
        // A count holds for one window at most: then the venue has begun a new one.
        let until = reading.at + self.whole.window;
        if until <= now {
            self.reading = None;
            return 0;
        }
        let used = reading
            .used
            .saturating_add(self.window.since(reading.booking))
            .saturating_add(amount);
        if u64::from(used) * 100 > u64::from(self.whole.most) * u64::from(ADDRESS_PERCENT) {
            until - now
        } else {
            0
        }
    }

    /// Books `amount`.
    pub(super) fn take(&mut self, amount: u32, now: i64) -> u64 {
        self.unsaved = self.unsaved.saturating_add(self.window.counted(amount));
        self.window.take(amount, now)
    }

    /// The venue counted `used` when it answered booking `booking`.
    pub(super) fn read(&mut self, booking: u64, used: u32, now: i64) {
        let newer = self
            .reading
            .is_none_or(|reading| reading.booking <= booking);
        if newer {
            self.reading = Some(Reading {
                used,
                at: now,
                booking,
            });
        }
    }

    /// The venue answered as it should.
    pub(super) const fn answered(&mut self) {
        self.strikes = 0;
    }

    /// The venue wants to see nothing; returns how long.
    pub(super) fn stop(&mut self, stop: &Stop, now: i64) -> Duration {
        let lasts = if stop.named {
            stop.lasts.min(STOP_MAX)
        } else {
            let doubled = stop.lasts.saturating_mul(1 << self.strikes.min(10));
            doubled.min(STOP_OWN_MAX.max(stop.lasts))
        };
        self.strikes = self.strikes.saturating_add(1);
        self.stop_until(now.saturating_add(nanos(lasts)), &stop.reason);
        lasts
    }

    /// Nothing goes out before `until`; an earlier end changes nothing.
    pub(super) fn stop_until(&mut self, until: i64, reason: &str) {
        if until > self.stopped_until {
            self.stopped_until = until;
            reason.clone_into(&mut self.reason);
        }
    }

    /// The end of a stop that still holds, and its reason.
    pub(super) fn stopped(&self, now: i64) -> Option<(i64, &str)> {
        (self.stopped_until > now).then_some((self.stopped_until, self.reason.as_str()))
    }

    /// Books what an earlier process had booked at `at`.
    pub(super) fn restore(&mut self, at: i64, amount: u32) {
        self.window.take(amount, at);
    }

    /// Nothing is known of the time before: half the share counts as used.
    pub(super) fn assume_half(&mut self, now: i64) {
        let half = self.window.limit().most / 2;
        if half > 0 {
            self.window.take(half, now);
        }
        self.unsaved = self.allowance();
    }

    /// The process before ended unannounced: what it may have booked after its last write. The
    /// next process must know of it before this one books more.
    pub(super) fn assume_unsaved(&mut self, now: i64) {
        self.window.take(self.allowance(), now);
        self.unsaved = self.allowance();
    }

    /// What the file has to keep: bookings by second.
    pub(super) fn save(&mut self, now: i64) -> Vec<(i64, u32)> {
        self.saving = self.unsaved;
        self.window.seconds(now)
    }

    /// What [`Account::save`] gave is in the file.
    pub(super) const fn saved(&mut self) {
        self.unsaved -= self.saving;
        self.saving = 0;
    }

    /// Booked in the window, and the share of it.
    pub(super) fn used(&mut self, now: i64) -> (u32, Limit) {
        (self.window.sum(now), self.window.limit())
    }
}

/// As nanoseconds, at most what the type holds.
pub(super) fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}
