//! Topics, requests and paths.

use crate::venue::{Ask, Channel, Stream, VenueId};

pub(super) fn topic(book_depth: u16, stream: Stream<'_>) -> String {
    let symbol = stream.symbol;
    match stream.key.channel {
        Channel::BBO => format!("orderbook.1.{symbol}"),
        Channel::BOOK => format!("orderbook.{book_depth}.{symbol}"),
        _ => format!("publicTrade.{symbol}"),
    }
}

pub(super) fn request(book_depth: u16, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
    let op = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let topics: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", topic(book_depth, *stream)))
        .collect();
    format!(
        r#"{{"req_id":"{number}","op":"{op}","args":[{}]}}"#,
        topics.join(",")
    )
}

pub(super) fn reference_path(id: VenueId, page: Option<&str>) -> String {
    let cursor = page
        .map(|page| format!("&cursor={page}"))
        .unwrap_or_default();
    format!(
        "/v5/market/instruments-info?category={}&limit=1000{cursor}",
        id.product()
    )
}
