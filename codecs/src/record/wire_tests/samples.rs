//! Records of every kind, each field of which holds a value of its own.

use crate::fixed::Fixed;
use crate::instrument::InstrumentId;
use crate::record::{
    Bbo, BookEvent, BookHead, Candle, Change, Conditions, Figure, FigureName, Flags, Gap, GapCause,
    GapEnd, Header, InstrumentHead, InstrumentText, InstrumentType, Kind, Level, Liquidation,
    ORDER_ID_BYTES, OptionRight, Order, OrderAction, OrdersEvent, OrdersHead, Record, Side,
    StatusCode, StatusHead, TickerEvent, TickerHead, Trade, TradeId, TradingState,
};
use crate::venue::{Channel, VenueId};

pub(super) const INSTRUMENT: InstrumentId = InstrumentId::new(VenueId::KRAKEN_SPOT, 7);

pub(super) const LEVELS: [Level; 3] = [
    Level { px: 105, qty: 1 },
    Level {
        px: 104,
        qty: i64::MAX,
    },
    Level { px: 103, qty: 0 },
];

pub(super) const FIGURES: [Figure; 3] = [
    Figure::new(FigureName::LAST_PRICE, Fixed::new(i64::MAX, -18)),
    Figure::new(FigureName::CHANGE, Fixed::new(-1, 18)),
    Figure::new(FigureName(u8::MAX), Fixed::new(0, 0)),
];

pub(super) const ORDERS: [Order; 3] = [
    order(b'A', 105, OrderAction::ADD),
    order(b'z', i64::MAX, OrderAction::MODIFY),
    order(0xFF, 0, OrderAction::DELETE),
];

const fn order(letter: u8, px: i64, action: OrderAction) -> Order {
    Order {
        id: [letter; ORDER_ID_BYTES],
        px,
        qty: px / 3 + 1,
        ts: 1_700_000_000_000_000_002,
        action,
        px_digits: 1,
        qty_digits: 8,
        reserved: [0; 5],
    }
}

