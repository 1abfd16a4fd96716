//! simd-json's tape with reused buffers, read key by key: what feedd's general path would be without its pass over bare
//! numbers and its checks. Kraken's bare numbers become binary fractions on a tape, so Kraken has none.

use feedd_codecs::Instruments;
use simd_json::{Buffers, Node, StaticNode, Tape};

use super::Decoder;
use super::record::Records;
use super::values::Integers;
use super::wire::{BybitLevels, BybitTrade, Depth, Ticker, Trade};
use super::writer::{Pair, Writer};
use crate::messages::Class;

struct Reused {
    class: Class,
    text: Vec<u8>,
    buffers: Buffers,
    tape: Option<Tape<'static>>,
    writer: Writer<Integers>,
}

pub fn decoder(class: Class, instruments: &Instruments) -> Option<Box<dyn Decoder>> {
    if matches!(class, Class::KrakenTrade | Class::KrakenBook) {
        return None;
    }
    Some(Box::new(Reused {
        class,
        text: Vec::new(),
        buffers: Buffers::new(1 << 16),
        tape: None,
        writer: Writer::new(instruments),
    }))
}

impl Decoder for Reused {
    fn name(&self) -> &'static str {
        "tape"
    }

    fn decode(&mut self, message: &[u8]) -> bool {
        self.text.clear();
        self.text.extend_from_slice(message);
        self.writer.records.clear();
        let mut tape = self
            .tape
            .take()
            .map_or_else(|| Tape(Vec::new()), Tape::reset);
        let parsed = simd_json::fill_tape(&mut self.text, &mut self.buffers, &mut tape).is_ok();
        let root = Cursor { nodes: &tape.0 };
        let read = parsed && read(self.class, root, &mut self.writer).is_some();
        self.tape = Some(tape.reset());
        read
    }

    fn said(&self) -> Option<Records> {
        Some(self.writer.records.clone())
    }
}

fn read(class: Class, root: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    match class {
        Class::BookTicker => ticker(root.payload()?, writer),
        Class::Trade => trade(root.payload()?, writer),
        Class::Depth20 | Class::Depth175 => depth(root.payload()?, writer),
        Class::BybitTrade | Class::BybitTrades => bybit_trades(root, writer),
        Class::BybitDelta | Class::BybitSnapshot => bybit_book(root, writer),
        _ => None,
    }
}

fn ticker(mut at: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    let mut wire = Ticker::default();
    for _ in 0..at.object()? {
        match at.text()? {
            "u" => wire.u = at.number()?,
            "s" => wire.s = at.text()?,
            "b" => wire.b = at.text()?,
            "B" => wire.bid_qty = at.text()?,
            "a" => wire.a = at.text()?,
            "A" => wire.ask_qty = at.text()?,
            _ => at.skip()?,
        }
    }
    writer.ticker(&wire)
}

fn trade(mut at: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    let mut wire = Trade::default();
    for _ in 0..at.object()? {
        match at.text()? {
            "E" => wire.sent = at.number()?,
            "s" => wire.s = at.text()?,
            "t" => wire.t = at.number()?,
            "p" => wire.p = at.text()?,
            "q" => wire.q = at.text()?,
            "T" => wire.time = at.number()?,
            "m" => wire.m = at.flag()?,
            _ => at.skip()?,
        }
    }
    writer.trade(&wire)
}

fn depth(mut at: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    let mut wire = Depth::<Side<'_, '_>>::default();
    for _ in 0..at.object()? {
        match at.text()? {
            "E" => wire.sent = at.number()?,
            "s" => wire.s = at.text()?,
            "U" => wire.first = at.number()?,
            "u" => wire.u = at.number()?,
            "b" => wire.b = at.levels()?,
            "a" => wire.a = at.levels()?,
            _ => at.skip()?,
        }
    }
    writer.depth(wire)
}

fn bybit_trades(mut at: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    let (mut sent, mut trades) = (0, Cursor::default());
    for _ in 0..at.object()? {
        match at.text()? {
            "ts" => sent = at.number()?,
            "data" => trades = at.value()?,
            _ => at.skip()?,
        }
    }
    for _ in 0..trades.array()? {
        let wire = bybit_trade(&mut trades)?;
        writer.bybit_trade(sent, &wire)?;
    }
    Some(())
}

