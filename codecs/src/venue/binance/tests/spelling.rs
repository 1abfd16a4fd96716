//! The same message spelled in other ways.

use super::*;

#[test]
fn combined_and_raw_frames_say_the_same() {
    for (stream, payload) in [
        ("bnbbtc@trade", TRADE),
        ("bnbbtc@aggTrade", AGG_TRADE),
        ("bnbusdt@bookTicker", BOOK_TICKER),
        ("bnbbtc@depth@100ms", DEPTH),
    ] {
        let first = format!(r#"{{"stream":"{stream}","data":{payload}}}"#);
        let last = format!(r#"{{"data":{payload},"stream":"{stream}"}}"#);
        let raw = spot().one(payload);
        assert_eq!(spot().one(&first), raw);
        assert_eq!(spot().one(&last), raw);
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let reversed = r#"{"M":true,"m":true,"T":1672515782133,"q":"100.00000000","p":"0.00102400","t":12345,"s":"BNBBTC","E":1672515782136,"e":"trade"}"#;
    assert_eq!(spot().trade(reversed), spot().trade(TRADE));
    let reversed = r#"{"a":[["0.00260000","100.00000000"]],"b":[["0.00240000","10.00000000"],["0.00230000","0.00000000"]],"u":160,"U":157,"s":"BNBBTC","E":1672515782136,"e":"depthUpdate"}"#;
    assert_eq!(spot().book(reversed), spot().book(DEPTH));
}

#[test]
fn times_in_microseconds_are_told_by_their_magnitude() {
    let micros = TRADE
        .replace("1672515782136", "1672515782136123")
        .replace("1672515782133", "1672515782133456");
    let trade = spot().trade(&micros);
    assert_eq!(trade.header.ts_send, 1_672_515_782_136_123_000);
    assert_eq!(trade.header.ts_venue, 1_672_515_782_133_456_000);
}

#[test]
fn bare_numbers_and_quoted_ones_say_the_same() {
    let bare = TRADE
        .replace(r#""0.00102400""#, "0.00102400")
        .replace(r#""100.00000000""#, "100.00000000");
    assert_eq!(spot().trade(&bare), spot().trade(TRADE));
    let quoted = TRADE.replace("12345", r#""12345""#);
    assert_eq!(spot().trade(&quoted), spot().trade(TRADE));
}

#[test]
fn symbols_may_be_escaped_or_outside_ascii() {
    let escaped = TRADE.replace("BNBBTC", r"\u0042NBBTC");
    let mut bench = spot();
    assert_eq!(bench.trade(&escaped), spot().trade(TRADE));
    let foreign = TRADE.replace("BNBBTC", "这是测试币456");
    let trade = bench.trade(&foreign);
    assert_eq!(
        &*bench.instruments.get(trade.header.instrument).symbol,
        "这是测试币456"
    );
    let venue = Binance::new(SPOT, StreamOptions::default());
    let text = request(&venue, Ask::Subscribe, &[("这是测试币456", Channel::TRADE)]);
    assert!(text.contains(r#"["这是测试币456@trade"]"#), "{text}");
}
