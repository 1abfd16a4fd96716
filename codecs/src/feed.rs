//! One feed: everything that the venues have in common, as a state machine without I/O.
//!
//! The driver (the daemon, a replay, a test) hands in frames, REST bodies and ticks with their
//! stamps, and executes the [`Intent`]s that come out. Inside, in this order:
//!
//! 1. the venue decodes a frame into a [`Batch`], all or nothing;
//! 2. answers go to the [`Line`] they came on; data marks its stream as live;
//! 3. book updates pass the venue's continuity rule and checksum (`sync.rs`); a break becomes a
//!    `Gap` record and the flag `MAYBE_BAD_BOOK` at once, and only that instrument resynchronises;
//! 4. records leave with stamps and lineage, in wire order.
//!
//! Invariants:
//!
//! * A rejected frame changes nothing.
//! * While a book is not known to be right, each of its records carries `MAYBE_BAD_BOOK`; one break
//!   makes one `Gap`.
//! * A `BookSnapshot` record states the book after everything received so far: a reader of the
//!   journal never has to join anything.

mod answers;
mod arrivals;
mod audit;
mod books;
mod clock;
mod counts;
mod deliver;
mod ends;
mod gaps;
mod gate;
mod handover;
mod holes;
mod ids;
mod line;
mod liveness;
mod market;
mod options;
mod order_sync;
mod outbox;
mod picked;
mod plan;
mod quality;
mod recovery;
mod reference;
mod resync;
mod rising;
mod rotation;
mod scores;
mod select;
mod share;
mod state;
mod stream;
mod sync;

pub use counts::{BookCounts, Counts};
pub use line::{Line, Stage};
pub use options::{FeedOptions, LivenessOptions};
pub use outbox::{CloseReason, Fetch, Intent, Outbox, Want};
pub use quality::{Action, QualityOptions, RULES, Rule};
pub use scores::{LEAD_SLOTS, Score, Scores};
pub use select::{Pick, PickError};
pub use share::Share;
pub use sync::State;

use crate::batch::{Batch, trade_channel};
use crate::instrument::{Admission, InstrumentId, Instruments};
use crate::record::{Flags, RecordSink, Trade};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::{Channel, Channels, StreamKey, Venue, VenueId};
use gate::Gate;
use market::Market;
use picked::Picked;
use reference::{Reference, Schedule};

/// Where and when a frame, body or tick came.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The line.
    pub line: u16,
    /// The frame's number on its line, unique over restarts.
    pub frame: u64,
    /// Wall clock of user space, before decoding.
    pub ts_recv: Nanos,
    /// Wall clock of the kernel; 0 = not given.
    pub ts_kernel: Nanos,
    /// Monotonic clock, for deadlines; any origin.
    pub now: i64,
}

/// One venue's streams, lines, instruments and books.
#[derive(Debug)]
pub struct Feed<V> {
    venue: V,
    id: VenueId,
    options: FeedOptions,
    channels: Channels,
    instruments: Instruments,
    market: Market,
    picked: Picked,
    /// Named instruments that reference data does not list, as told.
    unlisted: Vec<InstrumentId>,
    lines: Vec<Line>,
    streams: stream::Streams,
    books: books::Books,
    orders: Vec<order_sync::OrderSync>,
    audit: audit::Audit,
    quality: quality::Quality,
    batch: Batch,
    counts: Counts,
    scores: Scores,
    meetings: handover::Meetings,
    scratch: sync::Scratch,
    reference: Reference,
    schedule: Schedule,
    next_snapshot: i64,
    next_look: i64,
    refused: Option<Reject>,
    /// Until when a line and its successor may bring the same (monotonic).
    echo_until: i64,
    /// Streams whose first opening in this run must tell that the run before ended unannounced.
    interrupted: bool,
    resumed: std::collections::HashSet<StreamKey>,
    /// Whether streams stand where a run before this one stood, of instruments that may not be picked.
    remembers: bool,
}

impl<V: Venue> Feed<V> {
    /// A feed of `id` that has not started.
    ///
    /// # Errors
    ///
    /// [`Reject::TooMany`] if more symbols are named than a feed may carry, or one is too long.
    pub fn new(id: VenueId, options: FeedOptions) -> Result<Self, Reject> {
        Self::resume(id, &[], options)
    }

    /// As [`Feed::new`], with the symbols of earlier runs in the order of their ids, so that every
    /// id keeps its meaning. Those that `options` does not pick are known, but not subscribed.
    ///
    /// # Errors
    ///
    /// As [`Feed::new`].
    pub fn resume(
        id: VenueId,
        roster: &[String],
        mut options: FeedOptions,
    ) -> Result<Self, Reject> {
        let mut instruments = Instruments::new(id, options.admission);
        for symbol in roster {
            instruments.add(symbol)?;
        }
        let mut subscribed = Vec::new();
        for pick in &options.instruments {
            if let Pick::Symbol(symbol) = pick {
                subscribed.push(instruments.add(symbol)?);
            }
        }
        let market_wide = options.whole_market.iter();
        let channels: Channels = match options.admission {
            Admission::Named => options
                .channels
                .iter()
                .chain(market_wide)
                .copied()
                .collect(),
            Admission::Any => Channel::all().collect(),
        };
        options.stream.channels = channels;
        Ok(Self {
            venue: V::new(id, options.stream),
            id,
            channels,
            instruments,
            market: Market::default(),
            picked: Picked::new(subscribed, options.admission == Admission::Any),
            unlisted: Vec::new(),
            lines: Vec::new(),
            streams: stream::Streams::default(),
            books: books::Books::default(),
            orders: Vec::new(),
            audit: audit::Audit::default(),
            quality: quality::Quality::new(options.quality.clone()),
            options,
            batch: Batch::default(),
            counts: Counts::default(),
            scores: Scores::default(),
            meetings: handover::Meetings::default(),
            scratch: sync::Scratch::default(),
            reference: Reference::Idle,
            schedule: Schedule::default(),
            next_snapshot: i64::MIN,
            next_look: i64::MIN,
            refused: None,
            echo_until: i64::MIN,
            interrupted: false,
            resumed: std::collections::HashSet::new(),
            remembers: false,
        })
    }

