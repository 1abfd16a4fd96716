//! Every byte of every record against `schema/feedd.xml`, the description for other languages.

mod codes;

use core::mem::{align_of, offset_of, size_of};
use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use zerocopy::FromZeros;

use super::{
    Bbo, BookHead, Candle, Change, Conditions, Figure, FigureName, Flags, Gap, GapCause, GapEnd,
    Header, IdKind, InstrumentHead, InstrumentType, Kind, Level, Liquidation, OptionRight, Order,
    OrderAction, OrdersHead, SCHEMA_ID, SCHEMA_VERSION, Side, StatusCode, StatusHead, TickerHead,
    Trade, TradingState,
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
    "uint8" => u8, Side, IdKind, Change, TradingState, InstrumentType, OptionRight, FigureName,
        OrderAction, GapCause, GapEnd, StatusCode, Channel, VenueId;
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

fn blocks() -> [(Kind, &'static str, Block); 12] {
    let book = || {
        block!(BookHead =>
        first_seq, prev_seq, cross_seq, checksum, depth, px_exp, qty_exp, channel, reserved)
    };
    let orders = || block!(OrdersHead => checksum, depth, px_exp, qty_exp);
    let trade = block!(Trade =>
        px, qty, id_bytes, first_id, last_id, px_exp, qty_exp, side, id_kind, conditions, reserved);
    let bbo = block!(Bbo => bid_px, bid_qty, ask_px, ask_qty, px_exp, qty_exp, reserved);
    let ticker = block!(TickerHead => channel, reserved);
    let candle = block!(Candle =>
        ts_open, ts_close, open, high, low, close, volume, quote_volume, taker_volume,
        taker_quote_volume, vwap, trades, first_id, last_id, px_exp, volume_exp, quote_exp, vwap_exp,
        channel, closed, reserved);
    let liquidation = block!(Liquidation =>
        px, avg_px, qty, filled_qty, px_exp, qty_exp, side, reserved);
    let instrument = block!(InstrumentHead =>
        tick, lot, expiry, contract_size, strike, multiplier, generation, px_exp, qty_exp,
        contract_exp, strike_exp, multiplier_exp, change, state, instrument_type, venue, right,
        reserved);
    let status = block!(StatusHead => code, channel, venue, reserved);
    let gap = block!(Gap =>
        first_seq, last_seq, ts_open, ts_good, missing, cause, channel, end, reserved);
    [
        (Kind::Trade, "Trade", trade),
        (Kind::Bbo, "Bbo", bbo),
        (Kind::BookDelta, "BookDelta", book()),
        (Kind::BookSnapshot, "BookSnapshot", book()),
        (Kind::Ticker, "Ticker", ticker),
        (Kind::Candle, "Candle", candle),
        (Kind::Liquidation, "Liquidation", liquidation),
        (Kind::OrdersDelta, "OrdersDelta", orders()),
        (Kind::OrdersSnapshot, "OrdersSnapshot", orders()),
        (Kind::Instrument, "Instrument", instrument),
        (Kind::Status, "Status", status),
        (Kind::Gap, "Gap", gap),
    ]
}

/// The entries of the groups of the message `name`: their bytes and places; nothing where it has no
/// groups.
fn entries(name: &str) -> Option<Block> {
    match name {
        "BookDelta" | "BookSnapshot" => Some((size_of::<Level>(), places!(Level, 0 => px, qty))),
        "Ticker" => Some((
            size_of::<Figure>(),
            places!(Figure, 0 => mantissa, exp, name, reserved),
        )),
        "OrdersDelta" | "OrdersSnapshot" => Some((
            size_of::<Order>(),
            places!(Order, 0 => id, px, qty, ts, action, px_digits, qty_digits, reserved),
        )),
        _ => None,
    }
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
    assert_eq!(blocks().map(|(kind, ..)| kind), Kind::ALL);
    for (kind, name, (size, places)) in blocks() {
        let message = schema.message(name);
        assert_eq!(number(message, "id"), kind as usize, "{name}");
        assert_eq!(number(message, "blockLength"), size - 8, "{name}");
        assert_eq!(size % 8, 0, "{name}");
        assert_eq!(schema.places(message), places, "{name}");
    }
}

#[test]
fn every_field_of_every_group_stands_where_the_schema_says() {
    let document = Document::parse(SCHEMA).unwrap();
    let schema = Schema::read(&document);
    for (_, name, _) in blocks() {
        let mut groups = elements(schema.message(name)).filter(|node| node.has_tag_name("group"));
        let Some((size, places)) = entries(name) else {
            assert_eq!(groups.next(), None, "{name}");
            continue;
        };
        for group in groups {
            assert_eq!(number(group, "blockLength"), size, "{name}");
            assert_eq!(text(group, "dimensionType"), "groupSizeEncoding", "{name}");
            assert_eq!(schema.places(group), places, "{name}");
        }
    }
}

/// Whether `places` fill `size` bytes, each beginning where the one before ends.
fn assert_dense(name: &str, size: usize, places: &[Place]) {
    let end = places
        .iter()
        .fold(0, |expected, (field, offset, primitive, count)| {
            assert_eq!(*offset, expected, "{name}.{field}");
            offset + bytes_of(primitive) * count
        });
    assert_eq!(end, size, "{name}");
}

#[test]
fn the_fields_of_a_record_follow_each_other_without_a_hole() {
    for (_, name, (size, places)) in blocks() {
        assert_dense(name, size - 8, &places);
        if let Some((size, places)) = entries(name) {
            assert_dense(name, size, &places);
            assert_eq!(size % 8, 0, "{name}");
        }
    }
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
        ("Ticker", &["figures"]),
        ("Candle", &[]),
        ("Liquidation", &[]),
        ("OrdersDelta", &["bids", "asks"]),
        ("OrdersSnapshot", &["bids", "asks"]),
        ("Instrument", &["symbol", "base", "quote", "settle", "name"]),
        ("Status", &["text"]),
        ("Gap", &[]),
    ] {
        assert_eq!(variable(name), expected, "{name}");
    }
}

#[test]
fn ids_are_unique_within_a_message() {
    let document = Document::parse(SCHEMA).unwrap();
    for message in Schema::read(&document).messages {
        let mut ids: Vec<_> = message
            .descendants()
            .skip(1)
            .filter(Node::is_element)
            .map(|node| text(node, "id"))
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{message:?}");
    }
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
