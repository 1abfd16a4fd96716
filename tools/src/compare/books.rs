//! Books: the journal's snapshots and changes, replayed, are the tape's book at every step that is
//! not flagged, and every message of the tape is in one of them or in a gap.
//!
//! A record finds its message by its number, and where the venue has none by checksum and stamp.
//! Binance's stream has no snapshot: there the tape's book is known at the prices that it named.

mod place;

use std::collections::BTreeSet;

use feedd_codecs::VenueId;
use feedd_codecs::record::{Flags, GapEnd};

use super::doubt::Doubt;
use super::journal::{At, Step};
use super::ladder::Ladder;
use super::report::{Kind, StreamReport};
use super::tape::{Fate, Side, TapeBook, Touched};
use place::{find, fits};

/// Compares one book; counts go to `report`.
pub(super) fn compare(
    venue: VenueId,
    (stream, tape): (&str, &[TapeBook]),
    journal: &[At<Step>],
    (fate, end): (Option<&Fate>, i64),
    report: &mut StreamReport,
) {
    let mut replay = Replay {
        joined: venue.to_string().starts_with("binance"),
        depth: depth(stream),
        tape,
        fate,
        truth: Ladder::default(),
        truth_at: None,
        own: Ladder::default(),
        at: None,
        broken: true,
        gap: None,
        doubt: Doubt::default(),
        skipped: BTreeSet::new(),
        fresh: false,
        report,
    };
    for record in journal {
        replay.step(record);
    }
    replay.finish(end);
}

/// Levels a side, where the stream's name tells them (`orderbook.50.BTCUSDT`, `book.10.BTC/USD`).
pub(super) fn depth(stream: &str) -> u16 {
    let mut parts = stream.split('.');
    parts.nth(1).and_then(|part| part.parse().ok()).unwrap_or(0)
}

struct Replay<'a> {
    /// Whether snapshots come by REST and stand at no message of the tape.
    joined: bool,
    depth: u16,
    tape: &'a [TapeBook],
    fate: Option<&'a Fate>,
    truth: Ladder,
    /// The message that `truth` stands at.
    truth_at: Option<usize>,
    own: Ladder,
    /// The message that the journal's book stands at.
    at: Option<usize>,
    /// Whether the book waits for a snapshot.
    broken: bool,
    /// The gap that is open, by its stamp.
    gap: Option<i64>,
    /// Where a fault may have left untrue levels since the last snapshot.
    doubt: Doubt,
    /// Messages that no record tells of and that nobody could miss.
    skipped: BTreeSet<usize>,
    /// Whether no update followed the last snapshot yet.
    fresh: bool,
    report: &'a mut StreamReport,
}

