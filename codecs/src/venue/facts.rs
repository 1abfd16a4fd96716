//! What is fixed about a venue: its limits and habits.

/// Fixed facts of a venue: limits and habits, with their source in the venue's `README.md`.
///
/// Durations are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// WebSocket base URL of the real venue.
    pub ws_url: &'static str,
    /// REST base URL of the real venue.
    pub rest_url: &'static str,
    /// Least time between two of our messages on one line.
    pub request_spacing: i64,
    /// Most streams in one subscription request.
    pub streams_per_request: usize,
    /// Most streams on one line.
    pub streams_per_line: usize,
    /// Most characters of all stream names on one line.
    pub name_chars_per_line: usize,
    /// How often we must send a ping message of the venue's own; 0 = never (the venue pings).
    pub ping_every: i64,
    /// A line that is silent for longer is dead.
    pub silence_max: i64,
    /// Most connection attempts in [`Facts::connect_window`] from one address.
    pub connects_max: u32,
    /// The window of [`Facts::connects_max`].
    pub connect_window: i64,
    /// Where book snapshots come from.
    pub snapshots: Snapshots,
    /// The venue closes a connection after this long; 0 = it has no such rule.
    pub line_life: i64,
    /// REST weight that one address may use in a window: (weight, ns).
    pub rest_limit: (u32, i64),
    /// Whether data messages of a stream may come before its subscription is answered; the answer
    /// deadline starts when the request is sent.
    pub answer_max: i64,
}

/// Limits of the lines of one path: the [`Facts`], where the path has none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathLimits {
    /// Least time between two of our messages on one line, ns.
    pub request_spacing: i64,
    /// Most streams in one subscription request.
    pub streams_per_request: usize,
    /// Most streams on one line.
    pub streams_per_line: usize,
}

/// Where a venue's book snapshots come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshots {
    /// In the stream, after each subscription.
    InBand,
    /// By a REST request per instrument, at least this many nanoseconds apart.
    Rest {
        /// Least time between two snapshot requests of one feed.
        spacing: i64,
    },
}

/// How a venue numbers the messages of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Not at all: redundant copies are told by their content.
    None,
    /// By ids without order or continuity (UUIDs): copies are told by their id.
    Ids,
    /// By numbers that rise but may skip: what is not above the last was seen.
    Rising,
    /// By numbers of which each is one more than the last.
    Consecutive,
}

/// How often a live stream has something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At least this often (ns), whether anything happened or not.
    Periodic(i64),
    /// When something happens: a quiet instrument may be silent for hours.
    OnChange,
}
