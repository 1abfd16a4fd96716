//! What the venues' golden tests share: one frame in, its meaning out.

use crate::Level;
use crate::batch::{Batch, Control, Item};
use crate::feed::{Feed, FeedOptions, Meta, Outbox, State, Want};
use crate::fixed::Fixed;
use crate::instrument::{Admission, InstrumentId, Instruments, Listing};
use crate::record::{Bbo, BookHead, Gap, Record, Trade};
use crate::reject::Reject;
use crate::venue::{Ask, Channel, Stream, StreamKey, StreamOptions, Venue, VenueId};

/// A venue's decoder with instruments of its own; every symbol is admitted.
pub(super) struct Bench<V> {
    pub(super) venue: V,
    pub(super) instruments: Instruments,
    pub(super) batch: Batch,
}

/// A book message: fixed part, bids, asks.
pub(super) type BookItem = (BookHead, Vec<Level>, Vec<Level>);

impl<V: Venue> Bench<V> {
    pub(super) fn new(id: VenueId) -> Self {
        Self {
            venue: V::new(id, StreamOptions::default()),
            instruments: Instruments::new(id, Admission::Any),
            batch: Batch::default(),
        }
    }

    pub(super) fn decode(&mut self, frame: &str) -> Result<&[Item], Reject> {
        self.batch.clear();
        self.venue
            .decode(frame.as_bytes(), &mut self.instruments, &mut self.batch)?;
        Ok(&self.batch.items)
    }

    /// The one thing that a frame says.
    pub(super) fn one(&mut self, frame: &str) -> Item {
        match self.decode(frame) {
            Ok([item]) => item.clone(),
            other => panic!("{other:?} from {frame}"),
        }
    }

    pub(super) fn refusal(&mut self, frame: &str) -> Reject {
        match self.decode(frame) {
            Err(reject) => reject,
            other => panic!("{other:?} from {frame}"),
        }
    }

    pub(super) fn trade(&mut self, frame: &str) -> Trade {
        match self.one(frame) {
            Item::Trade(trade) => trade,
            other => panic!("{other:?} from {frame}"),
        }
    }

    pub(super) fn bbo(&mut self, frame: &str) -> Bbo {
        match self.one(frame) {
            Item::Bbo(bbo) => bbo,
            other => panic!("{other:?} from {frame}"),
        }
    }

    pub(super) fn book(&mut self, frame: &str) -> BookItem {
        let item = self.one(frame);
        self.book_of(&item)
    }

    /// A REST snapshot's meaning.
    pub(super) fn snapshot(&mut self, body: &str, of: InstrumentId) -> Result<BookItem, Reject> {
        self.batch.clear();
        let (venue, batch) = (&mut self.venue, &mut self.batch);
        venue.decode_snapshot(
            body.as_bytes(),
            of,
            Channel::BOOK,
            &mut self.instruments,
            batch,
        )?;
        let item = self.batch.items[0].clone();
        Ok(self.book_of(&item))
    }

    /// Listings and the next page of a reference body.
    pub(super) fn reference(
        &mut self,
        body: &str,
    ) -> Result<(Vec<Listing>, Option<String>), Reject> {
        self.batch.clear();
        let next = self
            .venue
            .decode_reference(body.as_bytes(), &mut self.batch)?;
        Ok((listings(&self.batch.items), next))
    }

    pub(super) fn control(&mut self, frame: &str) -> Control {
        match self.one(frame) {
            Item::Control(control) => control,
            other => panic!("{other:?} from {frame}"),
        }
    }

    /// Whether no field was unknown so far.
    pub(super) fn knows_all(&self) -> bool {
        self.batch.drift.count() == 0
    }

