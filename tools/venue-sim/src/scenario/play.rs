//! Orders the faults of a scenario when their time has come.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Entry, Scenario};
use crate::world::{Shared, lock};

/// An entry and when it comes next.
struct Due<'a> {
    entry: &'a Entry,
    at: Duration,
}

impl Due<'_> {
    /// The time after this one, if there is one.
    fn again(&self) -> Option<Duration> {
        let (every, until) = self.entry.repeat?;
        let at = self.at.checked_add(every)?;
        until.is_none_or(|until| at < until).then_some(at)
    }
}

/// Plays to the end of the scenario, or for ever if an entry repeats for ever.
pub(crate) async fn play_scenario(shared: Shared, scenario: Scenario) {
    let started = Instant::now();
    let due = |entry| Due {
        entry,
        at: entry.time,
    };
    let mut waiting: Vec<Due<'_>> = scenario.entries().iter().map(due).collect();
    while let Some(next) = first(&waiting) {
        let Some(due) = waiting.get_mut(next) else {
            return;
        };
        sleep_until(started + due.at).await;
        for fault in &due.entry.faults {
            lock(&shared).inject(fault.clone());
        }
        match due.again() {
            Some(at) => due.at = at,
            // Of entries with the same time the one that stands first comes first.
            None => drop(waiting.remove(next)),
        }
    }
}

/// The place of the entry that comes next.
fn first(waiting: &[Due<'_>]) -> Option<usize> {
    let times = waiting.iter().enumerate();
    times.min_by_key(|(_, due)| due.at).map(|(place, _)| place)
}
