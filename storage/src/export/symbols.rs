//! Which symbol an instrument id means, learned from the records that say so.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use feedd_codecs::{InstrumentId, Record, VenueId};
use foldhash::fast::RandomState;

/// The daemon's file in the journal's directory: one line an instrument, `binance-spot 0 BTCUSDT`,
/// durable before the first record that uses the id.
const ROSTER: &str = "instruments";

/// Most symbols that are remembered: a feed carries at most 65,536, and there are nine venues.
const SYMBOLS_MAX: usize = 9 * 65_536;

/// The venue's spelling of each instrument met so far.
#[derive(Clone, Debug, Default)]
pub struct Symbols(HashMap<InstrumentId, Box<str>, RandomState>);

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

    /// Adds what the roster of the journal in `dir` says; false if it has none (a journal that was not
    /// written by the daemon). Lines that are none of the roster's are passed over.
    ///
    /// # Errors
    ///
    /// The operating system's, if there is a roster and it cannot be read.
    pub fn read_roster(&mut self, dir: &Path) -> io::Result<bool> {
        let text = match fs::read_to_string(dir.join(ROSTER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        for (id, symbol) in text.lines().filter_map(instrument) {
            if self.of(id) != Some(symbol) && self.0.len() < SYMBOLS_MAX {
                self.0.insert(id, symbol.into());
            }
        }
        Ok(true)
    }

    /// The symbol of an instrument; nothing for an id that no record has introduced yet.
    #[must_use]
    pub fn of(&self, id: InstrumentId) -> Option<&str> {
        self.0.get(&id).map(|symbol| &**symbol)
    }
}

fn instrument(line: &str) -> Option<(InstrumentId, &str)> {
    let mut parts = line.splitn(3, ' ');
    let (exchange, product) = parts.next()?.split_once('-')?;
    let venue = VenueId::from_names(exchange, product)?;
    let index = parts.next()?.parse().ok()?;
    Some((InstrumentId::new(venue, index), parts.next()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_roster_names_what_no_record_has_introduced() {
        let dir = tempfile::tempdir().unwrap();
        let mut symbols = Symbols::default();
        assert!(!symbols.read_roster(dir.path()).unwrap());
        let text =
            "kraken-spot 0 BTC/USD\nkraken-spot 1 ETH/USD\nnowhere-spot 0 X\nbybit-linear 7 ";
        fs::write(dir.path().join(ROSTER), format!("{text}A B\n")).unwrap();
        assert!(symbols.read_roster(dir.path()).unwrap());
        let of = |venue, index| symbols.of(InstrumentId::new(venue, index));
        assert_eq!(of(VenueId::KRAKEN_SPOT, 1), Some("ETH/USD"));
        assert_eq!(of(VenueId::BYBIT_LINEAR, 7), Some("A B"));
        assert_eq!(of(VenueId::KRAKEN_SPOT, 2), None);
    }
}
