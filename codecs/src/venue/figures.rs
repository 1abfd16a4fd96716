//! Statistics: a venue's fields to figures, by a table of that venue.
//!
//! A number that no 64-bit mantissa holds (turnover in a currency of small units) is left out and
//! counted as schema drift: it must not take the price beside it away. Everything else that is no
//! number refuses the message.

use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::json::{Fields, Item};
use crate::record::{ABSENT, Bbo, Figure, FigureName};
use crate::reject::Reject;
use crate::time::Nanos;

/// Most rows of a venue's table.
const ROWS_MAX: usize = 64;

/// How a venue spells a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A decimal number, bare or quoted.
    Number,
    /// A decimal number; 0 = none.
    Nonzero,
    /// A fraction of one; the figure is in percent.
    Fraction,
    /// Hours; the figure is in seconds.
    Hours,
    /// An epoch stamp in ms, µs or ns; 0 = none.
    Epoch,
    /// An epoch stamp or an RFC 3339 stamp.
    Time,
    /// A trade id; -1 = none.
    Id,
    /// `true` or `false`.
    Flag,
}

/// One field of a venue's statistics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) name: FigureName,
    pub(crate) form: Form,
    /// Whether a message without it is refused.
    pub(crate) required: bool,
}

impl Row {
    /// A field that every message has.
    pub(crate) const fn new(key: &'static str, name: FigureName, form: Form) -> Self {
        Self {
            key,
            name,
            form,
            required: true,
        }
    }

    /// A field that some messages have.
    pub(crate) const fn optional(key: &'static str, name: FigureName, form: Form) -> Self {
        Self {
            required: false,
            ..Self::new(key, name, form)
        }
    }
}

