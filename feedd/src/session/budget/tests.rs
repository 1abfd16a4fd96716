use std::sync::atomic::{AtomicI64, Ordering};

use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Venue, with_venue};
use tempfile::TempDir;

use super::*;

mod lives;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const SPOT_URL: &str = "https://api.binance.com";
/// 80 % of Binance Spot's 6,000.
const SPOT_SHARE: u32 = 4_800;

/// Time as the test says; each process has its own monotonic origin.
#[derive(Debug)]
struct Hands {
    wall: AtomicI64,
    origin: AtomicI64,
}

impl Clock for Hands {
    fn mono(&self) -> i64 {
        self.wall() - self.origin.load(Ordering::Relaxed)
    }

    fn wall(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }
}

/// A journal's budgets through several lives of a process.
struct Desk {
    dir: TempDir,
    clock: Arc<Hands>,
    budgets: Budgets,
}

impl Desk {
    /// Behind a run that booked nothing and stopped cleanly.
    fn new(percent: u8) -> Self {
        let clock = Arc::new(Hands {
            wall: AtomicI64::new(1_700_000_000 * SECOND),
            origin: AtomicI64::new(0),
        });
        let dir = tempfile::tempdir().unwrap();
        Store::new(dir.path())
            .save(&Accounts::new(), false)
            .unwrap();
        let budgets = Budgets::open(dir.path(), percent, Arc::clone(&clock) as Arc<dyn Clock>);
        let desk = Self {
            dir,
            clock,
            budgets,
        };
        assert_eq!(
            desk.spot().book(1, true),
            Err(WAIT_MIN),
            "the file does not say running yet"
        );
        desk.save();
        desk
    }

    fn pass(&self, ns: i64) {
        self.clock.wall.fetch_add(ns, Ordering::Relaxed);
    }

    /// What the keeper's thread does when it wakes.
    fn save(&self) {
        self.budgets.0.save_if_due();
    }

    fn stop_cleanly(&self) {
        self.budgets.0.lock().closed = true;
        self.budgets.0.save(self.budgets.0.lock());
    }

    /// A new process that uses Binance Spot, after whatever happened to the one before.
    fn restart(&mut self, percent: u8) {
        self.reopen(percent);
        let _ = self.spot();
        self.save();
    }

    /// A new process that has no feed yet.
    fn reopen(&mut self, percent: u8) {
        let origin = self.clock.wall() - 5;
        self.clock.origin.store(origin, Ordering::Relaxed);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.budgets = Budgets::open(self.dir.path(), percent, clock);
    }

    fn spot(&self) -> Budget {
        self.requests(VenueId::BINANCE_SPOT, SPOT_URL)
    }

    fn lines(&self, id: VenueId, url: &str) -> Budget {
        self.budgets.connects(id, url, facts(id))
    }

    fn requests(&self, id: VenueId, url: &str) -> Budget {
        self.budgets.requests(id, url, facts(id))
    }
}

fn facts(id: VenueId) -> &'static Facts {
    with_venue!(id, V => V::new(id, StreamOptions::default()).facts())
}

fn ban(seconds: u64) -> Stop {
    Stop {
        lasts: Duration::from_secs(seconds),
        named: true,
        ban: true,
        reason: "HTTP status 418".to_owned(),
    }
}

/// Books until the account refuses, with the file written in between; returns the sum.
fn drain(desk: &Desk, budget: &Budget, amount: u32, urgent: bool) -> u32 {
    let mut sum = 0;
    for _ in 0..20_000 {
        match budget.book(amount, urgent) {
            Ok(_) => sum += amount,
            Err(wait) if wait <= SECOND => {
                desk.pass(wait);
                desk.save();
            }
            Err(_) => return sum,
        }
    }
    panic!("it never refuses")
}

#[test]
fn usdm_and_coinm_share_one_account_and_spot_has_its_own() {
    let desk = Desk::new(80);
    let usdm = desk.requests(VenueId::BINANCE_USDM, "https://fapi.binance.com");
    let coinm = desk.requests(VenueId::BINANCE_COINM, "https://dapi.binance.com");
    usdm.book(20, true).unwrap();
    coinm.book(5, true).unwrap();
    assert_eq!((usdm.usage().used, coinm.usage().used), (25, 25));
    assert_eq!(usdm.usage().share, 1_920);
    coinm.stop(&ban(60));
    assert!(usdm.book(1, true).unwrap_err() > 59 * SECOND);
    desk.spot().book(20, true).unwrap();
}