    fn book_of(&self, item: &Item) -> BookItem {
        match item {
            Item::Book { head, bids, asks } => (
                *head,
                self.batch.levels[bids.clone()].to_vec(),
                self.batch.levels[asks.clone()].to_vec(),
            ),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn listings(items: &[Item]) -> Vec<Listing> {
    let listing = |item: &Item| match item {
        Item::Listing(listing) => listing.clone(),
        other => panic!("{other:?}"),
    };
    items.iter().map(listing).collect()
}

/// Price and quantity of a trade as text.
pub(super) fn shown(trade: &Trade) -> (String, String) {
    (
        Fixed::new(trade.px, trade.px_exp).to_string(),
        Fixed::new(trade.qty, trade.qty_exp).to_string(),
    )
}

/// Levels of a book message as text.
pub(super) fn shown_levels(head: &BookHead, levels: &[Level]) -> Vec<(String, String)> {
    let shown = |level: &Level| {
        (
            Fixed::new(level.px, head.px_exp).to_string(),
            Fixed::new(level.qty, head.qty_exp).to_string(),
        )
    };
    levels.iter().map(shown).collect()
}

/// The text of a request for `streams`.
pub(super) fn request<V: Venue>(venue: &V, ask: Ask, streams: &[(&str, Channel)]) -> String {
    let streams: Vec<Stream<'_>> = streams
        .iter()
        .map(|(symbol, channel)| Stream {
            key: StreamKey {
                instrument: InstrumentId::NONE,
                channel: *channel,
            },
            symbol,
        })
        .collect();
    venue.request(ask, 7, &streams)
}

/// A feed without lines that takes every symbol: for rules that span messages.
pub(super) struct Tape<V> {
    pub(super) feed: Feed<V>,
    pub(super) gaps: Vec<Gap>,
    /// Fixed parts of the book records.
    pub(super) books: Vec<BookHead>,
}

impl<V: Venue> Tape<V> {
    pub(super) fn new(id: VenueId) -> Self {
        let options = FeedOptions {
            stream: StreamOptions::default(),
            admission: Admission::Any,
            first_line: 0,
            ..FeedOptions::default()
        };
        Self {
            feed: Feed::new(id, options).unwrap(),
            gaps: Vec::new(),
            books: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, frame: &str) {
        let (gaps, books) = (&mut self.gaps, &mut self.books);
        let mut sink = |record: &Record<'_>| keep(record, gaps, books);
        let out = &mut Outbox::default();
        let outcome = self.feed.on_frame(frame.as_bytes(), META, out, &mut sink);
        outcome.unwrap_or_else(|reject| panic!("{reject} in {frame}"));
    }

    pub(super) fn push_body(&mut self, body: &str) {
        let (gaps, books) = (&mut self.gaps, &mut self.books);
        let mut sink = |record: &Record<'_>| keep(record, gaps, books);
        let instrument = self.feed.instruments().all()[0].id;
        let want = Want::Snapshot {
            instrument,
            channel: Channel::BOOK,
        };
        let out = &mut Outbox::default();
        let outcome = self
            .feed
            .on_body(want, body.as_bytes(), META, out, &mut sink);
        outcome.unwrap_or_else(|reject| panic!("{reject} in {body}"));
    }

    pub(super) fn state(&self) -> State {
        self.feed
            .book(self.feed.instruments().all()[0].id)
            .unwrap()
            .1
    }

    /// Bids and asks of the first instrument's book as text, best first.
    pub(super) fn levels(&self) -> [Vec<(String, String)>; 2] {
        let (book, ..) = self.feed.book(self.feed.instruments().all()[0].id).unwrap();
        let head = BookHead::new(
            crate::record::Kind::BookSnapshot,
            InstrumentId::NONE,
            book.px_exp(),
            book.qty_exp(),
        );
        let bids: Vec<Level> = book.bids().copied().collect();
        let asks: Vec<Level> = book.asks().copied().collect();
        [shown_levels(&head, &bids), shown_levels(&head, &asks)]
    }
}

const META: Meta = Meta {
    line: 0,
    frame: 1,
    ts_recv: 1,
    ts_kernel: 0,
    now: 1,
};

fn keep(record: &Record<'_>, gaps: &mut Vec<Gap>, books: &mut Vec<BookHead>) {
    match record {
        Record::Gap(gap) => gaps.push(**gap),
        Record::BookDelta(event) | Record::BookSnapshot(event) => books.push(*event.head),
        _ => {}
    }
}

/// Owned pairs for comparisons.
pub(super) fn pairs(levels: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(px, qty): &(&str, &str)| ((*px).to_owned(), (*qty).to_owned());
    levels.iter().map(owned).collect()
}
