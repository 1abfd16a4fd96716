//! Kraken Futures (Derivatives), WebSocket v1.
//!
//! Facts, rules and their sources: `README.md` in this folder.

mod answer;
mod decode;
mod reference;
mod rest;
mod scan;
mod subscribe;
#[cfg(test)]
mod tests;
mod ticker;

use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::{InstrumentId, Instruments};
use crate::record::{BookHead, Trade};
use crate::reject::Reject;
use crate::scan::{ScanCounts, Target};
use crate::venue::decoder::Decoder;
use crate::venue::{
    Ask, Cadence, Channel, Facts, Follow, Held, Hole, Numbering, Query, Snapshots, Stream,
    StreamKey, StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// How far a copy of an update on another line may be behind; what is older belongs to a numbering
/// that began anew (rule 4).
const LATE_MAX: u64 = 10_000;

/// The protocol of Kraken Futures.
#[derive(Debug)]
pub struct KrakenFutures {
    /// The channel that the `ticker` feed is subscribed for.
    ticker: Channel,
    decoder: Decoder<scan::Shapes>,
}

/// Rules F1 to F5.
static FUTURES: Facts = Facts {
    ws_url: "wss://futures.kraken.com",
    rest_url: "https://futures.kraken.com",
    request_spacing: SECOND / 50,
    streams_per_request: 1,
    streams_per_line: 500,
    name_chars_per_line: usize::MAX,
    ping_every: 0,
    silence_max: 45 * SECOND,
    connects_max: 100,
    connect_window: 600 * SECOND,
    snapshots: Snapshots::InBand,
    line_life: 0,
    rest_limit: (1, SECOND),
    answer_max: 10 * SECOND,
};

impl Venue for KrakenFutures {
    fn new(_id: VenueId, options: StreamOptions) -> Self {
        let ticker = if options.channels.has(Channel::TICKER) {
            Channel::TICKER
        } else {
            Channel::BBO
        };
        Self {
            ticker,
            decoder: Decoder::new(),
        }
    }

    fn facts(&self) -> &'static Facts {
        &FUTURES
    }

    fn path(&self, _channel: Channel) -> &'static str {
        "/ws/v1"
    }

    /// Rule F2.
    fn frame_ping_every(&self) -> i64 {
        20 * SECOND
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        let feed = subscribe::feed(stream.key.channel);
        format!("{feed}:{}", stream.symbol)
    }

    fn request(&self, ask: Ask, _number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(ask, streams)
    }

    /// One request names one feed.
    fn may_share(&self, first: StreamKey, second: StreamKey) -> bool {
        first.channel == second.channel
    }

    fn channels(&self) -> &'static [Channel] {
        &[
            Channel::TRADE,
            Channel::BBO,
            Channel::BOOK,
            Channel::TICKER,
            Channel::MINI_TICKER,
            Channel::STATUS,
        ]
    }

    /// The `heartbeat` feed is the venue's, not a product's.
    fn whole_market(&self, channel: Channel) -> bool {
        channel == Channel::STATUS
    }

    /// One `ticker` feed serves both of its channels.
    fn carrier(&self, channel: Channel) -> Channel {
        match channel {
            Channel::BBO => self.ticker,
            other => other,
        }
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE => Numbering::Consecutive,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, _channel: Channel) -> Cadence {
        Cadence::OnChange
    }

    /// Rule F2: the venue knows no ping but the protocol's own.
    fn ping(&self, _number: u64) -> Option<String> {
        None
    }

    fn reference_query(&self, _page: Option<&str>) -> Option<Query> {
        Some(rest::query("instruments"))
    }

    fn volumes_query(&self, _page: Option<&str>) -> Option<Query> {
        Some(rest::query("tickers"))
    }

    /// Rule 6.
    fn trades_query(&self, symbol: &str, channel: Channel, hole: Hole) -> Option<Query> {
        (channel == Channel::TRADE).then(|| rest::trades_query(symbol, hole))
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
        let ticker = self.ticker;
        self.decoder
            .decode_general(frame, ticker, instruments, batch)
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let ticker = self.ticker;
        self.decoder.decode(frame, ticker, instruments, batch)
    }

    fn decode_reference(
        &mut self,
        body: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        self.decoder
            .read(body, |root| reference::instruments(root, batch))?;
        Ok(None)
    }

    fn decode_volumes(
        &mut self,
        body: &[u8],
        volumes: &mut Vec<(Box<str>, Fixed)>,
    ) -> Result<Option<String>, Reject> {
        self.decoder
            .read(body, |root| rest::volumes(root, volumes))?;
        Ok(None)
    }

    fn decode_trades(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        _channel: Channel,
        instruments: &mut Instruments,
        trades: &mut Vec<Trade>,
    ) -> Result<(), Reject> {
        let known = instruments.get(instrument);
        self.decoder
            .read(body, |root| rest::trades(root, known, trades))
    }

    /// Rules 3 and 4.
    fn follow(&self, held: Held, update: &BookHead) -> Follow {
        let Some(last) = held.seq else {
            return Follow::Apply;
        };
        let seq = update.header.seq;
        if seq == last.saturating_add(1) {
            Follow::Apply
        } else if seq <= last && last - seq < LATE_MAX {
            Follow::Stale
        } else {
            Follow::Gap
        }
    }
}
