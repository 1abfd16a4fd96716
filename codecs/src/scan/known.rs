//! The values of a message that fits an imprint.

use super::imprint::{CLOCK, Head, Imprint, Numbers, SPOTS, Spot};
use super::message::Reason;
use super::message::stamp::{self, Day};
use super::simd::Isa;
use super::values::{Values, short_of};
use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::record::Level;
use crate::time::Nanos;
use crate::venue::levels::{Best, Scale, Sides};

/// A message of a known form: its numbers are read, its texts are where they were.
pub(super) struct Known<'a, I> {
    pub(super) isa: I,
    pub(super) frame: &'a [u8],
    pub(super) imprint: &'a Imprint,
    pub(super) values: &'a Numbers,
    /// The first part, where the message has several.
    pub(super) head: Option<&'a Head<'a>>,
    pub(super) instrument: &'a Instrument,
    pub(super) batch: &'a mut Batch,
    pub(super) day: &'a mut Day,
}

impl<'a, I> Known<'a, I> {
    /// Where a text stands, and in what.
    #[inline(always)]
    const fn spot(&self, slot: usize) -> (&'a [u8], Spot) {
        match self.head {
            Some(head) if self.imprint.own & 1 << slot == 0 => {
                (head.text, head.spots[slot % SPOTS])
            }
            _ => (self.frame, self.imprint.spots[slot % SPOTS]),
        }
    }

    /// A number that the imprint was made to read in this way.
    #[inline(always)]
    const fn number(&self, ways: u32, slot: usize) -> Result<i64, Reason> {
        if ways & 1 << slot == 0 {
            return Err(Reason::Number);
        }
        Ok(self.values[slot % SPOTS])
    }

    #[inline(always)]
    const fn pair(&self, px: usize, qty: usize) -> Result<Level, Reason> {
        let ways = self.imprint.ways;
        match (self.number(ways.px, px), self.number(ways.qty, qty)) {
            (Ok(px), Ok(qty)) => Ok(Level { px, qty }),
            _ => Err(Reason::Number),
        }
    }
}

impl<I: Isa> Values for Known<'_, I> {
    #[inline(always)]
    fn has(&self, slot: usize) -> bool {
        self.imprint.present & 1 << slot != 0
    }

    #[inline(always)]
    fn instrument(&self) -> Result<&Instrument, Reason> {
        Ok(self.instrument)
    }

    #[inline(always)]
    fn unsigned(&mut self, slot: usize) -> Result<u64, Reason> {
        Ok(self.number(self.imprint.ways.whole, slot)?.cast_unsigned())
    }

    #[inline(always)]
    fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason> {
        if slot != usize::from(self.imprint.stamp) {
            return Err(Reason::Time);
        }
        let (frame, spot) = self.spot(slot);
        let day = frame.get(spot.start()..).and_then(<[u8]>::first_chunk);
        let midnight = self.day.midnight(day.ok_or(Reason::End)?);
        let clock = stamp::clock(self.values[CLOCK], self.values[slot % SPOTS]);
        Ok(midnight.ok_or(Reason::Time)? + clock.ok_or(Reason::Time)?)
    }

    #[inline(always)]
    fn flag(&self, slot: usize) -> bool {
        self.has(slot) && self.spot(slot).1.len() == 4
    }

    #[inline(always)]
    fn text(&self, slot: usize) -> &[u8] {
        let (frame, spot) = self.spot(slot);
        let text = frame.get(spot.start()..spot.start() + spot.len());
        text.unwrap_or(&[])
    }

    #[inline(always)]
    fn short(&self, slot: usize) -> u64 {
        let (frame, spot) = self.spot(slot);
        let word = frame.get(spot.start()..).and_then(<[u8]>::first_chunk);
        word.map_or(0, |word| short_of(u64::from_le_bytes(*word), spot.len()))
    }

    #[inline(always)]
    fn uuid(&mut self, slot: usize) -> Result<[u8; 16], Reason> {
        let (frame, spot) = self.spot(slot);
        let text = frame.get(spot.start()..).and_then(<[u8]>::first_chunk);
        self.isa.uuid(text.ok_or(Reason::End)?).ok_or(Reason::Value)
    }

    /// As it was: neither has changed.
    #[inline(always)]
    fn is_lower_of(&mut self, _stream: usize, _symbol: usize) -> bool {
        self.imprint.is_lower
    }

    #[inline(always)]
    fn fixed(&mut self, slot: usize) -> Result<Fixed, Reason> {
        let mantissa = self.number(self.imprint.ways.fixed, slot)?;
        let places = self.imprint.spots[slot % SPOTS].places;
        Ok(Fixed::new(mantissa, -(places as i8)))
    }

    #[inline(always)]
    fn px_and_qty(&mut self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason> {
        let level = self.pair(px, qty)?;
        let Instrument {
            px_exp, qty_exp, ..
        } = *self.instrument;
        Ok((Fixed::new(level.px, px_exp), Fixed::new(level.qty, qty_exp)))
    }

    #[inline(always)]
    fn best(&mut self, slots: [usize; 4]) -> Result<Best, Reason> {
        let [bid, bid_qty, ask, ask_qty] = slots;
        let (ways, px, qty) = (
            self.imprint.ways,
            1 << bid | 1 << ask,
            1 << bid_qty | 1 << ask_qty,
        );
        if ways.px & px != px || ways.qty & qty != qty {
            return Err(Reason::Number);
        }
        let level = |px: usize, qty: usize| Level {
            px: self.values[px % SPOTS],
            qty: self.values[qty % SPOTS],
        };
        Ok(Best {
            instrument: self.instrument.id,
            scale: Scale::of(self.instrument),
            bid: level(bid, bid_qty),
            ask: level(ask, ask_qty),
        })
    }

    #[inline(always)]
    fn level(&mut self, px: usize, qty: usize) -> Result<Scale, Reason> {
        let level = self.pair(px, qty)?;
        self.batch.levels.push(level);
        Ok(Scale::of(self.instrument))
    }

    #[inline(always)]
    fn sides(&mut self) -> Result<Sides, Reason> {
        let [bids, asks] = self.imprint.levels.ok_or(Reason::Shape)?.map(usize::from);
        let (pairs, _) = self.values[SPOTS..].as_chunks::<2>();
        let levels = pairs.iter().map(|[px, qty]| Level { px: *px, qty: *qty });
        let first = self.batch.levels.len();
        self.batch.levels.extend(levels.take(bids + asks));
        Ok(Sides {
            bids: first..first + bids,
            asks: first + bids..self.batch.levels.len(),
            px_exp: self.instrument.px_exp,
            qty_exp: self.instrument.qty_exp,
        })
    }

    /// Levels with two quantities leave no imprint.
    #[inline(always)]
    fn sides_of(&mut self, _view: usize) -> Result<Sides, Reason> {
        Err(Reason::Shape)
    }

    #[inline(always)]
    fn batch(&mut self) -> &mut Batch {
        self.batch
    }
}
