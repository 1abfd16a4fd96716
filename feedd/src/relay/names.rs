//! Instrument ids: each journal gives its own, so a source's ids become the relay's.
//!
//! A roster is text, one line an instrument, and never renumbered; the relay gives its own ids to
//! what it meets. A relay of one source, and of sources with the same list of instruments, ends up
//! with the sources' ids; its records then are the sources' bytes.

use std::collections::HashMap;

use feedd_codecs::{InstrumentId, VenueId};

use crate::exit::Failure;
use crate::roster::{self, Roster};

/// Where in a record its instrument stands.
const ID_AT: std::ops::Range<usize> = 8..12;

/// A source's ids in terms of the relay's.
#[derive(Debug, Default)]
pub struct Names {
    own: HashMap<u32, u32>,
}

impl Names {
    /// Takes over a source's roster; new instruments get ids in `roster`, which is made durable.
    /// Lines that are none are left out: their ids stay unknown.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the relay's roster cannot be written.
    pub fn learn(&mut self, text: &str, roster: &mut Roster) -> Result<(), Failure> {
        let mut by_venue: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
        for (venue, index, symbol) in text.lines().filter_map(roster::parse) {
            by_venue.entry(venue).or_default().push((index, symbol));
        }
        for (venue, listed) in by_venue {
            let Some(id) = venue_id(venue) else { continue };
            let known = |roster: &Roster| -> HashMap<String, usize> {
                let symbols = roster.symbols(venue).iter().cloned();
                symbols.zip(0..).collect()
            };
            let mut own = known(roster);
            let new = listed.iter().map(|(_, symbol)| *symbol);
            let new: Vec<Box<str>> = new
                .filter(|symbol| !own.contains_key(*symbol))
                .map(Box::from)
                .collect();
            if !new.is_empty() {
                roster.enrol(venue, &new)?;
                own = known(roster);
            }
            self.own.extend(listed.iter().filter_map(|(index, symbol)| {
                let theirs = InstrumentId::new(id, u32::try_from(*index).ok()?);
                let ours = u32::try_from(*own.get(*symbol)?).ok()?;
                Some((theirs.0, InstrumentId::new(id, ours).0))
            }));
        }
        Ok(())
    }

    /// Whether a record's instrument has an id here.
    #[must_use]
    pub fn knows(&self, record: &[u8]) -> bool {
        match id_of(record) {
            None | Some(InstrumentId::NONE) => true,
            Some(id) => self.own.contains_key(&id.0),
        }
    }

    /// The record with the relay's id.
    #[must_use]
    pub fn translate(&self, record: &[u8]) -> Box<[u8]> {
        let mut bytes: Box<[u8]> = record.into();
        let ours = id_of(record).and_then(|id| self.own.get(&id.0));
        if let (Some(ours), Some(place)) = (ours, bytes.get_mut(ID_AT)) {
            place.copy_from_slice(&ours.to_le_bytes());
        }
        bytes
    }
}

fn id_of(record: &[u8]) -> Option<InstrumentId> {
    let bytes = record.get(ID_AT)?.try_into().ok()?;
    Some(InstrumentId(u32::from_le_bytes(bytes)))
}

fn venue_id(name: &str) -> Option<VenueId> {
    let (exchange, product) = name.split_once('-')?;
    VenueId::from_names(exchange, product)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn record(venue: VenueId, index: u32) -> Vec<u8> {
        let mut bytes = vec![7; 64];
        let id = InstrumentId::new(venue, index).0.to_le_bytes();
        bytes.get_mut(ID_AT).unwrap().copy_from_slice(&id);
        bytes
    }

    #[test]
    fn two_sources_share_the_ids_of_what_they_share() {
        let dir = tempfile::tempdir().unwrap();
        let mut roster = Roster::load(dir.path()).unwrap();
        let (mut one, mut two) = (Names::default(), Names::default());
        one.learn(
            "kraken-spot 0 BTC/USD\nkraken-spot 1 ETH/USD\n",
            &mut roster,
        )
        .unwrap();
        two.learn(
            "kraken-spot 0 SOL/USD\nkraken-spot 1 BTC/USD\nbybit-spot 0 BTCUSDT\n",
            &mut roster,
        )
        .unwrap();
        let spot = VenueId::KRAKEN_SPOT;
        let same = record(spot, 1);
        assert_eq!(*one.translate(&same), *same);
        assert_eq!(*two.translate(&record(spot, 0)), *record(spot, 2));
        assert_eq!(*two.translate(&record(spot, 1)), *record(spot, 0));
        let bybit = record(VenueId::BYBIT_SPOT, 0);
        assert!(two.knows(&bybit) && !one.knows(&bybit));
        assert_eq!(
            Roster::load(dir.path())
                .unwrap()
                .symbols("kraken-spot")
                .len(),
            3
        );
    }

    #[test]
    fn records_of_no_instrument_are_known_and_stay_as_they_are() {
        let names = Names::default();
        let mut line = vec![7; 64];
        line.get_mut(ID_AT).unwrap().fill(0);
        assert!(names.knows(&line) && names.knows(&[1, 2]));
        assert_eq!(*names.translate(&line), *line);
    }

    #[test]
    fn lines_that_are_no_roster_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let mut roster = Roster::load(dir.path()).unwrap();
        let mut names = Names::default();
        names
            .learn(
                "nonsense\nmars-spot 0 X\nkraken-spot 99999999999 Y\n",
                &mut roster,
            )
            .unwrap();
        assert!(!names.knows(&record(VenueId::KRAKEN_SPOT, 0)));
    }
}