/// Reads the fields that `rows` names into [`Batch::figures`] and hands the others to `other`, which
/// says whether it knows them: those that it does not are schema drift of `channel`.
///
/// `null` and `""` in a field that is not required say that the venue has no value: [`Figure::none`] in a `change`, else nothing.
///
/// # Errors
///
/// A field that stands twice, a required one that is missing, or text that is not of its form.
pub(crate) fn read<'t, 'f>(
    object: Fields<'t, 'f>,
    rows: &[Row],
    channel: &'static str,
    change: bool,
    batch: &mut Batch,
    mut other: impl FnMut(&'f str, Item<'t, 'f>) -> Result<bool, Reject>,
) -> Result<(), Reject> {
    debug_assert!(rows.len() <= ROWS_MAX);
    let mut seen = 0_u64;
    // Products may spell one figure in two ways, a message only in one.
    let mut named = 0_u128;
    // The wire keeps its order from message to message: the next row is the likely one.
    let mut next = 0;
    for (key, item) in object.iter() {
        let (before, behind) = rows.split_at(next);
        let found = behind.iter().chain(before).position(|row| row.key == key);
        let Some(steps) = found else {
            if !other(key, item)? {
                batch.drift.unknown_field(channel, key);
            }
            continue;
        };
        let at = (next + steps) % rows.len();
        let name = 1_u128 << (rows[at].name.0 & 127);
        if named & name != 0 {
            return Err(Reject::DuplicateField);
        }
        named |= name;
        seen |= 1 << at;
        next = at + 1;
        push(rows[at], item, channel, change, batch)?;
    }
    let missing = |(at, row): &(usize, &Row)| row.required && seen & (1 << at) == 0;
    match rows.iter().enumerate().find(missing) {
        Some((_, row)) => Err(Reject::MissingField(row.key)),
        None => Ok(()),
    }
}

/// Appends one field's figure to the batch.
fn push(
    row: Row,
    item: Item<'_, '_>,
    channel: &'static str,
    change: bool,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let empty = item.is_null() || item.text(row.key).is_ok_and(str::is_empty);
    let is_none = empty && !row.required;
    let value = if is_none {
        None
    } else {
        match row.form.value(item, row.key) {
            Err(Reject::NumberRange(_)) => {
                batch.drift.unknown_value(channel, row.key, "out of range");
                None
            }
            value => value?,
        }
    };
    match value {
        Some(value) => batch.figures.push(Figure::new(row.name, value)),
        None if change => batch.figures.push(Figure::none(row.name)),
        None => {}
    }
    Ok(())
}

/// Keeps a field that is no figure for its caller; made for the `other` of [`read`]. Whether it is one
/// of `names`.
///
/// # Errors
///
/// [`Reject::DuplicateField`].
pub(crate) fn keep<'t, 'f, const N: usize>(
    names: &[&str; N],
    found: &mut [Option<Item<'t, 'f>>; N],
    key: &str,
    item: Item<'t, 'f>,
) -> Result<bool, Reject> {
    let mut slots = names.iter().zip(found);
    let Some((_, slot)) = slots.find(|(name, _)| **name == key) else {
        return Ok(false);
    };
    match slot.replace(item) {
        Some(_) => Err(Reject::DuplicateField),
        None => Ok(true),
    }
}

/// The figures of a best bid and offer; a side without orders has none.
pub(crate) fn of_best(bbo: &Bbo) -> impl Iterator<Item = Figure> {
    let sides = [
        (FigureName::BID_PRICE, bbo.bid_px, bbo.bid_px, bbo.px_exp),
        (FigureName::BID_QTY, bbo.bid_px, bbo.bid_qty, bbo.qty_exp),
        (FigureName::ASK_PRICE, bbo.ask_px, bbo.ask_px, bbo.px_exp),
        (FigureName::ASK_QTY, bbo.ask_px, bbo.ask_qty, bbo.qty_exp),
    ];
    sides
        .into_iter()
        .filter(|side| side.1 != ABSENT)
        .map(|(name, _, mantissa, exp)| Figure::new(name, Fixed::new(mantissa, exp)))
}

impl Form {
    fn value(self, item: Item<'_, '_>, key: &'static str) -> Result<Option<Fixed>, Reject> {
        Ok(match self {
            Self::Number => Some(item.fixed(key)?),
            Self::Nonzero => Some(item.fixed(key)?).filter(|value| value.mantissa != 0),
            Self::Fraction => Some(times(item.fixed(key)?, 100, key)?),
            Self::Hours => Some(times(item.fixed(key)?, 3_600, key)?),
            Self::Time if item.text(key)?.contains('T') => seconds(item.rfc3339(key)?),
            Self::Epoch | Self::Time => seconds(item.epoch(key)?),
            Self::Id if item.text(key)? == "-1" => None,
            Self::Id => {
                let id = i64::try_from(item.unsigned(key)?);
                Some(Fixed::new(id.map_err(|_| Reject::NumberRange(key))?, 0))
            }
            Self::Flag => Some(Fixed::new(i64::from(item.boolean(key)?), 0)),
        })
    }
}

/// A value in the unit of its figure.
fn times(value: Fixed, factor: i64, key: &'static str) -> Result<Fixed, Reject> {
    let mantissa = value.mantissa.checked_mul(factor);
    let mantissa = mantissa.ok_or(Reject::NumberRange(key))?;
    Ok(Fixed::new(mantissa, value.exp).normalized())
}

/// A stamp as decimal seconds; 0 is none.
fn seconds(time: Nanos) -> Option<Fixed> {
    (time != 0).then(|| Fixed::new(time, -9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    const ROWS: &[Row] = &[
        Row::new("c", FigureName::LAST_PRICE, Form::Number),
        Row::optional("q", FigureName::QUOTE_VOLUME, Form::Number),
        Row::optional("C", FigureName::WINDOW_CLOSE, Form::Epoch),
        Row::optional("F", FigureName::FIRST_TRADE_ID, Form::Id),
        Row::optional("t", FigureName::NEXT_FUNDING_TIME, Form::Time),
        Row::optional("p", FigureName::POST_ONLY, Form::Flag),
    ];

    /// The figures that a message gives, and the drift that it counts.
    fn figures(text: &str, change: bool) -> (Result<Vec<Figure>, Reject>, Vec<String>) {
        let mut batch = Batch::default();
        let outcome = Json::default().read(text.as_bytes(), |root| {
            let known = |key: &str, _: Item<'_, '_>| Ok(key == "e");
            read(root.object("x")?, ROWS, "x", change, &mut batch, known)
        });
        let figures = std::mem::take(&mut batch.figures);
        let drift = batch.drift.fields().map(|field| field.1.to_owned());
        (outcome.map(|()| figures), drift.collect())
    }

    fn one(name: FigureName, mantissa: i64, exp: i8) -> Figure {
        Figure::new(name, Fixed::new(mantissa, exp))
    }

    #[test]
    fn every_form_becomes_an_exact_number_in_any_order() {
        let text = r#"{"p":true,"F":9007199254740993,"e":"x","q":"-1.50","C":1672515782136,"c":2e-3,"t":"1970-01-01T00:00:01.5Z"}"#;
        let expected = vec![
            one(FigureName::POST_ONLY, 1, 0),
            one(FigureName::FIRST_TRADE_ID, 9_007_199_254_740_993, 0),
            one(FigureName::QUOTE_VOLUME, -150, -2),
            one(FigureName::WINDOW_CLOSE, 1_672_515_782_136_000_000, -9),
            one(FigureName::LAST_PRICE, 2, -3),
            one(FigureName::NEXT_FUNDING_TIME, 1_500_000_000, -9),
        ];
        assert_eq!(figures(text, false), (Ok(expected), vec![]));
    }

    #[test]
    fn units_of_the_wire_become_those_of_the_figures() {
        for (form, text, expected) in [
            (Form::Nonzero, "0.00", None),
            (Form::Nonzero, "10.50", Some((1_050, -2))),
            (Form::Fraction, "-0.158315", Some((-158_315, -4))),
            (Form::Fraction, "1", Some((100, 0))),
            (Form::Hours, "8", Some((28_800, 0))),
            (Form::Hours, "0.5", Some((1_800, 0))),
            (
                Form::Time,
                "1760342400000",
                Some((1_760_342_400_000_000_000, -9)),
            ),
            (
                Form::Time,
                "1970-01-01T00:00:01Z",
                Some((1_000_000_000, -9)),
            ),
            (Form::Time, "0", None),
        ] {
            let quoted = format!("\"{text}\"");
            let found = Json::default().read(quoted.as_bytes(), |root| form.value(root, "x"));
            let expected = expected.map(|(mantissa, exp)| Fixed::new(mantissa, exp));
            assert_eq!(found, Ok(expected), "{form:?} {text}");
        }
        let large = Json::default().read(b"\"92233720368547758.07\"", |root| {
            Form::Fraction.value(root, "x")
        });
        assert_eq!(large, Err(Reject::NumberRange("x")));
    }

    #[test]
    fn what_the_venue_has_no_value_for_is_not_there_or_taken_back() {
        let text = r#"{"c":"1","q":"","C":0,"F":-1,"t":null}"#;
        let price = one(FigureName::LAST_PRICE, 1, 0);
        assert_eq!(figures(text, false).0, Ok(vec![price]));
        let none = [
            FigureName::QUOTE_VOLUME,
            FigureName::WINDOW_CLOSE,
            FigureName::FIRST_TRADE_ID,
            FigureName::NEXT_FUNDING_TIME,
        ];
        let changed: Vec<Figure> = std::iter::once(price)
            .chain(none.map(Figure::none))
            .collect();
        assert_eq!(figures(text, true).0, Ok(changed));
    }

    #[test]
    fn a_number_beyond_64_bits_is_left_out_and_told() {
        let (found, drift) = figures(r#"{"c":"1","q":"123456789012.12345678"}"#, false);
        assert_eq!(found, Ok(vec![one(FigureName::LAST_PRICE, 1, 0)]));
        assert_eq!(drift, ["q=out of range"]);
    }

    #[test]
    fn fields_that_are_missing_twice_there_unknown_or_no_numbers_are_told() {
        for (text, reject) in [
            (r#"{"q":"1"}"#, Reject::MissingField("c")),
            (r#"{"c":"1","c":"1"}"#, Reject::DuplicateField),
            (r#"{"c":"x"}"#, Reject::InvalidNumber("c")),
            (r#"{"c":""}"#, Reject::InvalidNumber("c")),
            (r#"{"c":null}"#, Reject::WrongType("c")),
            (r#"{"c":[]}"#, Reject::WrongType("c")),
            (r#"{"c":1,"p":"x"}"#, Reject::WrongType("p")),
            (r#"{"c":1,"C":"x"}"#, Reject::InvalidTime("C")),
        ] {
            assert_eq!(figures(text, false).0, Err(reject), "{text}");
        }
        let (found, drift) = figures(r#"{"c":"1","new":{}}"#, false);
        assert_eq!(
            (found.map(|found| found.len()), drift),
            (Ok(1), vec!["new".to_owned()])
        );
    }
}
