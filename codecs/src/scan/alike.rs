//! Levels that are spelled alike, none of which waits for the one before it.
//!
//! Where their numbers end is known beforehand (module `ends`); between two ends a level is read by plans
//! that were made for its spelling and prove it: the lengths, the points, and that all else is digits.

use super::ends::{Area, BEFORE};
use super::levels::{End, Found, Shape};
use super::message::{Message, Reason};
use super::plan::{Goals, Plans};
use super::simd::{Isa, Task};
use super::values::Values as _;

/// Where a level begins in its stretch, and where its numbers end.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) px_end: u8,
    pub(super) qty_end: u8,
}

impl<I: Isa> Message<'_, I> {
    /// Appends the levels from `at` of the frame on, as long as the fast way takes them.
    #[inline(always)]
    pub(super) fn alike<J: Isa>(
        &mut self,
        isa: J,
        shape: &Shape,
        mut at: usize,
    ) -> Result<End, Reason> {
        // Whether the plans were made for the level at hand.
        let mut is_respelled = self.plans.is_none();
        if is_respelled {
            self.respell(isa, shape, at)?;
        }
        while let Some(plans) = self.plans.as_ref() {
            let area: &Area = self.frame.around(BEFORE, at).ok_or(Reason::End)?;
            let spelled = plans.spelled(isa);
            self.kept.ends.find(isa, area);
            let (mut start, mut is_last, mut is_alike) = (0, false, true);
            for [px_end, qty_end] in self.kept.ends.pairs() {
                let place = Place {
                    start,
                    px_end: *px_end,
                    qty_end: *qty_end,
                };
                let Some(level) = plans.level(isa, area, shape, place, &spelled) else {
                    is_alike = false;
                    break;
                };
                self.batch.levels.push(level);
                (start, is_last) = shape.behind(isa, area, *qty_end)?;
                if is_last {
                    break;
                }
            }
            at += start;
            if is_last || (start == 0 && (is_alike || is_respelled)) {
                return Ok(End { at, is_last });
            }
            is_respelled = !is_alike;
            if is_respelled {
                self.respell(isa, shape, at)?;
            }
        }
        Ok(End { at, is_last: false })
    }

    /// Makes plans for the level at `at` of the frame.
    #[inline(always)]
    fn respell<J: Isa>(&mut self, isa: J, shape: &Shape, at: usize) -> Result<(), Reason> {
        isa.run(Respell {
            message: self,
            shape,
            at,
        })
    }
}

/// The plans for the level at `at` of a frame, made by a function of its own and kept for the next message.
struct Respell<'m, 'a, I> {
    message: &'m mut Message<'a, I>,
    shape: &'m Shape,
    at: usize,
}

impl<I: Isa> Task for Respell<'_, '_, I> {
    type Output = Result<(), Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, isa: J) -> Self::Output {
        let Self { message, shape, at } = self;
        let area: &Area = message.frame.around(BEFORE, at).ok_or(Reason::End)?;
        let found = Found::read(isa, shape, area, 0)?;
        let scale = message.scale.ok_or(Reason::Symbol)?;
        message.plans = Plans::of(found.fractions, Goals::of(&scale));
        let instrument = message.instrument()?.id;
        message
            .kept
            .spellings
            .keep(instrument, scale, message.plans);
        Ok(())
    }
}
