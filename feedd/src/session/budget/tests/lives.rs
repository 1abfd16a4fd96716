//! Random bookings, crashes and restarts: no window holds more than the share.

use proptest::prelude::*;

use super::{Desk, MINUTE, SECOND};
use crate::clock::Clock;

/// What may happen between two bookings.
#[derive(Clone, Copy, Debug)]
enum Event {
    Book(u32, bool),
    Pass(i64),
    Save,
    Crash,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (1_u32..=250, any::<bool>()).prop_map(|(weight, urgent)| Event::Book(weight, urgent)),
        4 => (0_i64..3 * SECOND).prop_map(Event::Pass),
        1 => (0_i64..40 * SECOND).prop_map(Event::Pass),
        4 => Just(Event::Save),
        1 => Just(Event::Crash),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The promise of the module, through crashes and restarts.
    #[test]
    fn in_no_window_is_more_than_the_share_booked(
        percent in 1_u8..=100,
        events in proptest::collection::vec(event(), 1..400),
    ) {
        let mut desk = Desk::new(percent);
        let mut spot = desk.spot();
        let share = spot.usage().share;
        let mut booked: Vec<(i64, u32)> = Vec::new();
        for event in events {
            match event {
                Event::Book(weight, urgent) => {
                    if spot.book(weight, urgent).is_ok() {
                        booked.push((desk.clock.wall(), weight.min(share)));
                    }
                }
                Event::Pass(ns) => desk.pass(ns),
                Event::Save => desk.save(),
                Event::Crash => {
                    desk.restart(percent);
                    spot = desk.spot();
                }
                Event::Restart => {
                    desk.stop_cleanly();
                    desk.restart(percent);
                    spot = desk.spot();
                }
            }
        }
        for (at, (from, _)) in booked.iter().enumerate() {
            let inside = booked[at..].iter().take_while(|(time, _)| *time < from + MINUTE);
            let sum: u32 = inside.map(|(_, weight)| weight).sum();
            prop_assert!(sum <= share, "{sum} of {share}");
        }
    }
}
