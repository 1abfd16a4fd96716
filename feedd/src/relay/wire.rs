//! A batch on the wire: frames of one journal, of one run, whose numbers follow each other.
//!
//! The same bytes travel in an Aeron message and in an answer of the replay service. Everything is
//! little-endian.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `fdb1` |
//! | 4 | 4 | CRC32C of all bytes behind this field |
//! | 8 | 16 | identity of the journal |
//! | 24 | 8 | number of the first frame; of the one to come next where the batch has none |
//! | 32 | 4 | run of the journal that wrote the frames |
//! | 36 | 4 | number of frames |
//! | 40 | | the frames |
//!
//! A frame is the journal's, without what the batch says once (number, checksum):
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | bytes of the payload |
//! | 4 | 4 | zero |
//! | 8 | 8 | `ts_recv`, nanoseconds |
//! | 16 | | the payload, then zeros to a multiple of 8 |
//!
//! A batch without frames is a sign of life that tells how far the journal is. [`Batch::parse`]
//! checks every byte, so that walking a batch cannot fail.

use std::mem::offset_of;

use feedd_codecs::record::RECORD_BYTES_MAX;
use zerocopy::byteorder::little_endian::{I64, U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::position::{Position, SEQ_MAX};

const MAGIC: [u8; 4] = *b"fdb1";
/// Frames begin at multiples of this within a batch.
const ALIGN: usize = 8;
/// Longest batch: one frame of the longest record that another relay has added its origins to, with
/// its heads.
pub const BATCH_BYTES_MAX: usize = RECORD_BYTES_MAX + (64 << 10);
/// What a batch of one frame has around the frame's payload, padding included.
pub const BATCH_OVERHEAD: usize = HEAD + FRAME_HEAD + ALIGN;

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Head {
    magic: [u8; 4],
    crc: U32,
    journal: U128,
    first_seq: U64,
    run: U32,
    count: U32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct FrameHead {
    length: U32,
    zero: U32,
    ts_recv: I64,
}

const HEAD: usize = size_of::<Head>();
const FRAME_HEAD: usize = size_of::<FrameHead>();
/// From here on the checksum covers a batch.
const SUMMED_AT: usize = offset_of!(Head, journal);

const _: () = assert!(HEAD == 40 && FRAME_HEAD == 16);

/// Why bytes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter than its own lengths say, or longer.
    #[error("the batch's lengths do not add up")]
    Length,
    /// Not a batch of this version.
    #[error("the bytes do not begin as a batch of this version does")]
    Magic,
    /// Damaged on the way.
    #[error("the batch fails its checksum")]
    Checksum,
    /// Sound bytes with a number or a run that no journal gives.
    #[error("the batch has numbers that no journal gives")]
    Numbers,
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFrame<'a> {
    /// Its number in the source's journal.
    pub seq: u64,
    /// Receive stamp, nanoseconds.
    pub ts_recv: i64,
    /// The record.
    pub payload: &'a [u8],
}

/// A checked batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Identity of the journal.
    pub journal: u128,
    /// Run that wrote the frames.
    pub run: u32,
    /// Number of the first frame, or of the one to come.
    pub first_seq: u64,
    /// Number of frames.
    pub count: u32,
    frames: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Checks all of `bytes`.
    ///
    /// # Errors
    ///
    /// A [`WireError`]; whatever the bytes are, this does not panic.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (head, frames) = Head::read_from_prefix(bytes).map_err(|_| WireError::Length)?;
        if head.magic != MAGIC {
            return Err(WireError::Magic);
        }
        let summed = bytes.get(SUMMED_AT..).ok_or(WireError::Length)?;
        if crc32c::crc32c(summed) != head.crc.get() {
            return Err(WireError::Checksum);
        }
        let batch = Self {
            journal: head.journal.get(),
            run: head.run.get(),
            first_seq: head.first_seq.get(),
            count: head.count.get(),
            frames,
        };
        if batch.run == 0 || batch.first_seq > SEQ_MAX {
            return Err(WireError::Numbers);
        }
        batch.check_frames().map(|()| batch)
    }

    fn check_frames(&self) -> Result<(), WireError> {
        let mut rest = self.frames;
        for _ in 0..self.count {
            (_, rest) = split(rest).ok_or(WireError::Length)?;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(WireError::Length)
        }
    }

    /// Number of the frame behind the last.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.first_seq + u64::from(self.count)
    }

    /// Where the first frame stands.
    #[must_use]
    pub const fn first(&self) -> Position {
        Position {
            run: self.run,
            seq: self.first_seq,
        }
    }

    /// The frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = WireFrame<'a>> + use<'a> {
        let (mut rest, mut seq) = (self.frames, self.first_seq);
        std::iter::from_fn(move || {
            let ((ts_recv, payload), behind) = split(rest)?;
            rest = behind;
            seq += 1;
            Some(WireFrame {
                seq: seq - 1,
                ts_recv,
                payload,
            })
        })
    }
}

