//! What the venues allow an address, shared by every line and every feed of the process.
//!
//! One account for each host that counts and each thing it counts: connection attempts, REST weight.
//! Invariants:
//!
//! * In no window of a venue is more than the configured share booked, across restarts: at most a
//!   tenth of a share is booked beyond what the file says, and a process that finds the file of one
//!   that ended unannounced counts that tenth as used.
//! * A stop that a venue asked for holds for all who use the account, and is written at once.
//! * The file is written at most once a second, new stops aside, on a thread of its own.

mod account;
mod keeper;
mod pools;
mod store;
mod verdict;
mod window;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feedd_codecs::VenueId;
use feedd_codecs::venue::Facts;

pub use account::Stop;
pub use keeper::Keeper;
pub(crate) use verdict::BODY_HEAD;
pub use verdict::Reply;

use crate::clock::Clock;
use account::{Account, STOP_MAX, nanos};
use pools::Pool;
use store::{Accounts, Before, Kept, Store};

/// Least time between two writes of the file.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// Shortest wait that is told: a caller that comes back at once must not spin.
const WAIT_MIN: i64 = 1_000_000;
/// Bookings of accounts that nobody opened are kept so long: the longest window of any venue.
const KEEP_USES: Duration = Duration::from_secs(600);

/// Every account of the process.
#[derive(Clone, Debug)]
pub struct Budgets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
    store: Store,
}

#[derive(Debug)]
struct State {
    percent: u8,
    accounts: Vec<Account>,
    /// What the file told of accounts that nobody has opened yet.
    restored: Accounts,
    before: Before,
    /// Monotonic ns.
    saved_at: i64,
    dirty: bool,
    /// A new stop, or what a new account assumes, is not yet in the file.
    urgent: bool,
    /// The file is being written.
    writing: bool,
    /// This process has written the file, which says `running` since: before, nothing is booked.
    begun: bool,
    /// No booking any more: the file is final.
    closed: bool,
    /// Whether the last write failed: told once.
    unwritable: bool,
}

/// One account, for one user of it.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    slot: usize,
    host: String,
}

/// A booking, to report the venue's own count with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking(u64);

/// An account's state, for logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// `rest:binance-spot`, `line:kraken@ws.kraken.com`.
    pub account: String,
    /// Booked in the window that ends now.
    pub used: u32,
    /// Most that is booked in a window.
    pub share: u32,
    /// The window.
    pub window: Duration,
    /// How long nothing goes out, and why.
    pub stopped: Option<(Duration, String)>,
}

