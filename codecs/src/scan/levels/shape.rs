//! How a level is spelled: the literals around its numbers.

use crate::scan::ends::{Area, BEFORE};
use crate::scan::message::Reason;
use crate::scan::simd::{Isa, low};

/// Bytes of the longest literal inside a level.
const PIECE: usize = 16;

/// A short literal, compared in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct Piece {
    text: [u8; PIECE],
    /// One bit for each byte.
    bytes: u32,
    pub(in crate::scan) len: u32,
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

    /// Whether it stands `at` bytes behind the beginning of a stretch.
    #[inline(always)]
    pub(in crate::scan) fn is_at<I: Isa>(&self, isa: I, area: &Area, at: u8) -> bool {
        let found = area[BEFORE + usize::from(at)..].first_chunk();
        found.is_some_and(|found| isa.differs_short(found, &self.text) & self.bytes == 0)
    }
}

/// How a level is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Before the first price.
    pub(super) open: Piece,
    /// Between price and quantity.
    pub(in crate::scan) middle: Piece,
    /// Between a quantity and the next price.
    next: Piece,
    /// Behind the last quantity, the array's end included.
    last: Piece,
    /// Whether the numbers are bare: then JSON refuses zeros before them.
    pub(in crate::scan) bare: bool,
    /// Whether a second quantity follows, behind another `middle`.
    pub(in crate::scan) triple: bool,
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

    /// Where another level begins, or the array is at its end, behind a level that ends at `at` of a
    /// stretch; with whether it is the end.
    #[inline(always)]
    pub(in crate::scan) fn behind<I: Isa>(
        &self,
        isa: I,
        area: &Area,
        at: u8,
    ) -> Result<(usize, bool), Reason> {
        if self.next.is_at(isa, area, at) {
            Ok((usize::from(at) + self.next.len as usize, false))
        } else if self.last.is_at(isa, area, at) {
            Ok((usize::from(at) + self.last.len as usize, true))
        } else {
            Err(Reason::Shape)
        }
    }
}
