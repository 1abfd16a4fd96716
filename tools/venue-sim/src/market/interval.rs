//! Candle intervals and where they begin.

use crate::clock::{Nanos, SECOND};

const DAY: Nanos = 86_400 * SECOND;

/// Length of an interval. Weeks begin on Monday, months on their first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many nanoseconds, counted from the epoch; above zero.
    Fixed(Nanos),
    Week,
    Month,
}

impl Length {
    /// So many minutes.
    pub(crate) const fn minutes(minutes: u64) -> Self {
        Length::Fixed(minutes * 60 * SECOND)
    }
}

/// A candle interval: its length and the time zone its boundaries follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) length: Length,
    /// How far the zone is ahead of UTC.
    pub(crate) ahead: Nanos,
}

impl Interval {
    /// An interval whose boundaries follow UTC.
    pub(crate) const fn utc(length: Length) -> Self {
        Self { length, ahead: 0 }
    }

    /// Beginning of the interval that holds `at`.
    pub(crate) fn start(self, at: Nanos) -> Nanos {
        let local = at + self.ahead;
        let start = match self.length {
            Length::Fixed(length) => local - local % length.max(1),
            // Day 0 was a Thursday.
            Length::Week => (((local / DAY + 3) / 7) * 7).saturating_sub(3) * DAY,
            Length::Month => month_start(local / DAY) * DAY,
        };
        start.saturating_sub(self.ahead)
    }

    /// First nanosecond after the interval that begins at `start`.
    pub(crate) fn end(self, start: Nanos) -> Nanos {
        match self.length {
            Length::Fixed(length) => start + length.max(1),
            Length::Week => start + 7 * DAY,
            // No month is longer, and none is so short that this skips one.
            Length::Month => self.start(start + 31 * DAY),
        }
    }
}

/// First day of the month that holds a day, both counted from 1970-01-01. Follows Hinnant's
/// `civil_from_days`.
fn month_start(day: u64) -> u64 {
    let of_era = (day + 719_468) % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    day.saturating_sub(of_year - (153 * month + 2) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29T13:37:42Z, a Thursday.
    const LEAP: Nanos = 1_709_213_862 * SECOND;

    fn bounds(interval: Interval, at: Nanos) -> (Nanos, Nanos) {
        let start = interval.start(at);
        (start / SECOND, interval.end(start) / SECOND)
    }

    #[test]
    fn minutes_weeks_and_months_begin_where_the_calendar_says() {
        let minute = Interval::utc(Length::minutes(1));
        assert_eq!(bounds(minute, LEAP), (1_709_213_820, 1_709_213_880));
        // Monday 2024-02-26 to Monday 2024-03-04.
        assert_eq!(
            bounds(Interval::utc(Length::Week), LEAP),
            (1_708_905_600, 1_709_510_400)
        );
        // 2024-02-01 to 2024-03-01, and December to January.
        let month = Interval::utc(Length::Month);
        assert_eq!(bounds(month, LEAP), (1_706_745_600, 1_709_251_200));
        assert_eq!(
            bounds(month, 1_703_000_000 * SECOND),
            (1_701_388_800, 1_704_067_200)
        );
    }

    #[test]
    fn day_ahead_of_utc_begins_in_the_evening_before() {
        let day = Interval {
            length: Length::Fixed(DAY),
            ahead: 8 * 3_600 * SECOND,
        };
        assert_eq!(bounds(day, LEAP), (1_709_136_000, 1_709_222_400));
    }
}
