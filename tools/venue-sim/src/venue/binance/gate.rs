//! Connection attempts per client address.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::clock::{Nanos, SECOND};
use crate::venue::RestReply;

/// Attempts per [`WINDOW`] and address (spot: documented; futures: the same).
const ATTEMPTS: u32 = 300;

/// Five minutes.
const WINDOW: Nanos = 300 * SECOND;

/// Addresses remembered. Loopback has few; the address with the oldest attempt is forgotten first.
const ADDRESSES_MAX: usize = 1_024;

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    limit: usize,
    /// The newest attempts of each address, at most `limit`.
    attempts: BTreeMap<IpAddr, VecDeque<Nanos>>,
}

impl Gate {
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            limit: limit.unwrap_or(ATTEMPTS) as usize,
            attempts: BTreeMap::new(),
        }
    }

    /// Counts an attempt, refused ones too. Returns the refusal if it is one too many.
    pub(super) fn knock(&mut self, address: IpAddr, now: Nanos) -> Option<RestReply> {
        if self.attempts.len() >= ADDRESSES_MAX && !self.attempts.contains_key(&address) {
            let stale = self
                .attempts
                .iter()
                .min_by_key(|(_, at)| at.back().copied());
            let stale = stale.map(|(address, _)| *address);
            stale.and_then(|stale| self.attempts.remove(&stale));
        }
        let attempts = self.attempts.entry(address).or_default();
        let oldest = attempts.front().copied();
        let over = attempts.len() >= self.limit
            && oldest.is_none_or(|oldest| now.saturating_sub(oldest) < WINDOW);
        attempts.push_back(now);
        while attempts.len() > self.limit {
            attempts.pop_front();
        }
        over.then(|| refusal(now, attempts.front().copied().unwrap_or(now)))
    }
}

fn refusal(now: Nanos, oldest: Nanos) -> RestReply {
    let wait = (oldest + WINDOW).saturating_sub(now).div_ceil(SECOND);
    let body = r#"{"code":-1003,"msg":"Too many requests; current limit is 300 connection attempts per 5 minutes."}"#;
    let mut reply = RestReply::new(429, body);
    reply.headers.push(("retry-after", wait.to_string()));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn attempt_above_the_limit_is_refused_until_the_window_has_passed() {
        let mut gate = Gate::new(Some(2));
        assert!(gate.knock(HOME, 0).is_none());
        assert!(gate.knock(HOME, SECOND).is_none());
        let refusal = gate.knock(HOME, 2 * SECOND).unwrap();
        assert_eq!(refusal.status, 429);
        assert_eq!(refusal.headers, [("retry-after", "299".to_owned())]);
        let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        assert!(gate.knock(other, 2 * SECOND).is_none());
        // The refused attempt counted, so the one at 1 s must have left the window as well.
        assert!(gate.knock(HOME, 300 * SECOND).is_some());
        assert!(gate.knock(HOME, 700 * SECOND).is_none());
    }

    #[test]
    fn no_attempt_is_allowed_when_the_limit_is_zero() {
        assert!(Gate::new(Some(0)).knock(HOME, 0).is_some());
    }
}
