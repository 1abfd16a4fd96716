//! Bybit linear: trades with ids of their own, book deltas numbered one by one.

use std::fmt::Write as _;

use super::{Channels, Source, State, Turns, behind, millis};
use crate::messages::Dice;

/// Levels a side.
const DEPTH: i64 = 50;
/// Levels a side that a delta changes.
const CHANGED: i64 = 3;
/// First update id of a book.
const FIRST: u64 = 177_400_507;

pub(super) fn subscription(symbols: &[String], channels: Channels) -> String {
    let names: Vec<String> = symbols
        .iter()
        .flat_map(|symbol| {
            let topics = channels.pick("publicTrade", "orderbook.50");
            topics
                .into_iter()
                .map(move |topic| format!("\"{topic}.{symbol}\""))
        })
        .collect();
    format!(
        r#"{{"op":"subscribe","args":[{}],"req_id":"1"}}"#,
        names.join(",")
    )
}

pub(super) fn answers(request: &str) -> Vec<String> {
    let op = behind(request, "\"op\":\"", &['"']).unwrap_or("subscribe");
    let id = behind(request, "\"req_id\":\"", &['"']).unwrap_or_default();
    let text = if op == "ping" { "pong" } else { "" };
    vec![format!(
        r#"{{"success":true,"ret_msg":"{text}","conn_id":"latency","req_id":"{id}","op":"{op}"}}"#
    )]
}

pub(super) struct Traffic(Turns);

impl Traffic {
    pub(super) fn new(turns: Turns) -> Self {
        Self(turns)
    }
}

/// Levels from `first` on, away from the middle by `side`; prices around the start, which stays.
fn levels(state: &State, dice: &mut Dice, side: i64, first: i64, count: i64) -> String {
    let mut text = String::with_capacity(32 * CHANGED as usize);
    for at in first..first + count {
        let config = &state.config;
        let px = super::decimal(
            config.px_start + side * (at + 1) * config.tick,
            config.px_digits,
        );
        let qty = state.qty(dice);
        let comma = if at == first { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{comma}["{px}","{qty}"]"#);
    }
    text
}

fn book(text: &mut String, kind: &str, state: &State, bids: &str, asks: &str) -> bool {
    let (symbol, now) = (&state.config.symbol, millis());
    let (update, seq) = (FIRST + state.updates, 9_000_000_000 + 3 * state.updates);
    write!(
        text,
        r#"{{"topic":"orderbook.50.{symbol}","type":"{kind}","ts":{now},"data":{{"s":"{symbol}","b":[{bids}],"a":[{asks}],"u":{update},"seq":{seq}}},"cts":{now}}}"#
    )
    .is_ok()
}

impl Source for Traffic {
    fn opening(&mut self) -> Vec<String> {
        if !self.0.channels.has_book() {
            return Vec::new();
        }
        let dice = &mut self.0.dice;
        let snapshot = |state: &State| {
            let mut text = String::new();
            let bids = levels(state, dice, -1, 0, DEPTH);
            let asks = levels(state, dice, 1, 0, DEPTH);
            book(&mut text, "snapshot", state, &bids, &asks);
            text
        };
        self.0.states.iter().map(snapshot).collect()
    }

    fn next(&mut self, text: &mut String) -> bool {
        let turn = self.0.next();
        let (state, dice) = (turn.state, turn.dice);
        if turn.trade {
            return trade(text, state, dice, turn.at);
        }
        let mut first = || i64::try_from(dice.below(40)).unwrap_or(0);
        let (bid, ask) = (first(), first());
        let bids = levels(state, dice, -1, bid, CHANGED);
        let asks = levels(state, dice, 1, ask, CHANGED);
        book(text, "delta", state, &bids, &asks)
    }
}

fn trade(text: &mut String, state: &State, dice: &mut Dice, at: usize) -> bool {
    let (symbol, now, number) = (&state.config.symbol, millis(), state.trades);
    let side = if dice.below(2) == 0 { "Buy" } else { "Sell" };
    let (px, qty) = (state.px(0), state.qty(dice));
    write!(
        text,
        r#"{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{now},"data":[{{"T":{now},"s":"{symbol}","S":"{side}","v":"{qty}","p":"{px}","L":"PlusTick","i":"{at:08x}-7c1e-5a3f-9b2d-{number:012x}","BT":false,"RPI":false,"seq":{}}}]}}"#,
        9_000_000_000 + number
    )
    .is_ok()
}
