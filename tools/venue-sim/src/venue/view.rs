//! The best levels of a book as one stream last published them.

use crate::market::{Book, Change, Levels, Side};

/// A truncated book. Levels are best first.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    depth: usize,
    pub(crate) bids: Levels,
    pub(crate) asks: Levels,
}

/// Levels that differ from the message before; quantity 0 removes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) bids: Levels,
    pub(crate) asks: Levels,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

impl View {
    pub(crate) fn new(depth: usize) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    /// Whether a change of the book can show in this view.
    pub(crate) fn shows(&self, change: &Change) -> bool {
        let (levels, worse) = match change.side {
            Side::Bid => (
                &self.bids,
                self.bids.last().is_some_and(|(px, _)| change.px < *px),
            ),
            Side::Ask => (
                &self.asks,
                self.asks.last().is_some_and(|(px, _)| change.px > *px),
            ),
        };
        levels.len() < self.depth || !worse
    }

    /// Takes over the book's best levels. The delta names every level that came, changed or left,
    /// so that a client which applies it holds exactly the best levels without truncating.
    pub(crate) fn refresh(&mut self, book: &Book) -> Delta {
        let (bids, asks) = (
            book.top(Side::Bid, self.depth),
            book.top(Side::Ask, self.depth),
        );
        let delta = Delta {
            bids: difference(&self.bids, &bids, |a, b| a > b),
            asks: difference(&self.asks, &asks, |a, b| a < b),
        };
        (self.bids, self.asks) = (bids, asks);
        delta
    }

    /// As [`refresh`](Self::refresh), for clients that truncate: levels pushed out of the view are
    /// not named. On a full side those are the ones beyond the new worst level.
    pub(crate) fn refresh_truncated(&mut self, book: &Book) -> Delta {
        let mut delta = self.refresh(book);
        let worst = |levels: &Levels| levels.get(self.depth - 1).map(|(px, _)| *px);
        if let Some(worst) = worst(&self.bids) {
            delta.bids.retain(|(px, _)| *px >= worst);
        }
        if let Some(worst) = worst(&self.asks) {
            delta.asks.retain(|(px, _)| *px <= worst);
        }
        delta
    }
}

/// Merges two lists that are ordered by `better`: what turns `old` into `new`.
fn difference(old: &[(i64, i64)], new: &[(i64, i64)], better: impl Fn(i64, i64) -> bool) -> Levels {
    let mut out = Levels::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return out,
            (Some((gone, _)), None) => {
                out.push((*gone, 0));
                old.next();
            }
            (None, Some(level)) => {
                out.push(**level);
                new.next();
            }
            (Some((was, _)), Some(level)) if better(level.0, *was) => {
                out.push(**level);
                new.next();
            }
            (Some((was, _)), Some(level)) if better(*was, level.0) => {
                out.push((*was, 0));
                old.next();
            }
            (Some(was), Some(level)) => {
                if was.1 != level.1 {
                    out.push(**level);
                }
                old.next();
                new.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(bids: &[(i64, i64)]) -> Book {
        let mut book = Book::default();
        for (px, qty) in bids {
            book.set(Side::Bid, *px, *qty);
        }
        book
    }

    #[test]
    fn exact_delta_deletes_the_level_that_was_pushed_out() {
        let mut view = View::new(2);
        view.refresh(&book(&[(10, 1), (9, 1)]));
        let delta = view.refresh(&book(&[(11, 5), (10, 1), (9, 1)]));
        assert_eq!(delta.bids, [(11, 5), (9, 0)]);
    }

    #[test]
    fn truncated_delta_omits_the_pushed_out_level_and_names_the_one_that_came_in() {
        let mut view = View::new(2);
        view.refresh(&book(&[(10, 1), (9, 1), (8, 7)]));
        let delta = view.refresh_truncated(&book(&[(11, 5), (10, 1), (9, 1), (8, 7)]));
        assert_eq!(delta.bids, [(11, 5)]);
        let delta = view.refresh_truncated(&book(&[(11, 5), (9, 1), (8, 7)]));
        assert_eq!(delta.bids, [(10, 0), (9, 1)]);
    }

    #[test]
    fn truncated_delta_deletes_the_worst_level_of_a_side_that_is_not_full() {
        let mut view = View::new(3);
        view.refresh(&book(&[(10, 1), (9, 1)]));
        assert_eq!(view.refresh_truncated(&book(&[(10, 1)])).bids, [(9, 0)]);
    }

    #[test]
    fn change_beyond_a_full_view_does_not_show() {
        let mut view = View::new(2);
        view.refresh(&book(&[(10, 1), (9, 1), (8, 7)]));
        assert!(!view.shows(&Change {
            side: Side::Bid,
            px: 8,
            qty: 0
        }));
        assert!(view.shows(&Change {
            side: Side::Bid,
            px: 9,
            qty: 0
        }));
        assert!(view.shows(&Change {
            side: Side::Ask,
            px: 12,
            qty: 3
        }));
    }
}
