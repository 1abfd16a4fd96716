//! Appending to the mapped journal and reading it back, rolls and checksums included.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use feedd_storage::{Journal, JournalOptions, LogOptions, LogReader, Start};
use std::hint::black_box;

/// Records in one measured batch.
const BATCH: u64 = 1_000;
/// A trade record.
const RECORD_BYTES: usize = 120;

fn options() -> JournalOptions {
    let records = LogOptions {
        segment_bytes: 16 << 20,
        retain_bytes: Some(128 << 20),
    };
    JournalOptions {
        records,
        ..JournalOptions::default()
    }
}

fn append(criterion: &mut Criterion) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let Ok((mut journal, _)) = Journal::open(dir.path(), options()) else {
        return;
    };
    let record = [7_u8; RECORD_BYTES];
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(BATCH));
    let mut ts = 0;
    group.bench_function("append_120_bytes", |bencher| {
        bencher.iter(|| {
            for _ in 0..BATCH {
                ts += 1;
                assert!(journal.records().append(ts, &[black_box(&record)]).is_ok());
            }
        });
    });
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let Ok((mut journal, _)) = Journal::open(dir.path(), options()) else {
        return;
    };
    let record = [7_u8; RECORD_BYTES];
    for ts in 0..100 * BATCH {
        assert!(
            journal
                .records()
                .append(ts.cast_signed(), &[&record])
                .is_ok()
        );
    }
    let log = dir.path().join("records");
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(100 * BATCH));
    group.sample_size(20);
    group.bench_function("read_100k_records", |bencher| {
        bencher.iter_batched(
            || LogReader::open(&log, Start::Oldest),
            |reader| {
                let Ok(mut reader) = reader else { return };
                let mut frames = 0;
                while let Ok(Some(frame)) = reader.next() {
                    frames += u64::from(!black_box(frame.payload).is_empty());
                }
                assert_eq!(frames, 100 * BATCH);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, append, read);
criterion_main!(benches);