impl Budgets {
    /// The budgets of the process that writes the journal in `journal`, with what the process before
    /// left there. `percent` of each limit is used: other programs share the address.
    #[must_use]
    pub fn open(journal: &Path, percent: u8, clock: Arc<dyn Clock>) -> Self {
        let store = Store::new(journal);
        let (restored, before) = store.load();
        match &before {
            Before::Stopped => {}
            Before::Running => tracing::info!(
                "the run before ended unannounced: a tenth of each budget counts as used"
            ),
            Before::Unknown(why) => {
                tracing::warn!(file = %store.path().display(), why, "budgets of the run before are not known: half of each counts as used")
            }
        }
        let saved_at = clock.mono().saturating_sub(nanos(SAVE_EVERY));
        let state = State {
            percent,
            accounts: Vec::new(),
            restored,
            before,
            saved_at,
            dirty: true,
            urgent: false,
            writing: false,
            begun: false,
            closed: false,
            unwritable: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            clock,
            store,
        }))
    }

    /// The account of connection attempts to `url`.
    #[must_use]
    pub fn connects(&self, venue: VenueId, url: &str, facts: &Facts) -> Budget {
        self.account(pools::connects(&venue.to_string(), url, facts))
    }

    /// The account of REST requests to `url`.
    #[must_use]
    pub fn requests(&self, venue: VenueId, url: &str, facts: &Facts) -> Budget {
        self.account(pools::requests(&venue.to_string(), url, facts))
    }

    /// Every account.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        let now = self.0.clock.mono();
        let mut state = self.0.lock();
        state
            .accounts
            .iter_mut()
            .map(|account| usage(account, now))
            .collect()
    }

    fn account(&self, pool: Pool) -> Budget {
        let mut state = self.0.lock();
        let known = state
            .accounts
            .iter()
            .position(|account| account.key == pool.key);
        let slot = known.unwrap_or_else(|| {
            let account = self.0.restore(&mut state, &pool);
            state.accounts.push(account);
            state.urgent = true;
            self.0.touch(&mut state);
            state.accounts.len() - 1
        });
        let hosts = &mut state.accounts[slot].hosts;
        if !hosts.contains(&pool.host) {
            hosts.push(pool.host.clone());
        }
        Budget {
            shared: Arc::clone(&self.0),
            slot,
            host: pool.host,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new account with what the file tells of it.
    fn restore(&self, state: &mut State, pool: &Pool) -> Account {
        let (now, wall) = (self.clock.mono(), self.clock.wall());
        // The wall clock may have been set back: nothing was booked later than now.
        let mono = |at: i64| now.saturating_add(at.saturating_sub(wall).min(0));
        let mut account = Account::new(pool, state.percent);
        let kept = state.restored.remove(&pool.key).unwrap_or_default();
        for (at, amount) in kept.uses {
            account.restore(mono(at), amount);
        }
        if let Some((until, reason)) = kept.stop {
            let left = until.saturating_sub(wall).min(nanos(STOP_MAX));
            account.stop_until(now.saturating_add(left), &reason);
        }
        match &state.before {
            Before::Stopped => {}
            Before::Running => account.assume_unsaved(now),
            Before::Unknown(_) => account.assume_half(now),
        }
        account
    }

    /// What the file has to say now.
    fn kept(&self, state: &mut State) -> Accounts {
        let (now, wall) = (self.clock.mono(), self.clock.wall());
        let oldest = wall.saturating_sub(nanos(KEEP_USES));
        state.restored.retain(|_, kept| {
            kept.uses.retain(|(at, _)| *at > oldest);
            kept.stop.take_if(|(until, _)| *until <= wall);
            !kept.uses.is_empty() || kept.stop.is_some()
        });
        let mut all = state.restored.clone();
        for account in &mut state.accounts {
            let to_wall = |at: i64| wall.saturating_add(at.saturating_sub(now));
            let uses = account.save(now).into_iter();
            let uses = uses.map(|(at, amount)| (to_wall(at), amount)).collect();
            let stop = account.stopped(now);
            let stop = stop.map(|(until, reason)| (to_wall(until), reason.to_owned()));
            all.insert(account.key.clone(), Kept { uses, stop });
        }
        all
    }

    /// Writes the file if it is due; returns how long until it is, `None` = when something changes.
    fn save_if_due(&self) -> Option<Duration> {
        let state = self.lock();
        let now = self.clock.mono();
        let due = if state.urgent {
            now
        } else if state.dirty {
            state.saved_at.saturating_add(nanos(SAVE_EVERY))
        } else {
            return None;
        };
        if due > now {
            return Some(Duration::from_nanos((due - now).unsigned_abs()));
        }
        self.save(state);
        None
    }

    /// Writes the file, with the lock released: a slow disk holds up nobody.
    fn save(&self, mut state: MutexGuard<'_, State>) {
        let kept = self.kept(&mut state);
        let running = !state.closed;
        (state.dirty, state.urgent, state.writing) = (false, false, true);
        state.saved_at = self.clock.mono();
        drop(state);
        let written = self.store.save(&kept, running);
        let mut state = self.lock();
        if let (Err(error), false) = (&written, state.unwritable) {
            tracing::error!(file = %self.store.path().display(), %error, "budgets cannot be written: a restart will know nothing of them");
        }
        state.unwritable = written.is_err();
        (state.begun, state.writing) = (true, false);
        state.accounts.iter_mut().for_each(Account::saved);
    }
}

fn usage(account: &mut Account, now: i64) -> Usage {
    let (used, limit) = account.used(now);
    let stopped = account.stopped(now);
    Usage {
        used,
        share: limit.most,
        window: Duration::from_nanos(limit.window.unsigned_abs()),
        stopped: stopped.map(|(until, reason)| {
            let left = Duration::from_nanos((until - now).unsigned_abs());
            (left, reason.to_owned())
        }),
        account: account.key.clone(),
    }
}

impl Budget {
    /// Books `amount`, or tells how many nanoseconds to wait before asking again.
    ///
    /// # Errors
    ///
    /// The wait, 1 ms and more.
    pub fn book(&self, amount: u32, urgent: bool) -> Result<Booking, i64> {
        let mut state = self.shared.lock();
        let now = self.shared.clock.mono();
        if state.closed {
            return Err(nanos(SAVE_EVERY));
        }
        if !state.begun {
            return Err(WAIT_MIN);
        }
        let wait = state.accounts[self.slot].wait(amount, urgent, now);
        if wait == 0 {
            let number = state.accounts[self.slot].take(amount, now);
            self.shared.touch(&mut state);
            return Ok(Booking(number));
        }
        let until_saved = if state.urgent || state.writing {
            WAIT_MIN
        } else {
            state.saved_at.saturating_add(nanos(SAVE_EVERY)) - now
        };
        let wait = if wait == i64::MAX { until_saved } else { wait };
        Err(wait.max(WAIT_MIN))
    }

    /// The venue answered booking `booking` as it should, and counted `used`, if it says so.
    pub fn answered(&self, booking: Booking, used: Option<u32>) {
        let mut state = self.shared.lock();
        let now = self.shared.clock.mono();
        let account = &mut state.accounts[self.slot];
        account.answered();
        if let Some(used) = used {
            account.read(booking.0, used, now);
        }
    }

    /// The venue wants to see nothing; returns for how long.
    pub fn stop(&self, stop: &Stop) -> Duration {
        let mut state = self.shared.lock();
        let now = self.shared.clock.mono();
        let lasts = state.accounts[self.slot].stop(stop, now);
        if stop.ban {
            let until = now.saturating_add(nanos(lasts));
            for account in &mut state.accounts {
                if account.hosts.contains(&self.host) {
                    account.stop_until(until, &stop.reason);
                }
            }
        }
        state.urgent = true;
        self.shared.touch(&mut state);
        lasts
    }

    /// The account's state.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let now = self.shared.clock.mono();
        usage(&mut self.shared.lock().accounts[self.slot], now)
    }
}

impl Shared {
    fn touch(&self, state: &mut State) {
        if !state.dirty || state.urgent {
            state.dirty = true;
            self.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
