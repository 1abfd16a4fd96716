//! One feed on a reader thread: hands frames to the state machine, its records to the ring.

use std::time::{Duration, Instant};

use feedd_codecs::feed::{Intent, Meta, Outbox, Want};
use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::{Feed, Reject, Venue, VenueId};

use super::entry::What;
use super::latency::{Recorder, Stage};
use super::publisher::Publisher;
use super::report::{FeedReport, SharedReport};
use crate::clock;

/// Frame numbers of one run: bits 0 to 43 count, the bits above hold the run, so that a number
/// names one frame of a line for as long as the journal lives (5 years at 100,000 frames a second).
const RUN_SHIFT: u32 = 44;

/// How long a feed that stops waits for room in the ring to tell its last loss.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A feed with the numbers and clocks that the state machine does not have.
pub(super) struct Driver<V> {
    pub(super) feed: Feed<V>,
    venue: VenueId,
    /// Number of the feed in the configuration.
    index: u32,
    /// Line number that stands for the feed's REST bodies.
    rest_line: u16,
    run: u32,
    keep_raw: bool,
    frames: Vec<u64>,
    outbox: Outbox,
    recorder: Recorder,
    checkpoint_seen: u64,
    checkpoint_next: Option<usize>,
}

/// What a driver is made of.
pub(super) struct DriverParts<V> {
    pub(super) feed: Feed<V>,
    pub(super) venue: VenueId,
    pub(super) index: u32,
    pub(super) rest_line: u16,
    pub(super) run: u32,
    pub(super) keep_raw: bool,
    pub(super) recorder: Recorder,
}

impl<V: Venue> Driver<V> {
    pub(super) fn new(parts: DriverParts<V>) -> Self {
        let DriverParts {
            feed,
            venue,
            index,
            rest_line,
            run,
            keep_raw,
            recorder,
        } = parts;
        Self {
            feed,
            venue,
            index,
            rest_line,
            run,
            keep_raw,
            frames: Vec::new(),
            outbox: Outbox::default(),
            recorder,
            checkpoint_seen: 0,
            checkpoint_next: None,
        }
    }

