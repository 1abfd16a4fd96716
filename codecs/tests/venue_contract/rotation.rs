//! Lines that are replaced before they end: the new one delivers before the old one goes.

use std::collections::{BTreeMap, BTreeSet};

use feedd_codecs::Venue;
use feedd_codecs::feed::{Intent, Line, Stage};
use feedd_codecs::record::{GapCause, GapEnd, Record, StatusCode};
use feedd_codecs::venue::{Channel, Snapshots};

use crate::MS;
use crate::support::ledger::Ledger;
use crate::support::net::Net;
use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::{ends, gaps, statuses};

/// How long a line lives, ms.
const LIFE: i64 = 60_000;
/// The least time for which both lines deliver, ns.
const OVERLAP: i64 = 3_000 * MS;

/// A line's status: its code, its line and its words.
type Word = (StatusCode, u16, String);

/// A market, what was told of it, and what came out.
struct Day<S: Script> {
    net: Net<S>,
    ledger: Ledger,
    words: Vec<Word>,
    /// Most replicas of one stream that were being replaced at one moment.
    most_at_once: usize,
}

impl<S: Script> Day<S> {
    fn of(lines: u8, life: i64) -> Self {
        let mut net = Net::<S>::live(lines, |options| options.rotate_after = life * MS);
        let mut ledger = Ledger::new();
        (0..3).for_each(|at| ledger.state(&net, at));
        net.checkpoint();
        ledger.read(&mut net);
        Self {
            net,
            ledger,
            words: Vec::new(),
            most_at_once: 0,
        }
    }

    /// Every instrument moves and trades, until `done` or for so many ms.
    fn run(&mut self, ms: i64, done: impl Fn(&Net<S>) -> bool) {
        let end = self.net.now + ms * MS;
        while self.net.now < end && !done(&self.net) {
            for at in 0..3 {
                self.net.book(at);
                self.ledger.state(&self.net, at);
                self.net.trade(at);
            }
            self.pass(400);
        }
    }

    fn pass(&mut self, ms: i64) {
        self.net.pass(ms);
        self.most_at_once = self.most_at_once.max(replaced(&self.net).len());
        let line_word = |taken: &Taken| match taken.get() {
            Record::Status(head, text) if head.channel == Channel::NONE => {
                Some((head.code, head.header.line, text.to_owned()))
            }
            _ => None,
        };
        self.words
            .extend(self.net.records.iter().filter_map(line_word));
        self.ledger.read(&mut self.net);
    }

    fn words_of(&self, code: StatusCode) -> Vec<&Word> {
        self.words.iter().filter(|word| word.0 == code).collect()
    }

    /// Every message came once, in order, and no gap was told.
    fn assert_whole(&mut self) {
        self.pass(2_000);
        self.ledger.settle(&mut self.net);
        assert_eq!(self.ledger.sums.gaps, 0);
        assert_eq!(self.ledger.sums.shared, 0);
        assert!((0..3).all(|at| self.net.is_right(at)));
    }
}

/// The lines that carry the book of instrument 0, oldest first.
fn carriers<S: Script>(net: &Net<S>) -> Vec<&Line> {
    let key = net.key(0, Channel::BOOK);
    let carries = |line: &&Line| line.streams().any(|held| held.0 == key);
    net.feed.lines().iter().filter(carries).collect()
}

/// The replicas of that book that are being replaced now.
fn replaced<S: Script>(net: &Net<S>) -> BTreeSet<u8> {
    let mut lines: BTreeMap<u8, usize> = BTreeMap::new();
    for line in carriers(net) {
        *lines.entry(line.replica()).or_default() += 1;
    }
    let twice = lines.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(replica, _)| replica).collect()
}

fn delivers_everything(line: &Line) -> bool {
    let settled = |stage| matches!(stage, Stage::Live | Stage::Acknowledged);
    line.is_open() && line.streams().all(|held| settled(held.1))
}

fn never<S: Script>(_: &Net<S>) -> bool {
    false
}

