//! One book on its way from unsynced to live, and back when it breaks.
//!
//! ```text
//!              snapshot (joined with what was held)
//!   Unsynced ────────────────────────────────────────> Live
//!      (holds updates)                                  │ continuity, checksum or range breaks:
//!                        Bad  <─────────────────────────┘ one Gap
//!      (holds updates)    └── snapshot ──> Live
//! ```
//!
//! An update that does not follow may only be early: another line, or the venue's next frame, may
//! bring what is missing. It waits (`early`) for as long as configured before the book breaks.

mod ahead;
mod asks;
mod breaks;
mod buffer;
mod early;
mod follow;
mod join;

pub(super) use early::Early;

use super::arrivals::Arrivals;
use super::clock::{Clock, Moment};
use super::counts::BookCounts;
use super::gaps::OpenGap;
use crate::book::Book;
use crate::record::{BookHead, Figure, Level};
use crate::venue::Held;
use ahead::Ahead;
use buffer::Buffer;

const SECOND: i64 = 1_000_000_000;

/// Whether a book can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No snapshot yet.
    Unsynced,
    /// Snapshot and every update since: right by the venue's own rule.
    Live,
    /// Something is missing; waits for a snapshot.
    Bad,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Applied: the book is right.
    Good,
    /// The book is waiting for a snapshot; the update may be needed for the join.
    Waiting,
    /// The book contained it already.
    Stale,
    /// It showed that something is missing, for the first time since the book was right.
    Broken(OpenGap),
    /// A snapshot that did not heal the book.
    StillBad,
    /// Something before it is missing that may still come.
    Early,
}

/// What holds for every update of a book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Whether updates are held for a REST snapshot to join.
    pub(super) joins: bool,
    /// How long an early update waits, in nanoseconds; 0 = not at all.
    pub(super) wait: i64,
    /// Whether more than one line may bring the same update.
    pub(super) redundant: bool,
}

/// An event's levels.
pub(super) type Levels<'a> = (&'a [Level], &'a [Level]);

/// Reusable space for whole states on their way out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
    pub(super) figures: Vec<Figure>,
}

/// One instrument's book with everything needed to keep it right.
#[derive(Debug)]
pub(super) struct BookSync {
    book: Book,
    state: State,
    held: Held,
    buffer: Buffer,
    counts: BookCounts,
    /// Whether any book message came: instruments without book streams stay untouched.
    touched: bool,
    /// When a snapshot may be asked for (again).
    due: i64,
    attempts: u32,
    early: Vec<Early>,
    /// Lines that brought what the book has not.
    ahead: Vec<Ahead>,
    /// A copy to go back to when an update turns out not to follow.
    spare: Book,
    /// The line that brought the last update.
    line: u16,
    ts_good: i64,
    /// The venue's clock on each line.
    clock: Clock,
    /// Moment and checksum of the last update: its name where the venue gives no numbers.
    mark: (Moment, u32),
    /// Moment of the last snapshot.
    since: Moment,
    /// Its last updates, while more than one line carries it.
    pub(super) arrivals: Arrivals,
    /// The gap that the next good snapshot ends.
    pub(super) gap: Option<OpenGap>,
    /// Since when it is crossed (monotonic); `None` = it is not.
    pub(super) crossed_since: Option<i64>,
}

impl Default for BookSync {
    fn default() -> Self {
        Self {
            book: Book::default(),
            state: State::Unsynced,
            held: Held {
                seq: None,
                cross_seq: 0,
                joined: false,
            },
            buffer: Buffer::default(),
            counts: BookCounts::default(),
            touched: false,
            due: 0,
            attempts: 0,
            early: Vec::new(),
            ahead: Vec::new(),
            spare: Book::default(),
            line: 0,
            ts_good: 0,
            clock: Clock::default(),
            mark: (Moment::default(), 0),
            since: Moment::default(),
            arrivals: Arrivals::default(),
            gap: None,
            crossed_since: None,
        }
    }
}

impl BookSync {
    pub(super) const fn book(&self) -> &Book {
        &self.book
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    pub(super) const fn seq(&self) -> Option<u64> {
        self.held.seq
    }

    pub(super) const fn counts(&self) -> BookCounts {
        self.counts
    }

    pub(super) const fn touched(&self) -> bool {
        self.touched
    }

    /// When a message was sent, by the venue's clock as its line shows it. Reading it once more
    /// changes nothing.
    #[inline]
    pub(super) fn moment(&mut self, head: &BookHead) -> Moment {
        let header = &head.header;
        let read = self
            .clock
            .read(header.line, header.ts_venue, header.ts_recv);
        read.at
    }

    /// Whether updates are not applied as they come.
    pub(super) fn waits(&self) -> bool {
        self.state != State::Live || !self.early.is_empty()
    }

    /// Whether a snapshot that came in the stream may replace the book. One from another line than
    /// the book's last update is that line's beginning, not news, unless the venue began anew or it
    /// is the very next update in the form of a snapshot.
    pub(super) fn welcomes(&mut self, head: &BookHead, rules: Rules) -> bool {
        let Some(seq) = self.held.seq else {
            return true;
        };
        if self.state != State::Live || !rules.redundant {
            return true;
        }
        let at = self.moment(head);
        let stands = head.header.seq == seq && (seq != 0 || (at, head.checksum) == self.mark);
        !stands && head.header.line == self.line
            || (head.header.seq == 1 && head.cross_seq > self.held.cross_seq)
            || (head.header.seq != 0 && head.header.seq == seq.saturating_add(1))
    }

    /// A line begins anew.
    pub(super) fn line_began(&mut self, line: u16) {
        self.clock.leave(line);
    }

    /// A line that ends says nothing about the snapshot that it begins with next time.
    pub(super) fn line_ended(&mut self, line: u16) {
        self.orphan(line);
        if self.line == line {
            self.line = 0;
        }
    }

    /// Whether it stands at the same update as another book of its stream.
    pub(super) fn stands_with(&self, other: &Self) -> bool {
        let mark = |book: &Self| (book.held.seq, book.mark.0.ts(), book.mark.1);
        mark(self) == mark(other)
    }

    /// Copies the book, best levels first.
    pub(super) fn copy_to(&self, scratch: &mut Scratch) {
        scratch.bids.clear();
        scratch.bids.extend(self.book.bids());
        scratch.asks.clear();
        scratch.asks.extend(self.book.asks());
    }
}
