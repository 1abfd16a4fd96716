//! One line: its streams and how far they are.

mod requests;

use std::collections::{HashMap, HashSet, VecDeque};

use super::liveness::Pulse;
use crate::instrument::{InstrumentId, Instruments};
use crate::venue::{Ask, Stream, StreamKey, Venue};
use requests::Request;

/// How far a stream's subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not asked for on this connection.
    Wanted,
    /// Asked for, no answer yet.
    Asked,
    /// The venue said yes. That is no proof that data will come.
    Acknowledged,
    /// Data came.
    Live,
    /// The venue said no.
    Refused,
}

/// A stream's place on a line.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) key: StreamKey,
    pub(super) stage: Stage,
    pub(super) pulse: Pulse,
    name: Box<str>,
}

/// One connection's worth of streams.
#[derive(Debug)]
pub struct Line {
    id: u16,
    replica: u8,
    path: &'static str,
    slots: Vec<Slot>,
    /// Where each stream stands; several stand together where the venue has one name for them.
    places: HashMap<StreamKey, usize, foldhash::fast::FixedState>,
    names: HashMap<Box<str>, StreamKey, foldhash::fast::FixedState>,
    chars: usize,
    spacing: i64,
    queue: VecDeque<Request>,
    pending: Vec<Request>,
    open: bool,
    /// When it was made.
    pub(super) made: i64,
    /// When it connected, or was made while it never did.
    pub(super) since: i64,
    /// When the venue last acknowledged a subscription on it.
    pub(super) settled: i64,
    /// Until then it is not replaced: the last attempt came to nothing.
    pub(super) rests_until: i64,
    /// The line that takes over from this one.
    pub(super) successor: Option<u16>,
    /// Why it should be replaced soon.
    pub(super) tired: Option<&'static str>,
    next_send: i64,
    next_ping: i64,
    next_number: u64,
}

impl Line {
    pub(super) fn new(id: u16, replica: u8, path: &'static str, spacing: i64, now: i64) -> Self {
        Self {
            id,
            replica,
            path,
            slots: Vec::new(),
            places: HashMap::default(),
            names: HashMap::default(),
            chars: 0,
            spacing,
            queue: VecDeque::new(),
            pending: Vec::new(),
            open: false,
            made: now,
            since: now,
            settled: now,
            rests_until: i64::MIN,
            successor: None,
            tired: None,
            next_send: 0,
            next_ping: 0,
            next_number: 1,
        }
    }

    /// A line that takes over from this one: the same streams, with what is known of their pace.
    pub(super) fn heir(&self, id: u16, now: i64) -> Self {
        let mut heir = Self::new(id, self.replica, self.path, self.spacing, now);
        heir.slots.clone_from(&self.slots);
        heir.places.clone_from(&self.places);
        heir.names.clone_from(&self.names);
        heir.chars = self.chars;
        heir.forget_requests();
        heir
    }

    /// Adds a stream under the name that requests give it.
    pub(super) fn add(&mut self, key: StreamKey, name: String) {
        self.chars += characters(&name);
        let name: Box<str> = name.into();
        self.places.insert(key, self.slots.len());
        self.names.insert(name.clone(), key);
        self.slots.push(Slot {
            key,
            stage: Stage::Wanted,
            pulse: Pulse::default(),
            name,
        });
    }

    /// The stream that runs here under a name.
    pub(super) fn under(&self, name: &str) -> Option<StreamKey> {
        self.names.get(name).copied()
    }

    /// `also` comes in the stream of `key`.
    pub(super) fn alias(&mut self, key: StreamKey, also: StreamKey) {
        if let Some(place) = self.places.get(&key).copied() {
            self.places.insert(also, place);
        }
    }

    /// The streams in which none of `keep` comes.
    pub(super) fn without(&self, keep: &HashSet<StreamKey>) -> Vec<StreamKey> {
        let mut used = vec![false; self.slots.len()];
        for (key, place) in &self.places {
            used[*place] |= keep.contains(key);
        }
        let unused = self.slots.iter().zip(used).filter(|(_, used)| !used);
        unused.map(|(slot, _)| slot.key).collect()
    }

    /// Takes streams out.
    pub(super) fn remove(&mut self, gone: &[StreamKey]) {
        let old = std::mem::take(&mut self.slots);
        let mut moved = vec![None; old.len()];
        self.names.clear();
        self.chars = 0;
        for (at, slot) in old.into_iter().enumerate() {
            if gone.contains(&slot.key) {
                continue;
            }
            moved[at] = Some(self.slots.len());
            self.chars += characters(&slot.name);
            self.names.insert(slot.name.clone(), slot.key);
            self.slots.push(slot);
        }
        self.places = std::mem::take(&mut self.places)
            .into_iter()
            .filter_map(|(key, at)| Some((key, moved[at]?)))
            .collect();
    }

