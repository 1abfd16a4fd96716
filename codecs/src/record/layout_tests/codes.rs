//! The schema's enumerations and sets against the types of the code.

use roxmltree::Document;

use super::{SCHEMA, Schema, elements, text};
use crate::record::{
    ABSENT, Change, Conditions, FigureName, Flags, GapCause, GapEnd, IdKind, InstrumentType,
    OptionRight, OrderAction, Side, StatusCode, TradingState,
};
use crate::venue::{Channel, VenueId};

#[test]
fn a_field_of_a_set_or_enumeration_names_it() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    for (name, field, expected) in [
        ("Trade", "flags", "Flags"),
        ("Trade", "side", "Side"),
        ("Trade", "id_kind", "IdKind"),
        ("Trade", "conditions", "Conditions"),
        ("Trade", "ts_recv", "Nanos"),
        ("Bbo", "bid_px", "OptionalMantissa"),
        ("BookDelta", "channel", "Channel"),
        ("BookSnapshot", "channel", "Channel"),
        ("Ticker", "channel", "Channel"),
        ("Ticker", "name", "FigureName"),
        ("Candle", "ts_open", "Nanos"),
        ("Candle", "close", "OptionalMantissa"),
        ("Candle", "trades", "OptionalCount"),
        ("Candle", "channel", "Channel"),
        ("Candle", "closed", "Boolean"),
        ("Liquidation", "avg_px", "OptionalMantissa"),
        ("Liquidation", "filled_qty", "OptionalMantissa"),
        ("Liquidation", "side", "Side"),
        ("OrdersDelta", "ts", "Nanos"),
        ("OrdersDelta", "action", "OrderAction"),
        ("OrdersSnapshot", "action", "OrderAction"),
        ("Instrument", "change", "Change"),
        ("Instrument", "state", "TradingState"),
        ("Instrument", "instrument_type", "InstrumentType"),
        ("Instrument", "venue", "VenueId"),
        ("Instrument", "right", "OptionRight"),
        ("Status", "code", "StatusCode"),
        ("Status", "channel", "Channel"),
        ("Status", "venue", "VenueId"),
        ("Gap", "cause", "GapCause"),
        ("Gap", "channel", "Channel"),
        ("Gap", "end", "GapEnd"),
        ("Gap", "ts_open", "Nanos"),
    ] {
        let mut found = schema
            .message(name)
            .descendants()
            .filter(|node| node.has_tag_name("field") && text(*node, "name") == field)
            .peekable();
        assert!(found.peek().is_some(), "{name}.{field}");
        assert!(
            found.all(|node| text(node, "type") == expected),
            "{name}.{field} is no {expected}"
        );
    }
    for optional in ["OptionalMantissa", "OptionalCount"] {
        let absent = text(schema.types[optional], "nullValue");
        assert_eq!(absent.parse(), Ok(ABSENT), "{optional}");
    }
}

/// The values that `name` knows, among all that a byte can hold.
fn codes(name: impl Fn(u8) -> Option<String>) -> Vec<(String, u16)> {
    let known = (0..=u8::MAX).filter_map(|code| Some((name(code)?, u16::from(code))));
    known.collect()
}

/// The name of a code, unless this version knows none.
fn known(name: &str) -> Option<String> {
    (name != "unknown").then(|| name.to_owned())
}

/// As [`known`], for types whose code 0 is called unknown.
fn known_or_zero(code: u8, name: &str) -> Option<String> {
    known(name).or_else(|| (code == 0).then(|| name.to_owned()))
}

/// Asserts that the schema lists for `name` the codes that `code_name` knows, and no more.
fn assert_enumeration(name: &str, code_name: impl Fn(u8) -> Option<String>) {
    let document = Document::parse(SCHEMA).unwrap();
    let listed: Vec<(String, u16)> = elements(Schema::read(&document).types[name])
        .map(|value| {
            (
                text(value, "name").to_owned(),
                value.text().unwrap().parse().unwrap(),
            )
        })
        .collect();
    assert_eq!(listed, codes(code_name), "{name}");
}

#[test]
fn enumerations_of_trades_and_instruments_have_the_schemas_names_and_values() {
    assert_enumeration("Side", |code| match Side(code) {
        Side::NONE => Some("none".to_owned()),
        side => side.name().map(str::to_owned),
    });
    assert_enumeration("IdKind", |code| match IdKind(code) {
        IdKind::INTEGER => Some("integer".to_owned()),
        IdKind::UUID => Some("uuid".to_owned()),
        _ => None,
    });
    assert_enumeration("Change", |code| known(Change(code).name()));
    assert_enumeration("TradingState", |code| {
        known_or_zero(code, TradingState(code).name())
    });
    assert_enumeration("InstrumentType", |code| {
        known_or_zero(code, InstrumentType(code).name())
    });
    assert_enumeration("OptionRight", |code| known(OptionRight(code).name()));
}

#[test]
fn enumerations_of_streams_have_the_schemas_names_and_values() {
    assert_enumeration("FigureName", |code| known(FigureName(code).name()));
    assert_enumeration("OrderAction", |code| known(OrderAction(code).name()));
    assert_enumeration("GapCause", |code| known(GapCause(code).name()));
    assert_enumeration("GapEnd", |code| known(GapEnd(code).name()));
    assert_enumeration("StatusCode", |code| known(StatusCode(code).name()));
    assert_enumeration("Channel", |code| known(Channel(code).name()));
    assert_enumeration("VenueId", |code| {
        let mut venues = VenueId::all();
        venues.find_map(|id| (id.0 == code).then(|| id.to_string().replace('-', "_")))
    });
}

#[test]
fn sets_have_the_schemas_names_and_bits() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    let check = |name: &str, named: &dyn Fn(u16) -> Option<&'static str>| {
        let listed: Vec<(&str, u32)> = elements(schema.types[name])
            .map(|bit| (text(bit, "name"), bit.text().unwrap().parse().unwrap()))
            .collect();
        let known: Vec<(&str, u32)> = (0..u16::BITS)
            .filter_map(|bit| Some((named(1 << bit)?, bit)))
            .collect();
        assert_eq!(listed, known, "{name}");
    };
    check("Flags", &|bits| Flags(bits).names().next());
    check("Conditions", &|bits| Conditions(bits).names().next());
}
