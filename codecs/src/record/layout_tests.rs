//! Every byte of every record against `schema/feedd.xml`, the description for other languages.

use core::mem::{align_of, offset_of, size_of};
use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use zerocopy::FromZeros;

use super::{
    Bbo, BookHead, Change, Conditions, Flags, Gap, GapCause, Header, IdKind, InstrumentHead,
    InstrumentType, Kind, Level, SCHEMA_ID, SCHEMA_VERSION, Side, StatusCode, StatusHead, Trade,
    TradingState,
};
use crate::instrument::InstrumentId;
use crate::venue::{Channel, VenueId};

const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/feedd.xml"));

/// One field: name, offset in its block, primitive type, how many of it.
type Place = (String, usize, &'static str, usize);

/// A record's size and the places of its block.
type Block = (usize, Vec<Place>);

/// How a Rust type stands in the schema.
trait Encoded {
    const PRIMITIVE: &'static str;
    const COUNT: usize = 1;
}

macro_rules! encoded {
    ($($primitive:literal => $($rust:ty),+;)+) => {
        $($(impl Encoded for $rust { const PRIMITIVE: &'static str = $primitive; })+)+
    };
}

encoded! {
    "uint8" => u8, Side, IdKind, Change, TradingState, InstrumentType, GapCause, StatusCode, Channel, VenueId;
    "int8" => i8;
    "uint16" => u16, Flags, Conditions;
    "uint32" => u32, InstrumentId;
    "uint64" => u64;
    "int64" => i64;
}

impl<const N: usize> Encoded for [u8; N] {
    const PRIMITIVE: &'static str = "uint8";
    const COUNT: usize = N;
}

fn primitive_of<T: Encoded>(_: &T) -> (&'static str, usize) {
    (T::PRIMITIVE, T::COUNT)
}

/// The places of a struct's own fields; offsets are relative to `$base`.
macro_rules! places {
    ($record:ty, $base:expr => $($field:ident),+ $(,)?) => {{
        let zero = <$record>::new_zeroed();
        let places: Vec<Place> = vec![$({
            let (primitive, count) = primitive_of(&zero.$field);
            (stringify!($field).to_owned(), offset_of!($record, $field) - $base, primitive, count)
        }),+];
        places
    }};
}

/// The block of a record: the common fields behind the SBE header, then its own.
macro_rules! block {
    ($record:ty => $($field:ident),+ $(,)?) => {{
        assert_eq!(offset_of!($record, header), 0);
        assert_eq!(align_of::<$record>(), 8, "{}", stringify!($record));
        let mut places = places!(Header, 8 =>
            instrument, flags, line, frame, seq, ts_venue, ts_send, ts_recv, ts_kernel);
        places.extend(places!($record, 8 => $($field),+));
        (size_of::<$record>(), places)
    }};
}

fn blocks() -> [(Kind, &'static str, Block); 7] {
    let book = || {
        block!(BookHead =>
        first_seq, prev_seq, cross_seq, checksum, depth, px_exp, qty_exp)
    };
    let trade = block!(Trade =>
        px, qty, id_bytes, first_id, last_id, px_exp, qty_exp, side, id_kind, conditions, reserved);
    let bbo = block!(Bbo => bid_px, bid_qty, ask_px, ask_qty, px_exp, qty_exp, reserved);
    let instrument = block!(InstrumentHead =>
        tick, lot, expiry, contract_size, generation, px_exp, qty_exp, contract_exp, change, state,
        instrument_type, venue, reserved);
    let status = block!(StatusHead => code, channel, venue, reserved);
    let gap = block!(Gap => first_seq, last_seq, cause, channel, reserved);
    [
        (Kind::Trade, "Trade", trade),
        (Kind::Bbo, "Bbo", bbo),
        (Kind::BookDelta, "BookDelta", book()),
        (Kind::BookSnapshot, "BookSnapshot", book()),
        (Kind::Instrument, "Instrument", instrument),
        (Kind::Status, "Status", status),
        (Kind::Gap, "Gap", gap),
    ]
}

/// The schema's types by name, and its messages.
struct Schema<'d> {
    types: BTreeMap<&'d str, Node<'d, 'd>>,
    messages: Vec<Node<'d, 'd>>,
}

impl<'d> Schema<'d> {
    fn read(document: &'d Document<'d>) -> Self {
        let root = document.root_element();
        let types = root.children().find(|node| node.has_tag_name("types"));
        Self {
            types: elements(types.unwrap())
                .map(|node| (text(node, "name"), node))
                .collect(),
            messages: elements(root)
                .filter(|node| node.tag_name().name() == "message")
                .collect(),
        }
    }

    fn message(&self, name: &str) -> Node<'d, 'd> {
        let found = self
            .messages
            .iter()
            .find(|node| text(**node, "name") == name);
        *found.unwrap_or_else(|| panic!("no message {name}"))
    }

    /// Primitive type and count of a named type.
    fn primitive(&self, name: &str) -> (&'d str, usize) {
        let node = self.types[name];
        let count = node
            .attribute("length")
            .map_or(1, |length| length.parse().unwrap());
        let primitive = node
            .attribute("primitiveType")
            .or_else(|| node.attribute("encodingType"));
        (primitive.unwrap(), count)
    }

    /// The fields of a message or group, as places.
    fn places(&self, block: Node<'d, 'd>) -> Vec<(String, usize, &'d str, usize)> {
        let fields = elements(block).filter(|node| node.has_tag_name("field"));
        fields
            .map(|field| {
                let (primitive, count) = self.primitive(text(field, "type"));
                let name = text(field, "name").to_owned();
                (name, number(field, "offset"), primitive, count)
            })
            .collect()
    }
}

fn elements<'d>(node: Node<'d, 'd>) -> impl Iterator<Item = Node<'d, 'd>> {
    node.children().filter(Node::is_element)
}

fn text<'d>(node: Node<'d, 'd>, attribute: &str) -> &'d str {
    node.attribute(attribute)
        .unwrap_or_else(|| panic!("no {attribute} in {node:?}"))
}

fn number(node: Node<'_, '_>, attribute: &str) -> usize {
    text(node, attribute).parse().unwrap()
}

fn bytes_of(primitive: &str) -> usize {
    match primitive {
        "uint8" | "int8" => 1,
        "uint16" => 2,
        "uint32" => 4,
        "uint64" | "int64" => 8,
        other => panic!("{other} is no type of this schema"),
    }
}

#[test]
fn every_field_of_every_record_stands_where_the_schema_says() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    assert_eq!(schema.messages.len(), Kind::ALL.len());
    for (kind, name, (size, places)) in blocks() {
        let message = schema.message(name);
        assert_eq!(number(message, "id"), kind as usize, "{name}");
        assert_eq!(number(message, "blockLength"), size - 8, "{name}");
        assert_eq!(size % 8, 0, "{name}");
        assert_eq!(schema.places(message), places, "{name}");
    }
}

#[test]
fn the_fields_of_a_record_follow_each_other_without_a_hole() {
    for (_, name, (size, places)) in blocks() {
        let end = places
            .iter()
            .fold(0, |expected, (field, offset, primitive, count)| {
                assert_eq!(*offset, expected, "{name}.{field}");
                offset + bytes_of(primitive) * count
            });
        assert_eq!(end, size - 8, "{name}");
    }
}

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
        ("Instrument", "change", "Change"),
        ("Instrument", "state", "TradingState"),
        ("Instrument", "instrument_type", "InstrumentType"),
        ("Instrument", "venue", "VenueId"),
        ("Status", "code", "StatusCode"),
        ("Status", "channel", "Channel"),
        ("Status", "venue", "VenueId"),
        ("Gap", "cause", "GapCause"),
        ("Gap", "channel", "Channel"),
    ] {
        let found =
            elements(schema.message(name)).find(|node| node.attribute("name") == Some(field));
        assert_eq!(text(found.unwrap(), "type"), expected, "{name}.{field}");
    }
    let absent = text(schema.types["OptionalMantissa"], "nullValue");
    assert_eq!(absent.parse(), Ok(super::ABSENT));
}

