//! The tickers topic: whole on spot, whole and then changes on linear.

use std::fmt::Write;

use super::{Category, payload};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::decimal::{padded, trimmed};
use crate::market::{Market, Side};

/// Pause between two funding times.
const FUNDING: Nanos = 8 * 3_600 * SECOND;

/// What the topic says at one moment: field names with their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticker {
    symbol: String,
    fields: Vec<(&'static str, String)>,
}

impl Ticker {
    pub(super) fn of(category: Category, market: &Market, now: Nanos) -> Self {
        let mut fields = totals(category, market);
        match category {
            Category::Spot => fields.push(("usdIndexPrice", last(category, market))),
            Category::Linear => {
                fields.extend(touch(market));
                fields.extend(contract(market, now));
            }
        }
        Self {
            symbol: market.config.symbol.clone(),
            fields,
        }
    }

    /// A snapshot or, with a base, a delta of the fields that changed. `stamp` is sequence and ms.
    pub(super) fn text(
        &self,
        category: Category,
        topic: &str,
        base: Option<&Ticker>,
        stamp: (u64, Nanos),
    ) -> String {
        let (sequence, sent) = stamp;
        let mut data = format!(r#""symbol":"{}""#, self.symbol);
        for field in &self.fields {
            if !base.is_some_and(|base| base.fields.contains(field)) {
                // Writing to a string cannot fail.
                let _infallible = write!(data, r#","{}":"{}""#, field.0, field.1);
            }
        }
        let kind = if base.is_some() { "delta" } else { "snapshot" };
        match category {
            Category::Spot => format!(
                r#"{{"topic":"{topic}","ts":{sent},"type":"{kind}","cs":{sequence},"data":{{{data}}}}}"#
            ),
            Category::Linear => format!(
                r#"{{"topic":"{topic}","type":"{kind}","data":{{{data}}},"cs":{sequence},"ts":{sent}}}"#
            ),
        }
    }
}

type Fields = Vec<(&'static str, String)>;

fn last(category: Category, market: &Market) -> String {
    payload::px(category, &market.config, market.stats.last)
}

/// Prices and volumes since the start, which stand for the last 24 hours.
fn totals(category: Category, market: &Market) -> Fields {
    let (config, stats) = (&market.config, &market.stats);
    let px = |px| payload::px(category, config, px);
    let digits = config.px_digits + config.qty_digits;
    vec![
        ("lastPrice", last(category, market)),
        ("highPrice24h", px(stats.high)),
        ("lowPrice24h", px(stats.low)),
        ("prevPrice24h", px(stats.open)),
        ("volume24h", trimmed(stats.volume, config.qty_digits)),
        ("turnover24h", trimmed(stats.notional, digits)),
        ("price24hPcnt", padded(stats.change(1_000_000), 6)),
    ]
}

fn touch(market: &Market) -> Fields {
    let sides = [
        (Side::Bid, "bid1Price", "bid1Size"),
        (Side::Ask, "ask1Price", "ask1Size"),
    ];
    let mut fields = Fields::new();
    for (side, price, size) in sides {
        if let Some((px, qty)) = market.book.best(side) {
            fields.push((price, payload::px(Category::Linear, &market.config, px)));
            fields.push((size, payload::qty(Category::Linear, &market.config, qty)));
        }
    }
    fields
}

/// Fields of a perpetual contract. Mark and index follow the last price; the rest stands still.
fn contract(market: &Market, now: Nanos) -> Fields {
    let open_interest = i128::from(market.config.lot) * 1_000_000;
    let value = open_interest * i128::from(market.config.px_start);
    let digits = market.config.px_digits + market.config.qty_digits;
    let funding = (now / FUNDING + 1) * FUNDING / MILLI;
    vec![
        (
            "prevPrice1h",
            payload::px(Category::Linear, &market.config, market.stats.open),
        ),
        ("markPrice", last(Category::Linear, market)),
        ("indexPrice", last(Category::Linear, market)),
        (
            "openInterest",
            trimmed(open_interest, market.config.qty_digits),
        ),
        ("openInterestValue", trimmed(value, digits)),
        ("fundingIntervalHour", "8".into()),
        ("fundingCap", "0.005".into()),
        ("nextFundingTime", funding.to_string()),
        ("fundingRate", "0.0001".into()),
        ("preOpenPrice", String::new()),
        ("preQty", String::new()),
        ("curPreListingPhase", String::new()),
    ]
}
