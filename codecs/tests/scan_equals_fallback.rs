//! The fast path and the general path say the same of every frame: the same items, the same schema
//! drift, the same refusal, whatever the frame is and whatever came before it.
//!
//! Good messages of every venue are bent in every way that a message can be (see the module `bend`),
//! and decoded twice, on each target of this processor. `FEEDD_SCAN_CASES` sets how many bent messages
//! there are per venue and target (default 3,000).

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "scan_equals_fallback/bend.rs"]
mod bend;
#[path = "scan_equals_fallback/samples.rs"]
mod samples;

use bend::{Dice, bend, digits};
use feedd_codecs::batch::Item;
use feedd_codecs::instrument::{Admission, Instruments, Listing, Terms};
use feedd_codecs::scan::Target;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Batch, Reject, Venue, VenueId, with_venue};

fn cases() -> u64 {
    let set = std::env::var("FEEDD_SCAN_CASES");
    set.map_or(3_000, |text| text.parse().expect("a number"))
}

/// How a feed knows its instruments.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// By reference data, with these exponents.
    Declared(i8, i8),
    /// By name only: exponents are learned from the wire.
    Named,
    /// Not at all.
    Any,
}

const KNOWN: [Known; 5] = [
    Known::Declared(-2, -3),
    Known::Declared(-8, -8),
    Known::Declared(0, 1),
    Known::Named,
    Known::Any,
];

fn instruments(id: VenueId, known: Known) -> Instruments {
    let admission = match known {
        Known::Any => Admission::Any,
        _ => Admission::Named,
    };
    let mut table = Instruments::new(id, admission);
    for symbol in samples::symbols(id) {
        let instrument = table.add(symbol).unwrap();
        if let Known::Declared(px_exp, qty_exp) = known {
            table.get_mut(instrument).declare(&Listing {
                symbol: (*symbol).into(),
                base: "A".into(),
                quote: "B".into(),
                settle: "".into(),
                px_exp,
                qty_exp,
                terms: Terms::UNKNOWN,
            });
        }
    }
    table
}

/// One decoder with all its state.
struct Side<V> {
    venue: V,
    instruments: Instruments,
    batch: Batch,
    outcome: Result<(), Reject>,
}

impl<V: Venue> Side<V> {
    fn new(id: VenueId, known: Known) -> Self {
        Self {
            venue: V::new(id, StreamOptions::default()),
            instruments: instruments(id, known),
            batch: Batch::default(),
            outcome: Ok(()),
        }
    }

    /// What the frame said; a refused frame leaves its batch undefined.
    fn said(&self) -> (Result<(), Reject>, &[Item], String) {
        let items = match self.outcome {
            Ok(()) => self.batch.items.as_slice(),
            Err(_) => &[],
        };
        let drift: Vec<_> = self.batch.drift.fields().collect();
        let rest = (&self.batch.levels, &self.batch.figures, &self.batch.orders);
        let rest = self.outcome.map(|()| rest);
        (self.outcome, items, format!("{drift:?} {rest:?}"))
    }

    /// What the feed does with a batch: it makes room for finer numbers.
    fn widen(&mut self) {
        for item in &self.batch.items {
            let (id, px_exp, qty_exp) = match item {
                Item::Trade(trade) => (trade.header.instrument, trade.px_exp, trade.qty_exp),
                Item::Bbo(bbo) => (bbo.header.instrument, bbo.px_exp, bbo.qty_exp),
                Item::Book { head, .. } => (head.header.instrument, head.px_exp, head.qty_exp),
                _ => continue,
            };
            self.instruments.get_mut(id).widen(px_exp, qty_exp);
        }
    }
}

/// A decoder with the fast path beside one without.
struct Both<V> {
    fast: Side<V>,
    general: Side<V>,
}

impl<V: Venue> Both<V> {
    fn new(id: VenueId, known: Known, target: Target) -> Self {
        let mut fast = Side::<V>::new(id, known);
        fast.venue.scan_on(target);
        Self {
            fast,
            general: Side::new(id, known),
        }
    }

    fn add_instrument(&mut self, symbol: &str) {
        for side in [&mut self.fast, &mut self.general] {
            side.instruments.add(symbol).unwrap();
        }
    }

