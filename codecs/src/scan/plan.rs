//! How numbers become mantissas, settled once for all that are spelled alike.

use super::alike::Place;
use super::ends::{Area, BEFORE};
use super::levels::Shape;
use super::simd::{Digits, Isa, Pair};
use crate::record::Level;
use crate::venue::levels::Scale;

pub(super) const POW10: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// What numbers are read at.
#[derive(Clone, Copy)]
pub(super) struct Goal {
    /// Digits behind the point; below zero, no number is read the fast way.
    places: i32,
    /// Most zeros that are cut off where a number has more digits than that.
    cut_max: i32,
}

impl Goal {
    #[inline(always)]
    pub(super) const fn of(exp: i8, keep_zeros: bool) -> Self {
        Self {
            places: -(exp as i32),
            cut_max: if keep_zeros || exp > 0 { 0 } else { 16 },
        }
    }
}

/// How numbers with so many digits behind the point become mantissas: the same for all of them.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Bytes behind the whole part: the digits there, and the point.
    behind: u32,
    /// The last bytes that must be zeros, since they are cut off: a bit for each of 16.
    zeros: u32,
    /// How many bytes are cut off; the point goes with the whole fraction.
    cut: u32,
    /// Digits behind the point that stay.
    point: u32,
    /// What the digits are multiplied with.
    factor: i64,
}

impl Plan {
    /// The way of numbers with `fraction` digits behind the point to a goal; `None` where the fast way
    /// ends.
    #[inline(always)]
    pub(super) fn of(fraction: u32, goal: Goal) -> Option<Self> {
        let surplus = fraction.cast_signed() - goal.places;
        let behind = fraction + u32::from(fraction > 0);
        if surplus <= 0 {
            return Some(Self {
                behind,
                zeros: 0,
                cut: 0,
                point: fraction,
                factor: *POW10.get(surplus.unsigned_abs() as usize)?,
            });
        }
        (surplus <= goal.cut_max).then(|| Self {
            behind,
            zeros: 0xFFFF & !(0xFFFF >> surplus),
            cut: surplus.cast_unsigned() + u32::from(goal.places == 0),
            point: goal.places.cast_unsigned(),
            factor: 1,
        })
    }

    /// Which of the last 16 bytes are cut off.
    const fn cut_bits(&self) -> u32 {
        0xFFFF & !(0xFFFF >> self.cut)
    }

    /// The digits of a number of `len` bytes; `window` gives the 16 bytes that end so many bytes, at
    /// most 17, before the number does.
    #[inline(always)]
    pub(super) fn digits<'a, I: Isa>(
        &self,
        isa: I,
        window: impl Fn(usize) -> &'a [u8; 16],
        len: u32,
    ) -> Option<Digits<'a>> {
        if self.zeros & !isa.zeros(window(0)) != 0 {
            return None;
        }
        let bytes = len.wrapping_sub(self.cut);
        let digits = Digits {
            window: window(self.cut as usize),
            point: self.point as usize,
            count: bytes.wrapping_sub(u32::from(self.point > 0)) as usize,
        };
        (bytes <= 16).then_some(digits)
    }

    /// The mantissa that digits, at most 16 of them, stand for.
    #[inline(always)]
    pub(super) fn scaled(&self, digits: u64) -> Option<i64> {
        digits.cast_signed().checked_mul(self.factor)
    }
}

/// What prices and quantities are read at.
#[derive(Clone, Copy)]
pub(super) struct Goals {
    px: Goal,
    qty: Goal,
}

impl Goals {
    #[inline(always)]
    pub(super) const fn of(scale: &Scale) -> Self {
        Self {
            px: Goal::of(scale.px_exp, scale.keep_zeros),
            qty: Goal::of(scale.qty_exp, scale.keep_zeros),
        }
    }
}

/// How a number of a level is read between its ends.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    /// Bytes of the shortest such number, and how many more the longest may have.
    least: u32,
    room: u32,
    /// Added to the place of a number's end: where the window of its digits begins in the area.
    shift: u8,
    /// Bytes of a number that are no digits to be read.
    less: u32,
    factor: i64,
}

/// Bytes of a window, and of a number that is read the fast way.
const WINDOW: u32 = 16;

impl Spelling {
    #[inline(always)]
    fn of(plan: &Plan) -> Option<Self> {
        let least = plan.behind + 1;
        Some(Self {
            least,
            room: (WINDOW + plan.cut).checked_sub(least)?,
            shift: (BEFORE as u32 - WINDOW).checked_sub(plan.cut)? as u8,
            less: plan.cut + u32::from(plan.point > 0),
            factor: plan.factor,
        })
    }

    #[inline(always)]
    const fn has_length(&self, len: u32) -> bool {
        len.wrapping_sub(self.least) <= self.room
    }

