//! Connection rules of the products, with the configured overrides.

use std::time::Duration;

use crate::config::{Limits, Product};

/// What a connection must obey.
///
/// # Source
/// Binance: "WebSocket Streams" of spot and futures, general information; Bybit: v5 "Connect";
/// Kraken: WebSocket v2 "General considerations", futures "Keep-alive". As of November 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Pause between the server's pings and the time a pong may take.
    pub(crate) ping: Option<(Duration, Duration)>,
    /// Silence in both directions before the server closes; Kraken Futures: the client's silence.
    pub(crate) idle: Option<Duration>,
    /// Client frames within one second before the server closes.
    pub(crate) inbound: Option<u32>,
    /// Lifetime of a connection.
    pub(crate) life: Option<Duration>,
}

impl Rules {
    pub(crate) fn new(product: Product, limits: &Limits) -> Self {
        let own = Self::documented(product);
        let ping = limits
            .ping_interval
            .or(own.ping.map(|(interval, _)| interval));
        let pong = limits.pong_timeout.or(own.ping.map(|(_, timeout)| timeout));
        Self {
            ping: ping.map(|interval| (interval, pong.unwrap_or(interval))),
            idle: limits.idle_timeout.or(own.idle),
            inbound: limits.inbound_per_second.or(own.inbound),
            life: limits.max_life.or(own.life),
        }
    }

    fn documented(product: Product) -> Self {
        let seconds = Duration::from_secs;
        let day = Some(seconds(24 * 60 * 60));
        match product {
            Product::BinanceSpot => Self {
                ping: Some((seconds(20), seconds(60))),
                idle: None,
                inbound: Some(5),
                life: day,
            },
            Product::BinanceUsdm | Product::BinanceCoinm => Self {
                ping: Some((seconds(180), seconds(600))),
                idle: None,
                inbound: Some(10),
                life: day,
            },
            Product::BybitSpot
            | Product::BybitLinear
            | Product::BybitInverse
            | Product::BybitOption => Self {
                ping: None,
                idle: Some(seconds(600)),
                inbound: None,
                life: None,
            },
            Product::KrakenSpot | Product::KrakenFutures => Self {
                ping: None,
                idle: Some(seconds(60)),
                inbound: None,
                life: None,
            },
        }
    }
}
