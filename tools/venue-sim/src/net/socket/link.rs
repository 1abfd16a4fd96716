//! What the parts of a connection share, and what they tell the hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use super::super::rules::Rules;
use super::super::valve::Valve;
use crate::clock::{self, MILLI};
use crate::config::Product;
use crate::fault::Ending;
use crate::hub::{Out, Queued};
use crate::world::{Shared, lock};

/// Close code for a broken limit (RFC 6455 section 7.4.1, policy violation).
const POLICY: u16 = 1008;

/// What the parts of a connection share.
pub(super) struct Link {
    pub(super) shared: Shared,
    pub(super) product: Product,
    pub(super) line: u64,
    pub(super) rules: Rules,
    /// Payload of the ping that waits for its pong; 0 if none does.
    pub(super) pinged: AtomicU64,
    /// A close frame was queued for a broken limit.
    pub(super) closing: AtomicBool,
    pub(super) valve: Arc<Valve>,
}

impl Link {
    pub(super) fn received(&self) {
        let mut world = lock(&self.shared);
        world.hub.log.received(self.line);
        if let Some(session) = world.hub.session(self.line) {
            let now = clock::now();
            (session.last_active, session.last_heard) = (now, now);
        }
    }

    /// Counts a batch that has been flushed to the socket.
    pub(super) fn wrote(&self, batch: &[Queued]) {
        let hub = &mut lock(&self.shared).hub;
        for queued in batch {
            if let Some(key) = queued.out.key() {
                hub.log.sent(self.line, key);
            }
        }
        if let Some(session) = hub.session(self.line) {
            session.wrote(batch.len() as u64);
        }
    }

    /// Queues a clean close, once.
    pub(super) fn close(&self, reason: &str) {
        if self.closing.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(session) = lock(&self.shared).hub.session(self.line) {
            session.end(Ending::Clean {
                code: POLICY,
                reason: reason.to_owned(),
            });
        }
    }

    /// The lifetime is over: the venue says goodbye, if it does, then the connection closes.
    pub(super) fn expire(&self) {
        if !self.closing.load(Ordering::Relaxed) {
            lock(&self.shared).expiring(self.product, self.line);
            self.close("Lifetime exceeded");
        }
    }

    /// Queues a ping whose payload is the time in ms, as text.
    pub(super) fn ping(&self) {
        let stamp = clock::now() / MILLI;
        self.pinged.store(stamp, Ordering::Relaxed);
        if let Some(session) = lock(&self.shared).hub.session(self.line) {
            session.push(Out::Frames(vec![Message::Ping(stamp.to_string().into())]));
        }
    }

    /// Only a pong that echoes the last payload counts.
    pub(super) fn ponged(&self, payload: &[u8]) {
        let expected = self.pinged.load(Ordering::Relaxed).to_string();
        if payload == expected.as_bytes() {
            self.pinged.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn idle(&self) -> bool {
        let Some(limit) = self.rules.idle else {
            return false;
        };
        let mut world = lock(&self.shared);
        let Some(session) = world.hub.session(self.line) else {
            return false;
        };
        // Kraken Futures wants a ping a minute, whatever it sends itself.
        let since = match self.product {
            Product::KrakenFutures => session.last_heard,
            _ => session.last_active,
        };
        u128::from(clock::now().saturating_sub(since)) >= limit.as_nanos()
    }

    /// How often the limits are looked at: a tenth of the shortest, within reason.
    pub(super) fn pause(&self) -> Duration {
        let (interval, patience) = self.rules.ping.unzip();
        let limits = [interval, patience, self.rules.idle, self.rules.life];
        let shortest = limits
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Duration::from_secs(10));
        (shortest / 10).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}
