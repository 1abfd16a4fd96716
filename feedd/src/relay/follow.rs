//! Following one source: what comes live and what the replay service answers become one row of
//! frames, each once, in the order of the source's journal.
//!
//! No I/O and no clock. Live batches and answers go in; frames come out through [`Take`], and what
//! has to be asked is told by [`Follower::ask`]. Invariants:
//!
//! * A frame is given out only if it stands at or behind [`Follower::at`], and `at` moves behind
//!   it: nothing comes twice or out of order, whatever is sent.
//! * A live frame is given out only if it is the very next one of the same run. Anything else (a gap,
//!   a later run, a first contact) is asked for, and live batches wait meanwhile.
//! * What waits is bounded. If there is more, it is dropped, and asked for later.

use std::collections::VecDeque;

use super::ask::{Ask, Stop};
use super::position::Position;
use super::wire::{Batch, WireError, WireFrame};

/// Bytes of live batches that wait for an answer. At 100 MB/s they bridge a sixth of a second, which
/// is what asking on the same network takes; beyond that the answers themselves catch up.
const HELD_BYTES_MAX: usize = 16 << 20;

/// Who takes the frames.
pub trait Take {
    /// Whether the roster names the record's instrument. Without it the frame cannot be taken yet.
    fn knows(&self, payload: &[u8]) -> bool;
    /// A frame, the next one.
    fn frame(&mut self, at: Position, ts_recv: i64, payload: &[u8]);
    /// The source's journal does not have these numbers, both ends included.
    fn missed(&mut self, run: u32, from: u64, to: u64);
}

/// Why a live batch or an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// Not a batch.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A batch of another journal.
    #[error("the batch is of the journal {0:032x}")]
    OtherJournal(u128),
    /// The answer does not go on where it was asked to.
    #[error("the answer jumps from {at} to {found}")]
    Jump {
        /// Where it should go on.
        at: Position,
        /// Where it does.
        found: Position,
    },
    /// The answer has a record whose instrument the roster, fetched just before, does not name.
    #[error("the source's roster does not name the instrument of the record at {0}")]
    Unnamed(Position),
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowCounts {
    /// Frames that came live.
    pub live: u64,
    /// Frames that answers brought.
    pub replayed: u64,
    /// Frames that had been given out before.
    pub repeated: u64,
    /// Gaps in the live stream.
    pub gaps: u64,
    /// Later runs seen: restarts of the source.
    pub runs: u64,
    /// Numbers that the source's journal does not have.
    pub missed: u64,
    /// Live batches dropped because too many waited.
    pub dropped: u64,
    /// Times that the source gave numbers again, after it lost its power.
    pub renumbered: u64,
}

/// An unanswered need.
#[derive(Clone, Copy, Debug)]
struct Need {
    until: Position,
    /// The roster has to be fetched first.
    roster: bool,
    /// It is being answered.
    asked: bool,
}

/// The state of following one source's journal.
#[derive(Debug)]
pub struct Follower {
    journal: u128,
    at: Position,
    /// Where nothing was taken yet, the source's newest frame is the first wanted.
    newest: bool,
    need: Option<Need>,
    held: VecDeque<Box<[u8]>>,
    held_bytes: usize,
    counts: FollowCounts,
}

impl Follower {
    /// Follows `journal` from `at` on: the place behind the last frame that was taken for good.
    #[must_use]
    pub fn new(journal: u128, at: Position) -> Self {
        let mut follower = Self {
            journal,
            at,
            newest: false,
            need: None,
            held: VecDeque::new(),
            held_bytes: 0,
            counts: FollowCounts::default(),
        };
        follower.want(Position::END, true);
        follower
    }

    /// Without what the source has already, but for its newest frame: for who comes late and does not
    /// want the past. Changes nothing where something was taken before.
    #[must_use]
    pub const fn from_newest(mut self) -> Self {
        self.newest = true;
        self
    }

    /// Identity of the journal.
    #[must_use]
    pub const fn journal(&self) -> u128 {
        self.journal
    }

    /// The next place wanted.
    #[must_use]
    pub const fn at(&self) -> Position {
        self.at
    }

