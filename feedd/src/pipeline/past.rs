//! What the run before had of each trade stream, so that its unannounced end is a hole with bounds.
//!
//! Only the newest segments are read: a stream whose last trade is older than those had none for a
//! long time, and its hole keeps unknown bounds.

use std::collections::HashMap;
use std::path::Path;

use feedd_codecs::record::{Conditions, Flags, Trade};
use feedd_codecs::{InstrumentId, Record, VenueId};
use feedd_storage::{LogReader, Start};

/// Segments that are read back: the newest, and the one before in case that one has just begun.
const SEGMENTS: usize = 2;

/// The newest trade of each stream.
#[derive(Debug, Default)]
pub(super) struct Past(HashMap<(InstrumentId, bool), Trade>);

impl Past {
    /// Reads the end of a log of records. What cannot be read is not known: the gaps that tell of the
    /// restart stand in any case.
    pub(super) fn read(records: &Path) -> Self {
        let mut past = Self::default();
        let Ok(segments) = feedd_storage::segments(records) else {
            return past;
        };
        let newest = segments.len().saturating_sub(SEGMENTS);
        let Some(first) = segments.get(newest) else {
            return past;
        };
        let Ok(mut reader) = LogReader::open(records, Start::Seq(first.first_seq)) else {
            return past;
        };
        while let Ok(Some(frame)) = reader.next() {
            if let Ok(Record::Trade(trade)) = Record::parse(frame.payload) {
                past.note(trade);
            }
        }
        past
    }

    fn note(&mut self, trade: &Trade) {
        if trade.header.flags.contains(Flags::BACKFILL) {
            return;
        }
        let aggregate = trade.conditions.contains(Conditions::AGGREGATE);
        let held = self.0.entry((trade.header.instrument, aggregate));
        let held = held.or_insert(*trade);
        let newer =
            (trade.header.seq, trade.header.ts_venue) >= (held.header.seq, held.header.ts_venue);
        if newer {
            *held = *trade;
        }
    }

    /// The trades of one venue.
    pub(super) fn of(&self, venue: VenueId) -> impl Iterator<Item = &Trade> {
        let own = move |trade: &&Trade| trade.header.instrument.venue() == venue;
        self.0.values().filter(own)
    }
}
