//! Reference data: before the lines open, and whenever it changes.
//!
//! ```text
//!   listings (REST pages, or the stream) ──> changes become `Instrument` records
//!   turnovers (REST pages, if a ranking wants them) ──> the picks are resolved ──> lines
//! ```
//!
//! Lines wait for it, but not for ever: without it, precisions are learned from the wire. What did
//! not come, or was not believed, is asked for again with growing pauses.

use super::select::Pick;
use super::{Feed, Meta, Outbox, Want};
use crate::instrument::InstrumentId;
use crate::record::RecordSink;
use crate::reject::Reject;
use crate::venue::{Channel, Venue};

const SECOND: i64 = 1_000_000_000;

/// How long lines wait for reference data before they open without it.
const REFERENCE_WAIT: i64 = 15 * SECOND;
/// Pause before reference data is asked for again: a body that is refused at once must not become
/// a storm of requests.
const REFERENCE_PAUSE: i64 = SECOND;
/// The same, once the lines are open; doubles with each attempt.
const REFRESH_PAUSE: i64 = 30 * SECOND;
/// How often it doubles: up to eight minutes, so that reference data is never long out of date.
const REFRESH_DOUBLINGS: u32 = 4;
/// Least pause between two requests that the venue's announcements bring about: a day of many
/// listings must not use up the weight that snapshots need.
const RELISTED_PAUSE: i64 = 10 * SECOND;
/// Pages of reference data that are followed; Bybit's linear list has two.
const REFERENCE_PAGES_MAX: u32 = 64;
/// Most listings that are kept to resolve patterns; the venues list about 4,000.
pub(super) const LISTINGS_MAX: usize = 65_536;

/// How far the feed is with reference data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Not asked for.
    Idle,
    /// Asked, or to be asked again; lines open at the latest at `until`.
    Waiting { until: i64, again: Option<i64> },
    /// Lines are open.
    Settled,
}

/// When reference data is asked for.
#[derive(Debug)]
pub(super) struct Schedule {
    /// When next (monotonic); `i64::MAX` = nothing calls for it.
    next: i64,
    /// When it was asked for last.
    asked: i64,
    /// Whether an answer is awaited.
    running: bool,
    /// Attempts in a row that brought nothing, or nothing to believe.
    failures: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            next: i64::MAX,
            asked: i64::MIN,
            running: false,
            failures: 0,
        }
    }
}

impl Schedule {
    /// The venue says that its listings changed. Where answers fail, the pause stays.
    fn hurry(&mut self, now: i64) {
        if self.failures == 0 {
            let soonest = self.asked.saturating_add(RELISTED_PAUSE).max(now);
            self.next = self.next.min(soonest);
        }
    }

    /// An attempt came to nothing.
    fn fail(&mut self, now: i64) {
        self.running = false;
        self.next = now + (REFRESH_PAUSE << self.failures.min(REFRESH_DOUBLINGS));
        self.failures += 1;
    }
}

impl<V: Venue> Feed<V> {
    pub(super) fn begin_reference(
        &mut self,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        self.reference = Reference::Waiting {
            until: meta.now + REFERENCE_WAIT,
            again: None,
        };
        self.schedule.asked = meta.now;
        if !self.fetch_reference(0, None, out) {
            self.reference_complete(meta, out, sink);
        }
    }

    pub(super) fn reference_failed(&mut self, meta: Meta) {
        self.market.drop_incoming();
        match &mut self.reference {
            Reference::Waiting { again, .. } => *again = Some(meta.now + REFERENCE_PAUSE),
            _ => self.schedule.fail(meta.now),
        }
    }

    /// Time passes: asks again, opens lines without, refreshes, resolves the picks anew.
    pub(super) fn await_reference(
        &mut self,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        match &mut self.reference {
            Reference::Idle => {}
            Reference::Waiting { until, .. } if meta.now >= *until => {
                self.settle(meta, out, sink);
            }
            Reference::Waiting { again, .. } => {
                if again.take_if(|at| meta.now >= *at).is_some() {
                    self.fetch_what_there_is(out);
                }
            }
            Reference::Settled => self.refresh(meta, out, sink),
        }
    }

