//! The ring on one thread: what a push and a poll cost without any cache transfer.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feedd_ringbuf::{Polled, ring};
use std::hint::black_box;

/// Frames pushed before the cursor takes them.
const BATCH: u64 = 64;

fn push_and_poll(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ring");
    for bytes in [40_usize, 120, 1024] {
        let Ok((mut producer, [mut cursor])) = ring::<1>(1 << 14) else {
            return;
        };
        let payload = vec![7_u8; bytes];
        group.throughput(Throughput::Elements(BATCH));
        group.bench_function(format!("push_then_poll_{bytes}_bytes"), |bencher| {
            bencher.iter(|| {
                for _ in 0..BATCH {
                    assert!(producer.try_push(1, &[black_box(&payload)]).is_ok());
                }
                let mut seen = 0;
                while let Polled::Frame(frame) = cursor.poll() {
                    seen += frame.payload.len();
                }
                assert_eq!(seen, bytes * BATCH as usize);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, push_and_poll);
criterion_main!(benches);
