//! A feed against the truth: random markets, lost and repeated messages.
//!
//! After every message that arrives, a live book of its instrument equals the venue's; a book that
//! missed something is never live with wrong content once a later message came. REST bodies take
//! their time, so that they join updates held meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use feedd_codecs::feed::State;
use feedd_codecs::record::Kind;
use proptest::prelude::*;
use support::rig::{Rig, Taken};
use support::script::Script;
use support::truth::Dice;

/// What becomes of a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    Mangled,
}

fn fate(dice: &mut Dice) -> Fate {
    match dice.below(24) {
        0 => Fate::Lost,
        1 => Fate::Twice,
        2 => Fate::Mangled,
        _ => Fate::Arrives,
    }
}

/// A market of three instruments on its way through a faulty line.
struct Market<S: Script> {
    rig: Rig<S>,
    dice: Dice,
    /// Whether an instrument's last message was lost: the feed cannot know yet.
    lost: [bool; 3],
    /// REST bodies under way: rounds until they arrive, instrument, text.
    bodies: Vec<(i64, usize, String)>,
    asked: usize,
}

impl<S: Script> Market<S> {
    fn new(seed: u64) -> Self {
        let mut rig = Rig::<S>::live();
        rig.serving = !rig.by_rest();
        Self {
            asked: rig.asked.len(),
            rig,
            dice: Dice(seed),
            lost: [false; 3],
            bodies: Vec::new(),
        }
    }

    fn round(&mut self) {
        let at = usize::try_from(self.dice.below(3)).unwrap();
        let change = self.rig.truths[at].step(&mut self.dice);
        let delta = S::delta(&self.rig.truths[at], &change);
        match fate(&mut self.dice) {
            Fate::Arrives => self.arrives(at, &delta),
            Fate::Lost => self.lost[at] = true,
            Fate::Twice => {
                self.arrives(at, &delta);
                self.arrives(at, &delta);
            }
            Fate::Mangled => {
                let half = &delta[..delta.len() / 2];
                assert!(self.rig.book_frame(at, half).is_err());
                self.lost[at] = true;
            }
        }
        if self.dice.below(8) == 0 {
            self.rig.pass(self.dice.below(3_000));
        }
        self.serve();
        (0..3).for_each(|at| self.check(at));
    }

    /// A message that arrives shows what was lost before it, or its book has a snapshot of later.
    fn arrives(&mut self, at: usize, delta: &str) {
        self.rig.records.clear();
        let was_live = self.rig.state(at) == Some(State::Live);
        self.rig.book_frame(at, delta).unwrap();
        self.lost[at] = false;
        let mine = |taken: &&Taken| {
            let header = taken.get();
            header.kind() == Kind::BookDelta && header.header().instrument.index() == at
        };
        let delta = self.rig.records.iter().find(mine);
        let gaps = self
            .rig
            .records
            .iter()
            .filter(|taken| taken.get().kind() == Kind::Gap);
        match (was_live, gaps.count()) {
            (true, broken @ (0 | 1)) => {
                assert!(delta.is_none_or(|delta| delta.is_flagged() == (broken == 1)));
            }
            (false, 0) => assert!(delta.is_none_or(Taken::is_flagged)),
            (_, gaps) => panic!("{gaps} gaps from one message"),
        }
    }

    /// Bodies are made when they are asked for and arrive some rounds later.
    fn serve(&mut self) {
        for instrument in &self.rig.asked[self.asked..] {
            let at = instrument.index();
            let body = S::snapshot(&self.rig.truths[at]);
            self.bodies.push((self.dice.below(12), at, body));
        }
        self.asked = self.rig.asked.len();
        if !self.rig.by_rest() {
            return;
        }
        self.bodies.iter_mut().for_each(|body| body.0 -= 1);
        for (_, at, body) in self.bodies.extract_if(.., |body| body.0 < 0) {
            self.rig.body(at, &body).unwrap();
        }
    }

    fn check(&self, at: usize) {
        if self.rig.state(at) == Some(State::Live) && !self.lost[at] {
            let symbol = &self.rig.truths[at].symbol;
            assert!(self.rig.is_right(at), "the live book of {symbol} is wrong");
        }
    }

    /// With nothing lost any more every book is live and right again.
    fn heal(&mut self) {
        self.rig.serving = true;
        for _ in 0..4 {
            for at in 0..3 {
                let delta = self.rig.touch(at);
                self.rig.book_frame(at, &delta).unwrap();
            }
            self.rig.pass(70_000);
        }
        for at in 0..3 {
            assert_eq!(self.rig.state(at), Some(State::Live));
            assert!(self.rig.is_right(at));
        }
        assert!(self.rig.closed.is_empty());
    }
}

fn market<S: Script>(seed: u64, rounds: usize) {
    let mut market = Market::<S>::new(seed);
    (0..rounds).for_each(|_| market.round());
    market.heal();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn live_books_of_binance_spot_are_right(seed: u64) {
        market::<support::binance::Spot>(seed, 300);
    }

    #[test]
    fn live_books_of_binance_usdm_are_right(seed: u64) {
        market::<support::binance::UsdM>(seed, 300);
    }

    #[test]
    fn live_books_of_binance_coinm_are_right(seed: u64) {
        market::<support::binance::CoinM>(seed, 300);
    }

    #[test]
    fn live_books_of_bybit_spot_are_right(seed: u64) {
        market::<support::bybit::Spot>(seed, 300);
    }

    #[test]
    fn live_books_of_bybit_linear_are_right(seed: u64) {
        market::<support::bybit::Linear>(seed, 300);
    }

    #[test]
    fn live_books_of_kraken_are_right(seed: u64) {
        market::<support::kraken::Spot>(seed, 300);
    }
}
