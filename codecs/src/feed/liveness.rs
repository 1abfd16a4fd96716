//! Streams that are too quiet.
//!
//! A subscription that was acknowledged and delivers nothing is the venues' most common failure, and
//! a quiet instrument looks the same. What tells them apart, most certain first:
//!
//! 1. another line delivers the same stream: then the floor is long enough;
//! 2. the venue promises a pace ([`Cadence::Periodic`]): several times that;
//! 3. the instrument trades, and its book or best prices say nothing: trades change both;
//! 4. the stream's own longest pause of late: several times that, between floor and ceiling.
//!
//! A stream that is too quiet is reported and subscribed anew; if that does not help, its line is
//! replaced. Each attempt doubles the wait for the next.

use std::collections::HashMap;

use super::line::{Slot, Stage, named};
use super::{Feed, LivenessOptions, Meta, Outbox};
use crate::instrument::InstrumentId;
use crate::record::{GapCause, RecordSink, StatusCode};
use crate::venue::{Cadence, Channel, Numbering, StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// How many times its longest pause a stream may be silent.
const PATIENCE: i64 = 4;
/// The longest pause is half forgotten in about this time.
const MEMORY: i64 = 1_800 * SECOND;
/// How often streams are looked at.
const LOOK_EVERY: i64 = SECOND;
/// Trades of an instrument that must have moved its book and its best prices.
const TRADES_TELL: u64 = 20;
/// Subscriptions anew, before the line is replaced.
const RENEWALS: u8 = 1;

/// A stream's pace on one line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    /// When it was asked for, answered, or last delivered.
    last: i64,
    /// Its longest pause of late.
    pause: i64,
    /// Messages on this connection.
    count: u64,
    /// How often it was found too quiet since it last delivered.
    strikes: u8,
}

impl Pulse {
    /// The subscription took a step: silence counts from here.
    pub(super) const fn begin(&mut self, now: i64) {
        self.last = now;
        self.count = 0;
    }

    /// A message came; whether the stream had been too quiet.
    #[inline]
    pub(super) fn beat(&mut self, now: i64) -> bool {
        let pause = now - self.last;
        if self.count > 0 {
            let faded =
                i128::from(self.pause) * i128::from(pause.min(MEMORY)) / i128::from(2 * MEMORY);
            // A fraction of an i64 below one is an i64.
            self.pause = (self.pause - i64::try_from(faded).unwrap_or(0)).max(pause);
        }
        self.count += 1;
        self.last = now;
        std::mem::take(&mut self.strikes) > 0
    }

    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    /// How long the stream may be silent by its own history.
    fn limit(&self, options: LivenessOptions) -> i64 {
        let own = if self.pause == 0 {
            options.ceiling
        } else {
            self.pause.saturating_mul(PATIENCE)
        };
        own.clamp(options.floor, options.ceiling)
    }
}

/// What other streams tell of one.
struct Evidence {
    /// When the same stream last delivered, on any line.
    newest: HashMap<StreamKey, i64>,
    /// Trades since each line and instrument began.
    trades: HashMap<InstrumentId, u64>,
}

impl<V: Venue> Feed<V> {
    /// Looks for streams that are too quiet.
    pub(super) fn watch_streams(
        &mut self,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let options = self.options.liveness;
        if options.ceiling == 0 || meta.now < self.next_look {
            return;
        }
        self.next_look = meta.now + LOOK_EVERY;
        let evidence = self.evidence();
        for at in 0..self.lines.len() {
            for key in self.silent_streams(at, options, &evidence, meta.now) {
                self.on_silent(at, key, meta, out, sink);
            }
        }
    }

    fn evidence(&self) -> Evidence {
        let mut newest: HashMap<StreamKey, i64> = HashMap::new();
        let mut trades: HashMap<InstrumentId, u64> = HashMap::new();
        for slot in self.lines.iter().flat_map(|line| line.slots()) {
            if slot.stage == Stage::Live {
                let held = newest.entry(slot.key).or_insert(i64::MIN);
                *held = (*held).max(slot.pulse.last);
            }
            if matches!(slot.key.channel, Channel::TRADE | Channel::AGG_TRADE) {
                *trades.entry(slot.key.instrument).or_default() += slot.pulse.count;
            }
        }
        Evidence { newest, trades }
    }

