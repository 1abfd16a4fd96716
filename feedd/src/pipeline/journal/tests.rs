use super::*;

use feedd_codecs::InstrumentId;
use feedd_codecs::record::Bbo;
use feedd_ringbuf::Producer;
use feedd_storage::{JournalOptions, LogOptions, LogReader, Start};
use zerocopy::IntoBytes;

use crate::pipeline::carry::{self, Carried};
use crate::pipeline::entry;

/// Smaller than a frame of the tests that must not fit.
const SEGMENT: u32 = 64 << 10;

fn options() -> JournalOptions {
    let log = LogOptions {
        segment_bytes: SEGMENT,
        retain_bytes: None,
    };
    JournalOptions {
        records: log,
        raw: log,
        quarantine: log,
        ..JournalOptions::default()
    }
}

fn push(producer: &mut Producer, what: What, feed: u32, body: &[u8]) {
    let head = entry::head(clock::mono(), 7);
    let tag = entry::tag(what, feed);
    producer.try_push(tag, &[&head, body]).unwrap();
}

/// The payloads of one log, in order.
fn payloads(log: &std::path::Path) -> Vec<Vec<u8>> {
    let mut reader = LogReader::open(log, Start::Oldest).unwrap();
    let mut payloads = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        payloads.push(frame.payload.to_vec());
    }
    payloads
}

/// What the journal's work made of two rings.
struct Ran {
    dir: tempfile::TempDir,
    report: JournalReport,
    observed: Vec<Vec<u8>>,
}

impl Ran {
    fn log(&self, name: &str) -> Vec<Vec<u8>> {
        payloads(&self.dir.path().join(name))
    }
}

/// How often this thread has given its core away.
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.unwrap().trim().parse().unwrap()
}

/// Sleeps of a journal thread whose ring is empty for 50 ms and then ends.
fn sleeps_at_an_empty_ring(spins: bool) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let (producer, [cursor]) = feedd_ringbuf::ring::<1>(64).unwrap();
    let writer = open(dir.path(), vec![cursor], &Arc::default());
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(producer);
    });
    let before = sleeps();
    writer.spinning(spins).run().unwrap();
    reader.join().unwrap();
    sleeps() - before
}

/// The work on a journal and the rings of these ends.
fn open(dir: &std::path::Path, ends: Vec<Cursor>, report: &Arc<SharedReport>) -> Writer {
    let (journal, _) = Journal::open(dir, options()).unwrap();
    let (intervals, _noted) = crossbeam_channel::bounded(16);
    let venues = vec![VenueId::BINANCE_SPOT, VenueId::KRAKEN_SPOT];
    let report = Arc::clone(report);
    Writer::new(journal, ends, venues, Arc::default(), report, intervals)
}

/// Fills two rings and has the journal's work done to their ends: by the journal thread alone, and
/// by a reader before it.
fn both(fill: impl Fn(&mut Producer, &mut Producer)) -> [Ran; 2] {
    [run(&fill, false), run(&fill, true)]
}

fn run(fill: impl FnOnce(&mut Producer, &mut Producer), carry: bool) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, [first_end]) = feedd_ringbuf::ring::<1>(8_192).unwrap();
    let (mut second, [second_end]) = feedd_ringbuf::ring::<1>(8_192).unwrap();
    let report = Arc::new(SharedReport::default());
    let (tell, told) = crossbeam_channel::unbounded();
    let observer: Observer = Box::new(move |record| tell.send(record.to_vec()).unwrap());
    let writer = open(dir.path(), vec![first_end, second_end], &report).observed(Some(observer));
    if carry {
        let (hands, standby) = carry::sides();
        let thread = std::thread::spawn(move || standby.run(Box::new(writer)));
        let carried = Carried::new(hands);
        while !carried.is_here() {
            carried.round();
        }
        fill(&mut first, &mut second);
        let is_empty = |producer: &Producer| producer.ring().used_bytes() == 0;
        while !is_empty(&first) || !is_empty(&second) {
            carried.turn();
        }
        drop((first, second, carried));
        thread.join().unwrap().unwrap();
    } else {
        fill(&mut first, &mut second);
        drop((first, second));
        writer.run().unwrap();
    }
    Ran {
        dir,
        report: report.read(),
        observed: told.iter().collect(),
    }
}

/// Different bodies of the size of a best price.
fn bodies(count: u8) -> Vec<Vec<u8>> {
    let bbo = Bbo::new(InstrumentId::NONE, 0, 0);
    let numbered = (0..count).map(|number| {
        let mut body = bbo.as_bytes().to_vec();
        body.push(number);
        body
    });
    numbered.collect()
}

