//! Snapshots for the books that need one, as the venue gives them and as its limits allow.

use super::gate::{carried, key};
use super::line::named;
use super::order_sync::OrderSync;
use super::quality::Rule;
use super::sync::State;
use super::{Feed, Meta, Outbox, Reference, Want};
use crate::instrument::InstrumentId;
use crate::record::{GapCause, RecordSink, StatusCode};
use crate::reject::Reject;
use crate::venue::{Channel, Snapshots, StreamKey, Venue};

/// Snapshots that may be asked for at once after a quiet time: 8 × 250 of Binance spot's 6,000 weight
/// a minute.
const SNAPSHOT_BURST: i64 = 8;

impl<V: Venue> Feed<V> {
    pub(super) fn on_snapshot(
        &mut self,
        stream: StreamKey,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        let (instrument, channel) = (stream.instrument, stream.channel);
        self.venue.decode_snapshot(
            body,
            instrument,
            channel,
            &mut self.instruments,
            &mut self.batch,
        )?;
        match self.books.get(instrument, channel) {
            Some(book) if book.awaits_join() => {
                self.deliver(meta, Some(instrument), out, sink);
            }
            _ => self.counts.stale += 1,
        }
        if let Some(book) = self.books.get_mut(instrument, channel)
            && book.awaits_join()
        {
            book.retry_later(meta.now);
        }
        Ok(())
    }

    /// Books that waited too long for an update, or stay crossed, break; those that stand still are
    /// told.
    pub(super) fn watch_books(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let (now, wait) = (meta.now, self.options.gap_wait);
        for (channel, index) in self.books.places(|book| book.is_overdue(now, wait)) {
            let id = self.instruments.all()[index].id;
            self.gate(meta, sink).give_up_waiting(id, channel);
        }
        let late = |book: &OrderSync| book.is_overdue(now, wait);
        for index in (0..self.orders.len())
            .filter(|index| late(&self.orders[*index]))
            .collect::<Vec<_>>()
        {
            let id = self.instruments.all()[index].id;
            self.gate(meta, sink).give_up_waiting_orders(id);
        }
        let limit = self.quality.options().crossed_max;
        let crossed = |since: Option<i64>| since.is_some_and(|since| now - since >= limit);
        if self.quality.watches(Rule::Crossed) {
            for (channel, index) in self.books.places(|book| crossed(book.crossed_since)) {
                let id = self.instruments.all()[index].id;
                self.quality.hit(Rule::Crossed);
                self.gate(meta, sink)
                    .distrust(id, channel, GapCause::CROSSED);
            }
        }
        if self.quality.watches(Rule::StaleBook) {
            for (channel, index) in self.books.places(|book| book.state() == State::Live) {
                let known = &self.instruments.all()[index];
                if channel == Channel::BOOK && self.quality.book_is_stale(known, channel) {
                    let stream = key(known.id, channel);
                    self.gate(meta, sink).stream_status(
                        stream,
                        StatusCode::STALE,
                        "the instrument trades and its book stands still",
                    );
                }
            }
        }
    }

    /// Asks for the snapshots that bad books need, as the venue gives them.
    pub(super) fn resynchronise(&mut self, now: i64, out: &mut Outbox) {
        if self.reference != Reference::Settled {
            return;
        }
        for (channel, index) in self.books.places(|book| book.state() != State::Live) {
            let id = self.instruments.all()[index].id;
            let source = self.venue.snapshots(channel);
            if !self.books.of(id, channel).wants_snapshot(now, source) {
                continue;
            }
            match source {
                Snapshots::Rest { .. } if now < self.next_snapshot => {}
                Snapshots::Rest { spacing } => {
                    // A quiet time saves up for a burst: the first books of a feed come at once.
                    self.next_snapshot =
                        self.next_snapshot.max(now - SNAPSHOT_BURST * spacing) + spacing;
                    self.fetch_snapshot(id, channel, now, out);
                }
                Snapshots::InBand => self.resubscribe(id, channel, now, out),
            }
        }
        for index in 0..self.orders.len() {
            if self.orders[index].wants_snapshot(now) {
                let id = self.instruments.all()[index].id;
                self.resubscribe(id, Channel::ORDERS, now, out);
            }
        }
    }

    fn fetch_snapshot(
        &mut self,
        instrument: InstrumentId,
        channel: Channel,
        now: i64,
        out: &mut Outbox,
    ) {
        let symbol = &self.instruments.get(instrument).symbol;
        if let Some(query) = self.venue.snapshot_query(symbol, channel) {
            out.fetch(
                Want::Snapshot {
                    instrument,
                    channel,
                },
                query,
            );
        }
        self.books.of(instrument, channel).snapshot_asked(now);
        self.counts.resyncs += 1;
    }

    /// Gives the stream up and asks for it again, on the line that delivered last.
    pub(super) fn resubscribe(
        &mut self,
        instrument: InstrumentId,
        channel: Channel,
        now: i64,
        out: &mut Outbox,
    ) {
        let stream = key(instrument, self.venue.carrier(channel));
        let able = self.lines.iter_mut().filter(|line| line.can_renew(stream));
        let last = |line: &super::Line| line.slot(stream).map(|slot| slot.pulse.last());
        let Some(line) = able.max_by_key(|line| last(line)) else {
            return;
        };
        let named = named(&self.venue, stream, &self.instruments);
        line.renew(&self.venue, named, now, out);
        self.counts.resyncs += 1;
        self.snapshot_asked(stream, now);
    }

    fn snapshot_asked(&mut self, stream: StreamKey, now: i64) {
        if stream.channel == Channel::ORDERS {
            if let Some(book) = self.orders.get_mut(stream.instrument.index()) {
                book.snapshot_asked(now);
            }
            return;
        }
        for channel in carried(&self.venue, stream.channel) {
            if let Some(book) = self.books.get_mut(stream.instrument, channel) {
                book.snapshot_asked(now);
            }
        }
    }

    /// A book stream was acknowledged whose snapshot comes in the stream.
    pub(super) fn snapshot_promised(&mut self, stream: StreamKey, now: i64) {
        if stream.channel == Channel::ORDERS {
            if let Some(book) = self.orders.get_mut(stream.instrument.index()) {
                book.snapshot_promised(now);
            }
            return;
        }
        for channel in carried(&self.venue, stream.channel) {
            if self.venue.snapshots(channel) == Snapshots::InBand
                && let Some(book) = self.books.get_mut(stream.instrument, channel)
            {
                book.snapshot_promised(now);
            }
        }
    }
}
