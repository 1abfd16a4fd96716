//! Spot's binary market data: schema `stream_1_0`, id 1, version 0, little-endian.
//!
//! A message is a header, a fixed root block, groups of fixed entries, and the symbol. A price or
//! quantity is a mantissa with an exponent that the whole message shares.

mod feed;

pub(super) use feed::SbeFeed;

use super::diff::Diff;
use crate::clock::Nanos;
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Levels, Side};

/// What the keys of binary streams begin with in the simulator's own records. On the wire the
/// streams have the same names as the text ones.
pub(super) const PREFIX: &str = "sbe.";

const SCHEMA: u16 = 1;
const VERSION: u16 = 0;

/// A message under construction.
struct Writer(Vec<u8>);

impl Writer {
    fn new(block: u16, template: u16) -> Self {
        let mut out = Self(Vec::with_capacity(128));
        for field in [block, template, SCHEMA, VERSION] {
            out.u16(field);
        }
        out
    }

    fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    /// A time in microseconds, or an id: unsigned here, signed in the schema.
    fn number(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    fn time(&mut self, at: Nanos) {
        self.number(at / 1_000);
    }

    /// Exponents of price and quantity. Instruments have at most 12 digits.
    fn exponents(&mut self, config: &InstrumentConfig) {
        for digits in [config.px_digits, config.qty_digits] {
            self.0.push(digits.wrapping_neg());
        }
    }

    fn level(&mut self, (px, qty): (i64, i64)) {
        self.i64(px);
        self.i64(qty);
    }

    /// A group of levels; beyond 65,535 the schema has no room.
    fn levels(&mut self, levels: &[(i64, i64)]) {
        let count = u16::try_from(levels.len()).unwrap_or(u16::MAX);
        self.u16(16);
        self.u16(count);
        for level in levels.iter().take(count.into()) {
            self.level(*level);
        }
    }

    /// The symbol ends every message; longer than 255 bytes it would not fit its length.
    fn symbol(mut self, symbol: &str) -> Vec<u8> {
        let bytes = &symbol.as_bytes()[..symbol.len().min(255)];
        self.0.push(bytes.len() as u8);
        self.0.extend(bytes);
        self.0
    }
}

/// `TradesStreamEvent`: fills that share their match time.
fn trades(config: &InstrumentConfig, fills: &[Fill], now: Nanos) -> Vec<u8> {
    let mut out = Writer::new(18, 10_000);
    out.time(now);
    out.time(fills.first().map_or(now, |fill| fill.at));
    out.exponents(config);
    out.u16(25);
    out.0.extend((fills.len() as u32).to_le_bytes());
    for fill in fills {
        out.number(fill.id);
        out.level((fill.px, fill.qty));
        out.0.push(u8::from(fill.taker == Side::Ask));
    }
    out.symbol(&config.symbol)
}

/// `BestBidAskStreamEvent`.
fn best(
    config: &InstrumentConfig,
    update_id: u64,
    [bid, ask]: [(i64, i64); 2],
    now: Nanos,
) -> Vec<u8> {
    let mut out = Writer::new(50, 10_001);
    out.time(now);
    out.number(update_id);
    out.exponents(config);
    out.level(bid);
    out.level(ask);
    out.symbol(&config.symbol)
}

/// `DepthSnapshotStreamEvent`: the best levels.
fn snapshot(
    config: &InstrumentConfig,
    update_id: u64,
    [bids, asks]: [Levels; 2],
    now: Nanos,
) -> Vec<u8> {
    let mut out = Writer::new(18, 10_002);
    out.time(now);
    out.number(update_id);
    out.exponents(config);
    out.levels(&bids);
    out.levels(&asks);
    out.symbol(&config.symbol)
}

/// `DepthDiffStreamEvent`.
fn diff(config: &InstrumentConfig, diff: &Diff) -> Vec<u8> {
    let mut out = Writer::new(26, 10_003);
    out.time(diff.now);
    out.number(diff.first);
    out.number(diff.last);
    out.exponents(config);
    out.levels(&diff.bids);
    out.levels(&diff.asks);
    out.symbol(&config.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;

    const EVENT: Nanos = 1_772_506_983_582_123_000;
    const BID: (i64, i64) = (6_451_188_000_000, 47_198_000);
    const ASK: (i64, i64) = (6_451_189_000_000, 811_666_000);

    fn btc() -> InstrumentConfig {
        default_instruments(Product::BinanceSpot).remove(0)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn vector(text: &str) -> String {
        text.split_whitespace().collect()
    }

    #[test]
    fn best_bid_ask_is_the_worked_vector() {
        let expected = "3200112701000000 ab491ef1154c0600 aa84b8c816000000 f8 f8
            00e5c408de050000 302fd00200000000 4027d408de050000 500a613000000000
            07 42544355534454";
        let bytes = best(&btc(), 97_856_816_298, [BID, ASK], EVENT);
        assert_eq!((hex(&bytes), bytes.len()), (vector(expected), 66));
    }

    #[test]
    fn trades_are_the_worked_vector() {
        let expected = "1200102701000000 ab491ef1154c0600 2f491ef1154c0600 f8 f8 1900 02000000
            0644778501000000 4027d408de050000 0065040000000000 00
            0744778501000000 4027d408de050000 a086010000000000 00
            07 42544355534454";
        let fill = |id, qty| Fill {
            id,
            aggregate: 1,
            px: ASK.0,
            qty,
            taker: Side::Bid,
            at: EVENT - 124_000,
        };
        let fills = [fill(6_534_153_222, 288_000), fill(6_534_153_223, 100_000)];
        let bytes = trades(&btc(), &fills, EVENT);
        assert_eq!((hex(&bytes), bytes.len()), (vector(expected), 90));
    }

    #[test]
    fn depth_diff_is_the_worked_vector() {
        let expected = "1a00132701000000 ab491ef1154c0600 9d00000000000000 a000000000000000 f8 f8
            1000 0100 00e5c408de050000 302fd00200000000
            1000 0100 4027d408de050000 0000000000000000 07 42544355534454";
        let changes = Diff {
            first: 157,
            last: 160,
            previous: 156,
            bids: vec![BID],
            asks: vec![(ASK.0, 0)],
            at: EVENT,
            now: EVENT,
        };
        let bytes = diff(&btc(), &changes);
        assert_eq!((hex(&bytes), bytes.len()), (vector(expected), 82));
    }

    #[test]
    fn depth_snapshot_has_the_layout_of_the_schema() {
        let expected = "1200122701000000 ab491ef1154c0600 a000000000000000 f8 f8
            1000 0100 00e5c408de050000 302fd00200000000
            1000 0100 4027d408de050000 500a613000000000 07 42544355534454";
        let bytes = snapshot(&btc(), 160, [vec![BID], vec![ASK]], EVENT);
        assert_eq!(hex(&bytes), vector(expected));
    }
}