#[test]
fn the_heads_of_records_groups_and_texts_are_the_schemas() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    let root = document.root_element();
    assert_eq!(number(root, "id"), usize::from(SCHEMA_ID));
    assert_eq!(number(root, "version"), usize::from(SCHEMA_VERSION));
    assert_eq!(text(root, "byteOrder"), "littleEndian");
    assert_eq!(text(root, "headerType"), "messageHeader");
    let parts = |name: &str| -> Vec<(&str, &str, Option<&str>)> {
        elements(schema.types[name])
            .map(|part| {
                (
                    text(part, "name"),
                    text(part, "primitiveType"),
                    part.attribute("offset"),
                )
            })
            .collect()
    };
    let header: Vec<_> = ["blockLength", "templateId", "schemaId", "version"]
        .map(|name| (name, "uint16", None))
        .into();
    assert_eq!(parts("messageHeader"), header);
    assert_eq!(
        places!(Header, 0 => block_length, template_id, schema_id, version)
            .iter()
            .map(|place| (place.1, place.2))
            .collect::<Vec<_>>(),
        [(0, "uint16"), (2, "uint16"), (4, "uint16"), (6, "uint16")]
    );
    assert_eq!(
        parts("groupSizeEncoding"),
        [
            ("blockLength", "uint16", Some("0")),
            ("numInGroup", "uint32", Some("4"))
        ]
    );
    assert_eq!(
        parts("varStringEncoding"),
        [("length", "uint16", None), ("varData", "uint8", None)]
    );
}

