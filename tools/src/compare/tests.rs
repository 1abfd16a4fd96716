//! Journals and tapes made by hand: what holds counts as equal, what does not is found.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::Path;

use feedd_codecs::feed::Pick;
use feedd_codecs::record::{
    Bbo, BookEvent, BookHead, Change, Flags, Gap, GapCause, GapEnd, InstrumentHead, InstrumentText,
    Kind as RecordKind, Level, RECORD_BYTES_MAX, Side, Trade, TradeId,
};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId, Record, VenueId};
use feedd_storage::{Journal, JournalOptions};

use super::{Kind, Options, Report, compare};

/// A tape and a journal of one instrument, line by line.
struct Sample {
    tape: String,
    venue: VenueId,
    id: InstrumentId,
    records: Vec<Vec<u8>>,
    clock: i64,
}

impl Sample {
    fn of(venue: VenueId) -> Self {
        // Only a feed makes ids.
        let options = feedd_codecs::feed::FeedOptions {
            instruments: vec!["X".parse::<Pick>().unwrap()],
            ..Default::default()
        };
        let feed: feedd_codecs::Feed<feedd_codecs::venue::binance::Binance> =
            feedd_codecs::Feed::new(venue, options).unwrap();
        let id = feed.instruments().all()[0].id;
        let mut sample = Self {
            tape: String::new(),
            venue,
            id,
            records: Vec::new(),
            clock: 0,
        };
        let head = InstrumentHead::new(venue, id, Change::ADD);
        let text = InstrumentText {
            symbol: "X",
            base: "",
            quote: "",
            settle: "",
            name: "",
        };
        sample.keep(&Record::Instrument(&head, text));
        sample
    }

    fn keep(&mut self, record: &Record<'_>) {
        let mut bytes = vec![0; RECORD_BYTES_MAX.min(4_096)];
        let length = record.encode(&mut bytes).unwrap();
        bytes.truncate(length);
        self.records.push(bytes);
    }

    fn line(&mut self, rest: &str) {
        let name = self.venue.to_string();
        let (venue, product) = name.split_once('-').unwrap();
        let at = self.clock;
        writeln!(
            self.tape,
            r#"{{"at":{at},"venue":"{venue}","product":"{product}",{rest}}}"#
        )
        .unwrap();
    }

    /// A trade at time `number`, of quantity 1 at price 100.
    fn made(&mut self, number: i64) {
        self.clock = number;
        self.line(&format!(
            r#""symbol":"X","channel":"trade","seq":{number},"id":"{number}","px":"100.0","qty":"1","side":"buy","first":{number},"last":{number}"#
        ));
    }

    fn kept(&mut self, number: u64, px: i64) {
        let id = TradeId::Integer(number.into());
        let mut trade = Trade::new(
            self.id,
            Fixed::new(px, 0),
            Fixed::new(10, -1),
            Side::BUY,
            id,
        );
        trade.header.seq = number;
        trade.header.ts_recv = number.cast_signed();
        self.keep(&Record::Trade(&trade));
    }

    fn gap(&mut self, channel: Channel, end: GapEnd, bounds: (u64, u64), times: (i64, i64)) {
        let mut gap = Gap::new(self.id, channel, GapCause::SEQUENCE);
        (gap.first_seq, gap.last_seq) = bounds;
        (gap.ts_good, gap.ts_open, gap.end) = (times.0, times.1, end);
        gap.header.ts_recv = times.1;
        self.keep(&Record::Gap(&gap));
    }

    fn message(&mut self, kind: &str, number: u64, bid: (i64, i64)) {
        self.clock = number.cast_signed();
        let (px, qty) = bid;
        self.line(&format!(
            r#""symbol":"X","channel":"book","stream":"orderbook.50.X","seq":{number},"ts":1,"kind":"{kind}","first":{number},"last":{number},"bids":[["{px}","{qty}"]],"asks":[]"#
        ));
    }

    fn book(&mut self, kind: RecordKind, number: u64, bid: (i64, i64), flags: Flags) {
        let mut head = BookHead::new(kind, self.id, 0, 0);
        head.header.seq = number;
        head.header.flags = flags;
        head.header.ts_recv = number.cast_signed();
        self.keep_book(kind, &head, bid);
    }

    /// A book's record that has the stamp and the checksum of its message, and no number.
    fn stamped(&mut self, kind: RecordKind, (ts, checksum): (i64, u32), bid: (i64, i64)) {
        let mut head = BookHead::new(kind, self.id, 0, 0);
        head.header.flags = Flags::CHECKSUM;
        head.header.ts_venue = ts;
        head.header.ts_recv = checksum.into();
        head.checksum = checksum;
        self.keep_book(kind, &head, bid);
    }

