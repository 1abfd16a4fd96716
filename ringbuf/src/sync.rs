//! Everything the threads of a ring share, in one place: std's types, or loom's under `cfg(loom)`.
//!
//! No other file names an atomic, a fence or an `Arc` directly (`.clippy.toml` forbids it), so no
//! shared access can escape the models in `tests/loom.rs`.

#![allow(
    clippy::disallowed_types,
    reason = "this is the file that switches them"
)]

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};

/// Eight bytes of ring memory.
///
/// Every access of the producer and of the taps is atomic. Only a cursor looks at a word as plain
/// bytes; under loom each word therefore carries a cell that records those plain views as reads and
/// all stores as writes, and loom fails the model when the two are not ordered. That checks the
/// `SAFETY` argument of `cursor.rs` instead of trusting it.
#[cfg_attr(not(loom), repr(transparent))]
pub(crate) struct Word {
    atomic: AtomicU64,
    #[cfg(loom)]
    plain: loom::cell::UnsafeCell<()>,
}

impl Word {
    /// A word holding zero.
    pub(crate) fn new() -> Self {
        Self {
            atomic: AtomicU64::new(0),
            #[cfg(loom)]
            plain: loom::cell::UnsafeCell::new(()),
        }
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> u64 {
        self.atomic.load(order)
    }

    /// Only the producer stores.
    #[inline]
    pub(crate) fn store(&self, value: u64, order: Ordering) {
        #[cfg(loom)]
        self.plain.with_mut(|_| ());
        self.atomic.store(value, order);
    }
}

/// Stands in for a cursor's view under loom, whose atomics hold no plain bytes: registers the plain
/// read of every word with the model and returns a leaked copy.
#[cfg(loom)]
pub(crate) fn model_view(words: &[Word], len: usize) -> &'static [u8] {
    words.iter().for_each(|word| word.plain.with(|_| ()));
    let mut bytes = vec![0; len];
    crate::words::copy_out(words, &mut bytes);
    bytes.leak()
}

/// One step of waiting for another thread.
#[cfg(not(loom))]
pub(crate) fn snooze(backoff: &crossbeam_utils::Backoff) {
    backoff.snooze();
}

/// One step of waiting: tells the model that another thread has to go on first.
#[cfg(loom)]
pub(crate) fn snooze(_: &crossbeam_utils::Backoff) {
    loom::thread::yield_now();
}
