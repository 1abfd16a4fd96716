//! Where every contender ends: normalised records, in reused memory.
//!
//! The instrument by its place among the known ones, prices and quantities as integers at its powers of ten, stamps in
//! nanoseconds, ids and sequence numbers. Plain types of nobody's: feedd's own records are brought to them only to be
//! compared.

/// What one message said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// In wire order.
    pub list: Vec<Record>,
    /// Levels of books, bids before asks.
    pub levels: Vec<Level>,
}

impl Records {
    /// Forgets the last message, keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.levels.clear();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Trade(Trade),
    Bbo(Bbo),
    Book(Book),
}

/// Common to all; what a venue does not tell is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Place among the known instruments.
    pub instrument: u32,
    /// The venue's update or trade number.
    pub seq: u64,
    /// When it happened, in nanoseconds since the Unix epoch.
    pub ts_venue: i64,
    /// When it was sent, in nanoseconds since the Unix epoch.
    pub ts_send: i64,
    /// Powers of ten of the integers.
    pub px_exp: i8,
    pub qty_exp: i8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    pub px: i64,
    pub qty: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    pub head: Head,
    pub at: Level,
    /// The venue's number, or the UUID as one (big-endian).
    pub id: u128,
    /// Whether the taker bought.
    pub buy: bool,
    /// Negotiated off the book.
    pub block: bool,
    /// Against a retail price improvement order.
    pub rpi: bool,
    /// Repeated state, not a new trade.
    pub snapshot: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bbo {
    pub head: Head,
    pub bid: Level,
    pub ask: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Book {
    pub head: Head,
    /// First update that the message covers.
    pub first_seq: u64,
    /// Bybit's number across channels.
    pub cross_seq: u64,
    /// Kraken's checksum.
    pub checksum: u32,
    /// The whole book, not a change.
    pub snapshot: bool,
    /// How many of [`Records::levels`] are its bids and asks.
    pub bids: usize,
    pub asks: usize,
}
