//! How fast trades go from a journal into a QuestDB server's acknowledgement.
//!
//! ```sh
//! cargo build --release -p feedd --example questdb
//! tools/questdb/questdb.py run -- target/release/examples/questdb 4000000 2 65536
//! ```
//!
//! Arguments: trades, connections, rows a batch. `FEEDD_QUESTDB=HOST:PORT` is the server, the
//! scheme of its configuration string is `FEEDD_QUESTDB_TRANSPORT`, by default `http`. Without a
//! server, one of this process takes rows and does nothing with them: that is feedd's own limit.
#![allow(clippy::unwrap_used, reason = "a program for measuring")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use feedd::sink::questdb::{ANSWER_TIMEOUT, Exec, Options, QuestDb};
use feedd_codecs::record::{Side, Trade, TradeId};
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};
use feedd_storage::sink::{Notice, Pump, PumpOptions, Step, Surroundings};
use feedd_storage::{Journal, JournalOptions};

const SYMBOLS: u64 = 20;

struct Real(Instant);

impl Surroundings for Real {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> i64 {
        wall()
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

fn wall() -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(wall.as_nanos()).unwrap()
}

/// Writes a journal of trades, 20 µs apart, that ends now.
fn write(dir: &Path, trades: u64) -> u64 {
    let mut journal = Journal::open(dir, JournalOptions::default()).unwrap().0;
    let roster: String = (0..SYMBOLS)
        .map(|index| format!("binance-spot {index} COIN{index}USDT\n"))
        .collect();
    std::fs::write(dir.join("instruments"), roster).unwrap();
    let mut now = wall() - i64::try_from(trades).unwrap() * 20_000;
    for number in 0..trades {
        let mantissa = i64::try_from(number).unwrap();
        let id = InstrumentId::new(
            VenueId::BINANCE_SPOT,
            u32::try_from(number % SYMBOLS).unwrap(),
        );
        let px = Fixed::new(6_000_000 + mantissa % 9_973, -2);
        let qty = Fixed::new(1 + mantissa % 100_003, -5);
        let side = if number.is_multiple_of(3) {
            Side::BUY
        } else {
            Side::SELL
        };
        let trade_id = TradeId::Integer(u128::from(4_000_000_000 + number));
        let mut trade = Trade::new(id, px, qty, side, trade_id);
        now += 20_000;
        trade.header.ts_recv = now;
        trade.header.ts_venue = now - 3_000_000;
        trade.header.seq = 4_000_000_000 + number;
        let mut bytes = [0; size_of::<Trade>()];
        Record::Trade(&trade).encode(&mut bytes).unwrap();
        journal.records().append(now, &[&bytes]).unwrap();
    }
    let next_seq = journal.records().next_seq();
    journal.close().unwrap();
    next_seq
}

/// A server that acknowledges whatever comes and keeps nothing; returns its address.
fn bottomless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(|| acknowledge(stream.unwrap()));
        }
    });
    address
}

fn acknowledge(mut stream: TcpStream) {
    let mut reader = BufReader::with_capacity(1 << 20, stream.try_clone().unwrap());
    loop {
        let (mut length, mut rows) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            rows |= line.starts_with("post");
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).unwrap();
        let answer = if rows {
            "HTTP/1.1 204 No Content\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"dataset\":[[0]]}"
        };
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().unwrap());
    let mut next = |default| arguments.next().unwrap_or(default);
    let (trades, connections, batch) = (next(2_000_000), next(2), next(65_536));
    let address = std::env::var("FEEDD_QUESTDB").unwrap_or_else(|_| bottomless());
    let scheme = std::env::var("FEEDD_QUESTDB_TRANSPORT").unwrap_or_else(|_| "http".to_owned());
    let mut options = Options::new(&format!("{scheme}::addr={address};")).unwrap();
    options.settle = Duration::ZERO;
    options.connections = usize::try_from(connections).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let next_seq = write(dir.path(), trades);
    let exec = Exec::new(&options, ANSWER_TIMEOUT).unwrap();
    let how = PumpOptions {
        batch_rows: usize::try_from(batch).unwrap(),
        batch_bytes: 64 << 20,
        ..PumpOptions::default()
    };
    let begun = Instant::now();
    let mut pump = Pump::open(
        dir.path(),
        "questdb",
        QuestDb::new(options),
        Real(begun),
        how,
    )
    .unwrap();
    let status = pump.status();
    while status.read().acked_seq < next_seq {
        if pump.step() == Step::Idle {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let acknowledged = begun.elapsed().as_millis().max(1);
    while !exec.is_applied().unwrap() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let visible = begun.elapsed().as_millis();
    let rate = |millis: u128| u128::from(trades) * 1_000 / millis;
    println!(
        "{trades} trades, {connections} connections, {batch} rows a batch: acknowledged {} rows/s, visible {} rows/s, {:?}",
        rate(acknowledged),
        rate(visible),
        exec.query("SELECT count() FROM trades").unwrap()
    );
}
