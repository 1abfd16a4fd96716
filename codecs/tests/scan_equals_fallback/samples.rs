//! Good messages of every venue: the golden ones, and the shapes that the scanners are made for.

use feedd_codecs::VenueId;

/// Symbols that the feeds know.
pub(crate) fn symbols(id: VenueId) -> &'static [&'static str] {
    match id {
        VenueId::BINANCE_COINM => &["BTCUSD_PERP", "BTCUSD_260327", "ETHUSD_PERP"],
        VenueId::KRAKEN_SPOT => &["BTC/USD", "ETH/USD", "MATIC/USD"],
        VenueId::KRAKEN_FUTURES => &["PI_XBTUSD", "PF_ETHUSD", "FI_ETHUSD_210131"],
        _ => &[
            "BTCUSDT",
            "BNBBTC",
            "BNBUSDT",
            "ETHUSDT",
            "1000000BABYDOGEUSDT",
        ],
    }
}

/// All samples of a venue.
pub(crate) fn of(id: VenueId) -> Vec<&'static str> {
    let mut all = usual(id);
    all.extend(golden(id));
    all
}

/// The messages that its scanner takes.
pub(crate) fn usual(id: VenueId) -> Vec<&'static str> {
    let text = match id {
        VenueId::BINANCE_SPOT => include_str!("binance_spot.txt"),
        VenueId::BINANCE_USDM => include_str!("binance_usdm.txt"),
        VenueId::BINANCE_COINM => include_str!("binance_coinm.txt"),
        VenueId::BYBIT_SPOT => include_str!("bybit_spot.txt"),
        VenueId::BYBIT_LINEAR => include_str!("bybit_linear.txt"),
        VenueId::KRAKEN_FUTURES => include_str!("kraken_futures.txt"),
        _ => include_str!("kraken_spot.txt"),
    };
    text.lines().filter(|line| !line.is_empty()).collect()
}

/// Lines of `product way symbols name text`.
fn golden(id: VenueId) -> Vec<&'static str> {
    let text = match id.exchange() {
        "binance" => include_str!("../goldens/binance.txt"),
        "bybit" => include_str!("../goldens/bybit.txt"),
        _ => include_str!("../goldens/kraken.txt"),
    };
    let of_line = |line: &'static str| {
        let mut words = line.splitn(5, ' ');
        let is_frame = words.next() == Some(id.product()) && words.next() == Some("frame");
        is_frame.then(|| words.nth(2)).flatten()
    };
    text.lines().filter_map(of_line).collect()
}
