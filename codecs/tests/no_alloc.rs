//! After warm-up a data message allocates nothing, from its bytes to its records.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(
    unsafe_code,
    reason = "a counting global allocator cannot be written without it"
)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use feedd_codecs::feed::{Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::bybit::Bybit;
use feedd_codecs::venue::{Channel, StreamOptions};
use feedd_codecs::{Batch, Instruments, Record, Venue, VenueId};
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
                let change = S::step(&mut rig.truths[at], &mut dice);
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
            "bybit option",
            allocations_of_data_messages::<support::bybit::Options>(),
        ),
        (
            "kraken spot",
            allocations_of_data_messages::<support::kraken::Spot>(),
        ),
        (
            "kraken futures",
            allocations_of_data_messages::<support::kraken_futures::Futures>(),
        ),
    ] {
        assert_eq!(found, none, "{venue}");
    }
}

/// Messages beside trades, books and best prices.
const BYBIT: [&str; 5] = [
    r#"{"topic":"tickers.A","type":"snapshot","data":{"symbol":"A","lastPrice":"6.60","price24hPcnt":"-0.15","fundingIntervalHour":"8","nextFundingTime":"1760342400000","preQty":""},"cs":9532239429,"ts":1760325052630}"#,
    r#"{"topic":"tickers.A","type":"delta","data":{"symbol":"A","bid1Price":""},"cs":9532239430,"ts":1760325052631}"#,
    r#"{"topic":"kline.5.A","data":[{"start":1672324800000,"end":1672325099999,"interval":"5","open":"16649.5","close":"16677","high":"16677","low":"16608","volume":"2.081","turnover":"34666.4005","confirm":false,"timestamp":1672324988882}],"ts":1672324988882,"type":"snapshot"}"#,
    r#"{"topic":"allLiquidation.A","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,"s":"A","S":"Sell","v":"20000","p":"0.04499"}]}"#,
    r#"{"topic":"orderbook.rpi.A","ts":1752472188075,"type":"delta","data":{"s":"A","b":[["1.1","0.11","0"]],"a":[["1.2","0","0.7"]],"u":2,"seq":3},"cts":1752472188067}"#,
];

/// Allocations while messages are decoded that were decoded before.
fn allocations_of_decoding<V: Venue>(id: VenueId, frames: &[&str]) -> u64 {
    let mut venue = V::new(id, StreamOptions::default());
    let mut instruments = Instruments::new(id, Admission::Any);
    let mut batch = Batch::default();
    let mut decode = |frame: &str| {
        batch.clear();
        let before = REQUESTS.get();
        let outcome = venue.decode(frame.as_bytes(), &mut instruments, &mut batch);
        assert_eq!(outcome, Ok(()), "{frame}");
        assert!(
            !batch.items.is_empty() && batch.drift.count() == 0,
            "{frame}"
        );
        REQUESTS.get() - before
    };
    frames.iter().for_each(|frame| {
        decode(frame);
    });
    frames.iter().map(|frame| decode(frame)).sum()
}

#[test]
fn statistics_and_rare_channels_allocate_nothing() {
    assert_eq!(
        allocations_of_decoding::<Bybit>(VenueId::BYBIT_LINEAR, &BYBIT),
        0
    );
}
