//! Records through their bytes: every kind, every truncation, newer writers, foreign bytes.

use zerocopy::IntoBytes;

use super::{
    Bbo, BookEvent, BookHead, Change, Gap, GapCause, Header, InstrumentHead, InstrumentText, Kind,
    Level, RECORD_BYTES_MAX, Record, Side, StatusCode, StatusHead, Trade, TradeId, WireError,
};
use crate::fixed::Fixed;
use crate::instrument::InstrumentId;
use crate::venue::{Channel, VenueId};

const INSTRUMENT: InstrumentId = InstrumentId::new(VenueId::KRAKEN_SPOT, 7);
const LEVELS: [Level; 3] = [
    Level { px: 105, qty: 1 },
    Level {
        px: 104,
        qty: i64::MAX,
    },
    Level { px: 103, qty: 0 },
];

/// Bytes at an 8-byte boundary, as rings and journals hold them.
struct Aligned(Vec<u64>, usize);

impl Aligned {
    fn of(record: &Record<'_>) -> Self {
        let length = record.encoded_len();
        assert_eq!(length % 8, 0);
        let mut words = vec![0; length / 8];
        assert_eq!(record.encode(words.as_mut_bytes()), Some(length));
        Self(words, length)
    }

    fn bytes(&self) -> &[u8] {
        &self.0.as_bytes()[..self.1]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0.as_mut_bytes()[..self.1]
    }

    /// The same record with `extra` bytes that a newer writer appended to its block.
    fn with_longer_block(&self, extra: usize) -> Self {
        let block = usize::from(u16::from_le_bytes([self.bytes()[0], self.bytes()[1]]));
        let (head, rest) = self.bytes().split_at(8 + block);
        let mut bytes = [head, &vec![0xAB; extra], rest].concat();
        let block = u16::try_from(block + extra).unwrap().to_le_bytes();
        bytes[..2].copy_from_slice(&block);
        bytes[6] = 2;
        let mut words = vec![0; bytes.len().div_ceil(8)];
        words.as_mut_bytes()[..bytes.len()].copy_from_slice(&bytes);
        Self(words, bytes.len())
    }
}

