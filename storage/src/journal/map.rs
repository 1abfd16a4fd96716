//! Memory mappings: the only file of this crate with `unsafe`.
//!
//! The one idea: a mapping is never a Rust slice that somebody may change. What can be done with it
//! is copy in, publish a word, load a word, and look at bytes that were published. Invariants:
//!
//! 1. A pointer is used only after its range was checked against the mapping's length, and the
//!    mapping lives as long as the object that owns it.
//! 2. A [`WriteMap`] is the only object that writes through its mapping, needs `&mut` for it and
//!    lends bytes only to that owner. [`SyncMap`] shares the mapping but touches
//!    no byte.
//! 3. The file behind a mapping changes in one way only: the holder of the journal's lock fills
//!    bytes that were zero, then publishes them with a release store. A [`ReadMap`] lends bytes;
//!    its users ask only for ranges that a word loaded with acquire order has announced. Bytes
//!    announced never change again, save for the repair of a damaged tail by recovery, which no
//!    live frame is part of.
//! 4. No page of a mapping lies behind the end of its file: blocks are preallocated, and a sealed
//!    segment is cut only behind its end marker, past which no reader looks.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{Advice, MmapOptions, MmapRaw, UncheckedAdvice};

/// The writable mapping of a segment: one owner, one writer.
#[derive(Debug)]
pub(crate) struct WriteMap {
    raw: Arc<MmapRaw>,
}

impl WriteMap {
    /// Maps the whole of `file`, which must be preallocated.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        Ok(Self {
            raw: Arc::new(MmapOptions::new().map_raw(file)?),
        })
    }

    /// A handle for the thread that syncs and pre-faults.
    pub(crate) fn sync_map(&self) -> SyncMap {
        SyncMap {
            raw: Arc::clone(&self.raw),
        }
    }

    /// Copies `bytes` to `at`.
    #[inline]
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let target = self.pointer(at, bytes.len());
        // SAFETY: `pointer` checked the range (invariant 1); `&mut self` makes this the only access
        // in this process (invariant 2); a source slice cannot overlap memory that is never lent
        // mutably.
        unsafe { target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    /// Stores a word so that whoever loads it sees every byte written before.
    #[inline]
    pub(crate) fn publish(&mut self, at: usize, word: u32) {
        let target = self.pointer(at, size_of::<u32>()).cast::<u32>();
        assert!(
            target.is_aligned(),
            "words are published at multiples of four"
        );
        // SAFETY: in range (invariant 1), aligned (asserted), and accessed only as an atomic while
        // others may look at it (invariant 3).
        let word_in_map = unsafe { AtomicU32::from_ptr(target) };
        word_in_map.store(word.to_le(), Ordering::Release);
    }

    /// Lends bytes that nothing has announced yet, to be filled.
    #[inline]
    pub(crate) fn unpublished(&mut self, range: Range<usize>) -> &mut [u8] {
        let target = self.pointer(range.start, range.len());
        // SAFETY: in range (invariant 1); `&mut self` makes this the only access through this
        // mapping (invariant 2), and no other mapping's user looks at bytes that are not announced
        // (invariant 3).
        unsafe { std::slice::from_raw_parts_mut(target, range.len()) }
    }

    /// Starts the transfer of the cache line at `at` into this core's cache, to be written.
    #[inline]
    pub(crate) fn prefetch(&self, at: usize) {
        prefetch_to_write(self.raw.as_ptr().wrapping_add(at));
    }

    /// The one place where an offset becomes a pointer. A range outside the mapping is a bug in
    /// this crate and stops the process rather than the data.
    #[inline]
    fn pointer(&self, at: usize, bytes: usize) -> *mut u8 {
        let len = self.raw.len();
        assert!(at <= len && bytes <= len - at, "write outside the segment");
        self.raw.as_mut_ptr().wrapping_add(at)
    }
}

/// A share in a writable mapping that can sync and pre-fault it but touches no byte.
#[derive(Clone, Debug)]
pub(crate) struct SyncMap {
    raw: Arc<MmapRaw>,
}

