//! Which instruments a feed carries: exact symbols, patterns and the most traded.
//!
//! Symbols are taken as they are. Patterns and rankings are resolved against the venue's reference
//! data, and again whenever that changes; an instrument that is no longer picked is given up.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::fixed::{Fixed, rescale};
use crate::instrument::Listing;
use crate::record::TradingState;

/// Most instruments that one ranking may pick.
const TOP_MAX: usize = 10_000;

/// One line of a feed's list of instruments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// This symbol, listed or not, unless the venue removed it.
    Symbol(String),
    /// Every trading symbol that matches a pattern: `*` stands for any text, `?` for one character.
    /// One that is halted meanwhile is kept.
    Glob(String),
    /// The most traded by 24 hour turnover, among the symbols that match the pattern.
    Top(usize, String),
}

/// A text that is no [`Pick`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} picks no instrument: expected a symbol, a pattern such as \"*USDT\", \"top:20\" or \"top:20:*USDT\""
)]
pub struct PickError(String);

impl FromStr for Pick {
    type Err = PickError;

    /// `BTCUSDT`, `*USDT`, `top:20`, `top:20:*USDT`.
    fn from_str(text: &str) -> Result<Self, PickError> {
        let error = || PickError(text.to_owned());
        if text.is_empty() {
            return Err(error());
        }
        let Some(top) = text.strip_prefix("top:") else {
            let pattern = text.contains(['*', '?']);
            let pick = if pattern { Self::Glob } else { Self::Symbol };
            return Ok(pick(text.to_owned()));
        };
        let (count, pattern) = top.split_once(':').unwrap_or((top, "*"));
        let count = count.parse().ok();
        let count = count.filter(|count| (1..=TOP_MAX).contains(count));
        match count {
            Some(count) if !pattern.is_empty() => Ok(Self::Top(count, pattern.to_owned())),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbol(text) | Self::Glob(text) => f.write_str(text),
            Self::Top(count, pattern) => write!(f, "top:{count}:{pattern}"),
        }
    }
}

impl Pick {
    /// Whether it needs reference data.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Symbol(_))
    }

    /// Whether it needs turnovers.
    #[must_use]
    pub const fn ranks(&self) -> bool {
        matches!(self, Self::Top(..))
    }
}

/// How a symbol stands before the picks are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The venue listed it once, and does not any more.
    Gone,
    /// It is picked.
    Picked,
    /// Neither.
    Free,
}

/// The symbols that `picks` name, each once, in the order of the picks. What is picked and only
/// halted stays: it may resume before reference data says so.
pub(super) fn resolve(
    picks: &[Pick],
    listed: &[Listing],
    volumes: &[(Box<str>, Fixed)],
    standing: impl Fn(&str) -> Standing,
) -> Vec<Box<str>> {
    let mut chosen: Vec<Box<str>> = Vec::new();
    let mut known: HashSet<Box<str>> = HashSet::new();
    let mut add = |symbol: &str| {
        if known.insert(symbol.into()) {
            chosen.push(symbol.into());
        }
    };
    let lives = |listing: &Listing| match listing.terms.state {
        TradingState::TRADING => true,
        TradingState::CLOSED => false,
        _ => standing(&listing.symbol) == Standing::Picked,
    };
    let trading = |pattern: &'_ str| {
        let matching = listed
            .iter()
            .filter(|listing| lives(listing) && matches(pattern, &listing.symbol));
        matching.map(|listing| &*listing.symbol).collect::<Vec<_>>()
    };
    for pick in picks {
        match pick {
            Pick::Symbol(symbol) if standing(symbol) == Standing::Gone => {}
            Pick::Symbol(symbol) => add(symbol),
            Pick::Glob(pattern) => trading(pattern).into_iter().for_each(&mut add),
            Pick::Top(count, pattern) => {
                let ranked = ranked(trading(pattern), volumes);
                ranked.into_iter().take(*count).for_each(&mut add);
            }
        }
    }
    chosen
}

