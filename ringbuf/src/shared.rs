//! What producer, cursors and taps share, and the handle from which taps and gauges come.
//!
//! Each group of positions has cache lines of its own, so that a thread which only reads never
//! slows one which writes something else:
//!
//! | group | written by | read by |
//! |---|---|---|
//! | `claimed` | producer, once per eighth of the ring | taps, on every poll |
//! | `newest` | producer, on every push | taps that were lapped; gauges |
//! | one gate per cursor | its cursor, once per batch | producer, when the ring looks full; gauges |

use std::fmt;

use crossbeam_utils::CachePadded;

use crate::lines::{LINE_BYTES, Lines, MARK_CLOSED, MARK_NONE};
use crate::sync::{Arc, AtomicU64, Ordering, fence};
use crate::tap::Tap;
use crate::wait::Waiter;

/// Gate of a dropped cursor: never the smallest.
pub(crate) const GATE_OPEN: u64 = u64::MAX;

/// One ring.
pub(crate) struct Shared {
    pub(crate) lines: Lines,
    /// The producer may have written to any position below this; see [`Shared::is_intact`].
    pub(crate) claimed: CachePadded<AtomicU64>,
    pub(crate) newest: CachePadded<Newest>,
    /// Per cursor the position below which it has released everything, or [`GATE_OPEN`].
    pub(crate) gates: Box<[CachePadded<AtomicU64>]>,
}

/// Where the producer stands.
pub(crate) struct Newest {
    /// Position of the newest frame; 0 also when there is none.
    pub(crate) position: AtomicU64,
    /// Position behind the newest frame.
    pub(crate) head: AtomicU64,
    /// Frames published.
    pub(crate) frames: AtomicU64,
}

/// A place to read from: a frame's position and ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) ordinal: u64,
}

impl Shared {
    pub(crate) fn new(capacity_lines: usize, cursors: usize) -> Self {
        let zero = || CachePadded::new(AtomicU64::new(0));
        let newest = Newest {
            position: AtomicU64::new(0),
            head: AtomicU64::new(0),
            frames: AtomicU64::new(0),
        };
        Self {
            lines: Lines::new(capacity_lines),
            claimed: zero(),
            newest: CachePadded::new(newest),
            gates: (0..cursors).map(|_| zero()).collect(),
        }
    }

    /// Position of the slowest cursor, [`GATE_OPEN`] when there is none.
    ///
    /// Acquire: what the cursors read before they released happens before what the caller writes.
    pub(crate) fn slowest(&self) -> u64 {
        let gates = self.gates.iter().map(|gate| gate.load(Ordering::Acquire));
        gates.min().unwrap_or(GATE_OPEN)
    }

    /// Whether everything the calling thread has read so far at `position` and behind it, up to
    /// the end of that frame, was still the frame of this lap.
    ///
    /// The reader's half of a seqlock. The producer raises `claimed`, fences (release) and only
    /// then writes. Had any load before this call seen such a write, the two fences order the
    /// raised `claimed` before the load here, which then tells.
    #[inline]
    pub(crate) fn is_intact(&self, position: u64) -> bool {
        fence(Ordering::Acquire);
        self.claimed.load(Ordering::Relaxed) <= position + self.lines.capacity()
    }

    /// The newest frame's place, or the place of the first when none was published. Nothing when
    /// the producer overtook this very call.
    pub(crate) fn newest_place(&self) -> Option<Place> {
        let position = self.newest.position.load(Ordering::Acquire);
        let mark = self.lines.mark(position).load(Ordering::Relaxed);
        let ordinal = if matches!(mark, MARK_NONE | MARK_CLOSED) {
            0
        } else {
            mark - 1
        };
        self.is_intact(position)
            .then_some(Place { position, ordinal })
    }
}

/// Handle of a ring: makes taps and shows gauges. Clones name the same ring.
///
/// Its methods may be called from any thread at any time and do not disturb the hot path.
#[derive(Clone)]
pub struct Ring {
    pub(crate) shared: Arc<Shared>,
}

impl Ring {
    /// Adds a tap. It starts at the newest published frame, or at the first when there is none.
    ///
    /// Lock-free: starts over only when the producer went once round the ring meanwhile.
    #[must_use]
    pub fn tap(&self) -> Tap {
        let waiter = Waiter::new();
        loop {
            if let Some(place) = self.shared.newest_place() {
                return Tap::new(Arc::clone(&self.shared), place);
            }
            waiter.pause();
        }
    }

    /// Size of the ring in bytes, headers included.
    #[must_use]
    pub fn capacity_bytes(&self) -> u64 {
        self.shared.lines.capacity() * LINE_BYTES as u64
    }

    /// Bytes the slowest cursor has not released yet: headers and paddings included, between 0 and
    /// [`capacity_bytes`](Self::capacity_bytes). 0 when no cursor is left.
    ///
    /// A gauge: exact when the threads rest, else as of about now.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        // The gates first: they only grow towards a head that is read later.
        let slowest = self.shared.slowest();
        let head = self.shared.newest.head.load(Ordering::Relaxed);
        let used = head.saturating_sub(slowest) * LINE_BYTES as u64;
        used.min(self.capacity_bytes())
    }

    /// Frames published since the ring was made, paddings not counted.
    #[must_use]
    pub fn frames_published(&self) -> u64 {
        self.shared.newest.frames.load(Ordering::Relaxed)
    }

    /// Largest payload in bytes that fits into one frame: half the capacity less the header.
    #[must_use]
    pub fn max_frame_bytes(&self) -> usize {
        self.shared.lines.max_len()
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity_bytes", &self.capacity_bytes())
            .field("used_bytes", &self.used_bytes())
            .field("frames_published", &self.frames_published())
            .finish()
    }
}
