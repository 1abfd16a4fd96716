//! The bytes of a segment: constants, header, marks, frame header, and their checksums.
//!
//! This file is the code side of `docs/journal-format.md`; a test compares the two. Everything is
//! little-endian. Three invariants carry the rest:
//!
//! * The header never changes after the file has its name; its checksum covers all of it.
//! * Every other structure has its first word published last, and zero there means "not written".
//! * Every checksum is seeded with the segment's identity, so that bytes of another segment,
//!   however sound, are never taken for bytes of this one.

use std::mem::{offset_of, size_of};

use crate::checksum;
use zerocopy::byteorder::little_endian::{I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Which log of a journal a segment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum LogKind {
    /// The one ordered log of normalised records.
    Records = 1,
    /// The frames exactly as the venues sent them.
    Raw = 2,
    /// The frames that were refused, each with the rule it broke.
    Quarantine = 3,
}

impl LogKind {
    /// Directory name under the journal, and the word used in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LogKind::Records => "records",
            LogKind::Raw => "raw",
            LogKind::Quarantine => "quarantine",
        }
    }

    /// The kind with this number in a file.
    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(LogKind::Records),
            2 => Some(LogKind::Raw),
            3 => Some(LogKind::Quarantine),
            _ => None,
        }
    }
}

/// First bytes of every segment.
pub(crate) const MAGIC: [u8; 8] = *b"feeddjnl";
/// Newest format version this code reads and the one it writes.
pub(crate) const VERSION: u16 = 1;
/// Unit of file lengths; also the size of the header page.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Place of the mark that starts the segment.
pub(crate) const START_MARK_AT: usize = 128;
/// Place of the mark that seals the segment.
pub(crate) const SEAL_MARK_AT: usize = 160;
/// Place of the time index: directly behind the header page.
pub(crate) const INDEX_AT: usize = PAGE_BYTES;
/// At most one index mark per this many bytes of frames: 1,024 marks for 64 MiB, and a seek walks
/// at most this far.
pub(crate) const INDEX_STEP: usize = 64 * 1024;
/// The data area starts at a multiple of this, a cache line.
pub(crate) const DATA_ALIGN: usize = LINE_BYTES;
/// A cache line of the machines this is tuned for: the unit in which memory is asked for ahead.
pub(crate) const LINE_BYTES: usize = 64;
/// Length of the frame header, and so the smallest frame length.
pub(crate) const FRAME_HEADER_BYTES: usize = size_of::<FrameHeader>();
/// Frames start at multiples of this.
pub(crate) const FRAME_ALIGN: usize = 8;
/// The length that says: this segment ends here, go on in the next.
pub(crate) const END_OF_SEGMENT: u32 = u32::MAX;
/// Room every segment keeps for its end marker.
pub(crate) const END_MARKER_BYTES: usize = 8;
/// Smallest segment: the header page, one page of index and data at the least, and room to test
/// rolls.
pub(crate) const SEGMENT_BYTES_MIN: u32 = 4 * PAGE_BYTES as u32;
/// Largest segment: offsets stay far below `u32::MAX`, and recovery of one segment below a second.
pub(crate) const SEGMENT_BYTES_MAX: u32 = 1 << 30;
/// Number of the first frame of a new log. Zero is left to mean "none yet".
pub(crate) const FIRST_SEQ: u64 = 1;
/// No sequence number reaches this: 2^62 frames last a century at a billion a second. A cursor
/// beyond it is not believed.
pub(crate) const SEQ_LIMIT: u64 = 1 << 62;

/// The header: who this segment is. Written once, before the file gets its name.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    pub(crate) version: U16,
    pub(crate) kind: U16,
    /// CRC32C of these 128 bytes with this field zero. Place and coverage hold for every version.
    pub(crate) crc: U32,
    pub(crate) number: U64,
    pub(crate) run: U32,
    /// File length as preallocated; sealing shortens the file, not this field.
    pub(crate) segment_bytes: U32,
    pub(crate) created_wall_ns: I64,
    pub(crate) index_offset: U32,
    pub(crate) index_bytes: U32,
    pub(crate) data_offset: U32,
    pub(crate) reserved: [u8; 76],
}

