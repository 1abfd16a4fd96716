//! What a fault is aimed at.

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
