//! The instruments that a feed carries now, and how one comes and goes.
//!
//! Only what is picked leaves records: streams that are given up speak on for a while, and streams
//! of the whole market speak of everything.

use std::collections::{HashMap, HashSet};

use super::reference::Reference;
use super::select::{self, Pick, Standing};
use super::{Feed, Meta, Outbox};
use crate::instrument::{InstrumentId, Listing};
use crate::record::{Flags, RecordSink};
use crate::venue::Venue;

/// The instruments that are picked.
#[derive(Debug, Default)]
pub(super) struct Picked {
    list: Vec<InstrumentId>,
    /// By index.
    marks: Vec<bool>,
    /// Whether everything is carried (tools that decode recordings).
    all: bool,
}

impl Picked {
    pub(super) fn new(list: Vec<InstrumentId>, all: bool) -> Self {
        let mut picked = Self {
            all,
            ..Self::default()
        };
        picked.replace(list);
        picked
    }

    /// In the order of the picks.
    pub(super) fn list(&self) -> &[InstrumentId] {
        &self.list
    }

    #[inline]
    pub(super) fn has(&self, id: InstrumentId) -> bool {
        self.has_index(id.index())
    }

    #[inline]
    fn has_index(&self, index: usize) -> bool {
        self.all || self.marks.get(index).copied().unwrap_or(false)
    }

    /// Those that were picked before.
    fn replace(&mut self, list: Vec<InstrumentId>) -> Vec<InstrumentId> {
        self.marks.fill(false);
        for id in &list {
            if self.marks.len() <= id.index() {
                self.marks.resize(id.index() + 1, false);
            }
            self.marks[id.index()] = true;
        }
        std::mem::replace(&mut self.list, list)
    }
}

impl<V: Venue> Feed<V> {
    /// Resolves the picks; lines that are open follow.
    pub(super) fn select(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.market.changed = false;
        let symbols = self.resolve_picks();
        let known = self.instruments.all().len();
        // A table that is full takes no more: those that it has go on.
        let chosen = symbols
            .iter()
            .filter_map(|symbol| self.instruments.add(symbol).ok())
            .collect();
        let new = self.instruments.all()[known..].iter();
        let new: Vec<Box<str>> = new.map(|instrument| instrument.symbol.clone()).collect();
        if !new.is_empty() {
            sink.enrol(self.id, &new);
        }
        let before = self.picked.replace(chosen);
        let held: HashSet<InstrumentId> = before.iter().copied().collect();
        let come = self.picked.list().iter().copied();
        let come: Vec<InstrumentId> = come.filter(|id| !held.contains(id)).collect();
        self.introduce_picked(&come, meta, sink);
        for id in before.iter().copied() {
            if !self.picked.has(id) {
                self.audit.forget(id);
                self.gate(meta, sink).release(id);
            }
        }
        if self.remembers && self.can_resolve() {
            // What is picked later was not carried in between: nothing of it is missing.
            self.remembers = false;
            let picked = &self.picked;
            self.streams.retain(|index| picked.has_index(index));
        }
        if self.reference == Reference::Settled && before != self.picked.list() {
            self.arrange(meta.now, out);
        }
    }

    /// Whether everything that the picks are resolved against is there.
    fn can_resolve(&self) -> bool {
        let ranks = self.picks_rank() && self.venue.volumes_query(None).is_some();
        let lacks_volumes = ranks && self.market.volumes.is_empty();
        !(self.market.listed.is_empty() || lacks_volumes)
    }

    fn resolve_picks(&self) -> Vec<Box<str>> {
        let ranked = !self.market.volumes.is_empty();
        let picks = self.options.instruments.iter();
        let picks: Vec<Pick> = picks
            .filter(|pick| ranked || !pick.ranks())
            .cloned()
            .collect();
        let standing = |symbol: &str| match self.instruments.find(symbol) {
            Some(id) if self.instruments.get(id).gone => Standing::Gone,
            Some(id) if self.picked.has(id) => Standing::Picked,
            _ => Standing::Free,
        };
        let mut chosen =
            select::resolve(&picks, &self.market.listed, &self.market.volumes, standing);
        if let Some(share) = &self.options.share {
            chosen.retain(|symbol| share.has(self.id, symbol));
        }
        chosen
    }

    fn introduce_picked(&mut self, come: &[InstrumentId], meta: Meta, sink: &mut impl RecordSink) {
        if come.is_empty() {
            return;
        }
        let listed = std::mem::take(&mut self.market.listed);
        let by_symbol: HashMap<&str, &Listing> = listed
            .iter()
            .map(|listing| (&*listing.symbol, listing))
            .collect();
        for id in come.iter().copied() {
            let known = self.instruments.get_mut(id);
            let listing = by_symbol.get(&*known.symbol);
            if listing.is_some_and(|listing| known.declare(listing)) {
                self.gate(meta, sink).instrument(id, Flags::NONE);
            }
        }
        self.market.listed = listed;
    }
}
