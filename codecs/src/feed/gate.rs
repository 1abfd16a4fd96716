//! The last step: state meets message, and a record leaves.

use super::sync::{BookSync, Break, Levels, Scratch, State, Verdict};
use super::{Counts, Meta};
use crate::instrument::{InstrumentId, Instruments};
use crate::record::{
    Bbo, BookEvent, BookHead, Candle, Figure, Flags, Gap, GapCause, Header, Kind, Liquidation,
    Order, OrdersEvent, OrdersHead, Record, RecordSink, StatusCode, StatusHead, TickerEvent,
    TickerHead, Trade,
};
use crate::venue::{Channel, Snapshots, StreamKey, Venue, VenueId};

/// An order-level event's bids and asks.
pub(super) type Orders<'a> = (&'a [Order], &'a [Order]);

/// Borrowed parts of a feed, for one message.
pub(super) struct Gate<'a, V, S> {
    pub(super) venue: &'a V,
    pub(super) id: VenueId,
    pub(super) meta: Meta,
    pub(super) instruments: &'a mut Instruments,
    pub(super) books: &'a mut Vec<BookSync>,
    pub(super) counts: &'a mut Counts,
    pub(super) scratch: &'a mut Scratch,
    pub(super) sink: &'a mut S,
}

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    #[inline]
    pub(super) fn trade(&mut self, trade: &mut Trade, flags: Flags) {
        self.introduce(trade.header.instrument, trade.px_exp, trade.qty_exp);
        self.stamp(&mut trade.header, flags);
        self.emit(&Record::Trade(trade));
    }

    #[inline]
    pub(super) fn bbo(&mut self, bbo: &mut Bbo, flags: Flags) {
        self.introduce(bbo.header.instrument, bbo.px_exp, bbo.qty_exp);
        self.stamp(&mut bbo.header, flags);
        self.emit(&Record::Bbo(bbo));
    }

    pub(super) fn candle(&mut self, candle: &mut Candle, flags: Flags) {
        let qty_exp = self.instruments.get(candle.header.instrument).qty_exp;
        self.introduce(candle.header.instrument, candle.px_exp, qty_exp);
        self.stamp(&mut candle.header, flags);
        self.emit(&Record::Candle(candle));
    }

    pub(super) fn liquidation(&mut self, found: &mut Liquidation, flags: Flags) {
        self.introduce(found.header.instrument, found.px_exp, found.qty_exp);
        self.stamp(&mut found.header, flags);
        self.emit(&Record::Liquidation(found));
    }

    pub(super) fn ticker(&mut self, head: &mut TickerHead, figures: &[Figure], flags: Flags) {
        self.stamp(&mut head.header, flags);
        self.emit(&Record::Ticker(TickerEvent { head, figures }));
    }

    pub(super) fn orders(&mut self, head: &mut OrdersHead, orders: Orders<'_>, flags: Flags) {
        self.introduce(head.header.instrument, head.px_exp, head.qty_exp);
        self.stamp(&mut head.header, flags);
        let event = OrdersEvent {
            head,
            bids: orders.0,
            asks: orders.1,
        };
        self.emit(
            &if event.head.header.template_id == Kind::OrdersSnapshot as u16 {
                Record::OrdersSnapshot(event)
            } else {
                Record::OrdersDelta(event)
            },
        );
    }

    pub(super) fn book(&mut self, head: &mut BookHead, levels: Levels<'_>, flags: Flags) {
        self.introduce(head.header.instrument, head.px_exp, head.qty_exp);
        self.stamp(&mut head.header, flags);
        if head.header.template_id == Kind::BookSnapshot as u16 {
            self.snapshot(head, levels);
        } else {
            self.delta(head, levels);
        }
    }

    /// Writes what is known of an instrument.
    pub(super) fn instrument(&mut self, id: InstrumentId, flags: Flags) {
        let (mut head, text) = self.instruments.get(id).as_record(self.id);
        stamp(&mut head.header, &self.meta, flags);
        let record = Record::Instrument(&head, text);
        self.counts.emitted(&record);
        self.sink.record(&record);
    }

    /// Writes a live book as it stands.
    pub(super) fn checkpoint_book(&mut self, id: InstrumentId) {
        let Some(book) = self
            .books
            .get(id.index())
            .filter(|book| book.state() == State::Live)
        else {
            return;
        };
        let (px_exp, qty_exp) = (book.book().px_exp(), book.book().qty_exp());
        let mut head = BookHead::new(Kind::BookSnapshot, id, px_exp, qty_exp);
        self.stamp(&mut head.header, Flags::CHECKPOINT);
        self.whole_book(&mut head);
    }

    pub(super) fn line_status(&mut self, code: StatusCode, text: &str) {
        self.stream_status(
            StreamKey {
                instrument: InstrumentId::NONE,
                channel: Channel::NONE,
            },
            code,
            text,
        );
    }

    pub(super) fn stream_status(&mut self, key: StreamKey, code: StatusCode, text: &str) {
        let mut head = StatusHead::new(self.id, code, key.instrument, key.channel);
        self.stamp(&mut head.header, Flags::NONE);
        self.emit(&Record::Status(&head, text));
    }

    /// A stream was lost from outside: a gap, and its book is bad.
    pub(super) fn lost(&mut self, key: StreamKey, cause: GapCause) {
        let book = (key.channel == Channel::BOOK)
            .then(|| self.books.get_mut(key.instrument.index()))
            .flatten();
        match book.map(|book| (book.state(), book.lose(cause))) {
            Some((_, Some(found))) => self.gap(key.instrument, &found),
            Some((State::Bad | State::Unsynced | State::Live, None)) => {}
            None if key.channel == Channel::REFERENCE => {}
            None => {
                let mut gap = Gap::new(key.instrument, key.channel, cause);
                self.stamp(&mut gap.header, Flags::NONE);
                self.emit(&Record::Gap(&gap));
            }
        }
    }

    fn delta(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        let id = head.header.instrument;
        let holds = matches!(self.venue.facts().snapshots, Snapshots::Rest { .. });
        let verdict = book_mut(self.books, id).update(self.venue, head, levels, holds);
        match verdict {
            Verdict::Good => {
                if self.books[id.index()].book().is_crossed() {
                    self.counts.crossed += 1;
                }
            }
            Verdict::Stale => {
                self.counts.stale += 1;
                return;
            }
            Verdict::Waiting | Verdict::StillBad => {
                head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            }
            Verdict::Broken(found) => {
                self.gap(id, &found);
                head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            }
        }
        self.emit(&Record::BookDelta(BookEvent {
            head,
            bids: levels.0,
            asks: levels.1,
        }));
    }

    fn snapshot(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        let id = head.header.instrument;
        let joins = matches!(self.venue.facts().snapshots, Snapshots::Rest { .. });
        let verdict = book_mut(self.books, id).snapshot(self.venue, head, levels, joins);
        match verdict {
            Verdict::Good if joins => self.whole_book(head),
            Verdict::Good => {
                head.header.flags = head.header.flags.with(Flags::SNAPSHOT);
                self.emit(&Record::BookSnapshot(BookEvent {
                    head,
                    bids: levels.0,
                    asks: levels.1,
                }));
            }
            Verdict::Stale | Verdict::Waiting => self.counts.stale += 1,
            Verdict::StillBad => self.bad_snapshot(head, levels),
            Verdict::Broken(found) => {
                self.gap(id, &found);
                self.bad_snapshot(head, levels);
            }
        }
    }

    fn bad_snapshot(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        head.header.flags = head
            .header
            .flags
            .with(Flags::SNAPSHOT)
            .with(Flags::MAYBE_BAD_BOOK);
        self.emit(&Record::BookSnapshot(BookEvent {
            head,
            bids: levels.0,
            asks: levels.1,
        }));
    }

    /// Emits the book as it stands now under `head`.
    fn whole_book(&mut self, head: &mut BookHead) {
        let book = &self.books[head.header.instrument.index()];
        book.copy_to(self.scratch);
        head.first_seq = head.header.seq;
        head.header.seq = book.seq().unwrap_or(0);
        if head.first_seq == u64::MAX {
            head.first_seq = 0;
        }
        (head.px_exp, head.qty_exp) = (book.book().px_exp(), book.book().qty_exp());
        head.header.flags = head.header.flags.with(Flags::SNAPSHOT);
        let record = Record::BookSnapshot(BookEvent {
            head,
            bids: &self.scratch.bids,
            asks: &self.scratch.asks,
        });
        self.counts.emitted(&record);
        self.sink.record(&record);
    }

    fn gap(&mut self, instrument: InstrumentId, found: &Break) {
        let mut gap = Gap::new(instrument, Channel::BOOK, found.cause);
        self.stamp(&mut gap.header, Flags::MAYBE_BAD_BOOK);
        gap.header.seq = found.good_seq;
        gap.first_seq = found.first_seq;
        gap.last_seq = found.last_seq;
        self.emit(&Record::Gap(&gap));
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

    #[cold]
    fn introduce_finer(&mut self, id: InstrumentId, px_exp: i8, qty_exp: i8) {
        let instrument = self.instruments.get_mut(id);
        if instrument.declared {
            self.counts.widened += 1;
        }
        instrument.widen(px_exp, qty_exp);
        let (px_exp, qty_exp) = (instrument.px_exp, instrument.qty_exp);
        self.instrument(id, Flags::NONE);
        let broken = self
            .books
            .get_mut(id.index())
            .and_then(|book| book.widen(px_exp, qty_exp));
        if let Some(found) = broken {
            self.gap(id, &found);
        }
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
}

#[inline]
fn stamp(header: &mut Header, meta: &Meta, flags: Flags) {
    header.flags = header.flags.with(flags);
    header.line = meta.line;
    header.frame = meta.frame;
    header.ts_recv = meta.ts_recv;
    header.ts_kernel = meta.ts_kernel;
}

fn book_mut(books: &mut Vec<BookSync>, id: InstrumentId) -> &mut BookSync {
    if books.len() <= id.index() {
        books.resize_with(id.index() + 1, BookSync::default);
    }
    &mut books[id.index()]
}
