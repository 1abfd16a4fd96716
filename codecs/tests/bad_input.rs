//! Nothing that comes in from outside makes a feed panic, and what is refused changes nothing.
//!
//! Every message of every venue is taken apart: cut, bent, doubled, filled with noise. A refusal
//! names its rule and leaves books, instruments, lines and journal as they were; the next good
//! message is taken as if nothing had been. The tables below say which fields may be absent and
//! which are not read at all; every other field is required, and tested as such.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use feedd_codecs::feed::{Counts, Stage, State, Want};
use feedd_codecs::instrument::Instrument;
use feedd_codecs::json::FRAME_BYTES_MAX;
use feedd_codecs::venue::{Channel, StreamKey};
use feedd_codecs::{Book, Reject};
use support::rig::Rig;
use support::script::Script;
use support::tree::Tree;
use support::truth::Dice;

/// Exchange or venue, channel, fields that may be absent though they are read.
const OPTIONAL: [(&str, Channel, &[&str]); 8] = [
    ("binance", Channel::BBO, &["e", "E", "T"]),
    ("binance", Channel::BOOK, &["T"]),
    ("bybit", Channel::TRADE, &["BT", "RPI", "seq"]),
    ("bybit", Channel::BBO, &["cts", "seq"]),
    ("bybit", Channel::BOOK, &["cts", "seq"]),
    ("kraken-spot", Channel::BBO, &["timestamp"]),
    (
        "kraken-futures",
        Channel::BBO,
        &["bid", "bid_size", "ask", "ask_size"],
    ),
    ("kraken-spot", Channel::BOOK, &["timestamp"]),
];

/// Exchange, channel, fields that are known and not read.
const UNREAD: [(&str, Channel, &[&str]); 8] = [
    ("binance", Channel::TRADE, &["M"]),
    ("binance", Channel::AGG_TRADE, &["nq", "st"]),
    ("binance", Channel::BBO, &["ps", "st"]),
    ("binance", Channel::BOOK, &["ps", "st"]),
    ("bybit", Channel::TRADE, &["type", "L"]),
    ("kraken-spot", Channel::TRADE, &["ord_type"]),
    ("kraken-futures", Channel::BBO, &["tag", "pair", "leverage"]),
    ("kraken-futures", Channel::BOOK, &["tickSize"]),
];

/// Venue, channel, statistics: they may be absent or `null`, and of any sign and size.
const STATISTICS: [(&str, Channel, &[&str]); 2] = [
    (
        "kraken-spot",
        Channel::BBO,
        &[
            "last",
            "volume",
            "vwap",
            "low",
            "high",
            "change",
            "change_pct",
        ],
    ),
    (
        "kraken-futures",
        Channel::BBO,
        &[
            "funding_rate",
            "relative_funding_rate",
            "next_funding_rate_time",
            "premium",
            "volume",
            "dtm",
            "index",
            "last",
            "change",
            "suspended",
            "openInterest",
            "markPrice",
            "maturityTime",
            "post_only",
        ],
    ),
];

/// Fields of reference data that may be absent or are not read.
const NOT_REQUIRED_OF_A_LISTING: [&str; 19] = [
    "contractType",
    "deliveryDate",
    "contractSize",
    "deliveryTime",
    "minPrice",
    "timezone",
    "retMsg",
    "category",
    "nextPageCursor",
    "retExtInfo",
    "time",
    "quotePrecision",
    "preListingInfo",
    "assets",
    "pairs",
    "marginable",
    "qty_increment",
    "price_increment",
    "pricePrecision",
];

/// Whether a table's row is about this venue.
fn is_of<S: Script>(name: &str) -> bool {
    name == S::ID.exchange() || name == S::ID.to_string()
}

fn listed<S: Script>(table: &[(&str, Channel, &[&str])], channel: Channel, key: &str) -> bool {
    table
        .iter()
        .any(|row| is_of::<S>(row.0) && row.1 == channel && row.2.contains(&key))
}

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

fn cut_at_any_byte<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        for length in 0..golden.len() {
            let rule = case.refused(channel, &golden[..length]);
            let expected = if length == 0 { "empty" } else { "invalid_json" };
            assert_eq!(rule, expected, "{length}");
        }
        for more in ["x", "}", ",", "\0", golden] {
            assert_eq!(
                case.refused(channel, format!("{golden}{more}")),
                "invalid_json"
            );
        }
    });
}

