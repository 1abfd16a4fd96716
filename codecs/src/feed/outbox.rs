//! What a feed wants its driver to do.

use crate::instrument::InstrumentId;
use crate::venue::{Channel, Query};

/// A wish; the driver executes it and reports back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Open a line at this path of the venue's WebSocket URL; keep it open (reconnect) until it is
    /// retired or the feed ends.
    Connect {
        /// The line's number.
        line: u16,
        /// Which of the redundant lines it is, from 0: they use different addresses where the name
        /// has several.
        replica: u8,
        /// URL path, beginning with `/`.
        path: String,
    },
    /// Send a text message on a line.
    Send {
        /// The line.
        line: u16,
        /// The message.
        text: String,
    },
    /// Close a line for good.
    Retire {
        /// The line.
        line: u16,
    },
    /// Fetch a REST body.
    Fetch(Fetch),
    /// Close a line and open it again after the usual pause.
    Close {
        /// The line.
        line: u16,
        /// Why.
        reason: CloseReason,
    },
}

/// A REST request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What the body is for; given back with it.
    pub want: Want,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// What it costs of the venue's REST limit.
    pub weight: u32,
}

/// What a REST body is for, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Want {
    /// A book snapshot that a bad book waits for.
    Snapshot {
        /// Of this instrument.
        instrument: InstrumentId,
        /// Which of its books.
        channel: Channel,
    },
    /// Trades that are missing.
    Trades {
        /// Of this instrument.
        instrument: InstrumentId,
        /// Which channel of trades.
        channel: Channel,
    },
    /// A page of reference data, counted from 0.
    Reference {
        /// Which page.
        page: u32,
    },
    /// A page of 24 hour turnovers, counted from 0.
    Volumes {
        /// Which page.
        page: u32,
    },
    /// A snapshot to compare a live book with.
    Audit {
        /// Of this instrument.
        instrument: InstrumentId,
        /// Which of its books.
        channel: Channel,
    },
}

/// Why a feed gives a line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// A subscription was not answered in time.
    NoAnswer,
    /// A stream was silent for too long, and stayed so when it was subscribed anew.
    Silent,
}

impl CloseReason {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoAnswer => "a subscription was not answered in time",
            Self::Silent => "a stream was silent for too long",
        }
    }
}

/// The intents of one call, in order.
#[derive(Debug, Default)]
pub struct Outbox(Vec<Intent>);

impl Outbox {
    /// Adds an intent.
    pub fn push(&mut self, intent: Intent) {
        self.0.push(intent);
    }

    pub(crate) fn fetch(&mut self, want: Want, query: Query) {
        let Query { path, weight } = query;
        self.push(Intent::Fetch(Fetch { want, path, weight }));
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the intents out, keeps the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = Intent> + '_ {
        self.0.drain(..)
    }
}