    fn keep_book(&mut self, kind: RecordKind, head: &BookHead, (px, qty): (i64, i64)) {
        let event = BookEvent {
            head,
            bids: &[Level { px, qty }],
            asks: &[],
        };
        self.keep(&match kind {
            RecordKind::BookSnapshot => Record::BookSnapshot(event),
            _ => Record::BookDelta(event),
        });
    }

    fn best(&mut self, number: u64) {
        self.clock = number.cast_signed();
        self.line(&format!(
            r#""symbol":"X","channel":"bbo","stream":"orderbook.1.X","seq":{number},"u":{number},"bid":["9","{number}"],"ask":null"#
        ));
    }

    fn kept_best(&mut self, number: i64) {
        let mut best = Bbo::new(self.id, 0, 0);
        (best.bid_px, best.bid_qty) = (9, number);
        best.header.seq = number.unsigned_abs();
        best.header.ts_recv = number;
        self.keep(&Record::Bbo(&best));
    }

    fn report(&self) -> Report {
        let dir = tempfile::tempdir().unwrap();
        let tape = dir.path().join("tape");
        std::fs::write(&tape, &self.tape).unwrap();
        let journal = dir.path().join("journal");
        write(&journal, &self.records);
        compare(&tape, &journal, Options::default()).unwrap()
    }

    /// Kinds and counts of everything unexplained.
    fn unexplained(&self) -> Vec<(Kind, u64)> {
        let streams = self.report().streams;
        let all = streams.into_iter().flat_map(|stream| stream.unexplained);
        all.collect()
    }
}

fn write(dir: &Path, records: &[Vec<u8>]) {
    let log = feedd_storage::LogOptions {
        segment_bytes: 1 << 16,
        retain_bytes: None,
    };
    let options = JournalOptions {
        records: log,
        raw: log,
        quarantine: log,
        sync_interval: std::time::Duration::from_secs(1),
        wall_clock: || 1,
    };
    let (mut journal, _) = Journal::open(dir, options).unwrap();
    for record in records {
        journal.records().append(1, &[record]).unwrap();
    }
    journal.close().unwrap();
}

/// Trades 1 to 5 on the tape, of which the journal has some.
fn trades(venue: VenueId, kept: &[u64]) -> Sample {
    let mut sample = Sample::of(venue);
    (1..=5).for_each(|number| sample.made(number));
    kept.iter().for_each(|number| sample.kept(*number, 100));
    sample
}

const NUMBERED: VenueId = VenueId::BINANCE_SPOT;
const BY_IDS: VenueId = VenueId::BYBIT_LINEAR;
const BY_CHECKSUM: VenueId = VenueId::KRAKEN_SPOT;

#[test]
fn trades_from_the_first_in_the_journal_on_are_equal_in_any_order() {
    let sample = trades(NUMBERED, &[2, 4, 3, 5]);
    let report = sample.report();
    assert_eq!(report.unexplained(), 0, "{report}");
    assert_eq!(
        (report.sum(|one| one.tape), report.sum(|one| one.equal)),
        (4, 4)
    );
}

#[test]
fn trade_that_is_nowhere_is_missing_and_what_was_never_made_is_extra() {
    assert_eq!(
        trades(NUMBERED, &[1, 2, 4, 5]).unexplained(),
        [(Kind::Missing, 1)]
    );
    assert_eq!(
        trades(NUMBERED, &[1, 2, 3, 4, 5, 6]).unexplained(),
        [(Kind::Extra, 1)]
    );
    assert_eq!(
        trades(NUMBERED, &[1, 2, 3, 3, 4, 5]).unexplained(),
        [(Kind::Duplicate, 1)]
    );
    let mut wrong = trades(NUMBERED, &[1, 2, 3, 4]);
    wrong.kept(5, 101);
    assert_eq!(wrong.unexplained(), [(Kind::Wrong, 1)]);
}

