//! A journal with records of every kind.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use feedd_codecs::record::{
    ABSENT, Bbo, BookEvent, BookHead, Candle, Change, Figure, FigureName, Gap, GapCause, Header,
    InstrumentHead, InstrumentText, Kind, Level, Liquidation, Order, OrderAction, OrdersEvent,
    OrdersHead, Side, StatusCode, StatusHead, TickerEvent, TickerHead, Trade, TradeId,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};
use feedd_storage::{Journal, JournalOptions};

pub(crate) const VENUE: VenueId = VenueId::KRAKEN_SPOT;
pub(crate) const SYMBOLS: [&str; 2] = ["BTC/USD", "ETH/USD"];
const MINUTE: i64 = 60_000_000_000;

/// A journal in the making.
pub(crate) struct Market {
    pub(crate) journal: Journal,
    /// Receive stamp of the next record.
    pub(crate) now: i64,
}

impl Market {
    /// An empty journal whose instruments are known. Its records are ten minutes old, so that no
    /// table is too short for them.
    pub(crate) fn new(dir: &Path) -> Self {
        let journal = Journal::open(dir, JournalOptions::default()).unwrap().0;
        let roster: String = (0..SYMBOLS.len())
            .map(|index| format!("{VENUE} {index} {}\n", SYMBOLS[index]))
            .collect();
        std::fs::write(dir.join("instruments"), roster).unwrap();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(wall.as_nanos()).unwrap() - 10 * MINUTE;
        Self { journal, now }
    }

    pub(crate) fn append(&mut self, record: &Record<'_>) -> u64 {
        let mut bytes = vec![0; record.encoded_len()];
        record.encode(&mut bytes).unwrap();
        let ts_recv = record.header().ts_recv;
        self.journal.records().append(ts_recv, &[&bytes]).unwrap()
    }

    /// Stamps a header as the next record's.
    pub(crate) fn stamp(&mut self, header: &mut Header) {
        self.now += 1_000;
        header.ts_recv = self.now;
        header.ts_venue = self.now - 5_000_000;
        header.seq = u64::try_from(self.now).unwrap() / 7;
    }

    /// The next trade, not appended yet.
    pub(crate) fn next_trade(&mut self) -> Trade {
        let number = self.journal.records().next_seq();
        let mantissa = i64::try_from(number).unwrap();
        let id = TradeId::Integer(u128::from(number));
        let (px, qty) = (
            Fixed::new(6_000_000 + mantissa % 997, -2),
            Fixed::new(1 + mantissa % 89, -8),
        );
        let side = if number.is_multiple_of(3) {
            Side::BUY
        } else {
            Side::SELL
        };
        let mut trade = Trade::new(instrument(number), px, qty, side, id);
        self.stamp(&mut trade.header);
        trade
    }

    pub(crate) fn trades(&mut self, count: u64) {
        for _ in 0..count {
            let trade = self.next_trade();
            self.append(&Record::Trade(&trade));
        }
    }

    /// One record of each kind.
    pub(crate) fn one_of_each(&mut self) {
        self.trades(1);
        self.instrument();
        self.bbo();
        self.books();
        self.orders();
        self.statistics();
        self.status_and_gap();
    }

    fn instrument(&mut self) {
        let mut head = InstrumentHead::new(VENUE, instrument(0), Change::ADD);
        (head.px_exp, head.qty_exp, head.tick, head.lot) = (-2, -8, 1, 5);
        self.stamp(&mut head.header);
        let text = InstrumentText {
            symbol: SYMBOLS[0],
            base: "BTC",
            quote: "USD",
            settle: "",
            name: "BTC-USD",
        };
        self.append(&Record::Instrument(&head, text));
    }

    fn bbo(&mut self) {
        let mut bbo = Bbo::new(instrument(0), -2, -8);
        (bbo.bid_px, bbo.bid_qty) = (6_000_001, 123_456_789);
        (bbo.ask_px, bbo.ask_qty) = (6_000_102, 1);
        self.stamp(&mut bbo.header);
        self.append(&Record::Bbo(&bbo));
        (bbo.ask_px, bbo.ask_qty) = (ABSENT, 0);
        self.stamp(&mut bbo.header);
        self.append(&Record::Bbo(&bbo));
    }

