//! Playing a recording at its pace, a multiple of it, or as fast as the subscribers read.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::reader::{Frame, open};
use crate::clock::{self, MILLI, Nanos};
use crate::config::{Product, Speed};
use crate::world::{Shared, lock};

/// Quiet time after the last subscription before the replay starts.
const QUIET: Nanos = 200 * MILLI;

/// How often a waiting replay looks again.
const POLL: Duration = Duration::from_millis(1);

/// Free places every subscriber's queue must have before the next message at full speed.
const ROOM: usize = 1_024;

/// Messages played between two looks at the queues.
const BURST: u32 = 256;

/// Plays the files once. Ends early when the market is halted.
pub(crate) async fn play(shared: Shared, product: Product, files: Vec<PathBuf>, speed: Speed) {
    while !ready(&shared, product) {
        sleep(POLL).await;
    }
    let started = Instant::now();
    let mut first = None;
    let mut burst = 0;
    for line in open(product, files) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                tracing::error!(%error, "simulated venue: replay ended");
                return;
            }
        };
        let elapsed = line.at.saturating_sub(*first.get_or_insert(line.at));
        if let Speed::Times(factor) = speed {
            let due = started + Duration::from_nanos(elapsed / u64::from(factor.max(1)));
            sleep_until(due).await;
        }
        burst += 1;
        if burst == BURST {
            burst = 0;
            wait_for_room(&shared, product).await;
        }
        if !step(&shared, product, line.frame) {
            return;
        }
    }
    lock(&shared).hub.replayed.insert(product);
}

/// Whether someone subscribed and nobody has since.
fn ready(shared: &Shared, product: Product) -> bool {
    let world = lock(shared);
    let last = world.hub.last_subscribed.get(&product);
    last.is_some_and(|last| clock::now().saturating_sub(*last) >= QUIET)
}

/// Waits until every connection can take a burst; connections that end stop counting.
async fn wait_for_room(shared: &Shared, product: Product) {
    // Lets the connections' tasks run even if there is room.
    tokio::task::yield_now().await;
    while lock(shared)
        .hub
        .sessions
        .values()
        .any(|s| s.product == product && s.room() < ROOM)
    {
        sleep(POLL).await;
    }
}

/// Plays one frame. Returns whether the replay goes on.
fn step(shared: &Shared, product: Product, frame: Frame) -> bool {
    let mut world = lock(shared);
    if world.halted {
        return false;
    }
    match frame {
        Frame::Stream { key, text } => world.hub.publish_recorded(product, &key, text),
        Frame::Snapshot(body) => world.recorded_snapshot(product, &body),
        Frame::Skipped => {}
    }
    true
}
