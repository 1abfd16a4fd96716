//! Streams that are too quiet.
//!
//! A subscription that was acknowledged and delivers nothing is the venues' most common failure, and
//! a quiet instrument looks the same. What tells them apart, most certain first:
//!
//! 1. another line delivers the same stream, several messages of it: then the floor is long enough;
//! 2. the venue promises a pace ([`Cadence::Periodic`]): several times that;
//! 3. the instrument trades, and its book stands still or its best prices were never told;
//! 4. the stream's own longest pause of late: several times that, between floor and ceiling.
//!
//! A stream that is too quiet is reported and subscribed anew; if that does not help, its line is
//! replaced. Each attempt doubles the wait for the next. Silence up to the ceiling, of a stream of
//! which nothing is known, is reported and subscribed anew once: an instrument may be that quiet.
//!
//! Between the end of a subscription and the next nothing is heard. So a stream that is subscribed
//! anew, and that no other line carries, has a gap whether or not its silence proved anything, unless
//! the venue's numbers or a snapshot tell what was missed.

use std::collections::HashMap;

use super::line::{Slot, Stage, named};
use super::{Feed, LivenessOptions, Meta, Outbox};
use crate::instrument::InstrumentId;
use crate::record::{GapCause, RecordSink, StatusCode};
use crate::venue::{Cadence, Channel, Numbering, StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// How many times the venue's own pace a stream may be silent.
const PATIENCE: i64 = 4;
/// How many times its own longest pause a stream may be silent. Where messages come by chance, a
/// pause of ten times the mean is one of 20,000, and the longest of the last dozens about three.
const OWN_PATIENCE: i64 = 8;
/// How many times that a stream must have been watched before its own pauses count: the first
/// messages may be one burst of a quiet instrument.
const WATCHED: i64 = 20;
/// The longest pause is half forgotten in about this time.
const MEMORY: i64 = 1_800 * SECOND;
/// How often streams are looked at.
const LOOK_EVERY: i64 = SECOND;
/// Messages on other lines that show a stream to be silent on one: fewer may be lost ones.
const COPIES_TELL: u64 = 3;
/// Trades of an instrument that must have moved its book and its best prices.
const TRADES_TELL: u64 = 20;
/// Subscriptions anew, before the line is replaced.
const RENEWALS: u8 = 1;

/// A stream's pace on one line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    /// When its history begins.
    begun: i64,
    /// When it was asked for, answered, or last delivered.
    last: i64,
    /// Its longest pause of late.
    pause: i64,
    /// Messages on this connection.
    count: u64,
    /// How often it was found too quiet since it last delivered.
    strikes: u8,
    mark: Mark,
}

/// What other streams had delivered when this one was last seen to move.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// [`Pulse::last`] then.
    last: i64,
    /// When it was looked at.
    at: i64,
    copies: u64,
    trades: u64,
}

impl Pulse {
    /// The subscription took a step: silence counts from here.
    pub(super) const fn begin(&mut self, now: i64) {
        if self.pause == 0 {
            self.begun = now;
        }
        self.last = now;
        self.count = 0;
    }

    /// A message came; whether the stream had been too quiet.
    #[inline]
    pub(super) fn beat(&mut self, now: i64) -> bool {
        // The wait for the first message is a pause too: behind it a quiet instrument may burst.
        let pause = now - self.last;
        let faded = i128::from(self.pause) * i128::from(pause.min(MEMORY)) / i128::from(2 * MEMORY);
        // A fraction of an i64 below one is an i64.
        self.pause = (self.pause - i64::try_from(faded).unwrap_or(0)).max(pause);
        self.count += 1;
        self.last = now;
        std::mem::take(&mut self.strikes) > 0
    }

    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    /// Whether it was found too quiet, and is.
    pub(super) const fn is_silent(&self) -> bool {
        self.strikes > 0
    }

