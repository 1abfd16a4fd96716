//! A snapshot and the updates that came before it.

use super::buffer::Buffer;
use super::{BookSync, Held, Levels, State, Verdict};
use crate::record::{BookHead, GapCause};
use crate::venue::{Follow, Venue};

impl BookSync {
    /// Whether updates wait for a snapshot to join.
    pub(in crate::feed) fn holds_updates(&self) -> bool {
        !self.buffer.updates.is_empty()
    }

    /// The number of the first held update that is later by the venue's sequence across channels.
    pub(in crate::feed) fn held_after(&self, cross_seq: u64) -> Option<u64> {
        let mut heads = self.buffer.updates.iter().map(|(head, ..)| head);
        let next = heads.find(|head| head.cross_seq > cross_seq)?;
        Some(next.header.seq)
    }

    /// Replaces the book by a snapshot and applies what was held since.
    ///
    /// [`Verdict::Good`]: the book is live. [`Verdict::Waiting`]: the snapshot does not reach the
    /// held updates; another is needed. [`Verdict::Stale`]: the book is live and needs none.
    pub(in crate::feed) fn snapshot<V: Venue>(
        &mut self,
        venue: &V,
        head: &BookHead,
        levels: Levels<'_>,
        joins: bool,
    ) -> Verdict {
        self.touched = true;
        let at = self.moment(head);
        if joins && self.state == State::Live {
            return Verdict::Stale;
        }
        self.early.clear();
        if self
            .book
            .replace(levels.0, levels.1, head.px_exp, head.qty_exp)
            .is_err()
        {
            return self.broke(GapCause::RANGE, None);
        }
        let seq = (head.header.seq != u64::MAX).then_some(head.header.seq);
        self.held = Held {
            seq,
            cross_seq: head.cross_seq,
            joined: !joins,
        };
        (self.line, self.ts_good) = (head.header.line, head.header.ts_recv);
        self.mark = (at, head.checksum);
        self.since = at;
        self.begins_at(head.header.line, at);
        // What came before it, applied or not, says nothing about what comes now.
        self.arrivals.clear();
        self.book.cut(head.depth);
        if let Some(confirmed) = venue.verify(&self.book, head) {
            self.count_checksum(confirmed);
            if !confirmed {
                return self.broke(GapCause::CHECKSUM, None);
            }
        }
        self.join(venue)
    }

    pub(super) fn hold(&mut self, head: &BookHead, levels: Levels<'_>, holds: bool) -> Verdict {
        if !holds {
            // The snapshot that begins the stream was missed.
            self.state = State::Bad;
        } else if !self.buffer.push(head, levels) {
            // Waiting so long that the bound is met: start again from here.
            self.buffer.clear();
            self.due = 0;
            self.buffer.push(head, levels);
        }
        Verdict::Waiting
    }

    fn join<V: Venue>(&mut self, venue: &V) -> Verdict {
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.replay(venue, &buffer);
        match outcome {
            Ok(()) => {
                buffer.clear();
                self.state = State::Live;
            }
            Err((at, Verdict::Waiting)) => buffer.forget(at),
            Err(_) => buffer.clear(),
        }
        self.buffer = buffer;
        outcome.map_or_else(|(_, verdict)| verdict, |()| Verdict::Good)
    }

    /// Applies held updates until one does not follow: its place, and what to make of it.
    fn replay<V: Venue>(&mut self, venue: &V, buffer: &Buffer) -> Result<(), (usize, Verdict)> {
        for (at, (head, levels)) in buffer.iter().enumerate() {
            match venue.follow(self.held, head) {
                Follow::Stale => {}
                Follow::Apply => {
                    let moment = self.clock.again(head.header.ts_venue);
                    if let Err(cause) = self.advance(venue, head, levels, moment) {
                        return Err((at, self.broke(cause, Some(head))));
                    }
                }
                Follow::Gap => return Err((at, Verdict::Waiting)),
            }
        }
        Ok(())
    }
}
