//! Why a frame was refused: one name per rule.

use crate::feed::Rule;
use crate::fixed::NumberError;

/// The rule that a refused frame broke.
///
/// The variant's [`Reject::rule`] is the label of the counter, of the quarantined frame and of the
/// tool's messages. A rejected frame changes no state: decoding is all or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// A frame without bytes.
    #[error("the frame is empty")]
    Empty,
    /// More bytes than the limit for one frame.
    #[error("the frame is larger than the limit for one frame")]
    TooLarge,
    /// A binary frame on a text protocol.
    #[error("a binary frame came where the protocol sends text")]
    Binary,
    /// An HTML page (a proxy's or firewall's error page) instead of a message.
    #[error("an HTML page came instead of JSON")]
    Html,
    /// The bytes are not UTF-8.
    #[error("the frame is not valid UTF-8")]
    InvalidUtf8,
    /// The bytes are not one whole JSON text (truncated, trailing bytes, wrong syntax).
    #[error("the frame is not one whole JSON text")]
    InvalidJson,
    /// Nested deeper than any message of the venue.
    #[error("the JSON text is nested too deeply")]
    TooDeep,
    /// Valid JSON of a shape that is no message of this venue.
    #[error("no message of this venue has this shape")]
    UnknownShape,
    /// A required field is absent.
    #[error("required field `{0}` is missing")]
    MissingField(&'static str),
    /// A field stands twice in one object.
    #[error("an object holds one field twice")]
    DuplicateField,
    /// A required field has another JSON type than documented.
    #[error("field `{0}` has the wrong type")]
    WrongType(&'static str),
    /// A field that must be a number is none.
    #[error("field `{0}` is not a number")]
    InvalidNumber(&'static str),
    /// A number that no `i64` mantissa holds exactly.
    #[error("field `{0}` does not fit a 64-bit mantissa")]
    NumberRange(&'static str),
    /// A price or quantity below zero.
    #[error("field `{0}` is negative")]
    Negative(&'static str),
    /// A time that names no instant.
    #[error("field `{0}` is not a time")]
    InvalidTime(&'static str),
    /// A trade side that is neither buy nor sell.
    #[error("field `{0}` names no side")]
    InvalidSide(&'static str),
    /// A trade id that is neither a number nor a UUID.
    #[error("field `{0}` is not a trade id")]
    InvalidId(&'static str),
    /// Data for an instrument that this feed does not carry.
    #[error("the instrument is not one of this feed's")]
    UnknownInstrument,
    /// A message without a symbol that more than one instrument could claim.
    #[error("the message names no instrument and more than one could claim it")]
    AmbiguousInstrument,
    /// More levels, trades or instruments than one message may hold.
    #[error("the message holds more elements than the limit")]
    TooMany,
    /// A REST answer that is the venue's error object.
    #[error("the venue answered with an error")]
    VenueError,
    /// A binary message whose lengths do not fit its bytes or its schema.
    #[error("the binary message's lengths do not fit its bytes")]
    Layout,
    /// A record that a quality rule is configured to reject.
    #[error("quality rule `{name}` rejects a record of the frame", name = .0.name())]
    Quality(Rule),
}

impl Reject {
    /// The rule's stable name, for counters and tools.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        RULES[self.code() as usize - 1]
    }

    /// The rule's stable number in raw frame heads; 0 is kept for "not rejected".
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Empty => 1,
            Self::TooLarge => 2,
            Self::Binary => 3,
            Self::Html => 4,
            Self::InvalidUtf8 => 5,
            Self::InvalidJson => 6,
            Self::TooDeep => 7,
            Self::UnknownShape => 8,
            Self::MissingField(_) => 9,
            Self::DuplicateField => 10,
            Self::WrongType(_) => 11,
            Self::InvalidNumber(_) => 12,
            Self::NumberRange(_) => 13,
            Self::Negative(_) => 14,
            Self::InvalidTime(_) => 15,
            Self::InvalidSide(_) => 16,
            Self::InvalidId(_) => 17,
            Self::UnknownInstrument => 18,
            Self::AmbiguousInstrument => 19,
            Self::TooMany => 20,
            Self::VenueError => 21,
            Self::Layout => 22,
            Self::Quality(rule) => 23 + rule as u8,
        }
    }

    /// The name of a rule by its number in a raw frame head.
    #[must_use]
    pub fn rule_of_code(code: u8) -> Option<&'static str> {
        RULES.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// The rule for a number text that was refused in `field`.
    #[must_use]
    pub const fn number(field: &'static str, error: NumberError) -> Self {
        match error {
            NumberError::Malformed => Self::InvalidNumber(field),
            NumberError::Range | NumberError::Finer(_) => Self::NumberRange(field),
        }
    }
}

/// How many rules there are: the size of a table of counters.
pub const RULE_COUNT: usize = RULES.len();

const RULES: [&str; 31] = [
    "empty",
    "too_large",
    "binary",
    "html",
    "invalid_utf8",
    "invalid_json",
    "too_deep",
    "unknown_shape",
    "missing_field",
    "duplicate_field",
    "wrong_type",
    "invalid_number",
    "number_range",
    "negative",
    "invalid_time",
    "invalid_side",
    "invalid_id",
    "unknown_instrument",
    "ambiguous_instrument",
    "too_many",
    "venue_error",
    "layout",
    "quality_price_range",
    "quality_qty_range",
    "quality_off_tick",
    "quality_crossed",
    "quality_future_time",
    "quality_time_back",
    "quality_duplicate_id",
    "quality_stale_book",
    "quality_level_explosion",
];
