//! The journal against the simulator's truth.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use feedd_codecs::record::{Flags, Kind, Trade};
use feedd_codecs::{Book, Fixed, InstrumentId, Level, Record, VenueId};
use feedd_storage::{LogReader, Start};
use venue_sim::{InstrumentTruth, Product, TradeTruth, Truth};

use crate::exit::{Code, Failure};

/// What the journal says, read like any consumer would.
#[derive(Debug, Default)]
pub struct View {
    /// Records of each venue by kind.
    pub counts: BTreeMap<VenueId, BTreeMap<Kind, u64>>,
    /// Every instrument that an `Instrument` record named.
    pub instruments: BTreeMap<(VenueId, String), Seen>,
    names: HashMap<InstrumentId, (VenueId, String)>,
}

/// One instrument, rebuilt from its records.
#[derive(Debug, Default)]
pub struct Seen {
    book: Book,
    seq: u64,
    right: bool,
    trades: Vec<Trade>,
    gaps: u64,
}

/// The comparison's outcome.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Books that are right and equal the truth level by level.
    pub books_equal: usize,
    /// Books in the truth.
    pub books: usize,
    /// Levels compared in the equal ones.
    pub levels: usize,
    /// Trades that stand in the journal as they were made.
    pub trades_equal: u64,
    /// Trades made since the first journaled one.
    pub trades: u64,
    /// Gap records of the compared instruments.
    pub gaps: u64,
    /// What differs, in words.
    pub differences: Vec<String>,
}

impl Verdict {
    /// Whether nothing differs and nothing was missed.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.gaps == 0
    }
}

/// Reads the journal's records from the beginning.
///
/// # Errors
///
/// A [`Failure`] if the journal cannot be read or holds something that is no record.
pub fn read(dir: &Path) -> Result<View, Failure> {
    let failure = |error: &dyn std::fmt::Display| {
        Failure::new(Code::Io, format!("{}: {error}", dir.display()))
    };
    let mut reader =
        LogReader::open(&dir.join("records"), Start::Oldest).map_err(|error| failure(&error))?;
    let mut view = View::default();
    while let Some(frame) = reader.next().map_err(|error| failure(&error))? {
        let record = Record::parse(frame.payload).map_err(|error| failure(&error))?;
        view.take(&record);
    }
    Ok(view)
}

impl View {
    fn take(&mut self, record: &Record<'_>) {
        let header = record.header();
        if let Record::Instrument(head, text) = record {
            self.names
                .insert(header.instrument, (head.venue, text.symbol.to_owned()));
        }
        let venue = match record {
            Record::Status(head, _) => head.venue,
            _ => header.instrument.venue(),
        };
        *self
            .counts
            .entry(venue)
            .or_default()
            .entry(record.kind())
            .or_default() += 1;
        let Some(name) = self.names.get(&header.instrument) else {
            return;
        };
        let seen = self.instruments.entry(name.clone()).or_default();
        match record {
            Record::Trade(trade) if !header.flags.contains(Flags::SNAPSHOT) => {
                seen.trades.push(**trade)
            }
            Record::BookSnapshot(event) => {
                let head = event.head;
                let replaced = seen
                    .book
                    .replace(event.bids, event.asks, head.px_exp, head.qty_exp);
                seen.follow(replaced.is_ok(), header.seq, header.flags);
            }
            Record::BookDelta(event) => {
                let head = event.head;
                let applied = seen
                    .book
                    .apply(event.bids, event.asks, head.px_exp, head.qty_exp);
                seen.book.cut(head.depth);
                seen.follow(applied.is_ok(), header.seq, header.flags);
            }
            Record::Gap(_) => seen.gaps += 1,
            _ => {}
        }
    }
}

impl Seen {
    fn follow(&mut self, applied: bool, seq: u64, flags: Flags) {
        self.seq = seq;
        self.right = applied && !flags.contains(Flags::MAYBE_BAD_BOOK);
    }
}

/// Compares every instrument's book and tape.
#[must_use]
pub fn compare(view: &View, truth: &Truth) -> Verdict {
    let mut verdict = Verdict::default();
    for expected in &truth.instruments {
        let key = venue_of(expected.product).map(|venue| (venue, expected.symbol.clone()));
        match key.and_then(|key| view.instruments.get(&key)) {
            Some(seen) => {
                verdict.gaps += seen.gaps;
                compare_book(seen, expected, &mut verdict);
                compare_trades(seen, expected, &mut verdict);
            }
            None => verdict.differences.push(format!(
                "{} {}: nothing in the journal",
                expected.product.name(),
                expected.symbol
            )),
        }
    }
    verdict
}

fn venue_of(product: Product) -> Option<VenueId> {
    let (exchange, product) = product.name().split_once('-')?;
    VenueId::from_names(exchange, product)
}

