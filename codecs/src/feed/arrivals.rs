//! The last messages of a stream: which line delivered each first, and who came later with a copy.
//!
//! Numbered messages are found by their number. Messages without a number are found by a hash of
//! their content, and the n-th message of one content on a line is the copy of the n-th on another:
//! so a venue that repeats itself is not mistaken for a second line.

/// Messages that are remembered: at 100 messages a second, lines may be 2 s apart.
const REMEMBERED: usize = 256;
/// Of these, the newest that a repetition is looked for among: venues repeat themselves at once.
const REPEATED: usize = 32;
/// How many of its successors a message may come behind on its own line.
const LATE_MAX: usize = 8;
/// Lines that carry one stream at once: the replicas, each with its successor during a rotation.
pub(super) const LINES_A_STREAM: usize = 8;
/// In place of a line that began anew.
const GONE: u16 = u16::MAX;

/// A message's place in its stream: its number, or its moment by the venue's clock.
pub(super) type Order = (u32, u64);

/// The place of a number.
pub(super) const fn numbered(number: u64) -> Order {
    (0, number)
}

/// One message and who delivered it.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    key: u64,
    order: Order,
    now: i64,
    lines: [u16; LINES_A_STREAM],
    count: u8,
}

impl Arrival {
    fn from(&self, line: u16) -> bool {
        self.lines[..usize::from(self.count)].contains(&line)
    }

    fn add(&mut self, line: u16) {
        if let Some(place) = self.lines.get_mut(usize::from(self.count)) {
            *place = line;
            self.count += 1;
        }
    }
}

/// A copy of a message that was taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    /// The line that was first; `None` = it began anew since.
    pub(super) winner: Option<u16>,
    /// By how many nanoseconds.
    pub(super) lead: i64,
}

/// What an update without a number is that waits because its checksum does not hold: something of
/// its own, or what another line brought, spoiled on its way. Its line tells, which keeps the order in
/// which the venue sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Its line brought all that other lines brought of its moment: it is none of that.
    News,
    /// Its line may still bring what others brought of its moment.
    Unknown,
    /// Its line went on without bringing something that others brought of its moment.
    Copy,
}

/// The last [`REMEMBERED`] messages of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    ring: Vec<Arrival>,
    next: usize,
    /// The greatest place of what was forgotten at once; what is beyond is remembered or was missed.
    floor: Order,
}

impl Arrivals {
    /// Remembers a message that was taken from `line`.
    pub(super) fn took(&mut self, key: u64, order: Order, line: u16, now: i64) {
        let mut arrival = Arrival {
            key,
            order,
            now,
            lines: [0; LINES_A_STREAM],
            count: 0,
        };
        arrival.add(line);
        if self.ring.len() < REMEMBERED {
            if self.ring.is_empty() {
                self.ring.reserve_exact(REMEMBERED);
            }
            self.ring.push(arrival);
        } else {
            self.ring[self.next] = arrival;
            self.next = (self.next + 1) % REMEMBERED;
        }
    }

    /// Whether a message of which no copy was found was missed: one so old that it would be
    /// forgotten proves nothing. `reach` is how far its line had come: what a line brings now,
    /// another brought at about the time of that. Where few are remembered, what is forgotten is below
    /// them all.
    pub(super) fn missed(&self, key: u64, order: Order, reach: Order) -> bool {
        let oldest = self.ring.get(self.next).map(|held| held.order);
        let whole = self.ring.len() < REMEMBERED;
        let forgotten = oldest.filter(|_| !whole).unwrap_or(self.floor);
        order.max(reach) > forgotten && !self.ring.iter().any(|held| held.key == key)
    }

    /// Whether a number can be neither late nor a repetition: it is before all that are remembered. These
    /// are more than a message comes late by, or it is also before all that were forgotten.
    pub(super) fn is_before_all(&self, order: Order) -> bool {
        let mut held = self.ring.iter();
        let known = self.ring.len() >= LATE_MAX || order < self.floor;
        known && !self.ring.is_empty() && held.all(|held| order < held.order)
    }

    /// Whether other lines brought a message that `line` did not bring yet.
    pub(super) fn owes(&self, key: u64, line: u16) -> bool {
        let mut held = self.ring.iter();
        held.any(|held| held.key == key && !held.from(line))
    }

    /// What a message of that place is that `line` brought, and that is none of those remembered.
    pub(super) fn likeness(&self, line: u16, order: Order) -> Likeness {
        let mut held = self.ring.iter();
        let owed = held.any(|held| held.order == order && !held.from(line));
        let mut held = self.ring.iter();
        let passed = held.any(|held| held.order > order && held.from(line));
        match (owed, passed) {
            (false, _) => Likeness::News,
            (true, false) => Likeness::Unknown,
            (true, true) => Likeness::Copy,
        }
    }

    /// `line` begins anew.
    pub(super) fn leave(&mut self, line: u16) {
        let lines = self.ring.iter_mut().flat_map(|held| &mut held.lines);
        lines
            .filter(|held| **held == line)
            .for_each(|held| *held = GONE);
    }

