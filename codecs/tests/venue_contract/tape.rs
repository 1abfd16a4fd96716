//! One instrument's trades: what the venue had, what the feed heard, and what REST tells.

use feedd_codecs::feed::{FeedOptions, Fetch, Want};
use feedd_codecs::record::{Flags, Gap, GapCause, GapEnd};
use feedd_codecs::venue::Numbering;
use feedd_codecs::{Fixed, Record, Venue, VenueId};

use crate::MS;
use crate::support::rig::{Rig, Taken};
use crate::support::script::{Fill, Script};

/// How long a trade that came too early waits.
pub(crate) const WAIT: i64 = 500;

/// Instrument 0 of a live feed and every trade that its venue had.
pub(crate) struct Tape<S: Script> {
    pub(crate) rig: Rig<S>,
    pub(crate) fills: Vec<(Fill, u64)>,
}

impl<S: Script> Tape<S> {
    pub(crate) fn live() -> Self {
        Self::live_with(|_| ())
    }

    /// As [`Tape::live`], with what `adjust` changes of the feed's options.
    pub(crate) fn live_with(adjust: impl FnOnce(&mut FeedOptions)) -> Self {
        let mut rig = Rig::<S>::live_with(|options| {
            options.gap_wait = WAIT * MS;
            adjust(options);
        });
        rig.fetched.clear();
        let mut tape = Self {
            rig,
            fills: Vec::new(),
        };
        tape.trade();
        tape.rig.take();
        tape
    }

    pub(crate) fn is_numbered(&self) -> bool {
        self.rig.feed.venue().numbering(S::TRADES) == Numbering::Consecutive
    }

    pub(crate) fn want(&self) -> Want {
        Want::Trades {
            instrument: self.rig.id(0),
            channel: S::TRADES,
        }
    }

    /// The next trade; its quantity names it.
    pub(crate) fn next(&mut self) -> String {
        let truth = &mut self.rig.truths[0];
        truth.trades += 1;
        truth.time_ms += 10;
        let fill = Fill {
            id: 700 + truth.trades,
            px: truth.asks()[0].0,
            qty: 5_000 + i64::try_from(truth.trades).unwrap(),
            taker_bought: true,
        };
        self.fills.push((fill, truth.time_ms));
        S::trade(truth, fill)
    }

    pub(crate) fn hear(&mut self, text: &str) {
        let line = self.rig.line_of(self.rig.key(0, S::TRADES));
        self.rig.frame(line, text).unwrap();
    }

    pub(crate) fn trade(&mut self) {
        let text = self.next();
        self.hear(&text);
    }

    pub(crate) fn miss(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    /// The REST answer with the trades from `first` to `last`, by place.
    pub(crate) fn page(&mut self, first: usize, last: usize) {
        let body = S::history(&self.rig.truths[0], &self.fills[first..=last]);
        self.rig.answer(self.want(), &body).unwrap();
    }

    pub(crate) fn number(&self, place: usize) -> u64 {
        self.fills[place].0.id
    }

    pub(crate) fn reconnect(&mut self) {
        let line = self.rig.line_of(self.rig.key(0, S::TRADES));
        self.rig.close(line, "reset by peer");
        self.rig.pass(1_000);
        self.rig.open(line);
        self.rig.pass(1_000);
    }

    /// Places and flags of the trades that came out, in order.
    pub(crate) fn came(&self, records: &[Taken]) -> Vec<(usize, bool)> {
        let places = -i8::try_from(S::PLACES.1).unwrap();
        let trade = |taken: &Taken| {
            let Record::Trade(trade) = taken.get() else {
                return None;
            };
            let qty = Fixed::new(trade.qty, trade.qty_exp).at(places)?;
            let place = self.fills.iter().position(|fill| fill.0.qty == qty)?;
            Some((place, trade.header.flags.contains(Flags::BACKFILL)))
        };
        records.iter().filter_map(trade).collect()
    }

    /// The gap records of the trades of instrument 0.
    pub(crate) fn gaps(&self, records: &[Taken]) -> Vec<Gap> {
        let mine = |taken: &Taken| match taken.get() {
            Record::Gap(gap)
                if (gap.header.instrument, gap.channel) == (self.rig.id(0), S::TRADES) =>
            {
                Some(*gap)
            }
            _ => None,
        };
        records.iter().filter_map(mine).collect()
    }

    pub(crate) fn take_gaps(&mut self) -> Vec<(GapCause, GapEnd, u64, u64, u64)> {
        let records = self.rig.take();
        let told = |gap: &Gap| (gap.cause, gap.end, gap.first_seq, gap.last_seq, gap.missing);
        self.gaps(&records).iter().map(told).collect()
    }

    pub(crate) fn fetches(&mut self) -> Vec<Fetch> {
        let want = self.want();
        let mine = |fetch: &mut Fetch| fetch.want == want;
        self.rig.fetched.extract_if(.., mine).collect()
    }

    /// Whether a request is about the trades between two places.
    pub(crate) fn asks_for(&self, fetch: &Fetch, first: usize, last: usize) -> bool {
        let symbol = &self.rig.truths[0].symbol;
        let part = match S::ID {
            VenueId::KRAKEN_SPOT => {
                // REST stamps are finer than the stream's.
                let good = self.fills[first - 1].1 * 1_000_000;
                let since = fetch.path.split(['=', '&']).nth(3).unwrap();
                assert!(since.parse::<u64>().unwrap().abs_diff(good) < 1_000);
                "pair=XBTUSD&since=".to_owned()
            }
            VenueId::KRAKEN_FUTURES => format!("history?symbol={symbol}"),
            _ => format!(
                "symbol={symbol}&fromId={}&limit={}",
                self.number(first),
                last - first + 1
            ),
        };
        fetch.path.contains(&part)
    }
}
