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

mod counts;
mod gate;
mod line;
mod outbox;
mod reference;
mod resync;
mod sync;

pub use counts::{BookCounts, Counts};
pub use line::{Line, Stage};
pub use outbox::{CloseReason, Fetch, Intent, Outbox, Want};
pub use sync::State;

use crate::batch::{Batch, Control, Item};
use crate::book::Book;
use crate::instrument::{Admission, InstrumentId, Instruments};
use crate::record::{Flags, GapCause, RecordSink, StatusCode};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::{Channel, Facts, StreamKey, StreamOptions, Venue, VenueId};
use gate::Gate;
use reference::Reference;

/// What a feed carries.
#[derive(Clone, Debug)]
pub struct FeedOptions {
    /// The venue's own spellings.
    pub symbols: Vec<String>,
    /// Which channels of each.
    pub channels: Vec<Channel>,
    /// Book view.
    pub stream: StreamOptions,
    /// Whether symbols that are not named are taken too (tools that decode recordings).
    pub admission: Admission,
    /// Number of this feed's first line; the lines of all feeds of a journal have their own.
    pub first_line: u16,
}

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
    instruments: Instruments,
    subscribed: Vec<InstrumentId>,
    lines: Vec<Line>,
    books: Vec<sync::BookSync>,
    batch: Batch,
    counts: Counts,
    scratch: sync::Scratch,
    reference: Reference,
    next_snapshot: i64,
    /// Lines whose first opening in this run must tell that the run before ended unannounced.
    interrupted: bool,
    opened: Vec<u16>,
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
    /// id keeps its meaning. Those that `options` does not name are known, but not subscribed.
    ///
    /// # Errors
    ///
    /// As [`Feed::new`].
    pub fn resume(id: VenueId, roster: &[String], options: FeedOptions) -> Result<Self, Reject> {
        let mut instruments = Instruments::new(id, options.admission);
        for symbol in roster {
            instruments.add(symbol)?;
        }
        let mut subscribed = Vec::with_capacity(options.symbols.len());
        for symbol in &options.symbols {
            subscribed.push(instruments.add(symbol)?);
        }
        Ok(Self {
            venue: V::new(id, options.stream),
            id,
            options,
            instruments,
            subscribed,
            lines: Vec::new(),
            books: Vec::new(),
            batch: Batch::default(),
            counts: Counts::default(),
            scratch: sync::Scratch::default(),
            reference: Reference::Idle,
            next_snapshot: i64::MIN,
            interrupted: false,
            opened: Vec::new(),
        })
    }

    /// Begins: asks for reference data where the venue has it by REST, else opens the lines.
    pub fn start(&mut self, now: i64, out: &mut Outbox) {
        self.begin_reference(now, out);
    }

    /// The run before this one ended unannounced: each stream begins with a gap.
    pub fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// A line is connected: subscribes its streams.
    pub fn on_open(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.gate(meta, sink).line_status(StatusCode::LINE_UP, "");
        if self.interrupted && !self.opened.contains(&meta.line) {
            self.opened.push(meta.line);
            self.lose_streams(meta, GapCause::RESTART, sink);
        }
        let (venue, instruments) = (&self.venue, &self.instruments);
        if let Some(line) = self.lines.iter_mut().find(|line| line.id() == meta.line) {
            line.open(venue, instruments, meta.now);
            line.pump(meta.now, out);
        }
    }

    /// A line is gone: every stream that was live on it has a gap, every book of it is bad.
    pub fn on_close(&mut self, meta: Meta, reason: &str, sink: &mut impl RecordSink) {
        let Some(at) = self.lines.iter().position(|line| line.id() == meta.line) else {
            return;
        };
        let live: Vec<StreamKey> = self.lines[at].close();
        self.gate(meta, sink)
            .line_status(StatusCode::LINE_DOWN, reason);
        for key in live {
            self.gate(meta, sink).lost(key, GapCause::DISCONNECT);
        }
    }

    /// A line ends because the program stops: an announced end, not a gap.
    pub fn on_stop(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.id() == meta.line) {
            line.close();
            self.gate(meta, sink)
                .line_status(StatusCode::LINE_DOWN, "stopping");
        }
    }

    /// Frames were read and dropped because the ring was full: every stream of the line has a gap,
    /// live or not now, since the line may have changed meanwhile.
    pub fn on_loss(&mut self, meta: Meta, sink: &mut impl RecordSink) {
        self.lose_streams(meta, GapCause::BACKPRESSURE, sink);
    }

    /// A gap in every stream of a line that the venue has not refused.
    fn lose_streams(&mut self, meta: Meta, cause: GapCause, sink: &mut impl RecordSink) {
        let Some(line) = self.lines.iter().find(|line| line.id() == meta.line) else {
            return;
        };
        let streams = line.streams().iter();
        let carried = streams.filter(|(_, stage)| *stage != Stage::Refused);
        let keys: Vec<StreamKey> = carried.map(|(key, _)| *key).collect();
        for key in keys {
            self.gate(meta, sink).lost(key, cause);
        }
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

    /// Applies what [`Feed::decode`] found: records to `sink`, intents to `out`.
    pub fn apply(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
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
        let outcome = match want {
            Want::Reference { page } => self.on_reference(page, body, meta, out, sink),
            Want::Snapshot { instrument, .. } => {
                self.on_snapshot(instrument, body, meta, out, sink)
            }
            Want::Trades { .. } | Want::Volumes { .. } | Want::Audit { .. } => {
                Err(Reject::UnknownShape)
            }
        };
        outcome.inspect_err(|reject| {
            self.counts.rejected(*reject);
            self.on_fetch_failed(want, meta.now, out);
        })
    }

    /// A REST request came to nothing. It is made again after a pause: snapshots for as long as they
    /// are needed, reference data until the lines have waited long enough.
    pub fn on_fetch_failed(&mut self, want: Want, now: i64, out: &mut Outbox) {
        match want {
            Want::Reference { .. } => self.reference_failed(now, out),
            Want::Trades { .. } | Want::Volumes { .. } | Want::Audit { .. } => {}
            Want::Snapshot { instrument, .. } => {
                if let Some(book) = self.books.get_mut(instrument.index()) {
                    book.retry_later(now);
                }
            }
        }
    }

    /// Time passes: queued requests, pings, deadlines, resynchronisation. Call about every 50 ms.
    pub fn on_tick(&mut self, now: i64, out: &mut Outbox) {
        self.await_reference(now, out);
        for line in &mut self.lines {
            line.tick(&self.venue, now, out);
        }
        self.resynchronise(now, out);
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
            gate.checkpoint_book(id);
        }
        index + 1 < self.instruments.all().len()
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Unknown fields seen so far.
    #[must_use]
    pub const fn drift(&self) -> &crate::batch::Drift {
        &self.batch.drift
    }

    /// The instruments.
    #[must_use]
    pub const fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// The lines, with their URL paths and streams.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The venue's limits and habits.
    pub fn facts(&self) -> &'static Facts {
        self.venue.facts()
    }

    /// An instrument's book with its state and counts, if it ever had book messages.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> Option<(&Book, State, Option<u64>, BookCounts)> {
        let book = self.books.get(id.index())?;
        book.touched()
            .then(|| (book.book(), book.state(), book.seq(), book.counts()))
    }

    fn gate<'a, S: RecordSink>(&'a mut self, meta: Meta, sink: &'a mut S) -> Gate<'a, V, S> {
        Gate {
            venue: &self.venue,
            id: self.id,
            meta,
            instruments: &mut self.instruments,
            books: &mut self.books,
            counts: &mut self.counts,
            scratch: &mut self.scratch,
            sink,
        }
    }

    /// Sends the batch's items through the gate. `snapshot_of` names the instrument whose REST
    /// snapshot this is.
    fn deliver(
        &mut self,
        meta: Meta,
        snapshot_of: Option<InstrumentId>,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let mut batch = std::mem::take(&mut self.batch);
        let line = self.lines.iter().position(|line| line.id() == meta.line);
        let last = batch.items.len().saturating_sub(1);
        for (at, item) in batch.items.iter_mut().enumerate() {
            let flags = if at == last { Flags::LAST } else { Flags::NONE };
            match item {
                Item::Control(control) => self.on_control(control, line, meta, out, sink),
                Item::Listing(listing) => {
                    let known = self.instruments.resolve(&listing.symbol);
                    if let Ok(id) = known
                        && self.instruments.get_mut(id).declare(listing)
                    {
                        self.gate(meta, sink).instrument(id, Flags::NONE);
                    }
                }
                Item::Trade(trade) => self.gate(meta, sink).trade(trade, flags),
                Item::Bbo(bbo) => self.gate(meta, sink).bbo(bbo, flags),
                Item::Candle(candle) => self.gate(meta, sink).candle(candle, flags),
                Item::Liquidation(found) => self.gate(meta, sink).liquidation(found, flags),
                Item::Ticker { head, figures, .. } => {
                    self.gate(meta, sink)
                        .ticker(head, &batch.figures[figures.clone()], flags);
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
        if let (Some(line), None) = (line, snapshot_of) {
            for (instrument, channel) in batch.streams() {
                self.lines[line].data_came(StreamKey {
                    instrument,
                    channel,
                });
            }
        }
        // A frame whose books are all live costs no look at the others: the tick does that.
        let unsettled = batch.streams().any(|(instrument, channel)| {
            let book = self.books.get(instrument.index());
            channel == Channel::BOOK && book.is_some_and(|book| book.state() != State::Live)
        });
        self.batch = batch;
        if unsettled {
            self.resynchronise(meta.now, out);
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
                    *request,
                    *stream,
                    refused.as_deref(),
                    &self.venue,
                    &self.instruments,
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
            Control::Shutdown | Control::Relisted | Control::Ignored => self.counts.ignored += 1,
        }
    }
}
