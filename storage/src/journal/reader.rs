//! Reading and tailing a log, in this process or another, while it is written or not.
//!
//! The reader maps one segment at a time. What it may look at is announced by a length loaded with
//! acquire order; at an end marker it goes on in the next started segment. Invariants:
//!
//! * It never looks past an end marker or a zero length, so a sealed segment may be cut behind its
//!   marker.
//! * Sequence numbers are served without a break; a break is returned as [`ReadError::Missed`]
//!   first.

use std::path::{Path, PathBuf};

use super::dir;
use super::format::LINE_BYTES;
use super::seek::{Start, choose, is_before, tail};
use super::segment::{Frame, FrameView, Look, SegmentView};
use crate::error::{Error, ReadError, Rule};

/// Polls between two looks at the directory while nothing new comes: a segment that was set aside
/// or deleted by hand never gets an end marker, and its reader must not wait for one for ever.
const POLLS_PER_CHECK: u32 = 1 << 14;
/// How far ahead the lines of frames to come are asked for while there is a backlog. At the tail it
/// would take them away from the writer.
const PREFETCH_BYTES: usize = 2048;
/// Tries to open a segment that retention deletes at the same moment.
const OPEN_TRIES: u32 = 16;

/// Reads a log frame by frame; waits for nothing.
#[derive(Debug)]
pub struct LogReader {
    log_dir: PathBuf,
    segment: Option<SegmentView>,
    /// Where to begin, until the log has a segment.
    start: Start,
    /// Offset of the next frame.
    at: usize,
    /// Number of the next frame; `None` before the first if any will do.
    expected: Option<u64>,
    /// What to pass over silently before the first frame served.
    until: Option<Start>,
    /// True at a place where numbers may jump: the start of a segment, or behind damage that was
    /// skipped.
    seam: bool,
    /// True after damage was reported: look at the file afresh.
    suspect: bool,
    /// Number of the segment whose header turned out to be damaged when it was its turn.
    torn: Option<u64>,
    idle_polls: u32,
    /// Length of the last frame.
    last_length: usize,
}

/// What one look gave.
enum Step {
    Frame(FrameView),
    Idle,
    Again,
}

impl LogReader {
    /// A reader of the log in `log_dir` (`<journal>/records` or `<journal>/raw`). Neither needs to
    /// exist yet.
    ///
    /// # Errors
    ///
    /// [`ReadError::Segment`] if the directory or its segments cannot be read.
    pub fn open(log_dir: &Path, start: Start) -> Result<Self, ReadError> {
        let mut reader = Self {
            log_dir: log_dir.to_owned(),
            segment: None,
            start,
            at: 0,
            expected: None,
            until: None,
            seam: true,
            suspect: false,
            torn: None,
            idle_polls: 0,
            last_length: 0,
        };
        reader.place()?;
        Ok(reader)
    }

