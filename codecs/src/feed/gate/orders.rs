//! Order-level messages.

use super::admit::{Content, Sign};
use super::{Gate, Orders, key};
use crate::feed::arrivals::numbered;
use crate::feed::gaps::OpenGap;
use crate::feed::order_sync::{OrderSync, Taken};
use crate::feed::sync::State;
use crate::instrument::InstrumentId;
use crate::record::{Flags, GapCause, GapEnd, Kind, OrdersEvent, OrdersHead, Record, RecordSink};
use crate::venue::{Channel, Venue};

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    pub(in crate::feed) fn orders(
        &mut self,
        head: &mut OrdersHead,
        orders: Orders<'_>,
        flags: Flags,
    ) {
        let id = head.header.instrument;
        self.introduce(id, head.px_exp, head.qty_exp);
        self.stamp(&mut head.header, flags);
        if self.is_order_copy(head, orders) {
            return;
        }
        let times = (if self.redundant { self.wait } else { 0 }, self.meta.now);
        let Taken::Now(broken) = of(self.orders, id).take(self.venue, head, orders, times) else {
            self.counts.early += 1;
            return;
        };
        if let Some(found) = broken {
            self.break_orders(id, found);
        }
        let live = of(self.orders, id).state() == State::Live;
        if !live {
            head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
        }
        self.emit_orders(head, orders);
        if live {
            self.drain_early_orders(id);
        }
        if let Some(gap) = of(self.orders, id).gap.take_if(|_| live) {
            self.tell(key(id, Channel::ORDERS), &gap, GapEnd::SNAPSHOT, 0);
        }
    }

    fn emit_orders(&mut self, head: &OrdersHead, (bids, asks): Orders<'_>) {
        let event = OrdersEvent { head, bids, asks };
        self.emit(&if head.header.template_id == Kind::OrdersSnapshot as u16 {
            Record::OrdersSnapshot(event)
        } else {
            Record::OrdersDelta(event)
        });
    }

    /// Updates that waited for the one just applied follow it.
    fn drain_early_orders(&mut self, id: InstrumentId) {
        loop {
            let (book, copies) = (of(self.orders, id), &mut self.counts.duplicates);
            let Some(update) = book.next_early(self.venue, copies) else {
                return;
            };
            self.counts.reordered += 1;
            self.emit_orders(&update.head, update.orders());
        }
    }

    /// Updates waited too long for one that is missing: the book breaks.
    pub(in crate::feed) fn give_up_waiting_orders(&mut self, id: InstrumentId) {
        let (broken, early) = of(self.orders, id).give_up_waiting();
        if let Some(found) = broken {
            self.break_orders(id, found);
        }
        for mut update in early {
            update.head.header.flags = update.head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            self.emit_orders(&update.head, update.orders());
        }
    }

    /// A copy of what another line brought, or the beginning of another line while the book is live.
    fn is_order_copy(&mut self, head: &OrdersHead, orders: Orders<'_>) -> bool {
        if !self.redundant {
            return false;
        }
        let mut content = Content::default();
        content.mix(&[i64::from(head.checksum), i64::from(head.header.template_id)]);
        for order in orders.0.iter().chain(orders.1) {
            content.decimals(head.px_exp, &[order.px]);
            content.decimals(head.qty_exp, &[order.qty]);
            content.mix(&[order.ts, i64::from(order.action.0)]);
        }
        let hash = content.key(Sign::of(&head.header));
        let (line, now) = (self.meta.line, self.meta.now);
        let book = of(self.orders, head.header.instrument);
        let live = book.state() == State::Live;
        if let Some(copy) = book.arrivals.copy(hash, line, now) {
            self.counts.duplicates += 1;
            self.scores.copied(line, copy);
            return live;
        }
        book.arrivals.took(
            hash,
            numbered(head.header.ts_venue.cast_unsigned()),
            line,
            now,
        );
        self.scores.won(line);
        live && head.header.template_id == Kind::OrdersSnapshot as u16
    }

    pub(super) fn lose_orders(&mut self, id: InstrumentId, cause: GapCause) {
        let book = self.orders.get_mut(id.index());
        if let Some(found) = book.and_then(|book| book.lose(cause)) {
            self.break_orders(id, found);
        }
    }

    fn break_orders(&mut self, id: InstrumentId, found: OpenGap) {
        let gap = OpenGap {
            ts_open: self.meta.ts_recv,
            ..found
        };
        self.tell(key(id, Channel::ORDERS), &gap, GapEnd::OPEN, 0);
        of(self.orders, id).gap.get_or_insert(gap);
    }
}

fn of(books: &mut Vec<OrderSync>, id: InstrumentId) -> &mut OrderSync {
    if books.len() <= id.index() {
        books.resize_with(id.index() + 1, OrderSync::default);
    }
    &mut books[id.index()]
}