    /// Decodes `frame` on both sides; whether the fast path took it.
    fn check(&mut self, frame: &[u8], widen: bool) -> bool {
        let taken = fast_count(&self.fast.venue);
        for side in [&mut self.fast, &mut self.general] {
            side.batch.clear();
        }
        let Self { fast, general } = self;
        fast.outcome = fast
            .venue
            .decode(frame, &mut fast.instruments, &mut fast.batch);
        general.outcome =
            general
                .venue
                .decode_general(frame, &mut general.instruments, &mut general.batch);
        assert_eq!(
            fast.said(),
            general.said(),
            "{}",
            String::from_utf8_lossy(frame)
        );
        if fast.outcome.is_ok() && widen {
            fast.widen();
            general.widen();
        }
        assert_eq!(fast.instruments.all(), general.instruments.all());
        fast_count(&fast.venue) > taken
    }
}

fn fast_count<V: Venue>(venue: &V) -> u64 {
    let counts = venue.scan_counts();
    counts.map_or(0, |counts| counts.fast().map(|(_, count)| count).sum())
}

fn targets() -> impl Iterator<Item = Target> {
    Target::ALL
        .into_iter()
        .filter(|target| target.is_available())
}

fn bent_messages<V: Venue>(id: VenueId) {
    for (at, target) in targets().enumerate() {
        let mut dice = Dice::new(at as u64 ^ u64::from(id.0) << 8);
        let samples = samples::of(id);
        let mut taken = 0_u64;
        for known in KNOWN {
            let mut both = Both::<V>::new(id, known, target);
            for _ in 0..cases() / KNOWN.len() as u64 {
                let sample = samples[dice.below(samples.len())];
                let frame = bend(sample.as_bytes(), &mut dice);
                let widen = dice.below(2) == 0;
                taken += u64::from(both.check(&frame, widen));
            }
        }
        assert!(taken > cases() / 50, "only {taken} fast on {target:?}");
    }
}

/// Every truncation, and at every place bytes that mean something to JSON.
fn every_byte<V: Venue>(id: VenueId) {
    const MEANINGFUL: &[u8] = b"\"\\09.-e}, \x80";
    for target in targets() {
        let mut both = Both::<V>::new(id, Known::Declared(-2, -3), target);
        for sample in samples::usual(id) {
            let whole = sample.as_bytes();
            // So that what it leaves is known: of several elements each leaves its own.
            for _ in 0..4 {
                both.check(whole, false);
            }
            for end in 0..whole.len() {
                both.check(&whole[..end], false);
            }
            let mut frame = whole.to_vec();
            for at in 0..whole.len() {
                for byte in MEANINGFUL {
                    frame[at] = *byte;
                    both.check(&frame, false);
                }
                frame[at] = whole[at];
            }
        }
    }
}

/// Messages of forms that were seen before, with other digits: also while exponents become finer and the
/// table of instruments changes.
fn known_forms<V: Venue>(id: VenueId) {
    for (at, target) in targets().enumerate() {
        let mut dice = Dice::new(at as u64);
        let mut taken = 0;
        for known in KNOWN {
            let mut both = Both::<V>::new(id, known, target);
            for sample in samples::usual(id) {
                for case in 0..cases() / 60 {
                    let frame = match case {
                        0 => sample.as_bytes().to_vec(),
                        _ => digits(sample.as_bytes().to_vec(), &mut dice),
                    };
                    both.check(&frame, dice.below(16) == 0);
                    if dice.below(32) == 0 {
                        both.add_instrument(&format!("NEW{case}"));
                    }
                }
            }
            taken += both
                .fast
                .venue
                .scan_counts()
                .map_or(0, |counts| counts.known);
        }
        assert!(taken > cases() / 60, "only {taken} known on {target:?}");
    }
}

/// Several trades in one message: what stands before them, and each without its brace; `None` for others.
fn elements(sample: &str) -> Option<(&str, Vec<&str>)> {
    let (head, rest) = sample.split_at(sample.find("[{")? + 1);
    if !head.to_lowercase().contains("trade") {
        return None;
    }
    let elements = rest.strip_suffix("]}")?.strip_suffix('}')?.split("},");
    let elements: Vec<_> = elements.collect();
    (elements.len() > 1).then_some((head, elements))
}