#[test]
fn only_a_lost_gap_of_these_numbers_excuses_a_numbered_trade() {
    let with = |end, bounds| {
        let mut sample = trades(NUMBERED, &[1, 2, 5]);
        sample.gap(Channel::TRADE, GapEnd::OPEN, bounds, (2, 5));
        sample.gap(Channel::TRADE, end, bounds, (2, 5));
        sample
    };
    let told = with(GapEnd::LOST, (3, 4)).report();
    assert_eq!(
        (told.unexplained(), told.sum(|one| one.in_gaps)),
        (0, 2),
        "{told}"
    );
    assert_eq!(
        with(GapEnd::LOST, (3, 3)).unexplained(),
        [(Kind::Missing, 1)]
    );
    assert_eq!(
        with(GapEnd::REST, (3, 4)).unexplained(),
        [(Kind::Missing, 2)]
    );
    assert_eq!(
        with(GapEnd::NOTHING, (3, 4)).unexplained(),
        [(Kind::Missing, 2)]
    );
}

#[test]
fn gap_without_numbers_excuses_what_lies_between_its_times() {
    let mut sample = trades(BY_IDS, &[1, 2, 5]);
    sample.gap(Channel::TRADE, GapEnd::OPEN, (0, 0), (2, 4));
    sample.gap(Channel::TRADE, GapEnd::LOST, (0, 0), (2, 4));
    assert_eq!(sample.report().unexplained(), 0);
    let mut late = trades(BY_IDS, &[1, 3, 5]);
    late.gap(Channel::TRADE, GapEnd::OPEN, (0, 0), (3, 4));
    late.gap(Channel::TRADE, GapEnd::LOST, (0, 0), (3, 4));
    assert_eq!(
        late.unexplained(),
        [(Kind::Missing, 1)],
        "2 came before the gap"
    );
}

#[test]
fn gap_needs_its_end_once_the_stream_goes_on() {
    let mut sample = trades(NUMBERED, &[1, 2]);
    sample.gap(Channel::TRADE, GapEnd::OPEN, (3, 0), (2, 3));
    let open = sample.report();
    assert_eq!(
        (open.unexplained(), open.sum(|one| one.gaps_open)),
        (0, 1),
        "{open}"
    );
    sample.kept(5, 100);
    assert!(sample.unexplained().contains(&(Kind::Gap, 1)));
    let mut end = trades(NUMBERED, &[1, 2, 3, 4, 5]);
    end.gap(Channel::TRADE, GapEnd::LOST, (3, 0), (2, 3));
    assert_eq!(end.unexplained(), [(Kind::Gap, 1)]);
    let mut twice = trades(NUMBERED, &[1, 2]);
    for end in [GapEnd::OPEN, GapEnd::LOST, GapEnd::LOST] {
        twice.gap(Channel::TRADE, end, (3, 4), (2, 3));
    }
    twice.kept(5, 100);
    assert_eq!(twice.unexplained(), [(Kind::Gap, 1)], "one end is enough");
}

#[test]
fn trade_without_number_is_untraceable_only_if_every_line_was_kept_from_it() {
    let with = |touched: &str, touch: &str| {
        let mut sample = Sample::of(BY_IDS);
        for line in [1, 2] {
            sample.line(&format!(
                r#""mark":"subscribe","line":{line},"stream":"publicTrade.X","served":true"#
            ));
        }
        (1..=5).for_each(|number| sample.made(number));
        sample.line(&format!(
            r#""mark":"touch","line":{touched},"touch":"{touch}","stream":"publicTrade.X","first":3,"last":3,"text":"""#
        ));
        [1, 2, 4, 5]
            .iter()
            .for_each(|number| sample.kept(*number, 100));
        sample
    };
    let report = with("null", "dropped").report();
    assert_eq!(
        (report.unexplained(), report.sum(|one| one.untraceable)),
        (0, 1)
    );
    assert_eq!(
        with("1", "dropped").unexplained(),
        [(Kind::Missing, 1)],
        "the other line brought it"
    );
    assert_eq!(
        with("null", "duplicated").unexplained(),
        [(Kind::Missing, 1)],
        "nobody kept it back"
    );
}

const DELTA: RecordKind = RecordKind::BookDelta;
const WHOLE: RecordKind = RecordKind::BookSnapshot;

/// A book of one bid that changes with each of the updates 1 to 5.
fn book(kept: &[u64]) -> Sample {
    let mut sample = Sample::of(BY_IDS);
    sample.message("snapshot", 1, (10, 1));
    (2..=5).for_each(|number| sample.message("delta", number, (10, number.cast_signed())));
    for number in kept {
        let kind = if *number == 1 { WHOLE } else { DELTA };
        sample.book(kind, *number, (10, number.cast_signed()), Flags::NONE);
    }
    sample
}

