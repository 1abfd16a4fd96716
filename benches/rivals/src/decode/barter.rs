//! barter-data: a payload to its own type and on to its normalised event, as its line does for each message.
//!
//! It takes bare payloads, so the wrapper of combined streams is taken off before. Its types hold no update number
//! and binary fractions for trades: what it found is not compared, only that it found something.

use barter_data::event::MarketIter;
use barter_data::exchange::binance::book::l1::BinanceOrderBookL1;
use barter_data::exchange::binance::trade::BinanceTrade;
use barter_data::subscription::book::OrderBookL1;
use barter_data::subscription::trade::PublicTrade;
use barter_instrument::exchange::ExchangeId;

use super::Decoder;
use super::record::Records;
use crate::messages::Class;

/// Bytes of `"data":` with the comma before it.
const DATA: usize = 8;

struct Barter {
    trades: bool,
}

/// The classes that it has on one venue.
pub fn decoder(class: Class) -> Option<Box<dyn Decoder>> {
    let trades = match class {
        Class::Trade => true,
        Class::BookTicker => false,
        _ => return None,
    };
    Some(Box::new(Barter { trades }))
}

impl Decoder for Barter {
    fn name(&self) -> &'static str {
        "barter"
    }

    fn decode(&mut self, message: &[u8]) -> bool {
        payload(message).and_then(|text| {
            if self.trades {
                let trade: BinanceTrade = serde_json::from_str(text).ok()?;
                let events =
                    MarketIter::<u64, PublicTrade>::from((ExchangeId::BinanceSpot, 1, trade));
                Some(std::hint::black_box(events).0.len())
            } else {
                let best: BinanceOrderBookL1 = serde_json::from_str(text).ok()?;
                let events =
                    MarketIter::<u64, OrderBookL1>::from((ExchangeId::BinanceSpot, 1, best));
                Some(std::hint::black_box(events).0.len())
            }
        }) == Some(1)
    }

    fn said(&self) -> Option<Records> {
        None
    }
}

/// What stands in `{"stream":"…","data":…}`, as the text that its line hands over.
fn payload(message: &[u8]) -> Option<&str> {
    let stream = message.iter().position(|byte| *byte == b',')?;
    let inner = message.get(stream + DATA..message.len().checked_sub(1)?)?;
    std::str::from_utf8(inner).ok()
}
