//! What the venue's front door does: bans that outlive the process, frames that never end,
//! certificates that nobody trusts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::time::{Duration, Instant};

use feedd::config::Span;
use support::{Front, Rig, market, wait_for};
use venue_sim::{Fault, Product, RestAnswer, SimConfig};

/// How long the simulated venue bans.
const BAN_SECONDS: u64 = 6;
/// How often the daemon is killed meanwhile.
const KILLS: usize = 3;

/// A rig whose only feed passes through a front.
fn behind_front(product: Product) -> (Rig, Front) {
    let mut rig = Rig::new(&[product], 100);
    let front = Front::start(rig.sim.endpoint(product).unwrap().port);
    rig.config.feeds[0].ws_url = front.ws_url();
    rig.config.feeds[0].rest_url = front.rest_url();
    (rig, front)
}

#[test]
fn a_ban_outlives_a_crash_loop_and_nothing_is_asked_before_its_end() {
    let (rig, front) = behind_front(Product::BinanceSpot);
    rig.sim.inject(Fault::Rest {
        product: Product::BinanceSpot,
        path: None,
        answer: RestAnswer::Status {
            code: 418,
            retry_after: Some(BAN_SECONDS),
        },
        count: 1,
    });
    let daemon = rig.daemon();
    let state = rig.config.journal.dir.join("state").join("budgets");
    wait_for("the ban stands in the file", || {
        std::fs::read_to_string(&state).is_ok_and(|text| text.contains("\nstop rest:"))
    });
    // The answer came a moment before it was written; the end is not counted in that moment.
    let banned_until =
        Instant::now() + Duration::from_secs(BAN_SECONDS) - Duration::from_millis(200);
    // The file comes first, so that a daemon that dies between the two has it.
    wait_for("the ban is told", || {
        daemon.log().contains("the venue wants no requests")
    });
    assert_eq!(front.asked().len(), 1);
    daemon.kill();
    for _ in 0..KILLS {
        let daemon = rig.daemon();
        std::thread::sleep(Duration::from_millis(700));
        daemon.kill();
    }
    assert_eq!(front.asked().len(), 1, "{:?}", front.asked());
    assert!(
        Instant::now() < banned_until,
        "the ban was over before the test"
    );
    let (daemon, mut journal) = rig.live_daemon();
    let asked = front.asked();
    assert!(asked[1].0 >= banned_until, "{asked:?}");
    rig.finish(daemon, &mut journal);
}

#[test]
fn a_crash_loop_stays_within_the_budget_of_connections() {
    let (mut rig, front) = behind_front(Product::KrakenSpot);
    // 5 % of Kraken's 150 in ten minutes; each unannounced end may have hidden one.
    rig.config.limits.budget_share = 5;
    for _ in 0..8 {
        let daemon = rig.daemon();
        std::thread::sleep(Duration::from_millis(300));
        daemon.kill();
    }
    let asked = front.asked();
    let lines = asked
        .iter()
        .filter(|(_, line)| line.starts_with("GET /v2"))
        .count();
    assert!((1..=7).contains(&lines), "{asked:?}");
    let daemon = rig.daemon();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(front.asked().len(), asked.len(), "the budget is used up");
    assert_eq!(
        daemon.stop().code,
        Some(0),
        "waiting for a budget ends with the daemon"
    );
}

#[test]
fn a_frame_that_trickles_closes_its_line_with_that_reason_and_the_next_line_delivers() {
    let (mut rig, front) = behind_front(Product::KrakenSpot);
    rig.config.limits.frame = Span::from_millis(500);
    front.trickle(1);
    let daemon = rig.daemon();
    wait_for("the line is closed", || {
        daemon.log().contains("a frame was not complete after")
    });
    let mut journal = rig.journal();
    rig.wait_until_live(&mut journal, 0);
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
}

#[test]
fn a_certificate_that_is_not_trusted_is_tried_once_and_then_slowly() {
    let products = [Product::BybitLinear];
    let mut rig = Rig::with(&SimConfig {
        tls: true,
        ..market(&products, 100)
    });
    rig.config.tls.ca_file = None;
    let daemon = rig.daemon();
    let refusals = |log: &str| {
        let lines = log.lines().filter(|line| line.contains("no connection"));
        lines
            .filter(|line| line.contains("unknown authority"))
            .count()
    };
    wait_for("the line is refused", || refusals(&daemon.log()) > 0);
    // The shortest pauses of an ordinary failure are a hundredth of this.
    std::thread::sleep(Duration::from_millis(1_500));
    let log = daemon.log();
    assert_eq!(refusals(&log), 1, "{log}");
    for part in ["127.0.0.1", "\"origin\":\"venue\"", "\"retry_in\":\"300s\""] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert_eq!(daemon.stop().code, Some(0));
}

#[test]
fn an_unknown_name_is_told_with_its_host_and_the_other_feeds_deliver() {
    let mut rig = Rig::new(&[Product::BybitLinear, Product::KrakenSpot], 100);
    rig.config.feeds[0].ws_url = Some("ws://feedd-test.invalid:1".to_owned());
    let daemon = rig.daemon();
    wait_for("the name is told", || {
        daemon.log().contains("cannot resolve feedd-test.invalid")
    });
    let mut journal = rig.journal();
    rig.wait_until_live_at(&mut journal, 0, |id| id.to_string() == "kraken-spot");
    assert_eq!(daemon.stop().code, Some(0));
}
