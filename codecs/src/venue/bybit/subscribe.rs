//! Requests on a line.

use super::topic;
use crate::venue::{Ask, Stream};

pub(super) fn request(book_depth: u16, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
    let op = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let topics: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", topic::name(book_depth, *stream)))
        .collect();
    format!(
        r#"{{"req_id":"{number}","op":"{op}","args":[{}]}}"#,
        topics.join(",")
    )
}
