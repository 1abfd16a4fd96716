//! Lines that open and end, and what that means for the streams that they carry.

use super::{Feed, Meta, Outbox, Stage, gate};
use crate::instrument::InstrumentId;
use crate::record::{GapCause, RecordSink, StatusCode};
use crate::venue::{Channel, StreamKey, Venue};

impl<V: Venue> Feed<V> {
    /// A line is connected: subscribes its streams.
    pub fn on_open(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.gate(meta, sink).line_status(StatusCode::LINE_UP, "");
        let Some(at) = self.lines.iter().position(|line| line.id() == meta.line) else {
            return;
        };
        if self.interrupted {
            for key in self.lines[at].carried(|_| true) {
                if self.resumed.insert(key) {
                    self.gate(meta, sink).lost(key, GapCause::RESTART);
                }
            }
        }
        self.streams.leave(meta.line);
        self.books.line_began(meta.line);
        let (venue, instruments) = (&self.venue, &self.instruments);
        self.lines[at].open(venue, instruments, meta.now);
        self.lines[at].pump(meta.now, out);
    }

    /// A line is gone: every stream that was live on it and on no other has a gap, and its books are
    /// bad.
    pub fn on_close(
        &mut self,
        meta: Meta,
        reason: &str,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let Some(at) = self.lines.iter().position(|line| line.id() == meta.line) else {
            return;
        };
        // One that is being subscribed anew delivered before, and is lost as well.
        let lost = self.lines[at].carried(|stage| stage != Stage::Refused);
        self.lines[at].close(meta.now);
        self.streams.leave(meta.line);
        self.gate(meta, sink)
            .line_status(StatusCode::LINE_DOWN, reason);
        for key in lost {
            for channel in gate::carried(&self.venue, key.channel) {
                if let Some(book) = self.books.get_mut(key.instrument, channel) {
                    book.line_ended(meta.line);
                }
            }
            if !self.has_delivered(key) {
                continue;
            }
            if self.is_covered(key, meta.line) {
                self.hand_over(key, meta, sink);
            } else {
                self.gate(meta, sink).lost(key, GapCause::DISCONNECT);
            }
        }
        self.succeed(at, out);
    }

    /// Whether a stream ever said anything; books know by themselves whether they can be lost.
    pub(super) fn has_delivered(&mut self, key: StreamKey) -> bool {
        let unkept = key.instrument == InstrumentId::NONE || key.channel.keeps_book();
        unkept || key.channel == Channel::ORDERS || self.streams.of(key).ts_recv != 0
    }

    /// A line ends because the program stops: an announced end, not a gap.
    pub fn on_stop(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.id() == meta.line) {
            line.close(meta.now);
            self.gate(meta, sink)
                .line_status(StatusCode::LINE_DOWN, "stopping");
        }
    }

    /// Records of the feed were dropped because the ring was full: every stream of the line has a
    /// gap, live or not now, since the line may have changed meanwhile. Other lines do not help:
    /// what is missing was taken from whoever brought it first, and the copies were dropped. Two
    /// lines of one stream tell one gap.
    pub fn on_loss(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let Some(line) = self.lines.iter().find(|line| line.id() == meta.line) else {
            return;
        };
        for key in line.carried(|stage| stage != Stage::Refused) {
            self.gate(meta, sink).lost(key, GapCause::BACKPRESSURE);
        }
    }
}
