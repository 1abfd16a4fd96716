//! Gap records: begin and end belong together, and what lies between them is accounted for.

use std::collections::BTreeMap;

use feedd_codecs::record::{Gap, GapEnd};
use feedd_codecs::venue::Channel;

use super::journal::At;
use super::report::{Kind, StreamReport};

/// A gap from its begin to its end.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Journal sequence of the begin.
    pub(super) seq: u64,
    pub(super) opened: Gap,
    /// How it ended, and in which record.
    pub(super) end: Option<(GapEnd, At<Gap>)>,
}

/// Joins begins and ends of one stream; what does not fit is a difference.
pub(super) fn spans(gaps: &[At<Gap>], channel: Channel, report: &mut StreamReport) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut places: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for record in gaps.iter().filter(|record| record.what.channel == channel) {
        let gap = record.what;
        let known = places.entry(gap.ts_open).or_default();
        if gap.end == GapEnd::OPEN {
            known.push(spans.len());
            spans.push(Span {
                seq: record.seq,
                opened: gap,
                end: None,
            });
            continue;
        }
        // Of open gaps with one stamp, the one with the same bounds, else the first.
        let mut open = known.iter().filter(|at| spans[**at].end.is_none());
        let same = |at: &&usize| spans[**at].opened.first_seq == gap.first_seq;
        let place = open.clone().find(same).or_else(|| open.next());
        match place.copied() {
            Some(at) => spans[at].end = Some((gap.end, record.clone())),
            None if !known.is_empty() => {
                report.differs(Kind::Gap, Some(record.seq), None, || {
                    format!("a gap that ended before ends once more: {}", shown(&gap))
                });
            }
            None => report.differs(Kind::Gap, Some(record.seq), None, || {
                format!("the end of a gap that never began: {}", shown(&gap))
            }),
        }
    }
    report.gaps = spans.len() as u64;
    report.gaps_open = spans.iter().filter(|span| span.end.is_none()).count() as u64;
    spans
}

/// Gaps that have no end, although the stream spoke later: `spoke` is the journal sequence of its
/// last record that ends gaps.
pub(super) fn check_ends(spans: &[Span], spoke: Option<u64>, report: &mut StreamReport) {
    for span in spans.iter().filter(|span| span.end.is_none()) {
        if spoke.is_some_and(|spoke| spoke > span.seq) {
            report.differs(Kind::Gap, Some(span.seq), None, || {
                format!(
                    "a gap without end, though the stream went on: {}",
                    shown(&span.opened)
                )
            });
        }
    }
}

pub(super) fn shown(gap: &Gap) -> String {
    format!(
        "{} {} {}, numbers {} to {}, opened {}, good until {}",
        gap.channel.name(),
        gap.cause.name(),
        gap.end.name(),
        gap.first_seq,
        gap.last_seq,
        gap.ts_open,
        gap.ts_good
    )
}

impl Span {
    /// Whether a message is among what this gap tells to be missing. `number` is its number,
    /// `at` its time, `after_good` whether it came after the last good one.
    pub(super) fn tells_of(&self, number: u64, at: i64, after_good: bool) -> bool {
        let Some((end, record)) = &self.end else {
            return after_good && !(self.bounded() && number < self.opened.first_seq);
        };
        let gap = &record.what;
        *end == GapEnd::LOST
            && if gap.first_seq != 0 && gap.last_seq != 0 {
                (gap.first_seq..=gap.last_seq).contains(&number)
            } else {
                after_good && at <= record.ts_recv
            }
    }

    const fn bounded(&self) -> bool {
        self.opened.first_seq != 0
    }
}