    /// The 16 bytes that end where the digits do of a number that ends at `end`.
    #[inline(always)]
    fn window<'a>(&self, area: &'a Area, end: u8) -> &'a [u8; 16] {
        window(area, usize::from(self.shift) + usize::from(end))
    }

    /// Whether a bare number begins with a zero that JSON does not allow.
    #[inline(always)]
    fn is_padded(&self, area: &Area, start: usize, len: u32) -> bool {
        area[BEFORE + (start & 255)] == b'0' && len > self.least
    }
}

/// The 16 bytes from `at`, at most 510, on.
#[inline(always)]
fn window(area: &Area, at: usize) -> &[u8; 16] {
    area[at..].first_chunk().unwrap_or(&[0; 16])
}

/// How the prices and quantities of levels become mantissas. Venues spell those of one message with the
/// same digits behind the point, so one pair of plans goes a long way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plans {
    px: Spelling,
    qty: Spelling,
    /// Digits behind the points that are read.
    behind: [usize; 2],
    /// Which of the last bytes of price and quantity are cut off: a bit for each of 16 and 16.
    cut: u32,
    /// What they must be: zeros, and the point where all behind it is cut off.
    cut_text: [u8; 32],
    /// A quantity of nothing.
    nothing: [u8; 16],
}

impl Plans {
    /// The way of levels with so many digits behind the points; `None` where the fast way ends.
    #[inline(always)]
    pub(super) fn of(fractions: (u32, u32), goals: Goals) -> Option<Self> {
        let px = Plan::of(fractions.0, goals.px)?;
        let qty = Plan::of(fractions.1, goals.qty)?;
        if px.cut.max(qty.cut) > WINDOW {
            return None;
        }
        let mut nothing = [b'0'; 16];
        let mut cut_text = [b'0'; 32];
        for (plan, end) in [(&px, 16), (&qty, 32)] {
            if plan.cut > 0 && plan.point == 0 {
                *cut_text.get_mut(end - plan.cut as usize)? = b'.';
            }
        }
        if qty.point > 0 {
            *nothing.get_mut(15_usize.checked_sub(qty.point as usize)?)? = b'.';
        }
        Some(Self {
            px: Spelling::of(&px)?,
            qty: Spelling::of(&qty)?,
            behind: [px.point as usize, qty.point as usize],
            cut: px.cut_bits() | qty.cut_bits() << 16,
            cut_text,
            nothing,
        })
    }

    /// How the digits of both are read.
    #[inline(always)]
    pub(super) fn spelled<I: Isa>(&self, isa: I) -> I::Spelled {
        isa.spelled(self.behind)
    }

    /// The level at a place; `None` where it is spelled otherwise.
    #[inline(always)]
    pub(super) fn level<I: Isa>(
        &self,
        isa: I,
        area: &Area,
        shape: &Shape,
        place: Place,
        spelled: &I::Spelled,
    ) -> Option<Level> {
        let Place {
            start,
            px_end,
            qty_end,
        } = place;
        let (px, qty) = (&self.px, &self.qty);
        let qty_at = usize::from(px_end) + shape.middle.len as usize;
        let px_len = usize::from(px_end).wrapping_sub(start) as u32;
        let qty_len = usize::from(qty_end).wrapping_sub(qty_at) as u32;
        // A level that is deleted may have the bare zero as its quantity.
        let is_lone = (qty_len == 1) & (area[BEFORE - 1 + usize::from(qty_end)] == b'0');
        let of_qty = |found| if is_lone { &self.nothing } else { found };
        let lengths = px.has_length(px_len) & (qty.has_length(qty_len) | is_lone);
        if !lengths || !shape.middle.is_at(isa, area, px_end) {
            return None;
        }
        if shape.bare
            && (px.is_padded(area, start, px_len)
                || (!is_lone && qty.is_padded(area, qty_at, qty_len)))
        {
            return None;
        }
        let pair = Pair {
            windows: [px.window(area, px_end), of_qty(qty.window(area, qty_end))],
            counts: [
                px_len.wrapping_sub(px.less) as usize,
                qty_len.wrapping_sub(qty.less) as usize,
            ],
        };
        if self.cut != 0 {
            let last = |end: u8| window(area, BEFORE - 16 + usize::from(end));
            let (texts, _) = self.cut_text.as_chunks();
            let of_qty = if is_lone { &texts[1] } else { last(qty_end) };
            if self.cut & isa.two_differ([last(px_end), of_qty], &self.cut_text) != 0 {
                return None;
            }
        }
        let (px_digits, qty_digits) = isa.pair(pair, spelled)?;
        Some(Level {
            px: px_digits.cast_signed().checked_mul(px.factor)?,
            qty: qty_digits.cast_signed().checked_mul(qty.factor)?,
        })
    }
}
