//! What every simulated venue answers to, and what it is given to answer with.

mod binance;
mod bybit;
mod kraken;
mod kraken_futures;
mod pace;
mod query;
mod stale;
mod uuid;
mod view;

use std::collections::BTreeSet;
use std::net::IpAddr;

pub(crate) use binance::Meters;
pub(crate) use query::RestRequest;

use crate::clock::Nanos;
use crate::config::{Product, SimConfig};
use crate::fault::Fault;
use crate::hub::Hub;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, State, Step};
use crate::truth::{LevelTexts, ViewTruth};

/// The venue's surroundings during one call.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) product: Product,
    pub(crate) hub: &'a mut Hub,
    pub(crate) markets: &'a [Market],
    /// Stream keys of the capture, if this product replays one and generates nothing.
    pub(crate) recorded: Option<&'a BTreeSet<String>>,
    pub(crate) now: Nanos,
}

impl Desk<'_> {
    /// Index of the instrument with this payload symbol.
    pub(crate) fn find(&self, symbol: &str) -> Option<usize> {
        self.markets
            .iter()
            .position(|market| market.state != State::Delisted && market.config.symbol == symbol)
    }
}

/// A client's request for a WebSocket.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    /// Path and query.
    pub(crate) path: String,
    /// Where it comes from.
    pub(crate) address: IpAddr,
    /// Value of the header `X-MBX-APIKEY`.
    pub(crate) api_key: Option<String>,
    /// It came to the listener for Binance's binary streams.
    pub(crate) sbe: bool,
}

/// A REST answer.
#[derive(Clone, Debug)]
pub(crate) struct RestReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl RestReply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }
}

/// One product's protocol. Implementations hold no sockets and read no clock.
pub(crate) trait Venue: Send + std::fmt::Debug {
    /// Whether a WebSocket may be opened at this path.
    fn accepts(&self, path: &str) -> bool;

    /// The answer to a handshake that the venue refuses whatever its path: too many attempts, no
    /// key. Called once per attempt.
    fn turns_away(&mut self, _desk: &mut Desk<'_>, _handshake: &Handshake) -> Option<RestReply> {
        None
    }

    /// A connection was opened; `session.path` holds path and query.
    fn opened(&mut self, desk: &mut Desk<'_>, line: u64);

    /// A connection is gone.
    fn closed(&mut self, line: u64);

    /// The connection's lifetime is over; it is closed right after this.
    fn expiring(&mut self, desk: &mut Desk<'_>, line: u64);

    /// A text message came from a client.
    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str);

    /// An event was applied to `desk.markets[index]`.
    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step);

    /// Time passed: conflated streams, heartbeats, repeats.
    fn tick(&mut self, desk: &mut Desk<'_>);

    /// Publishes what conflation still holds back; the market stands still from now on.
    fn flush(&mut self, desk: &mut Desk<'_>);

    /// A REST request came.
    fn rest(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply;

    /// The body of an error with this status, as the venue words it.
    fn rest_error(&self, status: u16, now: Nanos) -> String;

    /// A recorded REST book snapshot was reached in the replay.
    fn recorded_snapshot(&mut self, body: &str);

    /// Whether such an instrument can be listed while the simulation runs.
    fn lists(&self, _instrument: &InstrumentConfig) -> bool {
        false
    }

    /// The reference data of `desk.markets[index]` changed; a new instrument's index is the next
    /// one. Only called for a new instrument if [`lists`](Self::lists) said yes.
    fn reference_changed(&mut self, _desk: &mut Desk<'_>, _index: usize) {}

    /// A fault that is this venue's own business.
    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault);

    /// Price and quantity texts as the venue prints them.
    fn texts(&self, config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts;

    /// Last update id of the instrument's whole book, 0 where the venue has none.
    fn update_id(&self, index: usize) -> u64;

    /// What the truncated book streams of the instrument show.
    fn views(&self, index: usize, config: &InstrumentConfig) -> Vec<ViewTruth>;

    /// Trade id text of a trade number.
    fn trade_id(&self, config: &InstrumentConfig, number: u64) -> String;

    /// The venue's word for the taker's side.
    fn side(&self, taker: Side) -> &'static str;
}

/// The protocol of a product.
pub(crate) fn venue(product: Product, markets: &[Market], config: &SimConfig) -> Box<dyn Venue> {
    match product {
        Product::BybitSpot
        | Product::BybitLinear
        | Product::BybitInverse
        | Product::BybitOption => Box::new(bybit::Bybit::new(product, markets, config)),
        Product::KrakenSpot => Box::new(kraken::Kraken::new(markets, config)),
        Product::KrakenFutures => Box::new(kraken_futures::KrakenFutures::new(markets, config)),
        _ => Box::new(binance::Binance::new(product, markets, config)),
    }
}
