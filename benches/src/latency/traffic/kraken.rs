//! Kraken spot: trades numbered one by one, a book whose best bid changes, with its true checksum.

use std::fmt::Write as _;

use feedd_codecs::time::to_rfc3339;

use super::{Market, Source, State, Turn, Turns, behind, decimal, strings};
use crate::messages::Dice;

/// Levels a side.
const DEPTH: i64 = 10;
/// Quantities that the best bid takes in turn.
const QUANTITIES: i64 = 16;
/// First trade id.
const FIRST: u64 = 81_203_440;

pub(super) fn subscription(symbols: &[String]) -> String {
    let names: Vec<String> = symbols
        .iter()
        .map(|symbol| format!("\"{symbol}\""))
        .collect();
    format!(
        r#"{{"method":"subscribe","params":{{"channel":"trade","symbol":[{}],"snapshot":false}},"req_id":1}}"#,
        names.join(",")
    )
}

pub(super) fn answers(request: &str) -> Vec<String> {
    let id = behind(request, "\"req_id\":", &[',', '}']).unwrap_or("0");
    let Some(channel) = behind(request, "\"channel\":\"", &['"']) else {
        return vec![format!(r#"{{"method":"pong","req_id":{id}}}"#)];
    };
    if channel == "instrument" {
        let answer = format!(
            r#"{{"method":"subscribe","req_id":{id},"result":{{"channel":"instrument","snapshot":true}},"success":true}}"#
        );
        return vec![answer, instruments()];
    }
    let answer = |symbol| {
        format!(
            r#"{{"method":"subscribe","req_id":{id},"result":{{"channel":"{channel}","snapshot":true,"symbol":"{symbol}"}},"success":true}}"#
        )
    };
    strings(request, "\"symbol\":[")
        .into_iter()
        .map(answer)
        .collect()
}

/// The snapshot of the instrument channel.
fn instruments() -> String {
    let pair = |state: &State| {
        let config = &state.config;
        let (px_digits, qty_digits) = (config.px_digits, config.qty_digits);
        let tick = decimal(config.tick, px_digits);
        let lot = decimal(config.lot, qty_digits);
        let (symbol, base, quote) = (&config.symbol, &config.base, &config.quote);
        format!(
            r#"{{"symbol":"{symbol}","base":"{base}","quote":"{quote}","status":"online","qty_precision":{qty_digits},"qty_increment":{lot},"qty_min":{lot},"price_precision":{px_digits},"price_increment":{tick},"tick_size":{tick},"cost_precision":5,"cost_min":0.50,"marginable":false,"has_index":true}}"#
        )
    };
    let pairs: Vec<String> = State::all(Market::Kraken).iter().map(pair).collect();
    format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{}]}}}}"#,
        pairs.join(",")
    )
}

pub(super) struct Traffic {
    turns: Turns,
    /// Checksums of each instrument's book by the turn of its best bid.
    checksums: Vec<Vec<u32>>,
}

impl Traffic {
    pub(super) fn new(turns: Turns) -> Self {
        let checksums = |state: &State| (0..QUANTITIES).map(|turn| checksum(state, turn)).collect();
        Self {
            checksums: turns.states.iter().map(checksums).collect(),
            turns,
        }
    }
}

/// Price and quantity of a level in units of their last digits: `side` -1 for bids.
fn level(state: &State, side: i64, at: i64, turn: i64) -> (i64, i64) {
    let config = &state.config;
    let lots = if side < 0 && at == 0 {
        700 + turn
    } else {
        300 + at
    };
    (
        config.px_start + side * (at + 1) * config.tick,
        lots * config.lot,
    )
}

/// Rule of the venue: the digits of the ten best asks, then of the ten best bids.
fn checksum(state: &State, turn: i64) -> u32 {
    let mut digits = String::new();
    for side in [1, -1] {
        for at in 0..DEPTH {
            let (px, qty) = level(state, side, at, turn);
            // Writing to a string cannot fail.
            let _ = write!(digits, "{px}{qty}");
        }
    }
    crc32fast::hash(digits.as_bytes())
}

fn levels(state: &State, side: i64, count: i64, turn: i64) -> String {
    let mut text = String::new();
    for at in 0..count {
        let (px, qty) = level(state, side, at, turn);
        let px = decimal(px, state.config.px_digits);
        let qty = decimal(qty, state.config.qty_digits);
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(text, r#"{comma}{{"price":{px},"qty":{qty}}}"#);
    }
    text
}

/// Now, to the microsecond, as the venue writes it.
fn stamp() -> String {
    let ns = ::feedd::clock::wall();
    to_rfc3339(ns - ns % 1_000)
}

impl Source for Traffic {
    fn opening(&mut self) -> Vec<String> {
        if !self.turns.channels.has_book() {
            return Vec::new();
        }
        let snapshot = |(state, checksums): (&State, &Vec<u32>)| {
            let (bids, asks) = (levels(state, -1, DEPTH, 0), levels(state, 1, DEPTH, 0));
            let checksum = checksums.first().copied().unwrap_or(0);
            format!(
                r#"{{"channel":"book","type":"snapshot","data":[{{"symbol":"{}","bids":[{bids}],"asks":[{asks}],"checksum":{checksum},"timestamp":"{}"}}]}}"#,
                state.config.symbol,
                stamp()
            )
        };
        self.turns
            .states
            .iter()
            .zip(&self.checksums)
            .map(snapshot)
            .collect()
    }

    fn next(&mut self, text: &mut String) -> bool {
        let Turn {
            at,
            state,
            dice,
            trade: is_trade,
        } = self.turns.next();
        if is_trade {
            return trade(text, state, dice);
        }
        let turn = i64::try_from(state.updates).unwrap_or(0) % QUANTITIES;
        let bid = levels(state, -1, 1, turn);
        let checksum = self.checksums[at][turn as usize];
        write!(
            text,
            r#"{{"channel":"book","type":"update","data":[{{"symbol":"{}","bids":[{bid}],"asks":[],"checksum":{checksum},"timestamp":"{}"}}]}}"#,
            state.config.symbol,
            stamp()
        )
        .is_ok()
    }
}

fn trade(text: &mut String, state: &State, dice: &mut Dice) -> bool {
    let side = if dice.below(2) == 0 { "buy" } else { "sell" };
    let (px, qty) = (state.px(0), state.qty(dice));
    write!(
        text,
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"{}","side":"{side}","price":{px},"qty":{qty},"ord_type":"limit","trade_id":{},"timestamp":"{}"}}]}}"#,
        state.config.symbol,
        FIRST + state.trades,
        stamp()
    )
    .is_ok()
}
