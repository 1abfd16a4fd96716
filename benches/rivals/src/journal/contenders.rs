//! What records can be appended to.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use feedd_storage::{Journal, JournalOptions, LogOptions};
use memmap2::{Advice, MmapMut};

use crate::clock::ticks;

/// What a frame has in front of its record, in the journal and in every other contender.
const HEADER: usize = 24;
/// Memory the copies go round in.
const MEMORY: usize = 64 << 20;
/// A segment of the measured log.
const SEGMENT: u32 = 64 << 20;
/// Records of one batch.
const BATCH: u64 = 64;

/// Takes records.
pub trait Append {
    /// Gets ready for a block, outside of what is timed.
    fn prepare(&mut self) {}
    /// Appends so many records as fast as possible.
    fn flood(&mut self, records: u64);
    /// Appends a record every `interval` ticks; adds the ticks each took.
    fn paced(&mut self, records: u64, interval: u64, took: &mut Vec<u64>);
}

/// Calls `append` with the number of each record when it is due.
#[inline(always)]
fn pace(records: u64, interval: u64, took: &mut Vec<u64>, mut append: impl FnMut(u64)) {
    let mut due = ticks();
    for number in 0..records {
        due += interval;
        while ticks() < due {
            std::hint::spin_loop();
        }
        let start = ticks();
        append(number);
        took.push(ticks() - start);
    }
}

/// A record that differs from the one before.
#[inline(always)]
fn record<const BYTES: usize>(number: u64) -> [u8; BYTES] {
    let mut record = [7; BYTES];
    if let Some(first) = record.first_chunk_mut() {
        *first = number.to_le_bytes();
    }
    black_box(record)
}

/// The journal, a frame at a time.
pub struct Own<const BYTES: usize> {
    journal: Journal,
}

pub fn options(segment_bytes: u32) -> JournalOptions {
    let log = |segment_bytes: u32| LogOptions {
        segment_bytes,
        retain_bytes: Some(4 * u64::from(segment_bytes)),
    };
    JournalOptions {
        records: log(segment_bytes),
        raw: log(1 << 20),
        quarantine: log(1 << 20),
        ..JournalOptions::default()
    }
}

impl<const BYTES: usize> Own<BYTES> {
    pub fn open(dir: &Path) -> io::Result<Self> {
        let (journal, _) = Journal::open(dir, options(SEGMENT)).map_err(io::Error::other)?;
        Ok(Self { journal })
    }

    #[inline(always)]
    fn append(&mut self, number: u64) {
        let record = record::<BYTES>(number);
        assert!(
            self.journal
                .records()
                .append(number as i64, &[&record])
                .is_ok()
        );
    }
}

impl<const BYTES: usize> Append for Own<BYTES> {
    fn flood(&mut self, records: u64) {
        (0..records).for_each(|number| self.append(number));
    }

    fn paced(&mut self, records: u64, interval: u64, took: &mut Vec<u64>) {
        pace(records, interval, took, |number| self.append(number));
    }
}

/// The journal, in batches. At a pace a batch has the records that are due: one.
pub struct OwnBatch<const BYTES: usize>(pub Own<BYTES>);

impl<const BYTES: usize> OwnBatch<BYTES> {
    #[inline(always)]
    fn append(&mut self, numbers: std::ops::Range<u64>) {
        let mut batch = self.0.journal.records().batch();
        for number in numbers {
            let record = record::<BYTES>(number);
            assert!(batch.append(number as i64, &[&record]).is_ok());
        }
    }
}

impl<const BYTES: usize> Append for OwnBatch<BYTES> {
    fn flood(&mut self, records: u64) {
        for first in (0..records).step_by(BATCH as usize) {
            self.append(first..records.min(first + BATCH));
        }
    }

    fn paced(&mut self, records: u64, interval: u64, took: &mut Vec<u64>) {
        pace(records, interval, took, |number| {
            self.append(number..number + 1)
        });
    }
}

/// Memory, on huge pages where the kernel gives them.
pub struct Memory<const BYTES: usize> {
    memory: MmapMut,
    at: usize,
}

impl<const BYTES: usize> Memory<BYTES> {
    pub fn new() -> io::Result<Self> {
        let mut memory = MmapMut::map_anon(MEMORY)?;
        memory.advise(Advice::HugePage)?;
        memory.fill(1);
        Ok(Self { memory, at: 0 })
    }

    #[inline(always)]
    fn append(&mut self, number: u64) {
        let record = record::<BYTES>(number);
        let end = self.at + HEADER + BYTES;
        let Some(to) = self.memory.get_mut(self.at..end) else {
            self.at = 0;
            return;
        };
        let (head, body) = to.split_at_mut(HEADER);
        head.copy_from_slice(&black_box([3; HEADER]));
        body.copy_from_slice(&record);
        self.at = end;
    }
}

impl<const BYTES: usize> Append for Memory<BYTES> {
    fn flood(&mut self, records: u64) {
        (0..records).for_each(|number| self.append(number));
    }

    fn paced(&mut self, records: u64, interval: u64, took: &mut Vec<u64>) {
        pace(records, interval, took, |number| self.append(number));
    }
}

/// A buffered file, which is emptied when it has got as long as a segment.
pub struct Buffered<const BYTES: usize> {
    file: BufWriter<File>,
}

impl<const BYTES: usize> Buffered<BYTES> {
    pub fn new(path: &Path, buffer: usize) -> io::Result<Self> {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = BufWriter::with_capacity(buffer, File::create(path)?);
        Ok(Self { file })
    }

    #[inline(always)]
    fn append(&mut self, number: u64) {
        let record = record::<BYTES>(number);
        let head = black_box([3; HEADER]);
        assert!(
            self.file
                .write_all(&head)
                .and_then(|()| self.file.write_all(&record))
                .is_ok()
        );
    }
}

impl<const BYTES: usize> Append for Buffered<BYTES> {
    fn prepare(&mut self) {
        let long = self
            .file
            .stream_position()
            .is_ok_and(|at| at > u64::from(SEGMENT));
        if long {
            assert!(
                self.file
                    .rewind()
                    .and_then(|()| self.file.get_ref().set_len(0))
                    .is_ok()
            );
        }
    }

    fn flood(&mut self, records: u64) {
        (0..records).for_each(|number| self.append(number));
    }

    fn paced(&mut self, records: u64, interval: u64, took: &mut Vec<u64>) {
        pace(records, interval, took, |number| self.append(number));
    }
}
