//! Paths, stream names and requests.

use std::fmt::Write as _;

use crate::venue::{Ask, Channel, Stream, StreamOptions, VenueId};

/// USD-M is routed since 2026-04-23; a misrouted stream is acknowledged and stays silent.
pub(super) fn path(id: VenueId, channel: Channel) -> &'static str {
    match (id, channel) {
        (VenueId::BINANCE_USDM, Channel::TRADE | Channel::AGG_TRADE) => "/market/stream",
        (VenueId::BINANCE_USDM, _) => "/public/stream",
        _ => "/stream",
    }
}

pub(super) fn stream_name(options: StreamOptions, stream: Stream<'_>) -> String {
    let mut name = stream.symbol.to_lowercase();
    name.push_str(match stream.key.channel {
        Channel::TRADE => "@trade",
        Channel::AGG_TRADE => "@aggTrade",
        Channel::BBO => "@bookTicker",
        _ => "@depth",
    });
    // The venue's default speeds (1000 ms on spot, 250 ms on futures) have no suffix.
    if stream.key.channel == Channel::BOOK && !matches!(options.book_interval_ms, 250 | 1000) {
        let _ = write!(name, "@{}ms", options.book_interval_ms);
    }
    name
}

pub(super) fn request(
    options: StreamOptions,
    ask: Ask,
    number: u64,
    streams: &[Stream<'_>],
) -> String {
    let method = match ask {
        Ask::Subscribe => "SUBSCRIBE",
        Ask::Unsubscribe => "UNSUBSCRIBE",
    };
    let names: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", stream_name(options, *stream)))
        .collect();
    format!(
        r#"{{"method":"{method}","params":[{}],"id":{number}}}"#,
        names.join(",")
    )
}

/// The path of a REST endpoint below the product's API root.
pub(super) fn rest_path(id: VenueId, endpoint: &str) -> String {
    let root = match id {
        VenueId::BINANCE_USDM => "/fapi/v1",
        VenueId::BINANCE_COINM => "/dapi/v1",
        _ => "/api/v3",
    };
    format!("{root}/{endpoint}")
}

pub(super) fn snapshot_path(id: VenueId, symbol: &str) -> String {
    let limit = if id == VenueId::BINANCE_SPOT {
        5000
    } else {
        1000
    };
    rest_path(id, &format!("depth?symbol={symbol}&limit={limit}"))
}
