//! Trades that REST brings: taken only where one is missing, so that a repeat adds nothing.

use super::Gate;
use super::admit::Sign;
use crate::feed::holes::Place;
use crate::feed::ids::Ids;
use crate::feed::stream::Wanted;
use crate::record::{Flags, GapEnd, Record, RecordSink, Trade};
use crate::venue::{Numbering, StreamKey, Venue};

/// REST attempts for trades without numbers, before what is missing stays so.
const ATTEMPTS_MAX: u32 = 3;
/// Pause between two of them.
const PAUSE: i64 = 2_000_000_000;

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    /// Takes what is missing from a REST answer, oldest first.
    pub(in crate::feed) fn backfill(&mut self, key: StreamKey, trades: &mut [Trade]) {
        if self.venue.numbering(key.channel) == Numbering::Ids {
            return self.backfill_ids(key, trades);
        }
        let mut progress = false;
        for trade in trades {
            let sign = Sign::of_trade(trade);
            if self.streams.of(key).holes.place(trade.header.seq) == Place::Filling {
                progress = true;
                self.backfilled(trade);
                self.fill(key, sign, Some(GapEnd::REST));
            }
        }
        self.hole_answered(key, progress);
    }

    /// A REST request about holes ended.
    pub(in crate::feed) fn hole_answered(&mut self, key: StreamKey, progress: bool) {
        let given_up = self.streams.of(key).holes.answered(self.meta.now, progress);
        self.lose_holes(key, given_up);
    }

    /// The answer is complete for a gap if it reaches back to a trade that was taken before it.
    fn backfill_ids(&mut self, key: StreamKey, trades: &mut [Trade]) {
        let wanted = &mut self.streams.of(key).wanted;
        let asked: Vec<Wanted> = wanted.extract_if(.., |wanted| wanted.asked).collect();
        let mut reaches = i64::MAX;
        for trade in trades {
            let id = Ids::of(trade);
            let ts = trade.header.ts_venue;
            if self.streams.of(key).ids.knows(id) {
                reaches = reaches.min(ts);
            } else if reaches != i64::MAX || asked.iter().any(|wanted| wanted.holds(ts)) {
                // What follows a known trade is missing whatever its stamp: clocks jump.
                self.streams.of(key).ids.add(id);
                self.backfilled(trade);
            }
        }
        for Wanted { gap, after, .. } in asked {
            let end = if reaches <= after {
                GapEnd::REST
            } else {
                GapEnd::LOST
            };
            self.tell(key, &gap, end, 0);
        }
    }

    /// A REST request about trades without numbers failed.
    pub(in crate::feed) fn ids_unanswered(&mut self, key: StreamKey) {
        let due = self.meta.now + PAUSE;
        let wanted = &mut self.streams.of(key).wanted;
        for failed in wanted.iter_mut().filter(|wanted| wanted.asked) {
            (failed.asked, failed.due) = (false, due);
            failed.attempts += 1;
        }
        let spent = |wanted: &mut Wanted| wanted.attempts >= ATTEMPTS_MAX;
        let given_up: Vec<Wanted> = wanted.extract_if(.., spent).collect();
        for Wanted { gap, .. } in given_up {
            self.tell(key, &gap, GapEnd::LOST, 0);
        }
    }

    fn backfilled(&mut self, trade: &mut Trade) {
        self.introduce(trade.header.instrument, trade.px_exp, trade.qty_exp);
        self.stamp(&mut trade.header, Flags::BACKFILL.with(Flags::LAST));
        let known = self.instruments.get(trade.header.instrument);
        let verdict = self.quality.backfilled(known, trade);
        if self.passes(verdict, &mut trade.header) {
            self.counts.backfilled += 1;
            self.emit(&Record::Trade(trade));
        }
    }
}
