//! The journal's records, reduced to what the tests ask about.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::record::{
    Change, Conditions, Flags, GapCause, GapEnd, Kind, Record, StatusCode, TradingState,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{InstrumentId, Reject, VenueId};
use feedd_storage::{LogReader, Start};

use super::{LOOK, PATIENCE};

/// One record of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its run.
    pub(crate) run: u32,
    pub(crate) venue: VenueId,
    /// Empty for lines and venues.
    pub(crate) symbol: String,
    pub(crate) id: InstrumentId,
    pub(crate) kind: Kind,
    /// The channel that brought it, or that it is about.
    pub(crate) channel: Channel,
    pub(crate) flags: Flags,
    pub(crate) line: u16,
    pub(crate) ts_venue: i64,
    /// The venue's own sequence.
    pub(crate) venue_seq: u64,
    pub(crate) what: What,
}

/// What only some kinds have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Gap(GapCause, Channel),
    GapEnd(Channel, GapEnd),
    Status(StatusCode, Channel, String),
    Instrument(Listed),
    Data,
}

/// What reference data says of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) change: Change,
    pub(crate) state: TradingState,
    /// The canonical name.
    pub(crate) name: String,
    /// Price increment: mantissa and exponent.
    pub(crate) tick: (i64, i8),
}

impl Entry {
    /// Venue and symbol.
    pub(crate) fn name(&self) -> (String, &str) {
        (self.venue.to_string(), &self.symbol)
    }

    /// Whether the instrument's book is not known to be right.
    pub(crate) fn is_flagged(&self) -> bool {
        self.flags.contains(Flags::MAYBE_BAD_BOOK)
    }

    pub(crate) fn is_book(&self) -> bool {
        matches!(self.kind, Kind::BookDelta | Kind::BookSnapshot)
    }

    pub(crate) fn is_status(&self, code: StatusCode) -> bool {
        matches!(&self.what, What::Status(known, ..) if *known == code)
    }

    /// The listing, if it is reference data and no repetition at a segment's beginning.
    pub(crate) fn news(&self) -> Option<&Listed> {
        match &self.what {
            What::Instrument(listed) if !self.flags.contains(Flags::CHECKPOINT) => Some(listed),
            _ => None,
        }
    }

    pub(crate) fn gap(&self) -> Option<(GapCause, Channel)> {
        match self.what {
            What::Gap(cause, channel) => Some((cause, channel)),
            _ => None,
        }
    }
}

/// The `records` log, read from its beginning as it grows.
#[derive(Debug)]
pub(crate) struct Journaled {
    reader: LogReader,
    symbols: HashMap<InstrumentId, String>,
    entries: Vec<Entry>,
}

impl Journaled {
    pub(crate) fn open(dir: &Path) -> Self {
        Self {
            reader: LogReader::open(&dir.join("records"), Start::Oldest).unwrap(),
            symbols: HashMap::new(),
            entries: Vec::new(),
        }
    }

    /// What was read so far.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Reads what is new.
    pub(crate) fn poll(&mut self) -> &[Entry] {
        while let Some(frame) = self.reader.next().unwrap() {
            let record = Record::parse(frame.payload).unwrap();
            let entry = entry(&record, frame.run, &mut self.symbols);
            self.entries.push(entry);
        }
        &self.entries
    }

    /// Reads until `holds`.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&[Entry]) -> bool) {
        let since = Instant::now();
        while !holds(self.poll()) {
            let told = |entry: &&Entry| matches!(entry.what, What::Status(..) | What::Gap(..));
            let told = self.entries.iter().rev().filter(told).take(10);
            assert!(
                since.elapsed() < PATIENCE,
                "never came: {what}; told at last, newest first: {:#?}",
                told.map(|entry| (entry.name(), &entry.what))
                    .collect::<Vec<_>>()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// The gaps that were opened so far.
    pub(crate) fn gaps(&self) -> Vec<&Entry> {
        let gap = |entry: &&Entry| entry.gap().is_some();
        self.entries.iter().filter(gap).collect()
    }

    /// The statuses of one code so far.
    pub(crate) fn statuses(&self, code: StatusCode) -> Vec<&Entry> {
        let status = |entry: &&Entry| entry.is_status(code);
        self.entries.iter().filter(status).collect()
    }

    /// The entries of one instrument.
    pub(crate) fn of<'a>(&'a self, symbol: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.symbol == symbol)
    }
}

fn entry(record: &Record<'_>, run: u32, symbols: &mut HashMap<InstrumentId, String>) -> Entry {
    let header = record.header();
    if let Record::Instrument(_, text) = record {
        symbols.insert(header.instrument, text.symbol.to_owned());
    }
    let what = match record {
        Record::Gap(gap) if gap.end == GapEnd::OPEN => What::Gap(gap.cause, gap.channel),
        Record::Gap(gap) => What::GapEnd(gap.channel, gap.end),
        Record::Status(head, text) => What::Status(head.code, head.channel, (*text).to_owned()),
        Record::Instrument(head, text) => What::Instrument(Listed {
            change: head.change,
            state: head.state,
            name: text.name.to_owned(),
            tick: (head.tick, head.px_exp),
        }),
        _ => What::Data,
    };
    let venue = match record {
        Record::Status(head, _) => head.venue,
        _ => header.instrument.venue(),
    };
    Entry {
        run,
        venue,
        symbol: symbols.get(&header.instrument).cloned().unwrap_or_default(),
        id: header.instrument,
        kind: record.kind(),
        channel: channel(record),
        flags: header.flags,
        line: header.line,
        ts_venue: header.ts_venue,
        venue_seq: header.seq,
        what,
    }
}

const fn channel(record: &Record<'_>) -> Channel {
    match record {
        Record::Trade(trade) if trade.conditions.contains(Conditions::AGGREGATE) => {
            Channel::AGG_TRADE
        }
        Record::Trade(_) => Channel::TRADE,
        Record::Bbo(_) => Channel::BBO,
        Record::BookDelta(event) | Record::BookSnapshot(event) => event.head.channel,
        Record::Ticker(event) => event.head.channel,
        Record::Candle(candle) => candle.channel,
        Record::Liquidation(_) => Channel::LIQUIDATION,
        Record::OrdersDelta(_) | Record::OrdersSnapshot(_) => Channel::ORDERS,
        Record::Instrument(..) => Channel::REFERENCE,
        Record::Status(head, _) => head.channel,
        Record::Gap(gap) => gap.channel,
    }
}

/// Shows every record of the journal in `dir`.
pub(crate) fn each_record(dir: &Path, mut show: impl FnMut(&Record<'_>)) {
    let mut reader = LogReader::open(&dir.join("records"), Start::Oldest).unwrap();
    while let Some(frame) = reader.next().unwrap() {
        show(&Record::parse(frame.payload).unwrap());
    }
}

/// Rule, carrier and bytes of every frame in the quarantine.
pub(crate) fn quarantined(dir: &Path) -> Vec<(&'static str, Carrier, Vec<u8>)> {
    let mut reader = LogReader::open(&dir.join("quarantine"), Start::Oldest).unwrap();
    let mut found = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        let (head, bytes) = RawHead::split(frame.payload).unwrap();
        let rule = Reject::rule_of_code(head.rule).unwrap();
        found.push((rule, head.carrier, bytes.to_vec()));
    }
    found
}