fn a_required_field_removed_or_renamed<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let without = tree
                .with_fields(&path, |fields, at| drop(fields.remove(at)))
                .text();
            let renamed = tree
                .with_fields(&path, |fields, at| fields[at].0.push('_'))
                .text();
            let tables = [&OPTIONAL[..], &UNREAD, &STATISTICS];
            if tables.iter().any(|table| listed::<S>(table, channel, &key)) {
                taken::<S>(channel, &without);
                let case = taken::<S>(channel, &renamed);
                assert_eq!(case.rig.feed.drift().count(), 1, "{renamed}");
            } else {
                for frame in [without, renamed] {
                    let rule = case.refused(channel, &frame);
                    let fits = ["missing_field", "unknown_shape", "wrong_type"].contains(&rule);
                    assert!(fits, "{rule} for {frame}");
                }
            }
        }
    });
}

/// What a value is, as far as the venues tell apart: quoted and bare numbers are one.
fn sort(tree: &Tree) -> usize {
    match tree {
        Tree::Scalar(text) if text == "null" => 0,
        Tree::Scalar(text) if text == "true" || text == "false" => 1,
        Tree::Scalar(_) => 2,
        Tree::Array(_) => 3,
        Tree::Object(_) => 4,
    }
}

fn a_required_field_of_another_type<S: Script>() {
    let others = [
        "null",
        "true",
        "1",
        "[]",
        "[[[]]]",
        "[\"1\"]",
        "{}",
        "{\"x\":{}}",
    ]
    .map(Tree::read);
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let held = tree.at(&path);
            for other in others.iter().filter(|other| sort(other) != sort(held)) {
                let bent = tree.with(&path, |value| *value = other.clone()).text();
                let no_value = sort(other) == 0 && may_be_null::<S>(channel, &key);
                if no_value || listed::<S>(&UNREAD, channel, &key) {
                    taken::<S>(channel, &bent);
                } else {
                    assert_eq!(case.refused(channel, &bent), "wrong_type", "{bent}");
                }
            }
        }
    });
}

/// Whether `null` says that the venue has no value.
fn may_be_null<S: Script>(channel: Channel, key: &str) -> bool {
    listed::<S>(&STATISTICS, channel, key)
        || (is_of::<S>("kraken-futures") && listed::<S>(&OPTIONAL, channel, key))
}

fn a_field_that_stands_twice<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let twice = tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()));
            if listed::<S>(&UNREAD, channel, &key) {
                taken::<S>(channel, &twice.text());
            } else {
                assert_eq!(
                    case.refused(channel, twice.text()),
                    "duplicate_field",
                    "{key}"
                );
            }
        }
    });
}

fn an_unknown_field_anywhere<S: Script>() {
    let case = Case::<S>::new();
    for (channel, golden) in &case.goldens {
        let tree = Tree::read(golden);
        let good = taken::<S>(*channel, golden);
        for path in tree.objects() {
            for value in ["1", "\"x\"", "null", "[[{}]]", "{\"price\":1}"] {
                let more = tree.with(&path, |object| {
                    if let Tree::Object(fields) = object {
                        fields.insert(0, ("brandNew".to_owned(), Tree::read(value)));
                    }
                });
                let case = taken::<S>(*channel, &more.text());
                assert_eq!(case.rig.feed.drift().count(), 1, "{}", more.text());
                assert_eq!(case.rig.records, good.rig.records, "it changes nothing");
            }
        }
    }
}

/// Quoted where the venue sends bare numbers, bare where it sends quoted ones: the same records.
fn numbers_quoted_or_bare<S: Script>() {
    let case = Case::<S>::new();
    for (channel, golden) in &case.goldens {
        let tree = Tree::read(golden);
        let good = taken::<S>(*channel, golden);
        for path in tree.scalars() {
            let Tree::Scalar(text) = tree.at(&path) else {
                continue;
            };
            let inner = text.trim_matches('"');
            let is_number = inner
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            if is_number {
                let other = if inner == text {
                    format!("\"{inner}\"")
                } else {
                    inner.to_owned()
                };
                let changed = tree.with(&path, |value| *value = Tree::Scalar(other));
                let case = taken::<S>(*channel, &changed.text());
                assert_eq!(case.rig.records, good.rig.records, "{}", changed.text());
            }
        }
    }
}

