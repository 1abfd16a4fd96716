//! The classes of messages that are measured.

use feedd_codecs::VenueId;

/// One class of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Binance spot best prices.
    BookTicker,
    /// Binance spot trade.
    Trade,
    /// Binance spot book update of 20 levels.
    Depth20,
    /// Binance spot book update of about 175 levels.
    Depth175,
    /// Bybit linear message of one trade.
    BybitTrade,
    /// Bybit linear message of five trades.
    BybitTrades,
    /// Bybit linear book update of 10 levels.
    BybitDelta,
    /// Bybit linear book of 50 levels a side.
    BybitSnapshot,
    /// Bybit linear update of 10 levels with two quantities.
    BybitRpi,
    /// Kraken spot trade.
    KrakenTrade,
    /// Kraken spot book update.
    KrakenBook,
    /// Kraken futures best prices and statistics.
    FuturesTicker,
    /// Kraken futures short statistics.
    FuturesTickerLite,
}

impl Class {
    /// Every class, in the order of the table that they are reported in.
    pub const ALL: [Self; 13] = [
        Self::BookTicker,
        Self::Trade,
        Self::Depth20,
        Self::Depth175,
        Self::BybitTrade,
        Self::BybitTrades,
        Self::BybitDelta,
        Self::BybitSnapshot,
        Self::BybitRpi,
        Self::KrakenTrade,
        Self::KrakenBook,
        Self::FuturesTicker,
        Self::FuturesTickerLite,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BookTicker => "binance_book_ticker",
            Self::Trade => "binance_trade",
            Self::Depth20 => "binance_depth_20",
            Self::Depth175 => "binance_depth_175",
            Self::BybitTrade => "bybit_trade_x1",
            Self::BybitTrades => "bybit_trade_x5",
            Self::BybitDelta => "bybit_book_10",
            Self::BybitSnapshot => "bybit_snapshot_50_50",
            Self::BybitRpi => "bybit_rpi_10",
            Self::KrakenTrade => "kraken_trade",
            Self::KrakenBook => "kraken_book",
            Self::FuturesTicker => "kraken_futures_ticker",
            Self::FuturesTickerLite => "kraken_futures_ticker_lite",
        }
    }

    /// The class of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether the rivals' decoders read it, too.
    #[must_use]
    pub const fn is_compared(self) -> bool {
        !matches!(
            self,
            Self::BybitRpi | Self::FuturesTicker | Self::FuturesTickerLite
        )
    }

    /// Whose messages these are.
    #[must_use]
    pub const fn venue(self) -> VenueId {
        match self {
            Self::BookTicker | Self::Trade | Self::Depth20 | Self::Depth175 => {
                VenueId::BINANCE_SPOT
            }
            Self::KrakenTrade | Self::KrakenBook => VenueId::KRAKEN_SPOT,
            Self::FuturesTicker | Self::FuturesTickerLite => VenueId::KRAKEN_FUTURES,
            _ => VenueId::BYBIT_LINEAR,
        }
    }
}
