//! Books against a fresh snapshot: what no checksum sees.
//!
//! An audit keeps a second book of one instrument. It begins from a snapshot, takes the same updates
//! as the first, and once both stand at the same update they must be equal, level by level. The
//! verdict is a `Status` record; a book that differs breaks and is synchronised anew.
//!
//! | venue's snapshots | the second book begins with | and follows |
//! |---|---|---|
//! | REST | a REST body, joined as for the first | the updates that the first applies |
//! | in the stream | the snapshot that a new line brings while the book is live | the updates of that line |

use super::gate::key;
use super::sync::{BookSync, Levels, Rules, State, Verdict};
use super::{Feed, Meta, Outbox, Want};
use crate::book::{Book, Level};
use crate::instrument::InstrumentId;
use crate::record::{BookHead, GapCause, RecordSink, StatusCode};
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// How long an audit may take before it is given up.
const PATIENCE: i64 = 60 * SECOND;
/// Rules of the second book: nothing waits, nothing is redundant.
const fn rules(joins: bool) -> Rules {
    Rules {
        joins,
        wait: 0,
        redundant: false,
    }
}

/// How long a line that is replaced for its snapshots may take to bring them.
const SEEK: i64 = 120 * SECOND;

/// The audits: one at a time where REST serves the snapshot, all books of a line at once where a new
/// line brings theirs.
#[derive(Debug, Default)]
pub(super) struct Audit {
    running: Vec<Running>,
    /// Until when a new line's snapshots are those that were asked for.
    seeks_until: i64,
    next: i64,
    turn: usize,
}

#[derive(Debug)]
struct Running {
    stream: StreamKey,
    book: BookSync,
    begun: i64,
    asked: bool,
    /// The line whose updates the second book follows; `None` = those of the first book.
    line: Option<u16>,
    /// A snapshot that waits for the update that follows it.
    waiting: Option<(BookHead, Vec<Level>, usize)>,
    /// The worst prices of the snapshot: beyond them it says nothing.
    trust: (Option<i64>, Option<i64>),
}

impl Audit {
    /// The second book takes an update that the first applied.
    #[inline]
    pub(super) fn applied<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        now: i64,
    ) {
        let mut running = self.running.iter_mut();
        if let Some(running) = running.find(|running| running.line.is_none() && running.is_of(head))
        {
            running.update(venue, head, levels, now);
        }
    }

    /// The second book takes an update of the line that it follows.
    #[inline]
    pub(super) fn came<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        now: i64,
    ) {
        let line = Some(head.header.line);
        let mut running = self.running.iter_mut();
        if let Some(running) = running.find(|running| running.line == line && running.is_of(head)) {
            running.update(venue, head, levels, now);
        }
    }

    /// A line began with a snapshot of a book that is live without it: if it was asked for, the
    /// audit of that book begins.
    pub(super) fn began<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        now: i64,
    ) {
        let stream = key(head.header.instrument, head.channel);
        if now >= self.seeks_until || self.running.iter().any(|held| held.stream == stream) {
            return;
        }
        let mut running = Running::new(stream, now);
        running.line = Some(head.header.line);
        running.asked = true;
        running.trust = trust(levels);
        let verdict = running.book.snapshot(venue, head, levels, false);
        if verdict == Verdict::Good {
            self.running.push(running);
        }
    }

    /// An instrument is no longer picked.
    pub(super) fn forget(&mut self, instrument: InstrumentId) {
        self.running
            .retain(|running| running.stream.instrument != instrument);
    }

    /// The verdict, once both books stand at the same update.
    #[inline]
    pub(super) fn verdict(
        &mut self,
        instrument: InstrumentId,
        channel: Channel,
        first: &BookSync,
    ) -> Option<Result<(), String>> {
        let ready = |running: &Running| {
            running.stream == key(instrument, channel)
                && running.book.state() == State::Live
                && first.state() == State::Live
                && running.book.stands_with(first)
        };
        let at = self.running.iter().position(ready)?;
        let running = self.running.swap_remove(at);
        Some(compare(first.book(), running.book.book(), running.trust))
    }
}

impl Running {
    fn new(stream: StreamKey, now: i64) -> Self {
        Self {
            stream,
            book: BookSync::default(),
            begun: now,
            asked: false,
            line: None,
            waiting: None,
            trust: (None, None),
        }
    }

    fn is_of(&self, head: &BookHead) -> bool {
        self.stream == key(head.header.instrument, head.channel)
    }

    fn update<V: Venue>(&mut self, venue: &V, head: &BookHead, levels: Levels<'_>, now: i64) {
        self.book
            .update(venue, head, levels, rules(self.line.is_none()), now);
        self.join(venue);
    }

    /// Joins the waiting snapshot. Where the venue orders by a sequence across channels, its own
    /// number may be another topic's: the first update after it says where it stands.
    fn join<V: Venue>(&mut self, venue: &V) {
        let Some((head, levels, bids)) = &mut self.waiting else {
            return;
        };
        if head.cross_seq != 0 {
            let Some(seq) = self.book.held_after(head.cross_seq) else {
                return;
            };
            head.header.seq = seq - 1;
        }
        let verdict = self
            .book
            .snapshot(venue, head, levels.split_at(*bids), true);
        if verdict == Verdict::Good {
            self.waiting = None;
        }
    }
}

impl<V: Venue> Feed<V> {
    /// Time passes: begins the next audit, asks for its snapshot, gives up what takes too long.
    pub(super) fn audit(&mut self, now: i64, out: &mut Outbox) {
        let in_time = |running: &Running| now - running.begun < PATIENCE;
        self.audit.running.retain(in_time);
        let mut running = self.audit.running.iter_mut();
        if let Some(running) = running.find(|held| !held.asked && held.book.holds_updates()) {
            running.asked = true;
            let stream = running.stream;
            self.ask_for_audit(stream, out);
        }
        if self.options.audit_every == 0 || !self.audit.running.is_empty() {
            return;
        }
        if self.audit.next == 0 {
            self.audit.next = now + self.options.audit_every;
        }
        if now >= self.audit.next {
            self.begin_audit(now);
        }
    }

