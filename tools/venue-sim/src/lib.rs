//! Simulated Binance, Bybit and Kraken: seeded market or recorded captures over ws and wss, with faults on demand.
//!
//! A [`Sim`] listens on loopback ports, one per [`Product`], and speaks each venue's WebSocket and
//! REST protocol closely enough for the venue's own client libraries. It knows the true books, the
//! tape and every message it sent ([`Truth`]), and breaks things on order ([`Fault`]).
//!
//! ```
//! use venue_sim::{Product, Sim, SimConfig};
//!
//! let config = SimConfig { products: vec![Product::BinanceSpot], ..SimConfig::default() };
//! let sim = Sim::start(config)?;
//! let endpoint = sim.endpoint(Product::BinanceSpot).expect("configured above");
//! assert!(endpoint.ws_url.starts_with("ws://127.0.0.1:"));
//! sim.stop();
//! # Ok::<(), venue_sim::SimError>(())
//! ```
//!
//! Invariants:
//! * The encoders here share nothing with the feed handler's decoders: a test that compares the
//!   two compares two readings of the venue's documentation.
//! * No number is ever a float: prices and quantities are scaled integers, printed exactly.
//! * The market's content depends on the seed; only stamps and the cut into conflated messages
//!   depend on the clock.
//! * Everything is bounded: queues, tape, logs; each limit is a constant with its reason.

#![forbid(unsafe_code)]

mod capture;
mod clock;
mod config;
mod decimal;
mod error;
mod fault;
mod hub;
mod instrument;
mod json;
mod lot;
mod market;
mod net;
mod reference;
mod scenario;
mod sim;
mod tape;
mod truth;
mod venue;
mod world;

pub use config::{
    Certificate, Limits, MarketConfig, Product, SbeListener, SimConfig, Source, Speed,
};
pub use error::SimError;
pub use fault::{Ending, Fault, Mutation, RawFrame, RestAnswer, Target};
pub use instrument::{InstrumentConfig, default_instruments};
pub use reference::ReferenceChange;
pub use scenario::{Scenario, ScenarioError};
pub use sim::{Endpoint, Sim};
pub use truth::{
    FaultRecord, InstrumentTruth, LevelTexts, LineTruth, Touch, TradeTruth, Truth, ViewTruth,
};
