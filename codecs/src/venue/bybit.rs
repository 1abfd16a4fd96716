//! Bybit v5 public streams: spot, linear and inverse.
//!
//! Facts, rules and their sources: `README.md` in this folder.

mod book;
mod decode;
mod reference;
mod subscribe;
#[cfg(test)]
mod tests;

use crate::batch::Batch;
use crate::instrument::Instruments;
use crate::json::Json;
use crate::record::BookHead;
use crate::reject::Reject;
use crate::venue::{
    Ask, Cadence, Channel, Facts, Follow, Held, Numbering, Query, Snapshots, Stream, StreamKey,
    StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// Book view where the configuration names none.
const BOOK_DEPTH: u16 = 50;

/// The protocol of one Bybit product.
#[derive(Debug)]
pub struct Bybit {
    id: VenueId,
    book_depth: u16,
    json: Json,
}

/// Spot: at most 10 topics a request (rules Y1-Y5).
static SPOT: Facts = Facts {
    ws_url: "wss://stream.bybit.com",
    rest_url: "https://api.bybit.com",
    request_spacing: SECOND / 10,
    streams_per_request: 10,
    streams_per_line: 1000,
    name_chars_per_line: 21_000,
    ping_every: 20 * SECOND,
    silence_max: 60 * SECOND,
    connects_max: 500,
    connect_window: 300 * SECOND,
    snapshots: Snapshots::InBand,
    line_life: 0,
    rest_limit: (600, 5 * SECOND),
    answer_max: 10 * SECOND,
};

/// Futures: no limit of topics a request; one bad topic fails the request, so keep them small.
static FUTURES: Facts = Facts {
    streams_per_request: 50,
    ..SPOT
};

impl Venue for Bybit {
    fn new(id: VenueId, options: StreamOptions) -> Self {
        let book_depth = if options.book_depth == 0 {
            BOOK_DEPTH
        } else {
            options.book_depth
        };
        Self {
            id,
            book_depth,
            json: Json::default(),
        }
    }

    fn facts(&self) -> &'static Facts {
        if self.id == VenueId::BYBIT_SPOT {
            &SPOT
        } else {
            &FUTURES
        }
    }

    fn path(&self, _channel: Channel) -> &'static str {
        match self.id {
            VenueId::BYBIT_SPOT => "/v5/public/spot",
            VenueId::BYBIT_INVERSE => "/v5/public/inverse",
            _ => "/v5/public/linear",
        }
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        subscribe::topic(self.book_depth, stream)
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(self.book_depth, ask, number, streams)
    }

    fn may_share(&self, _first: StreamKey, _second: StreamKey) -> bool {
        true
    }

    fn channels(&self) -> &'static [Channel] {
        &[Channel::TRADE, Channel::BBO, Channel::BOOK]
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE => Numbering::Ids,
            Channel::BBO => Numbering::Rising,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, _channel: Channel) -> Cadence {
        Cadence::OnChange
    }

    fn ping(&self, number: u64) -> Option<String> {
        Some(format!(r#"{{"req_id":"{number}","op":"ping"}}"#))
    }

    fn reference_query(&self, page: Option<&str>) -> Option<Query> {
        Some(Query {
            path: subscribe::reference_path(self.id, page),
            weight: 1,
        })
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let id = self.id;
        self.json.read(frame, |root| {
            decode::message(id, &root.object("message")?, instruments, batch)
        })
    }

    fn decode_reference(
        &mut self,
        body: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        let id = self.id;
        self.json.read(body, |root| {
            reference::instruments_info(id, &root.object("instruments-info")?, batch)
        })
    }

    fn follow(&self, held: Held, update: &BookHead) -> Follow {
        book::follow(held, update)
    }
}
