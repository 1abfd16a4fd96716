//! Missing trades: holes are told when they have waited, and asked of REST.

use super::gate::key;
use super::{Feed, Meta, Outbox, Want};
use crate::record::{RecordSink, Trade};
use crate::reject::Reject;
use crate::venue::{Hole, StreamKey, Venue};

impl<V: Venue> Feed<V> {
    /// Time passes: holes that nobody filled are told and asked for.
    pub(super) fn recover(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        let open = |state: &super::stream::StreamState| {
            !state.holes.is_empty() || !state.wanted.is_empty()
        };
        for key in self.streams.keys(self.id, open) {
            self.gate(meta, sink).declare_holes(key);
            self.ask_for_trades(key, meta.now, out);
        }
    }

    fn ask_for_trades(&mut self, key: StreamKey, now: i64, out: &mut Outbox) {
        let state = self.streams.of(key);
        let hole = if let Some(after) = state.ask(now) {
            Hole {
                first: 0,
                last: 0,
                after,
                until: 0,
            }
        } else if let Some(hole) = state.holes.next_ask(now) {
            Hole {
                first: hole.first,
                last: hole.last,
                after: hole.after,
                until: hole.until,
            }
        } else {
            return;
        };
        let symbol = &self.instruments.get(key.instrument).symbol;
        if let Some(query) = self.venue.trades_query(symbol, key.channel, hole) {
            let want = Want::Trades {
                instrument: key.instrument,
                channel: key.channel,
            };
            out.fetch(want, query);
        }
    }

    pub(super) fn on_trades(
        &mut self,
        stream: StreamKey,
        body: &[u8],
        meta: Meta,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        let mut trades: Vec<Trade> = Vec::new();
        self.venue.decode_trades(
            body,
            stream.instrument,
            stream.channel,
            &mut self.instruments,
            &mut trades,
        )?;
        let stream = key(stream.instrument, stream.channel);
        self.gate(meta, sink).backfill(stream, &mut trades);
        Ok(())
    }

    pub(super) fn trades_failed(
        &mut self,
        stream: StreamKey,
        meta: Meta,
        sink: &mut impl RecordSink,
    ) {
        let mut gate = self.gate(meta, sink);
        gate.hole_answered(stream, false);
        gate.ids_unanswered(stream);
    }
}
