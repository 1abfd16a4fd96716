//! The pump: journal to sink, one batch after the other, for ever.
//!
//! It is a loop over [`Pump::step`], each of which ends in a state that a crash may leave: rows are
//! handed over before the cursor moves, and dead letters are durable before that, too.

mod deliver;
mod replay;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::batch::Batch;
use super::dead::{DeadLetter, DeadLetters, Fate, Request};
use super::status::{Marks, SinkReport, SinkStatus};
use super::surroundings::{Notice, Surroundings};
use super::tail::{self, Found, Tail, Unreadable};
use super::{Ack, Refusal, Sink};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::journal::LogKind;

/// Time between two looks at the end of the log for the lag, and for an operator's wish.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Frames looked at in one step, rows or not, so that a step ends soon.
const FRAMES_A_STEP: usize = 65_536;

/// How a [`Pump`] works.
#[derive(Clone, Copy, Debug)]
pub struct PumpOptions {
    /// Most rows handed over at a time, at least 1. Default 16,384.
    pub batch_rows: usize,
    /// Bytes of records after which no more rows join a batch. Default 4 MiB.
    pub batch_bytes: usize,
    /// How long a row may wait for others to join its batch. Default 50 ms.
    pub batch_age: Duration,
    /// Most rows handed over a second while the sink is behind; 0, the default, for no limit.
    pub rows_a_second: u64,
    /// Longest first pause after a failure; the bound doubles with each. Default 100 ms.
    pub backoff_least: Duration,
    /// Longest pause after failures. Default 30 s.
    pub backoff_most: Duration,
    /// Makes the pauses of several sinks differ.
    pub seed: u64,
    /// Pause when there is nothing to do. Default 5 ms.
    pub idle: Duration,
    /// Shortest time between two writes of the cursor: what a crash may let come twice. Default
    /// 500 ms.
    pub save_every: Duration,
    /// How long [`Pump::run`] goes on handing over when it shall stop. Default 10 s.
    pub stop_patience: Duration,
}

impl Default for PumpOptions {
    fn default() -> Self {
        Self {
            batch_rows: 16_384,
            batch_bytes: 4 << 20,
            batch_age: Duration::from_millis(50),
            rows_a_second: 0,
            backoff_least: Duration::from_millis(100),
            backoff_most: Duration::from_secs(30),
            seed: 0,
            idle: Duration::from_millis(5),
            save_every: Duration::from_millis(500),
            stop_patience: Duration::from_secs(10),
        }
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows were handed over; there may be more.
    Took,
    /// There was nothing to hand over yet.
    Idle,
    /// A try failed, and the pause behind it is over.
    Failed,
}

/// Takes the records of one journal to one sink.
#[derive(Debug)]
pub struct Pump<S, E> {
    journal_dir: PathBuf,
    name: String,
    sink: S,
    around: E,
    options: PumpOptions,
    status: Arc<SinkStatus>,
    cursor: Cursor,
    dead: DeadLetters,
    /// Sequences above the cursor that stand in the dead letters.
    dead_seqs: BTreeSet<u64>,
    /// Highest sequence that the dead letters report as lost.
    lost_through: u64,
    request: Request,
    backoff: Backoff,
    failures: u64,
    /// Nothing until the sink has begun.
    tail: Option<Tail>,
    batch: Batch,
    /// When the first row of the batch was read.
    batch_since: Duration,
    marks: Marks,
    /// What the sink said last.
    ack: Ack,
    /// Every lower sequence is acknowledged, dead or lost.
    acked: u64,
    /// What the cursor's file says.
    saved: u64,
    next_save: Duration,
    next_look: Duration,
    /// When the rate limit lets the next batch go.
    free_at: Duration,
    /// Nothing waits for company any more.
    ending: bool,
}

impl<S: Sink, E: Surroundings> Pump<S, E> {
    /// A pump from the journal in `journal_dir` to `sink`, under the name `name`: that of the cursor
    /// and of the dead letters.
    ///
    /// # Errors
    ///
    /// [`Error::CursorName`] for a name that no file may have; [`Error::Cursor`], [`Error::Foreign`]
    /// and [`Error::Io`] for what cannot be read.
    pub fn open(
        journal_dir: &Path,
        name: &str,
        sink: S,
        around: E,
        options: PumpOptions,
    ) -> Result<Self, Error> {
        let cursor = Cursor::open(journal_dir, name, LogKind::Records)?;
        let saved = cursor.load()?.unwrap_or(0);
        let (dead, letters) = DeadLetters::open(journal_dir, name)?;
        let of = |fate| letters.iter().filter(move |letter| letter.fate == fate);
        let above = |seq: &u64| *seq >= saved;
        Ok(Self {
            journal_dir: journal_dir.to_owned(),
            name: name.to_owned(),
            status: Arc::default(),
            dead_seqs: of(Fate::Refused)
                .map(|letter| letter.seq)
                .filter(above)
                .collect(),
            lost_through: of(Fate::Lost).map(|letter| letter.last).max().unwrap_or(0),
            request: Request::of(journal_dir, name),
            backoff: Backoff::new(options.backoff_least, options.backoff_most, options.seed),
            failures: 0,
            tail: None,
            batch: Batch::default(),
            batch_since: Duration::ZERO,
            marks: Marks::default(),
            ack: Ack::All,
            acked: saved,
            next_save: Duration::ZERO,
            next_look: Duration::ZERO,
            free_at: Duration::ZERO,
            ending: false,
            saved,
            sink,
            around,
            options,
            cursor,
            dead,
        })
    }

