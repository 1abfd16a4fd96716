//! The tickers topic and the REST list: whole on spot and options, whole and then changes on
//! futures.

use std::fmt::Write;

use super::category::Category;
use super::contract::{Contract, OptionMarks};
use super::payload;
use super::topic::Stamp;
use super::trades::{Direction, IV_DIGITS};
use crate::clock::{self, MILLI, Nanos};
use crate::decimal::{padded, trimmed};
use crate::market::{BASE_DIGITS, FUNDING_DIGITS, Market, Marks, Side, Volume, Window};

/// Minutes of the rolling statistics.
const DAY: u64 = 24 * 60;

/// Digits that inverse values are printed with, of [`BASE_DIGITS`] and the quantity's.
const INVERSE_DIGITS: u8 = 8;

pub(super) type Fields = Vec<(&'static str, String)>;

/// What the topic says at one moment: field names with their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticker {
    category: Category,
    symbol: String,
    fields: Fields,
}

/// What a ticker is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) category: Category,
    pub(super) market: &'a Market,
    pub(super) contract: &'a Contract,
    pub(super) direction: Direction,
    pub(super) now: Nanos,
}

impl Ticker {
    /// As the topic shows it.
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let fields = match subject.category {
            Category::Spot => subject.spot(),
            Category::Option => subject.option(&STREAM_NAMES),
            Category::Linear | Category::Inverse => subject.future(),
        };
        subject.ticker(fields)
    }

    /// As REST shows it: spot with its touch, options with other names.
    pub(super) fn rest(subject: &Subject<'_>) -> Self {
        let fields = match subject.category {
            Category::Spot => [subject.touch(&TOUCH_NAMES), subject.spot()].concat(),
            Category::Option => subject.option(&REST_NAMES),
            Category::Linear | Category::Inverse => subject.future(),
        };
        subject.ticker(fields)
    }

    /// A snapshot or, with a base, a delta of the fields that changed.
    pub(super) fn text(
        &self,
        topic: &str,
        base: Option<&Ticker>,
        stamp: Stamp,
        now: Nanos,
    ) -> String {
        let (sequence, sent) = (stamp.sequence, now / MILLI);
        let data = self.object(base);
        let kind = if base.is_some() { "delta" } else { "snapshot" };
        match self.category {
            Category::Spot => format!(
                r#"{{"topic":"{topic}","ts":{sent},"type":"{kind}","cs":{sequence},"data":{data}}}"#
            ),
            Category::Option => format!(
                r#"{{"id":"{topic}-{sequence}-{sent}","topic":"{topic}","ts":{sent},"data":{data},"type":"{kind}"}}"#
            ),
            _ => format!(
                r#"{{"topic":"{topic}","type":"{kind}","data":{data},"cs":{sequence},"ts":{sent}}}"#
            ),
        }
    }

    /// The fields as an object, without those that are the same in `base`.
    pub(super) fn object(&self, base: Option<&Ticker>) -> String {
        let mut data = format!(r#"{{"symbol":"{}""#, self.symbol);
        for field in &self.fields {
            if !base.is_some_and(|base| base.fields.contains(field)) {
                // Writing to a string cannot fail.
                let _infallible = write!(data, r#","{}":"{}""#, field.0, field.1);
            }
        }
        data.push('}');
        data
    }
}

/// Names of an option's touch and of its mark volatility; the stream and REST differ.
type Names = [&'static str; 7];

const STREAM_NAMES: Names = [
    "bidPrice",
    "bidSize",
    "bidIv",
    "askPrice",
    "askSize",
    "askIv",
    "markPriceIv",
];

const REST_NAMES: Names = [
    "bid1Price",
    "bid1Size",
    "bid1Iv",
    "ask1Price",
    "ask1Size",
    "ask1Iv",
    "markIv",
];

const TOUCH_NAMES: [&str; 4] = ["bid1Price", "bid1Size", "ask1Price", "ask1Size"];

impl Subject<'_> {
    fn ticker(&self, fields: Fields) -> Ticker {
        Ticker {
            category: self.category,
            symbol: self.market.config.symbol.clone(),
            fields,
        }
    }

    fn px(&self, px: i64) -> String {
        payload::px(self.category, &self.market.config, px)
    }

    /// Prices and volumes of the last 24 hours.
    fn totals(&self, window: &Window) -> Fields {
        let candle = &window.candle;
        let volume = trimmed(candle.volume.qty, self.market.config.qty_digits);
        vec![
            ("lastPrice", self.px(candle.close)),
            ("highPrice24h", self.px(candle.high)),
            ("lowPrice24h", self.px(candle.low)),
            ("volume24h", volume),
            (
                "turnover24h",
                turnover(self.category, self.market, &candle.volume),
            ),
        ]
    }

    fn change(&self, window: &Window) -> Fields {
        vec![
            ("prevPrice24h", self.px(window.before)),
            ("price24hPcnt", padded(changed(window, 1_000_000), 6)),
        ]
    }

    fn touch(&self, names: &[&'static str; 4]) -> Fields {
        let config = &self.market.config;
        let mut fields = Fields::new();
        for (side, names) in [Side::Bid, Side::Ask].into_iter().zip(names.chunks(2)) {
            if let (Some((px, qty)), [price, size]) = (self.market.book.best(side), names) {
                fields.push((price, self.px(px)));
                fields.push((size, payload::qty(self.category, config, qty)));
            }
        }
        fields
    }

    fn spot(&self) -> Fields {
        let window = self.market.minutes.window(self.now, DAY);
        let mut fields = self.totals(&window);
        fields.extend(self.change(&window));
        fields.push(("usdIndexPrice", self.px(self.market.marks.index)));
        fields
    }

    fn future(&self) -> Fields {
        let window = self.market.minutes.window(self.now, DAY);
        let hour = self.market.minutes.window(self.now, 60);
        let mut fields = vec![("tickDirection", self.direction.name().to_owned())];
        fields.extend(self.totals(&window));
        fields.extend(self.change(&window));
        fields.push(("prevPrice1h", self.px(hour.before)));
        fields.extend(self.interest());
        fields.extend(self.touch(&TOUCH_NAMES));
        fields.extend(match self.contract.delivery {
            Some(delivery) => self.dated(delivery),
            None => self.funding(),
        });
        let pre_market = ["preOpenPrice", "preQty", "curPreListingPhase"];
        fields.extend(pre_market.map(|name| (name, String::new())));
        fields
    }

    /// Mark, index and open interest. All positions are counted once on each side.
    fn interest(&self) -> Fields {
        let (config, marks) = (&self.market.config, &self.market.marks);
        let interest = i128::from(marks.open_interest);
        let digits = config.px_digits + config.qty_digits;
        let value = match self.category {
            Category::Inverse => {
                let one = 10_i128.pow(u32::from(INVERSE_DIGITS + config.px_digits));
                let value = (interest * one).checked_div(marks.mark.into());
                trimmed(value.unwrap_or(0), INVERSE_DIGITS + config.qty_digits)
            }
            _ => trimmed(interest * i128::from(marks.mark), digits),
        };
        let interest = trimmed(interest, config.qty_digits);
        vec![
            ("markPrice", self.px(marks.mark)),
            ("indexPrice", self.px(marks.index)),
            ("openInterest", interest.clone()),
            ("openInterestValue", value.clone()),
            ("singleOpenInterest", interest),
            ("singleOpenInterestValue", value),
        ]
    }

    fn funding(&self) -> Fields {
        let next = Marks::next_funding(self.now) / MILLI;
        let rate = trimmed(self.market.marks.funding, FUNDING_DIGITS);
        vec![
            ("fundingIntervalHour", "8".into()),
            ("fundingCap", "0.00375".into()),
            ("nextFundingTime", next.to_string()),
            ("fundingRate", rate),
        ]
    }

    fn dated(&self, delivery: Nanos) -> Fields {
        let (config, marks) = (&self.market.config, &self.market.marks);
        let basis = marks.mark - marks.index;
        let rate = i128::from(basis) * 100_000_000 / i128::from(marks.index.max(1));
        vec![
            ("deliveryTime", clock::rfc3339_seconds(delivery)),
            ("deliveryFeeRate", "0.0005".into()),
            ("basis", trimmed(basis, config.px_digits)),
            ("basisRate", trimmed(rate, 8)),
            ("basisRateYear", trimmed(rate * 4, 8)),
            // It has a value in the last half hour before delivery only.
            ("predictedDeliveryPrice", String::new()),
        ]
    }

    fn option(&self, names: &Names) -> Fields {
        let window = self.market.minutes.window(self.now, DAY);
        let marks = OptionMarks::of(self.contract, self.market);
        let iv = |iv: i64| trimmed(iv, IV_DIGITS);
        let [bid, bid_size, bid_iv, ask, ask_size, ask_iv, mark_iv] = *names;
        let mut fields = self.touch(&[bid, bid_size, ask, ask_size]);
        fields.push((bid_iv, iv(marks.mark_iv - 10)));
        fields.push((ask_iv, iv(marks.mark_iv + 10)));
        fields.push((mark_iv, iv(marks.mark_iv)));
        fields.extend(self.totals(&window));
        fields.push(("change24h", trimmed(changed(&window, 100_000_000), 8)));
        fields.extend(self.since_listed());
        let interest = self.market.marks.open_interest;
        fields.extend([
            ("markPrice", self.px(marks.mark)),
            ("indexPrice", self.px(marks.index)),
            ("underlyingPrice", self.px(marks.index)),
            (
                "openInterest",
                trimmed(interest, self.market.config.qty_digits),
            ),
            ("predictedDeliveryPrice", "0".into()),
        ]);
        fields.extend(greeks(self.contract));
        fields
    }

    /// Totals over the option's life.
    fn since_listed(&self) -> Fields {
        let (config, stats) = (&self.market.config, &self.market.stats);
        let digits = config.px_digits + config.qty_digits;
        vec![
            ("totalVolume", trimmed(stats.volume, config.qty_digits)),
            ("totalTurnover", trimmed(stats.notional, digits)),
        ]
    }
}

/// Change over the window against the price before it, in units of `1 / per`, rounded towards zero.
fn changed(window: &Window, per: i128) -> i128 {
    let (before, last) = (window.before, window.candle.close);
    i128::from(last - before) * per / i128::from(before.max(1))
}

/// Sensitivities of an option deep in the money; they stand still.
fn greeks(contract: &Contract) -> Fields {
    let put = contract.strike.is_some_and(|(_, put)| put);
    let delta = if put { "-0.912831" } else { "0.912831" };
    vec![
        ("delta", delta.into()),
        ("gamma", "0.00000214".into()),
        ("vega", "38.81351067".into()),
        ("theta", "-9.9115368".into()),
    ]
}

/// Value of a volume: in quote currency or, of inverse contracts, in base currency with eight
/// digits, rounded down.
pub(super) fn turnover(category: Category, market: &Market, volume: &Volume) -> String {
    let config = &market.config;
    if category == Category::Inverse {
        let below = BASE_DIGITS + config.qty_digits - INVERSE_DIGITS;
        let value = volume.base / 10_i128.pow(u32::from(below));
        return trimmed(value, INVERSE_DIGITS);
    }
    trimmed(volume.quote, config.px_digits + config.qty_digits)
}
