//! The rules at work.

use super::memory::Seen;
use super::{Action, QualityOptions, RULES, Rule, Verdict, worse};
use crate::book::Book;
use crate::feed::books::row;
use crate::fixed::rescale;
use crate::instrument::{Instrument, InstrumentId};
use crate::record::{ABSENT, Bbo, Flags, Header, IdKind, Trade};
use crate::reject::Reject;
use crate::venue::Channel;

/// The rules, what they remember and how often they were broken.
#[derive(Debug)]
pub(in crate::feed) struct Quality {
    options: QualityOptions,
    hits: [u64; RULES],
    seen: Vec<Seen>,
}

impl Quality {
    pub(in crate::feed) fn new(options: QualityOptions) -> Self {
        Self {
            options,
            hits: [0; RULES],
            seen: Vec::new(),
        }
    }

    pub(in crate::feed) const fn options(&self) -> &QualityOptions {
        &self.options
    }

    /// How often each rule was broken, by place in [`Rule::ALL`].
    pub(in crate::feed) const fn hits(&self) -> &[u64; RULES] {
        &self.hits
    }

    /// Whether a rule is looked at.
    pub(in crate::feed) fn watches(&self, rule: Rule) -> bool {
        self.options.actions[rule as usize] != Action::Off
    }

    /// Counts a broken rule.
    pub(in crate::feed) fn hit(&mut self, rule: Rule) -> Verdict {
        let action = self.options.actions[rule as usize];
        if action == Action::Off {
            return Verdict::Pass;
        }
        self.hits[rule as usize] += 1;
        match action {
            Action::Reject => Verdict::Reject(Reject::Quality(rule)),
            _ => Verdict::Flag,
        }
    }

    #[inline]
    fn unless(&mut self, holds: bool, rule: Rule) -> Verdict {
        if holds { Verdict::Pass } else { self.hit(rule) }
    }

    #[inline]
    fn of(&mut self, instrument: &Instrument) -> &mut Seen {
        let index = instrument.id.index();
        if self.seen.len() <= index {
            self.seen.resize_with(index + 1, Seen::default);
        }
        &mut self.seen[index]
    }

    /// The instrument is no longer picked: what was learned of it says nothing about its return.
    pub(in crate::feed) fn forget(&mut self, id: InstrumentId) {
        if let Some(seen) = self.seen.get_mut(id.index()) {
            *seen = Seen::default();
        }
    }

    /// A trade that was taken; `name` is its number, or stands for its id.
    #[inline]
    pub(in crate::feed) fn trade(
        &mut self,
        instrument: &Instrument,
        channel: Channel,
        name: u64,
        trade: &Trade,
    ) -> Verdict {
        let (now, factor) = (trade.header.ts_recv, self.factor());
        let mut verdict = self.times(
            &trade.header,
            |seen| &mut seen.trades[place(channel)].ts,
            instrument,
        );
        let seen = self.of(instrument);
        seen.trade_at = now;
        let near = trade.px > 0 && seen.level.take(trade.px, trade.px_exp, now, factor);
        let prints = &mut seen.trades[place(channel)].prints;
        let again =
            trade.id_kind == IdKind::UUID && prints.has_under_another_name(name, trade.id_bytes);
        prints.add(name, trade);
        verdict = worse(verdict, self.unless(near, Rule::PriceRange));
        verdict = worse(verdict, self.unless(!again, Rule::DuplicateId));
        worse(verdict, self.terms(instrument, trade))
    }

    /// A trade whose name was taken before: nothing if it is a copy of a recent one, or too old to
    /// tell.
    #[inline]
    pub(in crate::feed) fn repeated(
        &mut self,
        instrument: &Instrument,
        channel: Channel,
        name: u64,
        trade: &Trade,
    ) -> Verdict {
        if !self.watches(Rule::DuplicateId) {
            return Verdict::Pass;
        }
        let prints = &mut self.of(instrument).trades[place(channel)].prints;
        if !prints.contradicts(name, trade) {
            return Verdict::Pass;
        }
        // The copies of this one are copies.
        prints.add(name, trade);
        self.hit(Rule::DuplicateId)
    }

    /// A trade of the past that REST brought: its stamp says nothing about the stream's, and its
    /// price does not move the level.
    pub(in crate::feed) fn backfilled(
        &mut self,
        instrument: &Instrument,
        trade: &Trade,
    ) -> Verdict {
        let factor = self.factor();
        let level = self.of(instrument).level;
        let near = trade.px > 0 && level.is_near(trade.px, trade.px_exp, factor);
        let timely = !self.is_future(&trade.header);
        let verdict = worse(
            self.unless(near, Rule::PriceRange),
            self.unless(timely, Rule::FutureTime),
        );
        worse(verdict, self.terms(instrument, trade))
    }

    /// What holds for the values of every trade.
    #[inline]
    fn terms(&mut self, instrument: &Instrument, trade: &Trade) -> Verdict {
        worse(
            self.unless(trade.qty > 0, Rule::QtyRange),
            self.tick(instrument, trade.px, trade.px_exp),
        )
    }

