//! The daemon: threads, sockets, configuration, latency files. The only crate that knows tokio.
//!
//! ```text
//!  reader threads (one pinned core each)                 journal thread (pinned)
//! ┌───────────────────────────────────────────┐  ring   ┌─────────────────────────┐
//! │ session: connect, read, reconnect         │ ══════> │ pipeline::journal:      │
//! │ pipeline::driver: decode, apply, publish  │         │ append to records/, raw/│
//! └───────────────────────────────────────────┘         └─────────────────────────┘
//!        │ counts and histograms, once a second                  │
//!        └────────────> pipeline::monitor: log lines, .hlog <────┤
//!                                                                 │ files, read from durable cursors
//!                           sink: one thread each, Parquet, … <───┘
//! ```
//!
//! The library target exists for the system tests; the product is the binary.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod exit;
pub mod host;
pub mod pipeline;
pub mod relay;
pub mod roster;
pub mod run;
pub mod session;
pub mod sink;
#[cfg(test)]
mod testing;
