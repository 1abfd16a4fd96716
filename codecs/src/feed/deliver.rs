//! What one frame or body said, item by item: data to the gate, answers and news to whom they concern.

use super::{Feed, Meta, Outbox, State};
use crate::batch::{Batch, Control, Item, trade_channel};
use crate::instrument::InstrumentId;
use crate::record::{Flags, GapEnd, RecordSink, StatusCode};
use crate::venue::{StreamKey, Venue};

impl<V: Venue> Feed<V> {
    /// Sends the batch's items through the gate. `snapshot_of` names the instrument whose REST
    /// snapshot this is.
    pub(super) fn deliver(
        &mut self,
        meta: Meta,
        snapshot_of: Option<InstrumentId>,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let mut batch = std::mem::take(&mut self.batch);
        let line = self.lines.iter().position(|line| line.id() == meta.line);
        let carried = |item: &Item| item.stream().is_none_or(|(id, _)| self.picked.has(id));
        let last = batch.items.iter().rposition(carried);
        for (at, item) in batch.items.iter_mut().enumerate() {
            if item.stream().is_some_and(|(id, _)| !self.picked.has(id)) {
                self.counts.unpicked += 1;
                continue;
            }
            let flags = if last == Some(at) {
                Flags::LAST
            } else {
                Flags::NONE
            };
            match item {
                Item::Control(control) => self.on_control(control, line, meta, out, sink),
                Item::Listing(listing) => {
                    let part = batch.whole_list || self.venue.reference_query(None).is_some();
                    self.on_listing(listing, part, meta, sink);
                }
                Item::Trade(trade) => {
                    let channel = trade_channel(trade);
                    self.gate(meta, sink).trade(trade, channel, flags);
                }
                Item::Bbo(bbo) => self.gate(meta, sink).bbo(bbo, flags),
                Item::Candle(candle) => self.gate(meta, sink).candle(candle, flags),
                Item::Liquidation(found) => self.gate(meta, sink).liquidation(found, flags),
                Item::Ticker {
                    head,
                    figures,
                    change,
                } => {
                    let figures = &batch.figures[figures.clone()];
                    self.gate(meta, sink).ticker(head, figures, *change, flags);
                }
                Item::Orders { head, bids, asks } => {
                    let orders = (&batch.orders[bids.clone()], &batch.orders[asks.clone()]);
                    self.gate(meta, sink).orders(head, orders, flags);
                }
                Item::Book { head, bids, asks } => {
                    let levels = (&batch.levels[bids.clone()], &batch.levels[asks.clone()]);
                    self.gate(meta, sink).book(head, levels, flags);
                }
            }
        }
        if batch.whole_list {
            self.on_whole_list(meta, sink);
        }
        if let (Some(line), None) = (line, snapshot_of) {
            for (instrument, channel) in batch.streams() {
                let key = StreamKey {
                    instrument,
                    channel,
                };
                if self.lines[line].data_came(key, meta.now) {
                    self.gate(meta, sink)
                        .stream_status(key, StatusCode::LIVE, "");
                }
            }
            for at in 0..self.options.whole_market.len() {
                self.market_came((line, at), &batch, meta, sink);
            }
        }
        // A frame whose books are all live costs no look at the others: the tick does that.
        let unsettled = batch.streams().any(|(instrument, channel)| {
            let book = channel
                .keeps_book()
                .then(|| self.books.get(instrument, channel))
                .flatten();
            book.is_some_and(|book| book.state() != State::Live)
        });
        self.batch = batch;
        if unsettled {
            self.resynchronise(meta.now, out);
        }
    }

    /// Data of any instrument is a sign of life of its whole-market stream.
    fn market_came(
        &mut self,
        (line, at): (usize, usize),
        batch: &Batch,
        meta: Meta,
        sink: &mut impl RecordSink,
    ) {
        let channel = self.options.whole_market[at];
        if batch.streams().any(|(_, came)| came == channel) {
            let key = StreamKey {
                instrument: InstrumentId::NONE,
                channel,
            };
            if self.lines[line].data_came(key, meta.now) {
                self.gate(meta, sink)
                    .stream_status(key, StatusCode::LIVE, "");
            }
            if let Some(gap) = self.streams.end_market_gap(channel) {
                self.gate(meta, sink).tell(key, &gap, GapEnd::LOST, 0);
            }
        }
    }

    fn on_control(
        &mut self,
        control: &Control,
        line: Option<usize>,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        match control {
            Control::Answer {
                request,
                stream,
                refused,
            } => {
                let Some(line) = line else { return };
                let answered = self.lines[line].answered(
                    (*request, *stream),
                    refused.is_some(),
                    &self.venue,
                    &self.instruments,
                    meta.now,
                );
                let code = if refused.is_some() {
                    StatusCode::REJECTED
                } else {
                    StatusCode::SUBSCRIBED
                };
                for key in answered {
                    self.snapshot_promised(key, meta.now);
                    self.gate(meta, sink).stream_status(
                        key,
                        code,
                        refused.as_deref().unwrap_or(""),
                    );
                }
                self.lines[line].pump(meta.now, out);
            }
            Control::VenueState(state) => {
                self.gate(meta, sink).line_status(StatusCode::VENUE, state)
            }
            Control::Heartbeat => self.counts.heartbeats += 1,
            Control::Shutdown => {
                if let Some(line) = line {
                    self.lines[line].tired = Some("the venue announced its end");
                }
            }
            Control::Relisted => self.on_relisted(meta.now),
            Control::Delisted(symbol) => self.on_delisted(symbol, meta, sink),
            Control::Ignored => self.counts.ignored += 1,
        }
    }
}
