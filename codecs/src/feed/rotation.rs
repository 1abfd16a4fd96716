//! Make before break: a line is replaced while it still delivers.
//!
//! ```text
//!   old   ─────────────────────────────┐ closed for good: every stream runs on the new one
//!   new         connect ─ subscribe ─ overlap ──────────────────────────────────────────
//! ```
//!
//! While both deliver, copies are dropped as for redundant lines, so nothing is missing and nothing
//! comes twice. At most [`AT_ONCE`] lines of a feed change at a time, and never two replicas of the
//! same streams, so that a venue that announces its end is not met by a storm.

use super::line::{Line, Slot, Stage};
use super::sync::BookSync;
use super::{Feed, Intent, Meta, Outbox};
use crate::record::{RecordSink, StatusCode};
use crate::venue::{StreamKey, Venue};

const SECOND: i64 = 1_000_000_000;

/// Lines of a feed that are replaced at the same time.
const AT_ONCE: usize = 2;
/// How long the new line must deliver, or wait for quiet streams, before the old one is closed.
const OVERLAP: i64 = 3 * SECOND;
/// How long a new line may take to get there, beside the time that its requests take; then it is
/// given up.
const PATIENCE: i64 = 60 * SECOND;
/// How long the old line then goes on before another is tried.
const REST: i64 = 60 * SECOND;
/// How long copies are watched for after a rotation: what the old line brought may still be under
/// way on the new one.
const ECHO: i64 = 30 * SECOND;
/// Part of the life of a line by which rotations are spread, so that lines that began together do
/// not end together: one 16th for each line, up to a quarter.
const SPREAD: i64 = 16;

impl<V: Venue> Feed<V> {
    /// Begins and ends rotations.
    pub(super) fn rotate(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.end_rotations(meta, out, sink);
        let running = self.lines.iter().filter(|line| line.successor.is_some());
        let mut running = running.count();
        while running < AT_ONCE
            && let Some(at) = self.next_to_rotate(meta.now)
        {
            self.begin_rotation(at, meta, out, sink);
            running += 1;
        }
        if running > 0 {
            self.echo_until = meta.now + ECHO;
        }
    }

    fn next_to_rotate(&self, now: i64) -> Option<usize> {
        let due = |(at, line): (usize, &Line)| {
            let life = self.options.rotate_after;
            let early = life / SPREAD * (at as i64 % (SPREAD / 4));
            let old = life > 0 && now - line.since >= life - early;
            line.is_open()
                && now >= line.rests_until
                && line.successor.is_none()
                && !self.is_heir(line.id())
                && (old || line.tired.is_some())
                && !self.sibling_rotates(line)
        };
        self.lines.iter().enumerate().position(due)
    }

    fn is_heir(&self, id: u16) -> bool {
        self.lines.iter().any(|line| line.successor == Some(id))
    }

    /// Whether another line of the same streams is being replaced.
    fn sibling_rotates(&self, line: &Line) -> bool {
        let shares = |other: &Line| {
            let mut slots = line.slots().iter();
            slots.any(|slot| other.slot(slot.key).is_some())
        };
        let mut others = self.lines.iter();
        others.any(|other| other.successor.is_some() && shares(other))
    }

    fn begin_rotation(
        &mut self,
        at: usize,
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        let Some(id) = self.free_line() else { return };
        let heir = self.lines[at].heir(id, meta.now);
        let old = &mut self.lines[at];
        old.successor = Some(id);
        let (line, reason) = (old.id(), old.tired.unwrap_or("its time is over"));
        out.push(Intent::Connect {
            line: id,
            replica: heir.replica(),
            path: heir.path().to_owned(),
        });
        self.lines.push(heir);
        self.counts.rotations += 1;
        self.gate(Self::about(line, meta), sink)
            .line_status(StatusCode::ROTATING, reason);
    }

    fn end_rotations(&mut self, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        let pairs: Vec<(u16, u16)> = self
            .lines
            .iter()
            .filter_map(|line| Some((line.id(), line.successor?)))
            .collect();
        for (old, new) in pairs {
            match self.readiness(old, new, meta.now) {
                Readiness::Ready => self.retire(old, meta, out, sink),
                Readiness::Failed => self.give_up((old, new), meta, out, sink),
                Readiness::Waiting => {}
            }
        }
    }

    fn readiness(&self, old: u16, new: u16, now: i64) -> Readiness {
        let find = |id| self.lines.iter().find(|line| line.id() == id);
        let (Some(old), Some(new)) = (find(old), find(new)) else {
            return Readiness::Failed;
        };
        let takes_over = |slot: &Slot| {
            let key = slot.key;
            let there = new.slot(key).map(|slot| slot.stage);
            match slot.stage {
                // What is silent here need not speak there.
                _ if slot.pulse.is_silent() => true,
                Stage::Live => {
                    there == Some(Stage::Live) || new.covers(key) && now - new.since >= 4 * OVERLAP
                }
                Stage::Acknowledged => new.covers(key),
                Stage::Wanted | Stage::Asked | Stage::Refused => true,
            }
        };
        let settled =
            |(_, stage): (StreamKey, Stage)| !matches!(stage, Stage::Wanted | Stage::Asked);
        let overlapped = new.is_open() && now - new.since >= OVERLAP;
        if overlapped && new.streams().all(settled) && old.slots().iter().all(takes_over) {
            Readiness::Ready
        } else if now - new.made >= PATIENCE + new.asking_time() {
            Readiness::Failed
        } else {
            Readiness::Waiting
        }
    }

    fn retire(&mut self, id: u16, meta: Meta, out: &mut Outbox, sink: &mut impl RecordSink) {
        self.remove(id, out);
        self.gate(Self::about(id, meta), sink)
            .line_status(StatusCode::ROTATED, "");
    }

    /// A line closed: its successor, if it had one, takes its place.
    pub(super) fn succeed(&mut self, at: usize, out: &mut Outbox) {
        let (id, successor) = (self.lines[at].id(), self.lines[at].successor);
        if successor.is_some_and(|next| self.lines.iter().any(|line| line.id() == next)) {
            self.lines.remove(at);
            out.push(Intent::Retire { line: id });
        }
    }

    /// The new line did not come to deliver everything: the old one stays, if it lives.
    fn give_up(
        &mut self,
        (old, new): (u16, u16),
        meta: Meta,
        out: &mut Outbox,
        sink: &mut impl RecordSink,
    ) {
        self.remove(new, out);
        if let Some(line) = self.lines.iter_mut().find(|line| line.id() == old) {
            (line.successor, line.rests_until) = (None, meta.now + REST);
        }
        self.gate(Self::about(new, meta), sink).line_status(
            StatusCode::LINE_DOWN,
            "did not take over in time: the old line stays",
        );
    }

    /// Takes a line out. Its number goes to another: what that one begins with is no news of this
    /// one.
    fn remove(&mut self, id: u16, out: &mut Outbox) {
        self.lines.retain(|line| line.id() != id);
        for (channel, index) in self.books.places(BookSync::touched) {
            let instrument = self.instruments.all()[index].id;
            self.books.of(instrument, channel).line_ended(id);
        }
        out.push(Intent::Retire { line: id });
    }
}

/// Whether a new line can take over.
enum Readiness {
    Ready,
    Waiting,
    Failed,
}
