//! Reference data before the lines open: by REST where the venue has it so, else in the stream.
//!
//! Lines wait for it, but not for ever: without it, precisions are learned from the wire.

use super::{Feed, Intent, Meta, Outbox, Want, line};
use crate::instrument::InstrumentId;
use crate::record::{RecordSink, StatusCode};
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// How long lines wait for reference data before they open without it.
const REFERENCE_WAIT: i64 = 15 * SECOND;
/// Pause before reference data is asked for again: a body that is refused at once must not become
/// a storm of requests.
const REFERENCE_PAUSE: i64 = SECOND;
/// Pages of reference data that are followed; Bybit's linear list has two.
const REFERENCE_PAGES_MAX: u32 = 64;

/// Progress of the reference data that is fetched before lines open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Not asked for.
    Idle,
    /// Asked, or to be asked again; lines open at the latest at `until`.
    Waiting { until: i64, again: Option<i64> },
    /// Lines are open.
    Settled,
}

impl<V: Venue> Feed<V> {
    pub(super) fn begin_reference(&mut self, now: i64, out: &mut Outbox) {
        self.reference = Reference::Waiting {
            until: now + REFERENCE_WAIT,
            again: None,
        };
        self.fetch_reference(0, None, out);
    }

    pub(super) fn reference_failed(&mut self, now: i64, out: &mut Outbox) {
        match &mut self.reference {
            Reference::Waiting { until, again } if now < *until => {
                *again = Some(now + REFERENCE_PAUSE);
            }
            _ => self.settle(out),
        }
    }

    pub(super) fn await_reference(&mut self, now: i64, out: &mut Outbox) {
        let Reference::Waiting { until, again } = &mut self.reference else {
            return;
        };
        if now >= *until {
            self.settle(out);
        } else if again.take_if(|at| now >= *at).is_some() {
            self.fetch_reference(0, None, out);
        }
    }

    fn fetch_reference(&mut self, page: u32, cursor: Option<&str>, out: &mut Outbox) {
        match self.venue.reference_query(cursor) {
            Some(query) => out.fetch(Want::Reference { page }, query),
            None => self.settle(out),
        }
    }

    pub(super) fn on_reference(
        &mut self,
        page: u32,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        let next = self.venue.decode_reference(body, &mut self.batch)?;
        self.deliver(meta, None, out, sink);
        match next {
            Some(cursor) if page < REFERENCE_PAGES_MAX => {
                self.fetch_reference(page + 1, Some(&cursor), out);
            }
            _ => {
                self.report_unlisted(meta, sink);
                self.settle(out);
            }
        }
        Ok(())
    }

    /// Named symbols that the whole reference data does not list are told once.
    fn report_unlisted(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        let declared = |id: &InstrumentId| self.instruments.get(*id).declared;
        let unlisted: Vec<InstrumentId> = self
            .subscribed
            .iter()
            .copied()
            .filter(|id| !declared(id))
            .collect();
        for instrument in unlisted {
            let text = self.instruments.get(instrument).symbol.clone();
            let key = StreamKey {
                instrument,
                channel: Channel::REFERENCE,
            };
            self.gate(meta, sink)
                .stream_status(key, StatusCode::UNLISTED, &text);
        }
    }

    fn settle(&mut self, out: &mut Outbox) {
        if self.reference != Reference::Settled {
            self.open_lines(out);
        }
    }

    fn open_lines(&mut self, out: &mut Outbox) {
        self.reference = Reference::Settled;
        self.lines = line::plan(
            &self.venue,
            &self.instruments,
            &self.subscribed,
            &self.options,
        );
        for line in &self.lines {
            out.push(Intent::Connect {
                line: line.id(),
                path: line.path().to_owned(),
            });
        }
    }
}
