//! Frames that no well-behaved server sends.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::fault::RawFrame;
use crate::hub::Out;

/// Pings of one flood at most; more would only fill the queue.
const FLOOD_MAX: u32 = 100_000;

/// The frames of a [`RawFrame`], ready for a queue.
pub(crate) fn out(raw: RawFrame) -> Out {
    Out::Frames(match raw {
        RawFrame::Text(bytes) => vec![data(Data::Text, bytes, true)],
        RawFrame::Binary(bytes) => vec![data(Data::Binary, bytes, true)],
        RawFrame::Fragments(parts) => fragments(parts),
        RawFrame::PingFlood(payload, count) => {
            vec![Message::Ping(payload.into()); count.min(FLOOD_MAX) as usize]
        }
    })
}

fn fragments(parts: Vec<Vec<u8>>) -> Vec<Message> {
    let last = parts.len().saturating_sub(1);
    let frame = |(index, bytes)| {
        let kind = if index == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        data(kind, bytes, index == last)
    };
    parts.into_iter().enumerate().map(frame).collect()
}

fn data(kind: Data, bytes: Vec<u8>, is_final: bool) -> Message {
    Message::Frame(Frame::message(bytes, OpCode::Data(kind), is_final))
}
