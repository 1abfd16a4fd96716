//! Budgets: how much may happen within a rolling time.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::clock::Nanos;

/// A budget that refills as time passes.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: u32,
    within: Nanos,
    spent: VecDeque<(Nanos, u32)>,
    sum: u32,
}

impl Pace {
    pub(crate) fn new(limit: u32, within: Nanos) -> Self {
        Self {
            limit,
            within,
            spent: VecDeque::new(),
            sum: 0,
        }
    }

    /// Spends `cost` if the budget has it; what is refused costs nothing.
    pub(crate) fn admits(&mut self, cost: u32, now: Nanos) -> bool {
        while let Some((at, spent)) = self.spent.front()
            && now.saturating_sub(*at) >= self.within
        {
            self.sum -= spent;
            self.spent.pop_front();
        }
        let admitted = self.sum.saturating_add(cost) <= self.limit;
        if admitted && cost > 0 {
            self.sum += cost;
            self.spent.push_back((now, cost));
        }
        admitted
    }
}

/// Client addresses remembered; loopback has few. Beyond it, the lowest is forgotten.
const ADDRESSES_MAX: usize = 1_024;

/// Attempts to connect, by client address.
#[derive(Debug)]
pub(crate) struct Attempts {
    limit: u32,
    within: Nanos,
    /// Each address's budget and the end of its ban.
    addresses: BTreeMap<IpAddr, (Pace, Nanos)>,
}

impl Attempts {
    /// `limit` attempts within that time, and a ban of the same length beyond.
    pub(crate) fn new(limit: u32, within: Nanos) -> Self {
        Self {
            limit,
            within,
            addresses: BTreeMap::new(),
        }
    }

    /// Counts an attempt. Returns whether it is one too many.
    pub(crate) fn refuse(&mut self, address: IpAddr, now: Nanos) -> bool {
        if self.addresses.len() == ADDRESSES_MAX && !self.addresses.contains_key(&address) {
            self.addresses.pop_first();
        }
        let fresh = || (Pace::new(self.limit, self.within), 0);
        let (pace, banned_until) = self.addresses.entry(address).or_insert_with(fresh);
        if now >= *banned_until && pace.admits(1, now) {
            return false;
        }
        if now >= *banned_until {
            *banned_until = now + self.within;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn budget_refills_as_what_was_spent_grows_old() {
        let mut pace = Pace::new(3, 10);
        assert!(pace.admits(2, 0) && pace.admits(1, 4));
        assert!(!pace.admits(1, 9));
        assert!(pace.admits(2, 10) && !pace.admits(1, 13));
        assert!(pace.admits(1, 14));
        assert!(!pace.admits(4, 1_000), "more than there ever is");
    }

    #[test]
    fn attempt_beyond_the_limit_bans_its_address_and_no_other() {
        let mut attempts = Attempts::new(2, 100);
        let (one, other) = (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::BROADCAST.into());
        assert!(!attempts.refuse(one, 0) && !attempts.refuse(one, 50));
        assert!(attempts.refuse(one, 60));
        assert!(attempts.refuse(one, 159), "the ban outlasts the window");
        assert!(!attempts.refuse(other, 60));
        assert!(!attempts.refuse(one, 160));
    }
}