const _: () = assert!(size_of::<Header>() == START_MARK_AT);
const _: () = assert!(START_MARK_AT + size_of::<MarkBytes>() <= SEAL_MARK_AT);

/// What a segment is, as its maker knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) kind: LogKind,
    pub(crate) number: u64,
    pub(crate) run: u32,
    pub(crate) segment_bytes: u32,
    /// Wall clock at creation, nanoseconds since 1970, as the journal's owner reads it.
    pub(crate) created_wall_ns: i64,
}

/// Why a header is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Torn,
    Newer(u16),
}

impl Header {
    pub(crate) fn new(id: &Identity) -> Self {
        let index_bytes = index_bytes(id.segment_bytes as usize);
        let mut header = Header {
            magic: MAGIC,
            version: U16::new(VERSION),
            kind: U16::new(id.kind as u16),
            crc: U32::new(0),
            number: U64::new(id.number),
            run: U32::new(id.run),
            segment_bytes: U32::new(id.segment_bytes),
            created_wall_ns: I64::new(id.created_wall_ns),
            index_offset: U32::new(INDEX_AT as u32),
            index_bytes: U32::new(index_bytes as u32),
            data_offset: U32::new(data_offset(index_bytes) as u32),
            reserved: [0; 76],
        };
        header.crc = U32::new(header.checksum());
        header
    }

    /// Reads and checks the header at the start of `file`.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, HeaderFault> {
        let (header, _) = Header::read_from_prefix(file).map_err(|_| HeaderFault::Torn)?;
        if header.magic != MAGIC || header.crc.get() != header.checksum() {
            return Err(HeaderFault::Torn);
        }
        match header.version.get() {
            VERSION if header.is_sane() => Ok(header),
            newer if newer > VERSION => Err(HeaderFault::Newer(newer)),
            _ => Err(HeaderFault::Torn),
        }
    }

    /// Seed of every other checksum in the segment. Segments of one run differ in their number, so
    /// their seeds differ for certain, not just probably: CRC32C tells any 32-bit change.
    pub(crate) fn seed(&self) -> u32 {
        let seed = crc32c::crc32c(self.number.as_bytes());
        let seed = crc32c::crc32c_append(seed, self.run.as_bytes());
        crc32c::crc32c_append(seed, self.kind.as_bytes())
    }

    /// Number of marks the time index has room for.
    pub(crate) fn index_slots(&self) -> usize {
        self.index_bytes.get() as usize / size_of::<MarkBytes>()
    }

    pub(crate) fn data_offset(&self) -> usize {
        self.data_offset.get() as usize
    }

    fn checksum(&self) -> u32 {
        let mut copy = *self;
        copy.crc = U32::new(0);
        crc32c::crc32c(copy.as_bytes())
    }

    /// A sound checksum over impossible numbers means a writer gone wrong: not to be followed.
    fn is_sane(&self) -> bool {
        let bytes = self.segment_bytes.get();
        LogKind::from_number(self.kind.get()).is_some()
            && (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&bytes)
            && self.index_offset.get() as usize == INDEX_AT
            && self.index_bytes.get() as usize == index_bytes(bytes as usize)
            && self.data_offset() == data_offset(index_bytes(bytes as usize))
    }
}

/// Bytes of the time index of a segment of this length.
const fn index_bytes(segment_bytes: usize) -> usize {
    ((segment_bytes - PAGE_BYTES) / INDEX_STEP + 1) * size_of::<MarkBytes>()
}

/// Where the frames start behind an index of this length.
const fn data_offset(index_bytes: usize) -> usize {
    (INDEX_AT + index_bytes).next_multiple_of(DATA_ALIGN)
}

/// Longest payload a segment of this length can hold.
pub(crate) const fn payload_limit(segment_bytes: usize) -> usize {
    segment_bytes - END_MARKER_BYTES - data_offset(index_bytes(segment_bytes)) - FRAME_HEADER_BYTES
}