    fn silent_streams(
        &mut self,
        at: usize,
        options: LivenessOptions,
        evidence: &Evidence,
        now: i64,
    ) -> Vec<StreamKey> {
        let venue = &self.venue;
        if !self.lines[at].is_open() {
            return Vec::new();
        }
        let silent = |slot: &&mut Slot| {
            let watched = matches!(slot.stage, Stage::Acknowledged | Stage::Live);
            let limit = limit(venue, slot, options, evidence) << slot.pulse.strikes.min(6);
            watched && now - slot.pulse.last >= limit.min(options.ceiling.max(options.floor))
        };
        let slots = self.lines[at].slots_mut().iter_mut();
        slots
            .filter(silent)
            .map(|slot| {
                slot.pulse.strikes = slot.pulse.strikes.saturating_add(1);
                slot.pulse.last = now;
                slot.key
            })
            .collect()
    }

    #[cold]
    fn on_silent(
        &mut self,
        at: usize,
        key: StreamKey,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let line = self.lines[at].id();
        let meta = Meta { line, ..meta };
        let Some(slot) = self.lines[at].slot(key) else {
            return;
        };
        let (strikes, was_live) = (slot.pulse.strikes, slot.stage == Stage::Live);
        self.counts.stale_streams += u64::from(strikes == 1);
        self.gate(meta, sink)
            .stream_status(key, StatusCode::STALE, "");
        let covered = self
            .lines
            .iter()
            .any(|other| other.id() != line && other.covers(key));
        let unproven = self.venue.numbering(key.channel) == Numbering::None
            && !key.channel.keeps_book()
            && key.instrument != InstrumentId::NONE;
        if was_live && unproven && !covered && strikes == 1 {
            self.gate(meta, sink).lost(key, GapCause::SILENCE);
        }
        if strikes <= RENEWALS && self.lines[at].can_renew(key) {
            let stream = named(&self.venue, key, &self.instruments);
            self.lines[at].renew(&self.venue, stream, meta.now, out);
        } else if was_live || covered {
            self.lines[at].tired = Some("a stream stays silent");
        }
    }
}

/// How long a stream may be silent.
fn limit<V: Venue>(venue: &V, slot: &Slot, options: LivenessOptions, evidence: &Evidence) -> i64 {
    let newest = evidence.newest.get(&slot.key).copied().unwrap_or(i64::MIN);
    let elsewhere = newest > slot.pulse.last.saturating_add(options.floor / 2);
    let trades = evidence.trades.get(&slot.key.instrument).copied();
    let moved = matches!(slot.key.channel, Channel::BBO | Channel::BOOK)
        && slot.pulse.count == 0
        && trades.unwrap_or(0) >= TRADES_TELL;
    if elsewhere || moved {
        return options.floor;
    }
    match venue.cadence(slot.key.channel) {
        Cadence::Periodic(every) => every.saturating_mul(PATIENCE).max(options.floor),
        Cadence::OnChange => slot.pulse.limit(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_may_be_silent_for_several_times_its_longest_pause() {
        let options = LivenessOptions::default();
        let mut pulse = Pulse::default();
        pulse.begin(0);
        assert_eq!(pulse.limit(options), options.ceiling);
        let mut now = 0;
        for pause in [SECOND, 30 * SECOND, SECOND] {
            now += pause;
            pulse.beat(now);
        }
        assert!(pulse.limit(options) > 119 * SECOND && pulse.limit(options) <= 120 * SECOND);
    }

    #[test]
    fn a_long_pause_is_forgotten_in_time() {
        let options = LivenessOptions::default();
        let mut pulse = Pulse::default();
        pulse.begin(0);
        pulse.beat(SECOND);
        pulse.beat(300 * SECOND);
        for second in 0..20_000 {
            pulse.beat((301 + second) * SECOND);
        }
        assert_eq!(pulse.limit(options), options.floor);
    }
}
