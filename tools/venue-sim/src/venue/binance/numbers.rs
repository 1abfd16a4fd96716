//! Numbers as each product prints them.

use super::{Dialect, info};
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{BASE_DIGITS, Volume};

/// Digits of spot amounts and of the futures' derived prices and base volumes.
const DIGITS: u8 = 8;

/// A mantissa with `from` digits as text with `to` digits; what does not fit is cut.
pub(super) fn rescaled(mantissa: i128, from: u8, to: u8) -> String {
    let ten = |digits: u8| 10_i128.pow(u32::from(digits));
    let mantissa = mantissa * ten(to.saturating_sub(from)) / ten(from.saturating_sub(to));
    padded(mantissa, to)
}

pub(super) fn px(config: &InstrumentConfig, px: impl Into<i128>) -> String {
    padded(px, config.px_digits)
}

pub(super) fn qty(config: &InstrumentConfig, qty: impl Into<i128>) -> String {
    padded(qty, config.qty_digits)
}

/// A mark or index price: eight decimals.
pub(super) fn mark(config: &InstrumentConfig, px: i64) -> String {
    rescaled(px.into(), config.px_digits, DIGITS)
}

/// What a volume was worth: quote asset, or base asset for COIN-M's contracts.
pub(super) fn worth(dialect: Dialect, config: &InstrumentConfig, volume: &Volume) -> String {
    let digits = config.px_digits + config.qty_digits;
    match dialect {
        // Tick times lot leaves nothing below eight decimals.
        Dialect::Spot => rescaled(volume.quote, digits, DIGITS),
        Dialect::Usdm => padded(volume.quote, digits),
        Dialect::Coinm => {
            let base = volume.base * i128::from(info::contract_size(&config.base));
            rescaled(base, config.qty_digits + BASE_DIGITS, DIGITS)
        }
    }
}
