//! The end of an instrument that is no longer picked: what is open of it ends, and nothing is kept.

use super::{Gate, key};
use crate::feed::order_sync::OrderSync;
use crate::feed::sync::State;
use crate::instrument::InstrumentId;
use crate::record::{GapEnd, RecordSink, StatusCode};
use crate::venue::{Channel, StreamKey, Venue};

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    /// Ends every open gap of the instrument as lost, since nobody will fill it, and begins its
    /// books, its streams and what the quality rules learned of it anew.
    pub(in crate::feed) fn release(&mut self, id: InstrumentId) {
        for channel in Channel::all() {
            let key = key(id, channel);
            if channel.keeps_book() {
                self.release_book(key);
            } else {
                self.release_stream(key);
            }
        }
        self.release_orders(id);
        self.quality.forget(id);
        let symbol = self.instruments.get(id).symbol.clone();
        let whole = key(id, Channel::NONE);
        self.stream_status(whole, StatusCode::UNPICKED, &symbol);
    }

    fn release_book(&mut self, key: StreamKey) {
        let (id, channel) = (key.instrument, key.channel);
        let Some(book) = self.books.get(id, channel) else {
            return;
        };
        if book.state() == State::Live && book.waits() {
            // What waited was received, and is told.
            self.give_up_waiting(id, channel);
        }
        let book = std::mem::take(self.books.of(id, channel));
        if let Some(gap) = book.gap {
            self.tell(key, &gap, GapEnd::LOST, gap.numbers());
        }
    }

    fn release_orders(&mut self, id: InstrumentId) {
        let waits = |book: &OrderSync| book.is_overdue(i64::MAX, 0);
        if self.orders.get(id.index()).is_some_and(waits) {
            // What waited was received, and is told.
            self.give_up_waiting_orders(id);
        }
        let book = self.orders.get_mut(id.index()).map(std::mem::take);
        if let Some(gap) = book.and_then(|book: OrderSync| book.gap) {
            self.tell(key(id, Channel::ORDERS), &gap, GapEnd::LOST, 0);
        }
    }

    fn release_stream(&mut self, key: StreamKey) {
        if !self.streams.knows(key) {
            return;
        }
        while let Some(hole) = self.streams.of(key).holes.pop() {
            self.end_hole(key, hole, GapEnd::LOST);
        }
        let state = std::mem::take(self.streams.of(key));
        let wanted = state.wanted.into_iter().map(|wanted| wanted.gap);
        for gap in wanted.chain(state.gap) {
            self.tell(key, &gap, GapEnd::LOST, 0);
        }
    }
}
