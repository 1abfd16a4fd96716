//! One line of an interval log, checked before it is believed.
//!
//! The lengths inside a line are the writer's word. The histogram decoder allocates what they say,
//! so they are compared with what is there first.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use thiserror::Error;

/// Most buckets of one histogram: three significant digits over all of `u64` take about 56,000.
pub(super) const BUCKETS_MAX: usize = 1 << 17;

/// First word of a compressed histogram.
const COMPRESSED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
/// Bytes before the counts of a histogram.
const HEAD_BYTES: usize = 40;
/// Where the head gives the bytes of counts.
const LENGTH_AT: usize = 4;
/// Longest histogram: head and nine bytes for each bucket.
const HISTOGRAM_BYTES_MAX: usize = HEAD_BYTES + 9 * BUCKETS_MAX;

/// Why a line was passed over.
#[derive(Debug, Error)]
pub(super) enum Unreadable {
    /// The last line has no end: the writer is still at it, or was killed.
    #[error("the last line is unfinished and was left out")]
    Unfinished,
    /// Longer than any interval.
    #[error("the line is longer than any interval")]
    TooLong,
    /// Neither interval nor comment.
    #[error("the line is neither an interval nor a comment")]
    Syntax,
    /// The interval's histogram contradicts itself.
    #[error("the interval's histogram is damaged")]
    Histogram,
    /// More tags than are kept apart.
    #[error("more tags than can be kept apart")]
    TooManyTags,
    /// The file breaks off.
    #[error("damaged: {0}")]
    File(io::Error),
}

/// An interval whose histogram is still packed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval<'a> {
    /// Its tag, if it has one.
    pub(super) tag: Option<&'a str>,
    packed: &'a str,
}

impl<'a> Interval<'a> {
    /// Reads a line; nothing for comments, headers and blank lines.
    pub(super) fn parse(text: &'a mut Vec<u8>) -> Result<Option<Self>, Unreadable> {
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let finished = text.ends_with(b"\n");
        if !finished {
            text.push(b'\n');
        }
        match IntervalLogIterator::new(text).next() {
            Some(Ok(LogEntry::Interval(interval))) => {
                let packed = interval.encoded_histogram();
                let tag = interval.tag().map(|tag| tag.as_str());
                let interval = Self { tag, packed };
                // A line cut inside its histogram looks whole.
                if !finished && interval.histogram().is_err() {
                    return Err(Unreadable::Unfinished);
                }
                Ok(Some(interval))
            }
            Some(Err(_)) if !finished => Err(Unreadable::Unfinished),
            Some(Err(_)) => Err(Unreadable::Syntax),
            Some(Ok(LogEntry::StartTime(_) | LogEntry::BaseTime(_))) | None => Ok(None),
        }
    }

    /// Unpacks the histogram.
    pub(super) fn histogram(&self) -> Result<Histogram<u64>, Unreadable> {
        let bytes = STANDARD
            .decode(self.packed)
            .map_err(|_| Unreadable::Histogram)?;
        let bytes = match bytes.strip_prefix(&COMPRESSED) {
            Some(zipped) => inflate(zipped.get(4..).unwrap_or_default())?,
            None => bytes,
        };
        check_length(&bytes)?;
        let histogram: Histogram<u64> = Deserializer::new()
            .deserialize(&mut &bytes[..])
            .map_err(|_| Unreadable::Histogram)?;
        // A saturated sum, or a resolution nobody can merge in bounded memory.
        let sound = histogram.len() < u64::MAX && histogram.distinct_values() <= BUCKETS_MAX;
        sound.then_some(histogram).ok_or(Unreadable::Histogram)
    }
}

fn inflate(zipped: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(zipped)
        .take(HISTOGRAM_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| Unreadable::Histogram)?;
    Ok(bytes)
}

/// The counts that the head announces must be there.
fn check_length(bytes: &[u8]) -> Result<(), Unreadable> {
    let length = bytes
        .get(LENGTH_AT..)
        .and_then(<[u8]>::first_chunk)
        .map(|length| u32::from_be_bytes(*length) as usize);
    let there = bytes.len().checked_sub(HEAD_BYTES);
    match (length, there) {
        (Some(length), Some(there)) if length <= there && there <= 9 * BUCKETS_MAX => Ok(()),
        _ => Err(Unreadable::Histogram),
    }
}