#[test]
fn replayed_book_is_equal_and_a_missed_or_wrong_update_is_found() {
    let whole = book(&[1, 2, 3, 4, 5]).report();
    assert_eq!(
        (whole.unexplained(), whole.sum(|one| one.equal)),
        (0, 4),
        "{whole}"
    );
    assert_eq!(book(&[1, 2, 3, 5]).unexplained(), [(Kind::Missing, 1)]);
    assert_eq!(
        book(&[1, 2, 3, 4]).unexplained(),
        [],
        "5 came after the journal's end"
    );
    assert_eq!(
        book(&[1, 2, 3, 3, 4, 5]).unexplained(),
        [(Kind::Duplicate, 1)]
    );
    let mut wrong = book(&[1, 2, 3, 4]);
    wrong.book(DELTA, 5, (10, 7), Flags::NONE);
    assert_eq!(wrong.unexplained(), [(Kind::Book, 1)]);
}

#[test]
fn updates_between_a_gap_and_its_snapshot_are_excused_and_no_others() {
    let with = |flags, gap: bool| {
        let mut sample = book(&[1, 2]);
        sample.message("snapshot", 5, (10, 5));
        sample.message("delta", 6, (10, 6));
        if gap {
            sample.gap(Channel::BOOK, GapEnd::OPEN, (3, 3), (2, 4));
            sample.book(DELTA, 4, (10, 4), flags);
        }
        sample.book(WHOLE, 5, (10, 5), Flags::NONE);
        if gap {
            sample.gap(Channel::BOOK, GapEnd::SNAPSHOT, (3, 3), (2, 4));
        }
        sample.book(DELTA, 6, (10, 6), Flags::NONE);
        sample
    };
    let told = with(Flags::MAYBE_BAD_BOOK, true).report();
    assert_eq!(
        (told.unexplained(), told.sum(|one| one.in_gaps)),
        (0, 3),
        "{told}"
    );
    let unflagged = with(Flags::NONE, true).unexplained();
    assert!(unflagged.contains(&(Kind::Book, 1)), "{unflagged:?}");
    assert_eq!(with(Flags::NONE, false).unexplained(), [(Kind::Missing, 3)]);
}

#[test]
fn snapshot_of_a_time_without_subscribers_is_judged_by_what_was_published_since() {
    let with = |first: u64, held: i64| {
        let mut sample = Sample::of(NUMBERED);
        for (first, last, px) in [(1_u64, 3_u64, 10), (first, 9, 11)] {
            sample.clock = last.cast_signed();
            sample.line(&format!(
                r#""symbol":"X","channel":"book","stream":"x@depth@100ms","seq":{last},"ts":1,"kind":"delta","first":{first},"last":{last},"bids":[["{px}","1"]],"asks":[]"#
            ));
        }
        sample.book(WHOLE, 3, (10, 1), Flags::NONE);
        sample.gap(Channel::BOOK, GapEnd::OPEN, (0, 0), (3, 4));
        sample.book(WHOLE, 6, (9, 1), Flags::NONE);
        sample.gap(Channel::BOOK, GapEnd::SNAPSHOT, (0, 0), (3, 4));
        sample.book(DELTA, 9, (11, held), Flags::NONE);
        sample.unexplained()
    };
    assert_eq!(with(7, 1), [], "10 may have gone between 3 and 7");
    assert_eq!(with(7, 2), [(Kind::Book, 1)], "11 is known");
    assert_eq!(with(4, 1), [(Kind::Book, 2)], "nobody took 10 away");
}

/// Best prices 1 to 4 on the tape of a stream that two lines carry, and what a fault did to the second.
fn bests(kept: &[i64], touch: &str) -> Sample {
    let mut sample = Sample::of(BY_IDS);
    for line in [1, 2] {
        sample.line(&format!(
            r#""mark":"subscribe","line":{line},"stream":"orderbook.1.X","served":true"#
        ));
    }
    (1..=4).for_each(|number| sample.best(number));
    if !touch.is_empty() {
        sample.line(&format!(
            r#""mark":"touch",{touch},"stream":"orderbook.1.X","first":2,"last":2,"text":"""#
        ));
    }
    kept.iter().for_each(|number| sample.kept_best(*number));
    sample
}

