//! One golden line per kind, and the seams: absent values, unknown symbols, hostile text.

use feedd_codecs::record::{
    BookHead, Change, Conditions, GapCause, GapEnd, InstrumentType, Kind, OptionRight, Side,
    StatusCode, TradeId, TradingState,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{InstrumentId, Reject};

use super::*;

mod market;

const ETH: InstrumentId = InstrumentId::new(VenueId::BINANCE_SPOT, 0);

/// A writer that knows `ETH` as ETHUSDT.
fn writer() -> JsonLines {
    let mut writer = JsonLines::new();
    let head = InstrumentHead::new(VenueId::BINANCE_SPOT, ETH, Change::ADD);
    writer.learn(&Record::Instrument(&head, names("ETHUSDT", "", "")));
    writer
}

fn names<'a>(symbol: &'a str, base: &'a str, quote: &'a str) -> InstrumentText<'a> {
    InstrumentText {
        symbol,
        base,
        quote,
        settle: "",
        name: "",
    }
}

fn stamp(header: &mut Header) {
    header.ts_venue = 1_723_161_255_308_000_000;
    header.ts_recv = 1_723_161_254_024_619_568;
    header.line = 3;
    header.frame = 41;
    header.flags = Flags::LAST;
}

fn trade() -> Trade {
    let (px, qty) = (Fixed::new(268_380, -2), Fixed::new(30_292, -4));
    let mut trade = Trade::new(ETH, px, qty, Side::BUY, TradeId::Integer(1_549_846_123));
    stamp(&mut trade.header);
    trade
}

