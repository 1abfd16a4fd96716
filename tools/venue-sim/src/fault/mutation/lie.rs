//! Levels and prices that are not true: off the tick, below zero, or far too many.

use super::Mutation;
use crate::json::Json;

/// Decimals of a price that is padded beyond any tick, as Binance Spot's are.
const PADDED_DECIMALS: usize = 8;

/// What is said that is not so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lie {
    OffTick,
    NegativeQty,
    Explosion(usize),
}

/// Bid levels that a later message has to remove.
#[derive(Clone, Debug, Default)]
pub(crate) struct Debt(Vec<Json>);

impl Debt {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message with the removals in front of its bids; `None` if it has no bids.
    pub(crate) fn pay(&self, text: &str) -> Option<String> {
        let mut json = Json::parse(text)?;
        let bids = side_mut(&mut json, &["b", "bids"])?;
        bids.splice(0..0, self.0.iter().cloned());
        Some(json.to_string())
    }
}

impl Lie {
    pub(super) fn of(mutation: &Mutation) -> Option<Lie> {
        match mutation {
            Mutation::OffTick => Some(Lie::OffTick),
            Mutation::NegativeQty => Some(Lie::NegativeQty),
            Mutation::Explosion(levels) => Some(Lie::Explosion(*levels)),
            _ => None,
        }
    }

    /// Whether the message has what it takes: a level, or a best bid.
    pub(super) fn fits(self, text: &str) -> bool {
        let Some(mut json) = Json::parse(text) else {
            return false;
        };
        let levels = example(&mut json).is_some();
        levels || (!matches!(self, Lie::Explosion(_)) && quote(&json).is_some())
    }

    /// Adds levels to a book message, or changes the bid of a best price.
    pub(super) fn tell(self, json: &mut Json) -> Debt {
        let best_only = json
            .get("topic")
            .is_some_and(|topic| topic.text().starts_with("orderbook.1."));
        match example(json) {
            Some(level) if best_only => {
                let changed = self.levels(&level).into_iter().take(1);
                if let Some(bids) = side_mut(json, &["b", "bids"]) {
                    *bids = changed.collect();
                }
                Debt::default()
            }
            Some(level) => self.add(json, &level),
            None => {
                self.change_quote(json);
                Debt::default()
            }
        }
    }

    fn add(self, json: &mut Json, level: &Json) -> Debt {
        let told = self.levels(level);
        let removal = |level: &Json| with(level, 1, "0");
        let debt = Debt(told.iter().map(removal).collect());
        if let Some(bids) = side_mut(json, &["b", "bids"]) {
            bids.extend(told);
        }
        debt
    }

    /// The untrue levels, made after a true one.
    fn levels(self, level: &Json) -> Vec<Json> {
        let (px, qty) = (part(level, 0), part(level, 1));
        let level = &with(level, 1, &above_zero(qty));
        match self {
            Lie::OffTick => vec![with(level, 0, &off_tick(px))],
            Lie::NegativeQty => {
                let far = far_prices(px, 1).pop().unwrap_or_default();
                vec![with(
                    &with(level, 0, &far),
                    1,
                    &format!("-{}", above_zero(qty)),
                )]
            }
            Lie::Explosion(count) => {
                let far = far_prices(px, count).into_iter();
                far.map(|px| with(level, 0, &px)).collect()
            }
        }
    }

    fn change_quote(self, json: &mut Json) {
        let Some([px, qty]) = quote(json) else { return };
        let (path, place) = if matches!(self, Lie::OffTick) {
            px
        } else {
            qty
        };
        let members = json.at_mut(&path).and_then(Json::members_mut);
        if let Some((_, value)) = members.and_then(|members| members.get_mut(place)) {
            let text = match self {
                Lie::OffTick => off_tick(value.text()),
                _ => format!("-{}", value.text()),
            };
            *value = spelled_as(value, &text);
        }
    }
}

/// Where price and quantity of the best bid stand in a best-price message.
fn quote(json: &Json) -> Option<[(Vec<usize>, usize); 2]> {
    let pair = |px, qty| Some([json.find(px)?, json.find(qty)?]);
    pair("bid", "bid_qty").or_else(|| pair("b", "B"))
}

/// A level of the message, a bid if there is one.
fn example(json: &mut Json) -> Option<Json> {
    example_mut(json)?.first().cloned()
}

/// The levels of a side that has some: the bids, if they do.
pub(super) fn example_mut(json: &mut Json) -> Option<&mut Vec<Json>> {
    let sides: [&[&str]; 2] = [&["b", "bids"], &["a", "asks"]];
    let mut filled = |names: &&[&str]| side_mut(json, names).is_some_and(|side| !side.is_empty());
    let names = sides.into_iter().find(&mut filled)?;
    side_mut(json, names)
}

fn side_mut<'a>(json: &'a mut Json, names: &[&str]) -> Option<&'a mut Vec<Json>> {
    let (mut path, place) = names.iter().find_map(|name| json.find(name))?;
    path.push(place);
    json.at_mut(&path)?.items_mut()
}

