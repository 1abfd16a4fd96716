//! feedd's decoders: frame to records.

use crate::messages::Class;
use feedd_codecs::batch::Item;
use feedd_codecs::instrument::Instruments;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Batch, Fixed, Venue, with_venue};

use super::{Decoder, PLACES, Said};

struct Ours<V> {
    venue: V,
    instruments: Instruments,
    batch: Batch,
    scanner: bool,
}

pub fn decoder(class: Class, instruments: Instruments, scanner: bool) -> Box<dyn Decoder> {
    let id = class.venue();
    with_venue!(id, V => Box::new(Ours {
        venue: V::new(id, StreamOptions::default()),
        instruments,
        batch: Batch::default(),
        scanner,
    }))
}

impl<V: Venue> Decoder for Ours<V> {
    fn name(&self) -> &'static str {
        if self.scanner { "scanner" } else { "general" }
    }

    fn decode(&mut self, message: &[u8]) -> bool {
        self.batch.clear();
        let (instruments, batch) = (&mut self.instruments, &mut self.batch);
        let decoded = if self.scanner {
            self.venue.decode(message, instruments, batch)
        } else {
            self.venue.decode_general(message, instruments, batch)
        };
        decoded.is_ok()
    }

    fn said(&self) -> Option<Said> {
        let mut said = Said::default();
        let places = -i8::try_from(PLACES).ok()?;
        for item in &self.batch.items {
            let header = match item {
                Item::Trade(trade) => {
                    said.numbers
                        .push(Fixed::new(trade.px, trade.px_exp).at(places)?);
                    said.numbers
                        .push(Fixed::new(trade.qty, trade.qty_exp).at(places)?);
                    trade.header
                }
                Item::Bbo(bbo) => {
                    for (px, qty) in [(bbo.bid_px, bbo.bid_qty), (bbo.ask_px, bbo.ask_qty)] {
                        said.numbers.push(Fixed::new(px, bbo.px_exp).at(places)?);
                        said.numbers.push(Fixed::new(qty, bbo.qty_exp).at(places)?);
                    }
                    bbo.header
                }
                Item::Book { head, bids, asks } => {
                    for level in &self.batch.levels[bids.start..asks.end] {
                        said.numbers
                            .push(Fixed::new(level.px, head.px_exp).at(places)?);
                        said.numbers
                            .push(Fixed::new(level.qty, head.qty_exp).at(places)?);
                    }
                    head.header
                }
                _ => return None,
            };
            said.seq = header.seq;
        }
        Some(said)
    }
}
