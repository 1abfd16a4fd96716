//! What happened to a line, a stream or a venue.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
use crate::venue::{Channel, VenueId};

/// The event that a status record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct StatusCode(pub u8);

impl StatusCode {
    /// A line is connected.
    pub const LINE_UP: Self = Self(1);
    /// A line was lost or closed; the text says why.
    pub const LINE_DOWN: Self = Self(2);
    /// The venue acknowledged a stream.
    pub const SUBSCRIBED: Self = Self(3);
    /// The venue refused a stream; the text is the venue's own.
    pub const REJECTED: Self = Self(4);
    /// The venue tells its own state; the text is the venue's own (`online`, `maintenance`, …).
    pub const VENUE: Self = Self(5);
    /// An instrument is not in the venue's reference data.
    pub const UNLISTED: Self = Self(6);
    /// A stream has been silent for longer than it ever is.
    pub const STALE: Self = Self(7);
    /// A stream that was silent delivers again.
    pub const LIVE: Self = Self(8);
    /// A book was compared with a fresh snapshot and is the same.
    pub const AUDIT_OK: Self = Self(9);
    /// A book was compared with a fresh snapshot and differs; the text says where first.
    pub const AUDIT_DIFFERS: Self = Self(10);
    /// A line's replacement is being opened; the text says why.
    pub const ROTATING: Self = Self(11);
    /// A line was replaced and closed: its streams go on elsewhere.
    pub const ROTATED: Self = Self(12);
    /// An instrument is no longer picked: its streams and books end here, and begin anew if it is
    /// picked again.
    pub const UNPICKED: Self = Self(13);
    /// Reference data is not believed, because it lists far less than before; it is asked for again.
    pub const DOUBTED: Self = Self(14);

    const NAMES: [&'static str; 14] = [
        "line_up",
        "line_down",
        "subscribed",
        "rejected",
        "venue",
        "unlisted",
        "stale",
        "live",
        "audit_ok",
        "audit_differs",
        "rotating",
        "rotated",
        "unpicked",
        "doubted",
    ];

    /// The code's name in tools and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::from(self.0)
            .checked_sub(1)
            .and_then(|at| Self::NAMES.get(at))
            .copied()
            .unwrap_or("unknown")
    }
}

/// Fixed part of a status record: 72 bytes, followed by one SBE text (`u16` length, UTF-8).
///
/// ```text
/// 64     65        66      67   72
///  | code | channel | venue | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct StatusHead {
    /// Common fields; the instrument is [`InstrumentId::NONE`] for lines and venues.
    pub header: Header,
    /// What happened.
    pub code: StatusCode,
    /// The stream's channel, or [`Channel::NONE`].
    pub channel: Channel,
    /// The venue and product.
    pub venue: VenueId,
    /// Always zero.
    pub reserved: [u8; 5],
}

impl StatusHead {
    /// A status of `instrument`'s stream `channel`, or of the whole line or venue.
    #[must_use]
    pub const fn new(
        venue: VenueId,
        code: StatusCode,
        instrument: InstrumentId,
        channel: Channel,
    ) -> Self {
        Self {
            header: Header::new(Kind::Status, size_of::<Self>(), instrument),
            code,
            channel,
            venue,
            reserved: [0; 5],
        }
    }
}