/// Calls `check` with a record of every kind, each field of which holds a value of its own.
fn each_kind(mut check: impl FnMut(&Record<'_>)) {
    let id = TradeId::parse("20f43950-d8dd-5b31-9112-a178eb6023af").unwrap();
    let mut trade = Trade::new(
        INSTRUMENT,
        Fixed::new(12, -1),
        Fixed::new(34, -8),
        Side::SELL,
        id,
    );
    fill(&mut trade.header);
    (trade.first_id, trade.last_id) = (u64::MAX, 9);
    check(&Record::Trade(&trade));
    let mut bbo = Bbo::new(INSTRUMENT, -2, -3);
    fill(&mut bbo.header);
    (bbo.ask_px, bbo.ask_qty) = (i64::MAX, 1);
    check(&Record::Bbo(&bbo));
    for (bids, asks) in [(&LEVELS[..], &LEVELS[..1]), (&[], &LEVELS[..2]), (&[], &[])] {
        let mut head = BookHead::new(Kind::BookDelta, INSTRUMENT, -1, -8);
        fill(&mut head.header);
        (head.first_seq, head.checksum, head.depth) = (3, u32::MAX, 1000);
        check(&Record::BookDelta(BookEvent {
            head: &head,
            bids,
            asks,
        }));
        head.header.template_id = Kind::BookSnapshot as u16;
        check(&Record::BookSnapshot(BookEvent {
            head: &head,
            bids,
            asks,
        }));
    }
    for (symbol, base, quote) in [
        ("BTC/USD", "BTC", "USD"),
        ("这是测试币456", "", ""),
        ("", "", ""),
    ] {
        let mut head = InstrumentHead::new(VenueId::KRAKEN_SPOT, INSTRUMENT, Change::CHANGE);
        fill(&mut head.header);
        (head.tick, head.generation, head.contract_exp) = (5, u32::MAX, -18);
        check(&Record::Instrument(
            &head,
            InstrumentText {
                symbol,
                base,
                quote,
                settle: quote,
                name: base,
            },
        ));
    }
    for text in ["", "online", "Currency pair not supported XBT/USD"] {
        let head = StatusHead::new(
            VenueId::BYBIT_SPOT,
            StatusCode::REJECTED,
            INSTRUMENT,
            Channel::BOOK,
        );
        check(&Record::Status(&head, text));
    }
    let mut gap = Gap::new(INSTRUMENT, Channel::BOOK, GapCause::CHECKSUM);
    fill(&mut gap.header);
    (gap.first_seq, gap.last_seq) = (1, u64::MAX);
    check(&Record::Gap(&gap));
}

fn fill(header: &mut Header) {
    (header.line, header.frame, header.seq) = (u16::MAX, u64::MAX - 1, 77);
    (header.ts_venue, header.ts_send) = (i64::MAX, i64::MIN);
    (header.ts_recv, header.ts_kernel) = (1_700_000_000_000_000_001, 2);
}

/// Bytes of the record that carry something; behind them stand only the zeros of the padding.
fn meaningful_len(record: &Record<'_>) -> usize {
    let texts: &[&str] = match record {
        Record::Instrument(_, text) => &[text.symbol, text.base, text.quote],
        Record::Status(_, text) => &[text],
        _ => return record.encoded_len(),
    };
    8 + usize::from(record.header().block_length)
        + texts.iter().map(|text| 2 + text.len()).sum::<usize>()
}

#[test]
fn every_kind_survives_its_bytes() {
    let mut kinds = Vec::new();
    each_kind(|record| {
        let encoded = Aligned::of(record);
        assert_eq!(Record::parse(encoded.bytes()).as_ref(), Ok(record));
        assert!(
            encoded.bytes()[meaningful_len(record)..]
                .iter()
                .all(|byte| *byte == 0)
        );
        kinds.push(record.kind());
    });
    kinds.dedup();
    for kind in Kind::ALL {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn a_record_cut_at_any_byte_is_short() {
    each_kind(|record| {
        let encoded = Aligned::of(record);
        for length in 0..encoded.bytes().len() {
            let expected = if length < meaningful_len(record) {
                Err(WireError::Short)
            } else {
                Ok(*record)
            };
            let cut = &encoded.bytes()[..length];
            assert_eq!(
                Record::parse(cut),
                expected,
                "{:?} at {length}",
                record.kind()
            );
        }
    });
}

#[test]
fn a_buffer_that_is_too_small_is_not_written_beyond_its_end() {
    each_kind(|record| {
        let mut buffer = vec![0; record.encoded_len()];
        for length in 0..buffer.len() {
            assert_eq!(record.encode(&mut buffer[..length]), None);
        }
        assert_eq!(record.encode(&mut buffer), Some(record.encoded_len()));
    });
}

#[test]
fn the_longer_block_of_a_newer_writer_is_skipped() {
    each_kind(|record| {
        for extra in [8, 16, 64] {
            let newer = Aligned::of(record).with_longer_block(extra);
            let parsed = Record::parse(newer.bytes()).unwrap();
            assert_eq!(parsed.kind(), record.kind());
            assert_eq!(parsed.header().version, 2);
            assert_eq!(parsed.header().seq, record.header().seq);
            match (parsed, *record) {
                (Record::BookDelta(new), Record::BookDelta(old))
                | (Record::BookSnapshot(new), Record::BookSnapshot(old)) => {
                    assert_eq!((new.bids, new.asks), (old.bids, old.asks));
                }
                (Record::Instrument(_, new), Record::Instrument(_, old)) => assert_eq!(new, old),
                (Record::Status(_, new), Record::Status(_, old)) => assert_eq!(new, old),
                _ => {}
            }
        }
    });
}

#[test]
fn a_block_shorter_than_any_version_wrote_is_refused() {
    each_kind(|record| {
        let mut encoded = Aligned::of(record);
        let shorter = record.header().block_length - 8;
        encoded.bytes_mut()[..2].copy_from_slice(&shorter.to_le_bytes());
        assert!(
            Record::parse(encoded.bytes()).is_err(),
            "{:?}",
            record.kind()
        );
    });
}

#[test]
fn a_kind_of_a_later_version_is_told_apart_from_damage() {
    each_kind(|record| {
        let mut encoded = Aligned::of(record);
        encoded.bytes_mut()[2..4].copy_from_slice(&999_u16.to_le_bytes());
        assert_eq!(
            Record::parse(encoded.bytes()),
            Err(WireError::Template(999))
        );
        encoded.bytes_mut()[4..6].copy_from_slice(&1_u16.to_le_bytes());
        assert_eq!(Record::parse(encoded.bytes()), Err(WireError::Schema(1)));
    });
}

#[test]
fn bytes_off_the_8_byte_grid_are_refused() {
    each_kind(|record| {
        let encoded = Aligned::of(record);
        for shift in 1..8 {
            let found = Record::parse(&encoded.bytes()[shift..]);
            assert_eq!(found, Err(WireError::Misaligned), "{shift}");
        }
    });
}

#[test]
fn inner_lengths_that_no_writer_wrote_are_refused() {
    let mut head = BookHead::new(Kind::BookDelta, INSTRUMENT, 0, 0);
    head.header.seq = 1;
    let event = BookEvent {
        head: &head,
        bids: &LEVELS,
        asks: &LEVELS,
    };
    let group = size_of::<BookHead>();
    for (at, value, expected) in [
        (group, 24, WireError::Layout),
        (group, 0, WireError::Layout),
        (group + 4, 255, WireError::Short),
        (group + 7, 255, WireError::Short),
    ] {
        let mut encoded = Aligned::of(&Record::BookDelta(event));
        encoded.bytes_mut()[at] = value;
        assert_eq!(Record::parse(encoded.bytes()), Err(expected), "{at}");
    }
}

#[test]
fn a_text_that_is_no_utf_8_is_refused() {
    let status = StatusHead::new(
        VenueId::KRAKEN_SPOT,
        StatusCode::VENUE,
        InstrumentId::NONE,
        Channel::NONE,
    );
    let mut encoded = Aligned::of(&Record::Status(&status, "online"));
    encoded.bytes_mut()[size_of::<StatusHead>() + 3] = 0xFF;
    assert_eq!(Record::parse(encoded.bytes()), Err(WireError::Text));
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let status = StatusHead::new(
        VenueId::KRAKEN_SPOT,
        StatusCode::VENUE,
        InstrumentId::NONE,
        Channel::NONE,
    );
    let text = "é".repeat(2_000);
    let encoded = Aligned::of(&Record::Status(&status, &text));
    let Ok(Record::Status(_, kept)) = Record::parse(encoded.bytes()) else {
        panic!("the record no longer parses");
    };
    assert_eq!(kept, &text[..1_024]);
    let odd = format!("x{text}");
    let encoded = Aligned::of(&Record::Status(&status, &odd));
    let Ok(Record::Status(_, kept)) = Record::parse(encoded.bytes()) else {
        panic!("the record no longer parses");
    };
    assert_eq!(kept, &odd[..1_023]);
}

#[test]
fn the_fullest_book_is_no_longer_than_the_promised_maximum() {
    let side = vec![Level::default(); crate::book::LEVELS_MAX];
    let head = BookHead::new(Kind::BookSnapshot, INSTRUMENT, 0, 0);
    let event = BookEvent {
        head: &head,
        bids: &side,
        asks: &side,
    };
    assert_eq!(Record::BookSnapshot(event).encoded_len(), RECORD_BYTES_MAX);
}
