//! What a simulation consists of: products, market, source, limits.
//!
//! Every field has a default that follows the venue's documentation, so that
//! `SimConfig { products: vec![Product::BinanceSpot], ..SimConfig::default() }` is a whole
//! configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::SimError;
use crate::instrument::{InstrumentConfig, default_instruments};

/// One venue product: a protocol dialect with its own address and instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Binance Spot: JSON streams and `/api/v3`.
    BinanceSpot,
    /// Binance USD-M futures: routed streams and `/fapi/v1`.
    BinanceUsdm,
    /// Binance COIN-M futures: unrouted streams and `/dapi/v1`. Quantities are contracts.
    BinanceCoinm,
    /// Bybit v5 spot: `/v5/public/spot`.
    BybitSpot,
    /// Bybit v5 linear perpetuals: `/v5/public/linear`.
    BybitLinear,
    /// Bybit v5 inverse perpetuals and futures: `/v5/public/inverse`. Quantities are contracts of
    /// one US dollar.
    BybitInverse,
    /// Bybit v5 options: `/v5/public/option`.
    BybitOption,
    /// Kraken Spot WebSocket v2: `/v2`.
    KrakenSpot,
    /// Kraken Futures: `/ws/v1` and `/derivatives/api/v3`.
    KrakenFutures,
}

impl Product {
    /// Every product, in a fixed order.
    pub const ALL: [Product; 9] = [
        Product::BinanceSpot,
        Product::BinanceUsdm,
        Product::BinanceCoinm,
        Product::BybitSpot,
        Product::BybitLinear,
        Product::BybitInverse,
        Product::BybitOption,
        Product::KrakenSpot,
        Product::KrakenFutures,
    ];

    /// Lower-case name with a dash: `binance-spot`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Product::BinanceSpot => "binance-spot",
            Product::BinanceUsdm => "binance-usdm",
            Product::BinanceCoinm => "binance-coinm",
            Product::BybitSpot => "bybit-spot",
            Product::BybitLinear => "bybit-linear",
            Product::BybitInverse => "bybit-inverse",
            Product::BybitOption => "bybit-option",
            Product::KrakenSpot => "kraken-spot",
            Product::KrakenFutures => "kraken-futures",
        }
    }

    /// The product of that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Product> {
        Product::ALL
            .into_iter()
            .find(|product| product.name() == name)
    }
}

/// A whole simulation.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Seed of the generated markets: the same seed gives the same books and trades, event by event.
    pub seed: u64,
    /// Serve `wss` and `https` with a certificate made at start instead of `ws` and `http`.
    pub tls: bool,
    /// What is right or wrong with that certificate.
    pub certificate: Certificate,
    /// Products to serve, each on its own port.
    pub products: Vec<Product>,
    /// Loopback port per product; a product that is not named gets a free one.
    pub ports: BTreeMap<Product, u16>,
    /// The generated market.
    pub market: MarketConfig,
    /// Where the messages come from.
    pub source: Source,
    /// Whether USD-M's unrouted path (`/ws`, `/stream`) still carries the streams of `/public`. The
    /// venue says it was retired on 2026-04-23; an official page and some client libraries still
    /// count on it. Without this it acknowledges and stays silent.
    pub usdm_unrouted: bool,
    /// A second port for Binance Spot that serves the binary streams (SBE) of the same market;
    /// `None` for no such port.
    pub sbe: Option<SbeListener>,
    /// What `params.token` of a Kraken level3 subscription must say. REST `GetWebSocketsToken` gives
    /// it to everyone who asks.
    pub kraken_token: String,
    /// Venue limits to shorten or tighten; the default is what the venue documents.
    pub limits: Limits,
    /// File for the tape: everything published, before faults, as JSON lines (the crate's README
    /// describes them). Overwritten if it exists; complete after [`Sim::halt`](crate::Sim::halt)
    /// and after [`Sim::stop`](crate::Sim::stop).
    pub tape: Option<PathBuf>,
}

/// What a client finds when it checks the certificate of `wss` and `https`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Valid for `127.0.0.1` and `localhost`, for centuries.
    #[default]
    Good,
    /// No longer valid, since a day.
    Expired,
    /// Not valid before tomorrow.
    NotYetValid,
    /// Valid for another name.
    WrongName,
    /// Signed by an authority other than the one that [`Sim::ca_pem`](crate::Sim::ca_pem) gives.
    UnknownAuthority,
    /// Valid for so much longer, up to a year.
    ExpiresIn(Duration),
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            tls: false,
            certificate: Certificate::default(),
            products: Product::ALL.to_vec(),
            ports: BTreeMap::new(),
            market: MarketConfig::default(),
            source: Source::Generated,
            usdm_unrouted: false,
            sbe: None,
            kraken_token: "simulated-kraken-token".into(),
            limits: Limits::default(),
            tape: None,
        }
    }
}

