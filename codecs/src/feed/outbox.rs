//! What a feed wants its driver to do.

use crate::instrument::InstrumentId;

/// A wish; the driver executes it and reports back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Open a line at this path of the venue's WebSocket URL; keep it open (reconnect) until the
    /// feed ends.
    Connect {
        /// The line's number.
        line: u16,
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
}

/// What a REST body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// A page of reference data, counted from 0.
    Reference {
        /// Which page.
        page: u32,
    },
    /// A book snapshot.
    Snapshot {
        /// Of this instrument.
        instrument: InstrumentId,
    },
}

/// Why a feed gives a line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// A subscription was not answered in time.
    NoAnswer,
}

impl CloseReason {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoAnswer => "a subscription was not answered in time",
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

    pub(crate) fn fetch(&mut self, want: Want, path: String) {
        self.push(Intent::Fetch(Fetch { want, path }));
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
