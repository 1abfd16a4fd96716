//! Lines that are ahead of a book without numbers.
//!
//! An update follows what came before it on its own line. Where the book has not taken that (the
//! snapshot that a second line begins with, while the first is not so far; an update that came while
//! the book was bad), updates are missing that another line may still bring. A checksum need not tell:
//! the next update may name the very levels that the missing ones changed. So what such a line brings
//! waits until the book comes to where the line was, or has passed it by the venue's clock.

use super::{BookSync, Levels, State};
use crate::feed::arrivals::LINES_A_STREAM;
use crate::feed::clock::Moment;
use crate::record::{BookHead, Level};

/// What a line brought last, and the book did not take.
#[derive(Debug)]
pub(super) struct Ahead {
    line: u16,
    at: Moment,
    was: Was,
}

#[derive(Debug)]
enum Was {
    /// An update, by its checksum.
    Update(u32),
    /// The snapshot that the line began with.
    Snapshot {
        levels: Vec<Level>,
        bids: usize,
        exponents: (i8, i8),
    },
}

impl BookSync {
    /// An update was told that the book did not take.
    pub(super) fn left_out(&mut self, head: &BookHead, at: Moment) {
        if head.header.seq == 0 {
            self.goes_ahead(head.header.line, at, Was::Update(head.checksum));
        }
    }

    /// A line began with a snapshot that does not replace the book.
    pub(in crate::feed) fn left_out_snapshot(&mut self, head: &BookHead, (bids, asks): Levels<'_>) {
        if head.header.seq != 0 {
            return;
        }
        let was = Was::Snapshot {
            levels: [bids, asks].concat(),
            bids: bids.len(),
            exponents: (head.px_exp, head.qty_exp),
        };
        let at = self.moment(head);
        self.goes_ahead(head.header.line, at, was);
    }

    fn goes_ahead(&mut self, line: u16, at: Moment, was: Was) {
        self.ahead.retain(|held| held.line != line);
        if !at.is_stamped() {
            return;
        }
        if self.ahead.len() >= LINES_A_STREAM {
            self.ahead.remove(0);
        }
        self.ahead.push(Ahead { line, at, was });
    }

    /// Whether what a line sent at `at` follows something that the book has not. Where the line went
    /// back meanwhile, its stamps tell nothing.
    pub(super) fn is_ahead(&mut self, line: u16, at: Moment) -> bool {
        if self.ahead.is_empty() || self.state != State::Live {
            return false;
        }
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.retain(|held| !self.reached(held));
        self.ahead = ahead;
        let mut ahead = self.ahead.iter();
        ahead.any(|held| held.line == line && are_ordered(held.at, at))
    }

    fn reached(&self, held: &Ahead) -> bool {
        !are_ordered(self.mark.0, held.at)
            || match &held.was {
                Was::Update(checksum) => (held.at, *checksum) == self.mark,
                Was::Snapshot {
                    levels,
                    bids,
                    exponents: (px_exp, qty_exp),
                } => self.book.holds(levels.split_at(*bids), *px_exp, *qty_exp),
            }
    }

    /// A line brought a copy of what was sent at `at`: if the book is so far, the line is not ahead.
    pub(in crate::feed) fn repeats(&mut self, line: u16, at: Moment) {
        if !self.ahead.is_empty() && at <= self.mark.0 {
            self.ahead.retain(|held| held.line != line);
        }
    }

    /// The book was replaced by the snapshot of `line`, from `at`: who had come farther is ahead.
    pub(super) fn begins_at(&mut self, line: u16, at: Moment) {
        let farther = |held: &Ahead| held.line != line && held.at != at && are_ordered(at, held.at);
        self.ahead.retain(farther);
    }
}

/// Whether both moments are of one era of the venue's clock, and the second is not the earlier one.
fn are_ordered(first: Moment, second: Moment) -> bool {
    let ((era, _), (other, _)) = (first.order(), second.order());
    first.is_stamped() && era == other && first <= second
}
