//! An update of a book that is live: whether it follows, is old, is early, or shows that something is
//! missing.

use super::{BookSync, Levels, Rules, State, Verdict};
use crate::feed::clock::Moment;
use crate::record::{BookHead, GapCause};
use crate::venue::{Follow, Held, Venue};

/// Levels a side that the checksum of an update without a number covers (Kraken book page).
const CHECKSUM_DEPTH: u16 = 10;

impl BookSync {
    /// Takes an update through the venue's rule.
    #[inline]
    pub(in crate::feed) fn update<V: Venue>(
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
    pub(in crate::feed) fn confirms<V: Venue>(
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

    /// [`BookSync::advance`], undone where the checksum says that something before is missing and
    /// that may still come.
    #[inline]
    pub(super) fn attempt<V: Venue>(
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
    pub(super) fn advance<V: Venue>(
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

    pub(super) const fn count_checksum(&mut self, confirmed: bool) {
        if confirmed {
            self.counts.checksums_ok += 1;
        } else {
            self.counts.checksums_failed += 1;
        }
    }
}