    fn books(&mut self) {
        let level = |px, qty| Level { px, qty };
        let (bids, asks) = ([level(100, 7), level(99, 5), level(90, 1)], [level(103, 2)]);
        for kind in [Kind::BookSnapshot, Kind::BookDelta] {
            let mut head = BookHead::new(kind, instrument(0), -1, -3);
            self.stamp(&mut head.header);
            let head = &head;
            if kind == Kind::BookSnapshot {
                let (bids, asks) = (&bids[..], &asks[..]);
                self.append(&Record::BookSnapshot(BookEvent { head, bids, asks }));
            } else {
                let (bids, asks) = (&bids[1..2], &[][..]);
                self.append(&Record::BookDelta(BookEvent { head, bids, asks }));
            }
        }
    }

    fn orders(&mut self) {
        let mut id = [0; 24];
        id[..5].copy_from_slice(b"OAAAB");
        let order = Order {
            id,
            px: 100,
            qty: 7,
            ts: self.now,
            action: OrderAction::ADD,
            px_digits: 1,
            qty_digits: 3,
            reserved: [0; 5],
        };
        for (bids, asks) in [(&[order][..], &[order, order][..]), (&[], &[])] {
            let mut head = OrdersHead::new(Kind::OrdersDelta, instrument(0), -1, -3);
            self.stamp(&mut head.header);
            let head = &head;
            self.append(&Record::OrdersDelta(OrdersEvent { head, bids, asks }));
        }
        let mut head = OrdersHead::new(Kind::OrdersSnapshot, instrument(0), -1, -3);
        self.stamp(&mut head.header);
        let (head, bids, asks) = (&head, &[order][..], &[][..]);
        self.append(&Record::OrdersSnapshot(OrdersEvent { head, bids, asks }));
    }

    fn statistics(&mut self) {
        let mut head = TickerHead::new(instrument(0), Channel::MARK_PRICE);
        self.stamp(&mut head.header);
        let figures = [
            Figure::new(FigureName::MARK_PRICE, Fixed::new(6_000_012_345, -5)),
            Figure::new(FigureName::FUNDING_RATE, Fixed::new(-125, -6)),
            Figure::new(
                FigureName::NEXT_FUNDING_TIME,
                Fixed::new(1_900_000_000_000, -3),
            ),
            Figure::new(FigureName::DELTA, Fixed::new(5, -1)),
        ];
        self.append(&Record::Ticker(TickerEvent {
            head: &head,
            figures: &figures,
        }));
        let mut candle = Candle::new(instrument(0), Channel::CANDLE_1M);
        (candle.open, candle.high, candle.low, candle.close) = (100, 110, 90, 105);
        (
            candle.volume,
            candle.volume_exp,
            candle.px_exp,
            candle.closed,
        ) = (77, -2, -1, 1);
        candle.ts_open = self.now;
        self.stamp(&mut candle.header);
        self.append(&Record::Candle(&candle));
        let mut liquidation = Liquidation::new(instrument(0), Side::SELL, -1, -3);
        (liquidation.px, liquidation.qty) = (100, 5);
        self.stamp(&mut liquidation.header);
        self.append(&Record::Liquidation(&liquidation));
    }

    fn status_and_gap(&mut self) {
        let mut head = StatusHead::new(
            VENUE,
            StatusCode::LINE_UP,
            InstrumentId::NONE,
            Channel::NONE,
        );
        self.stamp(&mut head.header);
        self.append(&Record::Status(&head, "connected, \"quoted\" and\nbroken"));
        for id in [instrument(0), InstrumentId::NONE] {
            let mut gap = Gap::new(id, Channel::BOOK, GapCause::SEQUENCE);
            (gap.first_seq, gap.last_seq, gap.ts_open) = (5, 9, self.now);
            self.stamp(&mut gap.header);
            self.append(&Record::Gap(&gap));
        }
    }
}

pub(crate) fn instrument(number: u64) -> InstrumentId {
    InstrumentId::new(VENUE, u32::try_from(number % 2).unwrap())
}
