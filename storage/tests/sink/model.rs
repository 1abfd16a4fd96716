//! A journal of real records, a sink that does what a script says, and a clock that nobody waits for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feedd_codecs::record::{Side, Trade, TradeId};
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};
use feedd_storage::sink::{
    Ack, Notice, Pump, PumpOptions, Refusal, Rows, Sink, Step, Surroundings,
};
use feedd_storage::{Journal, JournalOptions};

use crate::common;

/// The symbols of the journal made here.
pub(crate) const SYMBOLS: [&str; 2] = ["BTC/USD", "ETH/USD"];

pub(crate) fn instrument(number: u64) -> InstrumentId {
    InstrumentId::new(VenueId::KRAKEN_SPOT, u32::try_from(number % 2).unwrap())
}

/// Trade `number`, received at `number` milliseconds.
pub(crate) fn trade(number: u64) -> Trade {
    let mantissa = i64::try_from(number).unwrap();
    let id = TradeId::Integer(u128::from(number));
    let (px, qty) = (Fixed::new(mantissa + 100, -2), Fixed::new(mantissa, -8));
    let mut trade = Trade::new(instrument(number), px, qty, Side::BUY, id);
    trade.header.ts_recv = mantissa * 1_000_000;
    trade.header.seq = number;
    trade
}

pub(crate) fn bytes_of(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = vec![0; record.encoded_len()];
    record.encode(&mut bytes).unwrap();
    bytes
}

/// Opens the journal and gives it its roster.
pub(crate) fn open(dir: &Path, options: JournalOptions) -> Journal {
    let journal = Journal::open(dir, options).unwrap().0;
    let roster = format!(
        "kraken-spot 0 {}\nkraken-spot 1 {}\n",
        SYMBOLS[0], SYMBOLS[1]
    );
    std::fs::write(dir.join("instruments"), roster).unwrap();
    journal
}

/// A journal with `count` trades.
pub(crate) fn with_trades(dir: &Path, count: u64) -> Journal {
    let mut journal = open(dir, common::small());
    append(&mut journal, count);
    journal
}

/// Appends trades, each numbered like the sequence it gets.
pub(crate) fn append(journal: &mut Journal, count: u64) {
    for _ in 0..count {
        let seq = journal.records().next_seq();
        let trade = trade(seq);
        let bytes = bytes_of(&Record::Trade(&trade));
        journal
            .records()
            .append(trade.header.ts_recv, &[&bytes])
            .unwrap();
    }
}

/// What a call of [`Store`] shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Take the rows.
    Take,
    /// Fail for now and keep nothing.
    Fail,
    /// Take the rows and fail nevertheless: the acknowledgement was lost.
    TakeAndFail,
    /// Take the first half and fail.
    HalfAndFail,
}

/// The other side: what survives whatever happens to the pump.
#[derive(Debug, Default)]
pub(crate) struct Far {
    /// Rows by sequence; a repeat must be the same row.
    pub(crate) rows: BTreeMap<u64, Vec<u8>>,
    /// Calls to come, the next one last; then [`Act::Take`].
    pub(crate) acts: Vec<Act>,
    /// Rows that it never takes.
    pub(crate) bad: BTreeSet<u64>,
    /// Sizes of the batches that it was handed.
    pub(crate) batches: Vec<usize>,
    /// Rows it takes before it acknowledges them; 1 for each batch at once.
    pub(crate) holds: usize,
    /// Rows taken more than once.
    pub(crate) repeats: u64,
}

/// A sink that keeps its rows by their key, as a database with unique keys does, and may hold them
/// back for a while, as a writer of files does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) far: Arc<Mutex<Far>>,
    held: BTreeMap<u64, Vec<u8>>,
}

impl Store {
    fn put(&mut self, rows: &Rows<'_>, part: usize) {
        for row in rows.iter().take(part) {
            assert_eq!(
                row.symbol,
                Some(SYMBOLS[usize::try_from(row.seq % 2).unwrap()])
            );
            self.held.insert(row.seq, row.bytes.to_vec());
        }
    }

