//! The tables of `docs/journal-format.md` against the code.

use std::collections::BTreeMap;
use std::mem::offset_of;

use feedd_codecs::Level;
use feedd_codecs::record::{
    Bbo, BookHead, Candle, Figure, Flags, Gap, GapEnd, InstrumentHead, Kind, Liquidation, Order,
    OrdersHead, StatusHead, TickerHead, Trade,
};

use super::format::*;
use crate::cursor::CursorBytes;
use crate::sink::LetterHead;

const DOCUMENT: &str = include_str!("../../docs/journal-format.md");

/// The rows of the first table under `heading`, without backticks; the header row is left out.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, section) = DOCUMENT.split_once(&format!("\n{heading}\n")).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        row.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect()
    };
    rows.map(cells).collect()
}

/// Field name to offset and size, from a table with the columns offset, bytes, field, meaning.
fn fields(heading: &str) -> BTreeMap<String, (usize, usize)> {
    let row = |row: Vec<String>| {
        (
            row[2].clone(),
            (row[0].parse().unwrap(), row[1].parse().unwrap()),
        )
    };
    table(heading).into_iter().map(row).collect()
}

/// Field name to offset and size, from the code: sizes are the distances to the next field.
fn layout(size: usize, offsets: &[(&str, usize)]) -> BTreeMap<String, (usize, usize)> {
    let ends = offsets.iter().skip(1).map(|(_, at)| *at).chain([size]);
    let field = |((name, at), end): (&(&str, usize), usize)| ((*name).to_owned(), (*at, end - at));
    offsets.iter().zip(ends).map(field).collect()
}

macro_rules! layout {
    ($of:ty: $($field:ident),+ $(,)?) => {
        layout(size_of::<$of>(), &[$((stringify!($field), offset_of!($of, $field))),+])
    };
}

#[test]
fn header_table_equals_the_code() {
    let code = layout!(Header: magic, version, kind, crc, number, run, segment_bytes,
        created_wall_ns, index_offset, index_bytes, data_offset, reserved);
    assert_eq!(fields("### Header"), code);
}

#[test]
fn mark_table_equals_the_code() {
    assert_eq!(
        fields("### Mark"),
        layout!(MarkBytes: offset, crc, seq, ts_max)
    );
}

#[test]
fn frame_table_equals_the_code() {
    assert_eq!(
        fields("### Frame"),
        layout!(FrameHeader: length, crc, seq, ts_recv)
    );
    assert_eq!(
        (FRAME_HEADER_BYTES, FRAME_CRC_AT, FRAME_BODY_AT),
        (24, 4, 8)
    );
}

#[test]
fn cursor_table_equals_the_code() {
    let code = layout!(CursorBytes: magic, version, log, crc, next_seq);
    assert_eq!(fields("## 9. Cursor"), code);
}

#[test]
fn dead_letter_table_equals_the_code() {
    let code = layout!(LetterHead: length, crc, number, ts, seq, last, fate, reason, record);
    assert_eq!(fields("### Dead letter"), code);
}

/// Bytes of a kind's fixed part.
const fn fixed_bytes(kind: Kind) -> Option<usize> {
    Some(match kind {
        Kind::Trade => size_of::<Trade>(),
        Kind::Bbo => size_of::<Bbo>(),
        Kind::BookDelta | Kind::BookSnapshot => size_of::<BookHead>(),
        Kind::Ticker => size_of::<TickerHead>(),
        Kind::Candle => size_of::<Candle>(),
        Kind::Liquidation => size_of::<Liquidation>(),
        Kind::OrdersDelta | Kind::OrdersSnapshot => size_of::<OrdersHead>(),
        Kind::Instrument => size_of::<InstrumentHead>(),
        Kind::Status => size_of::<StatusHead>(),
        Kind::Gap => size_of::<Gap>(),
        _ => return None,
    })
}

/// The column "behind it" of a kind, without the names.
fn behind(kind: Kind) -> String {
    match kind {
        Kind::BookDelta | Kind::BookSnapshot => format!("groups of {}", size_of::<Level>()),
        Kind::OrdersDelta | Kind::OrdersSnapshot => format!("groups of {}", size_of::<Order>()),
        Kind::Ticker => format!("group of {}", size_of::<Figure>()),
        Kind::Instrument => "texts".to_owned(),
        Kind::Status => "text".to_owned(),
        _ => "nothing".to_owned(),
    }
}

#[test]
fn kinds_table_equals_the_code() {
    let written: Vec<_> = table("### Kinds")
        .into_iter()
        .map(|row| {
            let behind = row[3].split(':').next().unwrap_or_default().to_owned();
            (
                row[0].parse().ok(),
                row[1].clone(),
                row[2].parse().ok(),
                behind,
            )
        })
        .collect();
    let code = Kind::ALL.map(|kind| {
        (
            Some(kind as u16),
            kind.name().to_owned(),
            fixed_bytes(kind),
            behind(kind),
        )
    });
    assert_eq!(written, code);
}

