//! REST: time, status, pairs, assets and book. Errors come with status 200.

use super::history;
use super::instruments::status;
use crate::clock::{Nanos, SECOND, rfc3339_seconds};
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, State};
use crate::venue::{Desk, RestReply, RestRequest};

/// Decimals of a price in trades and book: at least five, whatever the pair's precision.
const PX_DIGITS_MIN: u8 = 5;

/// Decimals of a quantity in the book.
const DEPTH_DIGITS: u8 = 3;

pub(super) fn answer(
    system: &str,
    token: &str,
    desk: &Desk<'_>,
    request: &RestRequest,
) -> RestReply {
    if request.path == "/0/private/GetWebSocketsToken" {
        let token = serde_json::Value::from(token);
        let result = format!(r#"{{"token":{token},"expires":900}}"#);
        return RestReply::ok(success(&result));
    }
    let Some(method) = request.path.strip_prefix("/0/public/") else {
        return RestReply::new(404, "");
    };
    let result = match method {
        "Time" => Some(time(desk.now)),
        "SystemStatus" => {
            let (system, now) = (serde_json::Value::from(system), rfc3339_seconds(desk.now));
            Some(format!(r#"{{"status":{system},"timestamp":"{now}"}}"#))
        }
        "Assets" => Some(assets(desk.markets)),
        "AssetPairs" => pairs(desk, request, |market| pair_row(market, request)),
        "Ticker" => pairs(desk, request, |market| {
            history::ticker(market, request, desk.now)
        }),
        "Depth" => find(desk, request).map(|market| depth(market, request, desk.now)),
        "Trades" => find(desk, request).map(|market| history::trades(market, request)),
        "OHLC" => match history::minutes(request) {
            Some(minutes) => {
                find(desk, request).map(|market| history::ohlc(market, minutes, request, desk.now))
            }
            None => return RestReply::ok(failure("EGeneral:Invalid arguments")),
        },
        _ => return RestReply::ok(failure("EGeneral:Unknown method")),
    };
    RestReply::ok(match result {
        Some(result) => success(&result),
        None => failure("EQuery:Unknown asset pair"),
    })
}

fn success(result: &str) -> String {
    format!(r#"{{"error":[],"result":{result}}}"#)
}

fn time(now: Nanos) -> String {
    let (seconds, text) = (now / SECOND, rfc1123(now));
    format!(r#"{{"unixtime":{seconds},"rfc1123":"{text}"}}"#)
}

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sun, 21 Mar 21 14:23:14 +0000`
fn rfc1123(now: Nanos) -> String {
    let text = rfc3339_seconds(now);
    let part = |range| text.get(range).unwrap_or_default();
    let weekday = WEEKDAYS[(now / SECOND / 86_400 % 7) as usize];
    let month: usize = part(5..7).parse().unwrap_or(1);
    let month = MONTHS.get(month - 1).copied().unwrap_or_default();
    let (day, year, time) = (part(8..10), part(2..4), part(11..19));
    format!("{weekday}, {day} {month} {year} {time} +0000")
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
pub(super) fn result_key(config: &InstrumentConfig, request: &RestRequest) -> String {
    match request.get("pair") {
        Some(name) if name.contains('/') && !name.contains(',') => name.to_owned(),
        _ => names(config).key,
    }
}

/// Whether a pair goes by this name.
fn is_named(config: &InstrumentConfig, wanted: &str) -> bool {
    let names = names(config);
    [&config.symbol, &names.v1, &names.alternative, &names.key]
        .into_iter()
        .any(|name| name == wanted)
}

fn listed<'a>(desk: &'a Desk<'_>) -> impl Iterator<Item = &'a Market> {
    let markets = desk.markets.iter();
    markets.filter(|market| market.state != State::Delisted)
}

fn find<'a>(desk: &'a Desk<'_>, request: &RestRequest) -> Option<&'a Market> {
    let wanted = request.get("pair")?;
    listed(desk).find(|market| is_named(&market.config, wanted))
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

/// An object with a row for each pair asked for, separated by commas, or for every pair.
fn pairs(
    desk: &Desk<'_>,
    request: &RestRequest,
    row: impl Fn(&Market) -> String,
) -> Option<String> {
    let markets: Vec<&Market> = match request.get("pair") {
        Some(names) => {
            let one = |name| listed(desk).find(|market| is_named(&market.config, name));
            names.split(',').map(one).collect::<Option<_>>()?
        }
        None => listed(desk).collect(),
    };
    let rows: Vec<String> = markets.into_iter().map(row).collect();
    Some(format!("{{{}}}", rows.join(",")))
}

fn pair_row(market: &Market, request: &RestRequest) -> String {
    let config = &market.config;
    let status = status(market.state);
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
        r#""{key}":{{"altname":"{alternative}","wsname":"{v1}","aclass_base":"currency","base":"{base}","aclass_quote":"currency","quote":"{quote}","lot":"unit","cost_decimals":5,"pair_decimals":{px_digits},"lot_decimals":{qty_digits},"lot_multiplier":1,"leverage_buy":[],"leverage_sell":[],"fees":[],"fees_maker":[],"fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,"ordermin":"{lot}","costmin":"0.5","tick_size":"{tick}","status":"{status}","execution_venue":"international"}}"#
    )
}

/// A price with the digits REST prints.
pub(super) fn px(config: &InstrumentConfig, px: impl Into<i128>) -> String {
    let more = PX_DIGITS_MIN.saturating_sub(config.px_digits);
    let wide = px.into() * 10_i128.pow(u32::from(more));
    padded(wide, config.px_digits + more)
}

/// A quantity with three decimals, cut: all that the book shows over REST.
fn coarse(config: &InstrumentConfig, qty: i64) -> String {
    let fewer = config.qty_digits.saturating_sub(DEPTH_DIGITS);
    let digits = config.qty_digits - fewer;
    padded(qty / 10_i64.pow(u32::from(fewer)), digits)
}

fn depth(market: &Market, request: &RestRequest, now: Nanos) -> String {
    let config = &market.config;
    let count = request.number("count", 100).clamp(1, 500) as usize;
    let side = |side: Side| {
        let row = |level: &(i64, i64)| {
            let qty = coarse(config, level.1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_day_reads_as_the_venue_words_it() {
        let text = time(1_616_336_594 * SECOND);
        let expected = r#"{"unixtime":1616336594,"rfc1123":"Sun, 21 Mar 21 14:23:14 +0000"}"#;
        assert_eq!(text, expected);
    }
}