/// Price (0) or quantity (1) of a level.
pub(super) fn part(level: &Json, index: usize) -> &str {
    match level.items().get(index) {
        Some(value) => value.text(),
        None => level.get(NAMES[index.min(1)]).map_or("", Json::text),
    }
}

/// Names of price and quantity where a level is an object.
const NAMES: [&str; 2] = ["price", "qty"];

/// The level with another price (0) or quantity (1).
pub(super) fn with(level: &Json, index: usize, text: &str) -> Json {
    let mut level = level.clone();
    let place = match &level {
        Json::Array(_) => Some(index),
        other => other.find(NAMES[index.min(1)]).map(|(_, place)| place),
    };
    let value = place.and_then(|place| level.at_mut(&[place]));
    if let Some(value) = value {
        *value = spelled_as(value, text);
    }
    level
}

/// The text as a string or as a number, as the value was.
fn spelled_as(value: &Json, text: &str) -> Json {
    match value {
        Json::Scalar(raw) if raw.starts_with('"') => Json::string(text),
        _ => Json::Scalar(text.to_owned()),
    }
}

fn above_zero(qty: &str) -> String {
    let zero = qty.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    match qty.char_indices().next_back() {
        Some((last, _)) if zero => format!("{}1", &qty[..last]),
        _ => qty.to_owned(),
    }
}

/// The price with one more digit, or another last one where the digits are padding.
fn off_tick(px: &str) -> String {
    match px.split_once('.') {
        Some((_, decimals)) if decimals.len() >= PADDED_DECIMALS && decimals.ends_with("00") => {
            format!("{}1", &px[..px.len() - 1])
        }
        Some(_) => format!("{px}1"),
        None => format!("{px}.1"),
    }
}

/// Prices from half of this one downwards, far from every level the market has.
pub(super) fn far_prices(px: &str, count: usize) -> Vec<String> {
    let decimals = px.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let mantissa: i64 = px.replace('.', "").parse().unwrap_or_default();
    // Padding below the tick stays zero.
    let unit = if decimals >= PADDED_DECIMALS {
        1_000_000
    } else {
        1
    };
    let start = mantissa / 2 / unit;
    let count = i64::try_from(count).unwrap_or(i64::MAX).min(start - 1);
    let digits = u8::try_from(decimals).unwrap_or_default();
    (0..count)
        .map(|step| crate::decimal::padded((start - step) * unit, digits))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINANCE: &str = r#"{"stream":"btcusdt@depth","data":{"e":"depthUpdate","b":[["64511.88000000","0.00000000"]],"a":[]}}"#;
    const KRAKEN: &str = r#"{"channel":"book","data":[{"symbol":"BTC/USD","bids":[],"asks":[{"price":83744.0,"qty":1.50000000}],"checksum":1}]}"#;

    fn told(lie: Lie, text: &str) -> (String, Debt) {
        let mut json = Json::parse(text).unwrap();
        let debt = lie.tell(&mut json);
        (json.to_string(), debt)
    }

    #[test]
    fn an_off_tick_level_is_added_and_taken_back() {
        let (text, debt) = told(Lie::OffTick, BINANCE);
        assert!(
            text.contains(
                r#""b":[["64511.88000000","0.00000000"],["64511.88000001","0.00000001"]]"#
            ),
            "{text}"
        );
        let paid = debt.pay(BINANCE).unwrap();
        assert!(
            paid.contains(r#""b":[["64511.88000001","0"],["64511.88000000","0.00000000"]]"#),
            "{paid}"
        );
        let (text, _) = told(Lie::OffTick, KRAKEN);
        assert!(
            text.contains(r#""bids":[{"price":83744.01,"qty":1.50000000}]"#),
            "{text}"
        );
    }

    #[test]
    fn an_explosion_stays_clear_of_the_true_levels() {
        let (text, debt) = told(Lie::Explosion(1_000), KRAKEN);
        assert!(
            text.contains(r#"{"price":41872.0,"qty":1.50000000},{"price":41871.9,"#),
            "{text:.200}"
        );
        assert_eq!(debt.0.len(), 1_000);
    }

    #[test]
    fn a_negative_quantity_is_added_to_a_book_and_replaces_that_of_a_quote() {
        let (text, _) = told(Lie::NegativeQty, KRAKEN);
        assert!(
            text.contains(r#"{"price":41872.0,"qty":-1.50000000}"#),
            "{text}"
        );
        let quote = r#"{"u":1,"s":"BTCUSDT","b":"1.0","B":"2.0","a":"1.1","A":"3.0"}"#;
        let (text, debt) = told(Lie::NegativeQty, quote);
        assert!(
            text.contains(r#""b":"1.0","B":"-2.0""#) && debt.is_empty(),
            "{text}"
        );
    }

    #[test]
    fn a_message_without_levels_fits_nothing_and_a_quote_no_explosion() {
        let quote = r#"{"u":1,"s":"BTCUSDT","b":"1.0","B":"2.0","a":"1.1","A":"3.0"}"#;
        assert!(!Lie::OffTick.fits(r#"{"e":"trade","p":"1.0"}"#));
        assert!(Lie::OffTick.fits(quote) && !Lie::Explosion(5).fits(quote));
    }
}
