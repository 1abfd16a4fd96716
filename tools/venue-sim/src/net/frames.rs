//! Frames that no well-behaved server sends.

use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::fault::RawFrame;
use crate::hub::Out;

/// Pings of one flood at most; more would only fill the queue.
const FLOOD_MAX: u32 = 100_000;

/// An opcode that RFC 6455 reserves.
const RESERVED: u8 = 3;

/// The frames of a [`RawFrame`], ready for a queue.
pub(crate) fn out(raw: RawFrame) -> Out {
    Out::Frames(match raw {
        RawFrame::Text(bytes) => vec![data(Data::Text, bytes, true)],
        RawFrame::Binary(bytes) => vec![data(Data::Binary, bytes, true)],
        RawFrame::Fragments(parts) => fragments(parts),
        RawFrame::PingFlood(payload, count) => {
            vec![Message::Ping(payload.into()); count.min(FLOOD_MAX) as usize]
        }
        RawFrame::Compressed(bytes) => {
            let text = OpCode::Data(Data::Text);
            vec![odd(text, true, bytes, |header| header.rsv1 = true)]
        }
        RawFrame::Masked(bytes) => {
            let text = OpCode::Data(Data::Text);
            vec![odd(text, true, bytes, |header| {
                header.mask = Some(*b"mask")
            })]
        }
        RawFrame::OrphanContinuation(bytes) => vec![data(Data::Continue, bytes, true)],
        RawFrame::Interrupted(first, second) => {
            vec![
                data(Data::Text, first, false),
                data(Data::Text, second, true),
            ]
        }
        RawFrame::FragmentedPing(bytes) => {
            vec![odd(OpCode::Control(Control::Ping), false, bytes, |_| ())]
        }
        RawFrame::ReservedOpcode(bytes) => {
            let reserved = OpCode::Data(Data::Reserved(RESERVED));
            vec![odd(reserved, true, bytes, |_| ())]
        }
    })
}

/// One text frame, whatever the bytes are.
pub(crate) fn text(bytes: Bytes) -> Message {
    Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true))
}

/// A frame with header bits that no server sets.
fn odd(opcode: OpCode, is_final: bool, bytes: Vec<u8>, set: impl Fn(&mut FrameHeader)) -> Message {
    let mut header = FrameHeader {
        opcode,
        is_final,
        ..FrameHeader::default()
    };
    set(&mut header);
    Message::Frame(Frame::from_payload(header, bytes.into()))
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
