//! Reference data: before the lines open, and whenever it changes.
//!
//! ```text
//!   listings (REST pages, or the stream) ──> changes become `Instrument` records
//!   turnovers (REST pages, if a ranking wants them) ──> the picks are resolved ──> lines
//! ```
//!
//! Lines wait for it, but not for ever: without it, precisions are learned from the wire.

use std::collections::HashSet;

use super::select::{self, Pick};
use super::sync::BookSync;
use super::{Feed, Meta, Outbox, Want};
use crate::fixed::Fixed;
use crate::instrument::{InstrumentId, Listing};
use crate::record::{Flags, RecordSink, StatusCode};
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// How long lines wait for reference data before they open without it.
const REFERENCE_WAIT: i64 = 15 * SECOND;
/// Pause before reference data is asked for again: a body that is refused at once must not become
/// a storm of requests.
const REFERENCE_PAUSE: i64 = SECOND;
/// The same, once the lines are open.
const REFRESH_PAUSE: i64 = 30 * SECOND;
/// Pages of reference data that are followed; Bybit's linear list has two.
const REFERENCE_PAGES_MAX: u32 = 64;
/// Most listings that are kept to resolve patterns; the venues list about 4,000.
const LISTINGS_MAX: usize = 65_536;

/// How far the feed is with reference data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Not asked for.
    Idle,
    /// Asked, or to be asked again; lines open at the latest at `until`.
    Waiting { until: i64, again: Option<i64> },
    /// Lines are open.
    Settled,
}

/// What the venue lists, as far as the picks need it.
#[derive(Debug, Default)]
pub(super) struct Market {
    /// Everything listed.
    listed: Vec<Listing>,
    /// The pages of the answer that is coming in.
    incoming: Vec<Listing>,
    volumes: Vec<(Box<str>, Fixed)>,
    incoming_volumes: Vec<(Box<str>, Fixed)>,
    /// Whether listings changed since the picks were resolved.
    changed: bool,
    next_refresh: i64,
    refreshing: bool,
}

impl<V: Venue> Feed<V> {
    pub(super) fn begin_reference(
        &mut self,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        self.reference = Reference::Waiting {
            until: meta.now + REFERENCE_WAIT,
            again: None,
        };
        if !self.fetch_reference(0, None, out) {
            self.reference_complete(meta, out, sink);
        }
    }

    pub(super) fn reference_failed(&mut self, meta: Meta) {
        self.market.incoming.clear();
        self.market.incoming_volumes.clear();
        match &mut self.reference {
            Reference::Waiting { again, .. } => *again = Some(meta.now + REFERENCE_PAUSE),
            _ => {
                self.market.refreshing = false;
                self.market.next_refresh = meta.now + REFRESH_PAUSE;
            }
        }
    }

    /// Time passes: asks again, opens lines without, refreshes, resolves the picks anew.
    pub(super) fn await_reference(
        &mut self,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        match &mut self.reference {
            Reference::Idle => {}
            Reference::Waiting { until, .. } if meta.now >= *until => {
                self.settle(meta, out, sink);
            }
            Reference::Waiting { again, .. } => {
                if again.take_if(|at| meta.now >= *at).is_some() {
                    self.fetch_reference(0, None, out);
                }
            }
            Reference::Settled => self.refresh(meta, out, sink),
        }
    }

    fn refresh(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        let due = self.options.refresh_every > 0 && meta.now >= self.market.next_refresh;
        if due && !self.market.refreshing {
            self.market.refreshing = true;
            self.market.next_refresh = meta.now + self.options.refresh_every;
            if !self.fetch_reference(0, None, out) {
                self.market.refreshing = false;
                self.fetch_volumes(0, None, out);
            }
        } else if std::mem::take(&mut self.market.changed) && self.picks_are_open() {
            self.select(meta, out, sink);
        }
    }

    /// The venue says that its listings changed.
    pub(super) fn on_relisted(&mut self, now: i64) {
        self.market.next_refresh = self.market.next_refresh.min(now);
    }

    fn picks_are_open(&self) -> bool {
        self.options.instruments.iter().any(Pick::is_open)
    }

    fn picks_rank(&self) -> bool {
        self.options.instruments.iter().any(Pick::ranks)
    }

    fn fetch_reference(&mut self, page: u32, cursor: Option<&str>, out: &mut Outbox) -> bool {
        let query = self.venue.reference_query(cursor);
        let asked = query.is_some();
        if let Some(query) = query {
            out.fetch(Want::Reference { page }, query);
        }
        asked
    }

    fn fetch_volumes(&mut self, page: u32, cursor: Option<&str>, out: &mut Outbox) -> bool {
        let query = self
            .picks_rank()
            .then(|| self.venue.volumes_query(cursor))
            .flatten();
        let asked = query.is_some();
        if let Some(query) = query {
            out.fetch(Want::Volumes { page }, query);
        }
        asked
    }

    pub(super) fn on_reference(
        &mut self,
        page: u32,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        let next = self.venue.decode_reference(body, &mut self.batch)?;
        if page == 0 {
            self.market.incoming.clear();
        }
        self.deliver(meta, None, out, sink);
        match next {
            Some(cursor) if page < REFERENCE_PAGES_MAX => {
                self.fetch_reference(page + 1, Some(&cursor), out);
            }
            _ => {
                self.delist(meta, sink);
                self.reference_complete(meta, out, sink);
            }
        }
        Ok(())
    }

