//! Books: the journal's snapshots and changes, replayed, are the tape's book at every step that is
//! not flagged, and every message of the tape is in one of them or in a gap.
//!
//! A record finds its message by its number, and where the venue has none by checksum and stamp.
//! Binance's stream has no snapshot: there the tape's book is known at the prices that it named.

use feedd_codecs::VenueId;
use feedd_codecs::record::{Flags, GapEnd};

use super::journal::{At, Step};
use super::ladder::Ladder;
use super::report::{Kind, StreamReport};
use super::tape::{Fate, Side, TapeBook};

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
        tainted: false,
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
    /// Whether a fault may have left untrue levels since the last snapshot.
    tainted: bool,
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
        self.own.replace(bids, asks);
        self.own.cut(self.depth);
        let announced = self.gap.is_some() || self.at.is_none() || self.broken;
        self.account(record, place, announced);
        self.broken = false;
        self.tainted = false;
        if place.is_none() && !self.joined {
            self.report
                .differs(Kind::Extra, Some(record.seq), None, || {
                    format!("snapshot {} was never published", record.number)
                });
            return;
        }
        self.at = place;
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
        self.own.cut(self.depth);
        let from = self.at.map_or(0, |at| at + 1);
        let is = |message: &TapeBook| !message.snapshot && fits(message, record);
        let place = find(self.tape, from, is);
        let Some(place) = place else {
            let old = find(self.tape, 0, is);
            let (kind, words) = match old {
                Some(_) => (Kind::Duplicate, "once more"),
                None => (Kind::Extra, "was never published"),
            };
            let line = old.map(|at| self.tape[at].line);
            self.report.differs(kind, Some(record.seq), line, || {
                format!("update {} {words}", record.number)
            });
            return;
        };
        // A snapshot that lies amid a message is continued by that message.
        self.account(record, Some(place), false);
        self.at = Some(place);
        self.report.equal += 1;
        self.taint(place);
        self.judge(record, None);
    }

    /// The messages between the last step and this one: in the gap that was open, or lost.
    fn account(&mut self, record: &At<Step>, place: Option<usize>, announced: bool) {
        let (Some(last), Some(place)) = (self.at, place) else {
            return;
        };
        for message in self.tape.get(last + 1..place).unwrap_or_default() {
            if message.snapshot {
            } else if announced {
                self.report.in_gaps += 1;
            } else {
                self.report
                    .differs(Kind::Missing, Some(record.seq), Some(message.line), || {
                        format!("update {} is in no record before this one", message.last)
                    });
            }
        }
    }

    /// Where a snapshot stands, and the message that it lies amid.
    fn place_of_snapshot(&self, record: &At<Step>) -> (Option<usize>, Option<usize>) {
        let from = self.at.unwrap_or(0);
        if !self.joined {
            let is = |message: &TapeBook| message.snapshot && fits(message, record);
            return (
                find(self.tape, from, is).or_else(|| find(self.tape, 0, is)),
                None,
            );
        }
        let ends = |message: &TapeBook| message.last == record.number;
        if let Some(place) = find(self.tape, from, ends).or_else(|| find(self.tape, 0, ends)) {
            return (Some(place), None);
        }
        let covers = |message: &TapeBook| (message.first..=message.last).contains(&record.number);
        match find(self.tape, from, covers) {
            Some(place) => (place.checked_sub(1), Some(place)),
            // Between two messages, or before the first.
            None => (
                self.tape
                    .iter()
                    .rposition(|message| message.last < record.number),
                None,
            ),
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
            self.truth.follow(&self.tape[place], self.depth);
        }
        self.truth_at = self.at;
    }

    /// Whether messages before this one are not on the tape: nobody had subscribed.
    fn is_break(&self, place: usize) -> bool {
        let Some(before) = place.checked_sub(1).map(|at| &self.tape[at]) else {
            return false;
        };
        let message = &self.tape[place];
        self.joined
            && match message.prev {
                Some(prev) => prev != before.last,
                None => message.first != before.last + 1,
            }
    }

    fn taint(&mut self, place: usize) {
        let message = &self.tape[place];
        let touched = self.fate.map_or(&[][..], |fate| &fate.touched);
        self.tainted |= touched.iter().any(|touched| {
            touched.sent.is_some() && (touched.first, touched.last) == (message.first, message.last)
        });
    }

    fn judge(&mut self, record: &At<Step>, unsure: Option<usize>) {
        self.move_truth();
        let unsure = unsure.and_then(|at| self.tape.get(at));
        let Some(what) = self.own.differs_from(&self.truth, unsure) else {
            return;
        };
        if self.tainted {
            self.report.altered += 1;
            return;
        }
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

fn find(tape: &[TapeBook], from: usize, is: impl Fn(&TapeBook) -> bool) -> Option<usize> {
    let rest = tape.get(from..)?;
    Some(from + rest.iter().position(is)?)
}

/// Whether a message is the record's: by number, else by checksum and stamp.
fn fits(message: &TapeBook, record: &At<Step>) -> bool {
    let Step::Book { checksum, .. } = &record.what else {
        return false;
    };
    if record.number != 0 {
        return message.last == record.number;
    }
    message.checksum == *checksum && message.ts == record.ts_venue
}
