//! How a level is spelled: the literals around its numbers.

use super::{AREA, AREA_BEFORE};
use crate::scan::simd::{Isa, low};

/// Bytes of the longest literal inside a level.
const PIECE: usize = 16;

/// A short literal, compared in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    text: [u8; PIECE],
    /// One bit for each byte.
    bytes: u32,
    pub(super) len: u32,
}

impl Piece {
    fn of(text: &str) -> Option<Self> {
        let mut bytes = [0; PIECE];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u32::try_from(text.len()).ok()?;
        Some(Self {
            text: bytes,
            bytes: low(len),
            len,
        })
    }

    /// Whether it stands `at` bytes, fewer than 96, behind the beginning of a level.
    #[inline(always)]
    pub(super) fn is_at<I: Isa>(&self, isa: I, area: &[u8; AREA], at: u32) -> bool {
        let at = AREA_BEFORE + (at as usize & 127);
        let Some(found) = area.get(at..at + PIECE).and_then(|tail| tail.first_chunk()) else {
            return false;
        };
        isa.differs_short(found, &self.text) & self.bytes == 0
    }
}

/// How a level is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Before the first price.
    pub(super) open: Piece,
    /// Between price and quantity.
    pub(super) middle: Piece,
    /// Between a quantity and the next price.
    pub(super) next: Piece,
    /// Behind the last quantity, the array's end included.
    pub(super) last: Piece,
    /// Whether the numbers are bare: then JSON refuses zeros before them.
    pub(super) bare: bool,
    /// Whether a second quantity follows, behind another `middle`.
    pub(super) triple: bool,
}

impl Shape {
    /// Reads `["*","*"]` and the like, and `["*","*","*"]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (open, rest) = text.split_once('*')?;
        let (middle, rest) = rest.split_once('*')?;
        let (second, close) = rest.split_once('*').unwrap_or((middle, rest));
        let triple = rest.contains('*');
        let quoted = open.ends_with('"');
        let alike = middle.starts_with('"') == quoted
            && (middle.ends_with('"') == quoted || middle.ends_with(':'))
            && close.starts_with('"') == quoted;
        let other = second != middle || triple && !quoted || close.contains('*');
        if !alike || other || close.is_empty() || middle.len() < 3 - usize::from(!quoted) * 2 {
            return None;
        }
        Some(Self {
            open: Piece::of(open)?,
            middle: Piece::of(middle)?,
            next: Piece::of(&format!("{close},{open}"))?,
            last: Piece::of(&format!("{close}]"))?,
            bare: !quoted,
            triple,
        })
    }
}
