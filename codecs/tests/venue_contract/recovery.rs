//! Trades that are missing: told once, recovered where REST has them, and never without an end.

use std::collections::BTreeMap;

use feedd_codecs::feed::{FeedOptions, Fetch, Rule, Want};
use feedd_codecs::record::{Flags, Gap, GapCause, GapEnd};
use feedd_codecs::venue::{Channel, Numbering};
use feedd_codecs::{Fixed, Record, Venue, VenueId};

use crate::MS;
use crate::support::rig::{Rig, Taken};
use crate::support::script::{Fill, Script};
use crate::support::truth::Dice;

/// How long a trade that came too early waits.
const WAIT: i64 = 500;

/// Instrument 0 of a live feed and every trade that its venue had.
pub(crate) struct Tape<S: Script> {
    pub(crate) rig: Rig<S>,
    pub(crate) fills: Vec<(Fill, u64)>,
}

impl<S: Script> Tape<S> {
    fn live() -> Self {
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

    fn want(&self) -> Want {
        Want::Trades {
            instrument: self.rig.id(0),
            channel: S::TRADES,
        }
    }

    /// The next trade; its quantity names it.
    fn next(&mut self) -> String {
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

    fn hear(&mut self, text: &str) {
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

    fn number(&self, place: usize) -> u64 {
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
    fn came(&self, records: &[Taken]) -> Vec<(usize, bool)> {
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
    fn gaps(&self, records: &[Taken]) -> Vec<Gap> {
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

    fn take_gaps(&mut self) -> Vec<(GapCause, GapEnd, u64, u64, u64)> {
        let records = self.rig.take();
        let told = |gap: &Gap| (gap.cause, gap.end, gap.first_seq, gap.last_seq, gap.missing);
        self.gaps(&records).iter().map(told).collect()
    }

    fn fetches(&mut self) -> Vec<Fetch> {
        let want = self.want();
        let mine = |fetch: &mut Fetch| fetch.want == want;
        self.rig.fetched.extract_if(.., mine).collect()
    }

    /// Whether a request is about the trades between two places.
    fn asks_for(&self, fetch: &Fetch, first: usize, last: usize) -> bool {
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

/// VC-300: a hole is told when it has waited, asked for, filled with flagged records, and ends; the
/// same answer again adds nothing.
pub(crate) fn vc_300_a_hole_in_trades_is_told_asked_for_and_filled_once<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(3);
    tape.trade();
    assert!(tape.take_gaps().is_empty() && tape.fetches().is_empty());
    tape.rig.pass(WAIT + 100);
    let (first, last) = (tape.number(1), tape.number(3));
    let open = (GapCause::SEQUENCE, GapEnd::OPEN, first, last, 3);
    let records = tape.rig.take();
    let told = tape.gaps(&records)[0];
    assert_eq!(told.header.seq, first - 1);
    assert_eq!(
        told.header.line,
        tape.rig.line_of(tape.rig.key(0, S::TRADES))
    );
    assert!(told.ts_good > 0 && told.ts_good < told.ts_open - WAIT * MS);
    tape.rig.records = records;
    assert_eq!(tape.take_gaps(), [open]);
    let fetches = tape.fetches();
    assert_eq!(fetches.len(), 1);
    assert!(tape.asks_for(&fetches[0], 1, 3), "{fetches:?}");
    tape.page(0, 4);
    let records = tape.rig.take();
    assert_eq!(tape.came(&records), [(1, true), (2, true), (3, true)]);
    let ends = tape.gaps(&records);
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].end, ends[0].missing), (GapEnd::REST, 0));
    assert_eq!(
        (ends[0].ts_open, ends[0].first_seq, ends[0].last_seq),
        (told.ts_open, first, last)
    );
    tape.page(0, 4);
    tape.rig.pass(60_000);
    assert!(tape.came(&tape.rig.records).is_empty() && tape.take_gaps().is_empty());
    assert!(tape.fetches().is_empty());
    assert_eq!(tape.rig.feed.counts().backfilled, 3);
}

/// VC-301: a page that brings a part of a hole leads to the next page; the gap ends with the last.
pub(crate) fn vc_301_a_page_with_a_part_of_a_hole_leads_to_the_next<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(6);
    tape.trade();
    tape.rig.pass(WAIT + 100);
    assert_eq!(tape.fetches().len(), 1);
    for (first, last, rest) in [(1, 2, 3), (3, 5, 6)] {
        tape.page(first, last);
        tape.rig.pass(100);
        let fetches = tape.fetches();
        assert_eq!(fetches.len(), 1);
        assert!(tape.asks_for(&fetches[0], rest, 6), "{fetches:?}");
    }
    tape.page(6, 6);
    let came: Vec<usize> = tape.came(&tape.rig.records).iter().map(|c| c.0).collect();
    assert_eq!(came, [7, 1, 2, 3, 4, 5, 6]);
    let ends: Vec<GapEnd> = tape.take_gaps().iter().map(|gap| gap.1).collect();
    assert_eq!(ends, [GapEnd::OPEN, GapEnd::REST]);
}

/// VC-302: what REST does not know, or does not tell, is asked for again with pauses, then lost: one
/// record with everything that is missing, whatever parts the hole is in.
pub(crate) fn vc_302_what_rest_does_not_bring_is_lost_once<S: Script>() {
    for fails in [false, true] {
        let mut tape = Tape::<S>::live();
        if !tape.is_numbered() {
            return;
        }
        tape.miss(5);
        tape.trade();
        tape.rig.pass(WAIT + 100);
        tape.page(3, 3);
        tape.rig.take();
        let mut asked = tape.fetches().len();
        let mut ends = Vec::new();
        for _ in 0..600 {
            tape.rig.pass(100);
            for _ in tape.fetches() {
                asked += 1;
                if fails {
                    tape.rig.fail(tape.want());
                } else {
                    tape.page(6, 6);
                }
            }
            ends.extend(tape.take_gaps());
        }
        assert!((6..20).contains(&asked), "{asked}");
        assert_eq!(ends.len(), 1, "{ends:?}");
        let (_, end, first, last, missing) = ends[0];
        assert_eq!((end, missing), (GapEnd::LOST, 4));
        assert_eq!((first, last), (tape.number(1), tape.number(5)));
        assert_eq!(tape.rig.feed.counts().missing, 4);
        tape.page(1, 5);
        assert!(tape.rig.take().is_empty(), "taken after it was told lost");
    }
}

/// VC-303: a disconnect whose next trade continues the numbers missed nothing.
pub(crate) fn vc_303_a_disconnect_between_two_trades_ends_with_nothing<S: Script>() {
    let mut tape = Tape::<S>::live();
    tape.reconnect();
    tape.trade();
    tape.rig.pass(WAIT + 100);
    if tape.is_numbered() {
        let good = tape.number(0);
        let gap = |end| (GapCause::DISCONNECT, end, good + 1, 0, 0);
        assert_eq!(tape.take_gaps(), [gap(GapEnd::OPEN), gap(GapEnd::NOTHING)]);
        assert!(tape.fetches().is_empty());
    }
}

/// VC-304: a disconnect whose next trade jumps knows its bounds by then, and is recovered.
pub(crate) fn vc_304_a_disconnect_that_missed_trades_is_recovered<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(1);
    tape.reconnect();
    tape.miss(1);
    tape.trade();
    tape.rig.pass(100);
    let fetches = tape.fetches();
    assert!(fetches.len() == 1 && tape.asks_for(&fetches[0], 1, 2));
    tape.page(1, 3);
    assert_eq!(
        tape.came(&tape.rig.records),
        [(3, false), (1, true), (2, true)]
    );
    let (first, last) = (tape.number(1), tape.number(2));
    assert_eq!(
        tape.take_gaps(),
        [
            (GapCause::DISCONNECT, GapEnd::OPEN, first, 0, 0),
            (GapCause::DISCONNECT, GapEnd::REST, first, last, 0),
        ]
    );
}

/// VC-305: live trades go on during a recovery, also late ones, which the answer does not repeat.
pub(crate) fn vc_305_live_trades_go_on_during_a_recovery<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(1);
    let late = tape.next();
    tape.trade();
    tape.rig.pass(WAIT + 100);
    tape.trade();
    tape.hear(&late);
    tape.trade();
    tape.page(0, 5);
    let records = tape.rig.take();
    let came = [(3, false), (4, false), (2, false), (5, false), (1, true)];
    assert_eq!(tape.came(&records), came);
    let is_late = |taken: &&Taken| taken.get().header().flags.contains(Flags::LATE);
    assert_eq!(records.iter().filter(is_late).count(), 1);
    let ends: Vec<GapEnd> = tape.gaps(&records).iter().map(|gap| gap.end).collect();
    assert_eq!(ends, [GapEnd::OPEN, GapEnd::REST]);
    assert_eq!(tape.rig.feed.quality_hits()[Rule::TimeBack as usize], 0);
}

/// VC-306: numbers that begin anew are a gap that ends at once; holes of the old ones are told too.
pub(crate) fn vc_306_trades_numbered_anew_are_a_gap_of_their_own<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(2);
    tape.trade();
    tape.rig.truths[0].trades = 0;
    tape.rig.truths[0].time_ms += 5_000;
    tape.trade();
    tape.trade();
    let gaps = tape.take_gaps();
    let told: Vec<_> = gaps.iter().map(|gap| (gap.0, gap.1, gap.4)).collect();
    assert_eq!(
        told,
        [
            (GapCause::SEQUENCE, GapEnd::OPEN, 2),
            (GapCause::SEQUENCE, GapEnd::LOST, 2),
            (GapCause::RESET, GapEnd::OPEN, 0),
            (GapCause::RESET, GapEnd::LOST, 0),
        ]
    );
    tape.rig.pass(10_000);
    assert!(tape.take_gaps().is_empty() && tape.fetches().is_empty());
}

