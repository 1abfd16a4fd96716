//! Venue bytes in, exact fixed-point market data records out.
//!
//! This crate is pure: it opens no socket and no file, reads no clock and starts no thread. Whoever
//! drives it (the daemon, a replay, a simulator, a fuzzer, a bench) hands it frames with their
//! receive stamps and executes the [`feed::Intent`]s it asks for. Same frames and stamps in, same
//! records and intents out, byte for byte.
//!
//! # What it promises
//!
//! * Prices and quantities are exact: wire text becomes an `i64` mantissa with a decimal exponent
//!   ([`fixed`]); no floating point number is involved anywhere.
//! * A book is right or it is flagged: every update is checked by its venue's own continuity rule
//!   ([`venue::Venue::follow`], [`venue::Venue::verify`]), for ever.
//! * No input makes it panic; a refused frame names the rule it broke ([`Reject`]).
//! * After warm-up a decoded message allocates nothing.
//!
//! # The way of the data
//!
//! ```text
//! frame ── Venue::decode ──> Batch ── Feed: continuity, books, flags ──> Record ── RecordSink
//!            (pure)                     └──> Intent (send text, fetch a body, close a line)
//! ```
//!
//! | module | idea |
//! |---|---|
//! | [`fixed`] | decimal text to mantissa and exponent, and back |
//! | [`record`] | the fixed-layout records and their SBE bytes |
//! | [`raw`] | the head of a frame kept exactly as received |
//! | [`instrument`] | symbols, precisions and ids |
//! | [`book`] | one order book: flat, sorted, exact |
//! | [`scan`] | the high-rate messages without a parser, by templates |
//! | [`venue`] | what a venue must tell, and the three that do |
//! | [`feed`] | one feed's state machine: subscriptions, books, gaps, resynchronisation |
#![deny(clippy::float_arithmetic)]

#[cfg(not(target_endian = "little"))]
compile_error!("records are little-endian in memory, in the journal and on the network");

pub mod batch;
pub mod book;
pub mod feed;
pub mod fixed;
pub mod instrument;
pub mod json;
pub mod raw;
pub mod record;
pub mod reject;
pub mod scan;
pub mod time;
pub mod venue;

pub use batch::Batch;
pub use book::{Book, Level};
pub use feed::Feed;
pub use fixed::Fixed;
pub use instrument::{Instrument, InstrumentId, Instruments};
pub use record::{Record, RecordSink};
pub use reject::Reject;
pub use venue::{Venue, VenueId};
