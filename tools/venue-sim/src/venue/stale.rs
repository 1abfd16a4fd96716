//! Books frozen for REST snapshots that are to be stale.

use crate::market::Book;
use crate::venue::Desk;

/// One frozen book.
#[derive(Debug)]
pub(crate) struct Frozen {
    symbol: String,
    pub(crate) book: Book,
    /// Update id the book had when it was frozen.
    pub(crate) update_id: u64,
    left: u64,
}

/// Frozen books of one product, oldest order first.
#[derive(Debug, Default)]
pub(crate) struct StaleBooks(Vec<Frozen>);

impl StaleBooks {
    /// Freezes the book of `desk.markets[index]` for the next `count` snapshots.
    pub(crate) fn freeze(&mut self, desk: &Desk<'_>, index: usize, update_id: u64, count: u64) {
        let market = &desk.markets[index];
        let (symbol, book) = (market.config.symbol.clone(), market.book.clone());
        self.0.retain(|frozen| frozen.left > 0);
        self.0.push(Frozen {
            symbol,
            book,
            update_id,
            left: count,
        });
    }

    /// The frozen book to answer with, if one is ordered; uses it up by one.
    pub(crate) fn take(&mut self, symbol: &str) -> Option<&Frozen> {
        let frozen = self
            .0
            .iter_mut()
            .find(|frozen| frozen.left > 0 && frozen.symbol == symbol)?;
        frozen.left -= 1;
        Some(frozen)
    }
}
