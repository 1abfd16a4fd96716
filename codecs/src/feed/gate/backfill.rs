//! Trades that REST brings: taken only where one is missing, so that a repeat adds nothing.

use super::Gate;
use crate::feed::ids::Ids;
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
            let number = trade.header.seq;
            if self.streams.of(key).holes.place(number) == crate::feed::holes::Place::Filling {
                progress = true;
                self.backfilled(trade);
                self.fill(key, number, Some(GapEnd::REST));
            }
        }
        self.hole_answered(key, progress);
    }

    /// A REST request about holes ended.
    pub(in crate::feed) fn hole_answered(&mut self, key: StreamKey, progress: bool) {
        let given_up = self.streams.of(key).holes.answered(self.meta.now, progress);
        for hole in given_up {
            self.end_hole(key, &hole, GapEnd::LOST);
        }
    }

    /// The answer is complete if it reaches back to a trade that was taken before the gap.
    fn backfill_ids(&mut self, key: StreamKey, trades: &mut [Trade]) {
        let Some(wanted) = self.streams.of(key).wanted else {
            return;
        };
        let mut reaches = false;
        for trade in trades {
            let id = Ids::of(trade);
            let ts = trade.header.ts_venue;
            let known = self.streams.of(key).ids.knows(id);
            reaches |= known && ts <= wanted.after;
            if !known && ts >= wanted.after && ts <= wanted.until {
                self.streams.of(key).ids.add(id);
                self.backfilled(trade);
            }
        }
        let end = if reaches { GapEnd::REST } else { GapEnd::LOST };
        self.streams.of(key).wanted = None;
        self.tell(key, &wanted.gap, end, 0);
    }

    /// A REST request about trades without numbers failed.
    pub(in crate::feed) fn ids_unanswered(&mut self, key: StreamKey) {
        let now = self.meta.now;
        let Some(wanted) = &mut self.streams.of(key).wanted else {
            return;
        };
        wanted.asked = false;
        wanted.attempts += 1;
        wanted.due = now + PAUSE;
        let (gap, spent) = (wanted.gap, wanted.attempts >= ATTEMPTS_MAX);
        if spent {
            self.streams.of(key).wanted = None;
            self.tell(key, &gap, GapEnd::LOST, 0);
        }
    }

    fn backfilled(&mut self, trade: &mut Trade) {
        self.introduce(trade.header.instrument, trade.px_exp, trade.qty_exp);
        self.stamp(&mut trade.header, Flags::BACKFILL.with(Flags::LAST));
        self.counts.backfilled += 1;
        self.emit(&Record::Trade(trade));
    }
}
