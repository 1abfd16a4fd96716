//! Which symbol an instrument id means, learned from the records that say so.

use std::collections::HashMap;

use feedd_codecs::{InstrumentId, Record};

/// Most symbols that are remembered: a feed carries at most 65,536, and there are nine venues.
const SYMBOLS_MAX: usize = 9 * 65_536;

/// The venue's spelling of each instrument met so far.
#[derive(Clone, Debug, Default)]
pub struct Symbols(HashMap<InstrumentId, Box<str>>);

impl Symbols {
    /// Remembers the symbol of an `Instrument` record; other records say nothing new.
    pub fn learn(&mut self, record: &Record<'_>) {
        let Record::Instrument(head, text) = record else {
            return;
        };
        let id = head.header.instrument;
        if self.of(id) != Some(text.symbol) && self.0.len() < SYMBOLS_MAX {
            self.0.insert(id, text.symbol.into());
        }
    }

    /// The symbol of an instrument; nothing for an id that no record has introduced yet.
    #[must_use]
    pub fn of(&self, id: InstrumentId) -> Option<&str> {
        self.0.get(&id).map(|symbol| &**symbol)
    }
}
