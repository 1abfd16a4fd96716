//! One run from beginning to end: simulated venues, the pipeline in this process, a scenario of
//! faults, and the comparison of journal and tape.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use feedctl::compare::{Options, Report, compare};
use feedd::config::Span;
use feedd::pipeline::{FeedReport, Pipeline};
use feedd_codecs::record::{Gap, GapCause, GapEnd, Record, StatusCode};
use feedd_codecs::venue::Channel;
use feedd_storage::{LogReader, Start};
use venue_sim::{Fault, Product, Scenario};

use super::{LOOK, Rig, market};

/// Longest wait for every book to be live, before and after the faults: several backoffs and
/// handshakes on a busy machine.
const SETTLED: Duration = Duration::from_secs(40);
/// How long the venues go on once everything is well again, so that each stream speaks and tells
/// what it missed.
const AFTERMATH: Duration = Duration::from_millis(1_200);
/// Nothing new for this long after the market stopped: everything sent is journaled.
const QUIET: Duration = Duration::from_millis(400);
/// Events a second and instrument: every stream speaks several times a second.
const RATE: u32 = 40;
/// Patience with messages that are early: another line is slow on a busy machine.
const GAP_WAIT: Span = Span::from_millis(300);
/// A stream may be silent for so long in these runs.
const FLOOR: Span = Span::from_millis(1_500);
/// No stream may be silent for longer.
const CEILING: Span = Span::from_millis(3_000);

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) products: Vec<Product>,
    /// Redundant lines of every stream.
    pub(crate) lines: u8,
    /// Seed of the market.
    pub(crate) seed: u64,
    pub(crate) scenario: Scenario,
    /// How long the scenario plays before everything is healed.
    pub(crate) plays: Duration,
    /// Lines are replaced after this long.
    pub(crate) rotate_after: Option<Span>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) report: Report,
    pub(crate) feeds: Vec<FeedReport>,
    /// Every gap record.
    pub(crate) gaps: Vec<Gap>,
    /// Code, channel and text of every status record.
    pub(crate) statuses: Vec<(StatusCode, Channel, String)>,
    /// Whether every book was live again at the end, and every gap closed.
    pub(crate) settled: bool,
    scenario: String,
}

impl Course {
    /// Runs it to its end.
    pub(crate) fn run(&self) -> Outcome {
        let (rig, pipeline) = self.start();
        let began = wait(&pipeline, SETTLED, |feeds| rig.all_live(feeds));
        // A fault on subscriptions is not meant for the first ones.
        wait(&pipeline, AFTERMATH, |feeds| {
            let speaks = |feed: &FeedReport| feed.streams_live == feed.streams;
            feeds.iter().all(speaks)
        });
        rig.sim.run(&self.scenario);
        std::thread::sleep(self.plays);
        rig.sim.inject(Fault::Heal);
        std::thread::sleep(AFTERMATH);
        let settled = began
            && wait(&pipeline, SETTLED, |feeds| {
                rig.all_live(feeds) && all_closed(feeds)
            });
        std::thread::sleep(AFTERMATH);
        let flushed = rig.sim.halt();
        drain(&pipeline);
        let feeds = pipeline.feeds();
        pipeline.stop().unwrap();
        rig.assert_sound();
        let Rig {
            sim, config, dir, ..
        } = rig;
        // Connections that came after the market stood still are on the tape, too.
        sim.stop();
        let journal = &config.journal.dir;
        let report = compare(&dir.path().join("tape"), journal, Options::default()).unwrap();
        let (gaps, statuses) = told(journal);
        let outcome = Outcome {
            report,
            feeds,
            gaps,
            statuses,
            settled: settled && flushed,
            scenario: self.scenario.to_string(),
        };
        if let Some(place) = std::env::var_os("FEEDD_SCENARIO_KEEP").filter(|_| !outcome.is_clean())
        {
            let kept = dir.keep();
            let note = std::path::Path::new(&place)
                .join(format!("seed-{}-lines-{}", self.seed, self.lines));
            std::fs::write(note, format!("{}\n{outcome}", kept.display())).unwrap();
        }
        outcome
    }

    fn start(&self) -> (Rig, Pipeline) {
        let mut venues = market(&self.products, RATE);
        venues.seed = self.seed;
        let tape = tempfile::tempdir().unwrap();
        venues.tape = Some(tape.path().join("tape"));
        let mut rig = Rig::with_dir(&venues, tape);
        for feed in &mut rig.config.feeds {
            feed.lines = self.lines;
            feed.gap_wait = GAP_WAIT;
            feed.liveness_floor = FLOOR;
            feed.liveness_ceiling = CEILING;
            feed.rotate_after = self.rotate_after;
        }
        let limits = &mut rig.config.limits;
        limits.connect = Span::from_millis(2_000);
        limits.silence = Some(Span::from_millis(2_500));
        limits.frame = Span::from_millis(1_500);
        limits.unacknowledged = Span::from_millis(2_000);
        rig.config.check().unwrap();
        let (pipeline, _) = Pipeline::start(&rig.config).unwrap();
        (rig, pipeline)
    }
}

