//! The books of a feed: one for each instrument and book channel.

use super::sync::BookSync;
use crate::instrument::InstrumentId;
use crate::venue::Channel;

/// The channels that keep a book.
const CHANNELS: [Channel; 4] = [
    Channel::BOOK,
    Channel::BOOK_RPI,
    Channel::BOOK_RPI_ONLY,
    Channel::BOOK_FULL,
];

/// How many they are.
pub(super) const ROWS: usize = CHANNELS.len();

/// Books by channel and instrument.
#[derive(Debug, Default)]
pub(super) struct Books([Vec<BookSync>; ROWS]);

/// The place of a book channel among them.
pub(super) const fn row(channel: Channel) -> usize {
    match channel {
        Channel::BOOK_RPI => 1,
        Channel::BOOK_RPI_ONLY => 2,
        Channel::BOOK_FULL => 3,
        _ => 0,
    }
}

impl Books {
    /// The book, which begins without a snapshot.
    #[inline]
    pub(super) fn of(&mut self, instrument: InstrumentId, channel: Channel) -> &mut BookSync {
        let (row, index) = (&mut self.0[row(channel)], instrument.index());
        if row.len() <= index {
            row.resize_with(index + 1, BookSync::default);
        }
        &mut row[index]
    }

    /// The book, if any message about it came.
    #[inline]
    pub(super) fn get(&self, instrument: InstrumentId, channel: Channel) -> Option<&BookSync> {
        self.0[row(channel)].get(instrument.index())
    }

    /// As [`Books::get`], to change it.
    #[inline]
    pub(super) fn get_mut(
        &mut self,
        instrument: InstrumentId,
        channel: Channel,
    ) -> Option<&mut BookSync> {
        self.0[row(channel)].get_mut(instrument.index())
    }

    /// The channels and indices of the books that `wanted` picks.
    pub(super) fn places(&self, wanted: impl Fn(&BookSync) -> bool) -> Vec<(Channel, usize)> {
        let mut places = Vec::new();
        for (channel, row) in CHANNELS.into_iter().zip(&self.0) {
            let picked = row.iter().enumerate().filter(|(_, book)| wanted(book));
            places.extend(picked.map(|(index, _)| (channel, index)));
        }
        places
    }

    /// A line begins anew.
    pub(super) fn line_began(&mut self, line: u16) {
        let books = self.0.iter_mut().flatten();
        books.for_each(|book| book.line_began(line));
    }

    /// The books of one instrument.
    pub(super) fn of_instrument(
        &mut self,
        instrument: InstrumentId,
    ) -> impl Iterator<Item = (Channel, &mut BookSync)> {
        let rows = CHANNELS.into_iter().zip(&mut self.0);
        rows.filter_map(move |(channel, row)| Some((channel, row.get_mut(instrument.index())?)))
    }
}