/// VC-307: one trade far ahead is a hole like others: trades with the numbers before it still come
/// out, and what nobody has is lost once.
pub(crate) fn vc_307_a_trade_far_ahead_does_not_stop_the_stream<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.rig.truths[0].trades += 1_000_000;
    tape.trade();
    tape.rig.truths[0].trades = 2;
    for _ in 0..300 {
        tape.rig.truths[0].time_ms += 100;
        tape.trade();
        tape.rig.pass(100);
        for _ in tape.fetches() {
            tape.rig.fail(tape.want());
        }
    }
    let records = tape.rig.take();
    assert!(tape.came(&records).len() > 280);
    let gaps = tape.gaps(&records);
    let opened = gaps.iter().filter(|gap| gap.end == GapEnd::OPEN).count();
    assert_eq!(gaps.len(), 2 * opened, "{gaps:?}");
}

/// VC-308: holes are bounded: the oldest is told and given up.
pub(crate) fn vc_308_holes_are_bounded_and_none_is_silent<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    for _ in 0..100 {
        tape.miss(1);
        tape.trade();
    }
    let given_up = tape.take_gaps();
    assert_eq!(given_up.len(), 2 * 36);
    for (at, pair) in given_up.chunks(2).enumerate() {
        let number = tape.number(1 + 2 * at);
        let gap = |end| (GapCause::SEQUENCE, end, number, number, 1);
        assert_eq!(pair, [gap(GapEnd::OPEN), gap(GapEnd::LOST)]);
    }
    tape.rig.pass(WAIT + 100);
    assert_eq!(tape.take_gaps().len(), 64);
    assert_eq!(tape.fetches().len(), 1, "one request at a time");
}