    /// The next frame, or `None` when caught up; call again later then.
    ///
    /// # Errors
    ///
    /// [`ReadError::Missed`] once for each range of numbers that is gone, and the reader goes on
    /// behind it; [`ReadError::Damaged`] as long as the bytes at its place are no frame;
    /// [`ReadError::Segment`] if the next segment file cannot be read.
    ///
    /// # Hot path
    ///
    /// No allocation, lock or system call, except at the end of a segment, at the very start, after
    /// damage, and once in 16,384 polls that find nothing.
    #[expect(clippy::should_implement_trait, reason = "a frame borrows the reader")]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        let found = match self.at_hand() {
            Some(found) => found,
            None => match self.search()? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        Ok(self.segment.as_ref().map(|segment| segment.frame(&found)))
    }

    /// The frame that is expected here, if it is here and sound. All that a hand-over takes: what
    /// else can be here is [`Self::search`]'s, which would cost every frame its registers.
    #[inline(always)]
    fn at_hand(&mut self) -> Option<FrameView> {
        if self.suspect || self.until.is_some() {
            return None;
        }
        let Look::Frame(frame) = self.segment.as_ref()?.look(self.at) else {
            return None;
        };
        if self.expected != Some(frame.seq) {
            return None;
        }
        self.pass(&frame);
        Some(frame)
    }

    /// The next frame, whatever stands before it, or `None` when there is none yet.
    #[inline(never)]
    fn search(&mut self) -> Result<Option<FrameView>, ReadError> {
        loop {
            match self.step()? {
                Step::Frame(found) => return Ok(Some(found)),
                Step::Idle => return Ok(None),
                Step::Again => {}
            }
        }
    }

    /// Number of the next frame, if known: what a cursor has to remember.
    #[must_use]
    pub fn next_seq(&self) -> Option<u64> {
        self.expected
    }

    /// Goes past the damage that was just reported, to the next sound frame in the segment or, if
    /// there is none, to the next segment. The numbers left out are then reported as
    /// [`ReadError::Missed`]. Returns false, and stays, if nothing sound lies behind it: that is
    /// where recovery would end the log.
    ///
    /// # Errors
    ///
    /// [`ReadError::Segment`] if the segment files cannot be read.
    pub fn skip_damage(&mut self) -> Result<bool, ReadError> {
        if let Some(torn) = self.torn.take() {
            return self.enter_after(torn);
        }
        if !self.suspect {
            return Ok(false);
        }
        self.skip_here()
    }

    /// Goes to the next sound frame behind this place, in this segment or a later one.
    pub(crate) fn skip_here(&mut self) -> Result<bool, ReadError> {
        self.refresh()?;
        let Some(segment) = &self.segment else {
            return Ok(false);
        };
        let seq = self.expected.unwrap_or_default();
        if let Some(frame) = segment.next_legible(self.at, seq) {
            (self.at, self.seam) = (frame.at, true);
            return Ok(true);
        }
        self.enter_next()
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        if self.suspect {
            self.refresh()?;
        }
        let Some(segment) = &self.segment else {
            return self.place();
        };
        match segment.look(self.at) {
            Look::Frame(frame) => self.accept(frame),
            Look::Unwritten => self.idle(),
            Look::End => Ok(if self.enter_next()? {
                Step::Again
            } else {
                Step::Idle
            }),
            Look::Bad(rule) => Err(self.damaged(rule)),
        }
    }

    fn accept(&mut self, frame: FrameView) -> Result<Step, ReadError> {
        if self.expected.is_some_and(|expected| expected != frame.seq) {
            self.jump(&frame)?;
        }
        self.pass(&frame);
        if self.until.is_some_and(|until| is_before(&frame, until)) {
            return Ok(Step::Again);
        }
        self.until = None;
        Ok(Step::Frame(frame))
    }

    /// Goes behind a frame.
    #[inline(always)]
    fn pass(&mut self, frame: &FrameView) {
        if self.idle_polls == 0
            && let Some(segment) = &self.segment
        {
            segment.prefetch(self.at + PREFETCH_BYTES, frame.length);
        }
        self.at = frame.next_at();
        self.last_length = frame.length;
        self.expected = Some(frame.seq + 1);
        self.seam = false;
        self.idle_polls = 0;
    }

    /// Handles a frame that does not have the expected number. Numbers the caller did not ask for
    /// are not reported as missed.
    #[cold]
    fn jump(&mut self, frame: &FrameView) -> Result<(), ReadError> {
        let expected = self.expected.unwrap_or(frame.seq);
        if !self.seam || frame.seq < expected {
            return Err(self.damaged(Rule::Sequence));
        }
        let from = match self.until {
            Some(Start::Seq(seq)) => expected.max(seq),
            _ => expected,
        };
        self.expected = Some(frame.seq);
        if from >= frame.seq {
            return Ok(());
        }
        Err(ReadError::Missed {
            from,
            to: frame.seq - 1,
        })
    }

    #[cold]
    fn damaged(&mut self, rule: Rule) -> ReadError {
        self.suspect = true;
        let segment = self.segment.as_ref().map_or(0, SegmentView::number);
        ReadError::Damaged {
            segment,
            offset: self.at as u64,
            rule,
        }
    }

    /// Nothing was here. If the segment is sealed behind this place or gone, nothing will come
    /// either, so a second look decides: the writer may have filled, ended and sealed it since the
    /// first. Sealed at this very place it waits for its end marker, which recovery writes next.
    fn idle(&mut self) -> Result<Step, ReadError> {
        let Some(segment) = &self.segment else {
            return Ok(Step::Idle);
        };
        self.idle_polls = self.idle_polls.wrapping_add(1);
        // The frame to come will have the length of the last, or so: its other lines shall come
        // beside the one that announces it, not behind it.
        segment.prefetch(self.at + LINE_BYTES, self.last_length);
        let sealed = segment
            .seal_mark()
            .is_some_and(|seal| seal.offset as usize > self.at);
        let gone = self.idle_polls.is_multiple_of(POLLS_PER_CHECK) && !segment.path.exists();
        if !sealed && !gone {
            return Ok(Step::Idle);
        }
        match segment.look(self.at) {
            Look::Unwritten if sealed => Err(self.damaged(Rule::Hole)),
            Look::Unwritten => Ok(if self.enter_next()? {
                Step::Again
            } else {
                Step::Idle
            }),
            _ => Ok(Step::Again),
        }
    }

    /// Maps the segment again: recovery may have cut or repaired it since.
    fn refresh(&mut self) -> Result<(), ReadError> {
        let Some(segment) = &self.segment else {
            return Ok(());
        };
        match SegmentView::open(&self.log_dir, segment.number()) {
            Ok(segment) => self.segment = Some(segment),
            Err(error) if error.is_not_found() => {
                self.enter_next()?;
            }
            Err(error) => return Err(error.into()),
        }
        self.suspect = false;
        Ok(())
    }

    /// Number of the segment the reader stands in.
    pub(crate) fn segment_number(&self) -> Option<u64> {
        self.segment.as_ref().map(SegmentView::number)
    }

    /// Where the reader stands in it.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Goes to the next started segment; false if there is none yet.
    fn enter_next(&mut self) -> Result<bool, ReadError> {
        self.segment_number()
            .map_or(Ok(false), |number| self.enter_after(number))
    }

    /// Goes to the first started segment with a higher number than `number`. Numbers may have
    /// holes.
    fn enter_after(&mut self, number: u64) -> Result<bool, ReadError> {
        let mut next = number + 1;
        for _ in 0..OPEN_TRIES {
            match SegmentView::open(&self.log_dir, next) {
                Ok(segment) => return Ok(self.enter(segment)),
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    self.torn = matches!(error, Error::TornHeader { .. }).then_some(next);
                    return Err(error.into());
                }
            }
            let listing = dir::list(&self.log_dir)?;
            let Some(&later) = listing.segments.iter().find(|&&listed| listed > number) else {
                return Ok(false);
            };
            next = later;
        }
        Ok(false)
    }

    fn enter(&mut self, segment: SegmentView) -> bool {
        if !segment.is_started() {
            return false;
        }
        self.at = segment.header.data_offset();
        self.segment = Some(segment);
        (self.seam, self.suspect) = (true, false);
        true
    }

    /// Finds the starting place, if the log has a segment.
    fn place(&mut self) -> Result<Step, ReadError> {
        for _ in 0..OPEN_TRIES {
            let numbers = dir::list(&self.log_dir)?.segments;
            match self.place_among(&numbers) {
                Err(error) if error.is_not_found() => {}
                other => return Ok(if other? { Step::Again } else { Step::Idle }),
            }
        }
        Ok(Step::Idle)
    }

    fn place_among(&mut self, numbers: &[u64]) -> Result<bool, Error> {
        let Some(segment) = choose(&self.log_dir, numbers, self.start)? else {
            return Ok(false);
        };
        let mark = match self.start {
            Start::Oldest => None,
            Start::Newest => Some(tail(&segment)),
            Start::Seq(seq) => segment.last_mark(|mark| mark.seq <= seq),
            Start::Time(ts) => segment.last_mark(|mark| mark.ts_max < ts),
        };
        self.at = mark.map_or(segment.header.data_offset(), |mark| mark.offset as usize);
        self.expected = mark
            .map(|mark| mark.seq)
            .or_else(|| self.first_expected(&segment));
        self.until =
            Some(self.start).filter(|start| matches!(start, Start::Seq(_) | Start::Time(_)));
        self.segment = Some(segment);
        Ok(true)
    }

    /// The number to expect at the start of `segment`: for a reader that asked for a number, its
    /// own if that comes earlier, so that the frames between are reported as missed.
    fn first_expected(&self, segment: &SegmentView) -> Option<u64> {
        let Start::Seq(wanted) = self.start else {
            return None;
        };
        Some(
            segment
                .start_mark()
                .map_or(wanted, |start| start.seq.min(wanted)),
        )
    }
}
