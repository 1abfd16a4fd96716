//! The known instruments by their venue's spelling.

use std::collections::HashMap;

use feedd_codecs::Instruments;

use super::record::Head;

/// What a program that decodes keeps of an instrument.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    index: u32,
    /// Places behind the point.
    pub px_places: u8,
    pub qty_places: u8,
}

impl Known {
    /// The head of a record of it.
    pub fn head(self, seq: u64, ts_venue: i64, ts_send: i64) -> Head {
        Head {
            instrument: self.index,
            seq,
            ts_venue,
            ts_send,
            px_exp: -self.px_places.cast_signed(),
            qty_exp: -self.qty_places.cast_signed(),
        }
    }
}

/// A table with the fastest hash for short texts that is at hand; nothing is allocated to ask it.
pub struct Symbols(HashMap<Box<str>, Known, foldhash::fast::FixedState>);

impl Symbols {
    /// The instruments of `all`, by the places that their reference data declares.
    pub fn new(all: &Instruments) -> Self {
        let known = all.all().iter().map(|instrument| {
            let known = Known {
                index: instrument.id.0,
                px_places: instrument.px_exp.unsigned_abs(),
                qty_places: instrument.qty_exp.unsigned_abs(),
            };
            (instrument.symbol.clone(), known)
        });
        Self(known.collect())
    }

    pub fn find(&self, symbol: &str) -> Option<Known> {
        self.0.get(symbol).copied()
    }
}