fn bybit_trade<'n>(at: &mut Cursor<'_, 'n>) -> Option<BybitTrade<'n>> {
    let mut wire = BybitTrade::default();
    for _ in 0..at.object()? {
        match at.text()? {
            "T" => wire.time = at.number()?,
            "s" => wire.s = at.text()?,
            "S" => wire.side = at.text()?,
            "v" => wire.v = at.text()?,
            "p" => wire.p = at.text()?,
            "i" => wire.i = at.text()?,
            "BT" => wire.block = at.flag()?,
            "RPI" => wire.rpi = at.flag()?,
            "seq" => wire.seq = at.number()?,
            _ => at.skip()?,
        }
    }
    Some(wire)
}

fn bybit_book(mut at: Cursor<'_, '_>, writer: &mut Writer<Integers>) -> Option<()> {
    let (mut kind, mut sent, mut time) = ("", 0, 0);
    let mut data = Cursor::default();
    for _ in 0..at.object()? {
        match at.text()? {
            "type" => kind = at.text()?,
            "ts" => sent = at.number()?,
            "cts" => time = at.number()?,
            "data" => data = at.value()?,
            _ => at.skip()?,
        }
    }
    let mut wire = BybitLevels::<Side<'_, '_>>::default();
    for _ in 0..data.object()? {
        match data.text()? {
            "s" => wire.s = data.text()?,
            "b" => wire.b = data.levels()?,
            "a" => wire.a = data.levels()?,
            "u" => wire.u = data.number()?,
            "seq" => wire.seq = data.number()?,
            _ => data.skip()?,
        }
    }
    writer.bybit_book(kind, sent, time, wire)
}

/// A place on a tape: what follows.
#[derive(Clone, Copy, Default)]
struct Cursor<'t, 'n> {
    nodes: &'t [Node<'n>],
}

impl<'t, 'n> Cursor<'t, 'n> {
    fn next(&mut self) -> Option<Node<'n>> {
        let (node, rest) = self.nodes.split_first()?;
        self.nodes = rest;
        Some(*node)
    }

    /// Enters an object; how many keys it has.
    fn object(&mut self) -> Option<usize> {
        match self.next()? {
            Node::Object { len, .. } => Some(len),
            _ => None,
        }
    }

    /// Enters an array; how many elements it has.
    fn array(&mut self) -> Option<usize> {
        match self.next()? {
            Node::Array { len, .. } => Some(len),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'n str> {
        match self.next()? {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        match self.next()? {
            Node::Static(StaticNode::U64(value)) => Some(value),
            Node::Static(StaticNode::I64(value)) => value.try_into().ok(),
            _ => None,
        }
    }

    fn flag(&mut self) -> Option<bool> {
        match self.next()? {
            Node::Static(StaticNode::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// Passes over a value.
    fn skip(&mut self) -> Option<()> {
        if let Node::Object { count, .. } | Node::Array { count, .. } = self.next()? {
            self.nodes = self.nodes.get(count..)?;
        }
        Some(())
    }

    /// Passes over a value, to be read later.
    fn value(&mut self) -> Option<Self> {
        let here = *self;
        self.skip()?;
        Some(here)
    }

    /// As [`Cursor::value`], of levels.
    fn levels(&mut self) -> Option<Side<'t, 'n>> {
        let mut at = self.value()?;
        Some(Side {
            left: at.array()?,
            at,
        })
    }

    /// What Binance's wrapper holds.
    fn payload(mut self) -> Option<Self> {
        for _ in 0..self.object()? {
            match self.text()? {
                "data" => return Some(self),
                _ => self.skip()?,
            }
        }
        None
    }
}

/// The levels of one side, each spelled `[price, quantity]`.
#[derive(Default)]
struct Side<'t, 'n> {
    left: usize,
    at: Cursor<'t, 'n>,
}

impl<'n> Iterator for Side<'_, 'n> {
    type Item = Pair<'n>;

    fn next(&mut self) -> Option<Pair<'n>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.pair())
    }
}

impl<'n> Side<'_, 'n> {
    fn pair(&mut self) -> Pair<'n> {
        let [
            Node::Array { len: 2, .. },
            Node::String(px),
            Node::String(qty),
            rest @ ..,
        ] = self.at.nodes
        else {
            return None;
        };
        self.at.nodes = rest;
        Some((px, qty))
    }
}
