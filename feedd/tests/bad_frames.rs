//! Frames that no venue should send: each is refused by the rule it breaks and kept in the
//! quarantine; nothing else suffers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use feedd::config::Bytes;
use feedd_codecs::VenueId;
use feedd_codecs::raw::Carrier;
use feedd_codecs::record::{GapCause, StatusCode};
use support::{CHANNELS, Rig, market, quarantined, wait_for};
use venue_sim::{Fault, Product, RawFrame, Target};

/// Largest message that these daemons accept.
const MESSAGE: usize = 256 << 10;

fn send(rig: &Rig, frame: RawFrame) {
    let target = Target::product(Product::BinanceSpot);
    rig.sim.inject(Fault::Raw { target, frame });
}

fn text(bytes: &[u8]) -> RawFrame {
    RawFrame::Text(bytes.to_vec())
}

fn rig() -> Rig {
    let mut rig = Rig::new(&[Product::BinanceSpot, Product::KrakenSpot], 100);
    rig.config.limits.message = Bytes(MESSAGE as u64);
    rig
}

#[test]
fn each_bad_frame_is_quarantined_whole_under_its_rule_and_disturbs_nothing() {
    let deep = "[".repeat(100_000).into_bytes();
    let trade = |fields: &str| {
        format!("{{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"s\":\"BTCUSDT\",{fields}}}}}")
            .into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("empty", b" \n\t".to_vec()),
        (
            "invalid_json",
            br#"{"stream":"btcusdt@trade","data":{"e":"tra"#.to_vec(),
        ),
        ("invalid_json", br#"{"stream":"btcusdt@trade"}}"#.to_vec()),
        ("too_deep", deep),
        (
            "html",
            b"<html><body>502 Bad Gateway</body></html>".to_vec(),
        ),
        ("unknown_shape", br#"{"x":1}"#.to_vec()),
        ("missing_field", trade(r#""E":1,"t":1"#)),
        (
            "wrong_type",
            trade(r#""E":1,"T":1,"t":1,"p":"1.0","q":"1.0","m":"yes""#),
        ),
        (
            "invalid_number",
            trade(r#""E":1,"T":1,"t":1,"p":"1.0.0","q":"1.0","m":true"#),
        ),
        (
            "negative",
            trade(r#""E":1,"T":1,"t":1,"p":"1.0","q":"-1.0","m":true"#),
        ),
        (
            "number_range",
            trade(r#""E":1,"T":1,"t":1,"p":"99999999999999999999999","q":"1","m":true"#),
        ),
    ];
    let rig = rig();
    let (daemon, mut journal) = rig.live_daemon();
    for (_, bytes) in &cases {
        send(&rig, text(bytes));
    }
    send(&rig, RawFrame::Binary(vec![0, 255, 1]));
    let dir = &rig.config.journal.dir;
    wait_for("every bad frame is quarantined", || {
        quarantined(dir).len() > cases.len()
    });
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    let expected: Vec<(&str, Carrier, Vec<u8>)> = cases
        .into_iter()
        .map(|(rule, bytes)| (rule, Carrier::TEXT, bytes))
        .chain([("binary", Carrier::BINARY, vec![0, 255, 1])])
        .collect();
    for (found, expected) in quarantined(dir).iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(quarantined(dir).len(), expected.len());
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
    assert_eq!(
        journal.statuses(StatusCode::LINE_UP).len(),
        2,
        "no reconnect"
    );
}

#[test]
fn frame_that_breaks_the_protocol_ends_its_line_alone_and_books_come_back() {
    let cases = [
        ("invalid_utf8", text(&[b'{', 0xff, 0xfe, b'}'])),
        ("too_large", text(&vec![b' '; MESSAGE + 1])),
    ];
    let rig = rig();
    let (daemon, mut journal) = rig.live_daemon();
    for (at, (_, frame)) in cases.iter().enumerate() {
        send(&rig, frame.clone());
        journal.until("the line is lost", |entries| {
            let down = |entry: &&support::Entry| entry.is_status(StatusCode::LINE_DOWN);
            entries.iter().filter(down).count() == at + 1
        });
        let lost = journal.entries().len();
        rig.wait_until_live_at(&mut journal, lost, |venue| venue == VenueId::BINANCE_SPOT);
    }
    rig.finish(daemon, &mut journal);
    let rules: Vec<_> = quarantined(&rig.config.journal.dir)
        .into_iter()
        .map(|(rule, carrier, _)| (rule, carrier))
        .collect();
    assert_eq!(
        rules,
        cases.each_ref().map(|(rule, _)| (*rule, Carrier::TEXT))
    );
    let gaps = journal.gaps();
    assert_eq!(gaps.len(), cases.len() * 2 * CHANNELS.len());
    for gap in gaps {
        assert_eq!(gap.venue.to_string(), "binance-spot");
        assert_eq!(gap.gap().unwrap().0, GapCause::DISCONNECT);
    }
}

#[test]
fn fragments_and_a_flood_of_pings_are_ordinary() {
    let mut market = market(&[Product::BinanceSpot], 100);
    // Answers count against the venue's limit; here they must not end the line.
    market.limits.inbound_per_second = Some(100_000);
    let rig = Rig::with(&market);
    let (daemon, mut journal) = rig.live_daemon();
    let parts = [&br#"{"result":"#[..], b"null,", br#""id":999}"#];
    send(
        &rig,
        RawFrame::Fragments(parts.map(<[u8]>::to_vec).to_vec()),
    );
    send(&rig, RawFrame::PingFlood(b"x".to_vec(), 1_000));
    let from = journal.poll().len();
    journal.until("data after the flood", |entries| entries.len() > from + 100);
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    assert!(quarantined(&rig.config.journal.dir).is_empty());
}
