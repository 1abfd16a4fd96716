//! Instruments: how a price and a quantity of one symbol are scaled and printed.

use crate::config::Product;
use crate::error::SimError;

/// One tradable of one product.
///
/// Prices are integers in units of `10^-px_digits`, quantities in units of `10^-qty_digits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentConfig {
    /// Symbol as the venue's payloads spell it: `BTCUSDT`, `BTCUSD_PERP`, `BTC/USD`.
    pub symbol: String,
    /// Base asset.
    pub base: String,
    /// Quote asset.
    pub quote: String,
    /// Decimals of a price, 0 to 12.
    pub px_digits: u8,
    /// Price increment in units of `10^-px_digits`, above zero.
    pub tick: i64,
    /// Price the market starts around, a multiple of `tick`.
    pub px_start: i64,
    /// Decimals of a quantity, 0 to 12.
    pub qty_digits: u8,
    /// Quantity increment in units of `10^-qty_digits`, above zero.
    pub lot: i64,
}

/// More digits than any venue prints would overflow the checksum text and the mantissa.
const DIGITS_MAX: u8 = 12;

/// Bounds mantissas so that a price times a lot count stays inside `i64`.
const PX_MAX: i64 = 1_000_000_000_000_000;

/// Bounds the lot for the same reason.
const LOT_MAX: i64 = 1_000_000_000;

impl InstrumentConfig {
    /// Checks the ranges of the fields, given how many levels a side holds.
    ///
    /// # Errors
    /// [`SimError::Config`] names the symbol, the field and what is allowed.
    pub fn check(&self, levels: usize) -> Result<(), SimError> {
        let room = i64::try_from(levels)
            .unwrap_or(i64::MAX)
            .saturating_mul(ROOM_PER_LEVEL);
        let lowest = self.tick.saturating_mul(room);
        let rules = [
            (
                self.px_digits <= DIGITS_MAX && self.qty_digits <= DIGITS_MAX,
                "digits above 12",
            ),
            (self.tick > 0, "`tick` is not above 0"),
            ((1..=LOT_MAX).contains(&self.lot), "`lot` is not 1 to 1e9"),
            (
                self.tick > 0 && self.px_start % self.tick == 0,
                "`px_start` is off the tick",
            ),
            (self.px_start <= PX_MAX, "`px_start` is above 1e15"),
            (
                self.px_start >= lowest,
                "`px_start` leaves no room for the levels below it",
            ),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(SimError::Config(format!("{}: {rule}", self.symbol))),
            None => Ok(()),
        }
    }
}

/// Ticks of price kept free per level: the book spreads over up to two ticks a level and the
/// walk needs the rest.
const ROOM_PER_LEVEL: i64 = 4;

/// Symbol, base, quote, price digits, tick, start, quantity digits, lot.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    u8,
    i64,
    i64,
    u8,
    i64,
);

const BINANCE_SPOT: [Row; 4] = [
    (
        "BTCUSDT",
        "BTC",
        "USDT",
        8,
        1_000_000,
        6_451_188_000_000,
        8,
        1_000,
    ),
    (
        "ETHUSDT",
        "ETH",
        "USDT",
        8,
        1_000_000,
        268_380_000_000,
        8,
        10_000,
    ),
    (
        "SOLUSDT",
        "SOL",
        "USDT",
        8,
        1_000_000,
        15_473_000_000,
        8,
        100_000,
    ),
    (
        "DOGEUSDT",
        "DOGE",
        "USDT",
        8,
        1_000,
        10_512_000,
        8,
        100_000_000,
    ),
];

const BINANCE_USDM: [Row; 4] = [
    ("BTCUSDT", "BTC", "USDT", 2, 10, 6_394_390, 3, 1),
    ("ETHUSDT", "ETH", "USDT", 2, 1, 268_380, 3, 1),
    ("SOLUSDT", "SOL", "USDT", 4, 100, 1_547_300, 2, 1),
    ("1000PEPEUSDT", "1000PEPE", "USDT", 7, 1, 84_231, 0, 1),
];

const BINANCE_COINM: [Row; 3] = [
    ("BTCUSD_PERP", "BTC", "USD", 1, 1, 639_439, 0, 1),
    ("ETHUSD_PERP", "ETH", "USD", 2, 1, 268_218, 0, 1),
    ("SOLUSD_PERP", "SOL", "USD", 3, 1, 154_730, 0, 1),
];

const BYBIT_SPOT: [Row; 4] = [
    ("BTCUSDT", "BTC", "USDT", 1, 1, 651_404, 6, 1),
    ("ETHUSDT", "ETH", "USDT", 2, 1, 192_328, 5, 1),
    ("SOLUSDT", "SOL", "USDT", 2, 1, 15_473, 3, 1),
    ("DOGEUSDT", "DOGE", "USDT", 5, 1, 10_512, 1, 1),
];

