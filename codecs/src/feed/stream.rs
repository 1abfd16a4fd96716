//! What a feed remembers of each stream that keeps no book.

use super::arrivals::Arrivals;
use super::clock::{Clock, Moment};
use super::gaps::OpenGap;
use super::handover::Handover;
use super::holes::Holes;
use super::ids::Ids;
use super::rising::Rising;
use crate::instrument::InstrumentId;
use crate::record::{Figure, Trade};
use crate::time::Nanos;
use crate::venue::{Channel, StreamKey, VenueId};

/// Gaps of one stream that wait for REST; with more, the oldest is given up. Each is a disconnect, and
/// one answer serves them all.
const WANTED_MAX: usize = 8;

/// State of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamState {
    /// Where it stands, if its numbers are consecutive.
    pub(super) holes: Holes,
    /// Where it stands, if its numbers rise and may skip.
    pub(super) rising: Rising,
    /// Its last ids, if it has ids without order.
    pub(super) ids: Ids,
    /// Its last messages, while more than one line carries it.
    pub(super) arrivals: Arrivals,
    /// The venue's clock on each line.
    pub(super) clock: Clock,
    /// The newest moment of a message taken; without stamp before the first.
    pub(super) newest: Moment,
    /// A gap that ends with the next message.
    pub(super) gap: Option<OpenGap>,
    /// The last handover between lines that is not known to be whole.
    pub(super) handover: Option<Handover>,
    /// Gaps that REST should fill with what is not known, oldest first.
    pub(super) wanted: Vec<Wanted>,
    /// Statistics as they stand, each with the moment of its last change.
    pub(super) figures: Vec<(Figure, Moment)>,
    /// Venue time of the newest message taken.
    pub(super) ts_venue: Nanos,
    /// Our stamp of the last message taken; 0 before the first.
    pub(super) ts_recv: Nanos,
    /// Monotonic time of the last message taken.
    pub(super) now: i64,
}

impl StreamState {
    /// The stream stands behind `trade`, which an earlier run took.
    pub(super) fn remember(&mut self, trade: &Trade) {
        self.holes.advance(trade.header.seq);
        self.ids.add(Ids::of(trade));
        self.newest = self.clock.again(trade.header.ts_venue);
        (self.ts_venue, self.ts_recv) = (trade.header.ts_venue, trade.header.ts_recv);
    }

    /// REST should fill another gap; the one that is given up for it, if there are too many.
    pub(super) fn want(&mut self, wanted: Wanted) -> Option<Wanted> {
        let given_up = (self.wanted.len() >= WANTED_MAX).then(|| self.wanted.remove(0));
        self.wanted.push(wanted);
        given_up
    }

    /// Asks for what is due; the venue time from which trades may be missing. One answer at a time.
    pub(super) fn ask(&mut self, now: i64) -> Option<Nanos> {
        let due = |wanted: &Wanted| now >= wanted.due;
        if self.wanted.iter().any(|wanted| wanted.asked) || !self.wanted.iter().any(due) {
            return None;
        }
        self.wanted
            .iter_mut()
            .for_each(|wanted| wanted.asked = true);
        self.wanted.first().map(|wanted| wanted.after)
    }
}

/// Trades without numbers that may be missing between two venue times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) gap: OpenGap,
    pub(super) after: Nanos,
    pub(super) until: Nanos,
    pub(super) asked: bool,
    pub(super) attempts: u32,
    pub(super) due: i64,
}

impl Wanted {
    /// Whether a trade of that venue time may be missing.
    pub(super) fn holds(&self, ts: Nanos) -> bool {
        (self.after..=self.until).contains(&ts)
    }
}

/// The states of all streams, by channel and instrument.
#[derive(Debug, Default)]
pub(super) struct Streams {
    rows: Vec<Vec<StreamState>>,
    /// Open gaps of the streams that carry the whole market.
    markets: Vec<(Channel, OpenGap)>,
}

impl Streams {
    /// The state of an instrument's stream; it begins empty.
    #[inline]
    pub(super) fn of(&mut self, key: StreamKey) -> &mut StreamState {
        let (channel, index) = (usize::from(key.channel.0), key.instrument.index());
        if self.rows.get(channel).is_none_or(|row| row.len() <= index) {
            self.grow(channel, index);
        }
        &mut self.rows[channel][index]
    }

    /// Opens the gap of a whole-market stream; whether none was open.
    pub(super) fn open_market_gap(&mut self, channel: Channel, gap: OpenGap) -> bool {
        let open = self.markets.iter().any(|(held, _)| *held == channel);
        if !open {
            self.markets.push((channel, gap));
        }
        !open
    }

    /// Ends the gap of a whole-market stream.
    pub(super) fn end_market_gap(&mut self, channel: Channel) -> Option<OpenGap> {
        let at = self.markets.iter().position(|(held, _)| *held == channel)?;
        Some(self.markets.swap_remove(at).1)
    }

    /// Whether anything was ever remembered of a stream.
    pub(super) fn knows(&self, key: StreamKey) -> bool {
        let row = self.rows.get(usize::from(key.channel.0));
        row.is_some_and(|row| key.instrument.index() < row.len())
    }

    /// Forgets the streams of every instrument that `keeps` does not hold.
    pub(super) fn retain(&mut self, keeps: impl Fn(usize) -> bool) {
        let states = self
            .rows
            .iter_mut()
            .flat_map(|row| row.iter_mut().enumerate());
        let gone = states.filter(|(index, _)| !keeps(*index));
        gone.for_each(|(_, state)| *state = StreamState::default());
    }

    /// A line begins anew: what it delivered before, it may deliver again.
    pub(super) fn leave(&mut self, line: u16) {
        let states = self.rows.iter_mut().flatten();
        states.for_each(|state| {
            state.arrivals.leave(line);
            state.clock.leave(line);
            state.rising.leave(line);
        });
    }

    #[cold]
    fn grow(&mut self, channel: usize, index: usize) {
        if self.rows.len() <= channel {
            self.rows.resize_with(channel + 1, Vec::new);
        }
        let row = &mut self.rows[channel];
        if row.len() <= index {
            row.resize_with(index + 1, StreamState::default);
        }
    }

    /// The keys of the streams of `venue` that `wanted` picks.
    pub(super) fn keys(
        &self,
        venue: VenueId,
        wanted: impl Fn(&StreamState) -> bool,
    ) -> Vec<StreamKey> {
        let mut keys = Vec::new();
        for (channel, row) in (0_u8..).zip(&self.rows) {
            for (index, _) in (0_u32..).zip(row).filter(|(_, state)| wanted(state)) {
                keys.push(StreamKey {
                    instrument: InstrumentId::new(venue, index),
                    channel: Channel(channel),
                });
            }
        }
        keys
    }
}
