//! Nothing that comes in from outside makes a feed panic, and what is refused changes nothing.
//!
//! Every message of every venue is taken apart: cut, bent, doubled, filled with noise. A refusal
//! names its rule and leaves books, instruments, lines and journal as they were; the next good
//! message is taken as if nothing had been. The tables in `allowed` say which fields may be absent
//! and which are not read at all; every other field is required, and tested as such.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "bad_input/allowed.rs"]
mod allowed;
#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/fields.rs"]
mod fields;
#[path = "bad_input/noise.rs"]
mod noise;
#[path = "bad_input/numbers.rs"]
mod numbers;
mod support;

use feedd_codecs::feed::{Counts, Stage, State};
use feedd_codecs::instrument::Instrument;
use feedd_codecs::venue::{Channel, StreamKey};
use feedd_codecs::{Book, Reject};
use support::rig::Rig;
use support::script::Script;

/// Everything of a feed that a refused message must leave alone.
#[derive(Debug, PartialEq, Eq)]
struct Inside {
    books: Vec<(Book, State, Option<u64>)>,
    instruments: Vec<Instrument>,
    streams: Vec<(StreamKey, Stage)>,
    records: usize,
    sent: usize,
}

fn inside<S: Script>(rig: &Rig<S>) -> Inside {
    let book = |at| {
        let (book, state, seq, _) = rig.feed.book(rig.id(at)).unwrap();
        (book.clone(), state, seq)
    };
    let lines = rig.feed.lines().iter();
    Inside {
        books: (0..3).map(book).collect(),
        instruments: rig.feed.instruments().all().to_vec(),
        streams: lines.flat_map(|line| line.streams()).collect(),
        records: rig.records.len(),
        sent: rig.sent.len(),
    }
}

/// A live feed and the good messages that are about to come.
struct Case<S: Script> {
    rig: Rig<S>,
    before: Inside,
    goldens: Vec<(Channel, String)>,
}

impl<S: Script> Case<S> {
    fn new() -> Self {
        let mut rig = Rig::<S>::live();
        let mut goldens = vec![
            (S::TRADES, rig.data_text(0, S::TRADES)),
            (Channel::BBO, rig.data_text(0, Channel::BBO)),
            (Channel::BOOK, rig.touch(0)),
        ];
        if !rig.by_rest() {
            goldens.push((Channel::BOOK, S::snapshot(&rig.truths[0])));
        }
        Self {
            before: inside(&rig),
            rig,
            goldens,
        }
    }

    /// Gives a frame that must be refused; the rule's name.
    fn refused(&mut self, channel: Channel, frame: impl AsRef<[u8]>) -> &'static str {
        let frame = frame.as_ref();
        let rule = match self.give(channel, frame) {
            Err(reject) => reject.rule(),
            Ok(()) => panic!("taken: {}", String::from_utf8_lossy(frame)),
        };
        let after = inside(&self.rig);
        assert_eq!(after, self.before, "{}", String::from_utf8_lossy(frame));
        rule
    }

    fn give(&mut self, channel: Channel, frame: &[u8]) -> Result<(), Reject> {
        let line = self.rig.line_of(self.rig.key(0, channel));
        let rejects = total(self.rig.feed.counts());
        let outcome = self.rig.frame(line, frame);
        let refused = u64::from(outcome.is_err());
        assert_eq!(
            total(self.rig.feed.counts()),
            rejects + refused,
            "counted once"
        );
        outcome
    }

    /// The good messages are taken, as if nothing had been.
    fn ends_well(mut self) {
        for (channel, golden) in self.goldens.clone() {
            assert_eq!(self.give(channel, golden.as_bytes()), Ok(()));
        }
        let made = self.rig.records.len() - self.before.records;
        assert_eq!(made, self.goldens.len());
        assert!(self.rig.is_right(0) && self.rig.state(0) == Some(State::Live));
    }
}

fn total(counts: &Counts) -> u64 {
    counts.rejects_by_rule().map(|rule| rule.1).sum()
}

/// Runs `check` on each good message of the venue, then sees that all ends well.
fn for_each_golden<S: Script>(mut check: impl FnMut(&mut Case<S>, Channel, &str)) {
    let mut case = Case::<S>::new();
    for (channel, golden) in case.goldens.clone() {
        check(&mut case, channel, &golden);
    }
    case.ends_well();
}

/// Gives a changed message to a feed of its own: it must be taken like the good one.
fn taken<S: Script>(channel: Channel, frame: &str) -> Case<S> {
    let mut case = Case::<S>::new();
    assert_eq!(case.give(channel, frame.as_bytes()), Ok(()), "{frame}");
    case
}

macro_rules! bad_input {
    ($($venue:ident => $script:ty),+ $(,)?) => {
        $(bad_input! { @cases $venue, $script:
            fields::cut_at_any_byte,
            fields::a_required_field_removed_or_renamed,
            fields::a_required_field_of_another_type,
            fields::a_field_that_stands_twice,
            fields::an_unknown_field_anywhere,
            numbers::numbers_quoted_or_bare,
            numbers::numbers_that_are_none,
            noise::noise_instead_of_a_message,
            bodies::bodies_cut_and_bent,
            bodies::reference_data_cut_and_bent,
        })+
    };
    (@cases $venue:ident, $script:ty: $($file:ident::$case:ident),+ $(,)?) => {
        mod $venue {
            use proptest::prelude::*;

            $(#[test]
            fn $case() {
                super::$file::$case::<$script>();
            })+

            proptest! {
                #[test]
                fn flipped_bytes(seed: u64) {
                    super::noise::flipped_bytes::<$script>(seed);
                }
            }
        }
    };
}

bad_input! {
    binance_spot => crate::support::binance::Spot,
    binance_usdm => crate::support::binance::UsdM,
    binance_coinm => crate::support::binance::CoinM,
    bybit_spot => crate::support::bybit::Spot,
    bybit_linear => crate::support::bybit::Linear,
    bybit_inverse => crate::support::bybit::Inverse,
    kraken_spot => crate::support::kraken::Spot,
    kraken_futures => crate::support::kraken_futures::Futures,
}
