//! Which URLs are counted together, and by what limit.
//!
//! | counted together | limit | source |
//! |---|---|---|
//! | Binance Spot REST | weight 6,000 a minute and address | Spot "REST general information", 2026-11 |
//! | Binance USD-M and COIN-M REST | weight 2,400 a minute and address, both in one | futures limits, 2026-11 |
//! | Bybit REST | 600 requests in 5 s and address, over all products | v5 "Rate limit", 2026-11 |
//! | Kraken REST | one request a second and address (guideline) | Spot REST "Rate limits", 2026-11 |
//! | connections to one host | the venue's facts | the adapter's `README.md` |

use feedd_codecs::venue::Facts;

use super::window::Limit;

const SECOND: i64 = 1_000_000_000;

/// By product, or by the beginning of its name; the first that fits holds.
const REQUESTS: [(&str, Group<'static>); 4] = [
    ("binance-spot", Group("binance-spot", per(6_000, 60), 250)),
    // Spot aside, Binance counts all futures in one account.
    ("binance", Group("binance-futures", per(2_400, 60), 40)),
    ("bybit", Group("bybit", per(600, 5), 1)),
    ("kraken-spot", Group("kraken-spot", per(1, 1), 1)),
];

/// What is counted together: its name, its limit, the heaviest request.
#[derive(Clone, Copy)]
struct Group<'a>(&'a str, Limit, u32);

/// Hosts of the venues themselves: one count whatever the name before the dot.
const OWN_DOMAINS: [&str; 4] = [".binance.com", ".bybit.com", ".bytick.com", ".kraken.com"];

const fn per(most: u32, seconds: i64) -> Limit {
    Limit {
        most,
        window: seconds * SECOND,
    }
}

/// An account's name and limit.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) key: String,
    pub(super) host: String,
    pub(super) limit: Limit,
    /// The most that is booked at once.
    pub(super) heaviest: u32,
}

/// Who counts the REST requests to `url`. `venue` is written as `binance-spot`.
pub(super) fn requests(venue: &str, url: &str) -> Pool {
    let host = host(url);
    let known = REQUESTS
        .into_iter()
        .find(|(start, _)| venue.starts_with(start));
    // Kraken Futures and what is not known better: by itself, one a second.
    let Group(name, limit, heaviest) = known.map_or(Group(venue, per(1, 1), 1), |(_, group)| group);
    let own = OWN_DOMAINS.iter().any(|domain| host.ends_with(domain));
    let key = if own {
        format!("rest:{name}")
    } else {
        format!("rest:{name}@{host}")
    };
    Pool {
        key,
        host,
        limit,
        heaviest,
    }
}

/// Who counts the connection attempts to `url`.
pub(super) fn connects(venue: &str, url: &str, facts: &Facts) -> Pool {
    let host = host(url);
    let brand = venue.split('-').next().unwrap_or(venue);
    Pool {
        key: format!("line:{brand}@{host}"),
        host,
        limit: Limit {
            most: facts.connects_max,
            window: facts.connect_window,
        },
        heaviest: 1,
    }
}

/// The host of a URL without its port, in lower case.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let bare = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    bare.chars()
        .filter(|character| !character.is_whitespace() && !character.is_control())
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_venue_counts_together_is_one_pool() {
        for (one, other, same) in [
            (
                ("binance-usdm", "https://fapi.binance.com"),
                ("binance-coinm", "https://dapi.binance.com"),
                true,
            ),
            (
                ("binance-spot", "https://api.binance.com"),
                ("binance-spot", "https://api3.binance.com"),
                true,
            ),
            (
                ("binance-spot", "https://api.binance.com"),
                ("binance-usdm", "https://fapi.binance.com"),
                false,
            ),
            (
                ("bybit-spot", "https://api.bybit.com"),
                ("bybit-linear", "https://api.bytick.com"),
                true,
            ),
            (
                ("kraken-spot", "https://api.kraken.com"),
                ("kraken-futures", "https://futures.kraken.com"),
                false,
            ),
            (
                ("binance-usdm", "http://127.0.0.1:80"),
                ("binance-coinm", "http://127.0.0.1:81"),
                true,
            ),
            (
                ("binance-spot", "http://127.0.0.1:80"),
                ("binance-spot", "https://api.binance.com"),
                false,
            ),
        ] {
            let (one, other) = (requests(one.0, one.1).key, requests(other.0, other.1).key);
            assert_eq!(one == other, same, "{one} {other}");
        }
    }

    #[test]
    fn limits_are_the_documented_ones() {
        let limit = |venue: &str| requests(venue, "https://host").limit;
        assert_eq!(limit("binance-spot"), per(6_000, 60));
        assert_eq!(limit("binance-coinm"), per(2_400, 60));
        assert_eq!(limit("bybit-option"), per(600, 5));
        assert_eq!(limit("kraken-spot"), per(1, 1));
    }

    #[test]
    fn hosts_come_without_port_and_path() {
        for (url, expected) in [
            ("wss://WS.kraken.com/v2", "ws.kraken.com"),
            ("ws://127.0.0.1:8080", "127.0.0.1"),
            ("ws://[::1]:9000/x", "[::1]"),
            ("nonsense", "nonsense"),
            ("http://a b\n:1/", "ab"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
