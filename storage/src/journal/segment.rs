//! One segment as a reader sees it: header checked, the rest looked at frame by frame.
//!
//! Invariant: [`SegmentView::look`] announces a frame only when its length is possible, its bytes
//! are inside the file and its checksum matches. Everything that reads a journal goes through it.

use std::fs::File;
use std::path::{Path, PathBuf};

use zerocopy::FromBytes;

use super::dir;
use super::format::{
    END_OF_SEGMENT, FRAME_BODY_AT, FRAME_HEADER_BYTES, FrameHeader, Header, HeaderFault, INDEX_AT,
    LINE_BYTES, LogKind, MARK_BYTES, Mark, PAGE_BYTES, SEAL_MARK_AT, START_MARK_AT, VERSION,
    frame_checksum, padded,
};
use super::index;
use super::map::ReadMap;
use crate::error::{Error, Rule};

/// Of a longer frame the hardware sees the stream by itself.
const PREFETCH_FRAME: usize = 256;

/// A mapped segment with a sound header.
#[derive(Debug)]
pub(crate) struct SegmentView {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    seed: u32,
    map: ReadMap,
}

/// What stands at a place in the data area.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// Nothing yet.
    Unwritten,
    /// The segment ends here.
    End,
    /// A sound frame.
    Frame(FrameView),
    /// Bytes that are no frame.
    Bad(Rule),
}

/// One frame, as long as the reader stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Sequence number in its log.
    pub seq: u64,
    /// Receive stamp given to [`crate::LogWriter::append`], in nanoseconds.
    pub ts_recv: i64,
    /// Run of the daemon that wrote it.
    pub run: u32,
    /// The bytes appended.
    pub payload: &'a [u8],
}

/// A sound frame's place and head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameView {
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) seq: u64,
    pub(crate) ts_recv: i64,
}

impl FrameView {
    /// Where the next frame starts.
    pub(crate) fn next_at(&self) -> usize {
        self.at + padded(self.length)
    }
}

impl SegmentView {
    /// Maps segment `number` of the log in `log_dir` and checks its header.
    pub(crate) fn open(log_dir: &Path, number: u64) -> Result<Self, Error> {
        let path = dir::segment_path(log_dir, number);
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        let bytes = file.metadata().map_err(Error::io("stat", &path))?.len();
        if bytes < PAGE_BYTES as u64 {
            return Err(Error::TornHeader { path });
        }
        let map = ReadMap::new(&file).map_err(Error::io("map", &path))?;
        let header = match Header::parse(map.bytes(0, PAGE_BYTES).unwrap_or_default()) {
            Ok(header) => header,
            Err(HeaderFault::Torn) => return Err(Error::TornHeader { path }),
            Err(HeaderFault::Newer(found)) => {
                return Err(Error::NewerFormat {
                    path,
                    found,
                    known: VERSION,
                });
            }
        };
        let view = Self {
            seed: header.seed(),
            path,
            header,
            map,
        };
        view.expect_number(number)
    }

    fn expect_number(self, number: u64) -> Result<Self, Error> {
        let found = self.header.number.get();
        if found == number {
            return Ok(self);
        }
        let (expected, found) = (format!("number {number}"), format!("number {found}"));
        Err(Error::WrongSegment {
            path: self.path,
            expected,
            found,
        })
    }

    /// Refuses a segment of the other log.
    pub(crate) fn expect_kind(self, kind: LogKind) -> Result<Self, Error> {
        if self.kind() == kind {
            return Ok(self);
        }
        let (expected, found) = (kind.name().to_owned(), self.kind().name().to_owned());
        Err(Error::WrongSegment {
            path: self.path,
            expected,
            found,
        })
    }

    pub(crate) fn number(&self) -> u64 {
        self.header.number.get()
    }

    pub(crate) fn kind(&self) -> LogKind {
        LogKind::from_number(self.header.kind.get()).unwrap_or(LogKind::Records)
    }

    pub(crate) fn seed(&self) -> u32 {
        self.seed
    }

    /// Length of the file when it was opened.
    pub(crate) fn file_bytes(&self) -> usize {
        self.map.len()
    }

    /// The mark that says where the segment starts in the log; `None` while it is only prepared.
    pub(crate) fn start_mark(&self) -> Option<Mark> {
        self.mark_at(START_MARK_AT)
    }

    /// The mark that says where the segment ends and that all before it is on the medium.
    pub(crate) fn seal_mark(&self) -> Option<Mark> {
        self.mark_at(SEAL_MARK_AT)
    }

    /// True once frames may stand here. A prepared segment is invisible: it may yet be removed
    /// unused.
    pub(crate) fn is_started(&self) -> bool {
        self.start_mark().is_some() || self.first_frame().is_some()
    }