/// VC-309: trades that are told by ids only are recovered after a disconnect, as far as the answer
/// reaches: what is known is not repeated, and an answer that does not reach back says so.
pub(crate) fn vc_309_trades_with_ids_are_recovered_as_far_as_rest_reaches<S: Script>() {
    for (first, end) in [(0, GapEnd::REST), (2, GapEnd::LOST)] {
        let mut tape = Tape::<S>::live();
        if tape.is_numbered() {
            return;
        }
        tape.reconnect();
        tape.miss(3);
        tape.trade();
        tape.rig.pass(100);
        let fetches = tape.fetches();
        let symbol = tape.rig.truths[0].symbol.clone();
        let about = format!("recent-trade?category={}&symbol={symbol}&", S::ID.product());
        assert!(fetches.len() == 1 && fetches[0].path.contains(&about));
        tape.trade();
        tape.page(first, 5);
        tape.page(first, 5);
        let records = tape.rig.take();
        let missed = (1.max(first)..=3).map(|at| (at, true));
        let came: Vec<_> = [(4, false), (5, false)].into_iter().chain(missed).collect();
        assert_eq!(tape.came(&records), came);
        let gaps = tape.gaps(&records);
        let ends: Vec<GapEnd> = gaps.iter().map(|gap| gap.end).collect();
        assert_eq!(ends, [GapEnd::OPEN, end]);
        assert_eq!(gaps[0].ts_open, gaps[1].ts_open);
    }
}

