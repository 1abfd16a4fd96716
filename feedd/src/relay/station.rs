//! One source of a relay at work: its live stream, its replay service, and the follower between
//! them.
//!
//! Nothing here waits: each turn takes what has come. A question is asked again after a failure with
//! growing pauses, drawn at random, and at once while answers bring something.

use std::time::{Duration, Instant};

use super::ask::{Answer, Ask};
use super::config::{Begin, SourceConfig};
use super::fetch::{Fetcher, Piece};
use super::follow::{FollowCounts, FollowError, Follower, Take};
use super::ledger::Ledger;
use super::merge::{Entry, Merge, What};
use super::names::Names;
use super::position::Position;
use crate::exit::{Code, Failure};

/// Messages taken from a live stream in one turn, so that every source has its turn.
const MESSAGES_A_TURN: usize = 64;
/// Pieces of an answer taken in one turn.
const PIECES_A_TURN: usize = 8;
/// First pause after a question that brought nothing, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Time between two log lines about the same trouble.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// A live stream of messages.
pub trait Live {
    /// Hands over what has come, at most `limit` messages; how many there were.
    fn poll(&mut self, limit: usize, take: &mut dyn FnMut(&[u8])) -> usize;
}

/// Where a source begins, and how often it is asked without need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// Where nothing of it is written yet.
    pub(super) begin: Begin,
    /// Where there is no live stream.
    pub(super) poll: Duration,
    /// Where the live stream is silent.
    pub(super) silence: Duration,
}

/// The state that belongs to one journal of the source.
#[derive(Debug)]
struct Followed {
    follower: Follower,
    /// Its number in the relay's journal.
    number: u16,
    names: Names,
}

/// A source at work.
pub(super) struct Station {
    name: String,
    lane: usize,
    live: Option<Box<dyn Live>>,
    fetcher: Fetcher,
    followed: Option<Followed>,
    rhythm: Rhythm,
    /// A question is on its way; where the follower stood when it was asked.
    asked: Option<Position>,
    pauses: u32,
    next_ask: Instant,
    heard: Instant,
    next_complaint: Instant,
    refused: u64,
}

/// Frames on their way from the follower to the merge.
struct Taker<'a> {
    names: &'a Names,
    merge: &'a mut Merge,
    lane: usize,
    now: Instant,
    newest: i64,
}

impl Take for Taker<'_> {
    fn knows(&self, payload: &[u8]) -> bool {
        self.names.knows(payload)
    }

    fn frame(&mut self, at: Position, ts_recv: i64, payload: &[u8]) {
        self.newest = ts_recv;
        let what = What::Record(self.names.translate(payload));
        self.push(at, what);
    }

    fn missed(&mut self, run: u32, from: u64, to: u64) {
        self.push(Position { run, seq: to }, What::Missed(from));
    }
}

impl Taker<'_> {
    fn push(&mut self, at: Position, what: What) {
        let entry = Entry {
            at,
            ts_recv: self.newest,
            since: self.now,
            what,
        };
        self.merge.push(self.lane, entry);
    }
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing had come.
    Idle,
    /// Something had.
    Busy,
    /// The source serves this other journal now: write what waits, then [`Station::follow`].
    Other(u128),
}

