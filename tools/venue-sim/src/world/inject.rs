//! Carries out faults as they are ordered.

use super::World;
use crate::clock;
use crate::fault::{Ending, Fault, Target};
use crate::hub::{Chance, Dice, Twist};
use crate::net::frames;
use crate::tape::Mark;

/// Most messages that change places with each other; more would only fill the memory.
const SHUFFLE_MAX: usize = 64;

impl World {
    /// Orders a fault. One that is aimed at a connection which is not there does nothing.
    pub(crate) fn inject(&mut self, mut fault: Fault) {
        let aimed = self.aim(&mut fault);
        let line = fault.target_mut().and_then(|target| target.line);
        let text = format!("{fault:?}");
        let mark = Mark::Ordered {
            line,
            fault: &text,
            hit: aimed,
        };
        let concerned = fault.product();
        for product in self.floors.iter().map(|floor| floor.product) {
            if concerned.is_none_or(|concerned| concerned == product) {
                self.hub.log.tape.mark(product, &mark);
            }
        }
        if aimed {
            self.inject_messages(fault);
        } else {
            tracing::debug!(?fault, "simulated venue: no connection of that rank");
        }
    }

    /// Turns the rank of a target into a line. Returns whether there is something to hit.
    fn aim(&self, fault: &mut Fault) -> bool {
        let Some(target) = fault.target_mut() else {
            return true;
        };
        let Some(rank) = target.rank else {
            return true;
        };
        target.line = self.hub.ranked(target, rank);
        target.line.is_some()
    }

    fn inject_messages(&mut self, fault: Fault) {
        let board = &mut self.hub.board;
        match fault {
            Fault::Drop { target, count } => board.arm(Twist::Drop, target, count),
            Fault::Duplicate { target, count } => board.arm(Twist::Duplicate, target, count),
            Fault::Reorder { target, count } => board.arm(Twist::Shuffle(2, 0), target, count),
            Fault::Shuffle {
                target,
                within,
                count,
                seed,
            } => {
                let within = within.clamp(2, SHUFFLE_MAX);
                board.arm(Twist::Shuffle(within, seed), target, count);
            }
            Fault::WrongChecksum { target, count } => {
                board.arm(Twist::WrongChecksum, target, count);
            }
            Fault::Mutate {
                target,
                mutation,
                count,
                seed,
            } => board.arm(Twist::Mutate(mutation, seed), target, count),
            Fault::Loss {
                target,
                ppm,
                lasts,
                seed,
            } => board.arm_odds(Chance::Loss, target, Dice { ppm, lasts, seed }),
            Fault::Resend {
                target,
                ppm,
                lasts,
                seed,
            } => board.arm_odds(Chance::Resend, target, Dice { ppm, lasts, seed }),
            requests => self.inject_requests(requests),
        }
    }

    fn inject_requests(&mut self, fault: Fault) {
        let requests = &mut self.hub.board.requests;
        match fault {
            Fault::Silence {
                target,
                subscriptions,
            } => self.hub.silence(&target, subscriptions),
            Fault::RejectSubscribe { target, count } => requests.arm_rejection(target, count),
            Fault::HalfSubscribe { target, count } => requests.arm_half(target, count),
            Fault::Ignore { target, count } => requests.arm_ignore(target, count),
            Fault::LoseAck { target, count } => requests.arm_lost(target, count),
            Fault::Rest {
                product,
                path,
                answer,
                count,
            } => requests.arm_rest(product, path, answer, count),
            connections => self.inject_connections(connections),
        }
    }

    fn inject_connections(&mut self, fault: Fault) {
        let hub = &mut self.hub;
        match fault {
            Fault::Close { target, ending } => hub.end(&target, &ending),
            Fault::Expire { target } => self.expire(&target),
            Fault::Freeze { target, lasts } => hub.freeze(&target, lasts),
            Fault::Delay { target, by, lasts } => {
                hub.turn(&target, |valve| valve.hold(Some(by), lasts));
            }
            Fault::Clog { target, lasts } => hub.turn(&target, |valve| valve.hold(None, lasts)),
            Fault::Trickle {
                target,
                bytes_per_second,
                lasts,
            } => hub.turn(&target, |valve| valve.trickle(bytes_per_second, lasts)),
            Fault::Raw { target, frame } => hub.push_raw(&target, &frames::out(frame)),
            venues => self.inject_venues(&venues),
        }
    }

    fn inject_venues(&mut self, fault: &Fault) {
        match fault {
            Fault::Heal => {
                self.hub.heal();
                for floor in &mut self.floors {
                    floor.uncross(&mut self.hub, clock::Nanos::MAX);
                }
            }
            Fault::ClockJump {
                product,
                by_ms,
                lasts,
            } => self.hub.skews.set(*product, *by_ms, *lasts),
            Fault::Cross {
                product,
                symbol,
                ticks,
                lasts,
            } => {
                let mut floors = self.floors.iter_mut();
                if let Some(floor) = floors.find(|floor| floor.product == *product) {
                    floor.cross(&mut self.hub, symbol, *ticks, *lasts);
                }
            }
            Fault::TradeBurst {
                product,
                symbol,
                trades,
            } => {
                let mut floors = self.floors.iter_mut();
                if let Some(floor) = floors.find(|floor| floor.product == *product) {
                    floor.burst(&mut self.hub, symbol, *trades);
                }
            }
            Fault::Reference { product, change } => self.change_reference(*product, change),
            // What only a venue understands goes to every venue that it can concern.
            own => {
                for floor in &mut self.floors {
                    let (venue, mut desk) = floor.desk(&mut self.hub);
                    venue.inject(&mut desk, own);
                }
            }
        }
    }

    /// The lifetime of the target's connections is over.
    fn expire(&mut self, target: &Target) {
        for line in self.hub.lines(target.product) {
            if target.covers_line(target.product, line) {
                self.expiring(target.product, line);
            }
        }
        let ending = Ending::Clean {
            code: 1008,
            reason: "Lifetime exceeded".to_owned(),
        };
        self.hub.end(target, &ending);
    }
}