#[test]
fn a_trade_with_all_fields_is_one_line() {
    let mut trade = trade();
    trade.header.seq = 7;
    trade.header.ts_send = 1_723_161_255_309_000_000;
    trade.header.ts_kernel = 1_723_161_254_024_600_000;
    (trade.first_id, trade.last_id) = (11, 12);
    trade.conditions = Conditions::AGGREGATE;
    assert_eq!(
        writer().record(&Record::Trade(&trade), None),
        concat!(
            r#"{"kind":"trade","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":1723161255309000000,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":1723161254024600000,"#,
            r#""price":"2683.8","qty":"3.0292","side":"buy","id":"1549846123","seq":7,"#,
            r#""first_id":11,"last_id":12,"conditions":["aggregate"],"flags":["last"],"#,
            r#""instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn what_is_not_given_is_null_and_an_unknown_instrument_has_no_symbol() {
    let mut trade = trade();
    trade.header.ts_venue = 0;
    trade.header.ts_recv = 0;
    trade.side = Side::NONE;
    let mut writer = JsonLines::new();
    assert_eq!(
        writer.record(&Record::Trade(&trade), Some(9)),
        concat!(
            r#"{"kind":"trade","venue":"binance","product":"spot","symbol":null,"#,
            r#""ts_venue":null,"ts_send":null,"ts_recv":0,"ts_kernel":null,"#,
            r#""price":"2683.8","qty":"3.0292","side":null,"id":"1549846123","seq":null,"#,
            r#""first_id":null,"last_id":null,"conditions":[],"flags":["last"],"#,
            r#""instrument":285212672,"line":3,"frame":41,"journal_seq":9}"#,
            "\n"
        )
    );
}

#[test]
fn a_bbo_without_bids_has_a_null_price_and_quantity_zero() {
    let mut bbo = Bbo::new(ETH, -2, -8);
    stamp(&mut bbo.header);
    bbo.header.seq = 35_346_513_501;
    (bbo.ask_px, bbo.ask_qty) = (268_381, 3_143_950_000);
    assert_eq!(
        writer().record(&Record::Bbo(&bbo), None),
        concat!(
            r#"{"kind":"bbo","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"#,
            r#""bid_price":null,"bid_qty":"0","ask_price":"2683.81","ask_qty":"31.4395","#,
            r#""seq":35346513501,"flags":["last"],"instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_book_delta_keeps_removals_and_exact_texts() {
    let id = InstrumentId::new(VenueId::KRAKEN_SPOT, 2);
    let mut head = BookHead::new(Kind::BookDelta, id, -1, -8);
    stamp(&mut head.header);
    head.header.flags = Flags::MAYBE_BAD_BOOK.with(Flags::CHECKSUM);
    head.checksum = 3_111_681_483;
    head.depth = 10;
    head.channel = Channel::BOOK_RPI;
    let level = |px, qty| Level { px, qty };
    let event = BookEvent {
        head: &head,
        bids: &[level(294_311, 0), level(294_300, 8_251_821_770)],
        asks: &[],
    };
    assert_eq!(
        writer().record(&Record::BookDelta(event), None),
        concat!(
            r#"{"kind":"book_delta","venue":"kraken","product":"spot","symbol":null,"#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"#,
            r#""bids":[["29431.1","0"],["29430","82.5182177"]],"asks":[],"seq":null,"#,
            r#""first_seq":null,"prev_seq":null,"cross_seq":null,"checksum":3111681483,"#,
            r#""depth":10,"channel":"book_rpi","flags":["maybe_bad_book","checksum"],"#,
            r#""instrument":822083586,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_book_snapshot_without_checksum_carries_its_numbers() {
    let mut head = BookHead::new(Kind::BookSnapshot, ETH, 0, 2);
    stamp(&mut head.header);
    head.header.flags = Flags::SNAPSHOT.with(Flags::CHECKPOINT);
    head.header.seq = 30;
    (head.first_seq, head.prev_seq, head.cross_seq) = (28, 27, 99);
    let event = BookEvent {
        head: &head,
        bids: &[],
        asks: &[Level { px: 5, qty: 7 }],
    };
    assert_eq!(
        writer().record(&Record::BookSnapshot(event), None),
        concat!(
            r#"{"kind":"book_snapshot","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"#,
            r#""bids":[],"asks":[["5","700"]],"seq":30,"first_seq":28,"prev_seq":27,"#,
            r#""cross_seq":99,"checksum":null,"depth":0,"channel":"book","#,
            r#""flags":["snapshot","checkpoint"],"instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn an_instrument_tells_its_terms() {
    let mut head = InstrumentHead::new(VenueId::BINANCE_COINM, ETH, Change::CHANGE);
    stamp(&mut head.header);
    (head.tick, head.lot) = (1, 100);
    (head.px_exp, head.qty_exp) = (-2, -5);
    (head.contract_size, head.contract_exp) = (10, 0);
    head.expiry = 1_727_424_000_000_000_000;
    head.generation = 4;
    head.state = TradingState::TRADING;
    head.instrument_type = InstrumentType::INVERSE_FUTURE;
    let mut text = names("ETHUSD_240927", "ETH", "USD");
    (text.settle, text.name) = ("ETH", "ETH-USD-240927");
    assert_eq!(
        JsonLines::new().record(&Record::Instrument(&head, text), None),
        concat!(
            r#"{"kind":"instrument","venue":"binance","product":"coinm","#,
            r#""symbol":"ETHUSD_240927","ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"change":"change","base":"ETH","#,
            r#""quote":"USD","settle":"ETH","name":"ETH-USD-240927","tick":"0.01","#,
            r#""lot":"0.001","price_exp":-2,"qty_exp":-5,"state":"trading","#,
            r#""type":"inverse_future","expiry":1727424000000000000,"contract_size":"10","#,
            r#""strike":null,"right":null,"multiplier":null,"generation":4,"flags":["last"],"#,
            r#""instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn an_option_tells_strike_right_and_multiplier() {
    let mut head = InstrumentHead::new(VenueId::BYBIT_OPTION, ETH, Change::ADD);
    (head.strike, head.strike_exp) = (26_505, -1);
    (head.multiplier, head.multiplier_exp) = (1, 3);
    head.right = OptionRight::PUT;
    let line = JsonLines::new()
        .record(&Record::Instrument(&head, names("ETH", "", "")), None)
        .to_owned();
    assert!(
        line.contains(r#""venue":"bybit","product":"option","#),
        "{line}"
    );
    assert!(
        line.contains(r#""strike":"2650.5","right":"put","multiplier":"1000","generation":0"#),
        "{line}"
    );
}

#[test]
fn an_instrument_without_terms_has_nulls() {
    let head = InstrumentHead::new(VenueId::BINANCE_SPOT, ETH, Change::ADD);
    let line = JsonLines::new()
        .record(&Record::Instrument(&head, names("ETHUSDT", "", "")), None)
        .to_owned();
    assert!(
        line.contains(concat!(
            r#""change":"add","base":null,"quote":null,"settle":null,"name":null,"tick":null,"#,
            r#""lot":null,"price_exp":0,"qty_exp":0,"state":"unknown","type":"unknown","#,
            r#""expiry":null,"contract_size":null,"strike":null,"right":null,"multiplier":null,"#,
            r#""generation":0,"flags":[],"#
        )),
        "{line}"
    );
}

#[test]
fn a_gap_that_was_found_names_channel_cause_and_what_is_known_of_its_bounds() {
    let mut gap = Gap::new(ETH, Channel::BOOK, GapCause::SEQUENCE);
    stamp(&mut gap.header);
    gap.header.seq = 10;
    gap.first_seq = 11;
    gap.ts_open = gap.header.ts_recv;
    assert_eq!(
        writer().record(&Record::Gap(&gap), None),
        concat!(
            r#"{"kind":"gap","venue":"binance","product":"spot","symbol":"ETHUSDT","#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"channel":"book","#,
            r#""cause":"sequence","seq":10,"first_seq":11,"last_seq":null,"end":"open","#,
            r#""ts_open":1723161254024619568,"ts_good":null,"missing":null,"flags":["last"],"#,
            r#""instrument":285212672,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

#[test]
fn a_gap_that_ended_tells_how_and_what_stays_missing() {
    let mut gap = Gap::new(ETH, Channel::TRADE, GapCause::SILENCE);
    (gap.first_seq, gap.last_seq, gap.missing) = (11, 14, 4);
    (gap.ts_open, gap.ts_good) = (6, 5);
    gap.end = GapEnd::LOST;
    let line = writer().record(&Record::Gap(&gap), None).to_owned();
    assert!(
        line.contains(concat!(
            r#""channel":"trade","cause":"silence","seq":null,"first_seq":11,"last_seq":14,"#,
            r#""end":"lost","ts_open":6,"ts_good":5,"missing":4,"flags":[]"#
        )),
        "{line}"
    );
}

#[test]
fn a_gap_of_a_whole_line_names_no_venue() {
    let gap = Gap::new(InstrumentId::NONE, Channel::NONE, GapCause::DISCONNECT);
    let line = writer().record(&Record::Gap(&gap), None).to_owned();
    assert!(
        line.starts_with(r#"{"kind":"gap","venue":null,"product":null,"symbol":null,"#),
        "{line}"
    );
    assert!(
        line.contains(r#""channel":"none","cause":"disconnect""#),
        "{line}"
    );
}

#[test]
fn a_status_carries_the_venues_text_escaped() {
    let none = InstrumentId::NONE;
    let mut head = StatusHead::new(VenueId::KRAKEN_SPOT, StatusCode::VENUE, none, Channel::NONE);
    stamp(&mut head.header);
    assert_eq!(
        writer().record(&Record::Status(&head, "say \"no\"\n\u{1}\\"), None),
        concat!(
            r#"{"kind":"status","venue":"kraken","product":"spot","symbol":null,"#,
            r#""ts_venue":1723161255308000000,"ts_send":null,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"channel":"none","code":"venue","#,
            r#""text":"say \"no\"\n\u0001\\","flags":["last"],"instrument":0,"line":3,"frame":41}"#,
            "\n"
        )
    );
}

fn raw_head(len: u64) -> RawHead {
    RawHead {
        line: 3,
        venue: VenueId::BYBIT_LINEAR,
        carrier: Carrier::TEXT,
        rule: 0,
        reserved: [0; 3],
        len,
        frame: 41,
        ts_recv: 1_723_161_254_024_619_568,
        ts_kernel: 0,
    }
}

#[test]
fn a_raw_frame_of_text_stands_as_a_string() {
    let frame = br#"{"op":"pong"}"#;
    assert_eq!(
        JsonLines::new().raw(&raw_head(frame.len() as u64), frame, Some(5)),
        concat!(
            r#"{"kind":"raw","venue":"bybit","product":"linear","line":3,"frame":41,"#,
            r#""ts_recv":1723161254024619568,"ts_kernel":null,"carrier":"text","rule":null,"#,
            r#""text":"{\"op\":\"pong\"}","journal_seq":5}"#,
            "\n"
        )
    );
}

#[test]
fn a_quarantined_frame_of_other_bytes_stands_in_hex_with_its_rule() {
    let mut head = raw_head(3).rejected(Reject::InvalidUtf8);
    head.carrier = Carrier::BINARY;
    let line = JsonLines::new()
        .raw(&head, &[0xff, 0x00, 0x7f], None)
        .to_owned();
    assert!(
        line.ends_with("\"carrier\":\"binary\",\"rule\":\"invalid_utf8\",\"bytes\":\"ff007f\"}\n"),
        "{line}"
    );
}

#[test]
fn every_character_survives_escaping() {
    let text: String = ('\0'..='\u{7f}').chain("é\u{2028}😀".chars()).collect();
    let mut escaped = String::new();
    escape(&mut escaped, &text);
    assert_eq!(unescape(&escaped), text);
}

/// The inverse of `escape`, written from the JSON grammar.
fn unescape(json: &str) -> String {
    let inner = json.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let mut characters = inner.chars();
    let mut text = String::new();
    while let Some(character) = characters.next() {
        assert!(character >= ' ' && character != '"', "{json}");
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next().unwrap() {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let code: String = characters.by_ref().take(4).collect();
                text.push(char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap());
            }
            same => text.push(same),
        }
    }
    text
}
