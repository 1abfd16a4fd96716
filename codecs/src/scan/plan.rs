//! How numbers become mantissas, settled once for all that are spelled alike.

use super::simd::{Digits, Isa};
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
    pub(super) behind: u32,
    /// 1 where there is a point, else 0.
    pub(super) points: u32,
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
        let points = u32::from(fraction > 0);
        let surplus = fraction.cast_signed() - goal.places;
        let behind = fraction + points;
        if surplus <= 0 {
            return Some(Self {
                behind,
                points,
                zeros: 0,
                cut: 0,
                point: fraction,
                factor: *POW10.get(surplus.unsigned_abs() as usize)?,
            });
        }
        (surplus <= goal.cut_max).then(|| Self {
            behind,
            points,
            zeros: 0xFFFF & !(0xFFFF >> surplus),
            cut: surplus.cast_unsigned() + u32::from(goal.places == 0),
            point: goal.places.cast_unsigned(),
            factor: 1,
        })
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

    /// No digits: the mantissa 0.
    #[inline(always)]
    pub(super) fn none<'a>(&self, window: impl Fn(usize) -> &'a [u8; 16]) -> Digits<'a> {
        Digits {
            window: window(self.cut as usize),
            point: self.point as usize,
            count: 0,
        }
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

/// How prices and quantities become mantissas. Venues spell those of one message with the same digits
/// behind the point, so one pair of plans goes a long way.
#[derive(Clone, Copy)]
pub(super) struct Plans {
    pub(super) px: Plan,
    pub(super) qty: Plan,
}

impl Plans {
    #[inline(always)]
    pub(super) fn of(fractions: (u32, u32), goals: Goals) -> Option<Self> {
        Some(Self {
            px: Plan::of(fractions.0, goals.px)?,
            qty: Plan::of(fractions.1, goals.qty)?,
        })
    }

    /// The values of both.
    #[inline(always)]
    pub(super) fn level<I: Isa>(&self, isa: I, px: Digits<'_>, qty: Digits<'_>) -> Option<Level> {
        let values = isa.two_digits(px, qty);
        Some(Level {
            px: self.px.scaled(values.0)?,
            qty: self.qty.scaled(values.1)?,
        })
    }
}