    /// The counters, to keep while the pump runs elsewhere.
    #[must_use]
    pub fn status(&self) -> Arc<SinkStatus> {
        Arc::clone(&self.status)
    }

    /// Works until it shall stop, then hands over what the journal has by then; gives up on that
    /// when the sink fails or takes longer than [`PumpOptions::stop_patience`]. What is left comes
    /// in the next run.
    pub fn run(mut self) -> SinkReport {
        while !self.around.stopping() {
            if self.step() == Step::Idle {
                self.around.pause(self.options.idle);
            }
        }
        self.finish();
        self.status.read()
    }

    /// Does one thing: hands a batch over, or finds nothing to do, or fails and waits.
    pub fn step(&mut self) -> Step {
        match self.try_step() {
            Ok(step) => step,
            Err(reason) => {
                self.stumble(&reason);
                Step::Failed
            }
        }
    }

    /// Hands over what is left and lets the sink bring it to its place.
    pub fn finish(&mut self) {
        self.ending = true;
        let until = self.around.now() + self.options.stop_patience;
        let ended = loop {
            match self.try_step() {
                Ok(Step::Took) if self.around.now() < until => {}
                Ok(_) => break self.end(),
                Err(reason) => break Err(reason),
            }
        };
        if let Err(reason) = ended {
            self.fail(&reason, Duration::ZERO);
        }
        // The last word on lag, for whoever reads the counters at the end.
        let _ = self.look();
    }

    fn end(&mut self) -> Result<(), String> {
        self.ack = self.sink.idle(self.around.now(), true).map_err(reason_of)?;
        self.settle(true)
    }

    fn try_step(&mut self) -> Result<Step, String> {
        if self.tail.is_none() {
            self.begin()?;
        }
        let full = self.fill()?;
        let step = if self.batch.len() > 0 && (full || self.is_due()) {
            self.hand_over()?;
            Step::Took
        } else {
            if self.batch.len() == 0 {
                self.ack = self
                    .sink
                    .idle(self.around.now(), false)
                    .map_err(reason_of)?;
                self.succeeded();
            }
            Step::Idle
        };
        self.settle(false)?;
        self.look()?;
        Ok(step)
    }

    /// Brings sink and reader to the first row that is not acknowledged.
    fn begin(&mut self) -> Result<(), String> {
        self.batch.clear();
        let first = self.sink.begin(self.acked).map_err(reason_of)?;
        self.acked = self.acked.max(first);
        let tail = Tail::open(&self.journal_dir, self.acked).map_err(|error| text_of(&error))?;
        self.marks.start(tail.mark().unwrap_or_default());
        self.ack = Ack::All;
        self.tail = Some(tail);
        Ok(())
    }

    /// Reads rows into the batch until it is full or there is nothing more; whether it is full.
    fn fill(&mut self) -> Result<bool, String> {
        for _ in 0..FRAMES_A_STEP {
            if self.is_full() {
                return Ok(true);
            }
            let Some(tail) = &mut self.tail else {
                break;
            };
            if self.batch.len() == 0 {
                self.batch_since = self.around.now();
            }
            match tail
                .next_into(&mut self.batch)
                .map_err(|error| text_of(&error))?
            {
                Found::Row => self.pass_dead(),
                Found::Unreadable { letter } => self.note_unreadable(letter)?,
                Found::Lost { from, to, cause } => self.note_lost(from, to, cause)?,
                Found::Nothing => break,
            }
        }
        Ok(self.is_full())
    }

    fn is_full(&self) -> bool {
        self.batch.len() >= self.options.batch_rows
            || self.batch.bytes() >= self.options.batch_bytes
    }

    fn is_due(&self) -> bool {
        let age = self.around.now().saturating_sub(self.batch_since);
        age >= self.options.batch_age || self.ending
    }