    /// Forgets all messages.
    pub(super) fn clear(&mut self) {
        let orders = self.ring.iter().map(|held| held.order);
        self.floor = orders.fold(self.floor, Order::max);
        self.ring.clear();
        self.next = 0;
    }

    /// Whether one of the newest messages said the same, whichever line brought it.
    pub(super) fn had(&self, key: u64) -> bool {
        let newest = (1..=REPEATED.min(self.ring.len())).map(|back| {
            // The ring is full before `next` moves.
            let at = (self.next + self.ring.len() - back) % self.ring.len();
            self.ring[at].key
        });
        newest.into_iter().any(|held| held == key)
    }

    /// Whether `line` brings a copy of a message that another line brought; each copy counts once.
    pub(super) fn copy(&mut self, key: u64, line: u16, now: i64) -> Option<Copy> {
        let (newer, older) = self.ring.split_at_mut(self.next);
        let mut oldest_first = older.iter_mut().chain(newer);
        let arrival = oldest_first.find(|held| held.key == key && !held.from(line))?;
        arrival.add(line);
        Some(Copy {
            winner: Some(arrival.lines[0]).filter(|line| *line != GONE),
            lead: now - arrival.now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_line_brings_copies_and_the_first_does_not() {
        let mut arrivals = Arrivals::default();
        arrivals.took(7, numbered(0), 1, 100);
        assert_eq!(arrivals.copy(7, 1, 110), None);
        let copy = Copy {
            winner: Some(1),
            lead: 30,
        };
        assert_eq!(arrivals.copy(7, 2, 130), Some(copy));
        assert_eq!(arrivals.copy(7, 2, 131), None);
    }

    #[test]
    fn equal_messages_of_one_line_match_equal_messages_of_the_other_one_by_one() {
        let mut arrivals = Arrivals::default();
        arrivals.took(7, numbered(0), 1, 100);
        arrivals.took(7, numbered(0), 1, 200);
        assert_eq!(arrivals.copy(7, 2, 250).map(|copy| copy.lead), Some(150));
        assert_eq!(arrivals.copy(7, 2, 260).map(|copy| copy.lead), Some(60));
        assert_eq!(arrivals.copy(7, 2, 270), None);
    }

    #[test]
    fn a_spoiled_copy_is_known_by_what_its_line_brings_and_what_it_does_not() {
        let (moment, next) = (numbered(5), numbered(6));
        let mut arrivals = Arrivals::default();
        // Spoiled on line 1, which nobody else brought.
        arrivals.took(70, moment, 1, 0);
        assert_eq!(arrivals.likeness(1, moment), Likeness::News);
        arrivals.took(7, moment, 2, 0);
        assert_eq!(arrivals.likeness(1, moment), Likeness::Unknown);
        let mut without = arrivals.clone();
        without.took(8, next, 1, 0);
        assert_eq!(without.likeness(1, moment), Likeness::Copy);
        arrivals.copy(7, 1, 0);
        arrivals.took(8, next, 1, 0);
        assert_eq!(arrivals.likeness(1, moment), Likeness::News);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let mut arrivals = Arrivals::default();
        for key in 0..=REMEMBERED as u64 {
            arrivals.took(key, numbered(key), 1, 0);
        }
        assert_eq!(arrivals.copy(0, 2, 1), None);
        assert!(arrivals.copy(1, 2, 1).is_some());
    }

    #[test]
    fn behind_a_gap_what_is_beyond_it_was_missed_and_its_edge_is_a_repetition() {
        let mut arrivals = Arrivals::default();
        arrivals.took(100, numbered(100), 1, 0);
        arrivals.clear();
        arrivals.took(103, numbered(103), 1, 0);
        let expected = [(99, true, false), (100, false, false), (101, false, true)];
        for (number, is_new, missed) in expected {
            let place = numbered(number);
            assert_eq!(arrivals.is_before_all(place), is_new, "{number}");
            assert_eq!(arrivals.missed(number, place, place), missed, "{number}");
        }
    }

    #[test]
    fn only_what_would_be_remembered_was_missed() {
        let mut arrivals = Arrivals::default();
        let first = 100;
        let last = first + REMEMBERED as u64;
        for key in first..=last {
            arrivals.took(key * 2, numbered(key * 2), 1, 0);
        }
        // The first was forgotten.
        for (key, missed) in [(100, false), (101, false), (102, false), (103, true)] {
            let (key, place) = (key + 100, numbered(key + 100));
            assert_eq!(arrivals.missed(key, place, place), missed, "{key}");
        }
        assert!(arrivals.missed(9, numbered(9), numbered(last * 2)));
    }

    #[test]
    fn what_is_not_remembered_was_missed_as_long_as_nothing_is_forgotten() {
        let mut arrivals = Arrivals::default();
        for key in [10, 12, 13] {
            arrivals.took(key, numbered(key), 1, 0);
        }
        for (key, missed) in [(9, true), (10, false), (11, true), (12, false)] {
            let place = numbered(key);
            assert_eq!(arrivals.missed(key, place, place), missed, "{key}");
        }
    }
}
