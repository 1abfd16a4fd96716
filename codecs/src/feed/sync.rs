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
mod buffer;
mod early;
mod join;

pub(super) use early::Early;

use super::arrivals::Arrivals;
use super::clock::{Clock, Moment};
use super::counts::BookCounts;
use super::gaps::OpenGap;
use crate::book::Book;
use crate::record::{BookHead, Figure, GapCause, Level};
use crate::venue::{Follow, Held, Venue};
use ahead::Ahead;
use buffer::Buffer;

const SECOND: i64 = 1_000_000_000;

/// Levels a side that the checksum of an update without a number covers (Kraken book page).
const CHECKSUM_DEPTH: u16 = 10;

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

    /// Takes an update through the venue's rule.
    #[inline]
    pub(super) fn update<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        rules: Rules,
        now: i64,
    ) -> Verdict {
        self.touched = true;
        let at = self.moment(head);
        let verdict = self.judge(venue, (head, at), levels, rules, now);
        if matches!(
            verdict,
            Verdict::Waiting | Verdict::Broken(_) | Verdict::StillBad
        ) {
            self.left_out(head, at);
        }
        verdict
    }

    #[inline]
    fn judge<V: Venue>(
        &mut self,
        venue: &V,
        (head, at): (&BookHead, Moment),
        levels: Levels<'_>,
        rules: Rules,
        now: i64,
    ) -> Verdict {
        if self.state != State::Live {
            return self.hold(head, levels, rules.joins);
        }
        if head.cross_seq < self.held.cross_seq || self.is_past(head, at) {
            // Older than the book by the venue's own order, whatever its number.
            return Verdict::Stale;
        }
        if rules.redundant && head.header.seq == 0 && self.is_contained(head, at) {
            return Verdict::Stale;
        }
        match venue.follow(self.held, head) {
            Follow::Stale if self.begins_anew(head, at) => {
                let verdict = self.broke(GapCause::RESET, None);
                self.hold(head, levels, rules.joins);
                verdict
            }
            Follow::Stale => Verdict::Stale,
            Follow::Apply if rules.wait > 0 && self.is_too_soon(head, at) => {
                if self.may_wait(rules) {
                    self.wait(head, levels, at, now)
                } else {
                    // Taken, it could hide those that wait.
                    self.broke(GapCause::CHECKSUM, None)
                }
            }
            Follow::Apply => match self.attempt(venue, head, levels, at, rules) {
                Ok(()) => {
                    self.attempts = 0;
                    Verdict::Good
                }
                Err(GapCause::CHECKSUM) if self.is_spoiled_copy(head, levels, at) => Verdict::Stale,
                Err(GapCause::CHECKSUM) if self.may_wait(rules) => self.wait(head, levels, at, now),
                Err(cause) => self.broke(cause, None),
            },
            Follow::Gap if self.may_wait(rules) => self.wait(head, levels, at, now),
            Follow::Gap => {
                let verdict = self.broke(GapCause::SEQUENCE, Some(head));
                self.hold(head, levels, rules.joins);
                verdict
            }
        }
    }

    /// Whether an update without a number is older than the book: taken, it would bring back what
    /// was, with a checksum that holds.
    fn is_past(&self, head: &BookHead, at: Moment) -> bool {
        head.header.seq == 0 && at.is_stamped() && at < self.mark.0
    }

    /// Whether an update with a lower number tells that the venue numbers anew; a number that only
    /// other lines brought so far is a copy.
    fn begins_anew(&self, head: &BookHead, at: Moment) -> bool {
        let newest = self.mark.0;
        let (seq, line) = (head.header.seq, head.header.line);
        newest.is_stamped() && at.is_news(newest) && !self.arrivals.owes(seq, line)
    }

    /// Whether an update without a number, from a slower line, tells what the book contains: it is
    /// older than the snapshot, or than an update whose checksum confirmed the whole book without it.
    fn is_contained(&self, head: &BookHead, at: Moment) -> bool {
        let whole = (1..=CHECKSUM_DEPTH).contains(&head.depth);
        let proven = if whole { self.mark.0 } else { self.since };
        at.is_stamped() && (at < proven || (at, head.checksum) == self.mark)
    }

    /// Whether an update that says what an earlier one said is news all the same: it is not the
    /// last one again, and the checksum confirms the whole book with it. Levels that come and go
    /// within one stamp make such updates.
    pub(super) fn confirms<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
    ) -> bool {
        let whole = (1..=CHECKSUM_DEPTH).contains(&head.depth);
        let last = (self.moment(head), head.checksum) == self.mark;
        if !whole || last || self.state != State::Live {
            return false;
        }
        self.spare.copy_from(&self.book);
        let (bids, asks) = levels;
        let fits = self.spare.apply(bids, asks, head.px_exp, head.qty_exp);
        self.spare.cut(head.depth);
        fits.is_ok() && venue.verify(&self.spare, head) == Some(true)
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

    /// The gap that a snapshot shows which replaces a live book and is not its next state: what
    /// lies between was never seen.
    pub(super) fn skipped_by(&mut self, head: &BookHead, levels: Levels<'_>) -> Option<OpenGap> {
        let held = self.held.seq.filter(|_| self.state == State::Live)?;
        let seq = head.header.seq;
        let skips = if seq == 0 {
            !self.book.holds(levels, head.px_exp, head.qty_exp)
        } else {
            seq > held.saturating_add(1)
        };
        if !skips {
            return None;
        }
        let Verdict::Broken(gap) = self.broke(GapCause::SEQUENCE, None) else {
            return None;
        };
        let bound = |number: u64| if seq == 0 { 0 } else { number };
        Some(OpenGap {
            first_seq: bound(held.saturating_add(1)),
            last_seq: bound(seq.saturating_sub(1)),
            ..gap
        })
    }

    /// Whether it stands at the same update as another book of its stream.
    pub(super) fn stands_with(&self, other: &Self) -> bool {
        let mark = |book: &Self| (book.held.seq, book.mark.0.ts(), book.mark.1);
        mark(self) == mark(other)
    }

    /// The gap that ends now, if the book is right again.
    pub(super) fn heal(&mut self) -> Option<OpenGap> {
        self.gap.take_if(|_| self.state == State::Live)
    }

    /// Marks the book as bad for a reason outside its own updates; `None` if it was not live.
    pub(super) fn lose(&mut self, cause: GapCause) -> Option<OpenGap> {
        self.buffer.clear();
        for early in std::mem::take(&mut self.early) {
            self.left_out(&early.head, early.at());
        }
        self.arrivals.clear();
        self.attempts = 0;
        self.due = 0;
        match self.state {
            State::Live => match self.broke(cause, None) {
                Verdict::Broken(found) => Some(found),
                _ => None,
            },
            State::Unsynced | State::Bad => None,
        }
    }

    pub(super) fn widen(&mut self, px_exp: i8, qty_exp: i8) -> Option<OpenGap> {
        match self.book.widen(px_exp, qty_exp) {
            Ok(()) => None,
            Err(_) => self.lose(GapCause::RANGE),
        }
    }

    /// Copies the book, best levels first.
    pub(super) fn copy_to(&self, scratch: &mut Scratch) {
        scratch.bids.clear();
        scratch.bids.extend(self.book.bids());
        scratch.asks.clear();
        scratch.asks.extend(self.book.asks());
    }

    /// [`BookSync::advance`], undone where the checksum says that something before is missing and
    /// that may still come.
    #[inline]
    fn attempt<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        at: Moment,
        rules: Rules,
    ) -> Result<(), GapCause> {
        let unnumbered = head.header.seq == 0;
        if !unnumbered || rules.wait == 0 {
            return self.advance(venue, head, levels, at);
        }
        self.spare.copy_from(&self.book);
        let outcome = self.advance(venue, head, levels, at);
        if outcome == Err(GapCause::CHECKSUM) {
            std::mem::swap(&mut self.book, &mut self.spare);
        }
        outcome
    }

    #[inline]
    fn advance<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        at: Moment,
    ) -> Result<(), GapCause> {
        self.book
            .apply(levels.0, levels.1, head.px_exp, head.qty_exp)
            .map_err(|_| GapCause::RANGE)?;
        self.book.cut(head.depth);
        if let Some(confirmed) = venue.verify(&self.book, head) {
            self.count_checksum(confirmed);
            if !confirmed {
                return Err(GapCause::CHECKSUM);
            }
        }
        self.held = Held {
            seq: Some(head.header.seq),
            cross_seq: head.cross_seq,
            joined: true,
        };
        (self.line, self.ts_good) = (head.header.line, head.header.ts_recv);
        let newest = if head.header.seq == 0 {
            at
        } else {
            at.max(self.mark.0)
        };
        self.mark = (newest, head.checksum);
        Ok(())
    }

    const fn count_checksum(&mut self, confirmed: bool) {
        if confirmed {
            self.counts.checksums_ok += 1;
        } else {
            self.counts.checksums_failed += 1;
        }
    }

    /// The book is bad. A book that breaks again before an update was applied keeps its pause, so
    /// that a venue whose snapshots do not hold is not asked in a circle.
    fn broke(&mut self, cause: GapCause, head: Option<&BookHead>) -> Verdict {
        let good_seq = self.held.seq.unwrap_or(0);
        let numbered = head.filter(|head| head.first_seq > good_seq.saturating_add(1));
        let known = |bound: u64| numbered.map_or(0, |_| bound);
        let last = numbered.map_or(0, |head| head.first_seq - 1);
        if std::mem::replace(&mut self.state, State::Bad) == State::Bad {
            return Verdict::StillBad;
        }
        self.counts.gaps += 1;
        self.crossed_since = None;
        if self.attempts == 0 {
            self.due = 0;
        }
        Verdict::Broken(OpenGap {
            good_seq,
            first_seq: known(good_seq.saturating_add(1)),
            last_seq: last,
            ts_good: self.ts_good,
            ..OpenGap::new(cause)
        })
    }
}
