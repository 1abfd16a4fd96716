//! Stamps to histograms.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::exchange::Sent;

/// Largest latency told apart: one minute.
const MOST_NS: u64 = 60_000_000_000;
/// Significant digits.
const DIGITS: u8 = 3;

/// A part of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Intended to real time of departure: how far the sender was behind its schedule. It is part of
    /// every stage that begins at the sender.
    Schedule,
    /// Intended departure to the kernel's receive stamp.
    SenderKernel,
    /// The kernel's receive stamp to the whole frame in user space.
    KernelUser,
    /// Intended departure to the whole frame in user space.
    SenderUser,
    /// Frame in user space to decoded.
    UserDecoded,
    /// Decoded to the record in the ring.
    DecodedPublished,
    /// The record in the ring to the record in the mapped journal.
    PublishedJournaled,
    /// Intended departure to the end of the party's way: the frame (raw), the record in the journal
    /// (feedd), the decoded event (rivals).
    EndToEnd,
}

impl Stage {
    /// Every stage in the order of the way.
    pub const ALL: [Self; 8] = [
        Self::Schedule,
        Self::SenderKernel,
        Self::KernelUser,
        Self::SenderUser,
        Self::UserDecoded,
        Self::DecodedPublished,
        Self::PublishedJournaled,
        Self::EndToEnd,
    ];

    /// The name in tables and tags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::SenderKernel => "sender_kernel",
            Self::KernelUser => "kernel_user",
            Self::SenderUser => "sender_user",
            Self::UserDecoded => "user_decoded",
            Self::DecodedPublished => "decoded_published",
            Self::PublishedJournaled => "published_journaled",
            Self::EndToEnd => "end_to_end",
        }
    }
}

/// Where one message was when, by the wall clock; 0 = not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// Its number among the text messages of the line, from 1.
    pub number: u64,
    /// The kernel had it.
    pub kernel: i64,
    /// User space had it.
    pub user: i64,
    /// The party was done with it.
    pub done: i64,
}

impl Arrival {
    /// Room for so many, written once: no page fault is left for the receiver's way.
    #[must_use]
    pub fn room(count: usize) -> Vec<Self> {
        let mut room = vec![Self::default(); count];
        room.clear();
        room
    }
}

/// What one run showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Histograms in nanoseconds.
    pub stages: BTreeMap<Stage, Histogram<u64>>,
    /// Messages sent.
    pub sent: u64,
    /// Messages that never came.
    pub lost: u64,
    /// What else went wrong: gaps, rejects, unstamped frames.
    pub notes: Vec<String>,
    /// Why there is nothing to be measured: the party cannot take such a line.
    pub refused: Option<&'static str>,
}

impl Outcome {
    /// Joins departures and arrivals by number. Of several arrivals of one message, the first counts.
    #[must_use]
    pub fn of(sent: &Sent, arrivals: impl IntoIterator<Item = Arrival>) -> Self {
        let mut outcome = Self {
            sent: sent.messages,
            ..Self::default()
        };
        let mut last = sent.preamble;
        let mut came = 0;
        for departure in &sent.departures {
            outcome.record(Stage::Schedule, departure.sent - departure.intended);
        }
        for arrival in arrivals {
            let departure = sent.departure(arrival.number);
            // One line is in order: what does not rise is a second record of its frame.
            let Some(departure) = departure.filter(|_| arrival.number > last) else {
                continue;
            };
            last = arrival.number;
            came += 1;
            outcome.record(Stage::EndToEnd, arrival.done - departure.intended);
            outcome.record(Stage::SenderUser, arrival.user - departure.intended);
            if arrival.kernel > 0 {
                outcome.record(Stage::SenderKernel, arrival.kernel - departure.intended);
                outcome.record(Stage::KernelUser, arrival.user - arrival.kernel);
            }
        }
        outcome.lost = sent.messages.saturating_sub(came);
        outcome
    }

    /// Adds another run of the same cell.
    pub fn merge(&mut self, other: Self) {
        for (stage, histogram) in &other.stages {
            self.add(*stage, histogram);
        }
        self.sent += other.sent;
        self.lost += other.lost;
        self.notes.extend(other.notes);
        self.refused = self.refused.or(other.refused);
    }

    /// Adds a whole histogram.
    pub fn add(&mut self, stage: Stage, histogram: &Histogram<u64>) {
        let sum = self.stages.entry(stage).or_insert_with(empty);
        // Larger values than the bounds are saturated by the recorder: the sum fits.
        let _ = sum.add(histogram);
    }

    fn record(&mut self, stage: Stage, ns: i64) {
        let sum = self.stages.entry(stage).or_insert_with(empty);
        sum.saturating_record(u64::try_from(ns).unwrap_or(0));
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MOST_NS, DIGITS)
        .unwrap_or_else(|_| unreachable!("constant bounds"))
}

/// The value below or at which `parts` of ten thousand of all values lie, by counting.
#[must_use]
pub fn percentile(histogram: &Histogram<u64>, parts: u64) -> u64 {
    let rank = (u128::from(histogram.len()) * u128::from(parts)).div_ceil(10_000);
    let mut seen = 0;
    for step in histogram.iter_recorded() {
        seen += u128::from(step.count_at_value());
        if seen >= rank {
            return step.value_iterated_to().min(histogram.max());
        }
    }
    histogram.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_counted() {
        let mut histogram = empty();
        (1..=1_000).for_each(|value| histogram.record(value).unwrap());
        assert_eq!(percentile(&histogram, 5_000), 500);
        assert_eq!(percentile(&histogram, 9_990), 999);
        assert_eq!(percentile(&histogram, 10_000), 1_000);
        assert_eq!(percentile(&empty(), 5_000), 0);
    }
}
