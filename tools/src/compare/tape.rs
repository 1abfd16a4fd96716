//! The tape of the simulated venues, sorted into streams.
//!
//! The whole tape is held in memory: a comparison is made of runs of minutes, not of days.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use feedd_codecs::VenueId;
use serde::Deserialize;

use super::exact::{Exact, parsed, shown};
use super::{CompareError, Instrument};

/// A fill, or the fills of one order at one price.
#[derive(Clone, Debug)]
pub(super) struct TapeTrade {
    pub(super) line: usize,
    pub(super) at: i64,
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) px: Option<Exact>,
    pub(super) qty: Option<Exact>,
    pub(super) side: String,
}

/// A side's prices with their quantities, as the message has them.
pub(super) type Side = Vec<(Exact, Exact)>;

/// A message of a book stream.
#[derive(Clone, Debug)]
pub(super) struct TapeBook {
    pub(super) line: usize,
    pub(super) at: i64,
    pub(super) ts: i64,
    pub(super) snapshot: bool,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) prev: Option<u64>,
    pub(super) checksum: Option<u32>,
    pub(super) bids: Side,
    pub(super) asks: Side,
}

/// A message of best prices; `None` = no orders on that side.
#[derive(Clone, Debug)]
pub(super) struct TapeBest {
    pub(super) line: usize,
    pub(super) at: i64,
    pub(super) ts: i64,
    /// Number of the message on the tape.
    pub(super) seq: u64,
    /// The only connection that it was for; `None` = all that carried the stream.
    pub(super) only: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) bid: Option<(Exact, Exact)>,
    pub(super) ask: Option<(Exact, Exact)>,
}

/// A fault that touched a message.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    pub(super) at: i64,
    /// The connection; `None` = all.
    pub(super) line: Option<u64>,
    /// Whether the message was not sent, or not as it was.
    pub(super) withheld: bool,
    /// Whether it was sent after its successors.
    pub(super) delayed: bool,
    pub(super) first: u64,
    pub(super) last: u64,
    /// The message as it went out, if it was changed; its begin only, if it is long.
    pub(super) sent: Option<String>,
}

/// When a connection carried a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pub(super) line: u64,
    pub(super) from: i64,
    /// `i64::MAX` = to the end of the tape.
    pub(super) until: i64,
}

/// Everything about the streams of one instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct Market {
    pub(super) trades: Vec<TapeTrade>,
    pub(super) aggregates: Vec<TapeTrade>,
    /// By stream key.
    pub(super) books: BTreeMap<String, Vec<TapeBook>>,
    /// By stream key.
    pub(super) bests: BTreeMap<String, Vec<TapeBest>>,
}

/// What happened to one stream besides its messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    pub(super) touched: Vec<Touched>,
    pub(super) carried: Vec<Carried>,
}

/// A tape, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    pub(super) markets: BTreeMap<Instrument, Market>,
    /// By venue and stream key.
    pub(super) fates: BTreeMap<(VenueId, String), Fate>,
    pub(super) lines: usize,
}

/// One line as it stands in the file; what a line does not have is empty.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Line<'a> {
    at: i64,
    venue: &'a str,
    product: &'a str,
    #[serde(borrow)]
    symbol: std::borrow::Cow<'a, str>,
    channel: Option<&'a str>,
    mark: Option<&'a str>,
    seq: u64,
    ts: i64,
    #[serde(borrow)]
    stream: std::borrow::Cow<'a, str>,
    line: Option<u64>,
    id: &'a str,
    px: &'a str,
    qty: &'a str,
    side: &'a str,
    first: u64,
    last: u64,
    prev: Option<u64>,
    checksum: Option<u32>,
    kind: &'a str,
    #[serde(borrow)]
    bids: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    asks: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    bid: Option<(&'a str, &'a str)>,
    #[serde(borrow)]
    ask: Option<(&'a str, &'a str)>,
    u: Option<u64>,
    sent: Option<String>,
    touch: &'a str,
}

impl Tape {
    /// Reads a tape.
    pub(super) fn read(path: &Path) -> Result<Self, CompareError> {
        let failed = |source| CompareError::Tape {
            path: path.to_owned(),
            source,
        };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mut tape = Self::default();
        let mut text = String::new();
        loop {
            text.clear();
            if file.read_line(&mut text).map_err(failed)? == 0 {
                return Ok(tape);
            }
            tape.lines += 1;
            let line = serde_json::from_str(&text).map_err(|error| CompareError::Line {
                path: path.to_owned(),
                line: tape.lines,
                what: error.to_string(),
            })?;
            tape.take(&line);
        }
    }

    fn take(&mut self, line: &Line<'_>) {
        let Some(venue) = VenueId::from_names(line.venue, line.product) else {
            return;
        };
        if let Some(mark) = line.mark {
            return self.mark(venue, mark, line);
        }
        let number = self.lines;
        let instrument = (venue, line.symbol.clone().into_owned());
        let market = self.markets.entry(instrument).or_default();
        match line.channel {
            Some("trade") => market.trades.push(trade(number, line)),
            Some("agg_trade") => market.aggregates.push(trade(number, line)),
            Some("book") => {
                let stream = market.books.entry(line.stream.clone().into_owned());
                stream.or_default().push(book(number, line));
            }
            Some("bbo") => {
                let stream = market.bests.entry(line.stream.clone().into_owned());
                stream.or_default().push(best(number, line));
            }
            _ => {}
        }
    }