#[test]
fn flags_table_equals_the_code() {
    let written: Vec<(u32, String)> = table("### Flags")
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].clone()))
        .collect();
    let code: Vec<(u32, String)> = (0..u16::BITS)
        .filter_map(|bit| Some((bit, Flags(1 << bit).names().next()?.to_owned())))
        .collect();
    assert_eq!(written, code);
}

#[test]
fn gap_tables_equal_the_code() {
    let mut code = layout!(Gap: header, first_seq, last_seq, ts_open, ts_good, missing, cause,
        channel, end, reserved);
    assert_eq!(code.remove("header"), Some((0, 64)));
    assert_eq!(fields("### Gap"), code);
    let written: Vec<_> = DOCUMENT
        .lines()
        .skip_while(|line| !line.starts_with("| end | code |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.replace('`', ""))
        .collect();
    let known = (0..=u8::MAX).filter(|code| GapEnd(*code).name() != "unknown");
    let known: Vec<_> = known
        .map(|code| format!("| {} | {code} |", GapEnd(code).name()))
        .collect();
    assert_eq!(written.len(), known.len());
    for (written, known) in written.iter().zip(&known) {
        assert!(written.starts_with(known.as_str()), "{written} {known}");
    }
}

#[test]
fn constants_table_equals_the_code() {
    let written: BTreeMap<String, u64> = table("### Constants")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].parse().unwrap()))
        .collect();
    let code = [
        ("PAGE_BYTES", PAGE_BYTES as u64),
        ("START_MARK_AT", START_MARK_AT as u64),
        ("SEAL_MARK_AT", SEAL_MARK_AT as u64),
        ("INDEX_AT", INDEX_AT as u64),
        ("INDEX_STEP", INDEX_STEP as u64),
        ("DATA_ALIGN", DATA_ALIGN as u64),
        ("FRAME_ALIGN", FRAME_ALIGN as u64),
        ("END_MARKER_BYTES", END_MARKER_BYTES as u64),
        ("END_OF_SEGMENT", u64::from(END_OF_SEGMENT)),
        ("SEGMENT_BYTES_MIN", u64::from(SEGMENT_BYTES_MIN)),
        ("SEGMENT_BYTES_MAX", u64::from(SEGMENT_BYTES_MAX)),
        ("FIRST_SEQ", FIRST_SEQ),
        ("VERSION", u64::from(VERSION)),
    ];
    assert_eq!(
        written,
        code.map(|(name, value)| (name.to_owned(), value)).into()
    );
}

#[test]
fn kinds_in_the_header_table_equal_the_code() {
    let kind = table("### Header")
        .into_iter()
        .find(|row| row[2] == "kind")
        .unwrap();
    for log in [LogKind::Records, LogKind::Raw, LogKind::Quarantine] {
        assert!(
            kind[3].contains(&format!("{} {}", log as u16, log.name())),
            "{log:?}"
        );
        assert_eq!(LogKind::from_number(log as u16), Some(log));
    }
}

/// The bytes of one small segment, spelled out: what another language's reader must understand.
#[test]
fn golden_bytes_of_header_mark_and_frame() {
    let id = Identity {
        kind: LogKind::Records,
        number: 3,
        run: 2,
        segment_bytes: 16_384,
        created_wall_ns: 1_700_000_000_000_000_000,
    };
    let header = Header::new(&id);
    assert_eq!(&header.magic, b"feeddjnl");
    assert_eq!(
        (header.index_bytes.get(), header.data_offset.get()),
        (24, 4_160)
    );
    assert_eq!(header.crc.get(), GOLDEN_HEADER_CRC);
    assert_eq!(header.seed(), GOLDEN_SEED);
    let mark = Mark {
        offset: 4_160,
        seq: 7,
        ts_max: -1,
    }
    .encode(header.seed());
    assert_eq!(mark.crc.get(), GOLDEN_MARK_CRC);
    let body = [7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, b'h', b'i'];
    assert_eq!(frame_checksum(header.seed(), 26, &body), GOLDEN_FRAME_CRC);
}

// Computed from the document alone, by a bitwise CRC32C in another language.
const GOLDEN_HEADER_CRC: u32 = 0x4CEE_CDA2;
const GOLDEN_SEED: u32 = 0x424C_F08F;
const GOLDEN_MARK_CRC: u32 = 0x4C2E_D13A;
const GOLDEN_FRAME_CRC: u32 = 0xBC2F_4473;
