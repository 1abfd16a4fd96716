//! Records and raw frames in forms that other programs read.
//!
//! Exports are pure: bytes in memory in, text or bytes in memory out. Who calls them owns the file.

pub mod json;
mod symbols;

pub use json::JsonLines;
pub use symbols::Symbols;

use feedd_codecs::{Record, VenueId};

/// The venue and product that a record belongs to; not one of [`VenueId::all`] for a gap of a whole
/// line, and for a venue that a later version may know.
#[must_use]
pub fn venue_of(record: &Record<'_>) -> VenueId {
    match record {
        Record::Instrument(head, _) => head.venue,
        Record::Status(head, _) => head.venue,
        _ => record.header().instrument.venue(),
    }
}