/// A stamp and a payload.
type Stamped<'a> = (i64, &'a [u8]);

/// The first frame's stamp and payload, and the bytes behind it.
fn split(bytes: &[u8]) -> Option<(Stamped<'_>, &[u8])> {
    let (head, rest) = FrameHead::read_from_prefix(bytes).ok()?;
    let length = usize::try_from(head.length.get()).ok()?;
    let padded = length.checked_next_multiple_of(ALIGN)?;
    let (padded, behind) = rest.split_at_checked(padded)?;
    let payload = padded.get(..length)?;
    Some(((head.ts_recv.get(), payload), behind))
}

/// Gathers frames into a batch of at most so many bytes.
#[derive(Debug)]
pub struct Packer {
    journal: u128,
    limit: usize,
    first: Position,
    count: u32,
    bytes: Vec<u8>,
}

impl Packer {
    /// A packer of batches of the journal with this identity. A frame that is longer than `limit`
    /// makes a batch of its own.
    #[must_use]
    pub fn new(journal: u128, limit: usize) -> Self {
        Self {
            journal,
            limit,
            first: Position::START,
            count: 0,
            bytes: vec![0; HEAD],
        }
    }

    /// Takes a frame, unless the batch has to be sent first: it is full, or the frame does not
    /// continue it.
    #[must_use]
    pub fn push(&mut self, frame: &feedd_storage::Frame<'_>) -> bool {
        let length = FRAME_HEAD + frame.payload.len().next_multiple_of(ALIGN);
        let place = Position {
            run: frame.run,
            seq: frame.seq,
        };
        if self.count == 0 {
            self.first = place;
        } else if self.next() != place || self.bytes.len() + length > self.limit {
            return false;
        }
        let head = FrameHead {
            length: U32::new(u32::try_from(frame.payload.len()).unwrap_or(u32::MAX)),
            zero: U32::new(0),
            ts_recv: I64::new(frame.ts_recv),
        };
        let end = self.bytes.len() + length;
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(frame.payload);
        self.bytes.resize(end, 0);
        self.count += 1;
        true
    }

    fn next(&self) -> Position {
        Position {
            run: self.first.run,
            seq: self.first.seq + u64::from(self.count),
        }
    }

    /// Frames in the batch.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The finished batch; it stays until [`Packer::clear`].
    pub fn finish(&mut self) -> &[u8] {
        self.seal(self.first)
    }

    /// A batch without frames: the next frame will stand at `next`. Only where the packer is empty.
    pub fn sign_of_life(&mut self, next: Position) -> &[u8] {
        self.seal(next)
    }

    /// Makes room for the next batch.
    pub fn clear(&mut self) {
        self.bytes.truncate(HEAD);
        self.count = 0;
    }

    fn seal(&mut self, first: Position) -> &[u8] {
        let mut head = Head {
            magic: MAGIC,
            crc: U32::new(0),
            journal: U128::new(self.journal),
            first_seq: U64::new(first.seq),
            run: U32::new(first.run),
            count: U32::new(self.count),
        };
        if let Some((place, frames)) = self.bytes.split_first_chunk_mut::<HEAD>() {
            let crc = crc32c::crc32c(head.as_bytes().split_at(SUMMED_AT).1);
            head.crc = U32::new(crc32c::crc32c_append(crc, frames));
            place.copy_from_slice(head.as_bytes());
        }
        &self.bytes
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