const BYBIT_LINEAR: [Row; 4] = [
    ("BTCUSDT", "BTC", "USDT", 2, 10, 6_511_420, 3, 1),
    ("ETHUSDT", "ETH", "USDT", 2, 1, 192_250, 2, 1),
    ("SOLUSDT", "SOL", "USDT", 3, 10, 154_730, 1, 1),
    ("1000PEPEUSDT", "1000PEPE", "USDT", 7, 1, 84_231, 0, 100),
];

const BYBIT_INVERSE: [Row; 3] = [
    ("BTCUSD", "BTC", "USD", 2, 10, 6_511_000, 0, 1),
    ("ETHUSD", "ETH", "USD", 2, 1, 192_200, 0, 1),
    ("BTCUSDH30", "BTC", "USD", 2, 50, 6_702_500, 0, 1),
];

/// Deep in the money, so that the price leaves room for many levels below it.
const BYBIT_OPTION: [Row; 4] = [
    (
        "BTC-29MAR30-40000-C-USDT",
        "BTC",
        "USDT",
        0,
        5,
        25_600,
        2,
        1,
    ),
    (
        "BTC-29MAR30-90000-P-USDT",
        "BTC",
        "USDT",
        0,
        5,
        25_900,
        2,
        1,
    ),
    ("BTC-29MAR30-30000-C", "BTC", "USDC", 0, 5, 35_400, 2, 1),
    ("ETH-29MAR30-1000-C-USDT", "ETH", "USDT", 1, 1, 9_400, 1, 1),
];

const KRAKEN_SPOT: [Row; 4] = [
    ("BTC/USD", "BTC", "USD", 1, 1, 837_443, 8, 1),
    ("ETH/USD", "ETH", "USD", 2, 1, 179_725, 8, 1),
    ("SOL/USD", "SOL", "USD", 2, 1, 15_473, 8, 1),
    ("DOGE/USD", "DOGE", "USD", 7, 1, 1_051_200, 8, 1),
];

/// Perpetuals and dated futures, linear (`PF_`, `FF_`: quantities in base currency) and inverse
/// (`PI_`, `FI_`: contracts of 1 USD), and one that trades in thousands.
const KRAKEN_FUTURES: [Row; 6] = [
    ("PF_XBTUSD", "BTC", "USD", 0, 1, 83_998, 4, 1),
    ("PI_XBTUSD", "BTC", "USD", 1, 5, 839_980, 0, 1),
    ("PF_ETHUSD", "ETH", "USD", 1, 1, 17_972, 3, 1),
    ("PF_PEPEUSD", "PEPE", "USD", 10, 1, 100_250, 0, 1_000),
    ("FI_XBTUSD_261225", "BTC", "USD", 1, 5, 846_500, 0, 1),
    ("FF_XBTUSD_261225", "BTC", "USD", 0, 1, 84_650, 4, 1),
];

/// The built-in instruments of a product: a few of very different price.
#[must_use]
pub fn default_instruments(product: Product) -> Vec<InstrumentConfig> {
    let rows: &[Row] = match product {
        Product::BinanceSpot => &BINANCE_SPOT,
        Product::BinanceUsdm => &BINANCE_USDM,
        Product::BinanceCoinm => &BINANCE_COINM,
        Product::BybitSpot => &BYBIT_SPOT,
        Product::BybitLinear => &BYBIT_LINEAR,
        Product::BybitInverse => &BYBIT_INVERSE,
        Product::BybitOption => &BYBIT_OPTION,
        Product::KrakenSpot => &KRAKEN_SPOT,
        Product::KrakenFutures => &KRAKEN_FUTURES,
    };
    rows.iter().map(instrument).collect()
}

fn instrument(row: &Row) -> InstrumentConfig {
    let &(symbol, base, quote, px_digits, tick, px_start, qty_digits, lot) = row;
    InstrumentConfig {
        symbol: symbol.into(),
        base: base.into(),
        quote: quote.into(),
        px_digits,
        tick,
        px_start,
        qty_digits,
        lot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_instrument_passes_its_own_check() {
        for product in Product::ALL {
            for instrument in default_instruments(product) {
                instrument.check(1_100).unwrap();
            }
        }
    }

    #[test]
    fn a_start_price_without_room_is_refused_by_name() {
        let mut instrument = default_instruments(Product::KrakenSpot).remove(0);
        instrument.px_start = 100;
        let text = instrument.check(1_100).unwrap_err().to_string();
        assert!(text.contains("BTC/USD") && text.contains("room"), "{text}");
    }
}
