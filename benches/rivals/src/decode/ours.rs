//! feedd's decoders: frame to records.

use crate::messages::Class;
use feedd_codecs::batch::Item;
use feedd_codecs::instrument::Instruments;
use feedd_codecs::record::{self, Conditions, Flags, Kind, Side, TradeId};
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Batch, Venue, with_venue};

use super::Decoder;
use super::record::{Bbo, Book, Head, Level, Record, Records, Trade};

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

    fn said(&self) -> Option<Records> {
        let mut said = Records::default();
        for item in &self.batch.items {
            let record = match item {
                Item::Trade(trade) => Record::Trade(of_trade(trade)),
                Item::Bbo(bbo) => Record::Bbo(of_bbo(bbo)),
                Item::Book { head, bids, asks } => {
                    let levels = &self.batch.levels[bids.start..asks.end];
                    let level = |level: &record::Level| at(level.px, level.qty);
                    said.levels.extend(levels.iter().map(level));
                    Record::Book(of_book(head, bids.len(), asks.len()))
                }
                _ => return None,
            };
            said.list.push(record);
        }
        Some(said)
    }
}

fn of_trade(trade: &record::Trade) -> Trade {
    Trade {
        head: head(&trade.header, trade.px_exp, trade.qty_exp),
        at: at(trade.px, trade.qty),
        id: match trade.id() {
            TradeId::Integer(id) => id,
            TradeId::Uuid(bytes) => u128::from_be_bytes(bytes),
        },
        buy: trade.side == Side::BUY,
        block: trade.conditions.contains(Conditions::BLOCK),
        rpi: trade.conditions.contains(Conditions::RPI),
        snapshot: trade.header.flags.contains(Flags::SNAPSHOT),
    }
}

fn of_bbo(bbo: &record::Bbo) -> Bbo {
    Bbo {
        head: head(&bbo.header, bbo.px_exp, bbo.qty_exp),
        bid: at(bbo.bid_px, bbo.bid_qty),
        ask: at(bbo.ask_px, bbo.ask_qty),
    }
}

fn of_book(book: &record::BookHead, bids: usize, asks: usize) -> Book {
    Book {
        head: head(&book.header, book.px_exp, book.qty_exp),
        first_seq: book.first_seq,
        cross_seq: book.cross_seq,
        checksum: book.checksum,
        snapshot: book.header.template_id == Kind::BookSnapshot as u16,
        bids,
        asks,
    }
}

fn head(header: &record::Header, px_exp: i8, qty_exp: i8) -> Head {
    Head {
        instrument: header.instrument.0,
        seq: header.seq,
        ts_venue: header.ts_venue,
        ts_send: header.ts_send,
        px_exp,
        qty_exp,
    }
}

fn at(px: i64, qty: i64) -> Level {
    Level { px, qty }
}