/// VC-310: two disconnects before REST answers are two gaps with an end each.
pub(crate) fn vc_310_disconnects_while_rest_is_asked_have_an_end_each<S: Script>() {
    for fails in [false, true] {
        let mut tape = Tape::<S>::live();
        for _ in 0..12 {
            tape.reconnect();
            tape.miss(1);
            tape.trade();
        }
        tape.rig.pass(100);
        let mut last = tape.fills.len() - 1;
        for _ in 0..400 {
            for _ in tape.fetches() {
                if fails {
                    tape.rig.fail(tape.want());
                } else {
                    tape.page(0, last);
                }
            }
            tape.rig.pass(100);
        }
        tape.trade();
        last += 1;
        let records = tape.rig.take();
        each_gap_ends_once(&tape.gaps(&records));
        let mut came: Vec<usize> = tape.came(&records).iter().map(|came| came.0).collect();
        let count = came.len();
        came.sort_unstable();
        came.dedup();
        assert_eq!(came.len(), count, "a trade came twice");
        assert!(fails || !tape.is_numbered() || count == last);
    }
}

/// VC-311: what our own ring dropped is not among the numbers to come: its gap has no bounds and is
/// lost, also where a line was lost before; a hole after it is a gap of its own.
pub(crate) fn vc_311_what_the_ring_dropped_is_lost_whatever_the_numbers_say<S: Script>() {
    let mut tape = Tape::<S>::live();
    let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
    tape.rig.close(line, "reset by peer");
    tape.rig.lose(line);
    tape.rig.lose(line);
    tape.rig.open(line);
    tape.rig.pass(1_000);
    tape.miss(usize::from(tape.is_numbered()));
    tape.trade();
    tape.rig.pass(WAIT + 100);
    if tape.is_numbered() {
        tape.page(0, 2);
    }
    let gaps = tape.take_gaps();
    let told: Vec<_> = gaps.iter().map(|gap| (gap.0, gap.1)).collect();
    let mut expected = vec![
        (GapCause::DISCONNECT, GapEnd::OPEN),
        (GapCause::DISCONNECT, GapEnd::LOST),
        (GapCause::BACKPRESSURE, GapEnd::OPEN),
        (GapCause::BACKPRESSURE, GapEnd::LOST),
    ];
    if tape.is_numbered() {
        expected.push((GapCause::SEQUENCE, GapEnd::OPEN));
        expected.push((GapCause::SEQUENCE, GapEnd::REST));
    }
    assert_eq!(told, expected);
    assert_eq!((gaps[2].2, gaps[2].3), (0, 0));
}

