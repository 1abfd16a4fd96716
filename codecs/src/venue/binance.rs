//! Binance Spot, USD-M and COIN-M futures: JSON streams, REST, and the binary streams of spot.
//!
//! Facts, rules and their sources: `README.md` in this folder; the rule numbers below are its.

mod book;
mod candle;
mod decode;
mod liquidation;
mod reference;
mod rest;
mod sbe;
mod scan;
mod statistics;
mod streams;
#[cfg(test)]
mod tests;

use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::record::{BookHead, Trade};
use crate::reject::Reject;
use crate::scan::{ScanCounts, Target};
use crate::venue::decoder::Decoder;
use crate::venue::{
    Ask, Cadence, Channel, Encoding, Facts, Follow, Held, Hole, Numbering, Query, Snapshots,
    Stream, StreamKey, StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// Streams that speak every second: ten of them.
const CLOCKED: i64 = 10 * SECOND;

/// Tickers speak every second while anything in their window changes: a minute of grace.
const TICKERS: i64 = 60 * SECOND;

/// The protocol of one Binance product.
#[derive(Debug)]
pub struct Binance {
    id: VenueId,
    options: StreamOptions,
    decoder: Decoder<scan::Shapes>,
}

/// Spot: 5 inbound messages/s (pongs count), 1024 streams, server ping every 20 s (rules B1-B4).
static SPOT: Facts = Facts {
    ws_url: "wss://stream.binance.com:9443",
    rest_url: "https://api.binance.com",
    request_spacing: SECOND / 4,
    streams_per_request: 100,
    streams_per_line: 1024,
    name_chars_per_line: usize::MAX,
    ping_every: 0,
    silence_max: 60 * SECOND,
    connects_max: 300,
    connect_window: 300 * SECOND,
    snapshots: Snapshots::Rest {
        spacing: 3 * SECOND,
    },
    line_life: 24 * 3_600 * SECOND,
    rest_limit: (6_000, 60 * SECOND),
    answer_max: 10 * SECOND,
};

/// The binary streams: as spot, another host and an API key.
static SPOT_SBE: Facts = Facts {
    ws_url: "wss://stream-sbe.binance.com:9443",
    ..SPOT
};

/// USD-M: 10 inbound messages/s, server ping every 3 min (rules B1-B4).
static USDM: Facts = Facts {
    ws_url: "wss://fstream.binance.com",
    rest_url: "https://fapi.binance.com",
    request_spacing: SECOND / 8,
    silence_max: 400 * SECOND,
    snapshots: Snapshots::Rest { spacing: SECOND },
    rest_limit: (2_400, 60 * SECOND),
    ..SPOT
};

/// COIN-M: as USD-M, other hosts.
static COINM: Facts = Facts {
    ws_url: "wss://dstream.binance.com",
    rest_url: "https://dapi.binance.com",
    ..USDM
};

impl Venue for Binance {
    fn new(id: VenueId, options: StreamOptions) -> Self {
        Self {
            id,
            options,
            decoder: Decoder::new(),
        }
    }

    fn facts(&self) -> &'static Facts {
        match self.id {
            VenueId::BINANCE_USDM => &USDM,
            VenueId::BINANCE_COINM => &COINM,
            _ if self.options.encoding == Encoding::Sbe => &SPOT_SBE,
            _ => &SPOT,
        }
    }

    fn path(&self, channel: Channel) -> &'static str {
        streams::path(self.id, self.options, channel)
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        streams::stream_name(self.id, self.options, stream)
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        streams::request(self.id, self.options, ask, number, streams)
    }

    fn may_share(&self, _first: StreamKey, _second: StreamKey) -> bool {
        true
    }

    fn channels(&self) -> &'static [Channel] {
        streams::channels(self.id, self.options.encoding)
    }

    fn whole_market(&self, channel: Channel) -> bool {
        streams::whole_market(self.id, self.options.encoding, channel)
    }

    fn stream_symbol<'a>(&self, channel: Channel, instrument: &'a Instrument) -> &'a str {
        match channel {
            Channel::INDEX_PRICE => streams::pair(&instrument.symbol),
            _ => &instrument.symbol,
        }
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE | Channel::AGG_TRADE => Numbering::Consecutive,
            Channel::BBO | Channel::BOOK_TOP => Numbering::Rising,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, channel: Channel) -> Cadence {
        match channel {
            Channel::MARK_PRICE | Channel::INDEX_PRICE | Channel::AVG_PRICE => {
                Cadence::Periodic(CLOCKED)
            }
            Channel::MINI_TICKER
            | Channel::TICKER
            | Channel::TICKER_1H
            | Channel::TICKER_4H
            | Channel::TICKER_1D => Cadence::Periodic(TICKERS),
            _ => Cadence::OnChange,
        }
    }

    fn ping(&self, _number: u64) -> Option<String> {
        None
    }

    fn reference_query(&self, _page: Option<&str>) -> Option<Query> {
        Some(rest::reference(self.id))
    }

    fn volumes_query(&self, _page: Option<&str>) -> Option<Query> {
        Some(rest::volumes(self.id))
    }

    fn snapshot_query(&self, symbol: &str, _channel: Channel) -> Option<Query> {
        Some(rest::snapshot(self.id, symbol, self.options.book_depth))
    }

    fn trades_query(&self, symbol: &str, channel: Channel, hole: Hole) -> Option<Query> {
        rest::trades(self.id, symbol, channel, hole)
    }

    fn scan_on(&mut self, target: Target) {
        self.decoder.scan_on(target);
    }

    fn scan_counts(&self) -> Option<&ScanCounts> {
        Some(self.decoder.scan_counts())
    }

    fn decode_general(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let id = self.id;
        self.decoder.decode_general(frame, id, instruments, batch)
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let id = self.id;
        self.decoder.decode(frame, id, instruments, batch)
    }

    fn decode_binary(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        match (self.id, self.options.encoding) {
            (VenueId::BINANCE_SPOT, Encoding::Sbe) => sbe::message(frame, instruments, batch),
            _ => Err(Reject::Binary),
        }
    }

    fn decode_snapshot(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        _channel: Channel,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        self.decoder.read(body, |root| {
            rest::decode_depth(root, instrument, instruments, batch)
        })
    }

    fn decode_reference(
        &mut self,
        body: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        let id = self.id;
        self.decoder.read(body, |root| {
            reference::exchange_info(id, &root.object("exchangeInfo")?, batch)
        })?;
        Ok(None)
    }

    fn decode_volumes(
        &mut self,
        body: &[u8],
        volumes: &mut Vec<(Box<str>, Fixed)>,
    ) -> Result<Option<String>, Reject> {
        let id = self.id;
        self.decoder
            .read(body, |root| rest::decode_volumes(id, root, volumes))?;
        Ok(None)
    }

    fn decode_trades(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        channel: Channel,
        instruments: &mut Instruments,
        trades: &mut Vec<Trade>,
    ) -> Result<(), Reject> {
        let instrument = instruments.get(instrument);
        self.decoder.read(body, |root| {
            rest::decode_trades(root, instrument, channel, trades)
        })
    }

    fn follow(&self, held: Held, update: &BookHead) -> Follow {
        match self.id {
            VenueId::BINANCE_SPOT => book::follow_spot(held, update),
            _ => book::follow_futures(held, update),
        }
    }
}