#[test]
fn connections_to_one_host_are_counted_over_all_feeds() {
    let desk = Desk::new(80);
    let url = "wss://stream.bybit.com";
    let spot = desk.lines(VenueId::BYBIT_SPOT, url);
    let linear = desk.lines(VenueId::BYBIT_LINEAR, url);
    spot.book(1, true).unwrap();
    linear.book(1, true).unwrap();
    assert_eq!((spot.usage().used, spot.usage().share), (2, 400));
    let kraken = desk.lines(VenueId::KRAKEN_SPOT, "wss://ws.kraken.com");
    assert_eq!((kraken.usage().used, kraken.usage().share), (0, 120));
}

#[test]
fn routine_requests_leave_room_for_urgent_ones() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    assert_eq!(drain(&desk, &spot, 20, false), SPOT_SHARE / 4 * 3);
    assert_eq!(drain(&desk, &spot, 20, true), SPOT_SHARE / 4);
}

#[test]
fn a_request_above_the_share_goes_out_alone() {
    let desk = Desk::new(1);
    let spot = desk.spot();
    assert_eq!(spot.usage().share, 60);
    spot.book(250, true).unwrap();
    desk.pass(SECOND);
    desk.save();
    assert!(spot.book(1, true).unwrap_err() > 58 * SECOND);
}

#[test]
fn what_others_use_by_the_venue_s_count_is_respected_for_one_window() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    let booking = spot.book(250, true).unwrap();
    spot.answered(booking, Some(5_600));
    assert!(spot.book(250, true).unwrap_err() > 59 * SECOND);
    spot.book(20, true).unwrap();
    desk.pass(MINUTE);
    desk.save();
    let booking = spot.book(250, true).unwrap();
    spot.answered(booking, Some(250));
    desk.pass(SECOND);
    desk.save();
    spot.book(250, true).unwrap();
}

#[test]
fn an_older_answer_does_not_hide_a_newer_count() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    let first = spot.book(20, true).unwrap();
    let second = spot.book(20, true).unwrap();
    spot.answered(second, Some(5_690));
    spot.answered(first, Some(20));
    assert!(spot.book(20, true).is_err());
}

#[test]
fn a_ban_survives_restarts_and_nothing_goes_out_before_its_end() {
    let mut desk = Desk::new(80);
    let spot = desk.spot();
    spot.book(20, true).unwrap();
    desk.save();
    spot.stop(&ban(600));
    // The keeper wakes at once, not after a second; then the process is killed.
    desk.save();
    for passed in (0..600).step_by(50) {
        desk.restart(80);
        let spot = desk.spot();
        let wait = spot.book(1, true).unwrap_err();
        let left = (600 - passed) * SECOND;
        assert!((left - SECOND..=left).contains(&wait), "{wait} of {left}");
        let (_, reason) = spot.usage().stopped.unwrap();
        assert_eq!(reason, "HTTP status 418");
        desk.save();
        desk.pass(50 * SECOND);
    }
    desk.restart(80);
    desk.spot().book(1, true).unwrap();
}

#[test]
fn a_ban_of_a_feed_that_is_not_configured_now_is_kept() {
    let mut desk = Desk::new(80);
    desk.spot().stop(&ban(600));
    desk.save();
    desk.reopen(80);
    let kraken = desk.lines(VenueId::KRAKEN_SPOT, "wss://ws.kraken.com");
    desk.save();
    kraken.book(1, true).unwrap();
    desk.stop_cleanly();
    desk.restart(80);
    assert!(desk.spot().book(1, true).unwrap_err() > 590 * SECOND);
}

#[test]
fn a_ban_stops_connections_to_the_same_host_and_to_no_other() {
    let desk = Desk::new(80);
    let rest = desk.requests(VenueId::KRAKEN_SPOT, "http://127.0.0.1:1000");
    let here = desk.lines(VenueId::KRAKEN_SPOT, "ws://127.0.0.1:1000");
    let elsewhere = desk.lines(VenueId::KRAKEN_SPOT, "wss://ws.kraken.com");
    rest.stop(&Stop {
        ban: false,
        ..ban(60)
    });
    here.book(1, true).unwrap();
    rest.stop(&ban(60));
    assert!(here.book(1, true).is_err());
    elsewhere.book(1, true).unwrap();
}

