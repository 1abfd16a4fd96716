//! REST: time, status, pairs, assets, book and trades. Errors come with status 200.

use super::payload;
use crate::clock::{Nanos, SECOND, rfc3339_seconds};
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Market, Side};
use crate::venue::{Desk, RestReply, RestRequest};

/// Decimals of a price in trades and book: at least five, whatever the pair's precision.
const PX_DIGITS_MIN: u8 = 5;

pub(super) fn answer(system: &str, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let Some(method) = request.path.strip_prefix("/0/public/") else {
        return RestReply::new(404, "");
    };
    let result = match method {
        "Time" => Some(format!(
            r#"{{"unixtime":{},"rfc1123":""}}"#,
            desk.now / SECOND
        )),
        "SystemStatus" => {
            let (system, now) = (serde_json::Value::from(system), rfc3339_seconds(desk.now));
            Some(format!(r#"{{"status":{system},"timestamp":"{now}"}}"#))
        }
        "Assets" => Some(assets(desk.markets)),
        "AssetPairs" => pairs(desk, request),
        "Depth" => find(desk, request).map(|market| depth(market, request, desk.now)),
        "Trades" => find(desk, request).map(|market| trades(market, request)),
        _ => return RestReply::ok(failure("EGeneral:Unknown method")),
    };
    RestReply::ok(match result {
        Some(result) => format!(r#"{{"error":[],"result":{result}}}"#),
        None => failure("EQuery:Unknown asset pair"),
    })
}

pub(super) fn failure(text: &str) -> String {
    format!(r#"{{"error":["{text}"],"result":null}}"#)
}

/// The venue's own asset name: XBT and XDG where everyone else says BTC and DOGE.
fn native(asset: &str) -> &str {
    match asset {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        other => other,
    }
}

/// Names of a pair: the v1 name, the alternative name, the key of REST results.
struct Names {
    v1: String,
    alternative: String,
    key: String,
}

fn names(config: &InstrumentConfig) -> Names {
    let (base, quote) = (native(&config.base), native(&config.quote));
    let legacy = ["BTC", "ETH"].contains(&config.base.as_str()) && config.quote == "USD";
    let alternative = format!("{base}{quote}");
    let key = if legacy {
        format!("X{base}Z{quote}")
    } else {
        alternative.clone()
    };
    Names {
        v1: format!("{base}/{quote}"),
        alternative,
        key,
    }
}

/// Key of a result: the name as asked for if it has a slash, else the venue's own. Client
/// libraries rely on the former.
fn result_key(config: &InstrumentConfig, request: &RestRequest) -> String {
    match request.get("pair") {
        Some(name) if name.contains('/') => name.to_owned(),
        _ => names(config).key,
    }
}

fn find<'a>(desk: &'a Desk<'_>, request: &RestRequest) -> Option<&'a Market> {
    let wanted = request.get("pair")?;
    desk.markets.iter().find(|market| {
        let names = names(&market.config);
        [
            &market.config.symbol,
            &names.v1,
            &names.alternative,
            &names.key,
        ]
        .into_iter()
        .any(|name| name == wanted)
    })
}

fn assets(markets: &[Market]) -> String {
    let mut rows: Vec<String> = markets
        .iter()
        .flat_map(|market| [&market.config.base, &market.config.quote])
        .map(|asset| {
            let name = native(asset);
            format!(
                r#""{name}":{{"aclass":"currency","altname":"{name}","decimals":10,"display_decimals":5,"status":"enabled"}}"#
            )
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    format!("{{{}}}", rows.join(","))
}

fn pairs(desk: &Desk<'_>, request: &RestRequest) -> Option<String> {
    let markets: Vec<&Market> = match request.get("pair") {
        Some(_) => vec![find(desk, request)?],
        None => desk.markets.iter().collect(),
    };
    let rows: Vec<String> = markets
        .iter()
        .map(|market| pair_row(&market.config, request))
        .collect();
    Some(format!("{{{}}}", rows.join(",")))
}

fn pair_row(config: &InstrumentConfig, request: &RestRequest) -> String {
    let Names {
        v1, alternative, ..
    } = names(config);
    let key = result_key(config, request);
    let (base, quote) = (native(&config.base), native(&config.quote));
    let InstrumentConfig {
        px_digits,
        qty_digits,
        ..
    } = config;
    let (tick, lot) = (
        padded(config.tick, *px_digits),
        padded(config.lot, *qty_digits),
    );
    format!(
        r#""{key}":{{"altname":"{alternative}","wsname":"{v1}","aclass_base":"currency","base":"{base}","aclass_quote":"currency","quote":"{quote}","lot":"unit","cost_decimals":5,"pair_decimals":{px_digits},"lot_decimals":{qty_digits},"lot_multiplier":1,"leverage_buy":[],"leverage_sell":[],"fees":[],"fees_maker":[],"fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,"ordermin":"{lot}","costmin":"0.5","tick_size":"{tick}","status":"online","execution_venue":"international"}}"#
    )
}

/// A price with the digits REST prints.
fn px(config: &InstrumentConfig, px: i64) -> String {
    let more = PX_DIGITS_MIN.saturating_sub(config.px_digits);
    let wide = i128::from(px) * 10_i128.pow(u32::from(more));
    padded(wide, config.px_digits + more)
}

fn depth(market: &Market, request: &RestRequest, now: Nanos) -> String {
    let config = &market.config;
    let count = request.number("count", 100).clamp(1, 500) as usize;
    let side = |side: Side| {
        let row = |level: &(i64, i64)| {
            let qty = padded(level.1, config.qty_digits);
            format!(r#"["{}","{qty}",{}]"#, px(config, level.0), now / SECOND)
        };
        market
            .book
            .top(side, count)
            .iter()
            .map(row)
            .collect::<Vec<_>>()
            .join(",")
    };
    let (key, asks, bids) = (
        result_key(config, request),
        side(Side::Ask),
        side(Side::Bid),
    );
    format!(r#"{{"{key}":{{"asks":[{asks}],"bids":[{bids}]}}}}"#)
}

/// Trades after `since` (ns, exclusive; seconds are understood too), oldest first.
fn trades(market: &Market, request: &RestRequest) -> String {
    let config = &market.config;
    let since = match request.number("since", 0) {
        // A number this small can only be seconds.
        seconds @ 0..=99_999_999_999 => seconds * SECOND,
        nanos => nanos,
    };
    let count = request.number("count", 1_000).clamp(1, 1_000) as usize;
    let row = |fill: &&Fill| {
        let (seconds, fraction) = (fill.at / SECOND, fill.at % SECOND / 100);
        let side = &payload::side(fill.taker)[..1];
        let order = &payload::order_type(fill)[..1];
        let qty = padded(fill.qty, config.qty_digits);
        format!(
            r#"["{}","{qty}",{seconds}.{fraction:07},"{side}","{order}","",{}]"#,
            px(config, fill.px),
            fill.id
        )
    };
    let rows: Vec<&Fill> = market
        .tape
        .iter()
        .filter(|fill| fill.at > since)
        .take(count)
        .collect();
    let last = rows.last().map_or(since, |fill| fill.at);
    let (key, rows) = (
        result_key(config, request),
        rows.iter().map(row).collect::<Vec<_>>().join(","),
    );
    format!(r#"{{"{key}":[{rows}],"last":"{last}"}}"#)
}
