//! simd-json's tape with reused buffers, read key by key: what feedd's general path would be without its pass over bare
//! numbers and its checks. Kraken's bare numbers become binary fractions on a tape, so Kraken has none.

use crate::messages::Class;
use simd_json::{Buffers, Node, StaticNode, Tape};

use super::typed::{Integers, Numbers};
use super::{Decoder, Said};

struct Reused {
    class: Class,
    text: Vec<u8>,
    buffers: Buffers,
    tape: Option<Tape<'static>>,
    numbers: Integers,
    seq: u64,
}

pub fn decoder(class: Class) -> Option<Box<dyn Decoder>> {
    if matches!(class, Class::KrakenTrade | Class::KrakenBook) {
        return None;
    }
    Some(Box::new(Reused {
        class,
        text: Vec::new(),
        buffers: Buffers::new(1 << 16),
        tape: None,
        numbers: Integers::default(),
        seq: 0,
    }))
}

impl Decoder for Reused {
    fn name(&self) -> &'static str {
        "tape"
    }

    fn decode(&mut self, message: &[u8]) -> bool {
        self.text.clear();
        self.text.extend_from_slice(message);
        self.numbers.clear();
        let mut tape = self
            .tape
            .take()
            .map_or_else(|| Tape(Vec::new()), Tape::reset);
        let parsed = simd_json::fill_tape(&mut self.text, &mut self.buffers, &mut tape).is_ok();
        let read = parsed && walk(self.class, &tape.0, &mut self.numbers, &mut self.seq).is_some();
        self.tape = Some(tape.reset());
        read
    }

    fn said(&self) -> Option<Said> {
        Some(Said {
            seq: self.seq,
            numbers: self.numbers.read(),
        })
    }
}

/// Reads keys in one pass: all of these messages' keys that matter are single ones.
fn walk(class: Class, nodes: &[Node<'_>], numbers: &mut Integers, seq: &mut u64) -> Option<()> {
    let seq_key = match class {
        Class::Trade => "t",
        Class::BybitTrade | Class::BybitTrades => "seq",
        _ => "u",
    };
    let keys: &[&str] = match class {
        Class::BookTicker => &["b", "B", "a", "A"],
        Class::Trade => &["p", "q"],
        _ => &["p", "v"],
    };
    let levels = !matches!(
        class,
        Class::BookTicker | Class::Trade | Class::BybitTrade | Class::BybitTrades
    );
    // Bybit puts the quantity before the price.
    let mut earlier = None;
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        at += 1;
        let Node::String(key) = node else { continue };
        match nodes.get(at)? {
            Node::Static(StaticNode::U64(value)) if *key == seq_key => *seq = *value,
            Node::Static(StaticNode::I64(value)) if *key == seq_key => *seq = value.unsigned_abs(),
            Node::String(text) if !levels && *key == "v" => earlier = Some(*text),
            Node::String(text) if !levels && keys.contains(key) => {
                numbers.push(text)?;
                if let Some(qty) = earlier.take() {
                    numbers.push(qty)?;
                }
            }
            Node::Array { len, .. } if levels && matches!(*key, "b" | "a") => {
                at += 1;
                for _ in 0..*len {
                    let [Node::Array { .. }, Node::String(px), Node::String(qty)] =
                        nodes.get(at..at + 3)?
                    else {
                        return None;
                    };
                    numbers.push(px)?;
                    numbers.push(qty)?;
                    at += 3;
                }
                continue;
            }
            Node::Object { .. } | Node::Array { .. } => {}
            _ => {}
        }
        at += usize::from(!matches!(
            nodes.get(at)?,
            Node::Object { .. } | Node::Array { .. }
        ));
    }
    Some(())
}
