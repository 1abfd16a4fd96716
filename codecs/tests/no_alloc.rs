//! After warm-up a data message allocates nothing, from its bytes to its records.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/counting.rs"]
mod counting;
mod support;

use std::cell::Cell;

use counting::Counting;
use feedd_codecs::feed::{Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::binance::Binance;
use feedd_codecs::venue::bybit::Bybit;
use feedd_codecs::venue::{Channel, Encoding, StreamOptions};
use feedd_codecs::{Batch, Instruments, Record, Reject, Venue, VenueId};
use support::rig::Rig;
use support::script::Script;
use support::truth::Dice;

#[global_allocator]
static ALLOCATOR: Counting = Counting(count);

thread_local! {
    /// What this thread asked of the allocator.
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    REQUESTS.set(REQUESTS.get() + 1);
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

/// The same of Binance, in the wrappers of their streams.
const BINANCE: [&str; 6] = [
    r#"{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18"}]}"#,
    r#"{"stream":"bnbbtc@markPrice@1s","data":{"e":"markPriceUpdate","E":1562305380000,"s":"BNBBTC","p":"11794.15000000","ap":"11794.25000000","i":"11784.62659091","P":"11784.25641265","r":"","T":0,"st":1}}"#,
    r#"{"stream":"bnbbtc@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}}"#,
    r#"{"stream":"bnbbtc@forceOrder","data":{"e":"forceOrder","E":1568014460893,"o":{"s":"BNBBTC","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"9910","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}}"#,
    r#"{"stream":"bnbbtc@depth20@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}}"#,
    r#"{"stream":"bnbbtc@blockTrade","data":{"e":"blockTrade","s":"BNBBTC","t":582}}"#,
];

/// Best prices of Binance's binary streams.
const BINANCE_BEST: [u8; 66] = *b"\x32\x00\x11\x27\x01\x00\x00\x00\xab\x49\x1e\xf1\x15\x4c\x06\x00\
    \xaa\x84\xb8\xc8\x16\x00\x00\x00\xf8\xf8\x00\xe5\xc4\x08\xde\x05\x00\x00\x30\x2f\xd0\x02\x00\x00\x00\x00\
    \x40\x27\xd4\x08\xde\x05\x00\x00\x50\x0a\x61\x30\x00\x00\x00\x00\x07BTCUSDT";

/// Allocations while messages are decoded that were decoded before.
fn allocations_of_decoding<V: Venue>(id: VenueId, frames: &[&str]) -> u64 {
    let decode = |frame: &&str, venue: &mut V, instruments: &mut Instruments, batch: &mut Batch| {
        venue.decode(frame.as_bytes(), instruments, batch)
    };
    allocations_of(id, StreamOptions::default(), frames, decode)
}

/// The same by another decoder of the venue.
fn allocations_of<V: Venue, F: std::fmt::Debug>(
    id: VenueId,
    options: StreamOptions,
    frames: &[F],
    decode: impl Fn(&F, &mut V, &mut Instruments, &mut Batch) -> Result<(), Reject>,
) -> u64 {
    let mut venue = V::new(id, options);
    let mut instruments = Instruments::new(id, Admission::Any);
    let mut batch = Batch::default();
    let mut decode = |frame: &F| {
        batch.clear();
        let before = REQUESTS.get();
        let outcome = decode(frame, &mut venue, &mut instruments, &mut batch);
        assert_eq!(outcome, Ok(()), "{frame:?}");
        assert!(
            !batch.items.is_empty() && batch.drift.count() == 0,
            "{frame:?}"
        );
        REQUESTS.get() - before
    };
    frames.iter().for_each(|frame| {
        decode(frame);
    });
    frames.iter().map(decode).sum()
}

#[test]
fn statistics_and_rare_channels_allocate_nothing() {
    assert_eq!(
        allocations_of_decoding::<Bybit>(VenueId::BYBIT_LINEAR, &BYBIT),
        0
    );
    assert_eq!(
        allocations_of_decoding::<Binance>(VenueId::BINANCE_SPOT, &BINANCE),
        0
    );
}

#[test]
fn binary_messages_allocate_nothing() {
    let options = StreamOptions {
        encoding: Encoding::Sbe,
        ..StreamOptions::default()
    };
    let decode =
        |frame: &[u8; 66],
         venue: &mut Binance,
         instruments: &mut Instruments,
         batch: &mut Batch| venue.decode_binary(frame, instruments, batch);
    let found = allocations_of(VenueId::BINANCE_SPOT, options, &[BINANCE_BEST], decode);
    assert_eq!(found, 0);
}
