//! Stream names, the paths that carry them, and requests.

use std::fmt::Write as _;

use crate::instrument::SYMBOL_BYTES_MAX;
use crate::venue::{Ask, Channel, Encoding, Stream, StreamOptions, VenueId};

/// The candle channels by the venue's spelling of their interval; futures have no seconds.
const CANDLES: [(Channel, &str); 16] = [
    (Channel::CANDLE_1S, "1s"),
    (Channel::CANDLE_1M, "1m"),
    (Channel::CANDLE_3M, "3m"),
    (Channel::CANDLE_5M, "5m"),
    (Channel::CANDLE_15M, "15m"),
    (Channel::CANDLE_30M, "30m"),
    (Channel::CANDLE_1H, "1h"),
    (Channel::CANDLE_2H, "2h"),
    (Channel::CANDLE_4H, "4h"),
    (Channel::CANDLE_6H, "6h"),
    (Channel::CANDLE_8H, "8h"),
    (Channel::CANDLE_12H, "12h"),
    (Channel::CANDLE_1D, "1d"),
    (Channel::CANDLE_3D, "3d"),
    (Channel::CANDLE_1W, "1w"),
    (Channel::CANDLE_1MO, "1M"),
];

/// `$own` and the candles from `$first` (an index of [`CANDLES`]) on.
macro_rules! with_candles {
    ($first:literal, $($own:ident),+) => {{
        const OWN: &[Channel] = &[$(Channel::$own),+];
        const ALL: [Channel; OWN.len() + CANDLES.len() - $first] = {
            let mut all = [Channel::NONE; OWN.len() + CANDLES.len() - $first];
            let mut at = 0;
            while at < all.len() {
                all[at] = if at < OWN.len() {
                    OWN[at]
                } else {
                    CANDLES[at - OWN.len() + $first].0
                };
                at += 1;
            }
            all
        };
        &ALL
    }};
}

static SPOT: &[Channel] = with_candles!(
    0,
    TRADE,
    AGG_TRADE,
    BBO,
    BOOK,
    BOOK_TOP,
    MINI_TICKER,
    TICKER,
    TICKER_1H,
    TICKER_4H,
    TICKER_1D,
    AVG_PRICE
);

static SPOT_SBE: &[Channel] = &[
    Channel::TRADE,
    Channel::BBO,
    Channel::BOOK,
    Channel::BOOK_TOP,
];

static USDM: &[Channel] = with_candles!(
    1,
    AGG_TRADE,
    BBO,
    BOOK,
    BOOK_TOP,
    MINI_TICKER,
    TICKER,
    MARK_PRICE,
    LIQUIDATION,
    REFERENCE
);

static COINM: &[Channel] = with_candles!(
    1,
    AGG_TRADE,
    BBO,
    BOOK,
    BOOK_TOP,
    MINI_TICKER,
    TICKER,
    MARK_PRICE,
    INDEX_PRICE,
    LIQUIDATION,
    REFERENCE
);

/// The channels of a product. Futures `trade` was never documented and is silent: not offered.
pub(super) fn channels(id: VenueId, encoding: Encoding) -> &'static [Channel] {
    match (id, encoding) {
        (VenueId::BINANCE_USDM, _) => USDM,
        (VenueId::BINANCE_COINM, _) => COINM,
        (_, Encoding::Sbe) => SPOT_SBE,
        (_, Encoding::Json) => SPOT,
    }
}

/// Whether a channel has a stream of all symbols.
pub(super) fn whole_market(id: VenueId, encoding: Encoding, channel: Channel) -> bool {
    match channel {
        _ if id == VenueId::BINANCE_SPOT && encoding == Encoding::Sbe => false,
        Channel::MINI_TICKER => true,
        Channel::TICKER_1H | Channel::TICKER_4H | Channel::TICKER_1D => id == VenueId::BINANCE_SPOT,
        Channel::TICKER | Channel::BBO | Channel::LIQUIDATION | Channel::REFERENCE => {
            id != VenueId::BINANCE_SPOT
        }
        Channel::MARK_PRICE => id == VenueId::BINANCE_USDM,
        _ => false,
    }
}

/// USD-M is routed since 2026-04-23; a misrouted stream is acknowledged and stays silent. The unit
/// of the times is a matter of the connection, and of spot JSON alone.
pub(super) fn path(id: VenueId, options: StreamOptions, channel: Channel) -> &'static str {
    match (id, channel) {
        (VenueId::BINANCE_USDM, Channel::BBO | Channel::BOOK | Channel::BOOK_TOP) => {
            "/public/stream"
        }
        (VenueId::BINANCE_USDM, _) => "/market/stream",
        (VenueId::BINANCE_SPOT, _)
            if options.microseconds && options.encoding == Encoding::Json =>
        {
            "/stream?timeUnit=MICROSECOND"
        }
        _ => "/stream",
    }
}

