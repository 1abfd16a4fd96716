//! The hub's side of one connection: subscriptions and the bounded queue to its task.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::Parcel;
use crate::clock::{self, Nanos};
use crate::config::Product;
use crate::fault::{Ending, Target};
use crate::net::valve::Valve;

/// Messages one connection may have waiting. A client that falls so far behind is cut off, as
/// venues do; at 1 KiB a message this is some 64 MiB.
pub(crate) const QUEUE_MAX: usize = 65_536;

/// How a connection wants stream messages rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Binance: wrapped in `{"stream":…,"data":…}`.
    pub(crate) combined: bool,
    /// Binance Spot: microseconds instead of milliseconds.
    pub(crate) micros: bool,
}

impl Variant {
    pub(crate) const COUNT: usize = 4;

    pub(crate) fn index(self) -> usize {
        usize::from(self.combined) + 2 * usize::from(self.micros)
    }
}

/// One stream of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sub {
    /// Acknowledged by the venue's rule but never served: unknown name or wrong route.
    pub(crate) dead: bool,
    /// Silenced by a fault.
    pub(crate) silent: bool,
}

/// Something for the connection's task to write.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    /// A text message; `key` if it belongs to a stream and counts as sent.
    Text {
        body: Utf8Bytes,
        key: Option<Arc<str>>,
    },
    /// A binary message of a stream; it counts as sent.
    Binary { body: Bytes, key: Arc<str> },
    /// A text frame of a stream whose bytes are no text; it counts as sent.
    Raw { body: Bytes, key: Arc<str> },
    /// WebSocket frames as they are.
    Frames(Vec<Message>),
    /// A close frame, then the end.
    Close { code: u16, reason: String },
}

impl Out {
    /// The stream that this is a message of.
    pub(crate) fn key(&self) -> Option<&Arc<str>> {
        match self {
            Out::Text { key, .. } => key.as_ref(),
            Out::Binary { key, .. } | Out::Raw { key, .. } => Some(key),
            Out::Frames(_) | Out::Close { .. } => None,
        }
    }
}

/// Orders that overtake the queue.
#[derive(Clone, Debug, Default)]
pub(crate) enum Command {
    #[default]
    Run,
    Freeze(Instant),
    End(Ending),
}

/// Something to write and when it was queued.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) at: Instant,
    pub(crate) out: Out,
}

/// The hub's ends of what leads to the connection's task.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) out: mpsc::Sender<Queued>,
    pub(crate) command: watch::Sender<Command>,
    pub(crate) valve: Arc<Valve>,
}

/// One connection as the hub sees it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) line: u64,
    pub(crate) product: Product,
    pub(crate) path: String,
    pub(crate) variant: Variant,
    /// Gets Binance's binary streams.
    pub(crate) sbe: bool,
    pub(crate) subs: BTreeMap<Arc<str>, Sub>,
    /// When the last stream message or client message passed.
    pub(crate) last_active: Nanos,
    /// When the last client message came, control frames included.
    pub(crate) last_heard: Nanos,
    /// When something was last queued, answers aside.
    pub(crate) last_data: Nanos,
    /// Why the server closes it, once it does.
    pub(crate) goodbye: Option<String>,
    ends: Ends,
    queued: u64,
    written: u64,
}

impl Session {
    pub(crate) fn new(line: u64, product: Product, path: String, ends: Ends) -> Self {
        let now = clock::now();
        Self {
            line,
            product,
            path,
            variant: Variant::default(),
            sbe: false,
            subs: BTreeMap::new(),
            last_active: now,
            last_heard: now,
            last_data: now,
            goodbye: None,
            ends,
            queued: 0,
            written: 0,
        }
    }

    pub(crate) fn listens(&self, product: Product, key: &str) -> bool {
        self.product == product && self.subs.get(key).is_some_and(|sub| !sub.dead)
    }

    /// Whether the target's stream, if it names one, is subscribed here.
    pub(crate) fn hears(&self, target: &Target) -> bool {
        target.stream.is_none() || self.subs.keys().any(|key| target.covers_stream(key))
    }

    pub(crate) fn push_parcel(&mut self, parcel: &Parcel) {
        if let Some(body) = &parcel.binary {
            let (body, key) = (body.clone(), Arc::clone(&parcel.key));
            return self.push(Out::Binary { body, key });
        }
        let index = self.variant.index();
        if let Some(Some(body)) = parcel.raw.get(index) {
            let (body, key) = (body.clone(), Arc::clone(&parcel.key));
            return self.push(Out::Raw { body, key });
        }
        if let Some(body) = &parcel.bodies[self.variant.index()] {
            let key = Some(Arc::clone(&parcel.key));
            self.push(Out::Text {
                body: body.clone(),
                key,
            });
        }
    }

    /// Queues a message; a full queue ends the connection.
    pub(crate) fn push(&mut self, out: Out) {
        if out.key().is_some() {
            let now = clock::now();
            (self.last_active, self.last_data) = (now, now);
        }
        let at = Instant::now();
        match self.ends.out.try_send(Queued { at, out }) {
            Ok(()) => self.queued += 1,
            Err(mpsc::error::TrySendError::Full(_)) => self.end(Ending::Cut),
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    /// Ends the connection: cleanly behind the queue, otherwise at once.
    pub(crate) fn end(&mut self, ending: Ending) {
        match ending {
            Ending::Clean { code, reason } => {
                self.goodbye = Some(format!("closed by the server: {code} {reason}"));
                self.push(Out::Close { code, reason });
            }
            Ending::ResetAfter(bytes) => {
                self.goodbye = Some(format!("fault: reset after {bytes} bytes"));
                self.ends.valve.reset_after(bytes);
            }
            abrupt => self.order(Command::End(abrupt)),
        }
    }

    /// Silences the target's streams. Returns whether there was one.
    pub(crate) fn silence(&mut self, target: &Target) -> bool {
        let mut found = false;
        for (key, sub) in &mut self.subs {
            let hit = target.covers_stream(key);
            sub.silent |= hit;
            found |= hit;
        }
        found
    }

    /// What faults do to the connection's bytes.
    pub(crate) fn valve(&self) -> &Valve {
        &self.ends.valve
    }

    /// Ends a freeze. What else was ordered stands.
    pub(crate) fn thaw(&self) {
        self.ends.command.send_if_modified(|command| {
            let frozen = matches!(command, Command::Freeze(_));
            if frozen {
                *command = Command::Run;
            }
            frozen
        });
    }

    pub(crate) fn order(&self, command: Command) {
        self.ends.command.send_replace(command);
    }

    /// Free places in the queue.
    pub(crate) fn room(&self) -> usize {
        self.ends.out.capacity()
    }

    pub(crate) fn wrote(&mut self, messages: u64) {
        self.written += messages;
    }

    pub(crate) fn drained(&self) -> bool {
        self.written >= self.queued || self.ends.out.is_closed()
    }
}
