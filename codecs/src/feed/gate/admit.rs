//! Which messages are taken: the first copy of each, and what fills a hole.
//!
//! | numbering | taken | dropped and counted | gap |
//! |---|---|---|---|
//! | consecutive | the next; one ahead (a hole opens); one that is missing (flag `LATE`) | any other | when a hole is older than the wait |
//! | rising | a higher number; a lower one that no line brought (flag `LATE`) | the same or a lower one | none: the venue skips numbers itself |
//! | ids | an unknown id | a known one | only when all lines were down |
//! | none, one line | everything (flag `LATE` if stamped before a newer one) | the same state of the same moment once more | only when the line was down |
//! | none, several lines | the n-th of its content, whichever line brings it first (flag `LATE` after a newer one); not whole statistics older than the newest | its copies, the same state of the same moment once more | only when all lines were down |
//!
//! What stamps tell is in `clock.rs`, what rising numbers tell in `rising.rs`: a consecutive number that is
//! lower and much later is the venue numbering anew.

use super::Gate;
use crate::feed::arrivals::{Order, numbered};
use crate::feed::clock::{Moment, Reading};
use crate::feed::holes::Place;
use crate::feed::ids::Ids;
use crate::feed::stream::Wanted;
use crate::feed::sync::Levels;
use crate::fixed::{EXP_MAX, EXP_MIN};
use crate::record::{BookHead, Flags, GapCause, GapEnd, Header, RecordSink, Trade};
use crate::venue::{Numbering, StreamKey, Venue};

/// How long nothing came, where the venue gives no stamps, before a lower number begins a new numbering.
const RESET_QUIET: i64 = 10_000_000_000;

/// What numbers are multiplied with by exponent, from the finest on, so that all have the finest.
static UNITS: [i128; (EXP_MAX - EXP_MIN) as usize + 1] = {
    let mut units = [1; (EXP_MAX - EXP_MIN) as usize + 1];
    let mut at = 1;
    while at < units.len() {
        units[at] = units[at - 1] * 10;
        at += 1;
    }
    units
};

/// What tells a message from others of its stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// Its number; 0 = none.
    pub(super) seq: u64,
    /// Its id where ids have no order.
    id: u64,
    /// The venue's newest stamp on it; 0 = none.
    pub(super) ts: i64,
    /// Whether it still says something after a newer one: events and changes do, whole states do
    /// not.
    adds: bool,
    /// Whether it repeats what was before the subscription.
    past: bool,
    /// Whether it says how things stand: said twice of one moment, it says nothing more. Of two
    /// equal events both happened.
    state: bool,
}

impl Sign {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            seq: header.seq,
            id: 0,
            ts: header.ts_send.max(header.ts_venue),
            adds: true,
            past: header.flags.contains(Flags::SNAPSHOT),
            state: true,
        }
    }

    /// The sign of what happened, in a stream without numbers.
    pub(super) fn of_event(header: &Header) -> Self {
        Self {
            state: false,
            ..Self::of(header)
        }
    }

    /// The sign of statistics, of which only a change adds to what newer ones said.
    pub(super) fn of_statistics(header: &Header, change: bool) -> Self {
        Self {
            adds: change,
            ..Self::of(header)
        }
    }

    /// What a trade is known by in its stream; 0 = nothing.
    pub(super) const fn name(self, numbering: Numbering) -> u64 {
        match numbering {
            Numbering::Consecutive | Numbering::Rising => self.seq,
            Numbering::Ids => self.id,
            Numbering::None => 0,
        }
    }

    pub(super) fn of_trade(trade: &Trade) -> Self {
        Self {
            id: Ids::of(trade),
            ts: trade.header.ts_venue,
            ..Self::of(&trade.header)
        }
    }
}

/// A hash of what a message says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content(u64);