#[test]
fn best_prices_come_once_and_in_order() {
    let with = |kept: &[i64]| bests(kept, "").unexplained();
    assert_eq!(with(&[1, 2, 3, 4]), []);
    assert_eq!(with(&[2, 3]), [], "before the first and behind the last");
    assert_eq!(with(&[1, 3]), [(Kind::Missing, 1)]);
    assert_eq!(with(&[1, 3, 2]), [(Kind::Missing, 1), (Kind::Order, 1)]);
    assert_eq!(with(&[1, 1]), [(Kind::Order, 1)]);
    assert_eq!(with(&[1, 2, 5]), [(Kind::Missing, 2), (Kind::Extra, 1)]);
}

#[test]
fn best_prices_that_are_missing_need_a_reason() {
    let report = |touch: &str| bests(&[1, 3, 4], touch).report();
    let dropped = report(r#""line":null,"touch":"dropped""#);
    assert_eq!(dropped.sum(|one| one.untraceable), 1, "{dropped}");
    let delayed = report(r#""line":null,"touch":"delayed""#);
    assert_eq!(delayed.sum(|one| one.overtaken), 1, "{delayed}");
    let one_line = report(r#""line":1,"touch":"dropped""#);
    assert_eq!(one_line.unexplained(), 1, "the other line brought it");
    let mut gap = bests(&[1], "");
    gap.gap(Channel::BBO, GapEnd::OPEN, (0, 0), (1, 2));
    gap.gap(Channel::BBO, GapEnd::LOST, (0, 0), (1, 2));
    (3..=4).for_each(|number| gap.kept_best(number));
    let gap = gap.report();
    assert_eq!(
        (gap.unexplained(), gap.sum(|one| one.in_gaps)),
        (0, 1),
        "{gap}"
    );
}

#[test]
fn best_prices_that_were_said_before_need_no_record() {
    let mut sample = Sample::of(BY_IDS);
    [1, 2, 2, 3].iter().for_each(|number| sample.best(*number));
    (1..=3).for_each(|number| sample.kept_best(number));
    let report = sample.report();
    assert_eq!(
        (report.unexplained(), report.sum(|one| one.repeated)),
        (0, 1),
        "{report}"
    );
}

#[test]
fn a_changed_message_excuses_the_levels_that_it_named_and_no_others() {
    let with = |last: (i64, i64)| {
        let mut sample = book(&[1]);
        sample.line(
            r#""mark":"touch","line":null,"touch":"mutated","stream":"orderbook.50.X","first":2,"last":2,"text":"","sent":"b 10 7""#,
        );
        sample.message("delta", 6, (9, 6));
        sample.message("delta", 7, (11, 6));
        sample.book(DELTA, 2, (9, 2), Flags::NONE);
        for number in 3..=5 {
            sample.book(DELTA, number, (10, number.cast_signed()), Flags::NONE);
        }
        sample.book(DELTA, 6, (9, 6), Flags::NONE);
        sample.book(DELTA, 7, last, Flags::NONE);
        sample
    };
    let told = with((11, 6)).report();
    assert_eq!(
        (told.unexplained(), told.sum(|one| one.altered)),
        (0, 1),
        "{told}"
    );
    assert_eq!(with((11, 5)).unexplained(), [(Kind::Book, 1)]);
    assert_eq!(
        with((9, 5)).unexplained(),
        [(Kind::Book, 1)],
        "9 was set again"
    );
}

#[test]
fn a_snapshot_that_lost_its_stamp_to_a_fault_stands_in_its_place_and_no_other_does() {
    let with = |sent: &str, px: i64| {
        let mut sample = Sample::of(BY_CHECKSUM);
        let message = |sample: &mut Sample, kind: &str, at: i64, px: i64| {
            sample.clock = at;
            sample.line(&format!(
                r#""symbol":"X","channel":"book","stream":"book.10.X","ts":{at},"kind":"{kind}","checksum":{at},"bids":[["{px}","1"]],"asks":[]"#
            ));
        };
        message(&mut sample, "snapshot", 3, 10);
        sample.line(&format!(
            r#""mark":"touch","line":null,"touch":"mutated","stream":"book.10.X","text":"","sent":"{sent}""#
        ));
        message(&mut sample, "delta", 4, 11);
        sample.stamped(WHOLE, (0, 3), (px, 1));
        sample.stamped(DELTA, (4, 4), (11, 1));
        sample
    };
    let told = with("p 10 q 1", 10).report();
    assert_eq!(
        (told.unexplained(), told.sum(|one| one.altered)),
        (0, 1),
        "{told}"
    );
    assert!(
        !with("p 9 q 1", 10).unexplained().is_empty(),
        "no fault sent it"
    );
    assert!(
        !with("p 12 q 1", 12).unexplained().is_empty(),
        "other levels"
    );
}
