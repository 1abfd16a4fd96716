//! Figures: the named numbers of tickers, mark prices and other statistics.
//!
//! Every venue sends another selection of them, and the selection changes. So a ticker record holds
//! a list of (name, exact decimal) instead of fifty fields that are mostly empty: what the venue did
//! not give is not there, which is different from zero.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::ABSENT;
use crate::fixed::Fixed;

/// What a figure is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct FigureName(pub u8);

macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        impl FigureName {
            $($(#[doc = $doc])+ pub const $name: Self = Self($code);)+

            /// The figure's name in tools, exports and the schema.
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

figures! {
    /// Price of the last trade.
    LAST_PRICE = 1, "last_price";
    /// Price of the first trade in the window.
    OPEN = 2, "open";
    /// Highest price in the window.
    HIGH = 3, "high";
    /// Lowest price in the window.
    LOW = 4, "low";
    /// Price of the last trade before the window.
    PREV_CLOSE = 5, "prev_close";
    /// Price change over the window.
    CHANGE = 6, "change";
    /// Price change over the window, in percent.
    CHANGE_PERCENT = 7, "change_percent";
    /// Volume-weighted average price of the window.
    VWAP = 8, "vwap";
    /// Quantity of the last trade.
    LAST_QTY = 9, "last_qty";
    /// Best bid.
    BID_PRICE = 10, "bid_price";
    /// Quantity at the best bid.
    BID_QTY = 11, "bid_qty";
    /// Best offer.
    ASK_PRICE = 12, "ask_price";
    /// Quantity at the best offer.
    ASK_QTY = 13, "ask_qty";
    /// Volume of the window, base currency or contracts.
    VOLUME = 14, "volume";
    /// Turnover of the window, quote currency (inverse contracts: base currency).
    QUOTE_VOLUME = 15, "quote_volume";
    /// Number of trades in the window.
    TRADES = 16, "trades";
    /// Id of the first trade in the window.
    FIRST_TRADE_ID = 17, "first_trade_id";
    /// Id of the last trade in the window.
    LAST_TRADE_ID = 18, "last_trade_id";
    /// Begin of the window, seconds since the Unix epoch.
    WINDOW_OPEN = 19, "window_open";
    /// End of the window, seconds since the Unix epoch.
    WINDOW_CLOSE = 20, "window_close";
    /// Mark price.
    MARK_PRICE = 21, "mark_price";
    /// Index price.
    INDEX_PRICE = 22, "index_price";
    /// Estimated settlement price; meaningful in the last hour before delivery.
    SETTLE_ESTIMATE = 23, "settle_estimate";
    /// Funding rate of the coming payment, a fraction (Kraken Futures: absolute, quote currency a contract and hour).
    FUNDING_RATE = 24, "funding_rate";
    /// Time of the next funding, seconds since the Unix epoch.
    NEXT_FUNDING_TIME = 25, "next_funding_time";
    /// Open interest, base currency or contracts.
    OPEN_INTEREST = 26, "open_interest";
    /// Open interest in quote currency.
    OPEN_INTEREST_VALUE = 27, "open_interest_value";
    /// Average price of the last minutes, as the venue averages.
    AVG_PRICE = 28, "avg_price";
    /// Averaged mark price (Binance `ap`).
    MARK_PRICE_AVG = 29, "mark_price_avg";
    /// Highest price at which the venue takes buy orders.
    BUY_LIMIT = 30, "buy_limit";
    /// Lowest price at which the venue takes sell orders.
    SELL_LIMIT = 31, "sell_limit";
    /// Future's price minus index price.
    BASIS = 32, "basis";
    /// [`FigureName::BASIS`] as a fraction.
    BASIS_RATE = 33, "basis_rate";
    /// [`FigureName::BASIS_RATE`] a year.
    BASIS_RATE_YEAR = 34, "basis_rate_year";
    /// Implied volatility of the best bid.
    BID_IV = 35, "bid_iv";
    /// Implied volatility of the best offer.
    ASK_IV = 36, "ask_iv";
    /// Implied volatility of the mark price.
    MARK_IV = 37, "mark_iv";
    /// Price of the option's underlying.
    UNDERLYING_PRICE = 38, "underlying_price";
    /// Delta.
    DELTA = 39, "delta";
    /// Gamma.
    GAMMA = 40, "gamma";
    /// Vega.
    VEGA = 41, "vega";
    /// Theta.
    THETA = 42, "theta";
    /// Funding rate expected for the period after the coming payment.
    FUNDING_RATE_NEXT = 43, "funding_rate_next";
    /// Funding rate as a fraction, where [`FigureName::FUNDING_RATE`] is absolute (Kraken Futures).
    RELATIVE_FUNDING_RATE = 44, "relative_funding_rate";
    /// As [`FigureName::RELATIVE_FUNDING_RATE`], expected for the period after.
    RELATIVE_FUNDING_RATE_NEXT = 45, "relative_funding_rate_next";
    /// Premium of the price over the index.
    PREMIUM = 46, "premium";
    /// 1 while trading is suspended, else 0.
    SUSPENDED = 47, "suspended";
    /// 1 while only orders that rest are taken, else 0.
    POST_ONLY = 48, "post_only";
    /// Delivery, seconds since the Unix epoch.
    DELIVERY_TIME = 49, "delivery_time";
    /// Time between two funding payments, seconds.
    FUNDING_INTERVAL = 50, "funding_interval";
    /// Price one hour ago.
    PRICE_1H_AGO = 51, "price_1h_ago";
    /// Price 24 hours ago.
    PRICE_24H_AGO = 52, "price_24h_ago";
    /// Predicted delivery price.
    PREDICTED_DELIVERY_PRICE = 53, "predicted_delivery_price";
    /// Volume since listing.
    TOTAL_VOLUME = 54, "total_volume";
    /// Turnover since listing.
    TOTAL_QUOTE_VOLUME = 55, "total_quote_volume";
    /// Index price in US dollars.
    USD_INDEX_PRICE = 56, "usd_index_price";
    /// Highest funding rate.
    FUNDING_CAP = 57, "funding_cap";
    /// Fee rate of delivery.
    DELIVERY_FEE_RATE = 58, "delivery_fee_rate";
    /// Days to maturity.
    DAYS_TO_MATURITY = 59, "days_to_maturity";
    /// Open interest counted on one side, base currency or contracts.
    SINGLE_OPEN_INTEREST = 60, "single_open_interest";
    /// Open interest counted on one side, quote currency.
    SINGLE_OPEN_INTEREST_VALUE = 61, "single_open_interest_value";
}

/// One figure: 16 bytes.
///
/// ```text
/// 0          8     9      10     16
///  | mantissa | exp | name | zero |
/// ```
///
/// Times are decimal seconds (`exp` -9, -6 or -3), flags are 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Figure {
    /// The number is `mantissa * 10^exp`. In a decoded change (never in a record) [`ABSENT`] says
    /// that the venue has no value any more.
    pub mantissa: i64,
    /// Power of ten.
    pub exp: i8,
    /// What it is.
    pub name: FigureName,
    /// Always zero.
    pub reserved: [u8; 6],
}

impl Figure {
    /// A figure.
    #[must_use]
    pub const fn new(name: FigureName, value: Fixed) -> Self {
        Self {
            mantissa: value.mantissa,
            exp: value.exp,
            name,
            reserved: [0; 6],
        }
    }

    /// A figure that the venue has no value for any more.
    #[must_use]
    pub const fn none(name: FigureName) -> Self {
        Self::new(name, Fixed::new(ABSENT, 0))
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> Fixed {
        Fixed::new(self.mantissa, self.exp)
    }
}
