//! What the messages may lack: the tables of fields that are optional, unread or statistics.

use feedd_codecs::venue::Channel;

use crate::support::script::Script;

/// Exchange or venue, channel, fields that may be absent though they are read.
pub(super) const OPTIONAL: [(&str, Channel, &[&str]); 8] = [
    ("binance", Channel::BBO, &["e", "E", "T"]),
    ("binance", Channel::BOOK, &["T"]),
    ("bybit", Channel::TRADE, &["BT", "RPI", "seq"]),
    ("bybit", Channel::BBO, &["cts", "seq"]),
    ("bybit", Channel::BOOK, &["cts", "seq"]),
    ("kraken-spot", Channel::BBO, &["timestamp"]),
    (
        "kraken-futures",
        Channel::BBO,
        &["bid", "bid_size", "ask", "ask_size"],
    ),
    ("kraken-spot", Channel::BOOK, &["timestamp"]),
];

/// Exchange, channel, fields that are known and not read.
pub(super) const UNREAD: [(&str, Channel, &[&str]); 8] = [
    ("binance", Channel::TRADE, &["M"]),
    ("binance", Channel::AGG_TRADE, &["nq", "st"]),
    ("binance", Channel::BBO, &["ps", "st"]),
    ("binance", Channel::BOOK, &["ps", "st"]),
    ("bybit", Channel::TRADE, &["type", "L"]),
    ("kraken-spot", Channel::TRADE, &["ord_type"]),
    ("kraken-futures", Channel::BBO, &["tag", "pair", "leverage"]),
    ("kraken-futures", Channel::BOOK, &["tickSize"]),
];

/// Venue, channel, statistics: they may be absent or `null`, and of any sign and size.
pub(super) const STATISTICS: [(&str, Channel, &[&str]); 2] = [
    (
        "kraken-spot",
        Channel::BBO,
        &[
            "last",
            "volume",
            "vwap",
            "low",
            "high",
            "change",
            "change_pct",
        ],
    ),
    (
        "kraken-futures",
        Channel::BBO,
        &[
            "funding_rate",
            "relative_funding_rate",
            "next_funding_rate_time",
            "premium",
            "volume",
            "dtm",
            "index",
            "last",
            "change",
            "suspended",
            "openInterest",
            "markPrice",
            "maturityTime",
            "post_only",
        ],
    ),
];

/// Fields of reference data that may be absent or are not read.
pub(super) const NOT_REQUIRED_OF_A_LISTING: [&str; 19] = [
    "contractType",
    "deliveryDate",
    "contractSize",
    "deliveryTime",
    "minPrice",
    "timezone",
    "retMsg",
    "category",
    "nextPageCursor",
    "retExtInfo",
    "time",
    "quotePrecision",
    "preListingInfo",
    "assets",
    "pairs",
    "marginable",
    "qty_increment",
    "price_increment",
    "pricePrecision",
];

/// Whether a table's row is about this venue.
pub(super) fn is_of<S: Script>(name: &str) -> bool {
    name == S::ID.exchange() || name == S::ID.to_string()
}

pub(super) fn listed<S: Script>(
    table: &[(&str, Channel, &[&str])],
    channel: Channel,
    key: &str,
) -> bool {
    table
        .iter()
        .any(|row| is_of::<S>(row.0) && row.1 == channel && row.2.contains(&key))
}
