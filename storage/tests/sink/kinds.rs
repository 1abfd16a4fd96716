//! One record of every kind, with numbers that a careless reader would lose.

use feedd_codecs::record::{
    Bbo, BookEvent, BookHead, Candle, Change, Figure, FigureName, Flags, Gap, GapCause,
    InstrumentHead, InstrumentText, Kind, Liquidation, Order, OrderAction, OrdersEvent, OrdersHead,
    Side, StatusCode, StatusHead, TickerEvent, TickerHead, Trade, TradeId,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId, Level, Record, VenueId};
use feedd_storage::Journal;

use crate::model::{bytes_of, instrument};

const MS: i64 = 1_000_000;
/// 2023-11-14T22:13:20Z.
pub(crate) const BEGIN: i64 = 1_700_000_000_000_000_000;

/// Kinds made by [`append`], one after the other.
pub(crate) const KINDS: u64 = 12;

fn order(id: &str, action: OrderAction, px: i64) -> Order {
    let mut bytes = [0; 24];
    bytes[..id.len()].copy_from_slice(id.as_bytes());
    Order {
        id: bytes,
        px,
        qty: 12_345_678_901,
        ts: BEGIN + 1,
        action,
        px_digits: 1,
        qty_digits: 8,
        reserved: [0; 5],
    }
}

/// The bytes of record `seq`: its kind depends on the number, its receive stamp grows by `step`.
pub(crate) fn bytes(seq: u64, step: i64) -> (i64, Vec<u8>) {
    let ts_recv = BEGIN + i64::try_from(seq).unwrap() * step + 7;
    let stamp = |mut bytes: Vec<u8>| {
        bytes[16..24].copy_from_slice(&(seq + 5).to_le_bytes());
        bytes[24..32].copy_from_slice(&(9_007_199_254_740_993 + seq).to_le_bytes());
        bytes[32..40].copy_from_slice(&(ts_recv - 3 * MS).to_le_bytes());
        bytes[48..56].copy_from_slice(&ts_recv.to_le_bytes());
        bytes
    };
    let id = instrument(seq / KINDS);
    let bytes = match seq % KINDS {
        0 | 1 => trade(seq, id),
        2 => bbo(id),
        3 => book(Kind::BookDelta, id),
        4 => book(Kind::BookSnapshot, id),
        5 => ticker(id),
        6 => candle(id),
        7 => liquidation(id),
        8 => orders(id),
        9 => reference(id),
        10 => status(id),
        _ => gap(seq),
    };
    (ts_recv, stamp(bytes))
}

/// Appends `count` records whose receive stamps are `step` nanoseconds apart.
pub(crate) fn append(journal: &mut Journal, count: u64, step: i64) {
    for _ in 0..count {
        let (ts_recv, bytes) = bytes(journal.records().next_seq(), step);
        journal.records().append(ts_recv, &[&bytes]).unwrap();
    }
}

fn trade(seq: u64, id: InstrumentId) -> Vec<u8> {
    let trade_id = match seq % 24 {
        1 => TradeId::parse("20f43950-d8dd-5b31-9112-a178eb6023af").unwrap(),
        12 => TradeId::Integer(u128::from(u64::MAX) + 5),
        _ => TradeId::Integer(2_290_000_000_090_712_222 + u128::from(seq)),
    };
    let side = [Side::BUY, Side::SELL, Side::NONE][usize::try_from(seq % 3).unwrap()];
    let px = Fixed::new(9_007_199_254_740_993 + i64::try_from(seq).unwrap(), -9);
    Record::Trade(&Trade::new(
        id,
        px,
        Fixed::new(12_345_678_901_234_567, -18),
        side,
        trade_id,
    ))
    .to_bytes()
}

fn bbo(id: InstrumentId) -> Vec<u8> {
    let mut bbo = Bbo::new(id, -2, -13);
    (bbo.ask_px, bbo.ask_qty) = (6_543_210, 999_999_999_999_999_999);
    Record::Bbo(&bbo).to_bytes()
}