impl Replay<'_> {
    fn step(&mut self, record: &At<Step>) {
        match &record.what {
            Step::Gap(gap) if gap.end == GapEnd::OPEN => {
                self.gap = Some(gap.ts_open);
                self.broken = true;
            }
            Step::Gap(_) => self.gap = None,
            Step::Book {
                snapshot,
                bids,
                asks,
                ..
            } => {
                self.report.journal += 1;
                if record.flags.contains(Flags::MAYBE_BAD_BOOK) {
                    self.flagged(record);
                } else if record.flags.contains(Flags::CHECKPOINT) {
                    self.checkpoint(record, bids, asks);
                } else if *snapshot {
                    self.snapshot(record, bids, asks);
                } else {
                    self.delta(record, bids, asks);
                }
            }
        }
    }

    fn flagged(&mut self, record: &At<Step>) {
        if self.gap.is_none() && !self.broken {
            self.report.differs(Kind::Book, Some(record.seq), None, || {
                "flagged, though no gap is open".to_owned()
            });
        }
        self.broken = true;
    }

    /// Repeats the book: nothing moves.
    fn checkpoint(&mut self, record: &At<Step>, bids: &Side, asks: &Side) {
        self.own.replace(bids, asks);
        self.judge(record, None);
    }

    fn snapshot(&mut self, record: &At<Step>, bids: &Side, asks: &Side) {
        let (place, unsure) = self.place_of_snapshot(record);
        let place = place.or_else(|| self.altered_snapshot(record, (bids, asks)));
        self.own.replace(bids, asks);
        self.own.cut(self.depth);
        let announced = self.gap.is_some() || self.at.is_none() || self.broken;
        self.account(record, place, announced);
        self.broken = false;
        self.doubt.clear();
        self.fresh = true;
        if place.is_none() && !self.joined {
            self.report
                .differs(Kind::Extra, Some(record.seq), None, || {
                    format!("snapshot {} was never published", record.number)
                });
            return;
        }
        self.at = place;
        self.move_truth();
        if self.joined && self.is_unwatched(place, record.number) {
            self.truth.forget();
        }
        self.judge(record, unsure);
    }

    fn delta(&mut self, record: &At<Step>, bids: &Side, asks: &Side) {
        if self.broken {
            self.report.differs(Kind::Book, Some(record.seq), None, || {
                format!(
                    "update {} is not flagged, though the book waits for a snapshot",
                    record.number
                )
            });
        }
        self.own.apply(bids, asks);
        let fallen = self.own.cut(self.depth);
        // The first message after a snapshot by REST may end where that stands (Binance futures).
        let again = u8::from(self.joined && self.fresh);
        let from = self.at.map_or(0, |at| at + 1 - usize::from(again));
        let is = |message: &TapeBook| !message.snapshot && fits(message, record);
        let place = find(self.tape, from, is);
        let Some(place) = place.or_else(|| self.altered_place(from, bids, asks)) else {
            return self.odd(record, find(self.tape, 0, is), (bids, asks));
        };
        // A snapshot that lies amid a message is continued by that message.
        self.account(record, Some(place), false);
        self.at = Some(place);
        self.fresh = false;
        self.report.equal += 1;
        let message = &self.tape[place];
        if self.was_altered(message) {
            let published = [&message.bids, &message.asks];
            self.report.altered += u64::from([bids, asks] != published);
            self.doubt.changed([bids, asks], published);
        }
        self.doubt.fell(&fallen);
        self.judge(record, None);
    }

    /// A change that is not the tape's next: late, a copy of one that a fault changed, or wrong.
    fn odd(&mut self, record: &At<Step>, old: Option<usize>, levels: (&Side, &Side)) {
        let line = old.map(|at| self.tape[at].line);
        if old.is_some_and(|at| self.skipped.remove(&at)) {
            self.report.equal += 1;
            self.report.untraceable -= 1;
            return self.judge(record, None);
        }
        let altered = match old {
            Some(at) => self.was_altered(&self.tape[at]),
            None => self.was_sent(record, levels),
        };
        if altered {
            let nothing = Side::new();
            self.doubt
                .changed([levels.0, levels.1], [&nothing, &nothing]);
            self.report.altered += 1;
            return self.judge(record, None);
        }
        let (kind, words) = match old {
            Some(_) => (Kind::Duplicate, "once more"),
            None => (Kind::Extra, "was never published"),
        };
        self.report.differs(kind, Some(record.seq), line, || {
            format!("update {} {words}", record.number)
        });
    }

    /// Whether a fault sent the record, as it stands in the journal.
    fn was_sent(&self, record: &At<Step>, (bids, asks): (&Side, &Side)) -> bool {
        let Step::Book { checksum, .. } = &record.what else {
            return false;
        };
        let name = match record.number {
            0 => checksum.map_or(0, u64::from),
            number => number,
        };
        self.fate.is_some_and(|fate| {
            let mut sent = fate.sent_before(record.ts_recv);
            sent.any(|sent| sent.names(name, bids.iter().chain(asks).copied()))
        })
    }

    /// Whether no line brought the message in its place.
    fn was_kept_back(&self, message: &TapeBook) -> bool {
        let kept = |one: &Touched| one.withheld || one.delayed;
        let name = (message.last, message.at);
        self.fate
            .is_some_and(|fate| fate.is_kept_from_all(name, None, kept))
    }

    fn was_altered(&self, message: &TapeBook) -> bool {
        self.fate
            .is_some_and(|fate| fate.sent_as(message.last).next().is_some())
    }

    /// The messages between the last step and this one: in the gap that was open, or lost.
    fn account(&mut self, record: &At<Step>, place: Option<usize>, announced: bool) {
        let (Some(last), Some(place)) = (self.at, place) else {
            return;
        };
        let between = self.tape.get(last + 1..place).unwrap_or_default();
        for (message, at) in between.iter().zip(last + 1..) {
            if message.snapshot {
            } else if announced {
                self.report.in_gaps += 1;
            } else if record.number != 0 && message.last == record.number && at == last + 1 {
                // The snapshot is that very update.
                self.report.equal += 1;
            } else if message.checksum.is_some() && self.was_kept_back(message) {
                // No number tells of it, and the book is right without it.
                self.report.untraceable += 1;
                self.skipped.insert(at);
            } else {
                self.report
                    .differs(Kind::Missing, Some(record.seq), Some(message.line), || {
                        format!("update {} is in no record before this one", message.last)
                    });
            }
        }
    }

    /// Moves the tape's book to where the journal's stands.
    fn move_truth(&mut self) {
        if self.truth_at > self.at {
            self.truth.forget();
            self.truth_at = None;
        }
        let from = self.truth_at.map_or(0, |at| at + 1);
        let to = self.at.map_or(0, |at| at + 1);
        for place in from..to {
            if self.is_break(place) {
                self.truth.forget();
            }
            let fallen = self.truth.follow(&self.tape[place], self.depth);
            self.doubt.fell(&fallen);
        }
        self.truth_at = self.at;
    }

    fn judge(&mut self, record: &At<Step>, unsure: Option<usize>) {
        self.move_truth();
        self.doubt.settle(&self.own, &self.truth);
        let amid = unsure.and_then(|at| self.tape.get(at));
        let unsure = |is_ask: bool, px| {
            let side = amid.map(|message| if is_ask { &message.asks } else { &message.bids });
            let named = side.is_some_and(|side| side.iter().any(|(other, _)| *other == px));
            named || self.doubt.holds(is_ask, px)
        };
        let Some(what) = self.own.differs_from(&self.truth, unsure) else {
            return;
        };
        let line = self.at.map(|at| self.tape[at].line);
        self.report.differs(Kind::Book, Some(record.seq), line, || {
            format!("the book at {}: {what}", record.number)
        });
    }

    /// What the tape has behind the journal's last step.
    fn finish(&mut self, end: i64) {
        let updates = self.tape.iter().filter(|message| !message.snapshot);
        self.report.tape = updates.count() as u64;
        let Some(at) = self.at else { return };
        let rest = self.tape.get(at + 1..).unwrap_or_default();
        for message in rest
            .iter()
            .filter(|message| !message.snapshot && message.at <= end)
        {
            if self.broken {
                self.report.in_gaps += 1;
            } else {
                self.report
                    .differs(Kind::Missing, None, Some(message.line), || {
                        format!("update {} is behind the last record", message.last)
                    });
            }
        }
    }
}
