//! Today's decoder, as a refused frame meets it: a fresh feed for each venue that takes whatever
//! instrument comes.
//!
//! The feeds number their instruments as the journal does, where it says how. Gaps and states of
//! lines are left out: what lies between two refused frames stands in the journal's records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use feedd_codecs::feed::{FeedOptions, Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::venue::{Channel, Encoding, StreamOptions};
use feedd_codecs::{Batch, Feed, Instruments, Record, Reject, Venue, VenueId, with_venue};

use super::Entry;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is refused.
    Refused(Reject),
    /// It decodes.
    Decoded,
    /// It cannot be judged, and why not.
    Impossible(&'static str),
}

/// The decoders of one journal's venues.
#[derive(Debug)]
pub(super) struct Decoders {
    journal: PathBuf,
    venues: BTreeMap<VenueId, Box<dyn Decode>>,
}

impl Decoders {
    /// No decoder yet: each begins with the first frame of its venue.
    pub(super) fn new(journal: &Path) -> Self {
        Self {
            journal: journal.to_owned(),
            venues: BTreeMap::new(),
        }
    }

    /// Runs a frame through its venue's decoder and feed; the records go to `sink`.
    pub(super) fn frame(&mut self, entry: Entry<'_>, sink: &mut dyn FnMut(&Record<'_>)) -> Outcome {
        if let Some(why) = impossible(entry) {
            return Outcome::Impossible(why);
        }
        let venue = entry.head.venue;
        let opened = match self.venues.remove(&venue) {
            Some(decoder) => Ok(decoder),
            None => open(venue, &roster(&self.journal, venue)),
        };
        let outcome = opened.and_then(|mut decoder| {
            let outcome = decoder.frame(entry, sink);
            self.venues.insert(venue, decoder);
            outcome
        });
        outcome.map_or_else(Outcome::Refused, |()| Outcome::Decoded)
    }
}

/// Why a frame cannot be run again.
fn impossible(entry: Entry<'_>) -> Option<&'static str> {
    let RawHead {
        venue,
        carrier,
        len,
        rule,
        ..
    } = *entry.head;
    if !VenueId::all().any(|known| known == venue) {
        Some("this version does not know its venue")
    } else if len == 0 && rule != Reject::Empty.code() {
        Some("its bytes were never read whole, so they are not kept")
    } else if carrier == Carrier::REST {
        Some("the body of a REST answer, kept without the request")
    } else {
        None
    }
}

/// A decoder whatever its venue.
trait Decode: std::fmt::Debug {
    fn frame(&mut self, entry: Entry<'_>, sink: &mut dyn FnMut(&Record<'_>)) -> Result<(), Reject>;
}

impl<V: Venue + std::fmt::Debug> Decode for Feed<V> {
    fn frame(&mut self, entry: Entry<'_>, sink: &mut dyn FnMut(&Record<'_>)) -> Result<(), Reject> {
        let head = entry.head;
        if head.carrier == Carrier::BINARY {
            self.decode_binary(entry.frame)?;
        } else {
            self.decode(entry.frame)?;
        }
        let meta = Meta {
            line: head.line,
            frame: head.frame,
            ts_recv: head.ts_recv,
            ts_kernel: head.ts_kernel,
            now: head.ts_recv,
        };
        // A replay answers nobody: what the feed wants to send or fetch is dropped.
        let mut data = |record: &Record<'_>| match record {
            Record::Gap(_) | Record::Status(..) => {}
            record => sink(record),
        };
        self.apply(meta, &mut Outbox::default(), &mut data);
        Ok(())
    }
}

fn open(venue: VenueId, roster: &[String]) -> Result<Box<dyn Decode>, Reject> {
    let options = FeedOptions {
        admission: Admission::Any,
        stream: StreamOptions {
            encoding: Encoding::Sbe,
            ..StreamOptions::default()
        },
        ..FeedOptions::default()
    };
    Ok(with_venue!(venue, V => Box::new(Feed::<V>::resume(venue, roster, options)?)))
}

/// The venue's symbols in the order of their numbers in this journal, from the daemon's file; as
/// many as can be read.
fn roster(journal: &Path, venue: VenueId) -> Vec<String> {
    let text = fs::read_to_string(journal.join("instruments")).unwrap_or_default();
    let prefix = format!("{venue} ");
    let rows = text.lines().filter_map(|line| line.strip_prefix(&prefix));
    let rows = rows.filter_map(|row| row.split_once(' '));
    let in_order = rows
        .enumerate()
        .take_while(|(at, (number, _))| *number == at.to_string());
    in_order.map(|(_, (_, symbol))| symbol.to_owned()).collect()
}

/// What each decoder of REST answers says about a body, by what it would answer.
pub(super) fn body(venue: VenueId, body: &[u8]) -> Vec<(&'static str, Result<(), Reject>)> {
    with_venue!(venue, V => answers(V::new(venue, StreamOptions::default()), venue, body))
}

fn answers(
    mut decoder: impl Venue,
    venue: VenueId,
    body: &[u8],
) -> Vec<(&'static str, Result<(), Reject>)> {
    let mut batch = Batch::default();
    let mut instruments = Instruments::new(venue, Admission::Any);
    let mut all = vec![
        (
            "reference data",
            decoder.decode_reference(body, &mut batch).map(drop),
        ),
        (
            "turnovers",
            decoder.decode_volumes(body, &mut Vec::new()).map(drop),
        ),
    ];
    // Snapshots and trades bear no symbol: any stands for the one that was asked for.
    let Ok(instrument) = instruments.add("-") else {
        return all;
    };
    let book = Channel::BOOK;
    let snapshot = decoder.decode_snapshot(body, instrument, book, &mut instruments, &mut batch);
    all.push(("a book snapshot", snapshot));
    let trades = &mut Vec::new();
    let found = decoder.decode_trades(body, instrument, Channel::TRADE, &mut instruments, trades);
    all.push(("trades", found));
    all
}
