//! Order-level messages.

use super::admit::{Content, Sign};
use super::{Gate, Orders, key};
use crate::feed::arrivals::numbered;
use crate::feed::gaps::OpenGap;
use crate::feed::order_sync::OrderSync;
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
        let snapshot = head.header.template_id == Kind::OrdersSnapshot as u16;
        let book = of(self.orders, id);
        let broken = book.take(self.venue, head, orders, snapshot);
        let live = book.state() == State::Live;
        if let Some(found) = broken {
            self.break_orders(id, found);
        }
        if !live {
            head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
        }
        let event = OrdersEvent {
            head,
            bids: orders.0,
            asks: orders.1,
        };
        self.emit(&if snapshot {
            Record::OrdersSnapshot(event)
        } else {
            Record::OrdersDelta(event)
        });
        let healed = of(self.orders, id).gap.take_if(|_| live);
        if let Some(gap) = healed {
            self.tell(key(id, Channel::ORDERS), &gap, GapEnd::SNAPSHOT, 0);
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
            content.mix(&[order.px, order.qty, order.ts, i64::from(order.action.0)]);
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
