//! What a feed carries, and how.

use super::quality::QualityOptions;
use super::select::Pick;
use super::share::Share;
use crate::instrument::Admission;
use crate::venue::{Channel, StreamOptions};

const SECOND: i64 = 1_000_000_000;

/// What a feed carries, and how. Durations are nanoseconds.
#[derive(Clone, Debug)]
pub struct FeedOptions {
    /// Which instruments.
    pub instruments: Vec<Pick>,
    /// This host's part of what patterns and rankings pick; `None` = all of it.
    pub share: Option<Share>,
    /// Which channels of each.
    pub channels: Vec<Channel>,
    /// Which channels come as one stream for the whole market; records leave for the instruments
    /// that the feed carries.
    pub whole_market: Vec<Channel>,
    /// The form of the streams.
    pub stream: StreamOptions,
    /// Whether symbols that are not picked are taken too (tools that decode recordings).
    pub admission: Admission,
    /// Number of this feed's first line; the lines of all feeds of a journal have their own.
    pub first_line: u16,
    /// Redundant lines for each stream, at least 1.
    pub lines: u8,
    /// How long a message that came too early waits for those before it; 0 = it does not.
    pub gap_wait: i64,
    /// A line is replaced after this long, before the venue closes it; 0 = never.
    pub rotate_after: i64,
    /// How often reference data is asked for again; 0 = once.
    pub refresh_every: i64,
    /// How often each live book is compared with a fresh snapshot; 0 = never.
    pub audit_every: i64,
    /// When a stream is too quiet.
    pub liveness: LivenessOptions,
    /// Quality rules.
    pub quality: QualityOptions,
}

/// When a stream is too quiet: several times its own longest pause, within these bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivenessOptions {
    /// Least time without a message, in nanoseconds.
    pub floor: i64,
    /// Most time without a message, in nanoseconds; 0 = streams are never too quiet.
    pub ceiling: i64,
}

impl Default for LivenessOptions {
    fn default() -> Self {
        Self {
            floor: 10 * SECOND,
            ceiling: 1_800 * SECOND,
        }
    }
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            instruments: Vec::new(),
            share: None,
            channels: Vec::new(),
            whole_market: Vec::new(),
            stream: StreamOptions::default(),
            admission: Admission::Named,
            first_line: 1,
            lines: 1,
            gap_wait: 0,
            rotate_after: 0,
            refresh_every: 0,
            audit_every: 0,
            liveness: LivenessOptions::default(),
            quality: QualityOptions::default(),
        }
    }
}
