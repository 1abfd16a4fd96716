//! What a contract's symbol says about it.
//!
//! `PF_`/`FF_` are linear (quantities in base currency), `PI_`/`FI_` inverse (contracts of 1 USD);
//! `F…_` ends with its expiry as `_YYMMDD`.

use crate::clock::{Nanos, SECOND, from_rfc3339};
use crate::instrument::InstrumentConfig;

/// One day.
pub(super) const DAY: Nanos = 86_400 * SECOND;

/// Time of day at which dated futures expire, UTC.
const EXPIRY_TIME: &str = "15:00:00";

/// Whether the symbol says what this file reads from it.
pub(super) fn is_named_well(config: &InstrumentConfig) -> bool {
    let prefixes = ["PF_", "PI_", "FF_", "FI_"];
    let dated = config.symbol.starts_with('F');
    prefixes
        .iter()
        .any(|prefix| config.symbol.starts_with(prefix))
        && dated == maturity(config).is_some()
}

/// Whether quantities are contracts of one US dollar.
pub(super) fn is_inverse(config: &InstrumentConfig) -> bool {
    config.symbol.starts_with("PI_") || config.symbol.starts_with("FI_")
}

/// `futures_inverse` or `flexible_futures`.
pub(super) fn kind(config: &InstrumentConfig) -> &'static str {
    if is_inverse(config) {
        "futures_inverse"
    } else {
        "flexible_futures"
    }
}

/// Decimals of a quantity; negative if it is a multiple of ten: -3 means thousands.
pub(super) fn qty_precision(config: &InstrumentConfig) -> i32 {
    let (mut lot, mut precision) = (config.lot, i32::from(config.qty_digits));
    while lot > 0 && lot % 10 == 0 {
        lot /= 10;
        precision -= 1;
    }
    precision
}

/// Expiry, ns since the epoch; `None` for a perpetual.
pub(super) fn maturity(config: &InstrumentConfig) -> Option<Nanos> {
    let (_, date) = config.symbol.rsplit_once('_')?;
    if date.len() != 6 {
        return None;
    }
    let (year, month, day) = (date.get(..2)?, date.get(2..4)?, date.get(4..)?);
    from_rfc3339(&format!("20{year}-{month}-{day}T{EXPIRY_TIME}Z"))
}

/// `perpetual`, or the venue's word for the time to expiry at listing.
pub(super) fn tag(config: &InstrumentConfig) -> &'static str {
    match maturity(config) {
        Some(_) => "quarter",
        None => "perpetual",
    }
}

/// Whole days to maturity, negative after it; 0 for a perpetual.
pub(super) fn days_left(config: &InstrumentConfig, now: Nanos) -> i128 {
    maturity(config).map_or(0, |at| {
        (i128::from(at) - i128::from(now)).div_euclid(i128::from(DAY))
    })
}

/// `XBT:USD`, as WebSocket messages say it.
pub(super) fn pair(config: &InstrumentConfig) -> String {
    let base = match config.base.as_str() {
        "BTC" => "XBT",
        base => base,
    };
    format!("{base}:{}", config.quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;

    fn instrument(symbol: &str) -> InstrumentConfig {
        default_instruments(Product::KrakenFutures)
            .into_iter()
            .find(|config| config.symbol == symbol)
            .unwrap()
    }

    #[test]
    fn dated_contracts_expire_on_their_day_at_three_in_the_afternoon() {
        let dated = instrument("FI_XBTUSD_261225");
        assert_eq!(maturity(&dated), Some(1_798_210_800 * SECOND));
        assert_eq!(days_left(&dated, 1_798_210_800 * SECOND - 1), 0);
        assert_eq!(days_left(&dated, 1_798_210_800 * SECOND + 1), -1);
        assert_eq!((tag(&dated), is_inverse(&dated)), ("quarter", true));
        let perpetual = instrument("PF_XBTUSD");
        assert_eq!((maturity(&perpetual), tag(&perpetual)), (None, "perpetual"));
    }

    #[test]
    fn precision_of_a_quantity_in_thousands_is_negative() {
        assert_eq!(qty_precision(&instrument("PF_PEPEUSD")), -3);
        assert_eq!(qty_precision(&instrument("PF_XBTUSD")), 4);
        assert_eq!(qty_precision(&instrument("PI_XBTUSD")), 0);
    }
}
