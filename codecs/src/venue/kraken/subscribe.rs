//! Channel names and requests.

use crate::venue::{Ask, Channel, Stream};

/// Candle channels with their intervals in minutes.
pub(super) const CANDLES: [(Channel, u64); 9] = [
    (Channel::CANDLE_1M, 1),
    (Channel::CANDLE_5M, 5),
    (Channel::CANDLE_15M, 15),
    (Channel::CANDLE_30M, 30),
    (Channel::CANDLE_1H, 60),
    (Channel::CANDLE_4H, 240),
    (Channel::CANDLE_1D, 1_440),
    (Channel::CANDLE_1W, 10_080),
    (Channel::CANDLE_15D, 21_600),
];

/// What requests say beside channel and symbols.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Levels a side of `book`.
    pub(super) book_depth: u16,
    /// Price levels a side of `level3`.
    pub(super) orders_depth: u16,
    /// The channel that the `ticker` stream is subscribed for.
    pub(super) ticker: Channel,
    /// Opens `level3`.
    pub(super) token: Token,
}

/// A secret: it is sent, and never shown.
#[derive(Clone, Default)]
pub(super) struct Token(Box<str>);

impl Token {
    /// Keeps what may stand in a JSON string as it is: the venue's tokens hold nothing else.
    pub(super) fn new(text: &str) -> Self {
        let plain = |char: &char| char.is_ascii_graphic() && !matches!(char, '"' | '\\');
        Self(text.chars().filter(plain).collect::<String>().into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

pub(super) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::BBO | Channel::TICKER => "ticker",
        Channel::BOOK => "book",
        Channel::REFERENCE => "instrument",
        Channel::ORDERS => "level3",
        candle if candle.is_candle() => "ohlc",
        _ => "trade",
    }
}

/// The channel of an answer's name; `interval` (minutes) tells candles apart.
pub(super) fn of_name(name: &str, interval: Option<u64>, ticker: Channel) -> Option<Channel> {
    match name {
        "ticker" => Some(ticker),
        "book" => Some(Channel::BOOK),
        "instrument" => Some(Channel::REFERENCE),
        "trade" => Some(Channel::TRADE),
        "level3" => Some(Channel::ORDERS),
        "ohlc" => candle(interval?),
        _ => None,
    }
}

/// The channel of candles of `minutes`.
pub(super) fn candle(minutes: u64) -> Option<Channel> {
    let row = CANDLES.iter().find(|row| row.1 == minutes);
    row.map(|row| row.0)
}

/// All `streams` are of one channel.
pub(super) fn request(terms: &Terms, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
    let method = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let kind = streams
        .first()
        .map_or(Channel::NONE, |stream| stream.key.channel);
    let name = channel(kind);
    let params = if kind == Channel::REFERENCE {
        r#""snapshot":true"#.to_owned()
    } else {
        let symbols: Vec<String> = streams
            .iter()
            .map(|stream| format!("\"{}\"", stream.symbol))
            .collect();
        format!(r#""symbol":[{}],{}"#, symbols.join(","), form(terms, kind))
    };
    format!(r#"{{"method":"{method}","params":{{"channel":"{name}",{params}}},"req_id":{number}}}"#)
}

/// In which form a channel is asked for; an unsubscription repeats it.
fn form(terms: &Terms, kind: Channel) -> String {
    match kind {
        Channel::BOOK => format!(r#""depth":{}"#, terms.book_depth),
        Channel::ORDERS => format!(
            r#""depth":{},"token":"{}""#,
            terms.orders_depth, terms.token.0
        ),
        Channel::BBO => r#""event_trigger":"bbo""#.to_owned(),
        Channel::TICKER => r#""event_trigger":"trades""#.to_owned(),
        _ => match CANDLES.iter().find(|row| row.0 == kind) {
            Some((_, minutes)) => format!(r#""interval":{minutes},"snapshot":false"#),
            None => r#""snapshot":false"#.to_owned(),
        },
    }
}
