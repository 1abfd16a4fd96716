//! Asking for cache lines ahead of need. A hint only: it reads and writes nothing, and where the
//! processor knows no such instruction there is none.
//!
//! The one `unsafe` block per instruction says why it cannot do harm: a prefetch of any address at
//! all faults never, and these are addresses of live words.

use crate::sync::Word;

/// Starts the transfer of `word`'s line into this core's cache, to be read.
#[inline(always)]
#[allow(unsafe_code, reason = "the instruction has no safe name")]
pub(crate) fn to_read(word: &Word) {
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no effect but on the caches, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(word).cast()) }
    }
    #[cfg(all(target_arch = "aarch64", not(loom)))]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) word, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(loom, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let _ = word;
}
