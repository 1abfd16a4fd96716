//! Feed names and requests.

use crate::venue::{Ask, Channel, Stream};

pub(super) fn feed(channel: Channel) -> &'static str {
    match channel {
        Channel::BOOK => "book",
        Channel::BBO | Channel::TICKER => "ticker",
        Channel::MINI_TICKER => "ticker_lite",
        Channel::STATUS => "heartbeat",
        _ => "trade",
    }
}

/// The channel of a feed's name in an answer; `ticker` is what the `ticker` feed is subscribed for.
pub(super) fn of_feed(feed: &str, ticker: Channel) -> Option<Channel> {
    match feed {
        "book" => Some(Channel::BOOK),
        "trade" => Some(Channel::TRADE),
        "ticker" => Some(ticker),
        "ticker_lite" => Some(Channel::MINI_TICKER),
        "heartbeat" => Some(Channel::STATUS),
        _ => None,
    }
}

/// All `streams` are of one feed.
pub(super) fn request(ask: Ask, streams: &[Stream<'_>]) -> String {
    let event = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let channel = streams
        .first()
        .map_or(Channel::NONE, |stream| stream.key.channel);
    let symbols: Vec<String> = streams
        .iter()
        .filter(|stream| !stream.symbol.is_empty())
        .map(|stream| format!("\"{}\"", stream.symbol))
        .collect();
    let products = if symbols.is_empty() {
        String::new()
    } else {
        format!(r#","product_ids":[{}]"#, symbols.join(","))
    };
    format!(
        r#"{{"event":"{event}","feed":"{}"{products}}}"#,
        feed(channel)
    )
}