/// The places of prices and quantities in a message.
fn decimals<S: Script>(tree: &Tree) -> Vec<Vec<usize>> {
    let is_decimal = |path: &Vec<usize>| match tree.at(path) {
        Tree::Scalar(text) => {
            let inner = text.trim_matches('"');
            inner.contains('.')
                && inner
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
        }
        _ => false,
    };
    let unread = tree.fields().into_iter().filter(|(_, key)| {
        listed::<S>(&UNREAD, Channel::BBO, key)
            || listed::<S>(&UNREAD, S::TRADES, key)
            || listed::<S>(&STATISTICS, Channel::BBO, key)
    });
    let unread: Vec<Vec<usize>> = unread.map(|field| field.0).collect();
    let mut found = tree.scalars();
    found.retain(|path| is_decimal(path) && !unread.contains(path));
    found
}

fn numbers_that_are_none<S: Script>() {
    let long = "1".repeat(60);
    let longer = "1".repeat(65);
    let tiny = format!("0.{}1", "0".repeat(40));
    let rules = [
        ("NaN", "invalid_number"),
        ("Infinity", "invalid_number"),
        ("", "invalid_number"),
        (" 1", "invalid_number"),
        ("1 ", "invalid_number"),
        ("1,5", "invalid_number"),
        ("1.2.3", "invalid_number"),
        ("0x10", "invalid_number"),
        ("--1", "invalid_number"),
        ("+1", "invalid_number"),
        ("1e", "invalid_number"),
        ("1e1000", "invalid_number"),
        ("１", "invalid_number"),
        (&longer, "invalid_number"),
        (&long, "number_range"),
        (&tiny, "number_range"),
        ("1e30", "number_range"),
        ("9223372036854775808", "number_range"),
        ("-1", "negative"),
        ("-0.00000001", "negative"),
    ];
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        let places = decimals::<S>(&tree);
        assert!(!places.is_empty());
        for path in places {
            for (text, rule) in rules {
                let quoted = Tree::Scalar(format!("\"{text}\""));
                let bent = tree.with(&path, |value| *value = quoted).text();
                assert_eq!(case.refused(channel, &bent), rule, "{bent}");
                // Bare, spaces and commas are the frame's and not the number's.
                let bare = tree.with(&path, |value| *value = Tree::scalar(text)).text();
                if !text.contains([' ', ',']) {
                    let found = case.refused(channel, &bare);
                    assert!(
                        found == rule || found == "invalid_json",
                        "{found} for {bare}"
                    );
                }
            }
        }
    });
}

fn noise_instead_of_a_message<S: Script>() {
    let mut dice = Dice(3);
    let mut noise = |length: usize| -> Vec<u8> {
        let bytes = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap());
        bytes.collect()
    };
    let deep = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
    let deep_field = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    for_each_golden::<S>(|case, channel, golden| {
        for frame in ["", " ", "\n\t"] {
            assert_eq!(case.refused(channel, frame), "empty");
        }
        let page = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>";
        assert_eq!(case.refused(channel, page), "html");
        assert_eq!(case.refused(channel, deep(33)), "too_deep");
        assert_eq!(case.refused(channel, deep(1_000_000)), "too_deep");
        assert_eq!(case.refused(channel, b"[".repeat(1_000_000)), "too_deep");
        assert_eq!(
            case.refused(channel, b"{\"a\":".repeat(1_000_000)),
            "too_deep"
        );
        assert_eq!(case.refused(channel, &deep_field), "too_deep");
        for length in [1, 7, 64, 4_096] {
            let frame = [&[0x80][..], &noise(length)].concat();
            case.refused(channel, frame);
        }
        let symbol = golden
            .find(S::SYMBOLS[0])
            .or(golden.find(&S::SYMBOLS[0].to_lowercase()));
        let mut foreign = golden.as_bytes().to_vec();
        foreign[symbol.unwrap()] = 0xFF;
        assert_eq!(case.refused(channel, foreign), "invalid_utf8");
        let zeros = golden.replacen(':', ":\0", 1);
        assert_eq!(case.refused(channel, zeros), "invalid_json");
        let marked = format!("\u{feff}{golden}");
        assert_eq!(case.refused(channel, marked), "invalid_json");
    });
    let mut case = Case::<S>::new();
    let (channel, golden) = case.goldens[0].clone();
    let huge = format!("{golden}{}", " ".repeat(FRAME_BYTES_MAX + 1 - golden.len()));
    assert_eq!(case.refused(channel, huge), "too_large");
    case.ends_well();
}