    /// How long the stream may be silent by its own history.
    fn limit(&self, options: LivenessOptions) -> Limit {
        let own = self.pause.saturating_mul(OWN_PATIENCE).max(options.floor);
        let watched = self.last.saturating_sub(self.begun);
        let known = self.pause > 0 && own < options.ceiling && watched / WATCHED >= own;
        if known {
            Limit::proven(own)
        } else {
            Limit {
                after: options.ceiling.max(options.floor),
                proves: false,
            }
        }
    }

    /// Notes what the others had when this stream moved; what they delivered since.
    fn compare(&mut self, copies: u64, trades: u64, now: i64) -> (u64, u64) {
        if self.mark.last != self.last {
            self.mark = Mark {
                last: self.last,
                at: now,
                copies,
                trades,
            };
        }
        // Counts begin anew with a connection.
        self.mark.copies = self.mark.copies.min(copies);
        self.mark.trades = self.mark.trades.min(trades);
        (copies - self.mark.copies, trades - self.mark.trades)
    }
}

/// How long a stream may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    after: i64,
    /// Whether longer silence proves that something is wrong; else it is only worth a renewal.
    proves: bool,
}

impl Limit {
    const fn proven(after: i64) -> Self {
        Self {
            after,
            proves: true,
        }
    }
}

/// What other streams tell of one.
struct Evidence {
    /// Messages of each stream, on all lines.
    messages: HashMap<StreamKey, u64>,
    /// Trades of each instrument, on all lines.
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
            for (key, proven) in self.silent_streams(at, options, &evidence, meta.now) {
                self.on_silent(at, key, proven, meta, out, sink);
            }
        }
    }

    fn evidence(&self) -> Evidence {
        let mut messages: HashMap<StreamKey, u64> = HashMap::new();
        let mut trades: HashMap<InstrumentId, u64> = HashMap::new();
        for slot in self.lines.iter().flat_map(|line| line.slots()) {
            *messages.entry(slot.key).or_default() += slot.pulse.count;
            if matches!(slot.key.channel, Channel::TRADE | Channel::AGG_TRADE) {
                *trades.entry(slot.key.instrument).or_default() += slot.pulse.count;
            }
        }
        Evidence { messages, trades }
    }

    /// The streams that are too quiet now, and whether that proves something.
    fn silent_streams(
        &mut self,
        at: usize,
        options: LivenessOptions,
        evidence: &Evidence,
        now: i64,
    ) -> Vec<(StreamKey, bool)> {
        let venue = &self.venue;
        if !self.lines[at].is_open() {
            return Vec::new();
        }
        let silent = |slot: &mut Slot| {
            // News about listings and the venue itself has no pace.
            let paced = !matches!(slot.key.channel, Channel::REFERENCE | Channel::STATUS);
            let watched = paced && matches!(slot.stage, Stage::Acknowledged | Stage::Live);
            let limit = limit(venue, slot, options, evidence, now);
            let most = options.ceiling.max(options.floor);
            let after = (limit.after << slot.pulse.strikes.min(6)).min(most);
            (watched && now - slot.pulse.last >= after).then_some(limit.proves)
        };
        let slots = self.lines[at].slots_mut().iter_mut();
        slots
            .filter_map(|slot| {
                let proven = silent(slot)?;
                slot.pulse.strikes = slot.pulse.strikes.saturating_add(1);
                slot.pulse.last = now;
                Some((slot.key, proven))
            })
            .collect()
    }

    #[cold]
    fn on_silent(
        &mut self,
        at: usize,
        key: StreamKey,
        proven: bool,
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
        if strikes == 1 {
            self.counts.stale_streams += 1;
            self.gate(meta, sink)
                .stream_status(key, StatusCode::STALE, "");
        }
        let renews = strikes <= RENEWALS && self.lines[at].can_renew(key);
        let misses = renews || proven && strikes == 1;
        if misses && was_live && !self.is_covered(key, line) {
            for key in self.lines[at].sharing(key) {
                if self.is_unproven(key) {
                    self.gate(meta, sink).lost(key, GapCause::SILENCE);
                }
            }
        }
        if renews {
            let stream = named(&self.venue, key, &self.instruments);
            self.lines[at].renew(&self.venue, stream, meta.now, out);
        } else if proven {
            self.lines[at].tired = Some("a stream stays silent");
            self.doubt_line(at, meta, sink);
        }
    }

    /// A line is given up because it may be dead as a whole: what it still owes of streams without
    /// numbers, its successor does not bring.
    fn doubt_line(&mut self, at: usize, meta: Meta, sink: &mut impl RecordSink) {
        for key in self.lines[at].carried(|stage| stage != Stage::Refused) {
            if self.is_unproven(key) && self.has_delivered(key) && !self.is_covered(key, meta.line)
            {
                self.gate(meta, sink).lost(key, GapCause::SILENCE);
            }
        }
    }

    /// Whether no number tells, when a stream speaks again, that it missed nothing.
    pub(super) fn is_unproven(&self, key: StreamKey) -> bool {
        self.venue.numbering(key.channel) != Numbering::Consecutive
            && !key.channel.keeps_book()
            && key.instrument != InstrumentId::NONE
    }
}

