//! Decoding of this venue, message by message.

mod binary;
mod books;
mod candles;
mod control;
mod joins;
mod market;
mod reference;
mod rest;
mod spelling;
mod statistics;
mod streams;
mod trades;

use crate::batch::{Control, Item};
use crate::feed::State;
use crate::fixed::Fixed;
use crate::instrument::{Admission, InstrumentId, Instruments, Listing, Terms};
use crate::record::{
    ABSENT, Candle, Conditions, Figure, FigureName, InstrumentType, Kind, Liquidation, Side,
    TickerHead, Trade, TradeId, TradingState,
};
use crate::reject::Reject;
use crate::venue::binance::Binance;
use crate::venue::workbench::{Bench, Tape, pairs, request, shown, shown_levels};
use crate::venue::{
    Ask, Cadence, Channel, Encoding, Hole, Numbering, Stream, StreamKey, StreamOptions, Venue,
    VenueId,
};

const SPOT: VenueId = VenueId::BINANCE_SPOT;
const USDM: VenueId = VenueId::BINANCE_USDM;
const COINM: VenueId = VenueId::BINANCE_COINM;

const TRADE: &str = r#"{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.00102400","q":"100.00000000","T":1672515782133,"m":true,"M":true}"#;
const AGG_TRADE: &str = r#"{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12346,"p":"0.00102400","q":"0.05000000","f":100,"l":105,"T":1672515782134,"m":false,"M":true}"#;
const BOOK_TICKER: &str = r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#;
const DEPTH: &str = r#"{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.00240000","10.00000000"],["0.00230000","0.00000000"]],"a":[["0.00260000","100.00000000"]]}"#;
const REST_DEPTH: &str = r#"{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"],["5.00000000","0.00000100"]]}"#;

fn spot() -> Bench<Binance> {
    Bench::new(SPOT)
}

fn answer(request: Option<u64>, refused: Option<&str>) -> Control {
    Control::Answer {
        request,
        stream: None,
        refused: refused.map(Into::into),
    }
}
