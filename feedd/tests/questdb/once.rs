//! Exactly once: the process is killed, the server is killed, rows come again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use feedd_codecs::{Fixed, Record};
use feedd_storage::sink::{DeadLetters, SinkReport};
use feedd_storage::{Cursor, LogKind};

use crate::counting::assert_reconciled;
use crate::market::Market;
use crate::pumping::{Pumping, SINK};
use crate::server::{Server, options};

const JOURNAL: &str = "FEEDD_TEST_JOURNAL";
const ADDRESS: &str = "FEEDD_TEST_ADDRESS";
const KILLS: usize = 5;
/// The last records that are sent once more.
const AGAIN: u64 = 100_000;

/// Appends trades, and one record of each kind among every hundred, until `done`.
fn load(market: &mut Market, done: impl Fn() -> bool) {
    while !done() {
        market.trades(100);
        market.one_of_each();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn drain(server: &Server, market: &mut Market, dir: &Path) -> SinkReport {
    let next_seq = market.journal.records().next_seq();
    Pumping::start(dir, server.options()).drain(next_seq)
}

/// A process that runs the sink; it does not outlive its test.
struct Role(Child);

impl Role {
    fn start(server: &Server, dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "once::role_pump_until_killed", "--ignored"])
            .env(JOURNAL, dir)
            .env(ADDRESS, &server.address)
            .stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "runs in a process of its own, which is killed"]
fn role_pump_until_killed() {
    let dir = std::env::var_os(JOURNAL).unwrap();
    let options = options(&std::env::var(ADDRESS).unwrap());
    let pumping = Pumping::start(Path::new(&dir), options);
    pumping.wait("the end of this process", |_| false);
}

#[test]
fn a_sink_that_is_killed_again_and_again_leaves_nothing_out_and_nothing_twice() {
    let name = "a_sink_that_is_killed_again_and_again_leaves_nothing_out_and_nothing_twice";
    let Some(server) = Server::any(name) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    let cursor = Cursor::open(dir.path(), SINK, LogKind::Records).unwrap();
    for kill in 0..KILLS {
        let before = cursor.load().unwrap();
        let role = Role::start(&server, dir.path());
        load(&mut market, || cursor.load().unwrap() > before);
        // Every kill comes at another moment between two writes of the cursor.
        std::thread::sleep(Duration::from_millis(37 * kill as u64));
        drop(role);
    }
    let left = market.journal.records().next_seq() - cursor.load().unwrap().unwrap();
    let report = drain(&server, &mut market, dir.path());
    assert!(report.taken >= left && report.dead == 0 && report.lost == 0);
    assert_reconciled(&server, dir.path());
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_batches_has_every_record_once() {
    let name = "a_server_that_is_killed_in_the_middle_of_batches_has_every_record_once";
    let Some(mut server) = Server::start(name) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(400_000);
    let pumping = Pumping::start(dir.path(), server.options());
    for taken in [50_000, 150_000] {
        pumping.wait("batches", |report| report.taken > taken);
        server.kill();
        pumping.wait("a failure", |report| !report.up);
        server.start_again();
    }
    market.one_of_each();
    let report = pumping.drain(market.journal.records().next_seq());
    assert!(report.retries >= 2 && report.dead == 0 && report.lost == 0);
    assert_reconciled(&server, dir.path());
}

#[test]
fn a_server_that_is_down_for_a_while_under_load_gets_everything_afterwards() {
    let name = "a_server_that_is_down_for_a_while_under_load_gets_everything_afterwards";
    let Some(mut server) = Server::start(name) else {
        return;
    };
    let seconds = std::env::var("FEEDD_QUESTDB_DOWN").map_or(3, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    let pumping = Pumping::start(dir.path(), server.options());
    load(&mut market, || pumping.status.read().acked_seq > 1_000);
    server.kill();
    let killed = Instant::now();
    load(&mut market, || {
        killed.elapsed() > Duration::from_secs(seconds)
    });
    let waiting = pumping.status.read();
    assert!(
        waiting.retries > 0 && waiting.lag_records > 0,
        "{waiting:?}"
    );
    server.start_again();
    let back = Instant::now();
    let report = pumping.drain(market.journal.records().next_seq());
    assert_eq!((report.dead, report.lost), (0, 0));
    println!(
        "down for {seconds} s: {} records and {} MiB waited, {} tries; all acknowledged {} ms after the restart",
        waiting.lag_records,
        waiting.lag_bytes >> 20,
        waiting.retries,
        back.elapsed().as_millis()
    );
    assert_reconciled(&server, dir.path());
}

#[test]
fn sending_the_last_hundred_thousand_records_again_changes_nothing() {
    let name = "sending_the_last_hundred_thousand_records_again_changes_nothing";
    let Some(server) = Server::any(name) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(AGAIN);
    (0..1_000).for_each(|_| market.one_of_each());
    drain(&server, &mut market, dir.path());
    assert_reconciled(&server, dir.path());
    let next_seq = market.journal.records().next_seq();
    let cursor = Cursor::open(dir.path(), SINK, LogKind::Records).unwrap();
    cursor.save(next_seq - AGAIN).unwrap();
    let report = drain(&server, &mut market, dir.path());
    assert!(report.taken >= AGAIN, "{report:?}");
    assert_reconciled(&server, dir.path());
}

#[test]
fn rows_that_no_server_takes_go_to_the_dead_letters_and_their_batch_arrives() {
    let name = "rows_that_no_server_takes_go_to_the_dead_letters_and_their_batch_arrives";
    let Some(server) = Server::any(name) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(3_000);
    market.one_of_each();
    let mut poisoned = market.next_trade();
    // More digits than the exact column holds: the server says so.
    (poisoned.px, poisoned.px_exp) = (i64::MAX, Fixed::new(0, 18).exp);
    let first = market.append(&Record::Trade(&poisoned));
    market.trades(2_000);
    let mut early = market.next_trade();
    // Before 1970: no row of either protocol can say so.
    early.header.ts_recv = -1;
    let second = market.append(&Record::Trade(&early));
    market.trades(1_000);
    let report = drain(&server, &mut market, dir.path());
    let letters = DeadLetters::read(dir.path(), SINK).unwrap();
    let dead: Vec<u64> = letters.iter().map(|letter| letter.seq).collect();
    assert_eq!((dead, report.dead), (vec![first, second], 2));
    assert!(
        letters[0].reason.contains("price_d"),
        "{}",
        letters[0].reason
    );
    assert!(
        letters[1].reason.contains("negative"),
        "{}",
        letters[1].reason
    );
    assert_reconciled(&server, dir.path());
}

#[test]
fn a_server_that_asks_for_a_password_takes_it_from_a_file_and_nothing_tells_it() {
    let name = "a_server_that_asks_for_a_password_takes_it_from_a_file_and_nothing_tells_it";
    let settings = [
        "http.user=feed",
        "http.password=canary-5b1f",
        "http.health.check.authentication.required=false",
    ];
    let Some(server) = Server::start_with(name, &settings) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(10);
    let next_seq = market.journal.records().next_seq();
    let file = dir.path().join("secret");
    std::fs::write(&file, "username = feed\npassword = canary-wrong\n").unwrap();
    let mut options = server.options();
    options.credentials = Some(file.clone());
    let pumping = Pumping::start(dir.path(), options.clone());
    pumping.wait("a refusal", |report| report.retries > 1);
    assert_eq!(pumping.status.read().dead, 0);
    // Put right while it runs.
    std::fs::write(&file, "username = feed\npassword = canary-5b1f\n").unwrap();
    pumping.drain(next_seq);
    let shown = format!(
        "{options:?} {:?}",
        feedd::sink::questdb::QuestDb::new(options.clone())
    );
    assert!(!shown.contains("canary"));
}
