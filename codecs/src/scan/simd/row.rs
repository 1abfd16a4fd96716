//! Where the digits of a number stand.

/// How the digits of a number stand in the window of 16 bytes that ends with the last of them.
///
/// A row of 32 bytes of the table, and how far behind its begin the moves are read: what lies behind its first 16
/// are no digits, so that the number gets so many zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(u16);

/// Bytes of a row of the table.
const STRIDE: usize = 32;

/// Rows of the table: a power of two, so that no row needs to be looked for beyond it.
const ROWS: usize = 512;

/// More than any number of digits.
const DIGITS: usize = 17;

impl Row {
    /// No digits.
    pub(crate) const NONE: Self = Self(0);

    /// The digits of `HH:MM:SS`.
    pub(crate) const CLOCK: Self = Self((DIGITS * DIGITS * STRIDE) as u16);

    /// So many digits in all, so many of which stand behind a point, and so many zeros to put behind them: with
    /// the point or with the zeros at most 16.
    pub(crate) const fn new(digits: usize, behind: usize, zeros: usize) -> Self {
        Self(((digits * DIGITS + behind) * STRIDE + zeros) as u16)
    }

    /// Digits in all, those behind the point, and zeros.
    pub(super) const fn counts(self) -> [usize; 3] {
        let (row, zeros) = (self.0 as usize / STRIDE, self.0 as usize % STRIDE);
        [row / DIGITS, row % DIGITS, zeros]
    }

    /// From where in the window each digit is taken: none from a place beyond 127.
    #[inline(always)]
    pub(super) fn moves(self) -> &'static [u8; 16] {
        let at = usize::from(self.0) % (ROWS * STRIDE);
        MOVES.0[at..at + 16].first_chunk().unwrap_or(&NOWHERE)
    }
}

/// No digit.
static NOWHERE: [u8; 16] = [0x80; 16];

/// Rows in lines of the cache, so that none crosses one; what is read ends at most 15 bytes behind the last.
#[repr(align(64))]
struct Moves([u8; ROWS * STRIDE + 16]);

static MOVES: Moves = {
    let mut rows = [0x80; ROWS * STRIDE + 16];
    let (mut digits, mut behind) = (1, 0);
    while digits < DIGITS {
        let row = Row::new(digits, behind, 0).0 as usize;
        let mut back = 0;
        while back < digits {
            let point = (behind > 0 && back >= behind) as usize;
            rows[row + 15 - back] = 15_u8.wrapping_sub((back + point) as u8);
            back += 1;
        }
        (digits, behind) = if behind == digits {
            (digits + 1, 0)
        } else {
            (digits, behind + 1)
        };
    }
    let clock = [8, 9, 11, 12, 14, 15];
    let mut at = 0;
    while at < clock.len() {
        rows[Row::CLOCK.0 as usize + 10 + at] = clock[at];
        at += 1;
    }
    Moves(rows)
};
