//! Which of a market's channels a line carries.

use super::Market;

/// The channels of a line. Clients that open one line for each channel are measured on lines of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Channels {
    /// Trades and the fastest view of the book, in turns.
    Mixed,
    /// Trades.
    Trade,
    /// The fastest view of the book.
    Book,
}

impl Channels {
    /// The name in options, tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Trade => "trade",
            Self::Book => "book",
        }
    }

    /// Whether there are trades.
    #[must_use]
    pub fn has_trades(self) -> bool {
        self != Self::Book
    }

    /// Whether there is a view of the book.
    #[must_use]
    pub fn has_book(self) -> bool {
        self != Self::Trade
    }

    /// Their names in configurations (`feed.channels`).
    #[must_use]
    pub fn of(self, market: Market) -> Vec<&'static str> {
        let book = match market {
            Market::Binance => "bbo",
            Market::Bybit | Market::Kraken => "book",
        };
        self.pick("trade", book)
    }

    /// What a recording's frames of these channels contain. Deltas of a Bybit book mean nothing
    /// before its snapshot, so they are taken only where they are asked for by name.
    #[must_use]
    pub fn marks(self, market: Market) -> Vec<&'static str> {
        let (trade, book) = match market {
            Market::Binance => ("@trade\"", "@bookTicker\""),
            Market::Bybit if self == Self::Mixed => return vec!["\"publicTrade."],
            Market::Bybit => ("\"publicTrade.", "\"orderbook.50."),
            Market::Kraken => ("\"channel\":\"trade\"", "\"channel\":\"book\""),
        };
        self.pick(trade, book)
    }

    /// Of what stands for trades and what stands for the book, that which is carried.
    pub(super) fn pick<T>(self, trade: T, book: T) -> Vec<T> {
        let trade = self.has_trades().then_some(trade);
        let book = self.has_book().then_some(book);
        trade.into_iter().chain(book).collect()
    }

    /// Of message `count`: the turn that it belongs to, and whether it is a trade.
    pub(super) fn turn(self, count: usize) -> (usize, bool) {
        match self {
            Self::Mixed => (count / 2, count.is_multiple_of(2)),
            Self::Trade => (count, true),
            Self::Book => (count, false),
        }
    }
}
