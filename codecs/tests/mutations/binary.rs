//! Binary messages of Binance: each byte cut off, each length altered, each bit flipped.
//!
//! Where the fields of a message stand is told here once more, from the venue's schema.

use std::ops::Range;

use feedd_codecs::venue::binance::Binance;
use feedd_codecs::{Reject, VenueId};

use super::goldens::Golden;
use super::reader::{Live, Meaning, Reader};

/// What a run of bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A length or a count: nothing else fits.
    Length,
    /// Which message it is, by which schema.
    Head,
    /// A value; the ends of the names of the facts that it gives.
    Value(&'static [&'static str]),
}

use Part::{Head, Length, Value};

const TIME: Part = Value(&["ts_venue", "ts_send"]);
const PX: Part = Value(&["px"]);
/// A side without quantity has no price.
const QTY: Part = Value(&["qty", "_px"]);

/// The parts of a message in order, with their bytes; `[]` stands for the groups.
fn root(template: u16) -> &'static [(usize, Part)] {
    match template {
        10_000 => &[
            (8, Value(&["ts_send"])),
            (8, Value(&["ts_venue"])),
            (1, PX),
            (1, QTY),
        ],
        10_001 => &[
            (8, TIME),
            (8, Value(&["seq"])),
            (1, PX),
            (1, QTY),
            (8, Value(&["bid_px"])),
            (8, Value(&["bid_qty", "bid_px"])),
            (8, Value(&["ask_px"])),
            (8, Value(&["ask_qty", "ask_px"])),
        ],
        10_002 => &[(8, TIME), (8, Value(&["seq"])), (1, PX), (1, QTY)],
        10_003 => &[
            (8, TIME),
            (8, Value(&["first_seq"])),
            (8, Value(&["0.seq"])),
            (1, PX),
            (1, QTY),
        ],
        other => panic!("{other}"),
    }
}

/// The parts of an entry of a template's groups, and how many bytes count the entries of each group.
fn groups(template: u16) -> (&'static [(usize, Part)], &'static [usize]) {
    match template {
        10_000 => (
            &[
                (8, Value(&["seq", ".id"])),
                (8, PX),
                (8, QTY),
                (1, Value(&["side"])),
            ],
            &[4],
        ),
        10_001 => (&[], &[]),
        _ => (&[(8, PX), (8, QTY)], &[2, 2]),
    }
}

/// Every part of a message, in order.
fn parts(frame: &[u8]) -> Vec<(Range<usize>, Part)> {
    let template = u16::from_le_bytes([frame[2], frame[3]]);
    let mut found = Vec::new();
    let mut end = 0;
    let mut add = |bytes: usize, part: Part| {
        found.push((end..end + bytes, part));
        end += bytes;
        end
    };
    add(2, Length);
    let mut at = add(6, Head);
    for (bytes, part) in root(template) {
        at = add(*bytes, *part);
    }
    let (entry, counts) = groups(template);
    for bytes in counts {
        let count = frame[at + 2];
        add(2, Length);
        at = add(*bytes, Length);
        for _ in 0..count {
            for (bytes, part) in entry {
                at = add(*bytes, *part);
            }
        }
    }
    at = add(1, Length);
    add(frame.len() - at, Value(&["symbol"]));
    found
}

/// A message's readers.
struct Bench {
    name: String,
    reader: Reader<Binance>,
    live: Live<Binance>,
    good: Meaning,
}

impl Bench {
    /// What a frame says to the decoder; a feed says the same, and forgets what it refused.
    fn read(&mut self, frame: &[u8]) -> Result<Meaning, Reject> {
        let outcome = self.reader.read(frame);
        match (self.live.push(frame), &outcome) {
            (Err(live), Err(read)) => assert_eq!(live, *read),
            (Ok(records), Ok(read)) => {
                let same = read.is_exactly(&self.good);
                assert!(!same || records == self.live.expected(), "{frame:?}");
            }
            (live, read) => panic!("{}: {live:?} {read:?}", self.name),
        }
        outcome
    }

    fn refused(&mut self, frame: &[u8], why: &str) {
        let outcome = self.read(frame);
        assert!(outcome.is_err(), "{} {why}: {outcome:?}", self.name);
    }

    fn flipped(&mut self, frame: &[u8], part: Part, at: usize) {
        let outcome = self.read(frame);
        let (Ok(found), place) = (outcome, format!("{} {part:?} at {at}", self.name)) else {
            return;
        };
        let ignored = found.drift != self.good.drift && found.facts.values().eq(["Ignored"]);
        let names = self.good.facts.keys().chain(found.facts.keys());
        let differs = |name: &&String| self.good.facts.get(*name) != found.facts.get(*name);
        let changed: Vec<&String> = names.filter(differs).collect();
        match part {
            Length => panic!("{place}: taken"),
            // A later version of the schema may say more, in the same places.
            Head => assert!(ignored || changed.is_empty(), "{place}: {changed:?}"),
            Value(ends) => {
                let is_due = |name: &&String| ends.iter().any(|end| name.ends_with(end));
                assert!(changed.iter().all(is_due), "{place}: {changed:?}");
                assert!(!changed.is_empty(), "{place}: not noticed");
            }
        }
    }
}

/// Bends a message in every way.
pub(crate) fn check(golden: &Golden, all: &[Golden]) {
    assert_eq!(golden.venue, VenueId::BINANCE_SPOT);
    let mut reader = Reader::new(golden, all);
    let mut bench = Bench {
        name: golden.name.clone(),
        good: reader.read(&golden.bytes).unwrap(),
        reader,
        live: Live::new(golden).unwrap(),
    };
    let frame = &golden.bytes;
    for length in 0..frame.len() {
        bench.refused(&frame[..length], "cut");
    }
    for more in [0, 1, 255] {
        bench.refused(&[&frame[..], &[more]].concat(), "longer");
    }
    for (bytes, part) in parts(frame) {
        for at in bytes.clone() {
            for bit in 0..8 {
                let mut bent = frame.clone();
                bent[at] ^= 1 << bit;
                bench.flipped(&bent, part, at);
            }
        }
        if part == Length {
            lengths(&mut bench, frame, bytes);
        }
    }
    assert!(bench.live.is_sound(), "refused frames left something");
}

/// A length or count that is one less, one more, none or as large as can be.
fn lengths(bench: &mut Bench, frame: &[u8], bytes: Range<usize>) {
    let told = frame[bytes.start];
    for low in [told.wrapping_sub(1), told.wrapping_add(1), 0, 255] {
        for high in [0, 255] {
            let mut bent = frame.to_vec();
            bent[bytes.clone()].fill(high);
            bent[bytes.start] = low;
            if bent != frame {
                bench.refused(&bent, "length");
            }
        }
    }
}
