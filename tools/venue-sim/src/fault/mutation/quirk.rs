//! Odd ways to say the same: venues have sent all of these, and a client must bear them.

use super::Mutation;
use super::lie::{example_mut, far_prices, part, with};
use crate::json::Json;

/// Decimals of the seconds that most stamps have.
const DECIMALS: usize = 6;

/// What is odd.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quirk {
    UnknownDelete,
    RepeatedPrice,
    ShortZero,
    LongStamp,
}

impl Quirk {
    pub(super) fn of(mutation: &Mutation) -> Option<Quirk> {
        match mutation {
            Mutation::UnknownDelete => Some(Quirk::UnknownDelete),
            Mutation::RepeatedPrice => Some(Quirk::RepeatedPrice),
            Mutation::ShortZero => Some(Quirk::ShortZero),
            Mutation::LongStamp => Some(Quirk::LongStamp),
            _ => None,
        }
    }

    /// Whether the message can be said so.
    pub(super) fn fits(self, text: &str) -> bool {
        self.say(text).is_some()
    }

    /// The message said oddly; `None` if it has not what that takes.
    pub(super) fn say(self, text: &str) -> Option<String> {
        if matches!(self, Quirk::LongStamp) {
            return long_stamps(text);
        }
        let mut json = Json::parse(text)?;
        let levels = example_mut(&mut json)?;
        match self {
            Quirk::UnknownDelete => {
                let removal = removal(levels.first()?)?;
                levels.insert(0, removal);
            }
            Quirk::RepeatedPrice => {
                let level = levels.first()?;
                let qty = Some(part(level, 1)).filter(|qty| !qty.is_empty())?;
                let before = with(level, 1, &format!("1{qty}"));
                levels.insert(0, before);
            }
            Quirk::ShortZero | Quirk::LongStamp => {
                let long = |level: &&mut Json| {
                    let qty = part(level, 1);
                    is_zero(qty) && qty.len() > "0.0".len()
                };
                let level = levels.iter_mut().find(long)?;
                *level = with(level, 1, "0.0");
            }
        }
        Some(json.to_string())
    }
}

/// The removal of a level that no book has.
fn removal(level: &Json) -> Option<Json> {
    let (px, qty) = (part(level, 0), part(level, 1));
    let far = far_prices(px, 1).pop()?;
    let zero = match qty.split_once('.') {
        Some((_, decimals)) => format!("0.{}", "0".repeat(decimals.len())),
        None => "0".to_owned(),
    };
    Some(with(&with(level, 0, &far), 1, &zero))
}

fn is_zero(qty: &str) -> bool {
    !qty.is_empty() && qty.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Stamps with nanoseconds instead of microseconds; `None` if there is none of the latter.
fn long_stamps(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 8);
    let (mut rest, mut found) = (text, false);
    while let Some((before, after)) = rest.split_once("Z\"") {
        out.push_str(before);
        let seconds = before.rsplit_once('.').map(|(_, decimals)| decimals);
        let micros = |decimals: &str| {
            decimals.len() == DECIMALS && decimals.bytes().all(|byte| byte.is_ascii_digit())
        };
        if seconds.is_some_and(micros) {
            found = true;
            out.push_str("000");
        }
        out.push_str("Z\"");
        rest = after;
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: &str = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":83744.0,"qty":0.00000000}],"asks":[],"checksum":1,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#;

    fn said(quirk: Quirk, expected: &str) {
        let text = quirk.say(UPDATE).unwrap();
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn each_oddity_changes_one_thing() {
        said(
            Quirk::UnknownDelete,
            r#"[{"price":41872.0,"qty":0.00000000},{"price":83744.0,"qty":0.00000000}]"#,
        );
        said(
            Quirk::RepeatedPrice,
            r#"[{"price":83744.0,"qty":10.00000000},{"price":83744.0,"qty":0.00000000}]"#,
        );
        said(Quirk::ShortZero, r#"[{"price":83744.0,"qty":0.0}]"#);
        said(
            Quirk::LongStamp,
            r#""timestamp":"2026-09-25T17:48:26.844359000Z""#,
        );
    }

    #[test]
    fn messages_without_levels_or_stamps_are_left_alone() {
        for text in [
            "not json",
            r#"{"b":[],"a":[]}"#,
            r#"{"bids":[{"limit_price":1.0,"order_qty":0.00}],"asks":[]}"#,
        ] {
            for quirk in [Quirk::UnknownDelete, Quirk::RepeatedPrice, Quirk::ShortZero] {
                assert!(!quirk.fits(text), "{quirk:?} {text}");
            }
            assert!(!Quirk::LongStamp.fits(text));
        }
    }
}