#[test]
fn records_between_raw_frames_reach_their_own_logs_in_the_order_of_the_ring() {
    let bodies = bodies(100);
    let both = both(|producer, _| {
        for (at, body) in bodies.iter().enumerate() {
            push(producer, What::Record, 0, body);
            // Runs of 1 to 7 records, and longer than a run may be.
            if at % 9 > 2 && at < 50 {
                push(producer, What::Raw, 0, &[b"raw", &body[..]].concat());
            }
            if at == 70 {
                push(producer, What::Quarantine, 0, body);
            }
        }
    });
    for ran in both {
        assert_eq!(ran.log("records"), bodies);
        assert_eq!(ran.observed, bodies, "each record is told once");
        let raw = bodies[..50].iter().enumerate().filter(|(at, _)| at % 9 > 2);
        let raw: Vec<_> = raw.map(|(_, body)| [b"raw", &body[..]].concat()).collect();
        assert_eq!(ran.log("raw"), raw);
        assert_eq!(ran.log("quarantine"), [bodies[70].clone()]);
        let (records, raw) = (bodies.len() as u64, raw.len() as u64);
        assert_eq!(
            (ran.report.records, ran.report.raw, ran.report.quarantined),
            (records, raw, 1)
        );
        assert_eq!((ran.report.last_seq, ran.report.refused), (records, 0));
    }
}

#[test]
fn a_record_larger_than_a_segment_is_left_out_and_those_around_it_stand() {
    let bodies = bodies(40);
    let large = vec![1; SEGMENT as usize];
    let both = both(|producer, _| {
        for (at, body) in bodies.iter().enumerate() {
            push(producer, What::Record, 0, body);
            if at == 20 {
                push(producer, What::Record, 0, &large);
            }
        }
    });
    for ran in both {
        assert_eq!(ran.log("records"), bodies);
        assert_eq!(ran.report.records, bodies.len() as u64);
        assert_eq!(ran.report.refused, 1);
    }
}

#[test]
fn one_full_ring_does_not_keep_another_waiting_for_its_end() {
    let both = both(|first, second| {
        (0..2 * BATCH).for_each(|_| push(first, What::Record, 0, b"long"));
        push(second, What::Record, 1, b"short");
    });
    for ran in both {
        let records = ran.log("records");
        assert_eq!(records.len(), 2 * BATCH + 1);
        let at = records.iter().position(|record| record == b"short");
        assert_eq!(at, Some(BATCH), "after one batch of the first ring");
    }
}

#[test]
fn a_segment_that_ends_within_a_run_loses_and_repeats_nothing() {
    let body = |at: u32| {
        let mut body = at.to_le_bytes().to_vec();
        body.resize(700, 0);
        body
    };
    let count = 3 * SEGMENT / 700;
    let both = both(|producer, _| {
        (0..count).for_each(|at| push(producer, What::Record, 0, &body(at)));
    });
    for ran in both {
        let expected: Vec<_> = (0..count).map(body).collect();
        assert_eq!(ran.log("records"), expected);
        let segments = std::fs::read_dir(ran.dir.path().join("records")).unwrap();
        assert!(segments.count() >= 3, "the log rolled");
    }
}

#[test]
fn only_a_journal_that_parks_sleeps_while_nothing_comes() {
    let (parked, spinning) = (
        sleeps_at_an_empty_ring(false),
        sleeps_at_an_empty_ring(true),
    );
    assert!(parked > 100, "{parked}");
    // Closing the journal waits for its threads.
    assert!(spinning < 50, "{spinning}");
}

#[test]
fn only_what_a_reader_cannot_append_at_once_goes_to_the_journal_thread() {
    let large = vec![1; SEGMENT as usize];
    for (body, handed_over) in [(&b"small"[..], 0), (&large[..], 1)] {
        let ran = run(|producer, _| push(producer, What::Record, 0, body), true);
        assert_eq!(ran.report.handed_over, handed_over);
        assert_eq!(ran.report.records, 1 - handed_over);
    }
}

#[test]
fn work_that_a_reader_never_took_is_done_by_the_journal_thread() {
    let dir = tempfile::tempdir().unwrap();
    let (mut producer, [cursor]) = feedd_ringbuf::ring::<1>(64).unwrap();
    let writer = open(dir.path(), vec![cursor], &Arc::default());
    let (hands, standby) = carry::sides();
    drop(hands);
    let thread = std::thread::spawn(move || standby.run(Box::new(writer)));
    push(&mut producer, What::Record, 0, b"record");
    drop(producer);
    thread.join().unwrap().unwrap();
    assert_eq!(payloads(&dir.path().join("records")), [b"record"]);
}

#[test]
fn a_disk_that_takes_nothing_ends_a_stop_and_no_capture() {
    for stop in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (mut producer, [cursor]) = feedd_ringbuf::ring::<1>(8_192).unwrap();
        let (signal, stopped) = watch::channel(stop);
        let report = Arc::new(SharedReport::default());
        let writer = open(dir.path(), vec![cursor], &report).stopped_by(stopped);
        // Without its directory the log gets no next segment, as on a full disk.
        let (records, away) = (dir.path().join("records"), dir.path().join("away"));
        std::fs::rename(&records, &away).unwrap();
        let body = [0; 700];
        let count = 4 * SEGMENT / 700;
        (0..count).for_each(|_| push(&mut producer, What::Record, 0, &body));
        let thread = std::thread::spawn(move || writer.run());
        std::thread::sleep(STOP_PATIENCE + 2 * RETRY);
        if stop {
            let failure = thread.join().unwrap().unwrap_err();
            assert!(failure.to_string().contains("captured records are lost"));
            continue;
        }
        assert!(report.read().refused > 0, "the disk took it all");
        std::fs::rename(&away, &records).unwrap();
        drop(producer);
        thread.join().unwrap().unwrap();
        assert_eq!(report.read().records, u64::from(count));
        drop(signal);
    }
}
