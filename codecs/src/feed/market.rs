//! What the venue lists, and when a list of it is believed.
//!
//! A whole list removes what it does not name. So an empty one is never believed, and one of less
//! than half of what was known only when it has come [`BELIEVED_AFTER`] times in a row: a venue's
//! faulty answer must not end every stream.

use std::collections::HashSet;

use super::reference::LISTINGS_MAX;
use super::{Feed, Meta};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Listing};
use crate::record::{Flags, RecordSink, StatusCode};
use crate::venue::{Channel, StreamKey, Venue};

/// A much smaller list is believed when it has come this often in a row. With the pauses between,
/// that is after seven and a half minutes.
const BELIEVED_AFTER: u32 = 5;

/// What the venue lists, as far as the picks need it.
#[derive(Debug, Default)]
pub(super) struct Market {
    /// Everything listed.
    pub(super) listed: Vec<Listing>,
    /// The pages of the list that is coming in.
    pub(super) incoming: Vec<Listing>,
    /// Turnovers of 24 hours, by symbol.
    pub(super) volumes: Vec<(Box<str>, Fixed)>,
    /// The pages of the turnovers that are coming in.
    pub(super) incoming_volumes: Vec<(Box<str>, Fixed)>,
    /// Whether listings changed since the picks were resolved.
    pub(super) changed: bool,
    /// Whether the last list was believed.
    lists: Trust,
    /// Whether the last turnovers were believed.
    rankings: Trust,
}

/// Lists in a row that were not believed.
#[derive(Debug, Default)]
struct Trust {
    doubts: u32,
}

impl Trust {
    /// Whether a list of `told` entries is believed after one of `known`.
    fn believes(&mut self, known: usize, told: usize) -> bool {
        let plausible = told > 0 && told >= known - known / 2 && told < LISTINGS_MAX;
        let repeated = told > 0 && told < LISTINGS_MAX && self.doubts + 1 >= BELIEVED_AFTER;
        let believed = plausible || repeated;
        self.doubts = if believed {
            0
        } else {
            self.doubts.saturating_add(1)
        };
        believed
    }
}

impl<V: Venue> Feed<V> {
    /// One listing came, as part of a whole list or as news.
    pub(super) fn on_listing(
        &mut self,
        listing: &Listing,
        part: bool,
        meta: Meta,
        sink: &mut impl RecordSink,
    ) {
        if !part {
            self.market.upsert(listing);
        } else if self.market.incoming.len() < LISTINGS_MAX {
            self.market.incoming.push(listing.clone());
        }
        if let Ok(id) = self.instruments.resolve(&listing.symbol)
            && self.instruments.get_mut(id).declare(listing)
        {
            self.gate(meta, sink).instrument(id, Flags::NONE);
        }
    }

    /// The venue says that it does not list a symbol any more.
    pub(super) fn on_delisted(&mut self, symbol: &str, meta: Meta, sink: &mut impl RecordSink) {
        self.market.listed.retain(|held| *held.symbol != *symbol);
        self.market.changed = true;
        if let Some(id) = self.instruments.find(symbol) {
            self.withdraw(id, meta, sink);
        }
    }

    /// The list that came in is whole: instruments that it does not name are gone. Whether it is
    /// believed; if it is not, nothing has changed.
    pub(super) fn complete_list(&mut self, meta: Meta, sink: &mut impl RecordSink) -> bool {
        let incoming = std::mem::take(&mut self.market.incoming);
        let (known, told) = (self.market.listed.len(), incoming.len());
        if !self.market.lists.believes(known, told) {
            self.doubt(known, told, meta, sink);
            return false;
        }
        let listed: HashSet<&str> = incoming.iter().map(|listing| &*listing.symbol).collect();
        let unnamed = |known: &&Instrument| known.declared && !listed.contains(&*known.symbol);
        let known = self.instruments.all().iter();
        let unnamed: Vec<InstrumentId> = known.filter(unnamed).map(|known| known.id).collect();
        for id in unnamed {
            self.withdraw(id, meta, sink);
        }
        self.market.listed = incoming;
        self.market.changed = true;
        self.report_unlisted(meta, sink);
        true
    }

    /// As [`Feed::complete_list`], for the turnovers.
    pub(super) fn complete_volumes(&mut self, meta: Meta, sink: &mut impl RecordSink) -> bool {
        let incoming = std::mem::take(&mut self.market.incoming_volumes);
        let (known, told) = (self.market.volumes.len(), incoming.len());
        let believed = self.market.rankings.believes(known, told);
        if believed {
            self.market.volumes = incoming;
            self.market.changed = true;
        } else {
            self.doubt(known, told, meta, sink);
        }
        believed
    }

    fn doubt(&mut self, known: usize, told: usize, meta: Meta, sink: &mut impl RecordSink) {
        self.counts.doubted += 1;
        let text = format!("{told} listed, {known} known");
        let key = StreamKey {
            instrument: InstrumentId::NONE,
            channel: Channel::REFERENCE,
        };
        self.gate(meta, sink)
            .stream_status(key, StatusCode::DOUBTED, &text);
    }

    fn withdraw(&mut self, id: InstrumentId, meta: Meta, sink: &mut impl RecordSink) {
        let known = self.instruments.get_mut(id);
        if known.generation > 0 && !known.gone {
            known.remove();
            self.gate(meta, sink).instrument(id, Flags::NONE);
        }
    }

    /// Named symbols that the whole reference data does not list are told once.
    pub(super) fn report_unlisted(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let unknown = |id: &InstrumentId| !self.instruments.get(*id).declared;
        let named = self.picked.list().iter().copied().filter(unknown);
        let unlisted: Vec<InstrumentId> = named.filter(|id| !self.unlisted.contains(id)).collect();
        for instrument in unlisted {
            self.unlisted.push(instrument);
            let text = self.instruments.get(instrument).symbol.clone();
            let key = StreamKey {
                instrument,
                channel: Channel::REFERENCE,
            };
            self.gate(meta, sink)
                .stream_status(key, StatusCode::UNLISTED, &text);
        }
    }
}

impl Market {
    /// Whether the last list was not believed.
    pub(super) const fn is_doubtful(&self) -> bool {
        self.lists.doubts > 0
    }

    /// Forgets the pages that came of a list that will not be whole.
    pub(super) fn drop_incoming(&mut self) {
        self.incoming.clear();
        self.incoming_volumes.clear();
    }

    /// Takes over one listing from the stream.
    fn upsert(&mut self, listing: &Listing) {
        let known = self
            .listed
            .iter()
            .position(|held| held.symbol == listing.symbol);
        if let Some(at) = known {
            self.changed |= self.listed[at].terms.state != listing.terms.state;
            self.listed[at].clone_from(listing);
        } else if self.listed.len() < LISTINGS_MAX {
            self.listed.push(listing.clone());
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_half_is_believed_when_repeated_and_nothing_never() {
        let mut trust = Trust::default();
        assert!(trust.believes(0, 1) && trust.believes(4, 2) && trust.believes(3, 2));
        assert!(!trust.believes(3, 1) && trust.believes(3, 3));
        let answers: Vec<bool> = (0..5).map(|_| trust.believes(100, 49)).collect();
        assert_eq!(answers, [false, false, false, false, true]);
        assert!((0..100).all(|_| !trust.believes(1, 0)));
        assert!(!trust.believes(100, LISTINGS_MAX));
    }
}