#[test]
fn stops_without_a_named_time_double_until_an_answer_is_good() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    let own = Stop {
        named: false,
        ..ban(60)
    };
    let times: Vec<u64> = (0..8).map(|_| spot.stop(&own).as_secs()).collect();
    assert_eq!(times, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    spot.answered(Booking(0), None);
    assert_eq!(spot.stop(&own).as_secs(), 60);
    assert_eq!(spot.stop(&ban(10 * 86_400)).as_secs(), 3 * 86_400);
}

#[test]
fn without_a_readable_file_half_the_share_counts_as_used() {
    let mut desk = Desk::new(80);
    let path = desk.budgets.0.store.path().to_owned();
    for text in [None, Some("nonsense\n"), Some("feedd budgets 1 running\n")] {
        match text {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
        }
        desk.restart(80);
        assert_eq!(desk.spot().usage().used, SPOT_SHARE / 2, "{text:?}");
        desk.pass(MINUTE);
        assert_eq!(desk.spot().usage().used, 0, "{text:?}");
    }
}

#[test]
fn an_unannounced_end_counts_a_tenth_as_used_and_a_clean_one_nothing() {
    let mut desk = Desk::new(80);
    desk.spot().book(20, true).unwrap();
    desk.pass(SECOND);
    desk.save();
    desk.restart(80);
    assert_eq!(desk.spot().usage().used, 20 + SPOT_SHARE / 10);
    desk.stop_cleanly();
    desk.restart(80);
    assert_eq!(desk.spot().usage().used, 20 + SPOT_SHARE / 10);
}

#[test]
fn nothing_is_booked_after_the_file_is_closed() {
    let desk = Desk::new(80);
    desk.stop_cleanly();
    assert_eq!(desk.spot().book(1, true), Err(SECOND));
}

#[test]
fn the_file_is_written_at_most_once_a_second_but_a_stop_at_once() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    let saved = || desk.budgets.0.lock().saved_at;
    let mut writes = Vec::new();
    for _ in 0..=400 {
        let _ = spot.book(1, true);
        let before = saved();
        desk.save();
        if saved() != before {
            writes.push(saved());
        }
        desk.pass(10_000_000);
    }
    assert_eq!(writes.len(), 4);
    assert!(writes.windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
    spot.stop(&ban(60));
    desk.save();
    assert_eq!(saved(), desk.clock.mono());
}

#[test]
fn a_directory_that_cannot_be_written_stops_nobody() {
    let desk = Desk::new(80);
    let spot = desk.spot();
    let state = desk.budgets.0.store.path().parent().unwrap().to_owned();
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::write(&state, "in the way").unwrap();
    assert_eq!(drain(&desk, &spot, 20, true), SPOT_SHARE);
}

#[test]
fn the_keeper_writes_by_itself_and_completes_the_file_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let budgets = Budgets::open(dir.path(), 80, Arc::new(crate::clock::System));
    let keeper = Keeper::start(&budgets).unwrap();
    let spot = budgets.requests(
        VenueId::BINANCE_SPOT,
        SPOT_URL,
        facts(VenueId::BINANCE_SPOT),
    );
    let since = std::time::Instant::now();
    while spot.book(20, true).is_err() {
        assert!(since.elapsed() < Duration::from_secs(10), "never begun");
        std::thread::sleep(Duration::from_millis(1));
    }
    spot.stop(&ban(600));
    let store = Store::new(dir.path());
    let written = |before: &Before| {
        let (accounts, found) = store.load();
        let kept = accounts.get("rest:binance-spot");
        found == *before && kept.is_some_and(|kept| kept.stop.is_some())
    };
    while !written(&Before::Running) {
        assert!(since.elapsed() < Duration::from_secs(10), "never written");
        std::thread::sleep(Duration::from_millis(2));
    }
    keeper.close();
    assert!(written(&Before::Stopped));
}
