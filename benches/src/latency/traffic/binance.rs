//! Binance spot: trades numbered one by one, best prices with rising update ids.

use std::fmt::Write as _;

use super::{Channels, Source, Turn, Turns, behind, millis};

/// First trade and update id.
const FIRST: u64 = 5_182_005_737;

pub(super) fn subscription(symbols: &[String], channels: Channels) -> String {
    let names: Vec<String> = symbols
        .iter()
        .map(|symbol| symbol.to_lowercase())
        .flat_map(|symbol| {
            let names = channels.pick("trade", "bookTicker");
            names
                .into_iter()
                .map(move |name| format!("\"{symbol}@{name}\""))
        })
        .collect();
    format!(
        r#"{{"method":"SUBSCRIBE","params":[{}],"id":1}}"#,
        names.join(",")
    )
}

pub(super) fn answers(request: &str) -> Vec<String> {
    let id = behind(request, "\"id\":", &[',', '}']);
    id.map(|id| format!(r#"{{"result":null,"id":{id}}}"#))
        .into_iter()
        .collect()
}

/// What a wrapped message wraps.
pub(super) fn bare(text: &str) -> &str {
    let inner = text.split_once("\"data\":").map(|parts| parts.1);
    inner
        .and_then(|inner| inner.strip_suffix('}'))
        .unwrap_or(text)
}

pub(super) struct Traffic {
    turns: Turns,
    lower: Vec<String>,
}

impl Traffic {
    pub(super) fn new(turns: Turns) -> Self {
        let states = turns.states.iter();
        let lower = states.map(|state| state.config.symbol.to_lowercase());
        Self {
            lower: lower.collect(),
            turns,
        }
    }
}

impl Source for Traffic {
    fn opening(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn next(&mut self, text: &mut String) -> bool {
        let Turn {
            at,
            state,
            dice,
            trade,
        } = self.turns.next();
        let lower = &self.lower[at];
        let (symbol, now) = (&state.config.symbol, millis());
        let (px, qty) = (state.px(0), state.qty(dice));
        let written = if trade {
            let (id, maker) = (FIRST + state.trades, dice.below(2) == 0);
            write!(
                text,
                r#"{{"stream":"{lower}@trade","data":{{"e":"trade","E":{now},"s":"{symbol}","t":{id},"p":"{px}","q":"{qty}","T":{now},"m":{maker},"M":true}}}}"#
            )
        } else {
            let (id, ask, ask_qty) = (FIRST + 7 * state.updates, state.px(1), state.qty(dice));
            write!(
                text,
                r#"{{"stream":"{lower}@bookTicker","data":{{"u":{id},"s":"{symbol}","b":"{px}","B":"{qty}","a":"{ask}","A":"{ask_qty}"}}}}"#
            )
        };
        written.is_ok()
    }
}