/// VC-400: a single line is replaced again and again: the new one delivers for a while before the old
/// one goes, and every message comes once.
pub(crate) fn vc_400_a_replaced_line_leaves_no_gap_and_no_copy<S: Script>() {
    let mut day = Day::<S>::of(1, LIFE);
    day.run(4 * LIFE, never);
    day.assert_whole();
    let (began, ended) = (
        day.words_of(StatusCode::ROTATING).len(),
        day.words_of(StatusCode::ROTATED).len(),
    );
    assert!(
        ended >= 3 && (ended..=ended + 2).contains(&began),
        "{began} {ended}"
    );
    assert!(day.words_of(StatusCode::LINE_DOWN).is_empty());
    let mut up: BTreeMap<u16, i64> = BTreeMap::new();
    for (at, intent) in &day.net.intents {
        match intent {
            Intent::Connect { line, .. } => {
                up.insert(*line, *at);
            }
            Intent::Retire { line } => {
                up.remove(line);
                let heir = up.values().max().unwrap();
                assert!(at - heir >= OVERLAP, "line {line} went too early");
            }
            _ => {}
        }
    }
}

/// VC-401: where the new line never connects, the old one stays and that is told; another attempt
/// follows later.
pub(crate) fn vc_401_a_line_whose_heir_never_connects_stays<S: Script>() {
    let mut day = Day::<S>::of(1, LIFE);
    day.net.ways[0].connects = false;
    let old = carriers(&day.net)[0].id();
    let heirs = |day: &Day<S>| day.words_of(StatusCode::LINE_DOWN).len();
    day.run(2 * LIFE + 20_000, never);
    let failed = heirs(&day);
    assert!(failed >= 1);
    for (_, line, text) in day.words_of(StatusCode::LINE_DOWN) {
        assert_ne!(*line, old);
        assert_eq!(text, "did not take over in time: the old line stays");
    }
    assert!(day.words_of(StatusCode::ROTATED).is_empty());
    assert!(carriers(&day.net)[0].id() == old && carriers(&day.net)[0].is_open());
    day.net.ways[0].connects = true;
    day.run(2 * LIFE, never);
    assert!(!day.words_of(StatusCode::ROTATED).is_empty());
    day.assert_whole();
}

/// VC-402: the old line ends while both deliver: the new one has everything, and nothing is missing.
pub(crate) fn vc_402_an_old_line_that_ends_in_the_overlap_leaves_no_gap<S: Script>() {
    let mut day = Day::<S>::of(1, LIFE);
    let old = carriers(&day.net)[0].id();
    day.run(2 * LIFE, |net| {
        let lines = carriers(net);
        lines.len() == 2 && lines.into_iter().all(delivers_everything)
    });
    assert_eq!(carriers(&day.net).len(), 2, "it is being replaced");
    day.pass(500);
    day.net.cut(old, "closed at its limit");
    day.run(10_000, never);
    let lines: Vec<u16> = carriers(&day.net).iter().map(|line| line.id()).collect();
    assert!(lines.len() == 1 && lines[0] != old);
    let down = day.words_of(StatusCode::LINE_DOWN);
    assert_eq!((down.len(), down[0].1), (1, old));
    day.assert_whole();
}

/// VC-403: the old line ends before the new one is there: a gap in each stream, each with its end, and
/// the new line goes on.
pub(crate) fn vc_403_an_old_line_that_ends_before_its_heir_is_there_is_a_gap<S: Script>() {
    let mut day = Day::<S>::of(1, LIFE);
    let old = carriers(&day.net)[0].id();
    day.run(2 * LIFE, |net| net.now > (LIFE - 20_000) * MS);
    day.net.ways[0].connects = false;
    day.run(2 * LIFE, |net| carriers(net).len() == 2);
    assert_eq!(carriers(&day.net).len(), 2, "it is being replaced");
    let net = &mut day.net;
    net.cut(old, "closed at its limit");
    let found = gaps(&net.records);
    let book = |gap: &&(_, Channel, GapCause, u64, u64)| gap.1 == Channel::BOOK;
    assert_eq!(found.iter().filter(book).count(), 3);
    assert!(found.iter().all(|gap| gap.2 == GapCause::DISCONNECT));
    net.ways[0].connects = true;
    for _ in 0..100 {
        for at in 0..3 {
            net.book(at);
            net.trade(at);
        }
        net.pass(400);
    }
    let lines: Vec<u16> = carriers(net).iter().map(|line| line.id()).collect();
    assert!(lines.len() == 1 && lines[0] != old);
    assert!((0..3).all(|at| net.is_right(at)));
    let records = net.take();
    for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
        let told = ends(&records, channel);
        let opened = told.iter().filter(|end| **end == GapEnd::OPEN).count();
        assert_eq!(told.len(), 2 * opened, "{channel:?}: {told:?}");
    }
}