    /// Whether another stream of that name fits.
    pub(super) fn has_room<V: Venue>(&self, venue: &V, name: &str) -> bool {
        self.slots.len() < venue.limits(self.path).streams_per_line
            && self.chars + characters(name) <= venue.facts().name_chars_per_line
            && self.successor.is_none()
    }

    pub(super) fn slot(&self, key: StreamKey) -> Option<&Slot> {
        self.places.get(&key).map(|at| &self.slots[*at])
    }

    pub(super) fn slot_mut(&mut self, key: StreamKey) -> Option<&mut Slot> {
        self.places.get(&key).map(|at| &mut self.slots[*at])
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    /// The line's number.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// Which of the redundant lines it is, from 0.
    #[must_use]
    pub const fn replica(&self) -> u8 {
        self.replica
    }

    /// Its path below the venue's WebSocket URL.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whether it is connected.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Its streams and how far each subscription is.
    pub fn streams(&self) -> impl Iterator<Item = (StreamKey, Stage)> + '_ {
        self.slots.iter().map(|slot| (slot.key, slot.stage))
    }

    /// Whether it delivers `key`, or would as soon as something happens. What a quiet book missed in
    /// between shows by its numbers or its checksum.
    pub(super) fn covers(&self, key: StreamKey) -> bool {
        let stage = self.slot(key).map(|slot| slot.stage);
        self.open && matches!(stage, Some(Stage::Live | Stage::Acknowledged))
    }

    /// The most that asking for all its streams takes at the venue's pace.
    pub(super) fn asking_time(&self) -> i64 {
        let requests = i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        self.spacing.saturating_mul(requests)
    }

    /// The streams whose subscription has come so far, with those that come under their names.
    pub(super) fn carried(&self, has: impl Fn(Stage) -> bool) -> Vec<StreamKey> {
        let places = self.places.iter().map(|(key, at)| (*at, *key));
        let mut keys: Vec<(usize, StreamKey)> = places
            .filter(|(at, _)| has(self.slots[*at].stage))
            .collect();
        keys.sort_unstable_by_key(|(at, key)| (*at, key.channel, key.instrument));
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// Every stream that comes under the name of `key`, itself included.
    pub(super) fn sharing(&self, key: StreamKey) -> Vec<StreamKey> {
        let place = self.places.get(&key);
        let same = self.places.iter().filter(|(_, at)| Some(*at) == place);
        let mut keys: Vec<StreamKey> = same.map(|(key, _)| *key).collect();
        keys.sort_unstable_by_key(|key| (key.channel, key.instrument));
        keys
    }

    /// Connected: queues the subscription of every stream.
    pub(super) fn open<V: Venue>(&mut self, venue: &V, instruments: &Instruments, now: i64) {
        self.forget_requests();
        self.open = true;
        (self.since, self.tired) = (now, None);
        self.next_send = now;
        self.next_ping = now + venue.facts().ping_every;
        let keys: Vec<StreamKey> = self.slots.iter().map(|slot| slot.key).collect();
        self.ask(venue, instruments, Ask::Subscribe, &keys);
    }

    /// Disconnected.
    pub(super) fn close(&mut self, now: i64) {
        self.forget_requests();
        (self.open, self.since) = (false, now);
    }

    /// Data of a stream came; whether it had been too quiet.
    #[inline]
    pub(super) fn data_came(&mut self, key: StreamKey, now: i64) -> bool {
        self.slot_mut(key).is_some_and(|slot| {
            slot.stage = Stage::Live;
            slot.pulse.beat(now)
        })
    }

    /// Moves a stream's stage; an answer that comes after data does not take it back.
    fn advance(&mut self, key: StreamKey, stage: Stage, now: i64) {
        if let Some(slot) = self.slot_mut(key)
            && (slot.stage != Stage::Live || stage == Stage::Refused)
        {
            slot.stage = stage;
            slot.pulse.begin(now);
        }
    }
}

/// What a name takes of a request: its quotes and the comma count.
const fn characters(name: &str) -> usize {
    name.len() + 3
}

/// A stream with the name that the venue knows it by.
pub(super) fn named<'a, V: Venue>(
    venue: &V,
    key: StreamKey,
    instruments: &'a Instruments,
) -> Stream<'a> {
    let symbol = if key.instrument == InstrumentId::NONE {
        ""
    } else {
        venue.stream_symbol(key.channel, instruments.get(key.instrument))
    };
    Stream { key, symbol }
}
