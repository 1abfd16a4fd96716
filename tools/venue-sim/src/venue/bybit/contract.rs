//! What a derivative's symbol says about it: expiry, strike, call or put, settlement.
//!
//! `BTCUSDT-29MAR30` and `BTC-29MAR30` are linear futures, `BTCUSDH30` an inverse one,
//! `BTC-29MAR30-40000-C-USDT` an option; whatever names no date is perpetual.

use super::category::Category;
use crate::clock::{Nanos, SECOND};
use crate::instrument::InstrumentConfig;
use crate::market::Market;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Month letters of inverse futures.
const QUARTERS: [(&str, u64); 4] = [("H", 3), ("M", 6), ("U", 9), ("Z", 12)];

/// Contracts are delivered at 08:00 UTC.
const DELIVERY: Nanos = 8 * 3_600 * SECOND;

const DAY: Nanos = 86_400 * SECOND;

/// Terms of a derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contract {
    /// Delivery time; `None` for perpetuals.
    pub(super) delivery: Option<Nanos>,
    /// Strike in whole units of the quote currency, and whether it is a put; `None` for futures.
    pub(super) strike: Option<(i64, bool)>,
}

impl Contract {
    pub(super) fn of(category: Category, config: &InstrumentConfig) -> Self {
        let parts: Vec<&str> = config.symbol.split('-').collect();
        let delivery = match (category, parts.get(1)) {
            (Category::Inverse, _) => quarter(&config.symbol),
            (_, Some(date)) => day(date),
            _ => None,
        };
        let strike = match (parts.get(2), parts.get(3)) {
            (Some(strike), Some(kind)) => strike.parse().ok().map(|strike| (strike, *kind == "P")),
            _ => None,
        };
        Self { delivery, strike }
    }

    /// The venue's word for a future's kind.
    pub(super) fn kind(&self, category: Category) -> &'static str {
        match (category, self.delivery) {
            (Category::Inverse, None) => "InversePerpetual",
            (Category::Inverse, Some(_)) => "InverseFutures",
            (_, None) => "LinearPerpetual",
            (_, Some(_)) => "LinearFutures",
        }
    }

    /// Delivery time in ms, 0 for perpetuals.
    pub(super) fn delivery_ms(&self) -> u64 {
        self.delivery.unwrap_or(0) / crate::clock::MILLI
    }
}

/// Prices of an option beside its own, in units of its price digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OptionMarks {
    pub(super) mark: i64,
    /// What the underlying must cost if the option is worth its mark and no more.
    pub(super) index: i64,
    /// Implied volatility of the mark and of the last trade, in units of 10^-4.
    pub(super) mark_iv: i64,
    pub(super) trade_iv: i64,
}

impl OptionMarks {
    /// Marks of an option. Volatilities follow the prices, without a model behind them.
    pub(super) fn of(contract: &Contract, market: &Market) -> Self {
        let config = &market.config;
        let unit = 10_i64.pow(u32::from(config.px_digits));
        let mark = market.marks.mark;
        let index = match contract.strike {
            Some((strike, true)) => (strike * unit - mark).max(1),
            Some((strike, false)) => strike * unit + mark,
            None => mark,
        };
        let iv = |px: i64| 5_000 + (px / config.tick.max(1)).rem_euclid(1_000);
        Self {
            mark,
            index,
            mark_iv: iv(mark),
            trade_iv: iv(market.stats.last),
        }
    }
}

/// `29MAR30`, at the hour of delivery.
fn day(text: &str) -> Option<Nanos> {
    let at = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (day, rest) = text.split_at(at);
    let (month, year) = rest.split_at_checked(3)?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let day = days(2_000 + year.parse::<u64>().ok()?, month, day.parse().ok()?);
    Some(day * DAY + DELIVERY)
}

/// `BTCUSDH30`: the last Friday of the quarter.
fn quarter(symbol: &str) -> Option<Nanos> {
    let (rest, year) = symbol.split_at_checked(symbol.len().checked_sub(2)?)?;
    let year = 2_000 + year.parse::<u64>().ok()?;
    let month = QUARTERS.iter().find(|row| rest.ends_with(row.0))?.1;
    let last = match month {
        12 => days(year, 12, 31),
        _ => days(year, month + 1, 1) - 1,
    };
    // Day 0 was a Thursday, so Fridays are 1 modulo 7.
    Some((last - (last + 6) % 7) * DAY + DELIVERY)
}

/// Days from 1970-01-01, for years from 2000. Follows Hinnant's `days_from_civil`.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;

    #[test]
    fn dates_are_those_of_the_venue() {
        // `deliveryTime` of BTC-27MAR26-70000-P-USDT in the venue's own sample.
        assert_eq!(day("27MAR26"), Some(1_774_598_400 * SECOND));
        assert_eq!(day("5JAN24"), Some(1_704_441_600 * SECOND));
        assert_eq!(day("PERP"), None);
        assert_eq!(quarter("BTCUSDH26"), day("27MAR26"));
        assert_eq!(quarter("BTCUSDZ26"), day("25DEC26"));
        assert_eq!(quarter("BTCUSD"), None);
    }

    #[test]
    fn strike_and_side_are_read_from_the_symbol() {
        let config = default_instruments(Product::BybitOption).remove(1);
        let contract = Contract::of(Category::Option, &config);
        assert_eq!(contract.strike, Some((90_000, true)));
        let perpetual = default_instruments(Product::BybitInverse).remove(0);
        let contract = Contract::of(Category::Inverse, &perpetual);
        assert_eq!((contract.delivery, contract.strike), (None, None));
        assert_eq!(contract.kind(Category::Inverse), "InversePerpetual");
    }
}
