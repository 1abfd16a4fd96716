//! Frames to what they say, by the scanner and by the general path, beside a plain copy of the bytes; and
//! one hot frame of each kind through the whole feed, book kept.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feedd_benches::messages::{Class, Generator};
use feedd_codecs::feed::{FeedOptions, Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::{StreamOptions, binance::Binance, bybit::Bybit, kraken::Kraken};
use feedd_codecs::{Batch, Feed, Record, Venue, VenueId, with_venue};
use std::hint::black_box;

fn feed<V: Venue>(id: VenueId) -> Option<Feed<V>> {
    let options = FeedOptions {
        stream: StreamOptions::default(),
        admission: Admission::Any,
        first_line: 0,
        ..FeedOptions::default()
    };
    Feed::new(id, options).ok()
}

/// Times one frame again and again; the result of the first pass is checked.
fn one<V: Venue>(criterion: &mut Criterion, name: &str, id: VenueId, frame: &str) {
    let Some(mut feed) = feed::<V>(id) else {
        return;
    };
    let meta = Meta {
        line: 0,
        frame: 1,
        ts_recv: 1,
        ts_kernel: 0,
        now: 1,
    };
    let mut outbox = Outbox::default();
    let mut records = 0;
    let decoded = feed.on_frame(frame.as_bytes(), meta, &mut outbox, &mut |_: &Record<
        '_,
    >| {
        records += 1
    });
    assert!(decoded.is_ok() && records > 0, "{name}: {decoded:?}");
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(frame.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let outcome = feed.on_frame(
                black_box(frame.as_bytes()),
                meta,
                &mut outbox,
                &mut |record: &Record<'_>| {
                    black_box(record.header().seq);
                },
            );
            black_box(outcome).is_ok()
        });
    });
    group.finish();
}

/// `[["27000.10","1.500"],…]` with `count` levels.
fn levels(count: usize) -> String {
    let level = |at: usize| format!(r#"["{}.{}0","{}.500"]"#, 27_000 + at, at % 10, at % 7 + 1);
    (0..count).map(level).collect::<Vec<_>>().join(",")
}

fn decode(criterion: &mut Criterion) {
    let spot = VenueId::BINANCE_SPOT;
    one::<Binance>(
        criterion,
        "binance_book_ticker",
        spot,
        r#"{"stream":"btcusdt@bookTicker","data":{"u":35346513501,"s":"BTCUSDT","b":"27000.80000000","B":"3.02920000","a":"27000.81000000","A":"31.43950000"}}"#,
    );
    one::<Binance>(
        criterion,
        "binance_trade",
        spot,
        r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255612,"s":"BTCUSDT","t":1520538925,"p":"27000.80000000","q":"0.00200000","T":1723161255611,"m":true,"M":true}}"#,
    );
    let depth = format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":1,"u":9,"b":[{}],"a":[{}]}}}}"#,
        levels(10),
        levels(10)
    );
    one::<Binance>(criterion, "binance_depth_20_levels", spot, &depth);
    let linear = VenueId::BYBIT_LINEAR;
    one::<Bybit>(
        criterion,
        "bybit_trade",
        linear,
        r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617}]}"#,
    );
    let snapshot = format!(
        r#"{{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1773386409389,"data":{{"s":"BTCUSDT","b":[{}],"a":[{}],"u":10132540,"seq":546137962055}},"cts":1773386409385}}"#,
        levels(50),
        levels(50)
    );
    one::<Bybit>(criterion, "bybit_snapshot_50_and_50", linear, &snapshot);
    one::<Kraken>(
        criterion,
        "kraken_trade",
        VenueId::KRAKEN_SPOT,
        r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":109116693,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#,
    );
}

/// Bytes of varied messages of each class: beyond any cache but the last.
const VARIED_BYTES: usize = 8 << 20;

/// Bytes of the ring that messages are copied into.
const RING_BYTES: usize = 1 << 20;

/// Times one class of varied messages.
fn class<V: Venue>(criterion: &mut Criterion, class: Class) {
    let mut generator = Generator::new(class);
    let messages = generator.messages(VARIED_BYTES);
    let bytes = messages.iter().map(String::len).sum::<usize>() / messages.len();
    let mut group = criterion.benchmark_group(class.name());
    group.throughput(Throughput::Bytes(bytes as u64));
    for (name, scanner) in [("scanner", true), ("general", false)] {
        let mut venue = V::new(class.venue(), StreamOptions::default());
        let (mut instruments, mut batch) = (generator.instruments(), Batch::default());
        let mut frames = messages.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                batch.clear();
                let frame = frames.next().map_or(&b""[..], |frame| frame.as_bytes());
                let decoded = if scanner {
                    venue.decode(black_box(frame), &mut instruments, &mut batch)
                } else {
                    venue.decode_general(black_box(frame), &mut instruments, &mut batch)
                };
                assert!(decoded.is_ok() && !batch.items.is_empty());
            });
        });
    }
    let (mut ring, mut at) = (vec![0_u8; RING_BYTES], 0);
    let mut frames = messages.iter().cycle();
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            let frame = frames.next().map_or(&b""[..], |frame| frame.as_bytes());
            at = if at + frame.len() > RING_BYTES { 0 } else { at };
            ring[at..at + frame.len()].copy_from_slice(black_box(frame));
            at += frame.len();
        });
    });
    group.finish();
}

fn varied(criterion: &mut Criterion) {
    for kind in Class::ALL {
        with_venue!(kind.venue(), V => class::<V>(criterion, kind));
    }
}

criterion_group!(benches, decode, varied);
criterion_main!(benches);