/// How long a stream may be silent.
fn limit<V: Venue>(
    venue: &V,
    slot: &mut Slot,
    options: LivenessOptions,
    evidence: &Evidence,
    now: i64,
) -> Limit {
    let all = evidence.messages.get(&slot.key).copied().unwrap_or(0);
    let trades = evidence.trades.get(&slot.key.instrument).copied();
    let copies = all.saturating_sub(slot.pulse.count);
    let (copies, trades) = slot.pulse.compare(copies, trades.unwrap_or(0), now);
    let waited = now - slot.pulse.mark.at >= options.floor;
    // A trade takes from the book whatever came before; best prices may stay as they were.
    let moves = match slot.key.channel {
        Channel::BOOK => true,
        Channel::BBO => slot.pulse.count == 0,
        _ => false,
    };
    let moved = moves && trades >= TRADES_TELL;
    if waited && (copies >= COPIES_TELL || moved) {
        return Limit::proven(options.floor);
    }
    match venue.cadence(slot.key.channel) {
        Cadence::Periodic(every) => {
            Limit::proven(every.saturating_mul(PATIENCE).max(options.floor))
        }
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
        assert_eq!(pulse.limit(options).after, options.ceiling);
        let mut now = 0;
        while now < 3_600 * SECOND {
            now += 20 * SECOND;
            pulse.beat(now);
        }
        assert_eq!(pulse.limit(options), Limit::proven(160 * SECOND));
    }

    #[test]
    fn a_burst_tells_nothing_of_the_pause_that_follows() {
        let options = LivenessOptions::default();
        let mut pulse = Pulse::default();
        pulse.begin(0);
        for now in 1..100 {
            pulse.beat(now * SECOND / 50);
        }
        let limit = pulse.limit(options);
        assert_eq!((limit.after, limit.proves), (options.ceiling, false));
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
        assert_eq!(pulse.limit(options), Limit::proven(options.floor));
    }

    /// Six hours of an instrument that speaks by chance, every two minutes on average, with bursts.
    fn alarms_of_a_quiet_instrument(seed: u64) -> usize {
        let options = LivenessOptions::default();
        let mut pulse = Pulse::default();
        pulse.begin(0);
        let (mut state, mut alarms) = (seed, 0);
        for second in 1..21_600 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (now, dice) = (second * SECOND, state >> 33);
            if dice % 120 == 0 {
                let burst = i64::try_from(dice / 120 % 5).unwrap();
                for at in 0..=burst {
                    pulse.beat(now + at * SECOND / 100);
                }
            } else if now - pulse.last >= pulse.limit(options).after {
                alarms += 1;
                pulse.last = now;
            }
        }
        alarms
    }

    #[test]
    fn quiet_instruments_raise_no_alarm() {
        let alarms: usize = (1..=300).map(alarms_of_a_quiet_instrument).sum();
        assert_eq!(alarms, 0, "in 1,800 hours of silence by chance");
    }
}
