//! Instruments split over several capture hosts, by nothing but the list of hosts.
//!
//! Rendezvous hashing: for each instrument every host has a number that everybody can compute, and
//! the highest carries it. Hosts need not talk to each other; when one comes or goes, only the
//! instruments that it carries move.

use crate::venue::VenueId;

/// One host's part of all instruments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    hosts: Vec<String>,
    host: String,
}

impl Share {
    /// The part of `host` among `hosts`; `None` if it is not one of them.
    #[must_use]
    pub fn new(hosts: &[String], host: &str) -> Option<Self> {
        hosts.iter().any(|name| name == host).then(|| Self {
            hosts: hosts.to_vec(),
            host: host.to_owned(),
        })
    }

    /// Whether this host carries an instrument.
    #[must_use]
    pub fn has(&self, venue: VenueId, symbol: &str) -> bool {
        let score = |host: &str| (score(host, venue, symbol), host.to_owned());
        let own = score(&self.host);
        self.hosts.iter().all(|host| score(host) <= own)
    }
}

/// FNV-1a over the parts with a mark between them, its bits mixed at the end: the same on every
/// machine and in every version, and spread well enough to share work.
fn score(host: &str, venue: VenueId, symbol: &str) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    let parts = [host.as_bytes(), &[0, venue.0, 0], symbol.as_bytes()];
    let bytes = parts.into_iter().flatten();
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn owner(names: &[&str], symbol: &str) -> Vec<String> {
        let hosts = hosts(names);
        let owns = |host: &&String| {
            Share::new(&hosts, host).is_some_and(|it| it.has(VenueId::BINANCE_SPOT, symbol))
        };
        hosts.iter().filter(owns).cloned().collect()
    }

    fn symbols() -> impl Iterator<Item = String> {
        (0..3_000).map(|number| format!("COIN{number}USDT"))
    }

    #[test]
    fn each_instrument_has_one_host_and_each_host_its_part() {
        let names = ["tokyo-a", "tokyo-b", "tokyo-c"];
        let mut parts = [0; 3];
        for symbol in symbols() {
            let owners = owner(&names, &symbol);
            assert_eq!(owners.len(), 1, "{symbol}");
            let at = names.iter().position(|name| *name == owners[0]);
            parts[at.unwrap_or(0)] += 1;
        }
        assert!(
            parts.iter().all(|part| (900..1_100).contains(part)),
            "{parts:?}"
        );
    }

    #[test]
    fn a_host_that_goes_gives_up_its_own_instruments_and_no_others() {
        for symbol in symbols() {
            let before = owner(&["a", "b", "c"], &symbol);
            let after = owner(&["a", "b"], &symbol);
            assert!(before == after || before == ["c"], "{symbol}");
        }
    }

    #[test]
    fn the_order_of_the_list_does_not_matter_and_strangers_have_no_part() {
        for symbol in symbols().take(100) {
            assert_eq!(
                owner(&["a", "b", "c"], &symbol),
                owner(&["c", "b", "a"], &symbol)
            );
        }
        assert_eq!(Share::new(&hosts(&["a"]), "b"), None);
    }
}
