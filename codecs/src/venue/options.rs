//! The form of a feed's streams, as configuration chooses it.

use super::Channels;

/// What configuration says about the form of a feed's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Levels a side of the book view, where the venue offers several; 0 = the venue's default.
    pub book_depth: u16,
    /// Milliseconds between book deltas, where the venue offers several.
    pub book_interval_ms: u16,
    /// Levels a side of [`super::Channel::BOOK_TOP`]; 0 = the venue's default.
    pub top_depth: u16,
    /// How the venue encodes data messages.
    pub encoding: Encoding,
    /// Whether times come in microseconds where the venue offers it (Binance Spot `timeUnit`).
    pub microseconds: bool,
    /// The channels that the feed carries.
    pub channels: Channels,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            book_depth: 0,
            book_interval_ms: 100,
            top_depth: 0,
            encoding: Encoding::Json,
            microseconds: false,
            channels: Channels::default(),
        }
    }
}

/// How data messages are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in text frames.
    #[default]
    Json,
    /// SBE in binary frames (Binance Spot, behind an API key); control stays JSON.
    Sbe,
}
