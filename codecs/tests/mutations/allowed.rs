//! What is allowed, and why.

use std::collections::BTreeSet;

use super::bend::Bent;
use super::goldens::Golden;

/// Messages that one reason is about.
pub(crate) struct Of {
    /// How the venue's name begins.
    venue: &'static str,
    /// How the message's name begins.
    name: &'static str,
}

impl Of {
    pub(crate) fn is_of(&self, golden: &Golden) -> bool {
        golden.venue.to_string().starts_with(self.venue) && golden.name.starts_with(self.name)
    }
}

const fn of(venue: &'static str, name: &'static str) -> Of {
    Of { venue, name }
}

/// Messages of which single fields are looked up, so that what is new in them is not counted.
pub(crate) const UNCOUNTED: &[Of] = &[
    // Answers, and messages that are signs of life or the end of a connection whatever they hold.
    of("", "answer"),
    of("", "pong"),
    of("", "error"),
    of("", "heartbeat"),
    of("binance", "server-shutdown"),
    // Streams that no channel carries are not read at all.
    of("binance", "block-trade"),
    of("binance", "reference-price"),
    of("binance", "composite-index"),
    of("bybit", "adl-alert"),
    // REST bodies, of which a few fields are looked up.
    of("binance", "exchange-info"),
    of("binance", "ticker-24h"),
    of("binance", "historical-trades"),
    of("binance", "agg-trades"),
    of("bybit", "instruments-info"),
    of("bybit", "recent-trade"),
    of("bybit", "tickers"),
    of("bybit", "orderbook-body"),
    of("kraken", "instrument"),
    of("kraken", "trades-body"),
    of("kraken", "asset-pairs"),
    of("kraken", "ticker-body"),
    of("kraken", "history"),
    of("kraken", "tickers"),
];

/// Messages with an object whose keys are no fields but names of instruments.
pub(crate) const KEYED: &[Of] = &[
    of("kraken", "trades-body"),
    of("kraken", "asset-pairs"),
    of("kraken", "ticker-body"),
];

/// An effect of fields beside their own values.
pub(crate) struct Effect {
    of: Of,
    keys: &'static [&'static str],
    /// The ends of the names of facts that may change; `""` ends all.
    facts: &'static [&'static str],
}

impl Effect {
    pub(crate) fn allows(&self, golden: &Golden, bent: &Bent, fact: &str) -> bool {
        self.of.is_of(golden)
            && self.keys.contains(&bent.key.as_str())
            && self.facts.iter().any(|end| fact.ends_with(end))
    }
}

const fn effect(of: Of, keys: &'static [&'static str], facts: &'static [&'static str]) -> Effect {
    Effect { of, keys, facts }
}

/// The reasons about an exchange that no message needed.
pub(crate) fn idle(exchange: &str, used: &BTreeSet<usize>) -> Vec<String> {
    let rows = ALLOWED.iter().enumerate();
    let idle = rows.filter(|(at, row)| row.of.venue.starts_with(exchange) && !used.contains(at));
    idle.map(|(_, row)| format!("{} {} {:?}", row.of.venue, row.of.name, row.keys))
        .collect()
}

