//! Where in a log a reader begins: first the segment, then the place in it.
//!
//! Both are binary searches over marks (see [`super::format::Mark`]): over the segments' start
//! marks, then over the segment's time index. Marks may be damaged; a place found is then too
//! early, never too late, and the reader walks on from there to the first frame it was asked for.

use std::path::Path;

use super::format::Mark;
use super::index::last_before;
use super::segment::{FrameView, Look, SegmentView};
use crate::error::Error;

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest frame there is.
    Oldest,
    /// Behind the newest frame there is: only what comes.
    Newest,
    /// At this sequence number. If it is gone, [`crate::ReadError::Missed`] comes first.
    Seq(u64),
    /// At the first frame, in log order, whose `ts_recv` is this or later.
    Time(i64),
}

/// True if a reader that starts at `until` does not want `frame` yet.
pub(crate) fn is_before(frame: &FrameView, until: Start) -> bool {
    match until {
        Start::Seq(seq) => frame.seq < seq,
        Start::Time(ts) => frame.ts_recv < ts,
        Start::Oldest | Start::Newest => false,
    }
}

/// The segment in which `start` lies, of those with these numbers; the oldest if it lies before
/// all.
pub(crate) fn choose(
    log_dir: &Path,
    numbers: &[u64],
    start: Start,
) -> Result<Option<SegmentView>, Error> {
    let open = |slot: usize| SegmentView::open(log_dir, numbers[slot]);
    let Some(count) = started_count(numbers.len(), open)? else {
        return Ok(None);
    };
    let mark = |slot: usize| open(slot).ok()?.start_mark();
    let found = match start {
        Start::Oldest => None,
        Start::Newest => return open(count - 1).map(Some),
        Start::Seq(seq) => last_before(count, mark, |mark| mark.seq <= seq),
        Start::Time(ts) => last_before(count, mark, |mark| mark.ts_max < ts),
    };
    for slot in found.map_or(0, |(slot, _)| slot)..count {
        match open(slot) {
            Err(Error::TornHeader { .. }) => {}
            other => return other.map(Some),
        }
    }
    Ok(None)
}

/// One more than the slot of the last started segment. Behind it there is at most what was
/// prepared, and what a crash left.
fn started_count(
    count: usize,
    open: impl Fn(usize) -> Result<SegmentView, Error>,
) -> Result<Option<usize>, Error> {
    for slot in (0..count).rev() {
        match open(slot) {
            Err(Error::TornHeader { .. }) => {}
            other => {
                if other?.is_started() {
                    return Ok(Some(slot + 1));
                }
            }
        }
    }
    Ok(None)
}

/// The place behind the last frame of `segment`.
pub(crate) fn tail(segment: &SegmentView) -> Mark {
    let last = segment.last_mark(|_| true).or_else(|| segment.start_mark());
    let mut place = last.unwrap_or(Mark {
        offset: segment.header.data_offset() as u32,
        seq: 0,
        ts_max: i64::MIN,
    });
    while let Look::Frame(frame) = segment.look(place.offset as usize) {
        place.offset = frame.next_at() as u32;
        place.seq = frame.seq + 1;
    }
    place
}