    /// Begins: asks for reference data where the venue has it by REST, else opens the lines.
    pub fn start(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.begin_reference(meta, out, sink);
    }

    /// The run before this one ended unannounced: each stream begins with a gap.
    pub fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// Takes over where a run before this one stood in a stream of trades: what is missing since is
    /// a hole with bounds, and can be recovered. It holds for instruments that are picked as soon as
    /// the picks are resolved; one that is picked later begins without a past.
    pub fn remember(&mut self, trade: &Trade) {
        let instrument = trade.header.instrument;
        let known =
            instrument.venue() == self.id && instrument.index() < self.instruments.all().len();
        if known {
            let key = StreamKey {
                instrument,
                channel: trade_channel(trade),
            };
            self.streams.of(key).remember(trade);
            self.remembers = true;
        }
    }

    /// Hands over the secret that some streams ask for, before their line opens.
    pub fn set_token(&mut self, token: &str) {
        self.venue.set_token(token);
    }

    /// Decodes one frame; [`Feed::apply`] must follow if it succeeds.
    ///
    /// # Errors
    ///
    /// The rule that the frame broke; nothing has changed then.
    #[inline]
    pub fn decode(&mut self, frame: &[u8]) -> Result<(), Reject> {
        self.batch.clear();
        self.counts.frames += 1;
        let known = self.instruments.all().len();
        self.venue
            .decode(frame, &mut self.instruments, &mut self.batch)
            .inspect_err(|reject| {
                self.instruments.truncate(known);
                self.counts.rejected(*reject);
            })
    }

    /// As [`Feed::decode`], for a binary frame.
    ///
    /// # Errors
    ///
    /// The rule that the frame broke; nothing has changed then.
    #[inline]
    pub fn decode_binary(&mut self, frame: &[u8]) -> Result<(), Reject> {
        self.batch.clear();
        self.counts.frames += 1;
        let known = self.instruments.all().len();
        self.venue
            .decode_binary(frame, &mut self.instruments, &mut self.batch)
            .inspect_err(|reject| {
                self.instruments.truncate(known);
                self.counts.rejected(*reject);
            })
    }

    /// The quality rule by which a record of the last frame was rejected, told once: the frame
    /// belongs in quarantine.
    pub const fn take_refused(&mut self) -> Option<Reject> {
        self.refused.take()
    }

    /// Applies what [`Feed::decode`] found: records to `sink`, intents to `out`.
    pub fn apply(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        let retired =
            !self.lines.is_empty() && self.lines.iter().all(|line| line.id() != meta.line);
        if retired {
            // Its successor brings, or brought, the same.
            self.counts.stale += 1;
            return;
        }
        self.deliver(meta, None, out, sink);
    }

    /// [`Feed::decode`] and [`Feed::apply`] in one.
    ///
    /// # Errors
    ///
    /// As [`Feed::decode`].
    pub fn on_frame(
        &mut self,
        frame: &[u8],
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) -> Result<(), Reject> {
        self.decode(frame)?;
        self.apply(meta, out, sink);
        Ok(())
    }

    /// Refuses a frame that never reached the decoder (too large, binary).
    pub fn refuse(&mut self, reject: Reject) {
        self.counts.frames += 1;
        self.counts.rejected(reject);
    }

    /// Time passes: queued requests, pings, deadlines, resynchronisation, recovery, rotation. Call
    /// about every 50 ms; `meta.line` is the line that stands for REST.
    pub fn on_tick(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.await_reference(meta, out, sink);
        for line in &mut self.lines {
            line.tick(&self.venue, meta.now, out);
        }
        self.watch_books(meta, sink);
        self.resynchronise(meta.now, out);
        self.recover(meta, out, sink);
        self.watch_streams(meta, out, sink);
        self.rotate(meta, out, sink);
        self.audit(meta.now, out);
    }

    /// Repeats what is known of the instrument at `index` (reference data, a live book) so that a
    /// journal segment can be read alone. Returns whether there are more.
    pub fn checkpoint(&mut self, index: usize, meta: Meta, sink: &mut impl RecordSink) -> bool {
        let Some(id) = self
            .instruments
            .all()
            .get(index)
            .map(|instrument| instrument.id)
        else {
            return false;
        };
        if self.instruments.get(id).generation > 0 {
            let mut gate = self.gate(meta, sink);
            gate.instrument(id, Flags::CHECKPOINT);
            gate.checkpoint_books(id);
        }
        index + 1 < self.instruments.all().len()
    }

    fn gate<'a, S: RecordSink>(&'a mut self, meta: Meta, sink: &'a mut S) -> Gate<'a, V, S> {
        Gate {
            venue: &self.venue,
            id: self.id,
            meta,
            instruments: &mut self.instruments,
            books: &mut self.books,
            orders: &mut self.orders,
            streams: &mut self.streams,
            counts: &mut self.counts,
            scores: &mut self.scores,
            meetings: &mut self.meetings,
            quality: &mut self.quality,
            audit: &mut self.audit,
            refused: &mut self.refused,
            scratch: &mut self.scratch,
            channels: self.channels,
            redundant: self.options.lines > 1 || meta.now < self.echo_until,
            rotates: self.options.rotate_after > 0,
            wait: self.options.gap_wait,
            sink,
        }
    }
}
