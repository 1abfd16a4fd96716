//! Best prices: every record is a message of the tape, in the order of the tape unless it says that
//! it is late, and once; and every message of the tape is a record or explained.
//!
//! A venue tells a state here, not events, and numbers none so that a hole shows. Which messages need
//! no record is written down in `feedd/docs/journal-and-tape.md`.

use std::collections::HashMap;

use feedd_codecs::record::Flags;

use super::gaps::Span;
use super::journal::{At, Best};
use super::quarantine::Quarantine;
use super::report::{Kind, StreamReport};
use super::tape::{Fate, TapeBest};

/// What two messages of best prices are equal by.
type Said = (Option<(i128, i128)>, Option<(i128, i128)>);

/// What best prices are judged by besides the two lists.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) fate: Option<&'a Fate>,
    pub(super) spans: &'a [Span],
    pub(super) quarantine: &'a Quarantine,
    /// What was published later may be on its way when the journal ends.
    pub(super) end: i64,
}

/// Compares; counts go to `report`.
pub(super) fn compare(
    tape: &[TapeBest],
    journal: &[At<Best>],
    around: &Circumstances<'_>,
    report: &mut StreamReport,
) {
    report.journal = journal.len() as u64;
    let mut found = Found::new(tape);
    for record in journal {
        found.take(record, around, report);
    }
    let Some(first) = found.taken.iter().position(Option::is_some) else {
        return;
    };
    let in_time = |best: &&TapeBest| best.at <= around.end;
    report.tape = tape[first..].iter().filter(in_time).count() as u64;
    for (place, best) in tape.iter().enumerate().skip(first) {
        if found.taken[place].is_none() && in_time(&best) {
            found.absent(place, around, report);
        }
    }
}

/// Which messages of the tape the journal has.
struct Found<'a> {
    tape: &'a [TapeBest],
    places: HashMap<Said, Vec<usize>>,
    /// Receive stamp of the record, by place on the tape.
    taken: Vec<Option<i64>>,
    /// The place behind the last record that was not late.
    next: usize,
}

impl<'a> Found<'a> {
    fn new(tape: &'a [TapeBest]) -> Self {
        let mut places: HashMap<Said, Vec<usize>> = HashMap::new();
        for (place, best) in tape.iter().enumerate() {
            places.entry((best.bid, best.ask)).or_default().push(place);
        }
        Self {
            tape,
            places,
            taken: vec![None; tape.len()],
            next: 0,
        }
    }

    fn take(&mut self, record: &At<Best>, around: &Circumstances<'_>, report: &mut StreamReport) {
        let said = (record.what.bid, record.what.ask);
        let known = self.places.get(&said).map_or(&[][..], Vec::as_slice);
        let own: Vec<usize> = known
            .iter()
            .copied()
            .filter(|place| fits(&self.tape[*place], record))
            .collect();
        let late = record.flags.contains(Flags::LATE);
        let free = |place: &usize| self.taken[*place].is_none() && (late || *place >= self.next);
        // Of equal prices, those of the record's moment.
        let stamped = |place: &usize| self.tape[*place].ts == record.ts_venue && free(place);
        let place = own.iter().copied().find(stamped);
        match place.or_else(|| own.iter().copied().find(free)) {
            Some(place) => {
                self.taken[place] = Some(record.ts_recv);
                self.next = self.next.max(place + 1);
                report.equal += 1;
            }
            None => odd(
                record,
                own.last().map(|place| &self.tape[*place]),
                around,
                report,
            ),
        }
    }

    /// A message that no record has.
    fn absent(&self, place: usize, around: &Circumstances<'_>, report: &mut StreamReport) {
        let best = &self.tape[place];
        let number = best.number.unwrap_or(0);
        let mut spans = around.spans.iter();
        if spans.any(|span| span.tells_of(number, best.at, self.is_after(place, span))) {
            report.in_gaps += 1;
        } else if self.is_repeated(place) {
            report.repeated += 1;
        } else if around.is_quarantined(best) {
            report.quarantined += 1;
        } else if around.was_altered(best) {
            report.altered += 1;
        } else if around.is_kept_back(best, false) {
            report.untraceable += 1;
        } else if around.is_kept_back(best, true) {
            report.overtaken += 1;
        } else {
            report.differs(Kind::Missing, None, Some(best.line), || {
                format!("best prices {number} are in no record")
            });
        }
    }

    /// Whether the message came after the last one that was good before the gap.
    fn is_after(&self, place: usize, span: &Span) -> bool {
        let good = span.opened.ts_good;
        let mut received = self.taken[place..].iter().flatten();
        !received.any(|received| good != 0 && *received <= good)
    }

    /// Whether it says what a message said that the journal has, and none in between said other.
    fn is_repeated(&self, place: usize) -> bool {
        let said = |at: usize| (self.tape[at].bid, self.tape[at].ask);
        let mut before = (0..place).rev().take_while(|at| said(*at) == said(place));
        before.any(|at| self.taken[at].is_some())
    }
}

/// Where the venue numbers its messages, the number belongs to what is said.
fn fits(best: &TapeBest, record: &At<Best>) -> bool {
    best.number
        .is_none_or(|number| record.number == 0 || record.number == number)
}

fn odd(
    record: &At<Best>,
    known: Option<&TapeBest>,
    around: &Circumstances<'_>,
    report: &mut StreamReport,
) {
    match known {
        Some(best) => report.differs(Kind::Order, Some(record.seq), Some(best.line), || {
            format!(
                "best prices {} once more, or after later ones",
                record.number
            )
        }),
        None if around.was_sent(record) => report.altered += 1,
        None => report.differs(Kind::Extra, Some(record.seq), None, || {
            format!("best prices {} were never published", record.number)
        }),
    }
}

impl Circumstances<'_> {
    /// Whether a fault sent the record's prices, as they stand in the journal.
    fn was_sent(&self, record: &At<Best>) -> bool {
        let sides = [record.what.bid, record.what.ask];
        self.fate.is_some_and(|fate| {
            fate.sent_before(record.ts_recv)
                .any(|sent| sent.names(record.number, sides.into_iter().flatten()))
        })
    }

    fn was_altered(&self, best: &TapeBest) -> bool {
        self.fate
            .is_some_and(|fate| fate.sent_as(best.seq).next().is_some())
    }

    fn is_quarantined(&self, best: &TapeBest) -> bool {
        let mut sent = self
            .fate
            .into_iter()
            .flat_map(|fate| fate.sent_as(best.seq));
        sent.any(|sent| self.quarantine.holds(sent))
    }

    /// Whether faults kept the message from every line that carried it, or `late` brought it after its
    /// successors.
    fn is_kept_back(&self, best: &TapeBest, late: bool) -> bool {
        self.fate.is_some_and(|fate| {
            fate.is_kept_from_all((best.seq, best.at), best.only, |one| {
                one.withheld || (late && one.delayed)
            })
        })
    }
}
