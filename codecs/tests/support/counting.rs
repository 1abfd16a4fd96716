//! The system's allocator, with somebody told of each request.
#![allow(
    unsafe_code,
    reason = "a counting global allocator cannot be written without it"
)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Calls its function before each request for memory. The function must not ask for any.
pub(crate) struct Counting(pub(crate) fn());

// SAFETY: every call goes to the system's allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        (self.0)();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        (self.0)();
        // SAFETY: `block` came from `System` with this layout, as the caller promises.
        unsafe { System.realloc(block, layout, bytes) }
    }
}
