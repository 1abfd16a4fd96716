//! What a feed tells of its state.

use super::{BookCounts, Counts, Feed, Line, RULES, Scores, State};
use crate::book::Book;
use crate::instrument::{InstrumentId, Instruments};
use crate::venue::{Channel, Facts, Venue};

impl<V: Venue> Feed<V> {
    /// What the venue's fast path took, and what it left to the general one.
    #[must_use]
    pub fn scan_counts(&self) -> Option<&crate::scan::ScanCounts> {
        self.venue.scan_counts()
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

    /// The venue's protocol.
    #[must_use]
    pub const fn venue(&self) -> &V {
        &self.venue
    }

    /// The venue's limits and habits.
    pub fn facts(&self) -> &'static Facts {
        self.venue.facts()
    }

    /// An instrument's main book with its state and counts, if it ever had book messages.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> Option<(&Book, State, Option<u64>, BookCounts)> {
        self.book_of(id, Channel::BOOK)
    }

    /// As [`Feed::book`], for any channel that keeps a book.
    #[must_use]
    pub fn book_of(
        &self,
        id: InstrumentId,
        channel: Channel,
    ) -> Option<(&Book, State, Option<u64>, BookCounts)> {
        let book = self.books.get(id, channel)?;
        book.touched()
            .then(|| (book.book(), book.state(), book.seq(), book.counts()))
    }

    /// Whether more than one line carries each stream.
    #[must_use]
    pub const fn is_redundant(&self) -> bool {
        self.options.lines > 1
    }

    /// How the lines do against each other.
    #[must_use]
    pub const fn scores(&self) -> &Scores {
        &self.scores
    }

    /// How often each quality rule was broken, by place in [`Rule::ALL`](super::Rule::ALL).
    #[must_use]
    pub const fn quality_hits(&self) -> &[u64; RULES] {
        self.quality.hits()
    }
}
