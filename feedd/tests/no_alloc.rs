//! From the socket to the ring a message allocates nothing, once everything is warm.
//!
//! The whole daemon runs in this process against simulated venues; what is counted is what the
//! reader's thread asks of the allocator, on the way to the journal too where the reader carries it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../../codecs/tests/support/counting.rs"]
mod counting;
mod support;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use counting::Counting;
use feedd::config::Span;
use feedd::pipeline::Pipeline;
use support::{Rig, market, thread_named, wait_for};
use venue_sim::{Product, SimConfig};

#[global_allocator]
static ALLOCATOR: Counting = Counting(count);

/// Threads told apart: by the low bits of their ids.
const THREADS: usize = 1 << 16;
static REQUESTS: [AtomicU64; THREADS] = [const { AtomicU64::new(0) }; THREADS];

thread_local! {
    static SELF: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn count() {
    if SELF.get() == usize::MAX {
        SELF.set(slot(rustix::thread::gettid().as_raw_nonzero().get()));
    }
    REQUESTS[SELF.get()].fetch_add(1, Ordering::Relaxed);
}

fn slot(thread: i32) -> usize {
    thread.unsigned_abs() as usize % THREADS
}

/// How long messages are counted, at least.
const COUNTED: Duration = Duration::from_secs(2);
/// Nothing new for this long: everything that was sent has come.
const QUIET: Duration = Duration::from_millis(300);
/// Messages that are taken before it counts: every book, template and buffer has its size by then.
const WARM: u64 = 6_000;
/// Requests that are not a message's: a buffer that grows once more, a venue's ping.
const ODD: u64 = 40;

/// What the reader did.
#[derive(Clone, Copy, Debug)]
struct Counted {
    frames: u64,
    /// Requests of its thread.
    requests: u64,
    /// Requests of its thread in the same time without a message: what ticks ask for.
    idle: u64,
}

impl Counted {
    /// Requests that messages are the reason for.
    fn of_messages(self) -> u64 {
        self.requests.saturating_sub(self.idle)
    }
}

/// One capture at a time: a reader's thread is known by its name.
static ALONE: Mutex<()> = Mutex::new(());

/// How a reader waits: as `feed.poll` says, or spinning with the journal's work as well.
const WAYS: [&str; 3] = ["park", "spin", "carry"];

/// Captures one venue until it is warm, then counts.
fn measure(tls: bool, poll: &str) -> Counted {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rig = Rig::with(&SimConfig {
        tls,
        ..market(&[Product::BinanceSpot], 3_000)
    });
    for feed in &mut rig.config.feeds {
        feed.poll = if poll == "park" { "park" } else { "spin" }.to_owned();
        feed.channels = ["trade", "bbo", "book"].map(str::to_owned).to_vec();
        feed.audit_every = Span::from_millis(0);
        feed.liveness_ceiling = Span::from_millis(0);
    }
    if poll == "carry" {
        rig.config.threads.journal_poll = "reader".to_owned();
    }
    rig.config.check().unwrap();
    let (pipeline, _) = Pipeline::start(&rig.config).unwrap();
    let frames = || pipeline.feeds()[0].counts.frames;
    wait_for("everything is warm", || frames() > WARM);
    let reader = slot(thread_named("reader-0").unwrap());
    let requests = || REQUESTS[reader].load(Ordering::Relaxed);
    let (since, frames_before, requests_before) = (Instant::now(), frames(), requests());
    std::thread::sleep(COUNTED);
    assert!(rig.sim.halt(), "a line did not take what was due");
    std::thread::sleep(QUIET);
    let (busy, requests_between) = (since.elapsed(), requests());
    let frames = frames() - frames_before;
    std::thread::sleep(busy);
    let counted = Counted {
        frames,
        requests: requests_between - requests_before,
        idle: requests() - requests_between,
    };
    pipeline.stop().unwrap();
    eprintln!("tls {tls}, {poll}: {counted:?}");
    counted
}

#[test]
fn a_message_allocates_nothing_from_the_socket_to_the_ring() {
    for poll in WAYS {
        let counted = measure(false, poll);
        assert!(counted.frames > 50 * ODD, "{counted:?} shows nothing");
        assert!(counted.of_messages() <= ODD, "{poll}: {counted:?}");
    }
}

/// rustls hands out what it has decrypted in a vector of its own for each record.
#[test]
fn under_tls_a_message_costs_the_buffer_of_its_record_and_nothing_else() {
    for poll in WAYS {
        let counted = measure(true, poll);
        assert!(counted.frames > 50 * ODD, "{counted:?} shows nothing");
        let most = counted.frames + ODD;
        assert!(counted.of_messages() <= most, "{poll}: {counted:?}");
    }
}