impl Rig {
    fn all_live(&self, feeds: &[FeedReport]) -> bool {
        let live: usize = feeds.iter().map(|feed| feed.books_live).sum();
        live == self.books && feeds.iter().all(|feed| feed.lines_up == feed.lines)
    }
}

fn all_closed(feeds: &[FeedReport]) -> bool {
    feeds.iter().all(|feed| {
        let ends = feed.counts.gap_ends;
        ends[1..].iter().sum::<u64>() >= ends[usize::from(GapEnd::OPEN.0)]
    })
}

fn wait(pipeline: &Pipeline, most: Duration, holds: impl Fn(&[FeedReport]) -> bool) -> bool {
    let since = Instant::now();
    while since.elapsed() < most && !pipeline.has_failed() {
        if holds(&pipeline.feeds()) {
            return true;
        }
        std::thread::sleep(4 * LOOK);
    }
    false
}

fn drain(pipeline: &Pipeline) {
    let since = Instant::now();
    let (mut last, mut changed) = (0, since);
    while changed.elapsed() < QUIET && since.elapsed() < SETTLED {
        let records = pipeline.journal().records;
        if records != last {
            (last, changed) = (records, Instant::now());
        }
        std::thread::sleep(4 * LOOK);
    }
}

/// The gaps and statuses of a journal.
fn told(dir: &std::path::Path) -> (Vec<Gap>, Vec<(StatusCode, Channel, String)>) {
    let mut reader = LogReader::open(&dir.join("records"), Start::Oldest).unwrap();
    let (mut gaps, mut statuses) = (Vec::new(), Vec::new());
    while let Some(frame) = reader.next().unwrap() {
        match Record::parse(frame.payload).unwrap() {
            Record::Gap(gap) => gaps.push(*gap),
            Record::Status(head, text) => {
                statuses.push((head.code, head.channel, text.to_owned()));
            }
            _ => {}
        }
    }
    (gaps, statuses)
}

impl Outcome {
    /// Nothing unexplained, and everything well at the end.
    pub(crate) fn is_clean(&self) -> bool {
        self.settled && self.report.unexplained() == 0
    }

    /// How many gaps of a cause were opened.
    pub(crate) fn opened(&self, cause: GapCause) -> usize {
        self.begins().filter(|gap| gap.cause == cause).count()
    }

    /// Gaps of a channel that were opened.
    pub(crate) fn opened_in(&self, channel: Channel) -> usize {
        self.begins().filter(|gap| gap.channel == channel).count()
    }

    /// The first record of every gap.
    pub(crate) fn begins(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.end == GapEnd::OPEN)
    }

    /// How many gaps ended so.
    pub(crate) fn ended(&self, end: GapEnd) -> usize {
        self.gaps.iter().filter(|gap| gap.end == end).count()
    }

    /// How many statuses of a code stand in the journal.
    pub(crate) fn statuses(&self, code: StatusCode) -> usize {
        self.statuses
            .iter()
            .filter(|status| status.0 == code)
            .count()
    }

    /// Sums a counter over all feeds.
    pub(crate) fn count(&self, counter: impl Fn(&feedd_codecs::feed::Counts) -> u64) -> u64 {
        self.feeds.iter().map(|feed| counter(&feed.counts)).sum()
    }

    /// How many frames and bodies were refused by a rule.
    pub(crate) fn refused(&self, rule: &str) -> u64 {
        self.count(|counts| {
            let own = counts.rejects_by_rule().filter(|(name, _)| *name == rule);
            own.map(|(_, count)| count).sum()
        })
    }
}

/// Everything that is needed to look into it: the scenario to replay, the gaps, the differences.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        if !self.settled {
            writeln!(f, "never came to rest:")?;
            for feed in &self.feeds {
                writeln!(
                    f,
                    "{}: {} of {} lines up, {} of {} streams live, {} books live, {} bad, gap ends {:?}",
                    feed.venue,
                    feed.lines_up,
                    feed.lines,
                    feed.streams_live,
                    feed.streams,
                    feed.books_live,
                    feed.books_bad,
                    feed.counts.gap_ends
                )?;
            }
        }
        for gap in self.begins() {
            writeln!(
                f,
                "gap in {} {}, numbers {} to {}, opened {}",
                gap.channel.name(),
                gap.cause.name(),
                gap.first_seq,
                gap.last_seq,
                gap.ts_open
            )?;
        }
        writeln!(f, "{}", self.report)
    }
}

/// Runs courses in `threads` threads, each course in one; outcomes in the order of the courses.
pub(crate) fn run_all(courses: &[Course], threads: usize) -> Vec<Outcome> {
    let next = Mutex::new(0..courses.len());
    let done: Mutex<Vec<(usize, Outcome)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(at) = next.lock().unwrap().next() else {
                        return;
                    };
                    let outcome = courses[at].run();
                    done.lock().unwrap().push((at, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