    /// The frame the segment begins with, if one is there and sound.
    pub(crate) fn first_frame(&self) -> Option<FrameView> {
        match self.look(self.header.data_offset()) {
            Look::Frame(view) => Some(view),
            _ => None,
        }
    }

    fn mark_at(&self, at: usize) -> Option<Mark> {
        self.map.load(at).filter(|&offset| offset != 0)?;
        Mark::decode(self.map.bytes(at, MARK_BYTES)?, self.seed)
    }

    fn index_mark(&self, slot: usize) -> Option<Mark> {
        self.mark_at(INDEX_AT + slot * MARK_BYTES)
    }

    /// The last index mark of which `before` is true, see [`index::last_before`].
    pub(crate) fn last_mark(&self, before: impl Fn(&Mark) -> bool) -> Option<Mark> {
        let read = |slot| self.index_mark(slot);
        index::last_before(self.header.index_slots(), read, before).map(|(_, mark)| mark)
    }

    /// What stands at `at`.
    #[inline(always)]
    pub(crate) fn look(&self, at: usize) -> Look {
        match self.map.load(at) {
            Some(0) => Look::Unwritten,
            Some(END_OF_SEGMENT) => Look::End,
            Some(length) => self.look_at_frame(at, length),
            None => Look::Bad(Rule::Bounds),
        }
    }

    #[inline(always)]
    fn look_at_frame(&self, at: usize, length: u32) -> Look {
        let bytes = length as usize;
        if bytes < FRAME_HEADER_BYTES {
            return Look::Bad(Rule::Length);
        }
        let Some(frame) = self.map.bytes(at, bytes) else {
            return Look::Bad(Rule::Length);
        };
        let Ok((head, _)) = FrameHeader::ref_from_prefix(frame) else {
            return Look::Bad(Rule::Length);
        };
        if frame_checksum(self.seed, length, &frame[FRAME_BODY_AT..]) != head.crc.get() {
            return Look::Bad(Rule::Checksum);
        }
        let (seq, ts_recv) = (head.seq.get(), head.ts_recv.get());
        Look::Frame(FrameView {
            at,
            length: bytes,
            seq,
            ts_recv,
        })
    }

    /// Asks for the cache lines of up to `bytes` bytes from `at`, as many as are worth it.
    #[inline]
    pub(crate) fn prefetch(&self, at: usize, bytes: usize) {
        for line in 0..bytes.min(PREFETCH_FRAME).div_ceil(LINE_BYTES) {
            self.map.prefetch(at + line * LINE_BYTES);
        }
    }

    /// The frame that [`Self::look`] announced.
    #[inline(always)]
    pub(crate) fn frame(&self, view: &FrameView) -> Frame<'_> {
        let at = view.at + FRAME_HEADER_BYTES;
        let payload = match self.map.bytes(at, view.length - FRAME_HEADER_BYTES) {
            Some(payload) => payload,
            None => nothing(),
        };
        Frame {
            seq: view.seq,
            ts_recv: view.ts_recv,
            run: self.header.run.get(),
            payload,
        }
    }

    /// The first sound frame at or behind `from` whose number is at least `seq`.
    ///
    /// For damaged places only: tries every aligned offset. Numbers further on than the segment has
    /// room for are not believed, which keeps the checksum from being computed for nearly every
    /// garbage word.
    pub(crate) fn next_legible(&self, from: usize, seq: u64) -> Option<FrameView> {
        let room = (self.file_bytes() / FRAME_HEADER_BYTES) as u64;
        let numbers = seq..=seq.saturating_add(room);
        let mut offsets = (from..self.file_bytes()).step_by(super::format::FRAME_ALIGN);
        offsets.find_map(|at| {
            let head = self.map.bytes(at, FRAME_HEADER_BYTES)?;
            let (head, _) = FrameHeader::ref_from_prefix(head).ok()?;
            if !numbers.contains(&head.seq.get()) {
                return None;
            }
            match self.look(at) {
                Look::Frame(view) => Some(view),
                _ => None,
            }
        })
    }

    /// One past the last byte at or behind `from` that is not zero; `from` if there is none.
    pub(crate) fn written_end(&self, from: usize) -> usize {
        let tail = self.file_bytes().saturating_sub(from);
        let tail = self.map.bytes(from, tail).unwrap_or_default();
        from + tail
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1)
    }
}

/// Payload of a view that is not of this segment. A branch that costs nothing, where a choice
/// between two pointers would have to be waited for.
#[cold]
fn nothing<'a>() -> &'a [u8] {
    &[]
}