#[test]
fn groups_and_texts_follow_the_block_in_the_schemas_order() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    let variable = |name: &str| -> Vec<&str> {
        elements(schema.message(name))
            .filter(|node| !node.has_tag_name("field"))
            .map(|node| text(node, "name"))
            .collect()
    };
    for (name, expected) in [
        ("Trade", &[][..]),
        ("Bbo", &[]),
        ("BookDelta", &["bids", "asks"]),
        ("BookSnapshot", &["bids", "asks"]),
        ("Instrument", &["symbol", "base", "quote"]),
        ("Status", &["text"]),
        ("Gap", &[]),
    ] {
        assert_eq!(variable(name), expected, "{name}");
    }
    let groups = document
        .descendants()
        .filter(|node| node.has_tag_name("group"));
    for group in groups {
        assert_eq!(number(group, "blockLength"), size_of::<Level>());
        assert_eq!(schema.places(group), places!(Level, 0 => px, qty));
    }
}

/// The values that `name` knows, among all that a byte can hold.
fn codes(name: impl Fn(u8) -> Option<String>) -> Vec<(String, u16)> {
    let known = (0..=u8::MAX).filter_map(|code| Some((name(code)?, u16::from(code))));
    known.collect()
}

fn unless_unknown(code: u8, zero_is_named: bool, name: &str) -> Option<String> {
    (name != "unknown" || (code == 0 && zero_is_named)).then(|| name.to_owned())
}

#[test]
fn enumerations_have_the_schemas_names_and_values() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    let check = |name: &str, known: Vec<(String, u16)>| {
        let listed: Vec<(String, u16)> = elements(schema.types[name])
            .map(|value| {
                (
                    text(value, "name").to_owned(),
                    value.text().unwrap().parse().unwrap(),
                )
            })
            .collect();
        assert_eq!(listed, known, "{name}");
    };
    let named = |code, name: &str| unless_unknown(code, false, name);
    let named_with_zero = |code, name: &str| unless_unknown(code, true, name);
    check(
        "Side",
        codes(|code| match Side(code) {
            Side::NONE => Some("none".to_owned()),
            side => side.name().map(str::to_owned),
        }),
    );
    let id_kinds = [("integer", IdKind::INTEGER), ("uuid", IdKind::UUID)];
    check(
        "IdKind",
        id_kinds
            .map(|(name, kind)| (name.to_owned(), kind.0.into()))
            .into(),
    );
    check("Change", codes(|code| named(code, Change(code).name())));
    check(
        "TradingState",
        codes(|code| named_with_zero(code, TradingState(code).name())),
    );
    check(
        "InstrumentType",
        codes(|code| named_with_zero(code, InstrumentType(code).name())),
    );
    check("GapCause", codes(|code| named(code, GapCause(code).name())));
    check(
        "StatusCode",
        codes(|code| named(code, StatusCode(code).name())),
    );
    check("Channel", codes(|code| named(code, Channel(code).name())));
    let venue = |code| {
        VenueId::all().find_map(|id| (id.0 == code).then(|| id.to_string().replace('-', "_")))
    };
    check("VenueId", codes(venue));
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

#[test]
fn everything_in_the_schema_is_described() {
    let document = Document::parse(SCHEMA).unwrap();
    let undescribed: Vec<_> = document
        .descendants()
        .filter(|node| node.attribute("name").is_some())
        .filter(|node| node.attribute("description").is_none_or(str::is_empty))
        .collect();
    assert!(undescribed.is_empty(), "{undescribed:?}");
}
