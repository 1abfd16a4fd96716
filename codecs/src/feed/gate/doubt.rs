//! What the verdict of a quality rule makes of a record.

use super::Gate;
use crate::feed::quality::Verdict;
use crate::record::{Flags, Header, Record, RecordSink, Trade};
use crate::venue::{Channel, Venue};

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    /// Whether the record leaves.
    #[inline]
    pub(super) fn passes(&mut self, verdict: Verdict, header: &mut Header) -> bool {
        match verdict {
            Verdict::Pass => true,
            Verdict::Flag => {
                header.flags = header.flags.with(Flags::SUSPECT);
                true
            }
            Verdict::Reject(rule) => {
                *self.refused = Some(rule);
                self.counts.rejected(rule);
                false
            }
        }
    }

    /// A trade whose name was taken: nothing where it is a copy. Another trade under that name is
    /// news all the same, and leaves as the rule `duplicate_id` says.
    #[inline]
    pub(super) fn repeated(
        &mut self,
        trade: &mut Trade,
        channel: Channel,
        name: u64,
        flags: Flags,
    ) {
        let known = self.instruments.get(trade.header.instrument);
        let verdict = self.quality.repeated(known, channel, name, trade);
        if verdict == Verdict::Pass {
            return;
        }
        self.introduce(trade.header.instrument, trade.px_exp, trade.qty_exp);
        self.stamp(&mut trade.header, flags);
        if self.passes(verdict, &mut trade.header) {
            self.emit(&Record::Trade(trade));
        }
    }
}
