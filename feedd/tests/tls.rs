//! `wss` and `https`: with the right authority everything works, without it nothing is trusted.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use feedd::config::Span;
use feedd_codecs::record::StatusCode;
use support::{Rig, market, wait_for};
use venue_sim::{Product, SimConfig};

fn rig(products: &[Product]) -> Rig {
    Rig::with(&SimConfig {
        tls: true,
        ..market(products, 100)
    })
}

#[test]
fn every_product_is_captured_over_tls_with_the_right_authority() {
    let rig = rig(&feedd::demo::products());
    for feed in &rig.config.feeds {
        assert!(feed.ws_url.as_ref().unwrap().starts_with("wss://"));
        assert!(feed.rest_url.as_ref().unwrap().starts_with("https://"));
    }
    let (daemon, mut journal) = rig.live_daemon();
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
}

#[test]
fn unknown_authority_is_refused_with_a_warning_on_both_ways() {
    // Kraken opens its line at once; Binance asks REST first.
    let mut rig = rig(&[Product::KrakenSpot, Product::BinanceSpot]);
    rig.config.tls.ca_file = None;
    rig.config.limits.tls_retry = Span::from_millis(50);
    let daemon = rig.daemon();
    let refused = |log: &str, what: &str| {
        log.lines()
            .filter(|line| line.contains(what) && line.contains("UnknownIssuer"))
            .count()
    };
    wait_for("both ways are refused again and again", || {
        let log = daemon.log();
        refused(&log, "no connection") >= 3 && refused(&log, "REST request failed") >= 2
    });
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let mut journal = rig.journal();
    journal.poll();
    assert!(journal.statuses(StatusCode::LINE_UP).is_empty());
    assert!(journal.entries().is_empty(), "{:?}", journal.entries());
    rig.assert_sound();
}

#[test]
fn unreadable_authority_file_exits_66_and_names_it() {
    let mut rig = rig(&[Product::KrakenSpot]);
    let nonsense = rig.dir.path().join("nonsense.pem");
    std::fs::write(&nonsense, "-----BEGIN CERTIFICATE-----\n!\n").unwrap();
    for path in [rig.dir.path().join("nowhere.pem"), nonsense] {
        rig.config.tls.ca_file = Some(path.clone());
        let output = support::run(&["run"], &rig.config_file());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(66), "{said}");
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
}
