//! Binance Spot, USD-M and COIN-M futures: JSON streams and REST snapshots.
//!
//! Facts, rules and their sources: `README.md` in this folder; the rule numbers below are its.

mod book;
mod decode;
mod reference;
mod subscribe;
#[cfg(test)]
mod tests;

use crate::batch::Batch;
use crate::instrument::{InstrumentId, Instruments};
use crate::json::Json;
use crate::record::BookHead;
use crate::reject::Reject;
use crate::venue::{
    Ask, Cadence, Channel, Facts, Follow, Held, Numbering, Query, Snapshots, Stream, StreamKey,
    StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// The protocol of one Binance product.
#[derive(Debug)]
pub struct Binance {
    id: VenueId,
    options: StreamOptions,
    json: Json,
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
            json: Json::default(),
        }
    }

    fn facts(&self) -> &'static Facts {
        match self.id {
            VenueId::BINANCE_USDM => &USDM,
            VenueId::BINANCE_COINM => &COINM,
            _ => &SPOT,
        }
    }

    fn path(&self, channel: Channel) -> &'static str {
        subscribe::path(self.id, channel)
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        subscribe::stream_name(self.options, stream)
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(self.options, ask, number, streams)
    }

    fn may_share(&self, _first: StreamKey, _second: StreamKey) -> bool {
        true
    }

    fn channels(&self) -> &'static [Channel] {
        &[
            Channel::TRADE,
            Channel::AGG_TRADE,
            Channel::BBO,
            Channel::BOOK,
        ]
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE | Channel::AGG_TRADE => Numbering::Consecutive,
            Channel::BBO => Numbering::Rising,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, _channel: Channel) -> Cadence {
        Cadence::OnChange
    }

    fn ping(&self, _number: u64) -> Option<String> {
        None
    }

    fn reference_query(&self, _page: Option<&str>) -> Option<Query> {
        let weight = if self.id == VenueId::BINANCE_SPOT {
            20
        } else {
            1
        };
        Some(Query {
            path: subscribe::rest_path(self.id, "exchangeInfo"),
            weight,
        })
    }

    fn snapshot_query(&self, symbol: &str, _channel: Channel) -> Option<Query> {
        let weight = if self.id == VenueId::BINANCE_SPOT {
            250
        } else {
            20
        };
        Some(Query {
            path: subscribe::snapshot_path(self.id, symbol),
            weight,
        })
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let id = self.id;
        self.json
            .read(frame, |root| decode::message(id, root, instruments, batch))
    }

    fn decode_snapshot(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        _channel: Channel,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        self.json.read(body, |root| {
            decode::rest_depth(root, instruments.get(instrument), batch)
        })
    }

    fn decode_reference(
        &mut self,
        body: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        let id = self.id;
        self.json.read(body, |root| {
            reference::exchange_info(id, &root.object("exchangeInfo")?, batch)
        })?;
        Ok(None)
    }

    fn follow(&self, held: Held, update: &BookHead) -> Follow {
        match self.id {
            VenueId::BINANCE_SPOT => book::follow_spot(held, update),
            _ => book::follow_futures(held, update),
        }
    }
}
