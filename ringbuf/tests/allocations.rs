//! The hot path does not allocate: counted by the allocator of this process.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use feedd_ringbuf::{Polled, PushError, Tapped, ring};

/// The system's allocator, counting what it hands out.
struct Counting;

static ALLOCATION_COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: passes every call on to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATION_COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is the one `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` with this `layout`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The only test of this process, so that nobody else allocates meanwhile.
#[test]
fn pushing_polling_tapping_and_every_refusal_allocate_nothing() {
    let (mut producer, [mut cursor]) = ring::<1>(64).unwrap();
    let mut tap = producer.ring().tap();
    let bytes = [7; 4096];
    let mut copy = [0; 4096];
    let (mut full, mut too_large, mut read, mut tapped, mut missed) = (0, 0, 0, 0, 0);
    let before = ALLOCATION_COUNT.load(Ordering::Relaxed);
    for round in 0..5000_usize {
        match producer.try_push(1, &[&bytes[..round % 2100], b"tail"]) {
            Ok(()) => {}
            Err(PushError::Full { .. }) => full += 1,
            Err(PushError::TooLarge { .. }) => too_large += 1,
        }
        if round % 50 == 0 {
            read += cursor.frames(3).count();
            while let Polled::Frame(_) = cursor.poll() {
                read += 1;
            }
            let mut batch = producer.batch();
            let fits = |len: &usize| batch.try_push(2, &[&bytes[..*len]]).is_ok();
            assert!([100, 200].iter().all(fits), "the ring is empty");
        }
        if round % 70 == 0 {
            match tap.poll(&mut copy) {
                Tapped::Frame { .. } => tapped += 1,
                Tapped::Missed(_) => missed += 1,
                Tapped::Empty | Tapped::Closed | Tapped::TooSmall { .. } => {}
            }
        }
    }
    let after = ALLOCATION_COUNT.load(Ordering::Relaxed);
    assert_eq!(after, before);
    assert!(
        full > 0 && too_large > 0 && read > 0 && tapped > 0 && missed > 0,
        "all paths ran"
    );
}
