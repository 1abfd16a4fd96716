//! Lock-free broadcast ring for variable-length frames: one producer, many readers, each with its
//! own place.
//!
//! ```
//! use feedd_ringbuf::{Polled, Tapped, ring};
//!
//! let (mut producer, [mut journal]) = ring::<1>(1024)?;
//! let mut tap = producer.ring().tap();
//!
//! producer.try_push(1, &[b"header", b"body"])?;
//!
//! let Polled::Frame(frame) = journal.poll() else { panic!("the frame is there") };
//! assert_eq!((frame.tag, frame.payload), (1, &b"headerbody"[..]));
//! assert_eq!(journal.poll(), Polled::Empty);
//!
//! let mut copy = [0; 64];
//! assert_eq!(tap.poll(&mut copy), Tapped::Frame { tag: 1, len: 10 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Promises
//!
//! * **Who.** A ring has one [`Producer`], a number of [`Cursor`]s fixed when it is made, and any
//!   number of [`Tap`]s added at any time through the [`Ring`] handle. Each may live on a thread of
//!   its own and move between threads.
//! * **Wait-free.** [`Producer::try_push`], [`Batch::try_push`], [`Cursor::poll`],
//!   [`Cursor::frames`], [`Cursor::release`] and [`Tap::poll`] finish in a number of steps bounded by the frame's length and the number of cursors, whatever
//!   other threads do. They do not allocate, lock, log or call the system. [`Ring::tap`] is
//!   lock-free. Only [`ring`] allocates.
//! * **Full.** A cursor sees every frame. What it has not released cannot be overwritten; a push
//!   that would need that space fails with [`PushError::Full`] and changes nothing.
//! * **Lapped.** A tap never holds the producer back. When the producer has run over it, the tap
//!   learns the exact number of frames it missed and goes on at the newest frame: for each tap,
//!   frames received + missed = frames published since it started.
//! * **Empty and closed.** Polling an empty ring returns at once. Dropping the producer closes the
//!   ring; a reader sees that after it has read every frame, and then finds the gauges final. Dropping a cursor stops its gating.
//! * **Capacity** is exact: a power of two of 64-byte lines. A frame takes the lines for its payload
//!   and 16 bytes of header; one line stays free; the lines at the end of the memory which are too
//!   few for a frame are skipped. The largest frame is half the ring less 16 bytes.
//! * **Order.** Every reader sees frames in the order pushed, each whole; those of a batch, all or
//!   none.
//!
//! # How it works
//!
//! The layout is drawn in `lines.rs`. The mark that publishes a frame lies in the frame's first
//! line, so a waiting reader needs the transfer of one cache line where a separate index would need
//! two. The mark is the frame's ordinal, not its position: either is unique, and the ordinal is
//! also what a lapped tap needs, so the header has 16 bytes instead of 24.
//!
//! Three things keep the transfers few and off each other's way:
//!
//! * The producer touches the lines of the next frames right after a push, for writing: when the
//!   next frame comes, they are in its cache already.
//! * A waiting cursor asks for the lines behind the mark too, as many as the last frame had, so a
//!   frame of several lines arrives in the time of one (`cursor.rs`).
//! * A [`Batch`] keeps the mark of its first frame back until all are written: readers stay off its
//!   lines meanwhile. [`Cursor::frames`] is the reading half: one release for many frames, which
//!   can be looked at side by side.
//!
//! Why stale bytes are never taken for a mark: `producer.rs`. Why a tap never takes a torn frame
//! for a whole one: `tap.rs` and `Shared::is_intact` in `shared.rs`. Why a cursor may look at plain
//! bytes: `view` in `cursor.rs`.
//!
//! How it compares with other rings: `benches/record`, made by `benches/rivals`.
//!
//! # Checking it
//!
//! ```text
//! cargo test -p feedd-ringbuf
//!
//! # every interleaving of small cases, up to LOOM_MAX_PREEMPTIONS preemptions (default 2)
//! RUSTFLAGS="--cfg loom" cargo test -p feedd-ringbuf --release --test loom
//!
//! # data races under load
//! RUSTC_BOOTSTRAP=1 TSAN_OPTIONS="suppressions=tests/tsan.supp" \
//!     RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
//!     cargo test -p feedd-ringbuf --target x86_64-unknown-linux-gnu --test stress
//! ```

mod cursor;
mod lines;
mod prefetch;
mod producer;
mod shared;
mod sync;
mod tap;
mod wait;
mod words;

pub use cursor::{Cursor, Frame, Frames, Polled};
pub use lines::{CAPACITY_LINES_MAX, CAPACITY_LINES_MIN, HEADER_BYTES, LINE_BYTES};
pub use producer::{Batch, Producer, PushError};
pub use shared::Ring;
pub use tap::{Tap, Tapped};
pub use wait::Waiter;

/// Why a ring was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// The capacity is not a power of two within the limits.
    #[error(
        "ring capacity must be a power of two from {CAPACITY_LINES_MIN} to {CAPACITY_LINES_MAX} \
         lines of {LINE_BYTES} bytes, got {lines}: take {nearest}"
    )]
    Capacity {
        /// The capacity asked for.
        lines: usize,
        /// The next possible one.
        nearest: usize,
    },
}

/// Makes a ring of `capacity_lines` lines of 64 bytes with `CURSORS` cursors.
///
/// The memory is allocated and written here, so no page fault is left for later. With no cursor at
/// all the ring is never full.
///
/// # Errors
///
/// [`RingError::Capacity`] unless `capacity_lines` is a power of two from [`CAPACITY_LINES_MIN`] to
/// [`CAPACITY_LINES_MAX`].
pub fn ring<const CURSORS: usize>(
    capacity_lines: usize,
) -> Result<(Producer, [Cursor; CURSORS]), RingError> {
    let nearest = nearest_capacity(capacity_lines);
    if nearest != capacity_lines {
        return Err(RingError::Capacity {
            lines: capacity_lines,
            nearest,
        });
    }
    let shared = sync::Arc::new(shared::Shared::new(capacity_lines, CURSORS));
    let cursors = std::array::from_fn(|gate| Cursor::new(sync::Arc::clone(&shared), gate));
    Ok((Producer::new(Ring { shared }), cursors))
}

fn nearest_capacity(lines: usize) -> usize {
    lines
        .clamp(CAPACITY_LINES_MIN, CAPACITY_LINES_MAX)
        .next_power_of_two()
}
