//! Snapshots for the books that need one, as the venue gives them and as its limits allow.

use super::{Feed, Meta, Outbox, Reference, Want};
use crate::instrument::InstrumentId;
use crate::record::RecordSink;
use crate::reject::Reject;
use crate::venue::{Ask, Channel, Snapshots, Stream, StreamKey, Venue};

/// Snapshots that may be asked for at once after a quiet time: 8 × 250 of Binance spot's 6,000 weight
/// a minute.
const SNAPSHOT_BURST: i64 = 8;

impl<V: Venue> Feed<V> {
    pub(super) fn on_snapshot(
        &mut self,
        instrument: InstrumentId,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        self.venue.decode_snapshot(
            body,
            instrument,
            Channel::BOOK,
            &mut self.instruments,
            &mut self.batch,
        )?;
        match self.books.get_mut(instrument.index()) {
            Some(book) if book.awaits_join() => {
                self.deliver(meta, Some(instrument), out, sink);
            }
            _ => self.counts.stale += 1,
        }
        if let Some(book) = self.books.get_mut(instrument.index())
            && book.awaits_join()
        {
            book.retry_later(meta.now);
        }
        Ok(())
    }

    /// Asks for the snapshots that bad books need, as the venue gives them.
    pub(super) fn resynchronise(&mut self, now: i64, out: &mut Outbox) {
        if self.reference != Reference::Settled {
            return;
        }
        let source = self.venue.facts().snapshots;
        for index in 0..self.books.len() {
            if !self.books[index].wants_snapshot(now, source) {
                continue;
            }
            match source {
                Snapshots::Rest { .. } if now < self.next_snapshot => return,
                Snapshots::Rest { spacing } => {
                    // A quiet time saves up for a burst: the first books of a feed come at once.
                    self.next_snapshot =
                        self.next_snapshot.max(now - SNAPSHOT_BURST * spacing) + spacing;
                    self.fetch_snapshot(index, now, out);
                }
                Snapshots::InBand => self.resubscribe(index, now, out),
            }
        }
    }

    fn fetch_snapshot(&mut self, index: usize, now: i64, out: &mut Outbox) {
        let instrument = &self.instruments.all()[index];
        let channel = Channel::BOOK;
        if let Some(query) = self.venue.snapshot_query(&instrument.symbol, channel) {
            out.fetch(
                Want::Snapshot {
                    instrument: instrument.id,
                    channel,
                },
                query,
            );
        }
        self.books[index].snapshot_asked(now);
        self.counts.resyncs += 1;
    }

    fn resubscribe(&mut self, index: usize, now: i64, out: &mut Outbox) {
        let instrument = &self.instruments.all()[index];
        let key = StreamKey {
            instrument: instrument.id,
            channel: Channel::BOOK,
        };
        let Some(line) = self.lines.iter_mut().find(|line| line.can_renew(key)) else {
            return;
        };
        let stream = Stream {
            key,
            symbol: &instrument.symbol,
        };
        line.queue(&self.venue, Ask::Unsubscribe, &[stream]);
        line.queue(&self.venue, Ask::Subscribe, &[stream]);
        line.pump(now, out);
        self.books[index].snapshot_asked(now);
        self.counts.resyncs += 1;
    }

    /// A book stream was acknowledged whose snapshot comes in the stream.
    pub(super) fn snapshot_promised(&mut self, key: StreamKey, now: i64) {
        if key.channel == Channel::BOOK
            && self.venue.facts().snapshots == Snapshots::InBand
            && let Some(book) = self.books.get_mut(key.instrument.index())
        {
            book.snapshot_promised(now);
        }
    }
}