    fn begin_audit(&mut self, now: i64) {
        let live = self.books.places(|book| book.state() == State::Live);
        let count = i64::try_from(live.len()).unwrap_or(i64::MAX).max(1);
        self.audit.next = now + self.options.audit_every / count;
        let Some((channel, index)) = live.get(self.audit.turn % live.len().max(1)) else {
            return;
        };
        self.audit.turn += 1;
        let known = &self.instruments.all()[*index];
        let stream = key(known.id, *channel);
        if self.venue.audit_query(&known.symbol, *channel).is_some() {
            self.audit.running.push(Running::new(stream, now));
            return;
        }
        // Only a new line brings a snapshot without taking the stream away.
        let carrier = key(stream.instrument, self.venue.carrier(stream.channel));
        let line = self.lines.iter_mut().find(|line| line.covers(carrier));
        if let Some(line) = line.filter(|line| now - line.since >= self.options.audit_every) {
            line.tired = Some("an audit wants a fresh snapshot");
            self.audit.seeks_until = now + SEEK;
        }
    }

    fn ask_for_audit(&mut self, stream: StreamKey, out: &mut Outbox) {
        let symbol = &self.instruments.get(stream.instrument).symbol;
        if let Some(query) = self.venue.audit_query(symbol, stream.channel) {
            let want = Want::Audit {
                instrument: stream.instrument,
                channel: stream.channel,
            };
            out.fetch(want, query);
        }
    }

    /// The request for a snapshot came to nothing: its audit is given up.
    pub(super) fn audit_failed(&mut self) {
        self.audit.running.retain(|running| running.line.is_some());
    }

    pub(super) fn on_audit(
        &mut self,
        stream: StreamKey,
        body: &[u8],
        meta: Meta,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        self.venue.decode_snapshot(
            body,
            stream.instrument,
            stream.channel,
            &mut self.instruments,
            &mut self.batch,
        )?;
        let by_rest = |running: &&mut Running| running.stream == stream && running.line.is_none();
        let Some(running) = self.audit.running.iter_mut().find(by_rest) else {
            return Ok(());
        };
        for item in &self.batch.items {
            if let crate::batch::Item::Book { head, bids, asks } = item {
                let (bids, asks) = (
                    &self.batch.levels[bids.clone()],
                    &self.batch.levels[asks.clone()],
                );
                running.trust = trust((bids, asks));
                running.waiting = Some((*head, [bids, asks].concat(), bids.len()));
            }
        }
        running.join(&self.venue);
        self.gate(meta, sink)
            .conclude_audit(stream.instrument, stream.channel);
        Ok(())
    }
}

impl<V: Venue, S: RecordSink> super::gate::Gate<'_, V, S> {
    /// Tells the verdict, if there is one; a book that differs breaks.
    #[inline]
    pub(super) fn conclude_audit(&mut self, id: InstrumentId, channel: Channel) {
        let Some(book) = self.books.get(id, channel) else {
            return;
        };
        match self.audit.verdict(id, channel, book) {
            None => {}
            Some(Ok(())) => {
                self.counts.audits_ok += 1;
                self.stream_status(key(id, channel), StatusCode::AUDIT_OK, "");
            }
            Some(Err(difference)) => {
                self.counts.audits_differ += 1;
                self.stream_status(key(id, channel), StatusCode::AUDIT_DIFFERS, &difference);
                self.distrust(id, channel, GapCause::AUDIT);
            }
        }
    }
}

/// The worst price of each side.
fn trust((bids, asks): Levels<'_>) -> (Option<i64>, Option<i64>) {
    let worst_bid = bids.iter().map(|level| level.px).min();
    (worst_bid, asks.iter().map(|level| level.px).max())
}

/// Whether two books are equal as far as the snapshot reaches; else the first difference.
fn compare(
    first: &Book,
    second: &Book,
    (worst_bid, worst_ask): (Option<i64>, Option<i64>),
) -> Result<(), String> {
    let mut first = first.clone();
    let mut second = second.clone();
    let exps = (
        first.px_exp().min(second.px_exp()),
        first.qty_exp().min(second.qty_exp()),
    );
    let coarse = second.px_exp();
    if first.widen(exps.0, exps.1).is_err() || second.widen(exps.0, exps.1).is_err() {
        return Err("the books have no common precision".to_owned());
    }
    let at = |px: Option<i64>| px.and_then(|px| crate::fixed::rescale(px, coarse, exps.0));
    let bid = |level: &&Level| at(worst_bid).is_none_or(|worst| level.px >= worst);
    let ask = |level: &&Level| at(worst_ask).is_none_or(|worst| level.px <= worst);
    differ("bid", first.bids().filter(bid), second.bids().filter(bid))?;
    differ("ask", first.asks().filter(ask), second.asks().filter(ask))
}

fn differ<'a>(
    side: &str,
    mut first: impl Iterator<Item = &'a Level>,
    mut second: impl Iterator<Item = &'a Level>,
) -> Result<(), String> {
    for place in 1.. {
        match (first.next(), second.next()) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => {}
            (held, fresh) => {
                let show = |level: Option<&Level>| {
                    level.map_or("nothing".to_owned(), |level| {
                        format!("{}x{}", level.px, level.qty)
                    })
                };
                return Err(format!(
                    "{side} level {place}: held {}, fresh {}",
                    show(held),
                    show(fresh)
                ));
            }
        }
    }
    Ok(())
}