/// VC-404: a venue that announces its end is left before that, replica by replica.
pub(crate) fn vc_404_an_announced_end_brings_the_replacement_forward<S: Script>() {
    let Some(text) = S::shutdown() else { return };
    for lines in [1, 2] {
        let mut day = Day::<S>::of(lines, 0);
        day.run(5_000, never);
        assert!(day.words.is_empty());
        day.net.announce(text);
        day.run(60_000, never);
        let count = usize::from(lines);
        let began = day.words_of(StatusCode::ROTATING);
        assert!(
            began
                .iter()
                .all(|word| word.2.contains("announced its end"))
        );
        assert_eq!(began.len(), count);
        assert_eq!(day.words_of(StatusCode::ROTATED).len(), count);
        assert_eq!(day.words_of(StatusCode::VENUE).len(), count);
        assert_eq!(day.most_at_once, 1);
        day.assert_whole();
    }
}

/// VC-405: two lines of the same streams are never replaced at the same moment.
pub(crate) fn vc_405_two_lines_of_one_feed_are_replaced_one_after_the_other<S: Script>() {
    let mut day = Day::<S>::of(2, LIFE);
    day.run(4 * LIFE, never);
    day.assert_whole();
    assert_eq!(day.most_at_once, 1);
    let ended = day.words_of(StatusCode::ROTATED).len();
    assert!(ended >= 4, "{ended}");
}

/// VC-406: a number that goes from one line to another says nothing: the snapshot that the new bearer
/// begins with does not replace a book whose last update came from the old one.
pub(crate) fn vc_406_a_line_number_that_is_used_again_confuses_nothing<S: Script>() {
    let mut net = Net::<S>::live(1, |options| {
        options.rotate_after = LIFE * MS;
        options.liveness.ceiling = 0;
    });
    if net.feed.venue().snapshots(Channel::BOOK) != Snapshots::InBand {
        return;
    }
    let first = carriers(&net)[0].id();
    // The book of instrument 0 stands still from now on.
    let mut has_gone = false;
    for _ in 0..20_000 {
        let bearer = carriers(&net).iter().any(|line| line.id() == first);
        has_gone |= !bearer;
        if has_gone && bearer {
            break;
        }
        if net.now % (500 * MS) < 20 * MS {
            for at in 1..3 {
                net.book(at);
                net.trade(at);
            }
        }
        net.pass(20);
    }
    assert!(has_gone && replaced(&net).len() == 1);
    let second = carriers(&net)
        .iter()
        .map(|line| line.id())
        .find(|id| *id != first)
        .unwrap();
    net.take();
    // The new bearer begins behind updates that are still on their way on the line before it.
    let late = [net.next_delta(0), net.next_delta(0), net.next_delta(0)];
    net.pass(300);
    late.iter().for_each(|text| net.frame(second, text));
    net.pass(1_000);
    assert_eq!(gaps(&net.records), []);
    assert!(net.is_right(0));
}

/// VC-407: what still comes on a line that was replaced is not taken: its successor brings it.
pub(crate) fn vc_407_a_frame_of_a_line_that_is_gone_changes_nothing<S: Script>() {
    let mut day = Day::<S>::of(1, LIFE);
    let old = carriers(&day.net)[0].id();
    day.run(2 * LIFE, |net| {
        net.feed.lines().iter().all(|line| line.id() != old)
    });
    let net = &mut day.net;
    net.take();
    let stale = net.feed.counts().stale;
    let text = net.next_trade(0).1;
    net.frame(old, &text);
    assert_eq!(net.take(), []);
    assert_eq!(net.feed.counts().stale, stale + 1);
    net.hand(0, 0, S::TRADES, &text);
    assert_eq!(net.take().len(), 1);
    assert!(statuses(&net.records).is_empty());
}
