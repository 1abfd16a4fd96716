//! Decoding of this venue, message by message; the files are sorted by what messages are about.

mod books;
mod captured;
mod control;
mod listings;
mod requests;
mod rest;
mod rules;
mod statistics;
mod trades;

use crate::batch::{Batch, Item};
use crate::instrument::{Admission, InstrumentId, Instruments};
use crate::record::{BookHead, Level};
use crate::venue::bybit::Bybit;
use crate::venue::workbench::{Bench, shown_levels};
use crate::venue::{Channel, StreamOptions, Venue, VenueId};

const SPOT: VenueId = VenueId::BYBIT_SPOT;
const LINEAR: VenueId = VenueId::BYBIT_LINEAR;
const INVERSE: VenueId = VenueId::BYBIT_INVERSE;
const OPTION: VenueId = VenueId::BYBIT_OPTION;

fn linear() -> Bench<Bybit> {
    Bench::new(LINEAR)
}

/// A bench whose feed carries `channels` at a book depth.
fn carrying(id: VenueId, channels: &[Channel], book_depth: u16) -> Bench<Bybit> {
    let options = StreamOptions {
        book_depth,
        channels: channels.iter().copied().collect(),
        ..StreamOptions::default()
    };
    Bench {
        venue: Bybit::new(id, options),
        instruments: Instruments::new(id, Admission::Any),
        batch: Batch::default(),
    }
}

/// A bench that takes `symbols` only.
fn named(id: VenueId, symbols: &[&str]) -> (Bench<Bybit>, Vec<InstrumentId>) {
    let mut bench = carrying(id, &[], 0);
    bench.instruments = Instruments::new(id, Admission::Named);
    let ids = symbols
        .iter()
        .map(|symbol| bench.instruments.add(symbol).unwrap());
    let ids = ids.collect();
    (bench, ids)
}

/// Names of the schema drift counted so far.
fn drift(bench: &Bench<Bybit>) -> Vec<String> {
    let fields = bench.batch.drift.fields();
    fields
        .map(|(channel, name, count)| format!("{channel}:{name}x{count}"))
        .collect()
}

/// A side as text.
type Shown = Vec<(String, String)>;

/// Every book of the last message: head, bids, asks.
fn books(bench: &Bench<Bybit>) -> Vec<(BookHead, Shown, Shown)> {
    let levels = &bench.batch.levels;
    let shown = |item: &Item| match item {
        Item::Book { head, bids, asks } => {
            let side = |levels: &[Level]| shown_levels(head, levels);
            (
                *head,
                side(&levels[bids.clone()]),
                side(&levels[asks.clone()]),
            )
        }
        other => panic!("{other:?}"),
    };
    bench.batch.items.iter().map(shown).collect()
}