impl SyncMap {
    /// Waits until the medium has the pages that hold `range`. Pages behind them stay dirty on
    /// purpose: cleaning them would undo their pre-fault.
    pub(crate) fn sync(&self, range: Range<usize>) -> io::Result<()> {
        let end = range.end.min(self.raw.len());
        self.raw
            .flush_range(range.start, end.saturating_sub(range.start))
    }

    /// Takes the pages of `range` out of this mapping at once; their bytes stay in the page cache.
    ///
    /// A sync of pages that are mapped for writing takes that right away page by page, and each time
    /// interrupts the core of the appender. Best effort: what stays mapped is synced all the same.
    pub(crate) fn let_go(&self, range: Range<usize>) {
        let end = range.end.min(self.raw.len());
        if range.start >= end {
            return;
        }
        // SAFETY: the mapping is shared and of a file: dropping its pages changes no byte, the next
        // access maps them again (invariant 4).
        let _ = unsafe {
            self.raw.unchecked_advise_range(
                UncheckedAdvice::DontNeed,
                range.start,
                end - range.start,
            )
        };
    }

    /// Faults `range` in for writing, so that the appender does not have to.
    pub(crate) fn prefault(&self, range: Range<usize>) -> io::Result<()> {
        self.advise(Advice::PopulateWrite, range)
    }

    /// Asks for huge pages, before anything is faulted in. A wish: where there are none, the pages
    /// are small and all is well.
    pub(crate) fn prefer_huge_pages(&self) {
        let _ = self.advise(Advice::HugePage, 0..self.raw.len());
    }

    fn advise(&self, advice: Advice, range: Range<usize>) -> io::Result<()> {
        let end = range.end.min(self.raw.len());
        if range.start >= end {
            return Ok(());
        }
        self.raw
            .advise_range(advice, range.start, end - range.start)
    }
}

/// A read-only mapping of a segment, which another thread or process may be writing.
#[derive(Debug)]
pub(crate) struct ReadMap {
    raw: MmapRaw,
}

impl ReadMap {
    /// Maps the whole of `file`, which must not be empty.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        Ok(Self {
            raw: MmapOptions::new().map_raw_read_only(file)?,
        })
    }

    /// Length of the file when it was mapped.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Loads a word with acquire order; `None` where it is outside the file or not aligned.
    #[inline]
    pub(crate) fn load(&self, at: usize) -> Option<u32> {
        let source = self.pointer(at, size_of::<u32>())?.cast::<u32>().cast_mut();
        if !source.is_aligned() {
            return None;
        }
        // SAFETY: in range (invariant 1) and aligned; only ever loaded, which a read-only page
        // allows; the writer's stores to published words are atomic (invariant 3).
        let word_in_map = unsafe { AtomicU32::from_ptr(source) };
        Some(u32::from_le(word_in_map.load(Ordering::Acquire)))
    }

    /// Looks at `bytes` bytes from `at`; `None` where they are not all inside the file.
    #[inline]
    pub(crate) fn bytes(&self, at: usize, bytes: usize) -> Option<&[u8]> {
        let source = self.pointer(at, bytes)?;
        // SAFETY: in range (invariant 1), readable for the life of the mapping (invariant 4), and
        // no longer changing once announced (invariant 3).
        Some(unsafe { std::slice::from_raw_parts(source, bytes) })
    }

    /// Starts the transfer of the cache line at `at` into this core's cache, to be read.
    #[inline]
    pub(crate) fn prefetch(&self, at: usize) {
        prefetch_to_read(self.raw.as_ptr().wrapping_add(at));
    }

    #[inline]
    fn pointer(&self, at: usize, bytes: usize) -> Option<*const u8> {
        let len = self.raw.len();
        (at <= len && bytes <= len - at).then(|| self.raw.as_ptr().wrapping_add(at))
    }
}

/// A hint only, for any address: it cannot fault.
#[inline(always)]
fn prefetch_to_read(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no effect but on the caches, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = line;
}

/// A hint only, for any address: it cannot fault.
#[inline(always)]
fn prefetch_to_write(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect but on the caches, and never faults. Processors without the
    // instruction take it for a no-op.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = line;
}