/// A refused body is asked for again and changes nothing either.
fn bodies_cut_and_bent<S: Script>() {
    let mut case = Case::<S>::new();
    if !case.rig.by_rest() {
        return;
    }
    let want = Want::Snapshot {
        instrument: case.rig.id(0),
        channel: Channel::BOOK,
    };
    let body = S::snapshot(&case.rig.truths[1]);
    let tree = Tree::read(&body);
    let mut bad: Vec<String> = (0..200).map(|length| body[..length].to_owned()).collect();
    bad.extend([
        "<html></html>".to_owned(),
        r#"{"code":-1121,"msg":"Invalid symbol."}"#.to_owned(),
    ]);
    for (path, key) in tree.fields() {
        if !["E", "T"].contains(&key.as_str()) {
            bad.push(
                tree.with_fields(&path, |fields, at| drop(fields.remove(at)))
                    .text(),
            );
        }
        bad.push(
            tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()))
                .text(),
        );
        bad.push(
            tree.with(&path, |value| *value = Tree::scalar("null"))
                .text(),
        );
    }
    for body in bad {
        let rejects = total(case.rig.feed.counts());
        assert!(case.rig.answer(want, &body).is_err(), "{body}");
        assert_eq!(total(case.rig.feed.counts()), rejects + 1);
        assert_eq!(inside(&case.rig), case.before);
    }
    case.ends_well();
}

/// Reference data is all or nothing as well.
fn reference_data_cut_and_bent<S: Script>() {
    let mut case = Case::<S>::new();
    let text = S::reference(&case.rig.truths);
    let line = case.rig.feed.lines()[0].id();
    let in_band = case.rig.references == 0;
    let tree = Tree::read(&text);
    let may_lack = |key: &str| match key {
        "status" => S::ID.exchange() == "binance",
        "tickSize"
        | "base"
        | "quote"
        | "contractValueTradePrecision"
        | "postOnly"
        | "isExpired"
        | "pair"
        | "serverTime"
            if is_of::<S>("kraken-futures") =>
        {
            true
        }
        key => NOT_REQUIRED_OF_A_LISTING.contains(&key),
    };
    let mut bad: Vec<String> = (0..text.len())
        .map(|length| text[..length].to_owned())
        .collect();
    for (path, key) in tree.fields() {
        bad.push(
            tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()))
                .text(),
        );
        if !may_lack(&key) {
            bad.push(
                tree.with_fields(&path, |fields, at| drop(fields.remove(at)))
                    .text(),
            );
            bad.push(
                tree.with(&path, |value| *value = Tree::scalar("null"))
                    .text(),
            );
        }
    }
    for body in bad {
        let outcome = if in_band {
            case.rig.frame(line, &body)
        } else {
            case.rig.answer(Want::Reference { page: 0 }, &body)
        };
        assert!(outcome.is_err(), "{body}");
        assert_eq!(inside(&case.rig), case.before, "{body}");
    }
    case.ends_well();
}

/// Flips bytes of good messages: whatever comes of it, nothing panics, and a refusal changes
/// nothing.
fn flipped_bytes<S: Script>(seed: u64) {
    let mut dice = Dice(seed);
    let mut case = Case::<S>::new();
    let mut believed = true;
    for (channel, golden) in case.goldens.clone() {
        for _ in 0..8 {
            let mut bytes = golden.clone().into_bytes();
            for _ in 0..=dice.below(4) {
                let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
                bytes[at] = match dice.below(3) {
                    0 => bytes[at] ^ (1 << dice.below(8)),
                    1 => u8::try_from(dice.below(256)).unwrap(),
                    _ => b"\"{}[]:,0-.eE\\"[usize::try_from(dice.below(13)).unwrap()],
                };
            }
            if case.give(channel, &bytes).is_ok() {
                case.before = inside(&case.rig);
                believed = false;
            } else {
                assert_eq!(inside(&case.rig), case.before);
            }
        }
    }
    if believed {
        case.ends_well();
    }
}

macro_rules! bad_input {
    ($($venue:ident => $script:ty),+ $(,)?) => {
        $(bad_input! { @cases $venue, $script:
            cut_at_any_byte,
            a_required_field_removed_or_renamed,
            a_required_field_of_another_type,
            a_field_that_stands_twice,
            an_unknown_field_anywhere,
            numbers_quoted_or_bare,
            numbers_that_are_none,
            noise_instead_of_a_message,
            bodies_cut_and_bent,
            reference_data_cut_and_bent,
        })+
    };
    (@cases $venue:ident, $script:ty: $($case:ident),+ $(,)?) => {
        mod $venue {
            use proptest::prelude::*;

            $(#[test]
            fn $case() {
                super::$case::<$script>();
            })+

            proptest! {
                #[test]
                fn flipped_bytes(seed: u64) {
                    super::flipped_bytes::<$script>(seed);
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
