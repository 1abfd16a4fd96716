//! After warm-up a data message allocates nothing, from its bytes to its records.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(
    unsafe_code,
    reason = "a counting global allocator cannot be written without it"
)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use feedd_codecs::Record;
use feedd_codecs::feed::{Meta, Outbox};
use feedd_codecs::venue::Channel;
use support::rig::Rig;
use support::script::Script;
use support::truth::Dice;

/// The system's allocator, counting each thread's requests.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    REQUESTS.set(REQUESTS.get() + 1);
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments; counting
// touches only a thread-local number that neither allocates nor is dropped.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count();
        // SAFETY: `block` came from `System` with this layout, as the caller promises.
        unsafe { System.realloc(block, layout, bytes) }
    }
}

/// Frames of all channels in an order that a live feed could bring them.
fn frames<S: Script>(rig: &mut Rig<S>, count: usize) -> Vec<(u16, Channel, String)> {
    let mut dice = Dice(11);
    let kinds = [S::TRADES, Channel::BBO, Channel::BOOK];
    (0..count)
        .map(|round| {
            let at = usize::try_from(dice.below(3)).unwrap();
            let channel = kinds[round % 3];
            let text = if channel == Channel::BOOK {
                let change = rig.truths[at].step(&mut dice);
                S::delta(&rig.truths[at], &change)
            } else {
                rig.data_text(at, channel)
            };
            (rig.line_of(rig.key(at, channel)), channel, text)
        })
        .collect()
}

fn allocations_of_data_messages<S: Script>() -> Vec<(Channel, u64)> {
    const ROUNDS: usize = 3_000;
    let mut rig = Rig::<S>::live();
    let frames = frames(&mut rig, 2 * ROUNDS);
    let mut out = Outbox::default();
    let mut records = 0_u64;
    let mut found = Vec::new();
    for (round, (line, channel, text)) in frames.iter().enumerate() {
        let meta = Meta {
            line: *line,
            frame: 1,
            ts_recv: 1,
            ts_kernel: 0,
            now: rig.now,
        };
        let mut sink = |_: &Record<'_>| records += 1;
        let before = REQUESTS.get();
        let outcome = rig
            .feed
            .on_frame(text.as_bytes(), meta, &mut out, &mut sink);
        let requests = REQUESTS.get() - before;
        assert_eq!(outcome, Ok(()));
        if round >= ROUNDS && requests > 0 {
            found.push((*channel, requests));
        }
    }
    assert_eq!(records, 2 * ROUNDS as u64, "every frame made one record");
    assert!(out.is_empty());
    found
}

#[test]
fn the_allocator_counts() {
    let before = REQUESTS.get();
    drop(std::hint::black_box(vec![1_u8; 100]));
    assert_eq!(REQUESTS.get() - before, 1);
}

#[test]
fn data_messages_of_every_venue_allocate_nothing() {
    let none: Vec<(Channel, u64)> = Vec::new();
    for (venue, found) in [
        (
            "binance spot",
            allocations_of_data_messages::<support::binance::Spot>(),
        ),
        (
            "binance usdm",
            allocations_of_data_messages::<support::binance::UsdM>(),
        ),
        (
            "binance coinm",
            allocations_of_data_messages::<support::binance::CoinM>(),
        ),
        (
            "bybit spot",
            allocations_of_data_messages::<support::bybit::Spot>(),
        ),
        (
            "bybit linear",
            allocations_of_data_messages::<support::bybit::Linear>(),
        ),
        (
            "bybit inverse",
            allocations_of_data_messages::<support::bybit::Inverse>(),
        ),
        (
            "kraken spot",
            allocations_of_data_messages::<support::kraken::Spot>(),
        ),
    ] {
        assert_eq!(found, none, "{venue}");
    }
}