    fn mark(&mut self, venue: VenueId, mark: &str, line: &Line<'_>) {
        let stream = (venue, line.stream.clone().into_owned());
        match (mark, line.line) {
            ("subscribe", Some(id)) => {
                self.fates.entry(stream).or_default().carried.push(Carried {
                    line: id,
                    from: line.at,
                    until: i64::MAX,
                })
            }
            ("unsubscribe", Some(id)) => {
                if let Some(fate) = self.fates.get_mut(&stream) {
                    fate.end(id, line.at);
                }
            }
            ("close", Some(id)) => {
                let own = self.fates.iter_mut().filter(|((of, _), _)| *of == venue);
                own.for_each(|(_, fate)| fate.end(id, line.at));
            }
            ("touch", _) => self.fates.entry(stream).or_default().touched.push(Touched {
                at: line.at,
                line: line.line,
                withheld: matches!(line.touch, "dropped" | "silenced" | "mutated"),
                delayed: line.touch == "delayed",
                first: line.first,
                last: line.last,
                sent: line.sent.clone(),
            }),
            _ => {}
        }
    }
}

/// From this length on the tape may have the begin only of a message: 4 KiB, less a character.
const SENT_MAX: usize = 4_093;

/// How long before its end a line may hold back what it never delivers, in nanoseconds: as long as a
/// connection that is frozen lives.
const HELD_BACK: i64 = 2_000_000_000;

impl Fate {
    /// The message with that number, as faults changed it.
    pub(super) fn sent_as(&self, number: u64) -> impl Iterator<Item = &str> {
        let own = move |one: &&Touched| (one.first..=one.last).contains(&number);
        let touched = self.touched.iter().filter(own);
        touched.filter_map(|touched| touched.sent.as_deref())
    }

    /// The changed messages that went out by then.
    pub(super) fn sent_before(&self, at: i64) -> impl Iterator<Item = Sent<'_>> {
        let before = self.touched.iter().filter(move |one| one.at <= at);
        before.filter_map(|touched| touched.sent.as_deref().map(Sent))
    }

    /// Whether faults kept every living line that carried the stream from a message, by `kept`; `only`
    /// is the one line that it was for.
    pub(super) fn is_kept_from_all(
        &self,
        (number, at): (u64, i64),
        only: Option<u64>,
        kept: impl Fn(&Touched) -> bool,
    ) -> bool {
        let own = |one: &&Touched| kept(one) && (one.first..=one.last).contains(&number);
        let touches: Vec<&Touched> = self.touched.iter().filter(own).collect();
        let kept_from = |line: u64| {
            let mut lines = touches.iter().map(|touched| touched.line);
            lines.any(|own| own.is_none_or(|own| own == line))
        };
        let carried = self
            .carried
            .iter()
            .filter(|carried| carried.from <= at && at <= carried.until.saturating_sub(HELD_BACK))
            .filter(|carried| only.is_none_or(|only| only == carried.line));
        !touches.is_empty() && carried.map(|carried| carried.line).all(kept_from)
    }

    fn end(&mut self, line: u64, at: i64) {
        let open = |carried: &&mut Carried| carried.line == line && carried.until == i64::MAX;
        self.carried
            .iter_mut()
            .filter(open)
            .for_each(|carried| carried.until = at);
    }
}

/// A changed message as it went out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a>(&'a str);

impl Sent<'_> {
    /// Whether it names the number, 0 aside, or else one of the prices. Of one that is too long for
    /// the tape the rest is not known.
    pub(super) fn names(&self, number: u64, levels: impl Iterator<Item = (Exact, Exact)>) -> bool {
        let has = |text: &str| self.0.contains(text);
        let mut levels = levels;
        self.0.len() >= SENT_MAX
            || (number != 0 && has(&number.to_string()))
            || levels.any(|(px, _)| has(&shown(px)))
    }
}

fn trade(number: usize, line: &Line<'_>) -> TapeTrade {
    TapeTrade {
        line: number,
        at: line.at,
        seq: line.seq,
        id: line.id.to_owned(),
        px: parsed(line.px),
        qty: parsed(line.qty),
        side: line.side.to_owned(),
    }
}

fn book(number: usize, line: &Line<'_>) -> TapeBook {
    TapeBook {
        line: number,
        at: line.at,
        ts: line.ts,
        snapshot: line.kind == "snapshot",
        first: line.first,
        last: line.last,
        prev: line.prev,
        checksum: line.checksum,
        bids: side(&line.bids),
        asks: side(&line.asks),
    }
}

fn best(number: usize, line: &Line<'_>) -> TapeBest {
    TapeBest {
        line: number,
        at: line.at,
        ts: line.ts,
        seq: line.seq,
        only: line.line,
        number: line.u,
        bid: line.bid.and_then(level),
        ask: line.ask.and_then(level),
    }
}

fn side(levels: &[(&str, &str)]) -> Side {
    levels.iter().filter_map(|pair| level(*pair)).collect()
}

fn level((px, qty): (&str, &str)) -> Option<(Exact, Exact)> {
    Some((parsed(px)?, parsed(qty)?))
}
