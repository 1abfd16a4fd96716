//! Classes that come less often: levels with two quantities, and statistics.

use super::{Dice, Market};
use std::fmt::Write as _;

pub(super) fn bybit_rpi(market: &Market, dice: &mut Dice, millis: u64) -> String {
    let mut side = |sign: i64| {
        let mut text = String::new();
        for at in 0..5 {
            let px = market.px(sign * (at * 3 + 1), 0);
            // Bybit sends no zeros behind a quantity; some levels have only one of the two.
            let mut qty = || match dice.below(10) {
                0..3 => "0".to_owned(),
                _ => {
                    let qty = market.qty(dice, 0);
                    qty.trim_end_matches('0').trim_end_matches('.').to_owned()
                }
            };
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, r#"{comma}["{px}","{}","{}"]"#, qty(), qty());
        }
        text
    };
    let (bids, asks) = (side(-1), side(1));
    format!(
        r#"{{"topic":"orderbook.rpi.{0}","type":"delta","ts":{millis},"data":{{"s":"{0}","b":[{bids}],"a":[{asks}],"u":{1},"seq":{2}}},"cts":{3}}}"#,
        market.symbol,
        market.seq / 1000,
        market.seq * 17,
        millis - 3
    )
}

/// A rate as the venue's programs print it: small ones with an exponent.
fn rate(dice: &mut Dice) -> String {
    let sign = if dice.below(2) == 0 { "" } else { "-" };
    let digits = 1_000_000 + dice.below(9_000_000);
    if dice.below(2) == 0 {
        format!("{sign}0.0000{digits}")
    } else {
        let (whole, fraction) = (digits / 1_000_000, digits % 1_000_000);
        format!("{sign}{whole}.{fraction:06}e-6")
    }
}

pub(super) fn futures_ticker(market: &Market, dice: &mut Dice, millis: u64) -> String {
    // The venue calculates with 53 bits: 16 digits or 17.
    let mut mark = format!("{}{:09}", market.px(0, 0), dice.below(1_000_000_000));
    mark.truncate(17);
    format!(
        r#"{{"time":{millis},"product_id":"{}","funding_rate":0.{},"funding_rate_prediction":1.{},"relative_funding_rate":{},"relative_funding_rate_prediction":{},"next_funding_rate_time":1790362800000,"leverage":"100x","premium":{}.0,"feed":"ticker","bid":{},"ask":{},"bid_size":{},"ask_size":{},"volume":{},"dtm":0,"index":{},"last":{},"change":-0.{:02},"suspended":false,"tag":"perpetual","pair":"XBT:USD","openInterest":{},"markPrice":{mark},"maturityTime":0,"post_only":false,"volumeQuote":{}}}"#,
        market.symbol,
        100_000_000_000 + dice.below(900_000_000_000),
        100_000_000_000 + dice.below(900_000_000_000),
        rate(dice),
        rate(dice),
        dice.below(3),
        market.px(0, 0),
        market.px(1, 0),
        market.qty(dice, 0),
        market.qty(dice, 0),
        market.qty(dice, 0),
        market.px(-3, 0),
        market.px(1, 0),
        dice.below(100),
        market.qty(dice, 0),
        market.qty(dice, 0),
    )
}

pub(super) fn futures_ticker_lite(market: &Market, dice: &mut Dice) -> String {
    format!(
        r#"{{"feed":"ticker_lite","product_id":"{}","bid":{},"ask":{},"change":{}.{:015},"premium":-0.{},"volume":{}.0,"tag":"month","pair":"BCH:USD","dtm":7,"maturityTime":1627657200000}}"#,
        market.symbol,
        market.px(0, 0),
        market.px(1, 0),
        dice.below(4),
        dice.below(1 << 31),
        dice.below(10),
        dice.below(100_000_000),
    )
}
