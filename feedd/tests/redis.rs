//! The sink of newest values against a real Redis server from `PATH`.
//!
//! Without `redis-server` the tests say so and are skipped, unless `FEEDD_REQUIRE_REDIS=1`.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "questdb/market.rs"]
mod market;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use feedd::sink::redis::{Options, Redis};
use feedd_codecs::Record;
use feedd_codecs::record::Flags;
use feedd_storage::sink::{Notice, Pump, PumpOptions, Step, Surroundings};
use feedd_storage::{Cursor, LogKind};
use market::Market;
use redis::{Client, Connection};

const SINK: &str = "redis";
const START_SECONDS: u64 = 10;

/// A server without persistence; ended with its test.
struct Server {
    child: Option<Child>,
    port: u16,
    dir: tempfile::TempDir,
    more: Vec<String>,
}

impl Server {
    fn start(name: &str, more: &[&str]) -> Option<Self> {
        let there = Command::new("redis-server")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if there.is_err() {
            assert!(
                std::env::var_os("FEEDD_REQUIRE_REDIS").is_none(),
                "{name}: no redis-server"
            );
            eprintln!("skipped: {name}: no redis-server");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Self {
            child: None,
            port,
            dir: tempfile::tempdir().unwrap(),
            more: more.iter().map(|&word| word.to_owned()).collect(),
        };
        server.run();
        Some(server)
    }

    /// Starts the server, empty.
    fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .args(&self.more)
            .current_dir(self.dir.path())
            .stdout(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(START_SECONDS));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn options(&self) -> Options {
        Options {
            address: format!("127.0.0.1:{}", self.port),
            credentials: None,
            prefix: "feedd".to_owned(),
        }
    }

    fn connect(&self) -> Connection {
        let url = format!("redis://127.0.0.1:{}/", self.port);
        Client::open(url).unwrap().get_connection().unwrap()
    }

    fn values(&self, key: &str) -> BTreeMap<String, String> {
        redis::cmd("HGETALL")
            .arg(key)
            .query(&mut self.connect())
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[derive(Debug)]
struct Real(Instant);

impl Surroundings for Real {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> i64 {
        0
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn stopping(&self) -> bool {
        false
    }

    fn tell(&self, notice: &Notice<'_>) {
        eprintln!("{notice:?}");
    }
}

fn pump(dir: &Path, options: Options) -> Pump<Redis, Real> {
    let how = PumpOptions {
        batch_rows: 7,
        backoff_most: Duration::from_millis(200),
        save_every: Duration::ZERO,
        ..PumpOptions::default()
    };
    let sink = Redis::new(dir, options).unwrap();
    Pump::open(dir, SINK, sink, Real(Instant::now()), how).unwrap()
}

/// Steps until everything below `next_seq` is acknowledged.
fn drain(pump: &mut Pump<Redis, Real>, next_seq: u64) {
    let begun = Instant::now();
    while pump.status().read().acked_seq < next_seq {
        assert!(begun.elapsed() < Duration::from_secs(30));
        if pump.step() == Step::Idle {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_hash_has_the_newest_exact_values_and_a_message_told_each() {
    let name = "a_hash_has_the_newest_exact_values_and_a_message_told_each";
    let Some(server) = Server::start(name, &[]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    let mut listener = server.connect();
    listener
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut listener = listener.as_pubsub();
    listener.subscribe("feedd").unwrap();
    market.one_of_each();
    let next_seq = market.journal.records().next_seq();
    drain(&mut pump(dir.path(), server.options()), next_seq);
    let values = server.values("feedd:kraken-spot:BTC/USD");
    for (field, value) in [
        ("bbo_bid", "60000.01"),
        ("bbo_bid_qty", "1.23456789"),
        ("bbo_ask", ""),
        ("mark_price", "60000.12345"),
        ("mark_funding_rate", "-0.000125"),
        ("mark_index_price", ""),
        ("book_bid", "10"),
        ("book_ask", "10.3"),
        ("book_bid_qty", "0.007"),
        ("book_bad", "0"),
    ] {
        assert_eq!(
            values.get(field).map(String::as_str),
            Some(value),
            "{field}"
        );
    }
    let trades = server.values("feedd:kraken-spot:ETH/USD");
    assert_eq!(
        (
            trades["trade_price"].as_str(),
            trades["trade_side"].as_str()
        ),
        ("60000.01", "sell")
    );
    let mut told = String::new();
    while !told.contains("\"mark_price\":\"60000.12345\"") {
        told = listener.get_message().unwrap().get_payload().unwrap();
        assert!(told.contains("\"venue\":\"kraken-spot\""), "{told}");
    }
}

/// How often the server carried out `command`.
fn calls(server: &Server, command: &str) -> u64 {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query(&mut server.connect())
        .unwrap();
    let line = info.lines().find_map(|line| {
        let counts = line.strip_prefix(&format!("cmdstat_{command}:calls="))?;
        counts.split(',').next()?.parse().ok()
    });
    line.unwrap_or(0)
}

#[test]
fn of_a_batch_only_the_newest_value_is_written_and_the_newest_of_all_arrives() {
    let name = "of_a_batch_only_the_newest_value_is_written_and_the_newest_of_all_arrives";
    let Some(server) = Server::start(name, &[]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(700);
    let next_seq = market.journal.records().next_seq();
    drain(&mut pump(dir.path(), server.options()), next_seq);
    // A hundred batches of seven trades, each of two instruments; and one batch more for the rest.
    let batches = next_seq.div_ceil(7) + 1;
    for command in ["hmset", "publish"] {
        let calls = calls(&server, command);
        assert!((100..=2 * batches).contains(&calls), "{command}: {calls}");
    }
    assert!(
        calls(&server, "exec") <= batches,
        "a batch is one round trip"
    );
    let newest = ["BTC/USD", "ETH/USD"]
        .map(|symbol| server.values(&format!("feedd:kraken-spot:{symbol}"))["trade_id"].clone());
    let last = next_seq - 1;
    let expected = [last - 1, last].map(|id| id.to_string());
    assert!(expected.iter().all(|id| newest.contains(id)), "{newest:?}");
}

#[test]
fn values_never_go_back_when_an_older_cursor_comes_back() {
    let name = "values_never_go_back_when_an_older_cursor_comes_back";
    let Some(server) = Server::start(name, &[]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(500);
    let next_seq = market.journal.records().next_seq();
    drain(&mut pump(dir.path(), server.options()), next_seq);
    let newest = server.values("feedd:kraken-spot:BTC/USD");
    let cursor = Cursor::open(dir.path(), SINK, LogKind::Records).unwrap();
    cursor.save(100).unwrap();
    let mut listener = server.connect();
    let mut listener = listener.as_pubsub();
    listener.subscribe("feedd").unwrap();
    listener
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut pump = pump(dir.path(), server.options());
    drain(&mut pump, next_seq);
    assert_eq!(pump.status().read().taken, 0);
    assert!(listener.get_message().is_err(), "an old value was told");
    assert_eq!(server.values("feedd:kraken-spot:BTC/USD"), newest);
    // A trade that came late is of an earlier time.
    let mut late = market.next_trade();
    late.header.flags = Flags::LATE;
    market.append(&Record::Trade(&late));
    drain(&mut pump, next_seq + 1);
    assert_eq!(server.values("feedd:kraken-spot:BTC/USD"), newest);
}

#[test]
fn a_server_that_lost_everything_has_all_newest_values_again() {
    let name = "a_server_that_lost_everything_has_all_newest_values_again";
    let Some(mut server) = Server::start(name, &[]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.one_of_each();
    let mut pump = pump(dir.path(), server.options());
    drain(&mut pump, market.journal.records().next_seq());
    let before = server.values("feedd:kraken-spot:BTC/USD");
    server.kill();
    // One more record, so that the pump meets the dead server.
    market.trades(1);
    while pump.step() != Step::Failed {}
    server.run();
    drain(&mut pump, market.journal.records().next_seq());
    let mut after = server.values("feedd:kraken-spot:BTC/USD");
    after.retain(|field, _| !field.starts_with("trade_"));
    assert!(before.len() > 10);
    assert_eq!(after, before);
}

#[test]
fn a_password_comes_from_a_file_and_is_never_shown() {
    let name = "a_password_comes_from_a_file_and_is_never_shown";
    let Some(server) = Server::start(name, &["--requirepass", "canary-77"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(3);
    let file = dir.path().join("secret");
    std::fs::write(&file, "token = canary-wrong\n").unwrap();
    let mut options = server.options();
    options.credentials = Some(file.clone());
    let mut pump = pump(dir.path(), options);
    assert_eq!(pump.step(), Step::Failed);
    std::fs::write(&file, "token = canary-77\n").unwrap();
    drain(&mut pump, market.journal.records().next_seq());
    assert!(!format!("{pump:?}").contains("canary"));
}
