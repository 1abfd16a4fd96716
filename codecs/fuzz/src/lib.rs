//! Both paths on one input: they must say the same.

#![forbid(unsafe_code)]

use feedd_codecs::instrument::{Admission, InstrumentId, Instruments, Listing, Terms};
use feedd_codecs::scan::Target;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Batch, Venue, VenueId};

/// Most bytes of a frame of an input; longer rests are frames of their own.
const FRAME_MAX: usize = 4096;

/// The symbols of the seed corpus.
const SYMBOLS: [&str; 11] = [
    "BTCUSDT",
    "BNBBTC",
    "ETHUSDT",
    "BNBUSDT",
    "BTCUSD_PERP",
    "ETHUSD_PERP",
    "BTC/USD",
    "ETH/USD",
    "PI_XBTUSD",
    "PF_ETHUSD",
    "FI_ETHUSD_210131",
];

/// The decoders of a target, kept from input to input: making one costs more than an input. What one
/// learned is forgotten before the next.
#[derive(Debug)]
pub struct Pairs<V>(Vec<(VenueId, V, V)>);

impl<V: Venue> Pairs<V> {
    /// Decoders of these products.
    #[must_use]
    pub fn new(products: &[VenueId]) -> Self {
        let venue = |id| V::new(id, StreamOptions::default());
        let pairs = products.iter().map(|id| (*id, venue(*id), venue(*id)));
        Self(pairs.collect())
    }

    /// Decodes `input` on both paths. Its first byte chooses the product, the target and how
    /// instruments are known; the rest is one frame a line, so that what was learned from one meets
    /// the next. Each frame comes again with other digits, as the next one of its form would.
    ///
    /// # Panics
    ///
    /// Where the paths differ.
    pub fn compare(&mut self, input: &[u8]) {
        let Some((&choice, rest)) = input.split_first() else {
            return;
        };
        let choice = usize::from(choice);
        let product = choice % self.0.len();
        let (id, fast, general) = &mut self.0[product];
        fast.scan_on(Target::ALL[choice / 8 % Target::ALL.len()]);
        let mut fast = Side::new(*id, fast, choice / 64);
        let mut general = Side::new(*id, general, choice / 64);
        for frame in rest.split(|byte| *byte == b'\n') {
            for frame in frame.chunks(FRAME_MAX) {
                step(&mut fast, &mut general, frame);
                step(&mut fast, &mut general, &turned(frame, choice % 9));
            }
        }
    }
}

struct Side<'a, V> {
    venue: &'a mut V,
    instruments: Instruments,
    batch: Batch,
}

impl<'a, V: Venue> Side<'a, V> {
    fn new(id: VenueId, venue: &'a mut V, known: usize) -> Self {
        let admission = match known {
            0 => Admission::Any,
            _ => Admission::Named,
        };
        let mut instruments = Instruments::new(id, admission);
        for symbol in SYMBOLS {
            let added = instruments.add(symbol);
            if let (Ok(id), 2..) = (added, known) {
                declare(
                    &mut instruments,
                    id,
                    symbol,
                    if known == 2 { -2 } else { -8 },
                );
            }
        }
        Self {
            venue,
            instruments,
            batch: Batch::default(),
        }
    }
}

fn declare(instruments: &mut Instruments, id: InstrumentId, symbol: &str, exp: i8) {
    instruments.get_mut(id).declare(&Listing {
        symbol: symbol.into(),
        base: "A".into(),
        quote: "B".into(),
        settle: "".into(),
        px_exp: exp,
        qty_exp: exp,
        terms: Terms::UNKNOWN,
    });
}

/// A frame with each digit one to nine further on.
fn turned(frame: &[u8], by: usize) -> Vec<u8> {
    let turn = |byte: &u8| match byte {
        b'0'..=b'9' => b'0' + (byte - b'0' + 1 + by as u8) % 10,
        byte => *byte,
    };
    frame.iter().map(turn).collect()
}

fn step<V: Venue>(fast: &mut Side<'_, V>, general: &mut Side<'_, V>, frame: &[u8]) {
    fast.batch.clear();
    general.batch.clear();
    let said = fast
        .venue
        .decode(frame, &mut fast.instruments, &mut fast.batch);
    let expected =
        general
            .venue
            .decode_general(frame, &mut general.instruments, &mut general.batch);
    let text = String::from_utf8_lossy(frame);
    assert_eq!(said, expected, "{text}");
    let (one, other) = (&fast.batch, &general.batch);
    let drift = |batch: &Batch| {
        batch
            .drift
            .fields()
            .map(|row| (row.1.to_owned(), row.2))
            .collect::<Vec<_>>()
    };
    assert_eq!(drift(one), drift(other), "{text}");
    if said.is_ok() {
        assert_eq!(one.items, other.items, "{text}");
        assert_eq!(one.levels, other.levels, "{text}");
        assert_eq!(one.figures, other.figures, "{text}");
        assert_eq!(one.orders, other.orders, "{text}");
    }
    assert_eq!(fast.instruments.all(), general.instruments.all(), "{text}");
}
