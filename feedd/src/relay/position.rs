//! Where in a source's journal a frame stands.
//!
//! A number alone is not enough: a source that lost its power may give numbers again that it had
//! given to frames which never reached its disk. The run tells them apart, as every start of a
//! source gets a higher one: places are ordered by run first.

/// The largest number that a journal gives; far beyond what any will reach.
pub const SEQ_MAX: u64 = 1 << 62;

/// A place in a source's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The run that wrote the frame, from 1; 0 = before the first.
    pub run: u32,
    /// The frame's number.
    pub seq: u64,
}

impl Position {
    /// Before everything.
    pub const START: Self = Self { run: 0, seq: 0 };
    /// Behind everything.
    pub const END: Self = Self {
        run: u32::MAX,
        seq: u64::MAX,
    };

    /// The place behind this one in the same run.
    #[must_use]
    pub const fn behind(self) -> Self {
        Self {
            run: self.run,
            seq: self.seq.saturating_add(1),
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.run, self.seq)
    }
}