    #[inline]
    pub(in crate::feed) fn bbo(&mut self, instrument: &Instrument, bbo: &Bbo) -> Verdict {
        let mut verdict = self.times(&bbo.header, |seen| &mut seen.ts_bbo, instrument);
        for px in [bbo.bid_px, bbo.ask_px] {
            if px != ABSENT {
                verdict = worse(verdict, self.unless(px > 0, Rule::PriceRange));
                verdict = worse(verdict, self.tick(instrument, px, bbo.px_exp));
            }
        }
        verdict
    }

    /// A book that took an update or a snapshot. A snapshot is stamped by another clock.
    #[inline]
    pub(in crate::feed) fn book(
        &mut self,
        instrument: &Instrument,
        (header, channel): (&Header, Channel),
        book: &Book,
        is_update: bool,
    ) -> Verdict {
        let row = row(channel);
        let mut verdict = Verdict::Pass;
        if is_update {
            verdict = self.times(header, |seen| &mut seen.books[row].ts, instrument);
        }
        let seen = &mut self.of(instrument).books[row];
        (seen.at, seen.stale) = (header.ts_recv, false);
        let bounded = book.depth() <= self.options.levels_max;
        verdict = worse(verdict, self.unless(bounded, Rule::LevelExplosion));
        verdict
    }

    /// Whether the instrument's live book has just become stale: it trades and its book stands still.
    pub(in crate::feed) fn book_is_stale(
        &mut self,
        instrument: &Instrument,
        channel: Channel,
    ) -> bool {
        if !self.watches(Rule::StaleBook) {
            return false;
        }
        let limit = self.options.stale_max;
        let seen = self.of(instrument);
        let trade_at = seen.trade_at;
        let book = &mut seen.books[row(channel)];
        let stale = book.at != 0 && trade_at.saturating_sub(book.at) > limit;
        let news = stale && !book.stale;
        book.stale = stale;
        if news {
            self.hit(Rule::StaleBook);
        }
        news
    }

    fn factor(&self) -> i64 {
        i64::from(self.options.price_factor.get())
    }

    const fn is_future(&self, header: &Header) -> bool {
        header.ts_venue > header.ts_recv.saturating_add(self.options.future_max)
    }

    #[inline]
    fn times(
        &mut self,
        header: &Header,
        last: impl FnOnce(&mut Seen) -> &mut i64,
        instrument: &Instrument,
    ) -> Verdict {
        let ts = header.ts_venue;
        if ts == 0 {
            return Verdict::Pass;
        }
        if self.is_future(header) {
            // It says nothing about the stamps to come.
            return self.hit(Rule::FutureTime);
        }
        if header.flags.contains(Flags::LATE) {
            return Verdict::Pass;
        }
        let last = last(self.of(instrument));
        let forward = ts >= *last;
        *last = ts;
        self.unless(forward, Rule::TimeBack)
    }

    #[inline]
    fn tick(&mut self, instrument: &Instrument, px: i64, exp: i8) -> Verdict {
        let (tick, tick_exp) = instrument.terms.tick;
        if tick == 0 {
            return Verdict::Pass;
        }
        // Both at the finer power of ten; what does not fit there is no multiple.
        let fine = exp.min(tick_exp);
        let on = match (rescale(px, exp, fine), rescale(tick, tick_exp, fine)) {
            (Some(px), Some(tick)) => px % tick == 0,
            _ => false,
        };
        self.unless(on, Rule::OffTick)
    }
}

/// Where a channel of trades stands.
fn place(channel: Channel) -> usize {
    usize::from(channel == Channel::AGG_TRADE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::{Admission, Instruments};
    use crate::record::{BookHead, Kind};
    use crate::venue::VenueId;

    #[test]
    fn the_books_of_one_instrument_have_their_own_stamps() {
        let mut instruments = Instruments::new(VenueId::BYBIT_LINEAR, Admission::Named);
        let id = instruments.add("BTCUSDT").unwrap();
        let known = instruments.get(id);
        let mut quality = Quality::new(QualityOptions::default());
        let mut head = BookHead::new(Kind::BookDelta, id, 0, 0);
        let mut see = |channel, ts: i64| {
            (head.header.ts_venue, head.header.ts_recv) = (ts, ts);
            quality.book(known, (&head.header, channel), &Book::default(), true)
        };
        assert_eq!(see(Channel::BOOK, 2_000), Verdict::Pass);
        assert_eq!(see(Channel::BOOK_RPI, 1_000), Verdict::Pass);
        assert_eq!(see(Channel::BOOK, 1_999), Verdict::Flag);
        let limit = QualityOptions::default().stale_max;
        assert_eq!(see(Channel::BOOK_RPI, 2 * limit), Verdict::Pass);
        quality.of(known).trade_at = 2 * limit;
        assert!(quality.book_is_stale(known, Channel::BOOK));
        assert!(!quality.book_is_stale(known, Channel::BOOK_RPI));
    }
}