impl SimConfig {
    /// Instruments of `product`: the configured ones or the built-in three or four.
    #[must_use]
    pub fn instruments(&self, product: Product) -> Vec<InstrumentConfig> {
        match self.market.instruments.get(&product) {
            Some(instruments) => instruments.clone(),
            None => default_instruments(product),
        }
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// [`SimError::Config`] names the key, the value and what is allowed.
    pub fn check(&self) -> Result<(), SimError> {
        if self.products.is_empty() {
            return Err(SimError::Config(
                "`products` is empty: name at least one".into(),
            ));
        }
        let levels = self.market.levels;
        if !(LEVELS_MIN..=LEVELS_MAX).contains(&levels) {
            let allowed = format!("{LEVELS_MIN} to {LEVELS_MAX}");
            return Err(SimError::Config(format!(
                "`levels` is {levels}: allowed is {allowed}"
            )));
        }
        if self.sbe.is_some() && !self.products.contains(&Product::BinanceSpot) {
            let rule = "`sbe` needs binance-spot in `products`: it shows the same market";
            return Err(SimError::Config(rule.into()));
        }
        for product in &self.products {
            for instrument in self.instruments(*product) {
                instrument.check(levels)?;
            }
        }
        Ok(())
    }
}

/// Binance Spot's endpoint for binary market data, `stream-sbe` on the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SbeListener {
    /// What the header `X-MBX-APIKEY` of the handshake must say.
    pub api_key: String,
    /// Loopback port; 0 for a free one.
    pub port: u16,
}

/// Fewest levels per side: a taker order sweeps up to three and the best must survive.
const LEVELS_MIN: usize = 20;

/// Most levels per side: the deepest view any venue sells is Binance's 5,000.
const LEVELS_MAX: usize = 20_000;

/// The seeded market behind [`Source::Generated`].
#[derive(Clone, Debug)]
pub struct MarketConfig {
    /// Instruments per product; a product that is not named gets the built-in ones.
    pub instruments: BTreeMap<Product, Vec<InstrumentConfig>>,
    /// Market events (order added, cancelled, or a taker order) per second and instrument.
    pub events_per_second: u32,
    /// Price levels per side that the generator keeps, 20 to 20,000. The default of 1,100 fills
    /// every view the venues publish over WebSocket.
    pub levels: usize,
    /// How often due events are generated and conflated streams looked at.
    pub tick: Duration,
    /// First trade and update id. Raise it above 2^53 to test clients that keep ids in doubles.
    pub first_id: u64,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            instruments: BTreeMap::new(),
            events_per_second: 50,
            levels: 1_100,
            tick: Duration::from_millis(5),
            first_id: 5_182_005_737,
        }
    }
}

/// Where the messages come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Every product generates its seeded market.
    Generated,
    /// One product replays recorded files, the other products generate.
    ///
    /// Replay starts when the first stream was subscribed and no further subscription came for
    /// 200 ms, so that a client can name all its streams first.
    Capture {
        /// The product that was recorded.
        product: Product,
        /// Files of `<ns> <frame>` lines, `.gz` or plain, read in this order as one session.
        files: Vec<PathBuf>,
        /// Pace of the replay.
        speed: Speed,
    },
}

/// Pace of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Recorded pauses divided by this factor; 1 is real time, 0 counts as 1.
    Times(u32),
    /// No pauses: as fast as the slowest subscriber reads.
    Max,
}

/// Overrides of the venues' documented limits; `None` keeps the venue's own figure.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Pause between the server's WebSocket pings (Binance: 20 s spot, 3 min futures).
    pub ping_interval: Option<Duration>,
    /// Time a pong may take before the server closes (Binance: 60 s spot, 10 min futures).
    pub pong_timeout: Option<Duration>,
    /// Silence after which the server closes (Bybit 10 min, Kraken 60 s).
    pub idle_timeout: Option<Duration>,
    /// Client frames per second before the server closes (Binance: 5 spot, 10 futures).
    pub inbound_per_second: Option<u32>,
    /// REST weight per minute (Binance: 6,000 spot, 2,400 futures).
    pub rest_weight_per_minute: Option<u32>,
    /// REST requests within five seconds before the address is banned (Bybit: 600).
    pub rest_requests_per_five_seconds: Option<u32>,
    /// Most instruments on one page of reference data (Bybit: 1,000, except spot).
    pub instruments_per_page: Option<usize>,
    /// Connection attempts per five minutes and client address (Binance: 300, Bybit: 500).
    pub connects_per_five_minutes: Option<u32>,
    /// Connection attempts per ten minutes and client address (Kraken Spot: 150), above which the
    /// address is turned away for ten minutes.
    pub connects_per_ten_minutes: Option<u32>,
    /// Requests per second and connection that Kraken carries out. Futures document 100; Spot
    /// publishes no figure and gets the same.
    pub requests_per_second: Option<u32>,
    /// Symbols of one connection's level3 subscriptions (Kraken Spot: 200).
    pub level3_symbols: Option<usize>,
    /// Lifetime of a connection (Binance: 24 h; others have none).
    pub max_life: Option<Duration>,
}