    /// Whether nothing is asked for: every frame comes live.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.need.is_none()
    }

    /// Its counters.
    #[must_use]
    pub const fn counts(&self) -> FollowCounts {
        self.counts
    }

    /// A message of the live stream.
    ///
    /// # Errors
    ///
    /// A [`FollowError`]; the message is then as if it had never come.
    pub fn live(&mut self, message: &[u8], to: &mut impl Take) -> Result<(), FollowError> {
        let batch = Batch::parse(message)?;
        if batch.journal != self.journal {
            return Err(FollowError::OtherJournal(batch.journal));
        }
        if self.need.is_some() {
            self.hold(message, &batch);
        } else if batch.run > self.at.run {
            self.counts.runs += 1;
            self.fall_back(message, &batch);
        } else if batch.first() > self.at {
            self.counts.gaps += 1;
            self.fall_back(message, &batch);
        } else {
            self.take_live(message, &batch, to);
        }
        Ok(())
    }

    /// The live stream cannot tell what was: asks, if nothing is asked yet. For silent streams.
    pub fn look(&mut self) {
        if self.need.is_none() {
            self.want(Position::END, false);
        }
    }

    /// What to ask now, if anything; it counts as asked.
    pub fn ask(&mut self) -> Option<Ask> {
        let from = match self.at {
            Position::START if self.newest => Position::END,
            at => at,
        };
        let need = self.need.as_mut().filter(|need| !need.asked)?;
        need.asked = true;
        if need.roster {
            return Some(Ask::Roster);
        }
        let until = need.until;
        Some(Ask::Records { from, until })
    }

    /// The roster was fetched.
    pub fn roster_came(&mut self) {
        if let Some(need) = &mut self.need {
            (need.roster, need.asked) = (false, false);
        }
    }

    /// A batch of the answer.
    ///
    /// # Errors
    ///
    /// A [`FollowError`]: what came before it is taken, the rest of the answer is of no use.
    pub fn replayed(&mut self, message: &[u8], to: &mut impl Take) -> Result<(), FollowError> {
        let batch = Batch::parse(message)?;
        if batch.journal != self.journal {
            return Err(FollowError::OtherJournal(batch.journal));
        }
        for frame in batch.frames() {
            self.take_replayed(batch.run, &frame, to)?;
        }
        Ok(())
    }

    /// The source's journal does not have these numbers.
    pub fn missed(&mut self, from: u64, to: u64, taker: &mut impl Take) {
        let from = from.max(self.at.seq);
        if from > to || to >= super::position::SEQ_MAX {
            return;
        }
        self.counts.missed += to - from + 1;
        taker.missed(self.at.run, from, to);
        self.at.seq = to + 1;
    }

    /// The answer is over. What waited is taken if it continues the answer, or asked for.
    pub fn answered(&mut self, stop: Stop, to: &mut impl Take) {
        let Some(need) = &mut self.need else {
            return;
        };
        if stop == Stop::Limit {
            need.asked = false;
            return;
        }
        let until = need.until;
        self.need = None;
        if stop == Stop::Until {
            self.begin_at(until);
        }
        self.take_held(to);
    }

    /// The source has nothing else before `until`. A hole would have been told, so what is left
    /// between here and there is the beginning of the journal or of a run.
    fn begin_at(&mut self, until: Position) {
        let begins = self.at == Position::START || until.seq <= self.at.seq;
        if until <= self.at || !begins {
            return;
        }
        if until.seq < self.at.seq {
            self.counts.renumbered += 1;
        }
        self.at = until;
    }

    /// The answer failed: ask again.
    pub fn failed(&mut self) {
        if let Some(need) = &mut self.need {
            need.asked = false;
        }
    }

    fn want(&mut self, until: Position, roster: bool) {
        self.need = Some(Need {
            until,
            roster,
            asked: false,
        });
    }

    fn fall_back(&mut self, message: &[u8], batch: &Batch<'_>) {
        self.want(batch.first(), false);
        self.hold(message, batch);
    }

    fn hold(&mut self, message: &[u8], batch: &Batch<'_>) {
        if batch.count == 0 {
            return;
        }
        if self.held_bytes + message.len() > HELD_BYTES_MAX {
            self.counts.dropped += 1;
            return;
        }
        self.held_bytes += message.len();
        self.held.push_back(message.into());
    }

    fn take_held(&mut self, to: &mut impl Take) {
        self.held_bytes = 0;
        for message in std::mem::take(&mut self.held) {
            // It was parsed when it came.
            let _ = self.live(&message, to);
        }
    }

    /// Takes a batch that begins at or before `at`.
    fn take_live(&mut self, message: &[u8], batch: &Batch<'_>, to: &mut impl Take) {
        for frame in batch.frames() {
            let place = Position {
                run: batch.run,
                seq: frame.seq,
            };
            if place < self.at {
                self.counts.repeated += 1;
                continue;
            }
            if !to.knows(frame.payload) {
                self.want(Position::END, true);
                return self.hold(message, batch);
            }
            to.frame(place, frame.ts_recv, frame.payload);
            self.at = place.behind();
            self.counts.live += 1;
        }
    }

    fn take_replayed(
        &mut self,
        run: u32,
        frame: &WireFrame<'_>,
        to: &mut impl Take,
    ) -> Result<(), FollowError> {
        let found = Position {
            run,
            seq: frame.seq,
        };
        if found < self.at {
            self.counts.repeated += 1;
            return Ok(());
        }
        let at = self.at;
        if frame.seq > at.seq && at != Position::START {
            return Err(FollowError::Jump { at, found });
        }
        if !to.knows(frame.payload) {
            self.want(Position::END, true);
            return Err(FollowError::Unnamed(found));
        }
        if frame.seq < at.seq {
            self.counts.renumbered += 1;
        }
        to.frame(found, frame.ts_recv, frame.payload);
        self.at = found.behind();
        self.counts.replayed += 1;
        Ok(())
    }
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