/// Most turnover first; symbols of equal or unknown turnover by name.
fn ranked<'a>(mut symbols: Vec<&'a str>, volumes: &[(Box<str>, Fixed)]) -> Vec<&'a str> {
    let by_symbol: HashMap<&str, Fixed> = volumes
        .iter()
        .map(|(symbol, volume)| (&**symbol, *volume))
        .collect();
    let volume = |symbol: &str| by_symbol.get(symbol).copied().map_or(0, whole);
    symbols.sort_by(|a, b| volume(b).cmp(&volume(a)).then(a.cmp(b)));
    symbols
}

/// The number at 10^-4, or as near as fits: turnovers are compared, not kept.
fn whole(value: Fixed) -> i128 {
    let exp = i32::from(value.exp) + 4;
    let mantissa = i128::from(value.mantissa);
    let factor = 10_i128.checked_pow(exp.unsigned_abs()).unwrap_or(i128::MAX);
    if exp >= 0 {
        mantissa.saturating_mul(factor)
    } else {
        rescale(value.mantissa, value.exp, -4).map_or(mantissa / factor, i128::from)
    }
}

/// Whether `text` matches `pattern`, case by case; linear in their product at worst.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Terms;

    fn listing(symbol: &str, state: TradingState) -> Listing {
        Listing {
            symbol: symbol.into(),
            base: "".into(),
            quote: "".into(),
            settle: "".into(),
            px_exp: 0,
            qty_exp: 0,
            terms: Terms {
                state,
                ..Terms::UNKNOWN
            },
        }
    }

    fn chosen(picks: &[&str]) -> Vec<String> {
        let trading = |symbol| listing(symbol, TradingState::TRADING);
        let listed = [
            trading("BTCUSDT"),
            trading("ETHUSDT"),
            trading("ETHBTC"),
            listing("OLDUSDT", TradingState::HALTED),
        ];
        let volumes: Vec<(Box<str>, Fixed)> = vec![
            ("ETHUSDT".into(), Fixed::new(5, 6)),
            ("BTCUSDT".into(), Fixed::new(4_999_999_999, -3)),
            ("OLDUSDT".into(), Fixed::new(9, 9)),
        ];
        let picks: Vec<Pick> = picks.iter().map(|pick| pick.parse().unwrap()).collect();
        let symbols = resolve(&picks, &listed, &volumes, |_| Standing::Free);
        symbols.iter().map(|symbol| symbol.to_string()).collect()
    }

    #[test]
    fn symbols_are_taken_listed_or_not_and_patterns_only_what_trades() {
        assert_eq!(chosen(&["NOPE", "BTCUSDT"]), ["NOPE", "BTCUSDT"]);
        assert_eq!(chosen(&["*USDT"]), ["BTCUSDT", "ETHUSDT"]);
        assert_eq!(chosen(&["ETH*", "*USDT"]), ["ETHUSDT", "ETHBTC", "BTCUSDT"]);
        assert_eq!(chosen(&["???BTC"]), ["ETHBTC"]);
    }

    #[test]
    fn the_most_traded_come_first() {
        assert_eq!(chosen(&["top:1"]), ["ETHUSDT"]);
        assert_eq!(chosen(&["top:2"]), ["ETHUSDT", "BTCUSDT"]);
        assert_eq!(chosen(&["top:2:*BTC"]), ["ETHBTC"]);
    }

    #[test]
    fn text_that_picks_nothing_is_refused() {
        for text in ["", "top:", "top:0", "top:x", "top:3:", "top:99999999"] {
            assert!(text.parse::<Pick>().is_err(), "{text}");
        }
        assert_eq!("top:3".parse::<Pick>().unwrap().to_string(), "top:3:*");
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbYb", false),
            ("?", "", false),
            ("*?*", "x", true),
            ("BTC/*", "BTC/USD", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
