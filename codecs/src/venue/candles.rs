//! Prices and volumes of a candle, which share their powers of ten.

use crate::batch::Drift;
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::json::{Item, need};
use crate::record::{ABSENT, Candle};
use crate::reject::Reject;
use crate::venue::levels::{Named, Scale};

/// Open, high, low and close of a candle, at the instrument's exponent or finer.
///
/// # Errors
///
/// A missing price, or text that is no price.
pub(crate) fn prices(
    candle: &mut Candle,
    instrument: &Instrument,
    prices: [Named<Item<'_, '_>>; 4],
) -> Result<(), Reject> {
    let mut scale = Scale::of(instrument);
    let mut read = [0; 4];
    for (at, (item, field)) in prices.into_iter().enumerate() {
        let (earlier, rest) = read.split_at_mut(at);
        rest[0] = scale.px(need(item, field)?, field, earlier)?;
    }
    [candle.open, candle.high, candle.low, candle.close] = read;
    candle.px_exp = scale.px_exp;
    Ok(())
}

/// Volumes of one unit (all, and the part of it that takers bought) at one exponent: that of the
/// finest. Volumes that no mantissa holds are [`ABSENT`] and counted as schema drift of `channel`.
///
/// # Errors
///
/// A volume that is missing, or text that is no number.
pub(crate) fn volumes<const N: usize>(
    volumes: [Named<Item<'_, '_>>; N],
    channel: &'static str,
    drift: &mut Drift,
) -> Result<([i64; N], i8), Reject> {
    let mut read = [Fixed::new(0, 0); N];
    for (value, (item, field)) in read.iter_mut().zip(volumes) {
        match need(item, field)?.fixed(field) {
            Err(Reject::NumberRange(_)) => {
                drift.unknown_value(channel, field, "out of range");
                return Ok(([ABSENT; N], 0));
            }
            found => *value = found?,
        }
    }
    let common = common(read).or_else(|| common(read.map(Fixed::normalized)));
    Ok(common.unwrap_or_else(|| {
        let field = volumes.first().map_or("volume", |(_, field)| field);
        drift.unknown_value(channel, field, "out of range");
        ([ABSENT; N], 0)
    }))
}

/// Values at the finest one's exponent.
fn common<const N: usize>(values: [Fixed; N]) -> Option<([i64; N], i8)> {
    let exp = values.iter().map(|value| value.exp).min()?;
    let mut mantissas = [0; N];
    for (mantissa, value) in mantissas.iter_mut().zip(values) {
        *mantissa = value.at(exp)?;
    }
    Some((mantissas, exp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn volumes_share_the_finer_exponent() {
        for (text, expected) in [
            (r#"["1.5","1.25"]"#, ([150, 125], -2)),
            (r#"["100000000000.00","0.12345678"]"#, ([ABSENT, ABSENT], 0)),
            (
                r#"["99999999999999.00","1.00000000"]"#,
                ([99_999_999_999_999, 1], 0),
            ),
            (r#"["123456789012.12345678","1"]"#, ([ABSENT, ABSENT], 0)),
        ] {
            let mut drift = Drift::default();
            let found = Json::default().read(text.as_bytes(), |root| {
                let items = root.array("x")?;
                let mut items = items.iter();
                let pair = [(items.next(), "v"), (items.next(), "V")];
                volumes(pair, "kline", &mut drift)
            });
            assert_eq!(found, Ok(expected), "{text}");
            assert_eq!(drift.count() > 0, expected.0[0] == ABSENT, "{text}");
        }
    }
}
