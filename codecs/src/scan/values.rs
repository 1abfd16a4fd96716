//! What a venue's scanner may ask of a message, however its values were found.

use super::message::Reason;
use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId};
use crate::record::Side;
use crate::time::{self, Nanos};
use crate::venue::levels::{Best, Scale, Sides};

/// A text of at most seven bytes as a number: its bytes, and their count in the last; 0 for longer ones.
#[inline(always)]
const fn short(text: &str) -> u64 {
    let (mut word, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() && at < 8 {
        word |= (bytes[at] as u64) << (8 * at);
        at += 1;
    }
    short_of(word, bytes.len())
}

/// The text of `len` bytes that a word begins with, as [`short`] gives it.
#[inline(always)]
pub(super) const fn short_of(word: u64, len: usize) -> u64 {
    match len {
        0..8 => word & !(u64::MAX << (8 * len)) | (len as u64) << 56,
        _ => 0,
    }
}

/// The values of one message, by slot.
///
/// Every error means that the general path must look at the message.
pub(crate) trait Values {
    /// Whether the message has a value.
    fn has(&self, slot: usize) -> bool;

    /// The instrument whose symbol was met last.
    fn instrument(&self) -> Result<&Instrument, Reason>;

    /// Its id.
    #[inline(always)]
    fn id(&self) -> Result<InstrumentId, Reason> {
        Ok(self.instrument()?.id)
    }

    /// A whole number.
    fn unsigned(&mut self, slot: usize) -> Result<u64, Reason>;

    /// An epoch stamp.
    #[inline(always)]
    fn epoch(&mut self, slot: usize) -> Result<Nanos, Reason> {
        time::from_epoch(self.unsigned(slot)?).ok_or(Reason::Time)
    }

    /// An epoch stamp; 0 where the message has none.
    #[inline(always)]
    fn optional_epoch(&mut self, slot: usize) -> Result<Nanos, Reason> {
        if self.has(slot) {
            self.epoch(slot)
        } else {
            Ok(0)
        }
    }

    /// An RFC 3339 stamp.
    fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason>;

    /// `true` or `false`.
    fn flag(&self, slot: usize) -> bool;

    /// A text.
    fn text(&self, slot: usize) -> &[u8];

    /// A text of at most seven bytes as [`short`] gives it; another number where it is longer.
    fn short(&self, slot: usize) -> u64;

    /// Who took the initiative, in the venue's words. Which side it was cannot be foreseen, so nothing
    /// branches on it.
    #[inline(always)]
    fn side(&self, slot: usize, buy: &str, sell: &str) -> Result<Side, Reason> {
        let text = self.short(slot);
        let is = |told: &str, side: Side| u8::from(text == short(told)) * side.0;
        match is(buy, Side::BUY) + is(sell, Side::SELL) {
            0 => Err(Reason::Value),
            side => Ok(Side(side)),
        }
    }

    /// A UUID.
    fn uuid(&mut self, slot: usize) -> Result<[u8; 16], Reason>;

    /// Whether the name of a stream is a symbol in lower case; short ones only.
    fn is_lower_of(&mut self, stream: usize, symbol: usize) -> bool;

    /// A number at the exponent that it is spelled with.
    fn fixed(&mut self, slot: usize) -> Result<Fixed, Reason>;

    /// Price and quantity of a trade, by slot.
    fn px_and_qty(&mut self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason>;

    /// A best bid and offer, by slot: price and quantity of the bid, then of the offer.
    fn best(&mut self, slots: [usize; 4]) -> Result<Best, Reason>;

    /// Appends the only level of a message to the batch; its powers of ten.
    fn level(&mut self, px: usize, qty: usize) -> Result<Scale, Reason>;

    /// The levels of the message, bids and asks, which are in the batch then; asked once.
    fn sides(&mut self) -> Result<Sides, Reason>;

    /// The levels of one view of a book with two quantities, appended to the batch.
    fn sides_of(&mut self, view: usize) -> Result<Sides, Reason>;

    /// Where the items go.
    fn batch(&mut self) -> &mut Batch;
}
