//! Decoding of this venue, message by message.

mod books;
mod control;
mod reference;
mod rest;
mod tickers;
mod trades;

use crate::venue::VenueId;
use crate::venue::kraken_futures::KrakenFutures;
use crate::venue::workbench::{Bench, Tape};

const SNAPSHOT: &str = r#"{"feed":"book_snapshot","product_id":"PF_XBTUSD","timestamp":1790359964969,"seq":115335794,"tickSize":null,"bids":[{"price":83998.0,"qty":0.0371},{"price":83997.5,"qty":1.0}],"asks":[{"price":83999.0,"qty":0.0400}]}"#;
const DELTA: &str = r#"{"feed":"book","product_id":"PF_XBTUSD","side":"sell","seq":115335795,"price":84000.0,"qty":0.25,"timestamp":1790359997729}"#;
const TRADE: &str = r#"{"product_id":"PF_XBTUSD","feed":"trade","uid":"8a2be12f-07c6-4b1e-a2f5-0123456789ab","side":"sell","type":"fill","time":1790360004381,"qty":0.0002,"price":83994.0,"seq":421135}"#;

fn futures() -> Bench<KrakenFutures> {
    Bench::new(VenueId::KRAKEN_FUTURES)
}

fn tape() -> Tape<KrakenFutures> {
    Tape::new(VenueId::KRAKEN_FUTURES)
}
