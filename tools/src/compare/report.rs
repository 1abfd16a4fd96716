//! What a comparison found.

use std::collections::BTreeMap;
use std::fmt;

use feedd_codecs::venue::Channel;
use serde::Serialize;

use super::Instrument;

/// Differences of one stream that are kept with their words; all are counted.
const DIFFERENCES_MAX: usize = 20;

/// How tape and journal can differ without a reason on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// On the tape, not in the journal, and no gap says so.
    Missing,
    /// In the journal, never on the tape.
    Extra,
    /// In the journal more often than on the tape.
    Duplicate,
    /// In the journal with other values.
    Wrong,
    /// In the journal after what came later.
    Order,
    /// A book that is not flagged and not the venue's.
    Book,
    /// A gap without its end, or an end without its begin.
    Gap,
}

/// One difference, with both places.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What kind.
    pub kind: Kind,
    /// Sequence in the journal's log of records, if a record is concerned.
    pub journal_seq: Option<u64>,
    /// Line of the tape from 1, if one is concerned.
    pub tape_line: Option<usize>,
    /// What differs, in words.
    pub what: String,
}

/// One stream: what was counted, both ways.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamReport {
    /// Venue and product.
    pub venue: String,
    /// The venue's spelling.
    pub symbol: String,
    /// `trade`, `agg_trade`, `bbo` or `book`.
    pub channel: String,
    /// Messages on the tape that the journal should account for.
    pub tape: u64,
    /// Records in the journal.
    pub journal: u64,
    /// Messages that stand in the journal as they were published.
    pub equal: u64,
    /// Messages that a `Gap` record tells to be missing.
    pub in_gaps: u64,
    /// Messages that are kept in the quarantine, because a fault made them unreadable.
    pub quarantined: u64,
    /// Messages of a stream without numbers that a fault withheld on every line while the lines
    /// lived: nothing that was received tells of them.
    pub untraceable: u64,
    /// Messages of best prices that say once more what the journal has.
    pub repeated: u64,
    /// Messages of best prices that came only after newer ones, on every line.
    pub overtaken: u64,
    /// Records of messages that a fault changed on their way, as they came.
    pub altered: u64,
    /// Gaps that were opened.
    pub gaps: u64,
    /// Gaps that were still open at the end.
    pub gaps_open: u64,
    /// Differences by kind.
    pub unexplained: BTreeMap<Kind, u64>,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl StreamReport {
    pub(super) fn new((venue, symbol): &Instrument, channel: Channel) -> Self {
        Self {
            venue: venue.to_string(),
            symbol: symbol.clone(),
            channel: channel.name().to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn differs(
        &mut self,
        kind: Kind,
        journal_seq: Option<u64>,
        tape_line: Option<usize>,
        what: impl FnOnce() -> String,
    ) {
        *self.unexplained.entry(kind).or_default() += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(Difference {
                kind,
                journal_seq,
                tape_line,
                what: what(),
            });
        }
    }

    /// Differences without a reason on record.
    #[must_use]
    pub fn unexplained(&self) -> u64 {
        self.unexplained.values().sum()
    }
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Every stream of trades, best prices and books that the journal has.
    pub streams: Vec<StreamReport>,
    /// Lines on the tape.
    pub tape_lines: usize,
    /// Records in the journal.
    pub journal_records: u64,
}

impl Report {
    /// Differences without a reason on record, over all streams.
    #[must_use]
    pub fn unexplained(&self) -> u64 {
        self.streams.iter().map(StreamReport::unexplained).sum()
    }

    /// Sums a figure over all streams.
    #[must_use]
    pub fn sum(&self, figure: impl Fn(&StreamReport) -> u64) -> u64 {
        self.streams.iter().map(figure).sum()
    }
}

/// A line for each stream and for each difference, and the sum.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stream in &self.streams {
            writeln!(f, "{stream}")?;
            for difference in &stream.differences {
                writeln!(f, "  {difference}")?;
            }
            let told = stream.differences.len() as u64;
            if stream.unexplained() > told {
                writeln!(f, "  and {} more", stream.unexplained() - told)?;
            }
        }
        writeln!(
            f,
            "{} streams, {} messages on the tape, {} equal, {} in gaps, {} unexplained",
            self.streams.len(),
            self.sum(|stream| stream.tape),
            self.sum(|stream| stream.equal),
            self.sum(|stream| stream.in_gaps),
            self.unexplained()
        )
    }
}

impl fmt::Display for StreamReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}:", self.venue, self.symbol, self.channel)?;
        let figures = [
            ("on tape", self.tape),
            ("in journal", self.journal),
            ("equal", self.equal),
            ("in gaps", self.in_gaps),
            ("quarantined", self.quarantined),
            ("untraceable", self.untraceable),
            ("repeated", self.repeated),
            ("overtaken", self.overtaken),
            ("altered", self.altered),
            ("gaps", self.gaps),
            ("open", self.gaps_open),
            ("unexplained", self.unexplained()),
        ];
        for (place, (name, figure)) in figures.into_iter().enumerate() {
            if place < 3 || figure > 0 {
                write!(f, " {name} {figure}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if let Some(seq) = self.journal_seq {
            write!(f, ", journal {seq}")?;
        }
        if let Some(line) = self.tape_line {
            write!(f, ", tape line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}
