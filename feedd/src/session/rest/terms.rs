//! What a request costs at its venue, and whether it may wait.

use feedd_codecs::VenueId;
use feedd_codecs::feed::{Fetch, Want};

/// Weight and urgency of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) weight: u32,
    /// A book waits for it.
    pub(super) urgent: bool,
}

impl Terms {
    pub(super) fn of(venue: VenueId, fetch: &Fetch) -> Self {
        Self {
            weight: weight(venue, &fetch.path),
            urgent: matches!(fetch.want, Want::Snapshot { .. }),
        }
    }
}

/// Binance weighs by endpoint and limit (REST "Market data endpoints", 2026-11); others count
/// requests.
fn weight(venue: VenueId, path: &str) -> u32 {
    let spot = match venue {
        VenueId::BINANCE_SPOT => true,
        VenueId::BINANCE_USDM | VenueId::BINANCE_COINM => false,
        _ => return 1,
    };
    let (endpoint, query) = path.split_once('?').unwrap_or((path, ""));
    let limit = query
        .split('&')
        .find_map(|part| part.strip_prefix("limit=")?.parse::<u32>().ok());
    let endpoint = endpoint.rsplit('/').next().unwrap_or(endpoint);
    match (endpoint, spot) {
        ("depth", true) => match limit.unwrap_or(100) {
            0..=100 => 5,
            101..=500 => 25,
            501..=1_000 => 50,
            _ => 250,
        },
        ("depth", false) => match limit.unwrap_or(500) {
            0..=50 => 2,
            51..=100 => 5,
            101..=500 => 10,
            _ => 20,
        },
        ("exchangeInfo", true) => 20,
        ("exchangeInfo", false) => 1,
        ("aggTrades", true) => 4,
        ("aggTrades" | "historicalTrades", false) => 20,
        // The dearest of what is left, so that an endpoint not listed here costs too much, not too little.
        ("trades" | "historicalTrades", true) => 25,
        (_, true) => 80,
        (_, false) => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feedd_codecs::instrument::InstrumentId;

    #[test]
    fn weights_are_the_documented_ones() {
        let (spot, usdm) = (VenueId::BINANCE_SPOT, VenueId::BINANCE_USDM);
        for (venue, path, expected) in [
            (spot, "/api/v3/depth?symbol=BTC&limit=5000", 250),
            (spot, "/api/v3/depth?symbol=BTC&limit=1000", 50),
            (spot, "/api/v3/depth?limit=500&symbol=BTC", 25),
            (spot, "/api/v3/depth?symbol=BTC", 5),
            (spot, "/api/v3/exchangeInfo", 20),
            (spot, "/api/v3/aggTrades?symbol=BTC&fromId=1&limit=1000", 4),
            (spot, "/api/v3/historicalTrades?symbol=BTC", 25),
            (usdm, "/fapi/v1/depth?symbol=BTC&limit=1000", 20),
            (usdm, "/fapi/v1/depth?symbol=BTC", 10),
            (usdm, "/fapi/v1/exchangeInfo", 1),
            (VenueId::BINANCE_COINM, "/dapi/v1/aggTrades?symbol=BTC", 20),
            (
                VenueId::BYBIT_SPOT,
                "/v5/market/instruments-info?category=spot",
                1,
            ),
            (VenueId::KRAKEN_SPOT, "/0/public/Trades?pair=XBTUSD", 1),
        ] {
            assert_eq!(weight(venue, path), expected, "{path}");
        }
    }

    #[test]
    fn snapshots_are_urgent() {
        let urgent = |want| {
            let path = "/api/v3/depth".to_owned();
            Terms::of(VenueId::BINANCE_SPOT, &Fetch { want, path }).urgent
        };
        let instrument = InstrumentId(0);
        assert!(urgent(Want::Snapshot { instrument }));
        assert!(!urgent(Want::Reference { page: 0 }));
    }
}