    /// A failure: everything that is not acknowledged is forgotten, here and in the sink.
    fn stumble(&mut self, reason: &str) {
        self.tail = None;
        self.batch.clear();
        let pause = self.backoff.pause();
        self.fail(reason, pause);
        self.around.pause(pause);
    }

    fn fail(&mut self, reason: &str, pause: Duration) {
        self.failures += 1;
        self.status.set_up(false);
        self.status.retries.add(1);
        self.around.tell(&Notice::Retry {
            reason,
            pause,
            failures: self.failures,
        });
    }

    fn succeeded(&mut self) {
        self.status.set_up(true);
        if self.failures > 0 {
            self.around.tell(&Notice::Recovered {
                failures: self.failures,
            });
            self.failures = 0;
            self.backoff.succeeded();
        }
    }

    /// Moves the cursor to what is acknowledged; its file at times, or `now`.
    fn settle(&mut self, now: bool) -> Result<(), String> {
        let position = self.tail.as_ref().and_then(Tail::next_seq).unwrap_or(0);
        let acked = match self.ack {
            // Rows that wait for their batch are not handed over yet.
            Ack::All => self.batch.first_seq().unwrap_or(position),
            Ack::Below(seq) => seq,
        };
        if acked > self.acked {
            self.status.acked_records.add(acked - self.acked.max(1));
            self.acked = acked;
            self.dead_seqs = self.dead_seqs.split_off(&acked);
        }
        self.status.acked_seq.set(self.acked);
        let time = self.around.now();
        if self.acked != self.saved && (now || time >= self.next_save) {
            self.cursor
                .save(self.acked)
                .map_err(|error| text_of(&error))?;
            self.saved = self.acked;
            self.next_save = time + self.options.save_every;
        }
        Ok(())
    }

    /// Now and then: how far behind it is, and what an operator wishes.
    fn look(&mut self) -> Result<(), String> {
        let now = self.around.now();
        if now < self.next_look && !self.ending {
            return Ok(());
        }
        self.next_look = now + LOOK_EVERY;
        self.measure().map_err(|error| text_of(&error))?;
        if self.tail.is_some() && self.batch.len() == 0 {
            self.replay_wanted()?;
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<(), crate::error::ReadError> {
        let Some(head) = tail::head(&self.journal_dir)? else {
            return Ok(());
        };
        let behind = self.marks.acked(self.acked);
        let records = head.seq.saturating_sub(self.acked.max(1));
        let (mut bytes, mut age) = (0, 0);
        if records > 0 {
            bytes = tail::bytes_between(&self.journal_dir, behind.place, head.place)?;
            age = match behind.ts_recv {
                0 => 0,
                ts => u64::try_from(self.around.wall() - ts).unwrap_or(0),
            };
        }
        self.status.lag_records.set(records);
        self.status.lag_bytes.set(bytes);
        self.status.lag_ns.set(age);
        Ok(())
    }

    fn note_unreadable(&mut self, found: Unreadable) -> Result<(), String> {
        if self.dead_seqs.contains(&found.seq) {
            return Ok(());
        }
        let why = format!("not a record of this version: {}", found.reason);
        self.bury(found.seq, why, found.bytes)
    }

    fn note_lost(&mut self, from: u64, to: u64, cause: &'static str) -> Result<(), String> {
        let from = from.max(self.lost_through + 1);
        if from > to {
            return Ok(());
        }
        self.append(Fate::Lost, (from, to), cause.to_owned(), Vec::new())?;
        self.lost_through = to;
        self.status.lost.add(to - from + 1);
        self.around.tell(&Notice::Lost { from, to, cause });
        Ok(())
    }

    /// A row goes to the dead letters.
    fn bury(&mut self, seq: u64, reason: String, record: Vec<u8>) -> Result<(), String> {
        self.append(Fate::Refused, (seq, seq), reason.clone(), record)?;
        self.dead_seqs.insert(seq);
        self.status.dead.add(1);
        self.around.tell(&Notice::Dead {
            seq,
            reason: &reason,
        });
        Ok(())
    }

    fn append(
        &mut self,
        fate: Fate,
        (seq, last): (u64, u64),
        reason: String,
        record: Vec<u8>,
    ) -> Result<(), String> {
        let letter = DeadLetter {
            number: 0,
            ts: self.around.wall(),
            fate,
            seq,
            last,
            reason,
            record,
        };
        self.dead.append(&letter).map_err(|error| text_of(&error))?;
        Ok(())
    }
}

/// The words of a refusal, where its kind makes no difference.
fn reason_of(refusal: Refusal) -> String {
    match refusal {
        Refusal::Transient(reason) | Refusal::Permanent(reason) => reason,
    }
}

/// An error with what caused it.
fn text_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
