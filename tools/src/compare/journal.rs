//! The journal's records, sorted into streams.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use feedd_codecs::raw::RawHead;
use feedd_codecs::record::{
    ABSENT, Bbo, BookEvent, Conditions, Flags, Gap, Header, Kind, Level, Trade,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{InstrumentId, Record, VenueId};
use feedd_storage::{LogReader, Start};

use super::exact::{Exact, exact};
use super::quarantine::Quarantine;
use super::tape::Side;
use super::{CompareError, Instrument};

/// A record and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    /// Journal sequence.
    pub(super) seq: u64,
    pub(super) flags: Flags,
    /// The venue's own number.
    pub(super) number: u64,
    pub(super) ts_venue: i64,
    pub(super) ts_recv: i64,
    pub(super) what: T,
}

/// A trade.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) id: String,
    pub(super) px: Option<Exact>,
    pub(super) qty: Option<Exact>,
    pub(super) side: &'static str,
}

/// Best prices.
#[derive(Clone, Debug)]
pub(super) struct Best {
    pub(super) bid: Option<(Exact, Exact)>,
    pub(super) ask: Option<(Exact, Exact)>,
}

/// What concerns a book, in order.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Gap(Gap),
    Book {
        snapshot: bool,
        depth: u16,
        checksum: Option<u32>,
        bids: Side,
        asks: Side,
    },
}

/// The records of one instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) trades: Vec<At<Deal>>,
    pub(super) aggregates: Vec<At<Deal>>,
    pub(super) bests: Vec<At<Best>>,
    /// The main book and its gaps.
    pub(super) book: Vec<At<Step>>,
    /// All gaps, of every channel.
    pub(super) gaps: Vec<At<Gap>>,
}

/// A journal, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    pub(super) instruments: BTreeMap<Instrument, Records>,
    /// Gaps of whole-market streams, by venue.
    pub(super) market_gaps: BTreeMap<VenueId, Vec<At<Gap>>>,
    /// Frames in the quarantine, by venue.
    pub(super) quarantine: BTreeMap<VenueId, Quarantine>,
    pub(super) records: u64,
    /// Stamp of the newest record.
    pub(super) end: i64,
    names: HashMap<InstrumentId, Instrument>,
}

impl Journal {
    /// Reads the records and the quarantine of the journal in `dir`.
    pub(super) fn read(dir: &Path) -> Result<Self, CompareError> {
        let mut journal = Self::default();
        let mut reader = LogReader::open(&dir.join("records"), Start::Oldest)?;
        while let Some(frame) = reader.next()? {
            let record = Record::parse(frame.payload).map_err(|error| CompareError::Record {
                seq: frame.seq,
                what: error.to_string(),
            })?;
            journal.records += 1;
            journal.take(frame.seq, &record);
        }
        let quarantine = dir.join("quarantine");
        if quarantine.is_dir() {
            journal.read_quarantine(&quarantine)?;
        }
        Ok(journal)
    }

    fn read_quarantine(&mut self, dir: &Path) -> Result<(), CompareError> {
        let mut reader = LogReader::open(dir, Start::Oldest)?;
        while let Some(frame) = reader.next()? {
            if let Some((head, bytes)) = RawHead::split(frame.payload) {
                self.quarantine.entry(head.venue).or_default().add(bytes);
            }
        }
        Ok(())
    }

    fn take(&mut self, seq: u64, record: &Record<'_>) {
        let header = record.header();
        self.end = self.end.max(header.ts_recv);
        if let Record::Instrument(head, text) = record {
            let name = (head.venue, text.symbol.to_owned());
            self.names.insert(header.instrument, name);
            return;
        }
        let Some(name) = self.names.get(&header.instrument) else {
            if let Record::Gap(gap) = record {
                let venue = header.instrument.venue();
                let gaps = self.market_gaps.entry(venue).or_default();
                gaps.push(at(seq, header, **gap));
            }
            return;
        };
        let records = self.instruments.entry(name.clone()).or_default();
        match record {
            Record::Trade(trade) if trade.conditions.contains(Conditions::AGGREGATE) => {
                records.aggregates.push(at(seq, header, deal(trade)));
            }
            Record::Trade(trade) => records.trades.push(at(seq, header, deal(trade))),
            Record::Bbo(bbo) => records.bests.push(at(seq, header, best(bbo))),
            Record::BookDelta(event) | Record::BookSnapshot(event)
                if event.head.channel == Channel::BOOK =>
            {
                records.book.push(at(seq, header, step(event)));
            }
            Record::Gap(gap) => {
                records.gaps.push(at(seq, header, **gap));
                if gap.channel == Channel::BOOK {
                    records.book.push(at(seq, header, Step::Gap(**gap)));
                }
            }
            _ => {}
        }
    }
}

const fn at<T>(seq: u64, header: &Header, what: T) -> At<T> {
    At {
        seq,
        flags: header.flags,
        number: header.seq,
        ts_venue: header.ts_venue,
        ts_recv: header.ts_recv,
        what,
    }
}

fn deal(trade: &Trade) -> Deal {
    Deal {
        id: trade.id().to_string(),
        px: exact(trade.px, trade.px_exp),
        qty: exact(trade.qty, trade.qty_exp),
        side: trade.side.name().unwrap_or(""),
    }
}

fn best(bbo: &Bbo) -> Best {
    let level = |px: i64, qty: i64| {
        let there = px != ABSENT;
        there
            .then(|| Some((exact(px, bbo.px_exp)?, exact(qty, bbo.qty_exp)?)))
            .flatten()
    };
    Best {
        bid: level(bbo.bid_px, bbo.bid_qty),
        ask: level(bbo.ask_px, bbo.ask_qty),
    }
}

fn step(event: &BookEvent<'_>) -> Step {
    let head = event.head;
    let side = |levels: &[Level]| {
        let value = |level: &Level| {
            Some((
                exact(level.px, head.px_exp)?,
                exact(level.qty, head.qty_exp)?,
            ))
        };
        levels.iter().filter_map(value).collect()
    };
    let sent = head.header.flags.contains(Flags::CHECKSUM);
    Step::Book {
        snapshot: head.header.template_id == Kind::BookSnapshot as u16,
        depth: head.depth,
        checksum: sent.then_some(head.checksum),
        bids: side(event.bids),
        asks: side(event.asks),
    }
}
