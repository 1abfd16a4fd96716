//! Where the digits of a number stand.

/// How the digits of a number stand in the window of 16 bytes that ends with the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(super) u16);

impl Row {
    /// No digits.
    pub(crate) const NONE: Self = Self(0);

    /// The digits of `HH:MM:SS`.
    pub(crate) const CLOCK: Self = Self(17 * 17);

    /// So many digits in all, so many of which stand behind a point: at most 16 bytes.
    pub(crate) const fn new(digits: usize, behind: usize) -> Self {
        Self((digits * 17 + behind) as u16)
    }

    /// From where in the window each digit is taken: none from a place beyond 127.
    #[inline(always)]
    pub(super) fn moves(self) -> &'static [u8; 16] {
        &MOVES[usize::from(self.0) % MOVES.len()]
    }
}

/// By row.
static MOVES: [[u8; 16]; 512] = {
    let mut rows = [[0x80; 16]; 512];
    let (mut digits, mut behind) = (1, 0);
    while digits < 17 {
        let row = &mut rows[Row::new(digits, behind).0 as usize];
        let mut back = 0;
        while back < digits {
            let point = (behind > 0 && back >= behind) as usize;
            row[15 - back] = 15_u8.wrapping_sub((back + point) as u8);
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
        rows[Row::CLOCK.0 as usize][10 + at] = clock[at];
        at += 1;
    }
    rows
};
