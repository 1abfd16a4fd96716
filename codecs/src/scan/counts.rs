//! What the scanners took, and why they left the rest.

use super::message::Reason;
use crate::venue::Channel;

/// Most templates of one kind of message.
pub(super) const PLACES: usize = 12;

/// Most kinds of messages of one venue.
const KINDS_MAX: usize = 8;

/// Messages of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    channel: Channel,
    fast: u64,
    bails: [[u64; Reason::ALL.len()]; PLACES],
}

impl Default for Channel {
    fn default() -> Self {
        Self::NONE
    }
}

/// What a venue's scanner took and what it left to the general path; the counts only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    rows: [Row; KINDS_MAX],
    /// Messages that were known by what one of their form left before; they are among the fast ones.
    pub known: u64,
    /// Templates that were learned.
    pub learned: u64,
}

/// Messages of one channel that one template left for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bails {
    /// The channel that the message looked like.
    pub channel: Channel,
    /// The template's place among those of its kind of message.
    pub template: usize,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: u64,
}

impl ScanCounts {
    /// Messages that the scanner decoded, by channel. A channel may stand more than once.
    pub fn fast(&self) -> impl Iterator<Item = (Channel, u64)> + '_ {
        let used = self.rows.iter().filter(|row| row.channel != Channel::NONE);
        used.map(|row| (row.channel, row.fast))
    }

    /// Messages that it left to the general path, where there were any.
    pub fn bails(&self) -> impl Iterator<Item = Bails> + '_ {
        self.rows.iter().flat_map(|row| {
            row.bails
                .iter()
                .enumerate()
                .flat_map(move |(template, counts)| {
                    let counted = Reason::ALL.into_iter().zip(counts);
                    counted.map(move |(reason, count)| Bails {
                        channel: row.channel,
                        template,
                        reason,
                        count: *count,
                    })
                })
                .filter(|bails| bails.count > 0)
        })
    }
}

/// The counts being made.
#[derive(Debug, Default)]
pub(super) struct Tally(ScanCounts);

impl Tally {
    /// Rows of the kinds of messages of these channels.
    pub(super) fn new(channels: Vec<Channel>) -> Self {
        let mut counts = ScanCounts::default();
        for (row, channel) in counts.rows.iter_mut().zip(channels) {
            row.channel = channel;
        }
        Self(counts)
    }

    pub(super) const fn counts(&self) -> &ScanCounts {
        &self.0
    }

    #[inline(always)]
    pub(super) fn took(&mut self, kind: usize) {
        if let Some(row) = self.0.rows.get_mut(kind) {
            row.fast += 1;
        }
    }

    /// A message that fitted an imprint.
    #[inline(always)]
    pub(super) fn knew(&mut self, kind: usize) {
        self.took(kind);
        self.0.known += 1;
    }

    pub(super) fn bailed(&mut self, kind: usize, place: usize, reason: Reason) {
        let row = self.0.rows.get_mut(kind);
        let counts = row.and_then(|row| row.bails.get_mut(place));
        if let Some(counts) = counts {
            counts[reason as usize] += 1;
        }
    }

    pub(super) fn learned(&mut self) {
        self.0.learned += 1;
    }
}
