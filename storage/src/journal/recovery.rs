//! Bringing a log back to a state that can be continued, after whatever ended the last run.
//!
//! For each segment in order:
//!
//! 1. A damaged header: the file is set aside as `.bad`, never deleted. A header of a later version
//!    or of another place stops recovery with an error: better not to start than to guess.
//! 2. Never started and nothing in it: removed, it was only prepared.
//! 3. Sealed, and its end marker is where the seal says: trusted without a walk.
//! 4. Anything else is walked. The first bytes that are no frame end the segment; what stands
//!    behind them is zeroed, an end marker is written, the segment is sealed.
//!
//! Every step can be interrupted and done again. The number from which the log goes on is never
//! lower than any number that was legible, sealed, or saved in a cursor, so a number is not given
//! twice: it is written into the seal and synced before the first byte of a tail is zeroed.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use zerocopy::IntoBytes;

use super::dir;
use super::format::{
    END_MARKER_BYTES, END_OF_SEGMENT, FIRST_SEQ, FRAME_HEADER_BYTES, INDEX_AT, LogKind, Mark,
    SEAL_MARK_AT, START_MARK_AT, whole_pages,
};
use super::index::IndexPlan;
use super::segment::{FrameView, Look, SegmentView};
use super::sync::Retained;
use crate::error::{Error, Rule};

/// What recovery found and did in one log.
#[derive(Clone, Debug, Default)]
pub struct LogRecovered {
    /// Number the next frame gets.
    pub next_seq: u64,
    /// Segments that can be read.
    pub segments: usize,
    /// Segments that had no end yet, oldest first: after a clean shutdown, none.
    pub cuts: Vec<Cut>,
    /// Segments set aside in this recovery, with a damaged header.
    pub quarantined: Vec<PathBuf>,
    /// Unfinished or unused files removed.
    pub leftovers: usize,
}

/// Where recovery ended a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Number of the segment.
    pub segment: u64,
    /// Byte offset in its file at which it ends now.
    pub offset: u64,
    /// What broke there; `None` where the bytes were simply not written yet, as after a killed
    /// process.
    pub rule: Option<Rule>,
    /// Bytes zeroed, up to the last that was not zero already. A process killed inside an append
    /// leaves some.
    pub bytes: u64,
    /// Sequence numbers that were handed out behind the cut, as far as legible, and are not used
    /// again.
    pub numbers: u64,
}

/// A log ready to be continued.
#[derive(Debug)]
pub(crate) struct LogEnd {
    pub(crate) next_number: u64,
    pub(crate) ts_max: i64,
    /// Highest run number that has written here.
    pub(crate) run: u32,
    pub(crate) sealed: VecDeque<Retained>,
    /// Sealed segments without a frame; they can go once the log has a new segment.
    pub(crate) empty: Vec<PathBuf>,
    pub(crate) report: LogRecovered,
}

/// Recovers the log of `kind` in `log_dir`. The caller holds the journal's lock.
pub(crate) fn recover(log_dir: &Path, kind: LogKind) -> Result<LogEnd, Error> {
    let listing = dir::list(log_dir)?;
    let mut recovery = Recovery::new(log_dir, kind);
    for leftover in &listing.leftovers {
        dir::remove(leftover)?;
        recovery.end.report.leftovers += 1;
    }
    let mut numbers = [listing.segments, listing.quarantined.clone()].concat();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        recovery.end.next_number = number + 1;
        if listing.quarantined.binary_search(&number).is_ok() {
            recovery.account_for_unreadable(number)?;
        } else {
            recovery.take(number)?;
        }
    }
    dir::sync(log_dir)?;
    Ok(recovery.end)
}

struct Recovery<'a> {
    log_dir: &'a Path,
    kind: LogKind,
    end: LogEnd,
}

impl<'a> Recovery<'a> {
    fn new(log_dir: &'a Path, kind: LogKind) -> Self {
        let end = LogEnd {
            next_number: 1,
            ts_max: i64::MIN,
            run: 0,
            sealed: VecDeque::new(),
            empty: Vec::new(),
            report: LogRecovered {
                next_seq: FIRST_SEQ,
                ..LogRecovered::default()
            },
        };
        Self { log_dir, kind, end }
    }

    fn take(&mut self, number: u64) -> Result<(), Error> {
        let segment = match SegmentView::open(self.log_dir, number) {
            Err(Error::TornHeader { path }) => return self.set_aside(number, &path),
            other => other?.expect_kind(self.kind)?,
        };
        if !segment.is_started()
            && segment.written_end(segment.header.data_offset()) == segment.header.data_offset()
        {
            self.end.report.leftovers += 1;
            return dir::remove(&segment.path);
        }
        self.end.run = self.end.run.max(segment.header.run.get());
        let end = match sealed_end(&segment) {
            Some(end) => end,
            None => self.end_segment(&segment)?,
        };
        self.add(&segment, end);
        Ok(())
    }

    fn add(&mut self, segment: &SegmentView, end: Mark) {
        self.end.report.next_seq = end.seq;
        self.end.report.segments += 1;
        self.end.ts_max = self.end.ts_max.max(end.ts_max);
        let bytes = whole_pages(end.offset as usize + END_MARKER_BYTES) as u64;
        self.end.sealed.push_back(Retained {
            path: segment.path.clone(),
            bytes,
        });
        if end.offset as usize == segment.header.data_offset() {
            self.end.empty.push(segment.path.clone());
        }
    }

    fn set_aside(&mut self, number: u64, path: &Path) -> Result<(), Error> {
        let aside = dir::quarantine_path(self.log_dir, number);
        dir::rename(path, &aside)?;
        self.end.report.quarantined.push(aside);
        self.account_for_unreadable(number)
    }