impl Content {
    /// Adds numbers; returns 0 for the convenience of closures.
    pub(super) fn mix(&mut self, numbers: &[i64]) -> u64 {
        for number in numbers {
            // The multiplier of Fibonacci hashing: 2^64 divided by the golden ratio.
            self.0 = (self.0.rotate_left(5) ^ number.cast_unsigned())
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        0
    }

    /// Adds numbers of one power of ten, so that equal numbers are equal whatever that is: it changes
    /// once a finer number came, between one line's copy and the other's. Returns 0.
    pub(super) fn decimals(&mut self, exp: i8, mantissas: &[i64]) -> u64 {
        let place = exp.clamp(EXP_MIN, EXP_MAX) - EXP_MIN;
        let unit = UNITS[usize::from(place.unsigned_abs())];
        for mantissa in mantissas {
            let value = i128::from(*mantissa).wrapping_mul(unit);
            self.mix(&[value as i64, (value >> 64) as i64]);
        }
        0
    }

    /// Adds the levels of a book message.
    pub(super) fn levels(&mut self, head: &BookHead, (bids, asks): Levels<'_>) -> u64 {
        for level in bids.iter().chain(asks) {
            self.decimals(head.px_exp, &[level.px]);
            self.decimals(head.qty_exp, &[level.qty]);
        }
        0
    }

    pub(super) const fn key(self, sign: Sign) -> u64 {
        let stamped = self.0 ^ sign.ts.cast_unsigned().rotate_left(17) ^ sign.seq;
        stamped.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    /// Whether the message is taken, and which flags it gets; `None` = a copy, or too old.
    #[inline]
    pub(super) fn admit(
        &mut self,
        key: StreamKey,
        sign: Sign,
        content: impl FnOnce(&mut Content) -> u64,
    ) -> Option<Flags> {
        let line = self.meta.line;
        let told_of_old = sign.past && self.venue.numbering(key.channel) == Numbering::Consecutive;
        // What a subscription tells of the past says nothing of the clock.
        let read = if told_of_old {
            Reading::default()
        } else {
            let ts_recv = self.meta.ts_recv;
            self.streams.of(key).clock.read(line, sign.ts, ts_recv)
        };
        let ts = if told_of_old { sign.ts } else { read.at.ts() };
        let believed = Sign { ts, ..sign };
        let flags = match self.venue.numbering(key.channel) {
            Numbering::Consecutive => self.admit_consecutive(key, believed, read.at)?,
            Numbering::Rising => self.admit_rising(key, sign, read.at)?,
            Numbering::Ids => self.admit_id(key, believed)?,
            Numbering::None => {
                let mut hash = Content::default();
                content(&mut hash);
                self.admit_content(key, sign, hash.key(sign), read)?
            }
        };
        let (now, ts_recv) = (self.meta.now, self.meta.ts_recv);
        let state = self.streams.of(key);
        state.ts_venue = state.ts_venue.max(ts);
        state.newest = state.newest.max(read.at);
        (state.now, state.ts_recv) = (now, ts_recv);
        if self.redundant {
            self.scores.won(self.meta.line);
        }
        Some(flags)
    }

    #[inline]
    fn admit_consecutive(&mut self, key: StreamKey, sign: Sign, at: Moment) -> Option<Flags> {
        let number = sign.seq;
        let flags = match self.streams.of(key).holes.place(number) {
            Place::Next => {
                self.resume(key, sign, GapEnd::NOTHING);
                self.streams.of(key).holes.advance(number);
                Flags::NONE
            }
            Place::First => {
                self.resume(key, sign, GapEnd::LOST);
                self.streams.of(key).holes.advance(number);
                Flags::NONE
            }
            Place::Ahead => {
                self.open_hole(key, sign);
                Flags::NONE
            }
            Place::Filling => {
                self.counts.late += 1;
                self.fill(key, sign, None);
                Flags::LATE
            }
            Place::Old if self.begins_anew(key, sign, at) => {
                self.reset(key, sign);
                Flags::NONE
            }
            Place::Old => {
                self.copy(key, number);
                return None;
            }
        };
        if self.redundant {
            self.remember(key, number, numbered(number));
        }
        Some(flags)
    }

    fn begins_anew(&mut self, key: StreamKey, sign: Sign, at: Moment) -> bool {
        let line = self.meta.line;
        let state = self.streams.of(key);
        // What only other lines brought so far is a copy.
        !sign.past && at.is_news(state.newest) && !state.arrivals.owes(sign.seq, line)
    }

    #[inline]
    fn admit_rising(&mut self, key: StreamKey, sign: Sign, at: Moment) -> Option<Flags> {
        let (line, now) = (self.meta.line, self.meta.now);
        let state = self.streams.of(key);
        let alone = !self.redundant || state.gap.is_some();
        let arrivals = &state.arrivals;
        let later = at.is_stamped() && at > state.newest;
        let quiet = sign.ts == 0 && now - state.now > RESET_QUIET;
        let order = state.rising.read((line, sign.seq), alone, |order| {
            later || quiet || arrivals.is_before_all(order)
        });
        // The same number of another era is another message.
        let name = sign.seq ^ u64::from(order.0).rotate_right(8);
        if state.rising.rises(order) {
            self.resume(key, sign, GapEnd::LOST);
            self.remember(key, name, order);
            return Some(Flags::NONE);
        }
        if self.is_copy(key, name) {
            return None;
        }
        self.admit_late(key, name, order)
    }

    /// A number below the highest that is no copy: one that only this line brought, or an old one.
    fn admit_late(&mut self, key: StreamKey, name: u64, order: Order) -> Option<Flags> {
        if !self.streams.of(key).arrivals.missed(name, order, order) {
            self.counts.duplicates += 1;
            return None;
        }
        self.counts.late += 1;
        self.remember(key, name, order);
        Some(Flags::LATE)
    }

    fn admit_id(&mut self, key: StreamKey, sign: Sign) -> Option<Flags> {
        if self.streams.of(key).ids.knows(sign.id) {
            self.copy(key, sign.id);
            return None;
        }
        self.resume(key, sign, GapEnd::LOST);
        self.streams.of(key).ids.add(sign.id);
        if self.redundant {
            self.remember(key, sign.id, numbered(sign.ts.cast_unsigned()));
        }
        Some(Flags::NONE)
    }

    fn admit_content(
        &mut self,
        key: StreamKey,
        sign: Sign,
        hash: u64,
        read: Reading,
    ) -> Option<Flags> {
        let stamped = read.at.is_stamped();
        if self.is_copy(key, hash) || (stamped && sign.state && self.is_repetition(key, hash)) {
            return None;
        }
        let state = self.streams.of(key);
        let (order, reach) = (read.at.order(), read.reach.order());
        // Behind a gap nothing is known of the clock.
        let newest = state.newest;
        let late = stamped && read.at < newest && state.gap.is_none();
        // On the only line it is no copy.
        let is_news = !self.redundant || sign.adds && state.arrivals.missed(hash, order, reach);
        if late && !is_news {
            self.counts.stale += 1;
            return None;
        }
        if self.redundant || self.rotates || (stamped && sign.state) {
            self.remember(key, hash, order);
        }
        if late {
            self.counts.late += 1;
            return Some(Flags::LATE);
        }
        self.streams.of(key).newest = if stamped { read.at } else { newest };
        self.resume(key, sign, GapEnd::LOST);
        Some(Flags::NONE)
    }

    /// Whether one of the last messages said the same of the same moment.
    fn is_repetition(&mut self, key: StreamKey, hash: u64) -> bool {
        let had = self.streams.of(key).arrivals.had(hash);
        self.counts.duplicates += u64::from(had);
        had
    }

    /// The stream speaks again: its open gap ends, or waits for what REST knows.
    #[inline]
    pub(super) fn resume(&mut self, key: StreamKey, sign: Sign, end: GapEnd) {
        if self.streams.of(key).gap.is_some() {
            self.resume_after_gap(key, sign, end);
        }
    }

    #[cold]
    pub(super) fn resume_after_gap(&mut self, key: StreamKey, sign: Sign, end: GapEnd) {
        let recovers = self.recovery(key).is_some();
        let state = self.streams.of(key);
        let Some(gap) = state.gap.take() else { return };
        // What our own ring dropped is missing whatever the numbers say.
        let proven = gap.cause != GapCause::BACKPRESSURE;
        let end = if proven { end } else { GapEnd::LOST };
        let by_ids = self.venue.numbering(key.channel) == Numbering::Ids;
        if by_ids && proven && recovers && state.ts_recv != 0 {
            let given_up = state.want(Wanted {
                gap,
                after: state.ts_venue,
                until: sign.ts,
                asked: false,
                attempts: 0,
                due: self.meta.now,
            });
            if let Some(older) = given_up {
                self.tell(key, &older.gap, GapEnd::LOST, 0);
            }
        } else {
            self.tell(key, &gap, end, 0);
        }
    }

    /// A number that was taken before.
    fn copy(&mut self, key: StreamKey, number: u64) {
        if !self.is_copy(key, number) {
            self.counts.duplicates += 1;
        }
    }

    /// Whether this is the copy of what another line brought; it is counted then.
    fn is_copy(&mut self, key: StreamKey, name: u64) -> bool {
        if !self.redundant {
            return false;
        }
        let (line, now) = (self.meta.line, self.meta.now);
        let found = self.streams.of(key).arrivals.copy(name, line, now);
        if let Some(copy) = found {
            if let Some(winner) = copy.winner {
                self.meetings.met(winner, line, now - copy.lead);
            }
            self.counts.duplicates += 1;
            self.scores.copied(line, copy);
        }
        found.is_some()
    }

    #[inline]
    fn remember(&mut self, key: StreamKey, name: u64, order: Order) {
        let (line, now) = (self.meta.line, self.meta.now);
        self.streams.of(key).arrivals.took(name, order, line, now);
    }
}
