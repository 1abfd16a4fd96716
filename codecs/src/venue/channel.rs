//! Kinds of streams, with one name each across all venues.

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A kind of stream.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Channel(pub u8);

macro_rules! channels {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        impl Channel {
            $($(#[doc = $doc])+ pub const $name: Self = Self($code);)+

            const NAMES: &[(Self, &'static str)] = &[$((Self::$name, $text)),+];

            /// The channel's name in configuration, metrics and tools.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $text,)+
                    _ => "unknown",
                }
            }
        }
    };
}

channels! {
    /// No channel: about a line or a venue.
    NONE = 0, "none";
    /// Every fill.
    TRADE = 1, "trade";
    /// Fills of one taker order at one price, merged (Binance).
    AGG_TRADE = 2, "agg_trade";
    /// Best bid and offer.
    BBO = 3, "bbo";
    /// Order book: snapshot and deltas.
    BOOK = 4, "book";
    /// Reference data.
    REFERENCE = 5, "reference";
    /// The best levels, each message a snapshot (Binance partial depth).
    BOOK_TOP = 6, "book_top";
    /// The book of the RPI topic without retail price improvement quantities (Bybit).
    BOOK_RPI = 7, "book_rpi";
    /// The retail price improvement quantities of the same topic, as a book of their own.
    BOOK_RPI_ONLY = 8, "book_rpi_only";
    /// The whole book, begun from REST (Bybit `orderbook.full`).
    BOOK_FULL = 9, "book_full";
    /// Order-level book (Kraken `level3`).
    ORDERS = 10, "orders";
    /// 24 hour statistics.
    TICKER = 11, "ticker";
    /// 24 hour statistics, the short form (Binance `miniTicker`, Kraken Futures `ticker_lite`).
    MINI_TICKER = 12, "mini_ticker";
    /// 1 hour statistics.
    TICKER_1H = 13, "ticker_1h";
    /// 4 hour statistics.
    TICKER_4H = 14, "ticker_4h";
    /// 1 day statistics.
    TICKER_1D = 15, "ticker_1d";
    /// Average price of the last minutes.
    AVG_PRICE = 16, "avg_price";
    /// Mark price, index price and funding.
    MARK_PRICE = 17, "mark_price";
    /// Index price (Binance COIN-M, by pair).
    INDEX_PRICE = 18, "index_price";
    /// Liquidations.
    LIQUIDATION = 19, "liquidation";
    /// Prices beyond which the venue takes no orders (Bybit).
    PRICE_LIMIT = 20, "price_limit";
    /// The venue's own state.
    STATUS = 21, "status";
    /// Candles of 1 second.
    CANDLE_1S = 32, "candle_1s";
    /// Candles of 1 minute.
    CANDLE_1M = 33, "candle_1m";
    /// Candles of 3 minutes.
    CANDLE_3M = 34, "candle_3m";
    /// Candles of 5 minutes.
    CANDLE_5M = 35, "candle_5m";
    /// Candles of 15 minutes.
    CANDLE_15M = 36, "candle_15m";
    /// Candles of 30 minutes.
    CANDLE_30M = 37, "candle_30m";
    /// Candles of 1 hour.
    CANDLE_1H = 38, "candle_1h";
    /// Candles of 2 hours.
    CANDLE_2H = 39, "candle_2h";
    /// Candles of 4 hours.
    CANDLE_4H = 40, "candle_4h";
    /// Candles of 6 hours.
    CANDLE_6H = 41, "candle_6h";
    /// Candles of 8 hours.
    CANDLE_8H = 42, "candle_8h";
    /// Candles of 12 hours.
    CANDLE_12H = 43, "candle_12h";
    /// Candles of 1 day.
    CANDLE_1D = 44, "candle_1d";
    /// Candles of 3 days.
    CANDLE_3D = 45, "candle_3d";
    /// Candles of 1 week.
    CANDLE_1W = 46, "candle_1w";
    /// Candles of 15 days.
    CANDLE_15D = 47, "candle_15d";
    /// Candles of 1 month.
    CANDLE_1MO = 48, "candle_1mo";
}

impl Channel {
    /// Every channel but [`Channel::NONE`].
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().skip(1).map(|row| row.0)
    }

    /// The channel of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .skip(1)
            .find(|row| row.1 == name)
            .map(|row| row.0)
    }

    /// Whether its records are candles.
    #[must_use]
    pub const fn is_candle(self) -> bool {
        self.0 >= Self::CANDLE_1S.0 && self.0 <= Self::CANDLE_1MO.0
    }

    /// Whether it keeps a book: a state that every message continues.
    #[must_use]
    pub const fn keeps_book(self) -> bool {
        matches!(
            self,
            Self::BOOK | Self::BOOK_RPI | Self::BOOK_RPI_ONLY | Self::BOOK_FULL
        )
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels(u64);

impl Channels {
    /// Whether `channel` is in it.
    #[must_use]
    pub const fn has(self, channel: Channel) -> bool {
        channel.0 < 64 && self.0 >> channel.0 & 1 == 1
    }
}

impl FromIterator<Channel> for Channels {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        let bits = channels.into_iter().filter(|channel| channel.0 < 64);
        Self(bits.fold(0, |set, channel| set | 1 << channel.0))
    }
}
