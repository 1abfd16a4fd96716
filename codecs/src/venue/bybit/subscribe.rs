//! Requests on a line.

use super::{Shape, topic};
use crate::venue::{Ask, Stream};

pub(super) fn request(shape: Shape, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
    let op = match ask {
        Ask::Subscribe => "subscribe",
        Ask::Unsubscribe => "unsubscribe",
    };
    let topics: Vec<String> = streams
        .iter()
        .map(|stream| format!("\"{}\"", topic::name(shape, *stream)))
        .collect();
    format!(
        r#"{{"req_id":"{number}","op":"{op}","args":[{}]}}"#,
        topics.join(",")
    )
}