    fn bring(&mut self) {
        let mut far = self.far.lock().unwrap();
        for (seq, bytes) in std::mem::take(&mut self.held) {
            if let Some(before) = far.rows.insert(seq, bytes) {
                assert_eq!(Some(&before), far.rows.get(&seq), "row {seq} changed");
                far.repeats += 1;
            }
        }
    }
}

impl Sink for Store {
    fn begin(&mut self, acked: u64) -> Result<u64, Refusal> {
        self.held.clear();
        Ok(acked)
    }

    fn deliver(&mut self, rows: &Rows<'_>, _now: Duration) -> Result<Ack, Refusal> {
        let act = {
            let mut far = self.far.lock().unwrap();
            far.batches.push(rows.len());
            if let Some(bad) = rows.iter().find(|row| far.bad.contains(&row.seq)) {
                return Err(Refusal::permanent(format!("column 3 of {}", bad.seq)));
            }
            far.acts.pop().unwrap_or(Act::Take)
        };
        match act {
            Act::Fail => return Err(Refusal::transient("connection refused")),
            Act::HalfAndFail => self.put(rows, rows.len() / 2),
            _ => self.put(rows, rows.len()),
        }
        let holds = self.far.lock().unwrap().holds;
        if act == Act::Take && self.held.len() < holds {
            return Ok(Ack::Below(*self.held.first_key_value().unwrap().0));
        }
        self.bring();
        match act {
            Act::Take => Ok(Ack::All),
            _ => Err(Refusal::transient("the answer was lost")),
        }
    }

    fn idle(&mut self, _now: Duration, last: bool) -> Result<Ack, Refusal> {
        if last {
            self.bring();
        }
        let first = self.held.first_key_value().map(|(seq, _)| *seq);
        Ok(first.map_or(Ack::All, Ack::Below))
    }
}

/// A clock that moves when somebody waits, and a list of what was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Still {
    nanos: Arc<AtomicU64>,
    pub(crate) told: Arc<Mutex<RefCell<Vec<String>>>>,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Still {
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap();
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The notices so far that begin with `word`.
    pub(crate) fn told(&self, word: &str) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let told = told.borrow();
        told.iter()
            .filter(|text| text.starts_with(word))
            .cloned()
            .collect()
    }
}

impl Surroundings for Still {
    fn now(&self) -> Duration {
        self.elapsed()
    }

    fn wall(&self) -> i64 {
        i64::try_from(self.elapsed().as_nanos()).unwrap()
    }

    fn pause(&self, time: Duration) {
        self.advance(time);
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, notice: &Notice<'_>) {
        self.told
            .lock()
            .unwrap()
            .borrow_mut()
            .push(format!("{notice:?}"));
    }
}

/// Batches of 8 rows that never wait for company.
pub(crate) fn eager() -> PumpOptions {
    PumpOptions {
        batch_rows: 8,
        batch_age: Duration::ZERO,
        save_every: Duration::ZERO,
        ..PumpOptions::default()
    }
}

pub(crate) type Driven = Pump<Store, Still>;

pub(crate) fn pump(dir: &Path, store: &Store, still: &Still, options: PumpOptions) -> Driven {
    let sink = Store {
        far: Arc::clone(&store.far),
        held: BTreeMap::new(),
    };
    Pump::open(dir, "store", sink, still.clone(), options).unwrap()
}

/// Steps until there is nothing to do.
pub(crate) fn drain(pump: &mut Driven) {
    for _ in 0..100_000 {
        if pump.step() == Step::Idle {
            return;
        }
    }
    panic!("the pump does not come to an end");
}

/// The store has exactly these rows, byte for byte.
pub(crate) fn assert_rows(store: &Store, expected: impl Iterator<Item = u64>) {
    let far = store.far.lock().unwrap();
    let expected: Vec<u64> = expected.collect();
    assert_eq!(far.rows.keys().copied().collect::<Vec<_>>(), expected);
    for (seq, bytes) in &far.rows {
        assert_eq!(*bytes, bytes_of(&Record::Trade(&trade(*seq))));
    }
}
