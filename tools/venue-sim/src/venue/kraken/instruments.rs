//! Texts of the instrument channel: assets and pairs, all of them or those that changed.

use crate::decimal::{small, trimmed};
use crate::instrument::InstrumentConfig;
use crate::market::{Market, State};

/// All assets and all pairs that are not delisted.
pub(super) fn snapshot(markets: &[Market]) -> String {
    let listed: Vec<&Market> = markets
        .iter()
        .filter(|market| market.state != State::Delisted)
        .collect();
    let mut names: Vec<&str> = listed.iter().flat_map(|market| assets(market)).collect();
    names.sort_unstable();
    names.dedup();
    message("snapshot", &names, &listed)
}

/// The pair that changed, with the assets that no other pair has.
pub(super) fn update(markets: &[Market], index: usize) -> Option<String> {
    let market = markets.get(index)?;
    let known: Vec<&str> = markets[..index].iter().flat_map(assets).collect();
    let mut names = assets(market).to_vec();
    // Only a pair that was just listed is the last one; what an earlier one needs is known.
    names.retain(|name| index + 1 == markets.len() && !known.contains(name));
    Some(message("update", &names, &[market]))
}

fn assets(market: &Market) -> [&str; 2] {
    [&market.config.base, &market.config.quote]
}

fn message(kind: &str, assets: &[&str], markets: &[&Market]) -> String {
    let asset = |name: &&str| {
        format!(
            r#"{{"id":"{name}","status":"enabled","precision":10,"precision_display":5,"borrowable":true,"collateral_value":1.00,"margin_rate":0.010000}}"#
        )
    };
    let assets: Vec<String> = assets.iter().map(asset).collect();
    let pairs: Vec<String> = markets.iter().map(|market| pair(market)).collect();
    format!(
        r#"{{"channel":"instrument","type":"{kind}","data":{{"assets":[{}],"pairs":[{}]}}}}"#,
        assets.join(","),
        pairs.join(",")
    )
}

/// The venue's word for a pair's state.
pub(super) fn status(state: State) -> &'static str {
    match state {
        State::Trading => "online",
        State::Halted => "cancel_only",
        State::Delisted => "delisted",
    }
}

fn pair(market: &Market) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        px_digits,
        qty_digits,
        ..
    } = &market.config;
    let (tick, lot) = (
        increment(market.config.tick, *px_digits),
        increment(market.config.lot, *qty_digits),
    );
    let status = status(market.state);
    format!(
        r#"{{"symbol":"{symbol}","base":"{base}","quote":"{quote}","status":"{status}","qty_precision":{qty_digits},"qty_increment":{lot},"qty_min":{lot},"price_precision":{px_digits},"price_increment":{tick},"tick_size":{tick},"cost_precision":5,"cost_min":0.50,"marginable":false,"has_index":true}}"#
    )
}

/// Decimals up to which an increment is printed without exponent.
const PLAIN_MAX: usize = 4;

/// An increment as the venue's encoder prints it: `0.1`, but `1e-08` from the fifth decimal on.
fn increment(mantissa: i64, digits: u8) -> String {
    match small(mantissa.into(), digits, PLAIN_MAX) {
        Some((figures, exponent)) => format!("{figures}e-{exponent:02}"),
        None => trimmed(mantissa, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_increments_use_an_exponent_as_the_venue_does() {
        assert_eq!(increment(1, 8), "1e-08");
        assert_eq!(increment(1, 1), "0.1");
        assert_eq!(increment(1, 4), "0.0001");
        assert_eq!(increment(25, 6), "2.5e-05");
        assert_eq!(increment(5, 0), "5");
    }
}
