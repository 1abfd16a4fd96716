//! What a fault is aimed at.

use super::Fault;
use crate::config::Product;

/// Which messages, subscriptions or connections a fault concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The product.
    pub product: Product,
    /// A whole stream key, or one of its parts between `@` and `.`; `None` for any stream.
    ///
    /// Keys: Binance `btcusdt@depth@100ms` (binary streams `sbe.btcusdt@depth`), Bybit `orderbook.50.BTCUSDT`, Kraken
    /// `book.10.BTC/USD`, `trade.BTC/USD`, `ticker.bbo.BTC/USD`. So `BTCUSDT` names all streams
    /// of a symbol and `depth` all depth streams.
    pub stream: Option<String>,
    /// One connection, by its number in [`Truth::lines`](crate::Truth); `None` for all alike.
    pub line: Option<u64>,
    /// One connection, as the n-th oldest open one, from 0, of those that carry the stream. Looked
    /// up when the fault is ordered; a fault that finds none does nothing. Overrides `line`.
    pub rank: Option<usize>,
}

impl Target {
    /// Every stream and connection of a product.
    #[must_use]
    pub fn product(product: Product) -> Self {
        Self {
            product,
            stream: None,
            line: None,
            rank: None,
        }
    }

    /// Narrows the target to a stream key, or to a part of keys.
    #[must_use]
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// Narrows the target to one connection.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// Narrows the target to the n-th oldest open connection, from 0, that carries the stream.
    #[must_use]
    pub fn rank(mut self, rank: usize) -> Self {
        self.rank = Some(rank);
        self
    }

    pub(crate) fn covers_stream(&self, key: &str) -> bool {
        match &self.stream {
            None => true,
            Some(name) => key == name || key.split(['@', '.']).any(|part| part == name),
        }
    }

    pub(crate) fn covers_line(&self, product: Product, line: u64) -> bool {
        self.product == product && self.line.is_none_or(|wanted| wanted == line)
    }
}

impl Fault {
    /// Whose connections, messages or requests the fault is aimed at, if at any of them.
    pub(crate) fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Fault::Drop { target, .. }
            | Fault::Duplicate { target, .. }
            | Fault::Reorder { target, .. }
            | Fault::Loss { target, .. }
            | Fault::Resend { target, .. }
            | Fault::Shuffle { target, .. }
            | Fault::Mutate { target, .. }
            | Fault::WrongChecksum { target, .. }
            | Fault::Silence { target, .. }
            | Fault::RejectSubscribe { target, .. }
            | Fault::Ignore { target, .. }
            | Fault::LoseAck { target, .. }
            | Fault::HalfSubscribe { target, .. }
            | Fault::Delay { target, .. }
            | Fault::Clog { target, .. }
            | Fault::Trickle { target, .. }
            | Fault::Expire { target }
            | Fault::Close { target, .. }
            | Fault::Freeze { target, .. }
            | Fault::Raw { target, .. }
            | Fault::Resnapshot { target }
            | Fault::Restart { target } => Some(target),
            _ => None,
        }
    }

    /// The product concerned; `None` if that follows from the fault's kind.
    pub(crate) fn product(&mut self) -> Option<Product> {
        match self {
            Fault::Rest { product, .. }
            | Fault::StaleSnapshot { product, .. }
            | Fault::ClockJump { product, .. }
            | Fault::Cross { product, .. }
            | Fault::SequenceReset { product, .. }
            | Fault::PlatformStatus { product, .. }
            | Fault::TradeBurst { product, .. }
            | Fault::Reference { product, .. } => Some(*product),
            Fault::SystemStatus { .. } => Some(Product::KrakenSpot),
            Fault::ServerShutdown => Some(Product::BinanceSpot),
            other => other.target_mut().map(|target| target.product),
        }
    }
}
