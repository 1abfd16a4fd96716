//! Channel names and requests.

use crate::venue::{Ask, Channel, Stream};

pub(super) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::BBO => "ticker",
        Channel::BOOK => "book",
        Channel::REFERENCE => "instrument",
        _ => "trade",
    }
}

pub(super) fn of_name(name: &str) -> Option<Channel> {
    match name {
        "ticker" => Some(Channel::BBO),
        "book" => Some(Channel::BOOK),
        "instrument" => Some(Channel::REFERENCE),
        "trade" => Some(Channel::TRADE),
        _ => None,
    }
}

/// All `streams` are of one channel.
pub(super) fn request(book_depth: u16, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
    let method = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let kind = streams
        .first()
        .map_or(Channel::NONE, |stream| stream.key.channel);
    let symbols: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", stream.symbol))
        .collect();
    let name = channel(kind);
    let params = match kind {
        Channel::REFERENCE => r#""snapshot":true"#.to_owned(),
        Channel::BOOK => format!(r#""symbol":[{}],"depth":{book_depth}"#, symbols.join(",")),
        Channel::BBO => format!(r#""symbol":[{}],"event_trigger":"bbo""#, symbols.join(",")),
        _ => format!(r#""symbol":[{}],"snapshot":false"#, symbols.join(",")),
    };
    format!(r#"{{"method":"{method}","params":{{"channel":"{name}",{params}}},"req_id":{number}}}"#)
}