    fn refresh(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        if meta.now >= self.schedule.next && !self.schedule.running {
            self.schedule.asked = meta.now;
            self.schedule.next = self.next_refresh(meta.now);
            self.schedule.running = self.fetch_what_there_is(out);
            if self.market.is_doubtful() && self.venue.reference_query(None).is_none() {
                self.resubscribe(InstrumentId::NONE, Channel::REFERENCE, meta.now, out);
            }
        } else if self.market.changed {
            self.select(meta, out, sink);
        }
    }

    /// When reference data is asked for again if nothing else calls for it.
    const fn next_refresh(&self, now: i64) -> i64 {
        match self.options.refresh_every {
            0 => i64::MAX,
            every => now.saturating_add(every),
        }
    }

    /// The venue says that its listings changed.
    pub(super) fn on_relisted(&mut self, now: i64) {
        self.schedule.hurry(now);
    }

    /// The stream brought a whole list.
    pub(super) fn on_whole_list(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        if self.complete_list(meta, sink) {
            self.schedule.failures = 0;
        } else {
            self.schedule.fail(meta.now);
        }
    }

    pub(super) fn picks_rank(&self) -> bool {
        self.options.instruments.iter().any(Pick::ranks)
    }

    /// Asks REST for the listings, or at least for the turnovers.
    fn fetch_what_there_is(&mut self, out: &mut Outbox) -> bool {
        self.fetch_reference(0, None, out) || self.fetch_volumes(0, None, out)
    }

    fn fetch_reference(&mut self, page: u32, cursor: Option<&str>, out: &mut Outbox) -> bool {
        let query = self.venue.reference_query(cursor);
        let asked = query.is_some();
        if let Some(query) = query {
            out.fetch(Want::Reference { page }, query);
        }
        asked
    }

    fn fetch_volumes(&mut self, page: u32, cursor: Option<&str>, out: &mut Outbox) -> bool {
        let query = self
            .picks_rank()
            .then(|| self.venue.volumes_query(cursor))
            .flatten();
        let asked = query.is_some();
        if let Some(query) = query {
            out.fetch(Want::Volumes { page }, query);
        }
        asked
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
        if page == 0 {
            self.market.incoming.clear();
        }
        self.deliver(meta, None, out, sink);
        match next {
            Some(cursor) if page < REFERENCE_PAGES_MAX => {
                self.fetch_reference(page + 1, Some(&cursor), out);
            }
            // What stands on further pages must not be taken for removed.
            Some(_) => return Err(Reject::TooMany),
            None if self.complete_list(meta, sink) => self.reference_complete(meta, out, sink),
            None => self.reference_failed(meta),
        }
        Ok(())
    }

    pub(super) fn on_volumes(
        &mut self,
        page: u32,
        body: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        if page == 0 {
            self.market.incoming_volumes.clear();
        }
        let next = self
            .venue
            .decode_volumes(body, &mut self.market.incoming_volumes)?;
        match next {
            Some(cursor) if page < REFERENCE_PAGES_MAX => {
                self.fetch_volumes(page + 1, Some(&cursor), out);
            }
            Some(_) => return Err(Reject::TooMany),
            None if self.complete_volumes(meta, sink) => self.all_complete(meta, out, sink),
            None => self.reference_failed(meta),
        }
        Ok(())
    }

    /// All pages of the listings are in.
    fn reference_complete(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        if !self.fetch_volumes(0, None, out) {
            self.all_complete(meta, out, sink);
        }
    }

    /// The picks can be resolved.
    fn all_complete(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        (self.schedule.running, self.schedule.failures) = (false, 0);
        self.select(meta, out, sink);
        self.settle(meta, out, sink);
    }

    fn settle(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        if self.reference == Reference::Settled {
            return;
        }
        // Where reference data never came, nothing can be said about names.
        if !self.market.listed.is_empty() {
            self.report_unlisted(meta, sink);
        }
        self.reference = Reference::Settled;
        self.schedule.next = if self.is_without_data() {
            meta.now + REFRESH_PAUSE
        } else {
            self.next_refresh(meta.now)
        };
        self.arrange(meta.now, out);
    }

    /// Whether something that REST has did not come yet.
    fn is_without_data(&self) -> bool {
        let unlisted = self.market.listed.is_empty() && self.venue.reference_query(None).is_some();
        let ranks = self.picks_rank() && self.venue.volumes_query(None).is_some();
        unlisted || ranks && self.market.volumes.is_empty()
    }
}
