//! Which URLs are counted together; the limits are the venue's facts.
//!
//! | counted together | source |
//! |---|---|
//! | Binance Spot REST, by weight | Spot "REST general information", 2026-11 |
//! | Binance USD-M and COIN-M REST, by weight, both in one | futures limits, 2026-11 |
//! | Bybit REST, by request, over all products | v5 "Rate limit", 2026-11 |
//! | Kraken REST, by request, each product by itself | Spot REST "Rate limits", 2026-11 |
//! | connections to one host | the adapters' `README.md` |

use feedd_codecs::venue::Facts;

use super::window::Limit;

/// The beginning of a product's name, and with whom it is counted; the first that fits holds, and
/// what fits nothing is counted by itself.
const TOGETHER: [(&str, &str); 3] = [
    ("binance-spot", "binance-spot"),
    // Spot aside, Binance counts all futures in one account.
    ("binance", "binance-futures"),
    ("bybit", "bybit"),
];

/// No request costs more than this part of a venue's limit: Binance's dearest snapshot is 250 of
/// 6,000.
const HEAVIEST_PART: u32 = 20;

/// Hosts of the venues themselves: one count whatever the name before the dot.
const OWN_DOMAINS: [&str; 4] = [".binance.com", ".bybit.com", ".bytick.com", ".kraken.com"];

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
pub(super) fn requests(venue: &str, url: &str, facts: &Facts) -> Pool {
    let host = host(url);
    let group = TOGETHER.iter().find(|(start, _)| venue.starts_with(start));
    let name = group.map_or(venue, |(_, name)| name);
    let own = OWN_DOMAINS.iter().any(|domain| host.ends_with(domain));
    let key = if own {
        format!("rest:{name}")
    } else {
        format!("rest:{name}@{host}")
    };
    let (most, window) = facts.rest_limit;
    Pool {
        key,
        host,
        limit: Limit { most, window },
        heaviest: (most / HEAVIEST_PART).max(1),
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
    use feedd_codecs::venue::StreamOptions;
    use feedd_codecs::{Venue, VenueId, with_venue};

    #[test]
    fn what_a_venue_counts_together_is_one_pool() {
        let id = VenueId::BINANCE_SPOT;
        let facts = with_venue!(id, V => V::new(id, StreamOptions::default()).facts());
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
            let key = |(venue, url)| requests(venue, url, facts).key;
            let (one, other) = (key(one), key(other));
            assert_eq!(one == other, same, "{one} {other}");
        }
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
