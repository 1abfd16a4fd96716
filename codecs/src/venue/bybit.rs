//! Bybit v5 public streams: spot, linear, inverse and options.
//!
//! Facts, rules and their sources: `README.md` in this folder.

mod answer;
mod book;
mod candle;
mod decode;
mod orderbook;
mod reference;
mod rest;
mod scan;
mod status;
mod subscribe;
#[cfg(test)]
mod tests;
mod ticker;
mod topic;
mod trade;

use crate::batch::{Batch, Drift};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::record::{BookHead, Trade};
use crate::reject::Reject;
use crate::scan::{ScanCounts, Target};
use crate::venue::decoder::Decoder;
use crate::venue::{
    Ask, Cadence, Channel, Channels, Facts, Follow, Held, Hole, Numbering, Query, Snapshots,
    Stream, StreamKey, StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// Level 1 is sent again after 3 s without change (rule Y11); twice that is silence.
const BEST_EVERY: i64 = 6 * SECOND;
/// Price limits come every 300 ms (rule Y11); ten of them missing is silence.
const PRICE_LIMIT_EVERY: i64 = 3 * SECOND;
/// Pause between bodies of the full book: each has up to 20,000 levels.
const FULL_BOOK_SPACING: i64 = SECOND / 4;

/// What one feed's decoder must know.
#[derive(Clone, Copy, Debug)]
struct Shape {
    id: VenueId,
    /// The depth of the book topic.
    book_depth: u16,
    channels: Channels,
}

impl Shape {
    /// Whether the feed carries `channel`; one that names no channels takes all.
    fn wants(self, channel: Channel) -> bool {
        self.channels == Channels::default() || self.channels.has(channel)
    }

    /// Whether the feed takes best prices from tickers.
    fn best_in_ticker(self) -> bool {
        self.id == VenueId::BYBIT_OPTION && self.wants(Channel::BBO)
    }
}

/// The protocol of one Bybit product.
#[derive(Debug)]
pub struct Bybit {
    shape: Shape,
    decoder: Decoder<scan::Shapes>,
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

/// Options: 2,000 topics a connection, of which 21,000 characters hold about 500.
static OPTION: Facts = Facts {
    streams_per_line: 2000,
    ..FUTURES
};

/// Candle channels stand at the end; the others differ by product.
macro_rules! with_candles {
    ($($channel:ident),+) => {
        &[
            $(Channel::$channel,)+
            Channel::CANDLE_1M, Channel::CANDLE_3M, Channel::CANDLE_5M, Channel::CANDLE_15M,
            Channel::CANDLE_30M, Channel::CANDLE_1H, Channel::CANDLE_2H, Channel::CANDLE_4H,
            Channel::CANDLE_6H, Channel::CANDLE_12H, Channel::CANDLE_1D, Channel::CANDLE_1W,
            Channel::CANDLE_1MO,
        ]
    };
}

static SPOT_CHANNELS: &[Channel] = with_candles!(
    TRADE,
    BBO,
    BOOK,
    BOOK_RPI,
    BOOK_RPI_ONLY,
    BOOK_FULL,
    TICKER,
    PRICE_LIMIT,
    STATUS
);
static FUTURES_CHANNELS: &[Channel] = with_candles!(
    TRADE,
    BBO,
    BOOK,
    BOOK_RPI,
    BOOK_RPI_ONLY,
    BOOK_FULL,
    TICKER,
    LIQUIDATION,
    PRICE_LIMIT,
    STATUS
);
static OPTION_CHANNELS: &[Channel] = &[
    Channel::TRADE,
    Channel::BBO,
    Channel::BOOK,
    Channel::TICKER,
    Channel::STATUS,
];

/// The base currency of an option: what reference data says, else the first part of its symbol,
/// which is all that a stream can be asked for by.
fn base(instrument: &Instrument) -> &str {
    match &*instrument.base {
        "" => instrument.symbol.split('-').next().unwrap_or(""),
        base => base,
    }
}

impl Venue for Bybit {
    fn new(id: VenueId, options: StreamOptions) -> Self {
        Self {
            shape: Shape {
                id,
                book_depth: topic::book_depth(id, options.book_depth),
                channels: options.channels,
            },
            decoder: Decoder::new(),
        }
    }

    fn facts(&self) -> &'static Facts {
        match self.shape.id {
            VenueId::BYBIT_SPOT => &SPOT,
            VenueId::BYBIT_OPTION => &OPTION,
            _ => &FUTURES,
        }
    }

    fn path(&self, channel: Channel) -> &'static str {
        match self.shape.id {
            _ if channel == Channel::STATUS => "/v5/public/misc/status",
            VenueId::BYBIT_SPOT => "/v5/public/spot",
            VenueId::BYBIT_INVERSE => "/v5/public/inverse",
            VenueId::BYBIT_OPTION => "/v5/public/option",
            _ => "/v5/public/linear",
        }
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        topic::name(self.shape, stream)
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(self.shape, ask, number, streams)
    }

    fn may_share(&self, _first: StreamKey, _second: StreamKey) -> bool {
        true
    }

    fn channels(&self) -> &'static [Channel] {
        match self.shape.id {
            VenueId::BYBIT_SPOT => SPOT_CHANNELS,
            VenueId::BYBIT_OPTION => OPTION_CHANNELS,
            _ => FUTURES_CHANNELS,
        }
    }

    fn whole_market(&self, channel: Channel) -> bool {
        channel == Channel::STATUS
    }

    fn carrier(&self, channel: Channel) -> Channel {
        match channel {
            Channel::BOOK_RPI_ONLY => Channel::BOOK_RPI,
            Channel::BOOK if self.shape.book_depth == 1 => Channel::BBO,
            Channel::TICKER if self.shape.best_in_ticker() => Channel::BBO,
            other => other,
        }
    }

    fn stream_symbol<'a>(&self, channel: Channel, instrument: &'a Instrument) -> &'a str {
        if self.shape.id == VenueId::BYBIT_OPTION && channel == Channel::TRADE {
            base(instrument)
        } else {
            &instrument.symbol
        }
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE => Numbering::Ids,
            Channel::BBO if self.shape.id != VenueId::BYBIT_OPTION => Numbering::Rising,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, channel: Channel) -> Cadence {
        match channel {
            Channel::BBO if self.shape.id != VenueId::BYBIT_OPTION => Cadence::Periodic(BEST_EVERY),
            Channel::BOOK if self.shape.book_depth == 1 => Cadence::Periodic(BEST_EVERY),
            Channel::PRICE_LIMIT => Cadence::Periodic(PRICE_LIMIT_EVERY),
            _ => Cadence::OnChange,
        }
    }

    fn snapshots(&self, channel: Channel) -> Snapshots {
        match channel {
            Channel::BOOK_FULL => Snapshots::Rest {
                spacing: FULL_BOOK_SPACING,
            },
            _ => Snapshots::InBand,
        }
    }

    fn ping(&self, number: u64) -> Option<String> {
        Some(format!(r#"{{"req_id":"{number}","op":"ping"}}"#))
    }

    fn reference_query(&self, page: Option<&str>) -> Option<Query> {
        Some(rest::reference(self.shape.id, page))
    }

    fn volumes_query(&self, _page: Option<&str>) -> Option<Query> {
        rest::volumes(self.shape.id)
    }

    fn snapshot_query(&self, symbol: &str, channel: Channel) -> Option<Query> {
        (channel == Channel::BOOK_FULL)
            .then(|| rest::book(self.shape.id, symbol, channel, 0))
            .flatten()
    }

    fn audit_query(&self, symbol: &str, channel: Channel) -> Option<Query> {
        rest::book(self.shape.id, symbol, channel, self.shape.book_depth)
    }

    fn trades_query(&self, symbol: &str, channel: Channel, _hole: Hole) -> Option<Query> {
        (channel == Channel::TRADE).then(|| rest::trades(self.shape.id, symbol))
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
        let shape = self.shape;
        self.decoder
            .decode_general(frame, shape, instruments, batch)
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let shape = self.shape;
        self.decoder.decode(frame, shape, instruments, batch)
    }

    fn decode_snapshot(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        channel: Channel,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        self.decoder.read(body, |root| {
            let root = root.object("orderbook")?;
            orderbook::snapshot(root, (instrument, channel), instruments, batch)
        })
    }

    fn decode_reference(
        &mut self,
        body: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        let id = self.shape.id;
        self.decoder.read(body, |root| {
            reference::instruments_info(id, root.object("instruments-info")?, batch)
        })
    }

    fn decode_volumes(
        &mut self,
        body: &[u8],
        volumes: &mut Vec<(Box<str>, Fixed)>,
    ) -> Result<Option<String>, Reject> {
        self.decoder.read(body, |root| {
            ticker::volumes(root.object("tickers")?, volumes).map(|()| None)
        })
    }

    fn decode_trades(
        &mut self,
        body: &[u8],
        _instrument: InstrumentId,
        _channel: Channel,
        instruments: &mut Instruments,
        trades: &mut Vec<Trade>,
    ) -> Result<(), Reject> {
        let id = self.shape.id;
        let mut drift = Drift::default();
        self.decoder.read(body, |root| {
            let root = root.object("recent-trade")?;
            trade::recent(id, root, instruments, &mut drift, trades)
        })
    }

    fn follow(&self, held: Held, update: &BookHead) -> Follow {
        book::follow(held, update)
    }
}
