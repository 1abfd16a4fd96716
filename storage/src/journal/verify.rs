//! Looking a log over without the lock: what is in it, and whether every byte of it is sound.

use std::path::{Path, PathBuf};

use super::dir;
use super::reader::LogReader;
use super::seek::Start;
use super::segment::{Look, SegmentView};
use crate::error::{Error, ReadError, Rule};

/// Problems and gaps listed one by one; beyond it they are only counted. A log with more is beyond
/// reading.
const LISTED_MAX: usize = 1_000;

/// One segment of a log.
#[derive(Clone, Debug)]
pub struct SegmentInfo {
    /// Number of the segment.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
    /// Run of the daemon that wrote it.
    pub run: u32,
    /// Wall clock at its creation, nanoseconds since 1970, as given by the journal's owner.
    pub created_wall_ns: i64,
    /// Number of its first frame, or of the first it will get.
    pub first_seq: u64,
    /// Receive stamp of its first frame, in nanoseconds.
    pub first_ts_recv: Option<i64>,
    /// Number of the frame after its last; `None` while it is not sealed.
    pub next_seq: Option<u64>,
    /// Length of its file in bytes.
    pub file_bytes: u64,
}

/// The segments of a log, oldest first, without those that are only prepared and those set aside.
///
/// # Errors
///
/// [`Error`] if the directory cannot be read, or if a segment has a damaged header or a later
/// format.
pub fn segments(log_dir: &Path) -> Result<Vec<SegmentInfo>, Error> {
    let mut infos = Vec::new();
    for number in dir::list(log_dir)?.segments {
        match SegmentView::open(log_dir, number) {
            Err(error) if error.is_not_found() => {}
            other => infos.extend(info(&other?)),
        }
    }
    Ok(infos)
}

fn info(segment: &SegmentView) -> Option<SegmentInfo> {
    let first = segment.first_frame();
    let started = segment.start_mark().map(|mark| mark.seq);
    Some(SegmentInfo {
        number: segment.number(),
        path: segment.path.clone(),
        run: segment.header.run.get(),
        created_wall_ns: segment.header.created_wall_ns.get(),
        first_seq: started.or(first.map(|frame| frame.seq))?,
        first_ts_recv: first.map(|frame| frame.ts_recv),
        next_seq: segment.seal_mark().map(|mark| mark.seq),
        file_bytes: segment.file_bytes() as u64,
    })
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Bytes that are no frame where one should stand, or an end that is not where the seal says.
    Damaged {
        /// Number of the segment.
        segment: u64,
        /// Byte offset in its file.
        offset: u64,
        /// What is wrong.
        rule: Rule,
    },
    /// A segment that cannot be read at all.
    Unreadable {
        /// Why, with the path.
        reason: String,
    },
}

/// What a full walk over a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Segments in use.
    pub segments: usize,
    /// Segments set aside earlier for a damaged header.
    pub quarantined: usize,
    /// Sound frames.
    pub frames: u64,
    /// Their payload bytes.
    pub payload_bytes: u64,
    /// Number of the first sound frame.
    pub first_seq: Option<u64>,
    /// Number of the last sound frame.
    pub last_seq: Option<u64>,
    /// Ranges of numbers, both ends included, that are not there: cut by recovery, or damaged. The
    /// first 1,000.
    pub gaps: Vec<(u64, u64)>,
    /// What is wrong, with its place. The first 1,000.
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

impl VerifyReport {
    /// True if every byte was sound. Gaps that recovery left and named are not damage.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < LISTED_MAX {
            self.problems.push(problem);
        }
    }

    fn unreadable(&mut self, error: &Error) {
        self.problem(Problem::Unreadable {
            reason: error.to_string(),
        });
    }
}

/// Walks the whole log in `log_dir`, up to the frame that is the newest when it begins, and checks
/// every frame. Takes no lock: a writer may be at work, and a live tail is no problem.
///
/// # Errors
///
/// [`Error`] if the directory cannot be listed. Unreadable segments are part of the report.
pub fn verify(log_dir: &Path) -> Result<VerifyReport, Error> {
    let listing = dir::list(log_dir)?;
    let mut report = VerifyReport {
        quarantined: listing.quarantined.len(),
        ..Default::default()
    };
    let mut newest = 0;
    for number in listing.segments {
        match SegmentView::open(log_dir, number) {
            Err(error) if error.is_not_found() => {}
            Err(error) => report.unreadable(&error),
            Ok(segment) if segment.is_started() => {
                newest = number;
                report.segments += 1;
                check_seal(&segment, &mut report);
            }
            Ok(_) => {}
        }
    }
    if let Err(ReadError::Segment(error)) = walk(log_dir, newest, &mut report) {
        report.unreadable(&error);
    }
    Ok(report)
}

fn check_seal(segment: &SegmentView, report: &mut VerifyReport) {
    let Some(seal) = segment.seal_mark() else {
        return;
    };
    if !matches!(segment.look(seal.offset as usize), Look::End) {
        let (segment, offset) = (segment.number(), u64::from(seal.offset));
        report.problem(Problem::Damaged {
            segment,
            offset,
            rule: Rule::Seal,
        });
    }
}

fn walk(log_dir: &Path, newest: u64, report: &mut VerifyReport) -> Result<(), ReadError> {
    let last_seq = LogReader::open(log_dir, Start::Newest)?
        .next_seq()
        .unwrap_or_default();
    let mut reader = LogReader::open(log_dir, Start::Oldest)?;
    while reader.next_seq().is_none_or(|seq| seq < last_seq) {
        if !pass(&mut reader, newest, report)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes one frame or one problem; false at the end.
fn pass(reader: &mut LogReader, newest: u64, report: &mut VerifyReport) -> Result<bool, ReadError> {
    match reader.next() {
        Ok(Some(frame)) => {
            report.frames += 1;
            report.payload_bytes += frame.payload.len() as u64;
            report.first_seq.get_or_insert(frame.seq);
            report.last_seq = Some(frame.seq);
            Ok(true)
        }
        Ok(None) => pass_unended(reader, newest, report),
        Err(ReadError::Missed { from, to }) => {
            if report.gaps.len() < LISTED_MAX {
                report.gaps.push((from, to));
            }
            Ok(true)
        }
        Err(ReadError::Damaged {
            segment,
            offset,
            rule,
        }) => {
            report.problem(Problem::Damaged {
                segment,
                offset,
                rule,
            });
            reader.skip_damage()
        }
        // Reported when the segments were opened one by one.
        Err(ReadError::Segment(Error::TornHeader { .. })) => reader.skip_damage(),
        Err(error) => Err(error),
    }
}

/// Nothing more here. In any but the newest segment that means that its end is lost.
fn pass_unended(
    reader: &mut LogReader,
    newest: u64,
    report: &mut VerifyReport,
) -> Result<bool, ReadError> {
    let Some(segment) = reader.segment_number().filter(|&number| number < newest) else {
        return Ok(false);
    };
    let offset = reader.offset() as u64;
    report.problem(Problem::Damaged {
        segment,
        offset,
        rule: Rule::Hole,
    });
    reader.skip_here()
}