/// Calls `check` with records of every kind, in the kinds' order; groups and texts are full, partly
/// filled and empty.
pub(super) fn each_kind(mut check: impl FnMut(&Record<'_>)) {
    trade(&mut check);
    bbo(&mut check);
    books(&mut check);
    tickers(&mut check);
    candle(&mut check);
    liquidation(&mut check);
    orders(&mut check);
    instruments(&mut check);
    statuses(&mut check);
    gap(&mut check);
}

fn fill(header: &mut Header) {
    (header.line, header.frame, header.seq) = (u16::MAX, u64::MAX - 1, 77);
    (header.ts_venue, header.ts_send) = (i64::MAX, i64::MIN);
    (header.ts_recv, header.ts_kernel) = (1_700_000_000_000_000_001, 2);
    header.flags = Flags::LATE.with(Flags::SUSPECT);
}

fn trade(check: &mut impl FnMut(&Record<'_>)) {
    let id = TradeId::parse("20f43950-d8dd-5b31-9112-a178eb6023af").unwrap();
    let (px, qty) = (Fixed::new(12, -1), Fixed::new(34, -8));
    let mut trade = Trade::new(INSTRUMENT, px, qty, Side::SELL, id);
    fill(&mut trade.header);
    (trade.first_id, trade.last_id) = (u64::MAX, 9);
    trade.conditions = Conditions::RPI;
    check(&Record::Trade(&trade));
}

fn bbo(check: &mut impl FnMut(&Record<'_>)) {
    let mut bbo = Bbo::new(INSTRUMENT, -2, -3);
    fill(&mut bbo.header);
    (bbo.ask_px, bbo.ask_qty) = (i64::MAX, 1);
    check(&Record::Bbo(&bbo));
}

fn books(check: &mut impl FnMut(&Record<'_>)) {
    for kind in [Kind::BookDelta, Kind::BookSnapshot] {
        let mut head = BookHead::new(kind, INSTRUMENT, -1, -8);
        fill(&mut head.header);
        (head.first_seq, head.prev_seq, head.cross_seq) = (3, 2, u64::MAX);
        (head.checksum, head.depth) = (u32::MAX, 1000);
        head.channel = Channel::BOOK_RPI_ONLY;
        for (bids, asks) in [(&LEVELS[..], &LEVELS[..1]), (&[], &LEVELS[..2]), (&[], &[])] {
            let head = &head;
            let event = BookEvent { head, bids, asks };
            check(&if kind == Kind::BookDelta {
                Record::BookDelta(event)
            } else {
                Record::BookSnapshot(event)
            });
        }
    }
}

fn tickers(check: &mut impl FnMut(&Record<'_>)) {
    let mut head = TickerHead::new(INSTRUMENT, Channel::MARK_PRICE);
    fill(&mut head.header);
    for figures in [&FIGURES[..], &FIGURES[..1], &[]] {
        let head = &head;
        check(&Record::Ticker(TickerEvent { head, figures }));
    }
}

fn candle(check: &mut impl FnMut(&Record<'_>)) {
    let mut candle = Candle::new(INSTRUMENT, Channel::CANDLE_1MO);
    fill(&mut candle.header);
    (candle.ts_open, candle.ts_close) = (1_698_796_800_000_000_000, 1_701_388_800_000_000_000);
    (candle.open, candle.high, candle.low, candle.close) = (5, i64::MAX, -1, 6);
    (candle.volume, candle.quote_volume) = (7, 8);
    (candle.taker_volume, candle.vwap, candle.trades) = (9, 10, 11);
    (candle.first_id, candle.last_id) = (12, u64::MAX);
    (candle.px_exp, candle.volume_exp) = (-1, -8);
    (candle.quote_exp, candle.vwap_exp, candle.closed) = (-9, -18, 1);
    check(&Record::Candle(&candle));
}

fn liquidation(check: &mut impl FnMut(&Record<'_>)) {
    let mut found = Liquidation::new(INSTRUMENT, Side::SELL, -2, -3);
    fill(&mut found.header);
    (found.px, found.qty, found.filled_qty) = (i64::MAX, 4, 3);
    check(&Record::Liquidation(&found));
}

fn orders(check: &mut impl FnMut(&Record<'_>)) {
    for kind in [Kind::OrdersDelta, Kind::OrdersSnapshot] {
        let mut head = OrdersHead::new(kind, INSTRUMENT, -1, -8);
        fill(&mut head.header);
        (head.checksum, head.depth) = (u32::MAX, 1000);
        for (bids, asks) in [(&ORDERS[..], &ORDERS[..1]), (&[], &ORDERS[..2]), (&[], &[])] {
            let head = &head;
            let event = OrdersEvent { head, bids, asks };
            check(&if kind == Kind::OrdersDelta {
                Record::OrdersDelta(event)
            } else {
                Record::OrdersSnapshot(event)
            });
        }
    }
}

fn instruments(check: &mut impl FnMut(&Record<'_>)) {
    let mut head = InstrumentHead::new(VenueId::BYBIT_OPTION, INSTRUMENT, Change::CHANGE);
    fill(&mut head.header);
    (head.tick, head.lot, head.expiry, head.contract_size) = (5, 6, 7, 8);
    (head.strike, head.multiplier) = (i64::MAX, 1_000);
    (head.generation, head.px_exp, head.qty_exp) = (u32::MAX, -1, -2);
    (head.contract_exp, head.strike_exp, head.multiplier_exp) = (-18, -3, -4);
    (head.state, head.right) = (TradingState::HALTED, OptionRight::PUT);
    head.instrument_type = InstrumentType::OPTION;
    for [symbol, base, quote, settle, name] in [
        ["BTC/USD", "BTC", "USD", "USDC", "BTC-USD-240628-70000-P"],
        ["这是测试币456", "", "", "", "é"],
        ["", "", "", "", ""],
    ] {
        let text = InstrumentText {
            symbol,
            base,
            quote,
            settle,
            name,
        };
        check(&Record::Instrument(&head, text));
    }
}

fn statuses(check: &mut impl FnMut(&Record<'_>)) {
    let (venue, code) = (VenueId::KRAKEN_FUTURES, StatusCode::ROTATED);
    let mut head = StatusHead::new(venue, code, INSTRUMENT, Channel::PRICE_LIMIT);
    fill(&mut head.header);
    for text in ["", "online", "Currency pair not supported XBT/USD"] {
        check(&Record::Status(&head, text));
    }
}

fn gap(check: &mut impl FnMut(&Record<'_>)) {
    let mut gap = Gap::new(INSTRUMENT, Channel::BOOK_FULL, GapCause::RESET);
    fill(&mut gap.header);
    (gap.first_seq, gap.last_seq, gap.missing) = (1, u64::MAX, 3);
    (gap.ts_open, gap.ts_good) = (i64::MAX, 4);
    gap.end = GapEnd::OTHER_LINE;
    check(&Record::Gap(&gap));
}