fn book(kind: Kind, id: InstrumentId) -> Vec<u8> {
    let mut head = BookHead::new(kind, id, -1, -8);
    head.header.flags = Flags::CHECKSUM.with(Flags::LAST);
    (head.checksum, head.depth, head.first_seq) = (4_000_000_000, 25, 77);
    let level = |px, qty| Level { px, qty };
    let bids = [level(1_000_001, 0), level(1_000_000, 9_007_199_254_740_993)];
    let event = BookEvent {
        head: &head,
        bids: &bids,
        asks: if kind == Kind::BookDelta {
            &[]
        } else {
            &bids[..1]
        },
    };
    match kind {
        Kind::BookDelta => Record::BookDelta(event).to_bytes(),
        _ => Record::BookSnapshot(event).to_bytes(),
    }
}

fn ticker(id: InstrumentId) -> Vec<u8> {
    let head = TickerHead::new(id, Channel::TICKER);
    let figures = [
        Figure::new(FigureName::LAST_PRICE, Fixed::new(6_543_215, -2)),
        Figure::new(FigureName::FUNDING_RATE, Fixed::new(-123_456_789, -12)),
        Figure::new(
            FigureName::NEXT_FUNDING_TIME,
            Fixed::new(1_700_006_400_000, -3),
        ),
    ];
    let event = TickerEvent {
        head: &head,
        figures: &figures,
    };
    Record::Ticker(event).to_bytes()
}

fn candle(id: InstrumentId) -> Vec<u8> {
    let mut candle = Candle::new(id, Channel::TRADE);
    (candle.ts_open, candle.ts_close) = (BEGIN, BEGIN + 60_000 * MS);
    (candle.open, candle.high, candle.low, candle.close) = (101, 104, 99, 103);
    (candle.volume, candle.volume_exp, candle.px_exp) = (i64::MAX, -18, -1);
    candle.closed = 1;
    Record::Candle(&candle).to_bytes()
}

fn liquidation(id: InstrumentId) -> Vec<u8> {
    let mut found = Liquidation::new(id, Side::SELL, -2, 3);
    (found.px, found.qty) = (1, 5);
    Record::Liquidation(&found).to_bytes()
}

fn orders(id: InstrumentId) -> Vec<u8> {
    let head = OrdersHead::new(Kind::OrdersDelta, id, -1, -8);
    let bids = [order("OABC12-DEF34-GHI567", OrderAction::ADD, 1_000)];
    let asks = [
        order("X", OrderAction::DELETE, 2_000),
        order("Y", OrderAction::MODIFY, 3),
    ];
    let event = OrdersEvent {
        head: &head,
        bids: &bids,
        asks: &asks,
    };
    Record::OrdersDelta(event).to_bytes()
}

fn reference(id: InstrumentId) -> Vec<u8> {
    let mut head = InstrumentHead::new(VenueId::KRAKEN_SPOT, id, Change::ADD);
    (head.tick, head.px_exp, head.generation) = (1, -2, 3);
    let symbol = crate::model::SYMBOLS[id.index()];
    let text = InstrumentText {
        symbol,
        base: "BTC",
        quote: "USD",
        settle: "",
        name: "BTC-USD",
    };
    Record::Instrument(&head, text).to_bytes()
}

fn status(id: InstrumentId) -> Vec<u8> {
    let head = StatusHead::new(
        VenueId::KRAKEN_SPOT,
        StatusCode::SUBSCRIBED,
        id,
        Channel::TRADE,
    );
    Record::Status(&head, "it's \"so\"; ü").to_bytes()
}

/// Every second one of a whole line, which names neither instrument nor venue.
fn gap(seq: u64) -> Vec<u8> {
    let id = if seq % 24 == 11 {
        InstrumentId::NONE
    } else {
        instrument(seq)
    };
    let mut gap = Gap::new(id, Channel::TRADE, GapCause::SEQUENCE);
    (gap.first_seq, gap.last_seq, gap.missing) = (5, u64::MAX, 3);
    Record::Gap(&gap).to_bytes()
}

trait ToBytes {
    fn to_bytes(&self) -> Vec<u8>;
}

impl ToBytes for Record<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        bytes_of(self)
    }
}