/// VC-312: over random losses, repetitions, disconnects, drops, answers and failures, every gap has
/// one end once the streams run again, and no trade comes twice.
pub(crate) fn vc_312_every_gap_has_one_end_whatever_happens<S: Script>() {
    for seed in 0..12 {
        let mut tape = Tape::<S>::live();
        let mut dice = Dice(seed);
        let mut records = Vec::new();
        for _ in 0..250 {
            mishap(&mut tape, &mut dice);
            records.extend(tape.rig.take());
        }
        for _ in 0..4 {
            for at in 0..3 {
                let delta = tape.rig.touch(at);
                tape.rig.book_frame(at, &delta).unwrap();
                tape.rig.data_frame(at, Channel::BBO).unwrap();
                if at > 0 {
                    tape.rig.data_frame(at, S::TRADES).unwrap();
                }
            }
            tape.trade();
            tape.rig.pass(20_000);
            records.extend(tape.rig.take());
        }
        for _ in 0..2_000 {
            tape.rig.pass(100);
            for _ in tape.fetches() {
                tape.rig.fail(tape.want());
            }
        }
        records.extend(tape.rig.take());
        let gap = |taken: &Taken| match taken.get() {
            Record::Gap(gap) => Some(*gap),
            _ => None,
        };
        let gaps: Vec<Gap> = records.iter().filter_map(gap).collect();
        assert!(gaps.len() > 20);
        each_gap_ends_once(&gaps);
        let mut came: Vec<usize> = tape.came(&records).iter().map(|came| came.0).collect();
        let count = came.len();
        came.sort_unstable();
        came.dedup();
        assert_eq!(came.len(), count, "a trade came twice");
    }
}

fn mishap<S: Script>(tape: &mut Tape<S>, dice: &mut Dice) {
    match dice.below(24) {
        0 | 1 => {
            let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
            tape.rig.close(line, "reset by peer");
            tape.miss(usize::try_from(dice.below(3)).unwrap());
            tape.rig.open(line);
            tape.rig.pass(500);
        }
        2 => {
            let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
            tape.rig.lose(line);
        }
        3..6 => tape.miss(usize::try_from(1 + dice.below(4)).unwrap()),
        6 => {
            let text = tape.next();
            tape.hear(&text);
            tape.hear(&text);
        }
        7 | 8 => {
            let (early, late) = (tape.next(), tape.next());
            tape.hear(&late);
            tape.rig.pass(dice.below(2 * WAIT.unsigned_abs()));
            tape.hear(&early);
        }
        9..12 => {
            let last = tape.fills.len() - 1;
            let places = u64::try_from(last + 1).unwrap();
            let first = usize::try_from(dice.below(places)).unwrap();
            for _ in tape.fetches() {
                tape.page(first, last.min(first + 9));
            }
        }
        12 => {
            for _ in tape.fetches() {
                tape.rig.fail(tape.want());
            }
        }
        13..16 => tape.rig.pass(dice.below(3_000)),
        _ => tape.trade(),
    }
}

/// Gaps by what names them: opened once, ended once, in this order.
fn each_gap_ends_once(gaps: &[Gap]) {
    let mut found: BTreeMap<_, Vec<GapEnd>> = BTreeMap::new();
    for gap in gaps {
        let stream = (gap.header.instrument, gap.channel.0);
        // The first bound of a disconnect is known when it opens; a book's may come later.
        let name = (stream, gap.ts_open, gap.cause.0, gap.first_seq);
        found.entry(name).or_default().push(gap.end);
    }
    for (name, ends) in found {
        assert_eq!(ends.len(), 2, "{name:?}: {ends:?}");
        assert!(
            ends[0] == GapEnd::OPEN && ends[1] != GapEnd::OPEN,
            "{name:?}"
        );
    }
}