    pub(super) fn on_volumes(
        &mut self,
        page: u32,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        if page == 0 {
            self.market.incoming_volumes.clear();
        }
        let next = self
            .venue
            .decode_volumes(body, &mut self.market.incoming_volumes)?;
        match next {
            Some(cursor) if page < REFERENCE_PAGES_MAX => {
                self.fetch_volumes(page + 1, Some(&cursor), out);
            }
            _ => {
                self.market.volumes = std::mem::take(&mut self.market.incoming_volumes);
                self.select(meta, out, sink);
                self.settle(meta, out, sink);
            }
        }
        Ok(())
    }

    /// All pages of the listings are in.
    fn reference_complete(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.market.refreshing = false;
        if self.fetch_volumes(0, None, out) {
            return;
        }
        if self.picks_are_open() {
            self.select(meta, out, sink);
        }
        self.settle(meta, out, sink);
    }

    /// One listing came: from REST as part of the whole, from the stream as news.
    pub(super) fn on_listing(&mut self, listing: &Listing, meta: Meta, sink: &mut impl RecordSink) {
        let by_rest = self.venue.reference_query(None).is_some();
        if by_rest && self.market.incoming.len() < LISTINGS_MAX {
            self.market.incoming.push(listing.clone());
        } else if self.picks_are_open() {
            self.market.upsert(listing);
        }
        if let Ok(id) = self.instruments.resolve(&listing.symbol)
            && self.instruments.get_mut(id).declare(listing)
        {
            self.gate(meta, sink).instrument(id, Flags::NONE);
        }
    }

    /// The answer is whole: instruments that it does not list any more are gone.
    fn delist(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let incoming = std::mem::take(&mut self.market.incoming);
        let listed: HashSet<&str> = incoming.iter().map(|listing| &*listing.symbol).collect();
        let gone = |known: &&crate::instrument::Instrument| {
            known.declared && !known.gone && !listed.contains(&*known.symbol)
        };
        let known = self.instruments.all().iter();
        let gone: Vec<InstrumentId> = known.filter(gone).map(|known| known.id).collect();
        for id in gone {
            self.instruments.get_mut(id).remove();
            self.gate(meta, sink).instrument(id, Flags::NONE);
        }
        self.market.listed = incoming;
        self.market.changed = true;
        self.report_unlisted(meta, sink);
    }

    /// Named symbols that the whole reference data does not list are told once.
    fn report_unlisted(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let unknown = |id: &InstrumentId| !self.instruments.get(*id).declared;
        let unlisted: Vec<InstrumentId> = self
            .subscribed
            .iter()
            .copied()
            .filter(unknown)
            .filter(|id| !self.unlisted.contains(id))
            .collect();
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

    /// Resolves the picks; lines that are open follow.
    fn select(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.market.changed = false;
        let ranked = !self.market.volumes.is_empty();
        let picks: Vec<Pick> = self
            .options
            .instruments
            .iter()
            .filter(|pick| ranked || !pick.ranks())
            .cloned()
            .collect();
        let symbols = select::resolve(&picks, &self.market.listed, &self.market.volumes);
        let mut chosen = Vec::with_capacity(symbols.len());
        let known = self.instruments.all().len();
        for symbol in &symbols {
            // A table that is full takes no more: those that it has go on.
            if let Ok(id) = self.instruments.add(symbol) {
                chosen.push(id);
            }
        }
        let new = self.instruments.all()[known..].iter();
        let new: Vec<Box<str>> = new.map(|instrument| instrument.symbol.clone()).collect();
        if !new.is_empty() {
            sink.enrol(self.id, &new);
        }
        let before = std::mem::replace(&mut self.subscribed, chosen);
        self.introduce_chosen(&before, meta, sink);
        self.forget_dropped(&before);
        if self.reference == Reference::Settled && before != self.subscribed {
            self.arrange(meta.now, out);
        }
    }

    fn introduce_chosen(
        &mut self,
        before: &[InstrumentId],
        meta: Meta,
        sink: &mut impl RecordSink,
    ) {
        for id in self.subscribed.clone() {
            if before.contains(&id) {
                continue;
            }
            let symbol = self.instruments.get(id).symbol.clone();
            let listed = self.market.listed.iter();
            let Some(listing) = listed.into_iter().find(|listing| listing.symbol == symbol) else {
                continue;
            };
            if self.instruments.get_mut(id).declare(listing) {
                self.gate(meta, sink).instrument(id, Flags::NONE);
            }
        }
    }

    /// An instrument that is no longer carried begins anew if it comes back.
    fn forget_dropped(&mut self, before: &[InstrumentId]) {
        for id in before.iter().filter(|id| !self.subscribed.contains(id)) {
            for (_, book) in self.books.of_instrument(*id) {
                *book = BookSync::default();
            }
            for channel in Channel::all() {
                self.streams.forget(StreamKey {
                    instrument: *id,
                    channel,
                });
            }
        }
    }

    fn settle(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        if self.reference == Reference::Settled {
            return;
        }
        // Where reference data never came, nothing can be said about names.
        if !self.market.listed.is_empty() {
            self.report_unlisted(meta, sink);
        }
        self.reference = Reference::Settled;
        self.market.next_refresh = meta.now + self.options.refresh_every;
        self.arrange(meta.now, out);
    }
}

impl Market {
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
