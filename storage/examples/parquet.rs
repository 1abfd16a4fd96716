//! Rows a second and bytes a row of the Parquet sink: a journal of made-up trades, from its first
//! mapped byte to the last acknowledged row.
//!
//! `cargo run --release -p feedd-storage --example parquet -- [ROWS] [DIR]`, by default 2,000,000 and a
//! temporary directory.
#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd_codecs::record::{Side, Trade, TradeId};
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};
use feedd_storage::sink::parquet::{ParquetOptions, ParquetSink, Table, parts};
use feedd_storage::sink::{Notice, Pump, PumpOptions, Step, Surroundings};
use feedd_storage::{Journal, JournalId, JournalOptions};

/// As the daemon has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INSTRUMENTS: u32 = 8;
const BEGIN: i64 = 1_700_000_000_000_000_000;

/// Enough randomness for prices that walk and quantities that repeat now and then.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Where the quantities come from: they are what compresses worst.
#[derive(Clone, Copy, Debug)]
enum Quantities {
    /// As in recordings of a liquid instrument: five of six are among some hundred usual ones, few of
    /// which make up most.
    Usual,
    /// Each of its own, of up to nine digits.
    Random,
}

impl Quantities {
    fn draw(self, random: &mut Random) -> i64 {
        const USUAL: u64 = 900;
        let number = match self {
            Self::Usual if random.below(6) > 0 => {
                let at = random.below(USUAL) * random.below(USUAL) / USUAL;
                (at * at * 7_919 % 100_000 + 1) * 10_000
            }
            Self::Usual => (random.below(100_000) + 1) * 10_000,
            Self::Random => random.below(1_000_000_000) + 1,
        };
        i64::try_from(number).unwrap()
    }
}

/// Prices walk by ticks, stamps by some hundred microseconds, ids by one for each instrument.
fn trades(count: u64, quantities: Quantities) -> impl Iterator<Item = Trade> {
    let mut random = Random(42);
    let mut px = [3_500_000_i64; INSTRUMENTS as usize];
    let mut ids = [4_000_000_000_u64; INSTRUMENTS as usize];
    let mut ts_recv = BEGIN;
    (0..count).map(move |number| {
        let at = u32::try_from(random.below(u64::from(INSTRUMENTS))).unwrap();
        let (walked, id) = (&mut px[at as usize], &mut ids[at as usize]);
        *walked += i64::try_from(random.below(7)).unwrap() - 3;
        *id += 1;
        ts_recv += i64::try_from(random.below(400_000)).unwrap();
        let qty = quantities.draw(&mut random);
        let side = if random.below(2) == 0 {
            Side::BUY
        } else {
            Side::SELL
        };
        let instrument = InstrumentId::new(VenueId::BINANCE_SPOT, at);
        let (px, qty) = (Fixed::new(*walked, -2), Fixed::new(qty, -8));
        let mut trade = Trade::new(instrument, px, qty, side, TradeId::Integer(u128::from(*id)));
        trade.header.ts_recv = ts_recv;
        trade.header.ts_kernel = ts_recv - 9_000 - i64::try_from(random.below(4_000)).unwrap();
        trade.header.ts_venue = (ts_recv - 3_000_000) / 1_000_000 * 1_000_000;
        trade.header.seq = *id;
        (trade.header.frame, trade.header.line) = (number, 1);
        trade
    })
}

fn journal(dir: &Path, count: u64, quantities: Quantities) {
    let (mut journal, _) = Journal::open(dir, JournalOptions::default()).unwrap();
    let roster = (0..INSTRUMENTS).map(|at| format!("binance-spot {at} COIN{at}USDT\n"));
    std::fs::write(dir.join("instruments"), roster.collect::<String>()).unwrap();
    let mut bytes = [0; 256];
    for trade in trades(count, quantities) {
        let length = Record::Trade(&trade).encode(&mut bytes).unwrap();
        journal
            .records()
            .append(trade.header.ts_recv, &[&bytes[..length]])
            .unwrap();
    }
    journal.close().unwrap();
}

/// The host's clock, and nobody who listens.
struct Host(Instant);

impl Surroundings for Host {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> i64 {
        BEGIN
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

/// What this thread has had of a core: what a shared machine does not spoil.
fn cpu_nanos() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap()
}

/// Rows a second in thousands, files' bytes, and nanoseconds of a core for each row.
fn measure(dir: &Path, options: ParquetOptions) -> (u64, u64, u64) {
    let root = options.root.clone();
    let sink = ParquetSink::new(JournalId::of(dir).unwrap(), options);
    let (begin, cpu) = (Instant::now(), cpu_nanos());
    let host = Host(begin);
    let mut pump = Pump::open(dir, "parquet", sink, host, PumpOptions::default()).unwrap();
    while pump.step() == Step::Took {}
    pump.finish();
    let micros = u64::try_from(begin.elapsed().as_micros()).unwrap();
    let rows = pump.status().read().acked_records.max(1);
    let cpu = (cpu_nanos() - cpu) / rows;
    let files = Table::all().flat_map(|table| parts(&root, table).unwrap());
    let bytes: u64 = files
        .map(|(path, _)| std::fs::metadata(path).unwrap().len())
        .sum();
    std::fs::remove_dir_all(root).unwrap();
    std::fs::remove_file(dir.join("cursors/parquet")).unwrap();
    (rows * 1_000 / micros.max(1), bytes, cpu)
}

/// Three runs of each way to write; the middle one counts.
fn compare(dir: &Path, count: u64) {
    for (name, level, doubles) in [
        ("defaults: zstd 3, with fractions", 3, true),
        ("zstd 3, exact columns only", 3, false),
        ("zstd 1, with fractions", 1, true),
        ("zstd 1, exact columns only", 1, false),
    ] {
        let options = || ParquetOptions {
            level,
            doubles,
            ..ParquetOptions::new(dir.join("parquet"))
        };
        let mut runs: Vec<_> = (0..3).map(|_| measure(dir, options())).collect();
        runs.sort_unstable();
        let (rate, bytes, cpu) = runs[1];
        let tenths = bytes * 10 / count;
        println!(
            "  {name:<34} {rate:>6} thousand rows/s {cpu:>5} ns of a core {:>3}.{} bytes a row",
            tenths / 10,
            tenths % 10
        );
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().map_or(2_000_000, |text| text.parse().unwrap());
    let place = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    for quantities in [Quantities::Usual, Quantities::Random] {
        let dir = tempfile::tempdir_in(&place).unwrap();
        println!("quantities: {quantities:?}");
        journal(dir.path(), count, quantities);
        compare(dir.path(), count);
    }
}