    /// An unreadable segment may have held a run of its own and as many frames as fit. A sound
    /// segment after it knows better and overrules this.
    fn account_for_unreadable(&mut self, number: u64) -> Result<(), Error> {
        let path = dir::quarantine_path(self.log_dir, number);
        let bytes = path.metadata().map_err(Error::io("stat", &path))?.len();
        self.end.report.next_seq += bytes / FRAME_HEADER_BYTES as u64;
        self.end.run += 1;
        Ok(())
    }

    fn end_segment(&mut self, segment: &SegmentView) -> Result<Mark, Error> {
        let walk = Walk::new(segment, self.end.report.next_seq, self.end.ts_max);
        let end = walk.end_mark(segment);
        let zeroed = segment
            .written_end(end.offset as usize)
            .saturating_sub(end.offset as usize);
        repair(segment, &walk, &end).map_err(Error::io("repair", &segment.path))?;
        self.end.report.cuts.push(Cut {
            segment: segment.number(),
            offset: u64::from(end.offset),
            rule: walk.rule,
            bytes: if walk.ended { 0 } else { zeroed as u64 },
            numbers: end.seq - walk.next_seq,
        });
        Ok(end)
    }
}

/// The end of a segment that needs no repair.
fn sealed_end(segment: &SegmentView) -> Option<Mark> {
    segment.start_mark()?;
    let end = segment.seal_mark()?;
    let marked = matches!(segment.look(end.offset as usize), Look::End);
    let cut = segment.file_bytes() == whole_pages(end.offset as usize + END_MARKER_BYTES);
    (marked && cut).then_some(end)
}

/// All frames of a segment, walked.
struct Walk {
    start: Mark,
    /// Where the first bytes stand that are no frame.
    at: usize,
    next_seq: u64,
    ts_max: i64,
    rule: Option<Rule>,
    /// True if an end marker stands there already.
    ended: bool,
    /// The time index as it should be.
    index: Vec<u8>,
}

impl Walk {
    /// Walks `segment`, which follows a log that ends before `next_seq` and was received up to
    /// `ts_max`.
    fn new(segment: &SegmentView, next_seq: u64, ts_max: i64) -> Self {
        let at = segment.header.data_offset();
        let offset = at as u32;
        let start = segment.start_mark().unwrap_or_else(|| {
            let seq = segment.first_frame().map_or(next_seq, |frame| frame.seq);
            Mark {
                offset,
                seq,
                ts_max,
            }
        });
        let mut walk = Self {
            start,
            at,
            next_seq: start.seq,
            ts_max: start.ts_max,
            rule: None,
            ended: false,
            index: vec![0; segment.header.index_bytes.get() as usize],
        };
        walk.run(segment);
        walk
    }

    fn run(&mut self, segment: &SegmentView) {
        let mut plan = IndexPlan::new(&segment.header);
        loop {
            match segment.look(self.at) {
                Look::Frame(frame) if frame.seq == self.next_seq => {
                    self.pass(segment, &mut plan, &frame);
                }
                Look::Frame(_) => return self.rule = Some(Rule::Sequence),
                Look::Bad(rule) => return self.rule = Some(rule),
                Look::Unwritten => return,
                Look::End => return self.ended = true,
            }
        }
    }

    fn pass(&mut self, segment: &SegmentView, plan: &mut IndexPlan, frame: &FrameView) {
        if let Some(place) = plan.place(frame.at) {
            let mark = Mark {
                offset: frame.at as u32,
                seq: frame.seq,
                ts_max: self.ts_max,
            };
            let bytes = mark.encode(segment.seed());
            let slot = place - INDEX_AT;
            self.index[slot..slot + bytes.as_bytes().len()].copy_from_slice(bytes.as_bytes());
        }
        self.at = frame.next_at();
        self.next_seq = frame.seq + 1;
        self.ts_max = self.ts_max.max(frame.ts_recv);
    }

    /// The mark that will seal the segment, its number past all that may have been handed out.
    fn end_mark(&self, segment: &SegmentView) -> Mark {
        let mut seq = self.next_seq + u64::from(self.rule.is_some());
        let mut from = self.at + 1;
        while !self.ended
            && let Some(frame) = segment.next_legible(from.next_multiple_of(8), seq)
        {
            (seq, from) = (frame.seq + 1, frame.next_at());
        }
        let sealed = segment.seal_mark().map_or(0, |seal| seal.seq);
        Mark {
            offset: self.at as u32,
            seq: seq.max(sealed),
            ts_max: self.ts_max,
        }
    }
}

/// Ends the segment behind the last sound frame of `walk`, durably, step by step.
fn repair(segment: &SegmentView, walk: &Walk, end: &Mark) -> io::Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&segment.path)?;
    let (at, seed) = (end.offset as usize, segment.seed());
    let bytes = whole_pages(at + END_MARKER_BYTES);
    file.write_all_at(walk.start.encode(seed).as_bytes(), START_MARK_AT as u64)?;
    file.write_all_at(&walk.index, INDEX_AT as u64)?;
    file.sync_all()?;
    file.write_all_at(end.encode(seed).as_bytes(), SEAL_MARK_AT as u64)?;
    file.sync_all()?;
    let mut tail = vec![0; bytes - at];
    tail[..size_of::<u32>()].copy_from_slice(&END_OF_SEGMENT.to_le_bytes());
    file.write_all_at(&tail, at as u64)?;
    file.set_len(bytes as u64)?;
    file.sync_all()
}
