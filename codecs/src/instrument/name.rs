//! One name for the same thing at every venue.

use std::fmt::Write;

use super::Listing;
use crate::fixed::Fixed;
use crate::record::{InstrumentType, OptionRight};
use crate::time::utc_date;

/// `BASE-QUOTE[-TYPE[-EXPIRY[-STRIKE-RIGHT]]]`, made from reference data alone; empty where that does
/// not tell enough.
///
/// | type | text |
/// |---|---|
/// | spot | `BTC-USDT` |
/// | perpetual, dated future settled in the quote currency | `BTC-USDT-PERP`, `BTC-USDT-FUT-20261225` |
/// | the same settled in the base currency | `BTC-USD-IPERP`, `BTC-USD-IFUT-20261225` |
/// | option | `BTC-USDT-OPT-20261225-70000-C` |
///
/// The multiplier is an attribute of the instrument, not part of the name: no venue's reference data
/// splits `1000PEPE` in two.
#[must_use]
pub fn canonical_name(listing: &Listing) -> String {
    let terms = &listing.terms;
    let dated = || terms.expiry != 0;
    let kind = match terms.instrument_type {
        InstrumentType::SPOT => "",
        InstrumentType::PERPETUAL => "-PERP",
        InstrumentType::INVERSE_PERPETUAL => "-IPERP",
        InstrumentType::FUTURE if dated() => "-FUT",
        InstrumentType::INVERSE_FUTURE if dated() => "-IFUT",
        InstrumentType::OPTION if dated() && terms.strike.0 != 0 => "-OPT",
        _ => return String::new(),
    };
    if listing.base.is_empty() || listing.quote.is_empty() {
        return String::new();
    }
    let mut name = format!("{}-{}{kind}", listing.base, listing.quote);
    // Writing to a string cannot fail.
    if matches!(
        terms.instrument_type,
        InstrumentType::FUTURE | InstrumentType::INVERSE_FUTURE | InstrumentType::OPTION
    ) {
        let (year, month, day) = utc_date(terms.expiry);
        let _ = write!(name, "-{year:04}{month:02}{day:02}");
    }
    if terms.instrument_type == InstrumentType::OPTION {
        let strike = Fixed::new(terms.strike.0, terms.strike.1).normalized();
        let right = match terms.right {
            OptionRight::CALL => "C",
            OptionRight::PUT => "P",
            _ => return String::new(),
        };
        let _ = write!(name, "-{strike}-{right}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Terms;

    fn listing(quote: &str, terms: Terms) -> Listing {
        Listing {
            symbol: "X".into(),
            base: "BTC".into(),
            quote: quote.into(),
            settle: "".into(),
            px_exp: 0,
            qty_exp: 0,
            terms,
        }
    }

    /// 2026-12-25 08:00 UTC.
    const EXPIRY: i64 = 1_798_185_600_000_000_000;

    #[test]
    fn each_type_has_a_form_of_its_own() {
        let dated = |instrument_type| Terms {
            instrument_type,
            expiry: EXPIRY,
            ..Terms::UNKNOWN
        };
        for (quote, instrument_type, name) in [
            ("USDT", InstrumentType::SPOT, "BTC-USDT"),
            ("USDT", InstrumentType::PERPETUAL, "BTC-USDT-PERP"),
            ("USD", InstrumentType::INVERSE_PERPETUAL, "BTC-USD-IPERP"),
            ("USDC", InstrumentType::FUTURE, "BTC-USDC-FUT-20261225"),
            (
                "USD",
                InstrumentType::INVERSE_FUTURE,
                "BTC-USD-IFUT-20261225",
            ),
        ] {
            assert_eq!(
                canonical_name(&listing(quote, dated(instrument_type))),
                name
            );
        }
        let option = Terms {
            strike: (700_000, -1),
            right: OptionRight::PUT,
            ..dated(InstrumentType::OPTION)
        };
        assert_eq!(
            canonical_name(&listing("USDT", option)),
            "BTC-USDT-OPT-20261225-70000-P"
        );
    }

    #[test]
    fn what_reference_data_does_not_tell_has_no_name() {
        assert_eq!(canonical_name(&listing("USDT", Terms::UNKNOWN)), "");
        let undated = Terms {
            instrument_type: InstrumentType::FUTURE,
            ..Terms::UNKNOWN
        };
        assert_eq!(canonical_name(&listing("USDT", undated)), "");
        let spot = Terms {
            instrument_type: InstrumentType::SPOT,
            ..Terms::UNKNOWN
        };
        assert_eq!(canonical_name(&listing("", spot)), "");
    }
}
