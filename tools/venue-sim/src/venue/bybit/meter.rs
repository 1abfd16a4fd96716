//! Counted budgets per client address: REST requests and connection attempts.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::clock::{Nanos, SECOND};

/// REST requests within five seconds before the address is refused.
///
/// # Source
/// v5 "Rate Limit Rules": 600 within 5 s, then HTTP 403 for at least ten minutes.
const REQUESTS: u32 = 600;
const REQUEST_WINDOW: Nanos = 5 * SECOND;
const REQUEST_BAN: Nanos = 600 * SECOND;

/// New connections within five minutes (v5 "Connect").
const CONNECTS: u32 = 500;
const CONNECT_WINDOW: Nanos = 300 * SECOND;

/// Addresses remembered: everything comes over loopback, where a test may use a few.
const ADDRESSES_MAX: usize = 256;

/// At most so many within any window of that length, counted by address.
#[derive(Debug)]
pub(super) struct Meter {
    limit: usize,
    window: Nanos,
    /// How long an address is refused once it is over the limit.
    ban: Nanos,
    addresses: BTreeMap<IpAddr, Account>,
}

#[derive(Debug, Default)]
struct Account {
    /// Times of what was allowed within the window, oldest first.
    recent: VecDeque<Nanos>,
    banned_until: Nanos,
}

impl Meter {
    pub(super) fn of_requests(limit: Option<u32>) -> Self {
        Self::new(limit.unwrap_or(REQUESTS), REQUEST_WINDOW, REQUEST_BAN)
    }

    pub(super) fn of_connects(limit: Option<u32>) -> Self {
        Self::new(limit.unwrap_or(CONNECTS), CONNECT_WINDOW, 0)
    }

    fn new(limit: u32, window: Nanos, ban: Nanos) -> Self {
        Self {
            limit: limit as usize,
            window,
            ban,
            addresses: BTreeMap::new(),
        }
    }

    /// Counts one more of an address. Whether it is still within the limit.
    pub(super) fn allows(&mut self, address: IpAddr, now: Nanos) -> bool {
        if !self.addresses.contains_key(&address) && self.addresses.len() == ADDRESSES_MAX {
            self.addresses.pop_first();
        }
        let account = self.addresses.entry(address).or_default();
        let gone = |at: &Nanos| at.saturating_add(self.window) <= now;
        while account.recent.front().is_some_and(gone) {
            account.recent.pop_front();
        }
        if now < account.banned_until {
            return false;
        }
        if account.recent.len() >= self.limit {
            account.banned_until = now + self.ban;
            return false;
        }
        account.recent.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn requests_over_the_limit_ban_the_address_for_ten_minutes() {
        let mut meter = Meter::of_requests(Some(2));
        assert!(meter.allows(ONE, 0) && meter.allows(ONE, 1));
        assert!(!meter.allows(ONE, 2));
        assert!(!meter.allows(ONE, REQUEST_WINDOW + 2), "still banned");
        assert!(meter.allows(ONE, REQUEST_BAN + 2));
        let other = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
        assert!(meter.allows(other, 3), "another address has its own budget");
    }

    #[test]
    fn connections_are_allowed_again_as_the_oldest_leave_the_window() {
        let mut meter = Meter::of_connects(Some(2));
        assert!(meter.allows(ONE, 0) && meter.allows(ONE, 10));
        assert!(!meter.allows(ONE, 20));
        assert!(meter.allows(ONE, CONNECT_WINDOW));
        assert!(!meter.allows(ONE, CONNECT_WINDOW + 9));
    }
}