/// Elements in any order and number, with other digits, with a brace in a text and with a stranger between them:
/// most such messages are known by their parts.
fn several_elements<V: Venue>(id: VenueId) {
    for (at, target) in targets().enumerate() {
        let mut dice = Dice::new(at as u64);
        let (mut checked, mut taken) = (0, 0);
        for sample in samples::usual(id) {
            // A scanner remembers one day at a time.
            let sample = sample.replace("2026-09-26T", "2026-09-25T");
            let Some((head, elements)) = elements(&sample) else {
                continue;
            };
            let mut both = Both::<V>::new(id, Known::Declared(-8, -8), target);
            for _ in 0..cases() / 10 {
                let chosen = (0..1 + dice.below(6)).map(|_| {
                    let element = format!("{}}}", dice.pick(&elements));
                    match dice.below(64) {
                        0 => element.replacen(r#":""#, r#":"}"#, 1 + dice.below(3)),
                        1 => element.replacen('}', r#","x":1}"#, 1),
                        _ => element,
                    }
                });
                let chosen: Vec<_> = chosen.collect();
                let message = format!("{head}{}]}}", chosen.join(",")).into_bytes();
                let message = match dice.below(4) {
                    0 => digits(message, &mut dice),
                    _ => message,
                };
                both.check(&message, false);
                checked += 1;
            }
            let counts = both.fast.venue.scan_counts();
            taken += counts.map_or(0, |counts| counts.known);
        }
        assert!(taken * 2 >= checked, "{taken} of {checked} on {target:?}");
    }
}

/// The samples that scanners are made for are taken by them, not only by the general path.
fn usual_messages<V: Venue>(id: VenueId) {
    for target in targets() {
        let mut both = Both::<V>::new(id, Known::Declared(-8, -8), target);
        for sample in samples::usual(id) {
            assert!(
                both.check(sample.as_bytes(), false),
                "{target:?} left {sample}"
            );
        }
    }
}

/// A message with a field that no template has, between others; `None` where it has no such place.
fn with_new_field(sample: &str) -> Option<String> {
    let places = [
        r#""s":""#,
        r#""symbol":""#,
        r#""seq":"#,
        r#""product_id":""#,
    ];
    let place = places.into_iter().find(|place| sample.contains(place))?;
    Some(sample.replace(place, &format!(r#""zq":17,{place}"#)))
}

/// A message of a new shape goes the general way once; the next one like it is taken by the scanner,
/// and its unknown field is counted all the same.
fn new_shapes<V: Venue>(id: VenueId) {
    let mut learned = 0;
    for target in targets() {
        for sample in samples::usual(id) {
            let mut both = Both::<V>::new(id, Known::Declared(-8, -8), target);
            let Some(frame) = with_new_field(sample) else {
                continue;
            };
            assert!(!both.check(frame.as_bytes(), false), "new: {frame}");
            assert!(both.check(frame.as_bytes(), false), "not learned: {frame}");
            let spaced = frame.replace(r#","zq":17,"#, r#" , "zq" : -1.5 ,"#);
            if spaced != frame {
                both.check(spaced.as_bytes(), false);
                assert!(
                    both.check(spaced.as_bytes(), false),
                    "not learned: {spaced}"
                );
            }
            learned += 1;
        }
    }
    assert!(learned > 3);
}

macro_rules! venues {
    ($($name:ident = $id:ident),+ $(,)?) => {
        $(mod $name {
            use super::*;

            #[test]
            fn usual_messages_are_taken_by_the_scanner() {
                with_venue!(VenueId::$id, V => usual_messages::<V>(VenueId::$id));
            }

            #[test]
            fn new_shapes_are_learned_from_their_first_message() {
                with_venue!(VenueId::$id, V => new_shapes::<V>(VenueId::$id));
            }

            #[test]
            fn messages_of_known_forms_are_decoded_alike() {
                with_venue!(VenueId::$id, V => known_forms::<V>(VenueId::$id));
            }

            #[test]
            fn bent_messages_are_decoded_alike() {
                with_venue!(VenueId::$id, V => bent_messages::<V>(VenueId::$id));
            }

            #[test]
            fn messages_with_any_one_byte_changed_or_cut_are_decoded_alike() {
                with_venue!(VenueId::$id, V => every_byte::<V>(VenueId::$id));
            }
        })+
    };
}

venues! {
    binance_spot = BINANCE_SPOT,
    binance_usdm = BINANCE_USDM,
    binance_coinm = BINANCE_COINM,
    bybit_spot = BYBIT_SPOT,
    bybit_linear = BYBIT_LINEAR,
    kraken_spot = KRAKEN_SPOT,
    kraken_futures = KRAKEN_FUTURES,
}

#[test]
fn messages_of_several_elements_are_known_by_their_parts() {
    for id in [
        VenueId::BYBIT_SPOT,
        VenueId::BYBIT_LINEAR,
        VenueId::KRAKEN_SPOT,
    ] {
        with_venue!(id, V => several_elements::<V>(id));
    }
}
