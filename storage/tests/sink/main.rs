//! Journal to sink: nothing is left out, nothing comes twice, and what cannot be is told by name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod catch_up;
#[path = "../common/mod.rs"]
mod common;
mod compact;
mod kill;
mod kinds;
mod model;
mod packing;
mod parquet;
mod pump;
mod random;
mod retention;
