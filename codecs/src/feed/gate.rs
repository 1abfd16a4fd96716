//! The last step: state meets message, and a record leaves.
//!
//! Every message passes in this order: is it a copy of one that another line brought (`admit.rs`),
//! does it continue its book (`books.rs`), does a quality rule object (`quality.rs`).

mod admit;
mod backfill;
mod books;
mod doubt;
mod missing;
mod orders;
mod release;

use super::audit::Audit;
use super::books::Books;
use super::clock::Moment;
use super::gaps::OpenGap;
use super::handover::Meetings;
use super::order_sync::OrderSync;
use super::quality::Quality;
use super::scores::Scores;
use super::stream::Streams;
use super::sync::{Rules, Scratch};
use super::{Counts, Meta};
use crate::instrument::{InstrumentId, Instruments};
use crate::record::{
    Bbo, Candle, Figure, Flags, GapCause, GapEnd, Header, Liquidation, Order, Record, RecordSink,
    StatusCode, StatusHead, TickerEvent, TickerHead, Trade,
};
use crate::reject::Reject;
use crate::venue::{Channel, Channels, StreamKey, Venue, VenueId};
use admit::Sign;

/// An order-level event's bids and asks.
pub(super) type Orders<'a> = (&'a [Order], &'a [Order]);

/// Borrowed parts of a feed, for one message.
pub(super) struct Gate<'a, V, S> {
    pub(super) venue: &'a V,
    pub(super) id: VenueId,
    pub(super) meta: Meta,
    pub(super) instruments: &'a mut Instruments,
    pub(super) books: &'a mut Books,
    pub(super) orders: &'a mut Vec<OrderSync>,
    pub(super) streams: &'a mut Streams,
    pub(super) counts: &'a mut Counts,
    pub(super) scores: &'a mut Scores,
    pub(super) meetings: &'a mut Meetings,
    pub(super) quality: &'a mut Quality,
    pub(super) audit: &'a mut Audit,
    pub(super) refused: &'a mut Option<Reject>,
    pub(super) scratch: &'a mut Scratch,
    /// What the feed carries.
    pub(super) channels: Channels,
    /// Whether more than one line may bring the same message.
    pub(super) redundant: bool,
    /// Whether more than one line may do so later, as lines are replaced.
    pub(super) rotates: bool,
    /// How long a message that came too early waits for those before it.
    pub(super) wait: i64,
    pub(super) sink: &'a mut S,
}

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    #[inline]
    pub(super) fn trade(&mut self, trade: &mut Trade, channel: Channel, flags: Flags) {
        let key = key(trade.header.instrument, channel);
        let sign = Sign::of_trade(trade);
        let name = sign.name(self.venue.numbering(channel));
        let Some(more) = self.admit(key, sign, |_| 0) else {
            return self.repeated(trade, channel, name, flags);
        };
        self.introduce(trade.header.instrument, trade.px_exp, trade.qty_exp);
        self.stamp(&mut trade.header, flags.with(more));
        let known = self.instruments.get(key.instrument);
        let verdict = self.quality.trade(known, channel, name, trade);
        if self.passes(verdict, &mut trade.header) {
            self.emit(&Record::Trade(trade));
        }
    }

    #[inline]
    pub(super) fn bbo(&mut self, bbo: &mut Bbo, flags: Flags) {
        let key = key(bbo.header.instrument, Channel::BBO);
        if !self.channels.has(Channel::BBO) {
            return;
        }
        let sign = Sign::of(&bbo.header);
        let Some(more) = self.admit(key, sign, |hasher| {
            hasher.decimals(bbo.px_exp, &[bbo.bid_px, bbo.ask_px]);
            hasher.decimals(bbo.qty_exp, &[bbo.bid_qty, bbo.ask_qty])
        }) else {
            return;
        };
        self.introduce(bbo.header.instrument, bbo.px_exp, bbo.qty_exp);
        self.stamp(&mut bbo.header, flags.with(more));
        let verdict = self.quality.bbo(self.instruments.get(key.instrument), bbo);
        if self.passes(verdict, &mut bbo.header) {
            self.emit(&Record::Bbo(bbo));
        }
    }

    pub(super) fn candle(&mut self, candle: &mut Candle, flags: Flags) {
        let key = key(candle.header.instrument, candle.channel);
        let sign = Sign::of(&candle.header);
        let Some(more) = self.admit(key, sign, |hasher| {
            hasher.mix(&[candle.ts_open, candle.trades, i64::from(candle.closed)]);
            hasher.decimals(candle.px_exp, &[candle.high, candle.low, candle.close]);
            hasher.decimals(candle.volume_exp, &[candle.volume])
        }) else {
            return;
        };
        let qty_exp = self.instruments.get(key.instrument).qty_exp;
        self.introduce(key.instrument, candle.px_exp, qty_exp);
        self.stamp(&mut candle.header, flags.with(more));
        self.emit(&Record::Candle(candle));
    }

    pub(super) fn liquidation(&mut self, found: &mut Liquidation, flags: Flags) {
        let key = key(found.header.instrument, Channel::LIQUIDATION);
        let sign = Sign::of_event(&found.header);
        let Some(more) = self.admit(key, sign, |hasher| {
            hasher.mix(&[i64::from(found.side.0)]);
            hasher.decimals(found.px_exp, &[found.px]);
            hasher.decimals(found.qty_exp, &[found.qty])
        }) else {
            return;
        };
        self.introduce(key.instrument, found.px_exp, found.qty_exp);
        self.stamp(&mut found.header, flags.with(more));
        self.emit(&Record::Liquidation(found));
    }

    /// Statistics: a change is merged into what stood before, and the whole leaves.
    pub(super) fn ticker(
        &mut self,
        head: &mut TickerHead,
        figures: &[Figure],
        change: bool,
        flags: Flags,
    ) {
        let key = key(head.header.instrument, head.channel);
        if !self.channels.has(head.channel) {
            return;
        }
        let sign = Sign::of_statistics(&head.header, change);
        let content = |hasher: &mut admit::Content| {
            for figure in figures {
                hasher.mix(&[i64::from(figure.name.0)]);
                hasher.decimals(figure.exp, &[figure.mantissa]);
            }
        };
        let Some(more) = self.admit(key, sign, |hasher| {
            content(hasher);
            0
        }) else {
            return;
        };
        if change && self.streams.of(key).figures.is_empty() {
            // Nothing to change: the snapshot was missed.
            self.counts.baseless += 1;
            return;
        }
        self.scratch.figures.clear();
        let given = |figure: &Figure| figure.mantissa != crate::record::ABSENT;
        if !change && more.contains(Flags::LATE) {
            // What stands now is newer.
            let own = figures.iter().copied().filter(given);
            self.scratch.figures.extend(own);
        } else {
            let (line, ts_recv) = (self.meta.line, self.meta.ts_recv);
            let state = self.streams.of(key);
            let at = state.clock.read(line, sign.ts, ts_recv).at;
            let held = &mut state.figures;
            if !change {
                held.clear();
            }
            for figure in figures {
                merge(held, *figure, at);
            }
            let all = held.iter().map(|(figure, _)| *figure).filter(given);
            self.scratch.figures.extend(all);
        }
        self.stamp(&mut head.header, flags.with(more));
        let record = Record::Ticker(TickerEvent {
            head,
            figures: &self.scratch.figures,
        });
        self.counts.emitted(&record);
        self.sink.record(&record);
    }

    /// Writes what is known of an instrument.
    pub(super) fn instrument(&mut self, id: InstrumentId, flags: Flags) {
        let (mut head, text) = self.instruments.get(id).as_record(self.id);
        stamp(&mut head.header, &self.meta, flags);
        let record = Record::Instrument(&head, text);
        self.counts.emitted(&record);
        self.sink.record(&record);
    }

    pub(super) fn line_status(&mut self, code: StatusCode, text: &str) {
        self.stream_status(key(InstrumentId::NONE, Channel::NONE), code, text);
    }

    pub(super) fn stream_status(&mut self, key: StreamKey, code: StatusCode, text: &str) {
        self.acquaint(key.instrument);
        let mut head = StatusHead::new(self.id, code, key.instrument, key.channel);
        self.stamp(&mut head.header, Flags::NONE);
        self.emit(&Record::Status(&head, text));
    }

    /// A stream was lost from outside: a gap, and its books are bad.
    pub(super) fn lost(&mut self, key: StreamKey, cause: GapCause) {
        match key.channel {
            Channel::REFERENCE | Channel::STATUS => {}
            Channel::ORDERS => self.lose_orders(key.instrument, cause),
            channel if channel.keeps_book() => self.lose_books(key, cause),
            _ if key.instrument == InstrumentId::NONE => {
                let gap = OpenGap {
                    ts_open: self.meta.ts_recv,
                    ..OpenGap::new(cause)
                };
                if self.streams.open_market_gap(key.channel, gap) {
                    self.tell(key, &gap, GapEnd::OPEN, 0);
                }
            }
            _ => self.lose_stream(key, cause),
        }
    }

    fn lose_stream(&mut self, key: StreamKey, cause: GapCause) {
        let ts_recv = self.meta.ts_recv;
        let state = self.streams.of(key);
        let shed = cause == GapCause::BACKPRESSURE;
        if state
            .gap
            .is_some_and(|gap| !shed || gap.cause == GapCause::BACKPRESSURE)
        {
            return;
        }
        // What our ring dropped has numbers that were taken: which ones is not known.
        let next = state.holes.next().filter(|_| !shed);
        let highest = state.rising.highest().filter(|_| !shed).unwrap_or(0);
        let gap = OpenGap {
            good_seq: next.map_or(highest, |next| next - 1),
            first_seq: next.unwrap_or(0),
            ts_open: ts_recv,
            ts_good: state.ts_recv,
            ..OpenGap::new(cause)
        };
        if let Some(before) = state.gap.take() {
            self.tell(key, &before, GapEnd::LOST, 0);
        }
        let state = self.streams.of(key);
        state.gap = Some(gap);
        // What comes again now ends the gap.
        state.arrivals.clear();
        state.handover = None;
        self.tell(key, &gap, GapEnd::OPEN, 0);
    }

    /// Writes a gap's record; `missing` counts what is known to be missing still.
    pub(super) fn tell(&mut self, key: StreamKey, gap: &OpenGap, end: GapEnd, missing: u64) {
        self.acquaint(key.instrument);
        let mut record = gap.record(key, end, missing);
        if record.ts_open == 0 {
            record.ts_open = self.meta.ts_recv;
        }
        let bad = key.channel.keeps_book() && end == GapEnd::OPEN;
        let flags = if bad {
            Flags::MAYBE_BAD_BOOK
        } else {
            Flags::NONE
        };
        self.stamp(&mut record.header, flags);
        self.counts.gap_ended(end, missing);
        self.emit(&Record::Gap(&record));
    }

    /// Before an instrument's first record, and before one that is finer than those before, stands
    /// an `Instrument` record with the exponents that hold from here.
    #[inline]
    fn introduce(&mut self, id: InstrumentId, px_exp: i8, qty_exp: i8) {
        let known = self.instruments.get(id);
        if known.generation == 0 || px_exp < known.px_exp || qty_exp < known.qty_exp {
            self.introduce_finer(id, px_exp, qty_exp);
        }
    }

    /// As [`Gate::introduce`], before a record without numbers.
    fn acquaint(&mut self, id: InstrumentId) {
        if id != InstrumentId::NONE && self.instruments.get(id).generation == 0 {
            self.introduce_finer(id, 0, 0);
        }
    }

    #[cold]
    fn introduce_finer(&mut self, id: InstrumentId, px_exp: i8, qty_exp: i8) {
        let instrument = self.instruments.get_mut(id);
        if instrument.declared {
            self.counts.widened += 1;
        }
        instrument.widen(px_exp, qty_exp);
        let (px_exp, qty_exp) = (instrument.px_exp, instrument.qty_exp);
        self.instrument(id, Flags::NONE);
        self.widen_books(id, px_exp, qty_exp);
    }

    #[inline]
    fn stamp(&self, header: &mut Header, flags: Flags) {
        stamp(header, &self.meta, flags);
    }

    #[inline]
    fn emit(&mut self, record: &Record<'_>) {
        self.counts.emitted(record);
        self.sink.record(record);
    }

    const fn rules(&self, joins: bool) -> Rules {
        Rules {
            joins,
            wait: self.wait,
            redundant: self.redundant,
        }
    }
}

/// Takes a figure over unless a later one is held: an older change that comes late from another line
/// says nothing about what changed since.
fn merge(held: &mut Vec<(Figure, Moment)>, figure: Figure, at: Moment) {
    match held.binary_search_by_key(&figure.name, |(known, _)| known.name) {
        Ok(place) if held[place].1 <= at => held[place] = (figure, at),
        Ok(_) => {}
        Err(place) => held.insert(place, (figure, at)),
    }
}

pub(super) use books::carried;

/// The key of an instrument's stream.
pub(super) const fn key(instrument: InstrumentId, channel: Channel) -> StreamKey {
    StreamKey {
        instrument,
        channel,
    }
}

#[inline]
fn stamp(header: &mut Header, meta: &Meta, flags: Flags) {
    header.flags = header.flags.with(flags);
    header.line = meta.line;
    header.frame = meta.frame;
    header.ts_recv = meta.ts_recv;
    header.ts_kernel = meta.ts_kernel;
}