/// The stream's name; without a symbol that of the whole market.
pub(super) fn stream_name(id: VenueId, options: StreamOptions, stream: Stream<'_>) -> String {
    let channel = stream.key.channel;
    let kind = kind(options, channel);
    if stream.symbol.is_empty() {
        return match channel {
            Channel::BBO | Channel::REFERENCE => format!("!{kind}"),
            Channel::MARK_PRICE => format!("!{kind}@arr@1s"),
            _ => format!("!{kind}@arr"),
        };
    }
    let mut name = format!("{}@{kind}", stream.symbol.to_lowercase());
    // Writing to a string cannot fail.
    match channel {
        Channel::BOOK_TOP => {
            let _ = write!(name, "{}", top_depth(options));
            name.push_str(speed(id, options, channel));
        }
        Channel::BOOK => name.push_str(speed(id, options, channel)),
        Channel::MARK_PRICE | Channel::INDEX_PRICE => name.push_str("@1s"),
        _ => {
            let candle = CANDLES.iter().find(|row| row.0 == channel);
            name.push_str(candle.map_or("", |row| row.1));
        }
    }
    name
}

/// What stands behind `@` of a stream's name, without its parameters.
fn kind(options: StreamOptions, channel: Channel) -> &'static str {
    match channel {
        Channel::TRADE => "trade",
        Channel::AGG_TRADE => "aggTrade",
        Channel::BBO if options.encoding == Encoding::Sbe => "bestBidAsk",
        Channel::BBO => "bookTicker",
        Channel::BOOK | Channel::BOOK_TOP => "depth",
        Channel::MINI_TICKER => "miniTicker",
        Channel::TICKER => "ticker",
        Channel::TICKER_1H => "ticker_1h",
        Channel::TICKER_4H => "ticker_4h",
        Channel::TICKER_1D => "ticker_1d",
        Channel::AVG_PRICE => "avgPrice",
        Channel::MARK_PRICE => "markPrice",
        Channel::INDEX_PRICE => "indexPrice",
        Channel::LIQUIDATION => "forceOrder",
        Channel::REFERENCE => "contractInfo",
        _ => "kline_",
    }
}

/// Levels a side of the partial depth stream: the venue has three sizes, SBE one.
pub(super) const fn top_depth(options: StreamOptions) -> u16 {
    match (options.encoding, options.top_depth) {
        (Encoding::Json, 1..=5) => 5,
        (Encoding::Json, 6..=10) => 10,
        _ => 20,
    }
}

/// The venue's default speeds (1000 ms on spot, 250 ms on futures) have no suffix; 0 is the
/// unthrottled stream of futures, which partial depth does not have. SBE has one speed.
fn speed(id: VenueId, options: StreamOptions, channel: Channel) -> &'static str {
    if id == VenueId::BINANCE_SPOT {
        return match options.book_interval_ms {
            _ if options.encoding == Encoding::Sbe => "",
            0..1000 => "@100ms",
            _ => "",
        };
    }
    match options.book_interval_ms {
        0 if channel == Channel::BOOK => "@0ms",
        0..250 => "@100ms",
        250..500 => "",
        _ => "@500ms",
    }
}

/// The channel of a candle's interval.
pub(super) fn candle(interval: &str) -> Option<Channel> {
    let row = CANDLES.iter().find(|row| row.1 == interval)?;
    Some(row.0)
}

/// Lower-case symbol and levels a side that the name of a partial depth stream tells; its payload
/// tells neither.
pub(super) fn top_stream(name: &str) -> Option<(&str, u16)> {
    let (symbol, rest) = name.split_once("@depth")?;
    let digits = rest.split_once('@').map_or(rest, |parts| parts.0);
    Some((symbol, digits.parse().ok()?))
}

/// What stands behind the symbol in a stream's name.
pub(super) fn kind_of(name: &str) -> &str {
    name.split_once('@').map_or(name, |parts| parts.1)
}

/// Whether a stream's name is one of those whose messages are book deltas, of whatever speed.
pub(super) fn is_depth(name: &str) -> bool {
    let kind = kind_of(name);
    ["depth", "rpiDepth"].contains(&kind.split_once('@').map_or(kind, |parts| parts.0))
}

/// Runs `with` on the symbol as data messages spell it.
pub(super) fn with_payload_symbol<T>(lower: &str, with: impl FnOnce(&str) -> T) -> Option<T> {
    let mut bytes = [0; SYMBOL_BYTES_MAX];
    let bytes = bytes.get_mut(..lower.len())?;
    bytes.copy_from_slice(lower.as_bytes());
    bytes.make_ascii_uppercase();
    std::str::from_utf8(bytes).ok().map(with)
}

/// The pair of a COIN-M contract, whose index price the contracts of the pair share: `BTCUSD` of
/// `BTCUSD_PERP`.
pub(super) fn pair(symbol: &str) -> &str {
    symbol.split_once('_').map_or(symbol, |parts| parts.0)
}

/// Whether a symbol of the streams that USD-M and COIN-M share is one of `id`: COIN-M contracts are
/// `<base>USD_<contract>`, no USD-M contract is.
pub(super) fn is_of(id: VenueId, symbol: &str) -> bool {
    let coin_margined = symbol.contains("USD_");
    match id {
        VenueId::BINANCE_USDM => !coin_margined,
        VenueId::BINANCE_COINM => coin_margined,
        _ => true,
    }
}

pub(super) fn request(
    id: VenueId,
    options: StreamOptions,
    ask: Ask,
    number: u64,
    streams: &[Stream<'_>],
) -> String {
    let method = match ask {
        Ask::Subscribe => "SUBSCRIBE",
        Ask::Unsubscribe => "UNSUBSCRIBE",
    };
    let names: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", stream_name(id, options, *stream)))
        .collect();
    format!(
        r#"{{"method":"{method}","params":[{}],"id":{number}}}"#,
        names.join(",")
    )
}