/// The effects that are allowed.
pub(crate) const ALLOWED: &[Effect] = &[
    // Without the engine's time the time of sending is the venue's only stamp.
    effect(of("binance", ""), &["T"], &["ts_venue"]),
    effect(of("bybit", ""), &["cts"], &["ts_venue"]),
    // A word of another instrument, or of another interval, is told as what it says.
    effect(
        of("binance", "depth-top"),
        &["stream"],
        &["symbol", "depth"],
    ),
    effect(of("binance", "kline"), &["i"], &["channel"]),
    effect(
        of("bybit", "kline"),
        &["topic"],
        &["symbol", "channel", "ts_close"],
    ),
    effect(
        of("kraken", "ohlc"),
        &["interval"],
        &["channel", "ts_close"],
    ),
    effect(of("kraken", "asset-pairs"), &["wsname"], &["symbol"]),
    // The venue tells where a candle begins; it ends an interval later.
    effect(of("bybit", "kline"), &["start"], &["ts_close"]),
    effect(of("kraken", "ohlc"), &["interval_begin"], &["ts_close"]),
    // A pair's index price is told for each of its contracts, of which another pair has none.
    effect(of("binance-coinm", "index-price"), &["i"], &[""]),
    // An element that says nothing we know is passed over, and the others keep their order.
    effect(of("binance", "mini-ticker-array"), &["e", "data"], &[""]),
    effect(
        of("binance-spot", "server-shutdown-combined"),
        &["data"],
        &[""],
    ),
    effect(of("binance-usdm", "force-order-market"), &["data"], &[""]),
    // One letter away is another statistic, which may be absent.
    effect(of("binance-usdm", "ticker"), &["Q"], &["ask_qty"]),
    // Words of state and type that no venue has are counted; the instrument is not traded by them.
    effect(
        of("binance", "exchange-info"),
        &["status", "contractStatus"],
        &["state"],
    ),
    effect(of("binance", "exchange-info"), &["contractType"], &["type"]),
    effect(of("bybit", "instruments-info"), &["status"], &["state"]),
    effect(
        of("bybit", "instruments-info"),
        &["contractType"],
        &["type"],
    ),
    effect(
        of("bybit", "instruments-info"),
        &["optionsType"],
        &["right"],
    ),
    effect(of("kraken", "instrument"), &["status"], &["state"]),
    effect(
        of("kraken-futures", "instruments"),
        &["type"],
        &["type", "contract_size", "multiplier", "settle"],
    ),
    // A filter that is not there leaves its increment unknown, which is counted.
    effect(
        of("binance", "exchange-info"),
        &["filterType"],
        &["tick", "lot", "_exp"],
    ),
    // Perpetuals carry a date in the year 2100, which is no expiry.
    effect(
        of("binance", "exchange-info"),
        &["deliveryDate"],
        &["expiry"],
    ),
    // Options tell their strike in the symbol only.
    effect(
        of("bybit-option", "instruments-info"),
        &["symbol"],
        &["strike"],
    ),
    // Conditions are words for flags.
    effect(
        of("bybit", ""),
        &["BT", "RPI", "isBlockTrade", "isRPITrade"],
        &["conditions"],
    ),
    // An id that is none of ours is that of no request of ours.
    effect(of("binance", "answer"), &["id"], &["request"]),
    effect(of("bybit", "answer"), &["req_id"], &["request"]),
    // The venue's nested and flat errors are told apart by the field that nests.
    effect(
        of("binance", "answer-nested"),
        &["error"],
        &["reason", "refused"],
    ),
    // The best prices of options are told whole or not at all; the ticker keeps what there is.
    effect(
        of("bybit-option", "ticker"),
        &["bidPrice", "bidSize", "askPrice", "askSize"],
        &[
            ".bid_px",
            ".bid_qty",
            ".ask_px",
            ".ask_qty",
            ".symbol",
            ".seq",
            ".ts_venue",
            ".ts_send",
            ".flags",
            ".kind",
        ],
    ),
    // A price of 0 says that there is none.
    effect(of("bybit-option", "ticker"), &["askPrice"], &["ask_price"]),
    // A level without quantity stands in no snapshot; a side without quantity has no price.
    effect(of("bybit", "orderbook-body"), &["b", "a"], &[".px", ".qty"]),
    effect(
        of("kraken-futures", "book-snapshot"),
        &["qty"],
        &[".px", ".qty"],
    ),
    effect(
        of("kraken-futures", "ticker"),
        &["bid_size", "ask_size"],
        &["_px", "_price"],
    ),
    // Lists of topics: what is not listed is not answered, and of whole requests no stream is told.
    effect(
        of("bybit-option", "answer"),
        &["data", "failTopics", "successTopics"],
        &[""],
    ),
    // The venue's state: a word, a title, and the products that it is about.
    effect(
        of("bybit", "status"),
        &["product", "serviceTypes", "state", "title"],
        &["state", "kind"],
    ),
    effect(
        of("kraken-spot", "status"),
        &["upcoming_maintenance", "emergency"],
        &["state", "kind"],
    ),
    // Errors without a text say what they are; other alerts are the venue's state.
    effect(of("kraken-futures", "error"), &["message"], &["reason"]),
    effect(
        of("kraken-futures", "subscribed-failed"),
        &["message"],
        &["reason"],
    ),
    effect(of("kraken-futures", "alert"), &["message"], &[""]),
    // Without products an answer is about the feed; one about products that we do not know, about
    // nothing.
    effect(of("kraken-futures", "subscribed"), &["product_ids"], &[""]),
    // Bodies of 2021 name neither currency nor precision nor a date; indices have no tick.
    effect(
        of("kraken-futures", "instruments"),
        &["base", "quote"],
        &["base", "quote", "settle"],
    ),
    effect(
        of("kraken-futures", "instruments"),
        &["contractValueTradePrecision"],
        &["lot", "qty_exp"],
    ),
    effect(
        of("kraken-futures", "instruments"),
        &["lastTradingTime"],
        &["type"],
    ),
    effect(of("kraken-futures", "instruments"), &["tickSize"], &[""]),
    // Answers without a stream are about the whole request that they number.
    effect(
        of("kraken-spot", "answer"),
        &["channel", "interval", "symbol", "result"],
        &["channel", "symbol"],
    ),
    effect(of("kraken-spot", "answer-refused"), &["method"], &[""]),
    // Updates of assets alone have no pairs.
    effect(of("kraken-spot", "instrument"), &["data", "pairs"], &[""]),
    // Turnovers rank instruments: a product of two numbers, of instruments that are named.
    effect(
        of("kraken-futures", "tickers"),
        &["volumeQuote"],
        &["symbol", "turnover"],
    ),
    effect(
        of("kraken-spot", "ticker-body"),
        &["v", "p", "XXBTZUSD", "XDGUSDT", "result"],
        &["symbol", "turnover"],
    ),
    effect(
        of("kraken-spot", "asset-pairs"),
        &["wsname", "XXBTZUSD", "XDGUSDT", "result"],
        &["symbol", "turnover", "page"],
    ),
];
