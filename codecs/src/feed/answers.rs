//! REST answers: each to the part of the feed that asked, and what becomes of those that failed.

use super::{Feed, Meta, Outbox, Want};
use crate::record::RecordSink;
use crate::reject::Reject;
use crate::venue::{StreamKey, Venue};

impl<V: Venue> Feed<V> {
    /// A REST body came for `want`.
    ///
    /// # Errors
    ///
    /// The rule that the body broke; the request is repeated after a pause.
    pub fn on_body(
        &mut self,
        want: Want,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        self.batch.clear();
        self.counts.bodies += 1;
        let stream = |instrument, channel| StreamKey {
            instrument,
            channel,
        };
        let outcome = match want {
            Want::Reference { page } => self.on_reference(page, body, meta, out, sink),
            Want::Volumes { page } => self.on_volumes(page, body, meta, out, sink),
            Want::Snapshot {
                instrument,
                channel,
            } => self.on_snapshot(stream(instrument, channel), body, meta, out, sink),
            Want::Trades {
                instrument,
                channel,
            } => self.on_trades(stream(instrument, channel), body, meta, sink),
            Want::Audit {
                instrument,
                channel,
            } => self.on_audit(stream(instrument, channel), body, meta, sink),
        };
        outcome.inspect_err(|reject| {
            self.counts.rejected(*reject);
            self.on_fetch_failed(want, meta, sink);
        })
    }

    /// A REST request came to nothing. It is made again after a pause: snapshots for as long as they
    /// are needed, reference data until the lines have waited long enough, trades a few times.
    pub fn on_fetch_failed(&mut self, want: Want, meta: Meta, sink: &mut impl RecordSink) {
        match want {
            Want::Reference { .. } | Want::Volumes { .. } => self.reference_failed(meta),
            Want::Snapshot {
                instrument,
                channel,
            } => {
                if let Some(book) = self.books.get_mut(instrument, channel) {
                    book.retry_later(meta.now);
                }
            }
            Want::Trades {
                instrument,
                channel,
            } => {
                let stream = StreamKey {
                    instrument,
                    channel,
                };
                self.trades_failed(stream, meta, sink);
            }
            Want::Audit { .. } => self.audit_failed(),
        }
    }
}