/// A place in the log: the frame at `offset` has the number `seq`, and no frame before it, in this
/// segment or any earlier one, was received later than `ts_max`.
///
/// One shape serves three purposes: where a segment starts, where it ends, and its time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) offset: u32,
    pub(crate) seq: u64,
    /// `i64::MIN` where no frame came before.
    pub(crate) ts_max: i64,
}

/// A mark as stored.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct MarkBytes {
    /// Published last; zero means "not written".
    pub(crate) offset: U32,
    pub(crate) crc: U32,
    pub(crate) seq: U64,
    pub(crate) ts_max: I64,
}

/// Bytes of a stored mark.
pub(crate) const MARK_BYTES: usize = size_of::<MarkBytes>();

impl Mark {
    pub(crate) fn encode(&self, seed: u32) -> MarkBytes {
        let mut bytes = MarkBytes {
            offset: U32::new(self.offset),
            crc: U32::new(0),
            seq: U64::new(self.seq),
            ts_max: I64::new(self.ts_max),
        };
        bytes.crc = U32::new(bytes.checksum(seed));
        bytes
    }

    /// The mark in these bytes, `None` where it is unwritten or damaged.
    #[inline(never)]
    pub(crate) fn decode(bytes: &[u8], seed: u32) -> Option<Self> {
        let (stored, _) = MarkBytes::read_from_prefix(bytes).ok()?;
        let sound = stored.offset.get() != 0 && stored.crc.get() == stored.checksum(seed);
        sound.then(|| Mark {
            offset: stored.offset.get(),
            seq: stored.seq.get(),
            ts_max: stored.ts_max.get(),
        })
    }
}

impl MarkBytes {
    fn checksum(&self, seed: u32) -> u32 {
        crc32c::crc32c_append(
            seed ^ self.offset.get(),
            &self.as_bytes()[offset_of!(Self, seq)..],
        )
    }
}

/// Header of a frame; the payload follows directly.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct FrameHeader {
    /// Header and payload, without padding. Published last; zero means "not written".
    pub(crate) length: U32,
    pub(crate) crc: U32,
    pub(crate) seq: U64,
    pub(crate) ts_recv: I64,
}

/// Where the part of a frame that its checksum covers directly begins. The length is covered by
/// being mixed into the seed, which is as strong and leaves one contiguous range.
pub(crate) const FRAME_BODY_AT: usize = offset_of!(FrameHeader, seq);
/// Where in a frame its checksum stands.
pub(crate) const FRAME_CRC_AT: usize = offset_of!(FrameHeader, crc);

const _: () = assert!(FRAME_HEADER_BYTES == FRAME_BODY_AT + checksum::HEAD);

/// Checksum of a frame whose bytes from [`FRAME_BODY_AT`] to its end are `body`.
#[inline(always)]
pub(crate) fn frame_checksum(seed: u32, length: u32, body: &[u8]) -> u32 {
    checksum::sum(seed ^ length, body)
}

/// Fills a frame of `length` bytes from its checksum on: `from_crc` is all of it but the length.
/// Equals writing the fields one by one and [`frame_checksum`], in one pass.
#[inline(always)]
pub(crate) fn fill_frame(
    from_crc: &mut [u8],
    seed: u32,
    length: u32,
    stamp: (u64, i64),
    parts: &[&[u8]],
) {
    let Some((crc, body)) = from_crc.split_first_chunk_mut::<{ FRAME_BODY_AT - FRAME_CRC_AT }>()
    else {
        return;
    };
    let head = [stamp.0, stamp.1.cast_unsigned()];
    *crc = checksum::copy(seed ^ length, head, parts, body).to_le_bytes();
}

/// Bytes a frame of this length takes in the file.
#[inline]
pub(crate) const fn padded(length: usize) -> usize {
    length.next_multiple_of(FRAME_ALIGN)
}

/// `bytes` rounded up to whole pages.
pub(crate) const fn whole_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(PAGE_BYTES)
}
