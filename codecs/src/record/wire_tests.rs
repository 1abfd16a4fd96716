//! Records through their bytes: every kind, every truncation, newer writers, foreign bytes.

mod samples;

use zerocopy::IntoBytes;

use self::samples::{FIGURES, INSTRUMENT, LEVELS, ORDERS, each_kind};
use super::{
    BookEvent, BookHead, Kind, Level, OrdersEvent, OrdersHead, RECORD_BYTES_MAX, Record,
    StatusCode, StatusHead, TickerEvent, TickerHead, WireError,
};
use crate::instrument::InstrumentId;
use crate::venue::levels::MESSAGE_LEVELS_MAX;
use crate::venue::{Channel, VenueId};

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

/// Bytes of the record that carry something; behind them stand only the zeros of the padding.
fn meaningful_len(record: &Record<'_>) -> usize {
    let texts: &[&str] = match record {
        Record::Instrument(_, text) => {
            &[text.symbol, text.base, text.quote, text.settle, text.name]
        }
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
    assert_eq!(kinds, Kind::ALL);
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
                (Record::Ticker(new), Record::Ticker(old)) => {
                    assert_eq!(new.figures, old.figures);
                }
                (Record::OrdersDelta(new), Record::OrdersDelta(old))
                | (Record::OrdersSnapshot(new), Record::OrdersSnapshot(old)) => {
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

/// Damages the group that stands `at` in `record`: another entry length, a count beyond the end.
fn assert_group_is_guarded(record: &Record<'_>, at: usize) {
    for (at, value, expected) in [
        (at, 24, WireError::Layout),
        (at, 0, WireError::Layout),
        (at + 1, 1, WireError::Layout),
        (at + 4, 255, WireError::Short),
        (at + 7, 255, WireError::Short),
    ] {
        let mut encoded = Aligned::of(record);
        encoded.bytes_mut()[at] = value;
        let (found, kind) = (Record::parse(encoded.bytes()), record.kind());
        assert_eq!(found, Err(expected), "{kind:?} at {at}");
    }
}

#[test]
fn inner_lengths_that_no_writer_wrote_are_refused() {
    let head = &BookHead::new(Kind::BookDelta, INSTRUMENT, 0, 0);
    let (bids, asks) = (&LEVELS, &LEVELS);
    let book = Record::BookDelta(BookEvent { head, bids, asks });
    assert_group_is_guarded(&book, size_of::<BookHead>());
    assert_group_is_guarded(&book, size_of::<BookHead>() + 8 + size_of_val(bids));
    let head = &TickerHead::new(INSTRUMENT, Channel::TICKER);
    let figures = &FIGURES;
    let ticker = Record::Ticker(TickerEvent { head, figures });
    assert_group_is_guarded(&ticker, size_of::<TickerHead>());
    let head = &OrdersHead::new(Kind::OrdersDelta, INSTRUMENT, 0, 0);
    let (bids, asks) = (&ORDERS, &ORDERS);
    let orders = Record::OrdersDelta(OrdersEvent { head, bids, asks });
    assert_group_is_guarded(&orders, size_of::<OrdersHead>());
    assert_group_is_guarded(&orders, size_of::<OrdersHead>() + 8 + size_of_val(bids));
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
fn the_fullest_records_are_no_longer_than_the_promised_maximum() {
    let side = vec![Level::default(); crate::book::LEVELS_MAX];
    let head = BookHead::new(Kind::BookSnapshot, INSTRUMENT, 0, 0);
    let book = BookEvent {
        head: &head,
        bids: &side,
        asks: &side,
    };
    let side = vec![ORDERS[0]; MESSAGE_LEVELS_MAX];
    let head = OrdersHead::new(Kind::OrdersSnapshot, INSTRUMENT, 0, 0);
    let orders = OrdersEvent {
        head: &head,
        bids: &side,
        asks: &[],
    };
    let book = Record::BookSnapshot(book).encoded_len();
    let orders = Record::OrdersSnapshot(orders).encoded_len();
    assert_eq!(book.max(orders), RECORD_BYTES_MAX);
}
