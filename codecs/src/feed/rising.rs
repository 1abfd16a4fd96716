//! Numbers that rise and may skip, and that the venue may begin anew (best prices).
//!
//! A number that is lower than one before can mean three things: it is late, it is a repetition, or the
//! venue numbers anew. As with stamps (`clock.rs`) its line tells, which keeps the order in which the
//! venue sent: only a line that goes back itself has seen the numbers begin anew. From there on its
//! numbers belong to a new *era*, and every number of an era is after all numbers of the one before.
//! Lines go back one after the other; a line that begins is in the newest era.
//!
//! One message that is wrong is no new numbering: a line that goes on above where it stood takes its
//! era back.

use super::arrivals::{LINES_A_STREAM, Order};

/// How one line's numbers go.
#[derive(Clone, Copy, Debug)]
struct Way {
    line: u16,
    era: u32,
    last: u64,
    /// Where it stood when it went back with its last message.
    stood: Option<u64>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Rising {
    ways: Vec<Way>,
    highest: Option<Order>,
}

impl Rising {
    /// The highest number of the newest era.
    pub(super) fn highest(&self) -> Option<u64> {
        self.highest.map(|(_, number)| number)
    }

    /// Whether a number that was read is the highest so far; it is from now on.
    #[inline]
    pub(super) fn rises(&mut self, order: Order) -> bool {
        let newer = self.highest.is_none_or(|highest| order > highest);
        if newer {
            self.highest = Some(order);
        }
        newer
    }

    /// Reads the number of a message that `line` brought, copies included. `is_new` tells whether a
    /// number below the last one of its line can only be of a new numbering; `alone` whether the line
    /// goes on where the stream stands, if it begins.
    #[inline]
    pub(super) fn read(
        &mut self,
        (line, number): (u16, u64),
        alone: bool,
        is_new: impl FnOnce(Order) -> bool,
    ) -> Order {
        let at = self.ways.iter().position(|way| way.line == line);
        let at = at.unwrap_or_else(|| self.join((line, number), alone));
        let Some(way) = self.ways.get_mut(at) else {
            return (0, number);
        };
        let last = std::mem::replace(&mut way.last, number);
        let stood = way.stood.take();
        if number < last && is_new((way.era, number)) {
            (way.era, way.stood) = (way.era.saturating_add(1), Some(last));
        } else if stood.is_some_and(|stood| number >= stood) {
            way.era = way.era.saturating_sub(1);
            self.step_back(at, stood);
        }
        (self.ways[at].era, number)
    }

    /// What the line at `at` took for a new numbering was one wrong message.
    #[cold]
    fn step_back(&mut self, at: usize, stood: Option<u64>) {
        let place = |(place, way): (usize, &Way)| {
            let own = (place == at).then_some(stood).flatten();
            (way.era, own.unwrap_or(way.last))
        };
        self.highest = self.ways.iter().enumerate().map(place).max();
    }

    #[cold]
    fn join(&mut self, (line, number): (u16, u64), alone: bool) -> usize {
        if self.ways.len() >= LINES_A_STREAM {
            self.ways.remove(0);
        }
        let (era, highest) = self.highest.unwrap_or((0, number));
        self.ways.push(Way {
            line,
            era,
            last: if alone { highest } else { number },
            stood: None,
        });
        self.ways.len() - 1
    }

    /// `line` begins anew.
    pub(super) fn leave(&mut self, line: u16) {
        self.ways.retain(|way| way.line != line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers below 50 can only be of a new numbering.
    fn rises(rising: &mut Rising, line: u16, number: u64) -> bool {
        let order = rising.read((line, number), false, |order| order.1 < 50);
        rising.rises(order)
    }

    fn taken(rising: &mut Rising, messages: &[(u16, u64)]) -> Vec<bool> {
        let message = |(line, number): &(u16, u64)| rises(rising, *line, *number);
        messages.iter().map(message).collect()
    }

    #[test]
    fn late_numbers_and_repetitions_do_not_rise() {
        let messages = [(1, 100), (1, 103), (1, 102), (2, 99), (1, 103), (1, 104)];
        let expected = [true, true, false, false, false, true];
        assert_eq!(taken(&mut Rising::default(), &messages), expected);
    }

    #[test]
    fn numbers_begin_anew_on_each_line_in_its_turn() {
        let mut rising = Rising::default();
        let messages = [(1, 100), (2, 100), (1, 1), (2, 101), (1, 2), (2, 1), (2, 3)];
        let expected = [true, false, true, false, true, false, true];
        assert_eq!(taken(&mut rising, &messages), expected);
        assert_eq!(rising.highest(), Some(3));
    }

    #[test]
    fn one_wrong_number_is_no_new_numbering() {
        let mut rising = Rising::default();
        let messages = [(1, 100), (2, 100), (1, 7), (1, 101), (2, 101), (2, 102)];
        let expected = [true, false, true, true, false, true];
        assert_eq!(taken(&mut rising, &messages), expected);
    }

    #[test]
    fn a_line_that_begins_is_in_the_newest_era_and_alone_it_may_go_back() {
        let mut rising = Rising::default();
        taken(&mut rising, &[(1, 100), (1, 1)]);
        assert!(rises(&mut rising, 2, 2));
        rising.leave(1);
        rising.leave(2);
        let order = rising.read((1, 1), true, |_| true);
        assert_eq!(order, (2, 1));
    }
}
