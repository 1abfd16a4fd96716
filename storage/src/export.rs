//! Records and raw frames in forms that other programs read.
//!
//! Exports are pure: bytes in memory in, text or bytes in memory out. Who calls them owns the file.

pub mod json;
mod symbols;

pub use json::JsonLines;
pub use symbols::Symbols;