fn compare_book(seen: &Seen, expected: &InstrumentTruth, verdict: &mut Verdict) {
    let name = format!("{} {}", expected.product.name(), expected.symbol);
    let view = expected
        .views
        .iter()
        .find(|view| !view.stream.starts_with("orderbook.1."));
    let (bids, asks) = view.map_or((&expected.bids, &expected.asks), |view| {
        (&view.bids, &view.asks)
    });
    verdict.books += 1;
    let same =
        equal(seen.book.bids(), bids, &seen.book) && equal(seen.book.asks(), asks, &seen.book);
    let seq = if view.is_none() {
        expected.last_update_id
    } else {
        seen.seq
    };
    if same && seen.right && seen.seq == seq {
        verdict.books_equal += 1;
        verdict.levels += bids.len() + asks.len();
    } else {
        let state = if seen.right {
            "differs from the truth"
        } else {
            "is flagged as bad"
        };
        verdict.differences.push(format!(
            "{name}: the book at {} {state} (true id {seq})",
            seen.seq
        ));
    }
}

fn equal<'a>(
    levels: impl ExactSizeIterator<Item = &'a Level>,
    expected: &[(String, String)],
    book: &Book,
) -> bool {
    let same = |level: &Level, (px, qty): &(String, String)| {
        is(level.px, book.px_exp(), px) && is(level.qty, book.qty_exp(), qty)
    };
    levels.len() == expected.len()
        && levels
            .zip(expected)
            .all(|(level, expected)| same(level, expected))
}

/// Whether mantissa and exponent are the value of a text.
fn is(mantissa: i64, exp: i8, text: &str) -> bool {
    Fixed::parse(text.as_bytes())
        .is_ok_and(|value| plain(value) == plain(Fixed::new(mantissa, exp)))
}

/// The value without superfluous zeros and without a positive power of ten (thousands of contracts).
fn plain(value: Fixed) -> Fixed {
    let whole = value.at(0).filter(|_| value.exp > 0);
    whole
        .map_or(value, |mantissa| Fixed::new(mantissa, 0))
        .normalized()
}

/// Every trade from the first journaled one on must be there once, in order, exact.
fn compare_trades(seen: &Seen, expected: &InstrumentTruth, verdict: &mut Verdict) {
    let name = format!("{} {}", expected.product.name(), expected.symbol);
    let aggregated = matches!(
        expected.product,
        Product::BinanceUsdm | Product::BinanceCoinm
    );
    let tape = tape(&expected.trades, aggregated);
    let Some(first) = seen.trades.first().map(|trade| trade.id().to_string()) else {
        verdict
            .differences
            .extend((!tape.is_empty()).then(|| format!("{name}: no trade in the journal")));
        return;
    };
    let from = tape
        .iter()
        .position(|trade| trade.id == first)
        .unwrap_or(tape.len());
    let tape = &tape[from..];
    let equal = tape
        .iter()
        .zip(&seen.trades)
        .filter(|(expected, trade)| same_trade(expected, trade))
        .count();
    verdict.trades += tape.len() as u64;
    verdict.trades_equal += equal as u64;
    if equal != tape.len() || tape.len() != seen.trades.len() {
        verdict.differences.push(format!(
            "{name}: {} trades sent, {} journaled, {equal} equal",
            tape.len(),
            seen.trades.len()
        ));
    }
}

/// A trade as it should stand in the journal.
struct Expected<'a> {
    id: String,
    px: &'a str,
    qty: Fixed,
    side: &'a str,
}

/// The tape, or its fills merged by aggregate id.
fn tape(trades: &[TradeTruth], aggregated: bool) -> Vec<Expected<'_>> {
    let mut tape: Vec<Expected<'_>> = Vec::with_capacity(trades.len());
    let mut last = None;
    for trade in trades {
        let qty = Fixed::parse(trade.qty.as_bytes()).unwrap_or(Fixed::new(0, 0));
        match tape.last_mut() {
            Some(merged) if aggregated && last == Some(trade.aggregate) => {
                let more = qty.at(merged.qty.exp).unwrap_or(0);
                merged.qty.mantissa += more;
            }
            _ => {
                let id = if aggregated {
                    trade.aggregate.to_string()
                } else {
                    trade.id.clone()
                };
                tape.push(Expected {
                    id,
                    px: &trade.px,
                    qty,
                    side: &trade.side,
                });
            }
        }
        last = Some(trade.aggregate);
    }
    tape
}

fn same_trade(expected: &Expected<'_>, trade: &Trade) -> bool {
    trade.id().to_string() == expected.id
        && is(trade.px, trade.px_exp, expected.px)
        && plain(Fixed::new(trade.qty, trade.qty_exp)) == plain(expected.qty)
        && trade
            .side
            .name()
            .is_some_and(|side| side.eq_ignore_ascii_case(expected.side))
}
