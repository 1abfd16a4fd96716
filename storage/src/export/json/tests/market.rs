//! One golden line per kind of market data beside trades and books.

use feedd_codecs::record::{
    Candle, Figure, FigureName, Flags, Kind, Liquidation, ORDER_ID_BYTES, Order, OrderAction,
    OrdersEvent, OrdersHead, Side, TickerEvent, TickerHead,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};

use super::{ETH, stamp, writer};

#[test]
fn a_ticker_has_the_figures_that_the_venue_gave_by_name() {
    let mut head = TickerHead::new(ETH, Channel::MARK_PRICE);
    stamp(&mut head.header);
    head.header.flags = Flags::SNAPSHOT;
    head.header.seq = 5;
    let figure = |name, mantissa, exp| Figure::new(name, Fixed::new(mantissa, exp));
    let event = TickerEvent {
        head: &head,
        figures: &[
            figure(FigureName::MARK_PRICE, 268_380, -2),
            figure(FigureName::FUNDING_RATE, -125, -6),
            figure(FigureName::NEXT_FUNDING_TIME, 1_723_190_400, 0),
        ],
    };
    assert_eq!(
        writer().record(&Record::Ticker(event), None),
        concat!(
            r#"{"kind":"ticker","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"channel":"mark_price","seq":5,"#,
            r#""mark_price":"2683.8","funding_rate":"-0.000125","#,
            r#""next_funding_time":"1723190400","flags":["snapshot"],"#,
            r#""instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_candle_has_each_number_at_its_own_scale_and_null_for_what_is_not_given() {
    let mut candle = Candle::new(ETH, Channel::CANDLE_1M);
    stamp(&mut candle.header);
    (candle.ts_open, candle.ts_close) = (1_723_161_240_000_000_000, 1_723_161_300_000_000_000);
    (candle.open, candle.high, candle.low, candle.close) = (26_838, 26_850, 26_800, 26_841);
    (candle.volume, candle.quote_volume, candle.vwap) = (15, 402_600, 26_840_123);
    (candle.trades, candle.first_id, candle.last_id) = (0, 100, 109);
    (candle.px_exp, candle.volume_exp) = (-1, 0);
    (candle.quote_exp, candle.vwap_exp, candle.closed) = (-1, -4, 1);
    assert_eq!(
        writer().record(&Record::Candle(&candle), None),
        concat!(
            r#"{"kind":"candle","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"channel":"candle_1m","#,
            r#""ts_open":1723161240000000000,"ts_close":1723161300000000000,"#,
            r#""open":"2683.8","high":"2685","low":"2680","close":"2684.1","volume":"15","#,
            r#""quote_volume":"40260","taker_volume":null,"taker_quote_volume":null,"#,
            r#""vwap":"2684.0123","trades":0,"first_id":100,"last_id":109,"closed":true,"#,
            r#""flags":["last"],"instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_candle_of_an_open_interval_is_not_closed_and_may_know_no_trades() {
    let candle = Candle::new(ETH, Channel::CANDLE_1D);
    let line = writer().record(&Record::Candle(&candle), None).to_owned();
    assert!(
        line.contains(concat!(
            r#""channel":"candle_1d","ts_open":null,"ts_close":null,"open":null,"high":null,"#,
            r#""low":null,"close":null,"volume":null,"quote_volume":null,"taker_volume":null,"#,
            r#""taker_quote_volume":null,"vwap":null,"trades":null,"first_id":null,"#,
            r#""last_id":null,"closed":false,"#
        )),
        "{line}"
    );
}

#[test]
fn a_liquidation_has_the_closing_orders_side_and_what_was_filled() {
    let mut found = Liquidation::new(ETH, Side::SELL, -2, -3);
    stamp(&mut found.header);
    (found.px, found.qty) = (268_380, 12_500);
    assert_eq!(
        writer().record(&Record::Liquidation(&found), None),
        concat!(
            r#"{"kind":"liquidation","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"price":"2683.8","qty":"12.5","#,
            r#""side":"sell","avg_price":null,"filled_qty":null,"flags":["last"],"#,
            r#""instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
    (found.avg_px, found.filled_qty) = (268_379, 0);
    let line = writer()
        .record(&Record::Liquidation(&found), None)
        .to_owned();
    assert!(
        line.contains(r#""avg_price":"2683.79","filled_qty":"0","#),
        "{line}"
    );
}

/// An order whose id is `id`.
fn order(id: &[u8], px: i64, qty: i64, ts: i64, action: OrderAction) -> Order {
    let mut bytes = [0; ORDER_ID_BYTES];
    bytes[..id.len()].copy_from_slice(id);
    Order {
        id: bytes,
        px,
        qty,
        ts,
        action,
        px_digits: 1,
        qty_digits: 8,
        reserved: [0; 5],
    }
}

fn orders_head(kind: Kind) -> OrdersHead {
    let id = InstrumentId::new(VenueId::KRAKEN_SPOT, 2);
    let mut head = OrdersHead::new(kind, id, -1, -8);
    stamp(&mut head.header);
    head.depth = 10;
    head
}

#[test]
fn changes_of_orders_have_id_action_price_quantity_and_time() {
    let mut head = orders_head(Kind::OrdersDelta);
    head.header.flags = Flags::CHECKSUM;
    head.checksum = 3_111_681_483;
    let placed = 1_723_161_255_308_000_001;
    let event = OrdersEvent {
        head: &head,
        bids: &[
            order(
                b"OLDWRY-KHYKG-SOHWRP",
                294_311,
                82_000_000,
                placed,
                OrderAction::ADD,
            ),
            order(b"O2", 294_300, 0, 0, OrderAction::DELETE),
        ],
        asks: &[order(b"say\"\xFF", 294_320, 5, 1, OrderAction::MODIFY)],
    };
    assert_eq!(
        writer().record(&Record::OrdersDelta(event), None),
        concat!(
            r#"{"kind":"orders_delta","venue":"kraken","product":"spot","symbol":null,"#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"#,
            r#""bids":[["OLDWRY-KHYKG-SOHWRP","add","29431.1","0.82",1723161255308000001],"#,
            r#"["O2","delete","29430","0",null]],"#,
            r#""asks":[["say\"�","modify","29432","0.00000005",1]],"#,
            r#""checksum":3111681483,"depth":10,"flags":["checksum"],"#,
            r#""instrument":822083586,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_snapshot_of_no_orders_has_two_empty_sides() {
    let head = orders_head(Kind::OrdersSnapshot);
    let event = OrdersEvent {
        head: &head,
        bids: &[],
        asks: &[],
    };
    let line = writer()
        .record(&Record::OrdersSnapshot(event), None)
        .to_owned();
    assert!(
        line.starts_with(r#"{"kind":"orders_snapshot","venue":"kraken","#),
        "{line}"
    );
    assert!(
        line.contains(r#""bids":[],"asks":[],"checksum":null,"depth":10,"flags":["last"],"#),
        "{line}"
    );
}