impl Station {
    pub(super) fn new(
        lane: usize,
        source: &SourceConfig,
        live: Option<Box<dyn Live>>,
        rhythm: Rhythm,
    ) -> Result<Self, Failure> {
        let fetcher = Fetcher::start(&source.replay)
            .map_err(|error| Failure::new(Code::Software, error.to_string()))?;
        let now = Instant::now();
        Ok(Self {
            name: source.name.clone(),
            lane,
            live,
            fetcher,
            followed: None,
            rhythm,
            asked: None,
            pauses: 0,
            next_ask: now,
            heard: now,
            next_complaint: now,
            refused: 0,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of its journal in the relay's.
    pub(super) fn number(&self) -> Option<u16> {
        self.followed.as_ref().map(|followed| followed.number)
    }

    pub(super) fn counts(&self) -> FollowCounts {
        let followed = self.followed.as_ref();
        followed.map_or_else(FollowCounts::default, |followed| followed.follower.counts())
    }

    /// From now on the source is this journal, from where the relay's journal has it.
    pub(super) fn follow(&mut self, journal: u128, ledger: &mut Ledger) -> Result<(), Failure> {
        let number = ledger.source(journal, &self.name)?;
        let at = ledger.at(number);
        tracing::info!(source = %self.name, journal = %format_args!("{journal:032x}"), %at, "following");
        let follower = Follower::new(journal, at);
        self.followed = Some(Followed {
            follower: match self.rhythm.begin {
                Begin::Oldest => follower,
                Begin::Newest => follower.from_newest(),
            },
            number,
            names: Names::default(),
        });
        Ok(())
    }

    /// Takes what has come, and asks what is to be asked.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        merge: &mut Merge,
        ledger: &mut Ledger,
    ) -> Result<Turn, Failure> {
        let mut busy = self.take_live(now, merge);
        for _ in 0..PIECES_A_TURN {
            let Some(piece) = self.fetcher.next() else {
                break;
            };
            busy = true;
            let turn = self.take_piece(piece, now, merge, ledger)?;
            if let Turn::Other(_) = turn {
                return Ok(turn);
            }
        }
        self.ask(now);
        Ok(if busy { Turn::Busy } else { Turn::Idle })
    }

    /// Takes what has come live; whether anything had. Which journal the source has, its replay
    /// service decides: a publisher may be a leftover.
    fn take_live(&mut self, now: Instant, merge: &mut Merge) -> bool {
        let (Some(live), Some(followed)) = (&mut self.live, &mut self.followed) else {
            return false;
        };
        let mut wrong = None;
        let mut taker = taker(&followed.names, merge, self.lane, now);
        let count = live.poll(MESSAGES_A_TURN, &mut |message| {
            let taken = followed.follower.live(message, &mut taker);
            wrong = taken.err().or(wrong);
        });
        if let Some(FollowError::OtherJournal(_)) = wrong {
            followed.follower.look();
        }
        if let Some(error) = wrong {
            self.complain(now, &error.to_string());
        }
        if count > 0 {
            self.heard = now;
        }
        count > 0
    }

    fn take_piece(
        &mut self,
        piece: Piece,
        now: Instant,
        merge: &mut Merge,
        ledger: &mut Ledger,
    ) -> Result<Turn, Failure> {
        let answer = match piece {
            Piece::Failed(why) => {
                self.over(now, false);
                self.complain(now, &why);
                return Ok(Turn::Busy);
            }
            Piece::Hello(journal) => return self.greet(journal, ledger),
            Piece::Answer(answer) => answer,
        };
        let Some(followed) = &mut self.followed else {
            return Ok(Turn::Busy);
        };
        let mut taker = taker(&followed.names, merge, self.lane, now);
        let follower = &mut followed.follower;
        match answer {
            Answer::Batch(batch) => {
                if let Err(error) = follower.replayed(&batch, &mut taker) {
                    self.complain(now, &error.to_string());
                }
            }
            Answer::Missed { from, to } => {
                follower.missed(from, to, &mut taker);
                tracing::error!(source = %self.name, from, to, "the source's journal does not have these numbers");
            }
            Answer::End(stop) => {
                follower.answered(stop, &mut taker);
                self.over(now, true);
            }
            Answer::Roster(text) => {
                followed.names.learn(&text, &mut ledger.roster)?;
                followed.follower.roster_came();
                self.over(now, true);
            }
            Answer::Refused(why) => {
                self.over(now, false);
                self.complain(now, &why);
            }
        }
        Ok(Turn::Busy)
    }

    /// The service told which journal it serves.
    fn greet(&mut self, journal: u128, ledger: &mut Ledger) -> Result<Turn, Failure> {
        match &mut self.followed {
            None => {
                self.follow(journal, ledger)?;
                // The roster is on its way already.
                let _ = self.followed.as_mut().and_then(|it| it.follower.ask());
                Ok(Turn::Busy)
            }
            Some(followed) if followed.follower.journal() != journal => Ok(Turn::Other(journal)),
            Some(_) => Ok(Turn::Busy),
        }
    }

    /// The answer is over: when may the next question be asked?
    fn over(&mut self, now: Instant, good: bool) {
        let before = self.asked.take();
        if let Some(followed) = &mut self.followed
            && !good
        {
            followed.follower.failed();
        }
        let at = self.followed.as_ref().map(|it| it.follower.at());
        let live = self
            .followed
            .as_ref()
            .is_some_and(|it| it.follower.is_live());
        if good && (live || before != at) {
            self.pauses = 0;
            self.next_ask = now;
            return;
        }
        let limit = PAUSE_MIN
            .saturating_mul(1 << self.pauses.min(16))
            .min(PAUSE_MAX);
        self.pauses += 1;
        let drawn = fastrand::u64(0..=u64::try_from(limit.as_micros()).unwrap_or(u64::MAX));
        self.next_ask = now + Duration::from_micros(drawn);
    }

    fn ask(&mut self, now: Instant) {
        if self.asked.is_some() || now < self.next_ask {
            return;
        }
        let Some(followed) = &mut self.followed else {
            if self.fetcher.ask(Ask::Roster, None) {
                self.asked = Some(Position::START);
            }
            return;
        };
        let quiet = match self.live {
            Some(_) => self.rhythm.silence,
            None => self.rhythm.poll,
        };
        if followed.follower.is_live() && now.saturating_duration_since(self.heard) >= quiet {
            followed.follower.look();
            self.heard = now;
        }
        let (at, journal) = (followed.follower.at(), followed.follower.journal());
        if let Some(ask) = followed.follower.ask() {
            self.asked = Some(at);
            if !self.fetcher.ask(ask, Some(journal)) {
                self.over(now, false);
            }
        }
    }

    /// At most one log line in a while; the others are counted in it.
    fn complain(&mut self, now: Instant, why: &str) {
        self.refused += 1;
        if now >= self.next_complaint {
            self.next_complaint = now + COMPLAIN_EVERY;
            tracing::warn!(source = %self.name, times = self.refused, why, "not taken");
        }
    }
}

fn taker<'a>(names: &'a Names, merge: &'a mut Merge, lane: usize, now: Instant) -> Taker<'a> {
    let newest = merge.newest_of(lane);
    Taker {
        names,
        merge,
        lane,
        now,
        newest,
    }
}