    /// What the feed wants done.
    pub(super) fn intents(&mut self) -> impl Iterator<Item = Intent> + '_ {
        self.outbox.drain()
    }

    pub(super) fn has_intents(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(super) fn start(&mut self, publisher: &mut Publisher) {
        let meta = self.meta_now(self.rest_line);
        self.feed
            .start(meta, &mut self.outbox, &mut publisher.sink(self.index));
    }

    /// Hands over the secret that some streams ask for.
    pub(super) fn set_token(&mut self, token: &str) {
        self.feed.set_token(token);
    }

    pub(super) fn on_open(&mut self, line: u16, publisher: &mut Publisher) {
        self.tell_loss(publisher);
        let meta = self.meta_now(line);
        self.feed
            .on_open(meta, &mut self.outbox, &mut publisher.sink(self.index));
    }

    pub(super) fn on_close(&mut self, line: u16, reason: &str, publisher: &mut Publisher) {
        self.tell_loss(publisher);
        let meta = self.meta_now(line);
        self.feed.on_close(
            meta,
            reason,
            &mut self.outbox,
            &mut publisher.sink(self.index),
        );
    }

    pub(super) fn on_stop(&mut self, line: u16, publisher: &mut Publisher) {
        self.tell_loss(publisher);
        let meta = self.meta_now(line);
        self.feed.on_stop(meta, &mut publisher.sink(self.index));
    }

    /// A frame: decoded, applied, published, kept.
    #[inline]
    pub(super) fn on_frame(
        &mut self,
        line: u16,
        carrier: Carrier,
        ts_kernel: i64,
        frame: &[u8],
        publisher: &mut Publisher,
    ) {
        let mut meta = self.next_meta(line);
        self.stamp(&mut meta, ts_kernel);
        let decoded = if carrier == Carrier::BINARY {
            self.feed.decode_binary(frame)
        } else {
            self.feed.decode(frame)
        };
        let now = clock::mono();
        self.recorder.record(Stage::UserDecoded, now - meta.now);
        match decoded {
            Ok(()) => {
                let mut sink = Observed {
                    sink: publisher.sink(self.index),
                    sent: 0,
                };
                self.feed.apply(meta, &mut self.outbox, &mut sink);
                if sink.sent > 0 {
                    self.recorder.record_venue(meta.ts_recv - sink.sent);
                }
                self.recorder
                    .record(Stage::DecodedPublished, clock::mono() - now);
                if let Some(rule) = self.feed.take_refused() {
                    self.quarantine(meta, carrier, frame, rule, publisher);
                }
            }
            Err(reject) => self.quarantine(meta, carrier, frame, reject, publisher),
        }
        self.keep(meta, carrier, frame, publisher);
        self.tell_loss(publisher);
        publisher.carry();
    }

    /// A frame that never reaches the decoder.
    pub(super) fn on_refused(
        &mut self,
        line: u16,
        carrier: Carrier,
        frame: &[u8],
        reject: Reject,
        publisher: &mut Publisher,
    ) {
        let meta = self.next_meta(line);
        self.feed.refuse(reject);
        self.quarantine(meta, carrier, frame, reject, publisher);
        self.keep(meta, carrier, frame, publisher);
    }

    pub(super) fn on_answer(
        &mut self,
        want: Want,
        body: Result<Vec<u8>, String>,
        publisher: &mut Publisher,
    ) {
        self.tell_loss(publisher);
        let Ok(body) = body else {
            let meta = self.meta_now(self.rest_line);
            let mut sink = publisher.sink(self.index);
            return self.feed.on_fetch_failed(want, meta, &mut sink);
        };
        let meta = self.next_meta(self.rest_line);
        let applied = self.feed.on_body(
            want,
            &body,
            meta,
            &mut self.outbox,
            &mut publisher.sink(self.index),
        );
        if let Err(reject) = applied {
            tracing::warn!(venue = %self.venue, ?want, rule = reject.rule(), "REST body refused");
            self.quarantine(meta, Carrier::REST, &body, reject, publisher);
        } else if let Some(rule) = self.feed.take_refused() {
            self.quarantine(meta, Carrier::REST, &body, rule, publisher);
        }
        self.keep(meta, Carrier::REST, &body, publisher);
    }

    /// Time passes: deadlines, checkpoints, counts, histograms.
    pub(super) fn on_tick(
        &mut self,
        checkpoints: u64,
        publisher: &mut Publisher,
        shared: &SharedReport,
    ) {
        self.tell_loss(publisher);
        let meta = self.meta_now(self.rest_line);
        let now = meta.now;
        self.feed
            .on_tick(meta, &mut self.outbox, &mut publisher.sink(self.index));
        if checkpoints != self.checkpoint_seen {
            self.checkpoint_seen = checkpoints;
            self.checkpoint_next = Some(0);
        }
        self.checkpoint_some(publisher);
        self.recorder.swap(now);
        shared.write(FeedReport::of(&self.feed, self.venue, publisher));
    }

    /// The last counts and histograms.
    pub(super) fn finish(&mut self, publisher: &mut Publisher, shared: &SharedReport) {
        let until = Instant::now() + LAST_WORDS;
        while publisher.is_lossy(self.index) && Instant::now() < until {
            self.tell_loss(publisher);
            publisher.carry();
            std::thread::sleep(Duration::from_millis(1));
        }
        self.recorder.send(clock::mono());
        shared.write(FeedReport::of(&self.feed, self.venue, publisher));
    }

    /// A few instruments a tick, so that a segment's beginning never holds up live data.
    fn checkpoint_some(&mut self, publisher: &mut Publisher) {
        const INSTRUMENTS_A_TICK: usize = 16;
        let Some(first) = self.checkpoint_next else {
            return;
        };
        let meta = self.meta_now(self.rest_line);
        for index in first..first + INSTRUMENTS_A_TICK {
            if !self
                .feed
                .checkpoint(index, meta, &mut publisher.sink(self.index))
            {
                self.checkpoint_next = None;
                return;
            }
        }
        self.checkpoint_next = Some(first + INSTRUMENTS_A_TICK);
    }

    /// Records the gaps of what was shed, once the ring has room: until then the publisher takes
    /// nothing of this feed.
    #[inline]
    fn tell_loss(&mut self, publisher: &mut Publisher) {
        if publisher.take_loss(self.index) {
            self.on_loss(publisher);
        }
    }

    #[cold]
    fn on_loss(&mut self, publisher: &mut Publisher) {
        // Reference data may be among what was lost.
        self.checkpoint_next = Some(0);
        let lines: Vec<u16> = self
            .feed
            .lines()
            .iter()
            .map(feedd_codecs::feed::Line::id)
            .collect();
        for line in lines {
            let meta = self.meta_now(line);
            self.feed.on_loss(meta, &mut publisher.sink(self.index));
        }
    }

    fn quarantine(
        &self,
        meta: Meta,
        carrier: Carrier,
        frame: &[u8],
        reject: Reject,
        publisher: &mut Publisher,
    ) {
        let head = self.raw_head(meta, carrier, frame).rejected(reject);
        publisher.raw(What::Quarantine, self.index, &head, frame);
    }

    fn keep(&self, meta: Meta, carrier: Carrier, frame: &[u8], publisher: &mut Publisher) {
        if self.keep_raw {
            let head = self.raw_head(meta, carrier, frame);
            publisher.raw(What::Raw, self.index, &head, frame);
        }
    }

    fn raw_head(&self, meta: Meta, carrier: Carrier, frame: &[u8]) -> RawHead {
        RawHead {
            line: meta.line,
            venue: self.venue,
            carrier,
            rule: 0,
            reserved: [0; 3],
            len: frame.len() as u64,
            frame: meta.frame,
            ts_recv: meta.ts_recv,
            ts_kernel: meta.ts_kernel,
        }
    }

    /// Adds the kernel's stamp, 0 = none. One from after the present is none either: the clock was
    /// set back in between.
    #[inline]
    fn stamp(&mut self, meta: &mut Meta, ts_kernel: i64) {
        if (1..=meta.ts_recv).contains(&ts_kernel) {
            meta.ts_kernel = ts_kernel;
            let waited = meta.ts_recv - ts_kernel;
            self.recorder.record(Stage::KernelUser, waited);
        }
    }

    /// Stamps of a new frame on `line`.
    #[inline]
    fn next_meta(&mut self, line: u16) -> Meta {
        let slot = usize::from(line - self.rest_line.min(line));
        if slot >= self.frames.len() {
            self.frames.resize(slot + 1, 0);
        }
        self.frames[slot] += 1;
        self.meta_now(line)
    }

    /// Stamps of now, under the newest frame of `line`.
    #[inline]
    fn meta_now(&self, line: u16) -> Meta {
        let slot = usize::from(line - self.rest_line.min(line));
        let frame = self.frames.get(slot).copied().unwrap_or(0) | u64::from(self.run) << RUN_SHIFT;
        Meta {
            line,
            frame,
            ts_recv: clock::wall(),
            ts_kernel: 0,
            now: clock::mono(),
        }
    }
}

/// Notes the venue's own stamp of the records that pass.
struct Observed<S> {
    sink: S,
    sent: i64,
}

impl<S: feedd_codecs::RecordSink> feedd_codecs::RecordSink for Observed<S> {
    #[inline]
    fn record(&mut self, record: &feedd_codecs::Record<'_>) {
        let header = record.header();
        self.sent = if header.ts_send > 0 {
            header.ts_send
        } else {
            header.ts_venue
        };
        self.sink.record(record);
    }
}
